"""Alarms at the door of the duty desk: cards with their worst alarms, and what officers do with a card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from flask import Flask, Response, jsonify, request

from ioc.api.alarm_operations import ALARM_OPERATIONS
from ioc.api.problem import Problem
from ioc.domain.alarm import COVERED, State
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.door.visitor import current_person
from ioc.live.topic import NAME
from ioc.packs.alarm_desk import shipped_rules
from ioc.queries.alarm_desk import AlarmCard, AlarmDesk, AlarmLine, Point, waits
from ioc.queries.alarm_desk import desk as desk_of
from ioc.queries.dossiers import may_see
from ioc.services import alarms
from ioc.services.refusals import AlarmActRefused, UnknownAlarms
from ioc.store.alarm_tables import AlarmCardRow

VERSION: Final = 1
STALE: Final = 20  # of those that have stood for too long, the oldest
LISTED: Final = 6  # alarms of a card that are told one by one, and every critical one
BY_ID: Final = {one.id: one for one in ALARM_OPERATIONS}


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.alarm_operations says who may ask."""

    def told() -> Response:
        world = request.args.get("world", desk.settings.world)
        if not NAME.fullmatch(world):
            raise Problem(400, "bad_world", "世界的名称不合规。", "This is no name of a world.", field="world")
        found = desk_of(desk.store, world, world_now(desk, world))
        cards = [card for card in found.cards if may_see(card.place, _within())]
        return jsonify(body(found, cards, _within()))

    def acknowledge() -> Response:
        card, now = _card(desk, request.get_json(silent=True), {"card"})
        return _done(lambda: alarms.acknowledge(desk.store, alarms.of_card(desk.store, card), by=_me(), now_ms=now))

    def take_back() -> Response:
        card, now = _card(desk, request.get_json(silent=True), {"card"})
        ids = alarms.of_card(desk.store, card)
        return _done(lambda: alarms.take_back(desk.store, shipped_rules(), ids, by=_me(), now_ms=now))

    def cover() -> Response:
        given: Any = request.get_json(silent=True)
        card, now = _card(desk, given, {"card", "kind", "reason", "minutes"})
        kind, reason, minutes = given.get("kind"), given.get("reason"), given.get("minutes")
        right = {
            "kind": isinstance(kind, str) and kind in COVERED, "reason": isinstance(reason, str),
            "minutes": minutes is None or (isinstance(minutes, int) and not isinstance(minutes, bool)),
        }  # fmt: skip
        if wrong := [field for field, is_right in right.items() if not is_right]:
            zh, en = f"{wrong[0]} 不合规。", f"{wrong[0]} is wrong."
            raise Problem(400, "bad_request", zh, en, field=wrong[0], rule="type")
        until = None if minutes is None else now + minutes * 60_000
        ids = alarms.of_card(desk.store, card)
        return _done(
            lambda: alarms.lay_over(
                desk.store, shipped_rules(), ids, State(kind), reason=reason, until_ms=until, by=_me(), now_ms=now
            )
        )  # fmt: skip

    def uncover() -> Response:
        card, now = _card(desk, request.get_json(silent=True), {"card"})
        ids = alarms.of_card(desk.store, card)
        return _done(lambda: alarms.uncover(desk.store, shipped_rules(), ids, by=_me(), now_ms=now))

    answers: Mapping[str, Any] = {
        "alarms": told, "alarms-acknowledge": acknowledge, "alarms-take-back": take_back, "alarms-cover": cover,
        "alarms-uncover": uncover,
    }  # fmt: skip
    for name, answer in answers.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, answer, methods=[operation.method])


