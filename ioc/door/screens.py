"""Screens at the door: what each shows and who has it, taking one, pointing at one; what screens and devices there are.

`GET /api/v1/screens` is asked by scripts and is no activity of a person; the commands below `/screens/` are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import redis
import structlog
from flask import Flask, Response, current_app, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ioc.api.problem import Problem
from ioc.domain.screen_board import Board, screen_json
from ioc.domain.screen_right import NAME, Emergency, Right, Screen, emergency
from ioc.domain.screen_view import ViewError, view
from ioc.domain.type_scale import MOST, farthest_mm, least_rem, planned_mm
from ioc.door.desk import Desk
from ioc.door.screen_keeper import ScreenKeeper
from ioc.door.visitor import Person, current_person, person_may, require
from ioc.gateway.screens import MOST_POINTS
from ioc.queries.screens import NEEDS, board
from ioc.queries.screens_page import ScreensView
from ioc.queries.screens_page import screens_view as _screens_view
from ioc.security.allowance import Allowance
from ioc.security.permission import Permission
from ioc.services import screen_devices, screens
from ioc.services.refusals import Refusal, UnknownDevice, UnknownScreen
from ioc.services.tickets import unmark_sessions
from metrics import keys
from metrics.world import UnknownWorldVersion, World

VERSION = 1
ALIVE_MS = 4_000  # as for every heartbeat
POINTS_A_MINUTE = 20 * 60
RIGHTS: Mapping[str, Right] = {"leader": Right.LEADER, "duty": Right.DUTY, "emergency": Right.EMERGENCY}
STATUS: Mapping[type[Refusal], int] = {UnknownScreen: 404, UnknownDevice: 404}
Answer = Callable[..., Response]
# screen.js lets go of the old picture when the new one is drawn; this is the longest that it stays.
FOLLOWING = (
    "@media(min-width:1501px){html{overflow:hidden}}"  # a picture that moves by two pixels has nothing to scroll to
    "@view-transition{navigation:auto}::view-transition-group(root){animation:none}"
    "::view-transition-old(root){animation:screen-stays 8s both;z-index:1;mix-blend-mode:normal}"
    "::view-transition-new(root){animation:none;mix-blend-mode:normal}"
    "@keyframes screen-stays{0%,96%{opacity:1}100%{opacity:0}}"
    "@media(prefers-reduced-motion:reduce){@keyframes screen-stays{0%,99.9%{opacity:1}100%{opacity:0}}}"
)


def register(server: Flask, desk: Desk) -> None:
    """Add the state of the screens and the commands on them, and keep the gateway told."""
    log = structlog.get_logger()
    keeper = ScreenKeeper(desk.store, desk.client, desk.clock, desk.settings.worlds)
    desk.at_end.append(keeper.close)
    pointing: dict[str, Allowance] = {}

    def told(act: Callable[[], object]) -> Response:
        """Do something and answer with the state after it; a refusal says why."""
        try:
            act()
        except Refusal as refused:
            raise _problem(refused) from None
        try:
            keeper.publish()
        except redis.RedisError as error:
            log.warning("screens_not_published", error=str(error))
        return state()

    def state() -> Response:
        return jsonify(_state(desk))

    def claim(name: str) -> Response:
        body, person = _body(), _person()
        right = RIGHTS.get(str(body.get("right", "")))
        if right is None:
            raise Problem(400, "bad_right", "right 须为 leader、duty 或 emergency。", "No such right.", field="right")
        require(NEEDS[right])
        try:
            wanted = view(body.get("view", {}))
        except ViewError as wrong:
            raise Problem(400, "bad_view", "画面不合规。", "This is no view.", field=wrong.field) from None
        now = desk.clock()
        answer = told(
            lambda: screens.take(desk.store, name, right, wanted, by=person.name, title=person.title, now_ms=now)
        )
        log.info("screen_taken", screen=name, right=right.name.lower(), by=person.name, view=wanted.to_json())
        return answer

    def release(name: str) -> Response:
        person = _person()
        answer = told(lambda: screens.release(desk.store, name, by=person.name, now_ms=desk.clock()))
        log.info("screen_released", screen=name, by=person.name)
        return answer

    def point(name: str) -> Response:
        """A stroke on its way to the wall: nothing is kept of it."""
        person, body, now = _person(), _body(), desk.clock()
        if len(pointing) > 1000:
            pointing.clear()
        allowance = pointing.setdefault(person.id, Allowance(POINTS_A_MINUTE, 20.0, now))
        allowance.left = min(allowance.left, 20.0)  # a second's worth at once, not a minute's
        if allowance.take(now):
            raise Problem(429, "too_fast", "指点每秒至多 20 次。", "At most 20 strokes a second.")
        points = body.get("points")
        if not NAME.fullmatch(name) or not isinstance(points, list) or not 0 < len(points) <= MOST_POINTS:
            raise Problem(400, "bad_points", "须有 1 至 64 个点。", "1 to 64 points are needed.", field="points")
        message = {
            "screen": name, "by": person.name, "holds": person_may(Permission.SCREEN_HOLD), "at": now,
            "stroke": str(body.get("stroke", ""))[:32], "points": [_point(each) for each in points],
            "end": body.get("end") is True,
        }  # fmt: skip
        desk.client.publish(keys.SCREENS_SAID, json.dumps({"v": 1, "pointer": message}))
        return jsonify({"ok": True})

    def add() -> Response:
        body = _body()
        name = str(body.get("name", ""))
        made = Screen(name, **{"zh": name, "en": name} | _changes(body))
        return told(lambda: screens.add_screen(desk.store, made, desk.clock()))

    def change(name: str) -> Response:
        body = _body()
        return told(lambda: screens.change_screen(desk.store, name, _changes(body), desk.clock()))

    def remove(name: str) -> Response:
        return told(lambda: screens.remove_screen(desk.store, name, desk.clock()))

    def approve() -> Response:
        body, person, now = _body(), _person(), desk.clock()
        code, screen = str(body.get("code", ""))[:32], str(body.get("screen", ""))[:65]
        answer = told(lambda: screen_devices.approve(desk.store, code, screen, by=person.name, now_ms=now))
        log.info("screen_device_approved", screen=screen, by=person.name)
        return answer

    def revoke() -> Response:
        body, person, now = _body(), _person(), desk.clock()
        device = str(body.get("id", ""))[:32]

        def end() -> None:
            _, ended = screen_devices.revoke(desk.store, device, by=person.name, now_ms=now)
            try:
                unmark_sessions(desk.client, ended)
            except redis.RedisError as error:
                log.warning("session_not_unmarked", error=str(error))  # the sweeper will

        answer = told(end)
        log.info("screen_device_revoked", device=device, by=person.name)
        return answer

    commands: Mapping[str, Answer] = {
        "/screens/<name>/claim": claim, "/screens/<name>/release": release, "/screens/<name>/pointer": point,
        "/screens/<name>/change": change, "/screens/<name>/remove": remove, "/screens/add": add,
        "/screens/devices/approve": approve, "/screens/devices/revoke": revoke,
    }  # fmt: skip
    server.add_url_rule("/api/v1/screens", "screens", state, methods=["GET"])
    for path, act in commands.items():
        server.add_url_rule(path, f"screens:{path}", act, methods=["POST"])
    server.before_request(keeper.keep)


def screen_style(name: str) -> str:
    """The style of a document that follows a screen: letters as large as its size and distance ask, and no flash when
    it goes from scene to scene: the old picture stays until the new one is there. Empty for a screen that there is not.
    """
    desk: Desk = current_app.extensions["ioc"]
    if not NAME.fullmatch(name):
        return ""
    try:
        screen = board(desk.store, desk.clock()).screens.get(name)
    except SQLAlchemyError:
        return ""  # the wall is shown all the same
    if screen is None:
        return ""
    return f"html{{--least:{least_rem(screen.width_mm, screen.distance_mm):.6f};--most:{MOST}}}{FOLLOWING}"


def screens_view() -> ScreensView:
    """What the page of the screens offers."""
    desk: Desk = current_app.extensions["ioc"]
    return _screens_view(desk.settings.data_path)


def _state(desk: Desk) -> dict[str, Any]:
    """Everything that the page shows; devices only for who may approve them."""
    now, person = desk.clock(), _person()
    found = board(desk.store, now, desk.settings.worlds)
    try:
        heard = cast(Any, desk.client.hget(keys.HEARTBEATS, "gateway"))
        registered = cast(Any, desk.client.hgetall(keys.WORLDS))
    except redis.RedisError:
        heard, registered = None, {}
    gateway = json.loads(heard) if heard else {}
    emergencies = [emergency(each) for each in gateway.get("emergencies", ())]
    alive = bool(gateway) and not gateway.get("ended") and now - int(gateway.get("at", 0)) <= ALIVE_MS
    said: dict[str, Any] = {
        "v": VERSION, "at": now, "gateway": alive, "me": person.name,
        "may": {str(right): person_may(need) for right, need in zip(RIGHTS, NEEDS.values(), strict=True)},
        "manages": person_may(Permission.SCREEN_MANAGE),
        "worlds": _worlds(registered),
        "screens": [_screen(found, name, emergencies, gateway, now) for name in found.screens],
    }  # fmt: skip
    if person_may(Permission.SCREEN_MANAGE):
        said["devices"] = [
            {
                "id": each.id, "state": each.state, "code": each.code, "address": each.address, "screen": each.screen,
                "asked_ms": each.asked_ms, "code_until_ms": each.code_until_ms, "approved_ms": each.approved_ms,
                "approved_by": each.approved_by, "seen_ms": each.seen_ms,
            }
            for each in screen_devices.devices(desk.store, now)
        ]  # fmt: skip
    return said


def _screen(
    found: Board, name: str, emergencies: list[Emergency], gateway: Mapping[str, Any], now: int
) -> dict[str, Any]:
    shown = found.shown(name, emergencies, now)
    assert shown is not None  # noqa: S101 - the name is of the board; for the type checker
    screen = found.screens[name]
    return {
        **screen_json(screen),
        "planned_mm": planned_mm(screen.width_mm), "farthest_mm": farthest_mm(screen.width_mm),
        "following": int(gateway.get("topics", {}).get(f"screens/{name}", 0)),
        "shown": {
            "mode": shown.mode, "by": shown.by, "title": shown.title, "since": shown.since_ms, "until": shown.until_ms,
            "view": shown.view.to_json(), "to": shown.view.address(name),
            "emergency": None if shown.emergency is None else shown.emergency.to_json(),
        },
        "claims": [
            {"right": each.right.name.lower(), "by": each.by, "title": each.title, "until": each.until_ms}
            for each in found.claims
            if each.screen in {name, screen.wall}
        ],
    }  # fmt: skip


def _worlds(registered: Mapping[bytes, bytes]) -> list[dict[str, str]]:
    found = []
    for text in registered.values():
        try:
            world = World.from_json(text)
        except (UnknownWorldVersion, ValueError, KeyError, TypeError):
            continue  # of another version: nobody here could show it
        found.append({"id": world.id, "kind": world.kind, "zh": world.label.get("zh", world.id),
                      "en": world.label.get("en", world.id)})  # fmt: skip
    return sorted(found, key=lambda each: (each["kind"] != "live", each["id"]))


def _changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a screen among what a form sent, as they are kept. Raises Problem, ScreenRefused."""
    made: dict[str, Any] = {}
    for field in ("zh", "en", "reload_at"):
        if field in body:
            made[field] = str(body[field]).strip()
    for field in ("width_mm", "distance_mm"):
        if field in body:
            try:
                made[field] = int(body[field])
            except (TypeError, ValueError):
                raise Problem(400, "bad_number", "须为整数。", "A whole number is needed.", field=field) from None
    try:
        if "rotation" in body:
            made["rotation"] = screens.rotation(str(body["rotation"]))
    except Refusal as refused:
        raise _problem(refused) from None
    if "pinned" in body:
        pinned = body["pinned"]
        made["pinned"] = None if pinned in (None, "") else "" if pinned == "overview" else str(pinned)
    return made


def _point(raw: Any) -> list[float]:
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(each, int | float) for each in raw):
        raise Problem(400, "bad_points", "点须为 [x, y]。", "A point is [x, y].", field="points")
    return [round(min(1.0, max(0.0, float(each))), 4) for each in raw]


def _body() -> Mapping[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "bad_body", "正文须为 JSON 对象。", "The body must be a JSON object.")
    return body


def _person() -> Person:
    person = current_person()
    assert person is not None  # noqa: S101 - the guard has let somebody in; for the type checker
    return person


def _problem(refused: Refusal) -> Problem:
    return Problem(
        STATUS.get(type(refused), 409), refused.code, refused.zh, refused.en, field=getattr(refused, "field", "")
    )
