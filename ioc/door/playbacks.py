"""`/api/v1/playback`: the past of a world on the screens; asking is no activity of a session (docs/playback.md)."""

from __future__ import annotations

import json
import time
from typing import Any, Final, cast

import redis
import structlog
from flask import Flask, Response, jsonify, request

from ioc.api.problem import Problem
from ioc.domain.screen_board import board
from ioc.door.desk import Desk
from ioc.door.visitor import current_person, person_may, require
from ioc.live.topic import NAME
from ioc.playback.order import WrongOrder
from ioc.queries.playback_marks import LONGEST_MS, marks
from ioc.security.permission import Permission
from ioc.services import playbacks
from metrics import keys
from metrics.clock import monotonic_s
from metrics.world import LIVE_WORLD, World

WAIT_S: Final = 10.0  # for a world that is being made; screens of a world that is not there would have nothing to show
LOOK_S: Final = 0.02


def register(server: Flask, desk: Desk) -> None:
    """Add the routes. Who may see a wall may follow a playback; `playback.start` begins, changes and ends one."""

    def begin() -> Response:
        wishes, person = _body(), current_person()
        found, new = _asked(
            lambda: playbacks.begin(
                desk.client, wishes, by=person.name if person else "", now_ms=desk.clock(),
                most=desk.settings.playbacks,
                may_begin=person_may(Permission.PLAYBACK_START) or _claimed(desk, wishes),
            )
        )  # fmt: skip
        if new:
            structlog.get_logger().info("playback_begun", playback=found.order.id, world=found.order.world)
        answer = jsonify(_shown(desk.client, found).plain())
        answer.status_code = 201 if new else 200
        return answer

    def show(name: str) -> Response:
        return jsonify(_asked(lambda: playbacks.find(desk.client, name)).plain())

    def change(name: str) -> Response:
        require(Permission.PLAYBACK_START)
        wishes, person = _body(), current_person()
        by = person.name if person else ""
        found = _asked(lambda: playbacks.change(desk.client, name, wishes, by=by, now_ms=desk.clock()))
        return jsonify(found.plain())

    def end(name: str) -> Response:
        require(Permission.PLAYBACK_START)
        _asked(lambda: playbacks.end(desk.client, name))
        return jsonify({"playback": name, "ended": True})

    def told() -> Response:
        world, (first, last) = request.args.get("world", desk.settings.world), _span(desk.clock())
        if not NAME.fullmatch(world):
            raise _wrong("world", "the name of a world")
        known = _asked(lambda: cast("bytes | None", desk.client.hget(keys.WORLDS, world)))
        of = World.from_json(known) if known else LIVE_WORLD
        if of.kind == "playback":
            base = _asked(lambda: cast("bytes | None", desk.client.hget(keys.WORLDS, of.label["of"])))
            of = World.from_json(base) if base else LIVE_WORLD
        found = marks(desk.settings.archive_path, of, _names(desk.client), first, last)
        return jsonify({"world": of.id, "first": found.first, "last": found.last, "from": first, "until": last,
                        "may": person_may(Permission.PLAYBACK_START), "marks": list(found.marks)})  # fmt: skip

    server.add_url_rule("/api/v1/playback", "playback_begin", begin, methods=["POST"])
    server.add_url_rule("/api/v1/playback/marks", "playback_marks", told, methods=["GET"])
    server.add_url_rule("/api/v1/playback/<name>", "playback_show", show, methods=["GET"])
    server.add_url_rule("/api/v1/playback/<name>", "playback_change", change, methods=["PATCH"])
    server.add_url_rule("/api/v1/playback/<name>", "playback_end", end, methods=["DELETE"])


def _asked(work: Any) -> Any:
    """What the work gives, or why not in the words of this interface."""
    try:
        return work()
    except WrongOrder as error:
        raise _wrong(error.field, str(error)) from None
    except playbacks.NoPlayback:
        raise Problem(404, "no_playback", "这个回放已结束。", "This playback has ended.") from None
    except playbacks.NoWorld:
        raise Problem(404, "no_world", "没有这个世界。", "There is no such world.", field="world") from None
    except playbacks.NotAllowed:
        raise Problem(
            403, "forbidden", "只可跟随回放，不可开始。", "You may follow a playback, not begin one."
        ) from None
    except playbacks.TooMany:
        raise Problem(
            409, "too_many", "回放已达上限，请先结束一个。", "As many playbacks run as may; end one first."
        ) from None
    except redis.RedisError:
        raise Problem(503, "unavailable", "数据总线暂不可用。", "The data bus does not answer.") from None


def _shown(client: redis.Redis, found: playbacks.Playback) -> playbacks.Playback:
    """The playback once its world is there. Raises Problem when it does not come in time."""
    until, name = monotonic_s() + WAIT_S, found.order.id
    while found.world is None or found.moment is None:
        if monotonic_s() > until:
            raise Problem(503, "unavailable", "回放服务没有应答。", "The playback process does not answer.")
        time.sleep(LOOK_S)
        found = _asked(lambda: playbacks.find(client, name))
    return found


def _claimed(desk: Desk, wishes: dict[str, object]) -> bool:
    """Whether somebody who has a screen told it to show this: then the screen itself may begin it."""
    told = cast("bytes | None", _asked(lambda: desk.client.get(keys.SCREENS)))
    now = desk.clock()
    for claim in board(told).claims if told else ():
        view = claim.view
        world = view.world or desk.settings.world
        said = (world, view.at_ms, view.speed, view.known or "then")
        if claim.until_ms > now and said == tuple(wishes.get(name) for name in ("world", "at", "speed", "known")):
            return True
    return False


def _body() -> dict[str, object]:
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "bad_request", "正文应为 JSON 对象。", "The body is a JSON object.")
    return body


def _span(now_ms: int) -> tuple[int, int]:
    """`from` and `until` of the address; the last day without them."""
    try:
        until = int(request.args.get("until", now_ms))
        first = int(request.args.get("from", until - 86_400_000))
    except ValueError:
        raise _wrong("from", "whole milliseconds since 1970, UTC") from None
    if not 0 < until - first <= LONGEST_MS:
        raise _wrong("from", "at most two days before until")
    return first, until


def _names(client: redis.Redis) -> dict[str, tuple[str, str]]:
    told = cast("bytes | None", _asked(lambda: client.get(keys.BUNDLE)))
    tables = json.loads(told)["indicators"] if told else ()
    return {table["id"]: (table.get("zh", table["id"]), table.get("en", table["id"])) for table in tables}


def _wrong(field: str, why: str) -> Problem:
    return Problem(400, "bad_request", f"{field} 不合规。", f"{field}: {why}", field=field, rule="form")