def body(of: AlarmDesk, cards: list[AlarmCard], within: frozenset[str] | None = None) -> dict[str, Any]:
    """The desk as plain JSON; `within`: the regions whose points are listed, None for all."""
    stale = [line for line in of.stale if may_see(line.region, within)]
    return {
        "v": VERSION, "world": of.world, "at": of.now_ms, "cards": [_told(card) for card in cards],
        "more": of.more_cards, "now": of.now, "operators": of.operators, "taken": of.taken_ms, "missing": of.missing,
        "flood": None if of.flood is None else {"began": of.flood.began_ms, "new": of.flood.new,
                                                "aside": of.flood.laid_aside},
        "load": {**asdict(of.load), "slots": of.slots},
        "bad_actors": [_point(point) for point in of.bad_actors if may_see(point.region, within)],
        "chattering": [_point(point) for point in of.chattering if may_see(point.region, within)],
        "stale": [_line(line) for line in stale[:STALE]], "stale_more": max(0, len(stale) - STALE),
    }  # fmt: skip


def _point(of: Point) -> dict[str, Any]:
    return {
        "id": of.point, "name": list(of.name), "place": list(of.place), "dims": dict(of.dims),
        "condition": of.condition, "count": of.count, "share": of.share, "last": of.last_ms,
    }  # fmt: skip


def _told(card: AlarmCard) -> dict[str, Any]:
    listed = [line for at, line in enumerate(card.alarms) if at < LISTED or (line.level == 4 and line.stands)]
    waiting = [line for line in card.alarms if waits(line)]
    return {
        "id": card.id, "name": list(card.cause_name), "family": card.family, "place": card.place,
        "place_name": list(card.place_name), "level": card.level, "opened": card.opened_ms, "locked": card.locked,
        "count": card.count, "waiting": card.waiting, "critical": card.critical, "standing": card.standing,
        "hidden": card.hidden, "feed_lost": card.feed_lost, "dossier": card.dossier_id,
        "can": [signal.value for signal in card.can], "alarms": [_line(line) for line in listed],
        "changed": max((line.changed_ms for line in waiting), default=card.opened_ms),
    }  # fmt: skip


def _line(of: AlarmLine) -> dict[str, Any]:
    return {
        "id": of.id, "version": of.version, "name": list(of.name), "unit": of.unit, "place": list(of.place),
        "dims": dict(of.dims), "condition": of.condition, "state": of.state.value, "stands": of.stands,
        "level": of.level, "value": of.value, "limit": of.limit, "raised": of.raised_ms, "by": of.acked_by,
        "feed_lost": of.feed_lost, "undo_until": of.undo_until_ms,
        "cover": None if of.cover is None else {"kind": of.state.value, "why": of.cover[0], "by": of.cover[1],
                                                "until": of.cover[2]},
    }  # fmt: skip


def _card(desk: Desk, given: Any, keys: set[str]) -> tuple[str, int]:
    """The card that a body names, and the time of its world. Raises Problem."""
    if not isinstance(given, dict) or set(given) - keys or not isinstance(given.get("card"), str):
        raise Problem(400, "bad_request", "须写明 card。", "The body names a card.", field="card")
    with desk.store.read() as unit:
        row = unit.get(AlarmCardRow, given["card"])
        if row is None or not may_see(row.place, _within()):
            raise _missing()
        card, world = row.id, row.world
    return card, world_now(desk, world)


def _done(act: Callable[[], alarms.Acted]) -> Response:
    try:
        acted = act()
    except UnknownAlarms:
        raise _missing() from None
    except AlarmActRefused as refused:
        raise Problem(400, refused.code, refused.zh, refused.en, field=refused.field) from None
    why = {
        name: {"why": each.why, "state": each.state, "by": each.by, "at": each.at_ms}
        for name, each in acted.refused.items()
    }
    return jsonify({"v": VERSION, "done": list(acted.done), "refused": why})


def _missing() -> Problem:
    return Problem(404, "unknown_card", "没有这张告警卡。", "There is no such card.", field="card")


def _within() -> frozenset[str] | None:
    person = current_person()
    return person.within if person else None


def _me() -> str:
    person = current_person()
    return person.name if person else ""
