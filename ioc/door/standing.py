"""`GET /api/v1/standing?world=&indicator=`: what stands now, for the pages that are read; asking is no activity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Flask, Response, jsonify, request

from ioc.domain.attention import Finding
from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.door.visitor import person_may, require
from ioc.geo.region import shipped
from ioc.live.topic import NAME
from ioc.queries.standing import Standing, standing
from ioc.queries.standing_alarms import StandingAlarms
from ioc.queries.tasks import indicators, sources, state, tasks
from ioc.security.permission import Permission

VERSION = 1
MOST_STANDS = 40


def register(server: Flask, desk: Desk) -> None:
    """Add the route. Who may not see indicators is told nothing of values, alarms and what is over its limit."""
    alarms = StandingAlarms(desk.client)

    def answer() -> Response:
        if not person_may(Permission.COVERAGE_VIEW):
            require(Permission.INDICATOR_VIEW)
        world = request.args.get("world", desk.settings.world)
        if not NAME.fullmatch(world):
            return error(400, "bad_world", "世界的名称不合规。", "This is no name of a world.")
        now = desk.clock()
        found = standing(desk.client, alarms, world, indicators(), now)
        may = [person_may(one) for one in (Permission.INDICATOR_VIEW, Permission.COVERAGE_VIEW)]
        asked = request.args.get("indicator", "")
        return jsonify(body(found, now, values=may[0], ways=may[1], indicator=asked))

    server.add_url_rule("/api/v1/standing", "standing", answer, methods=["GET"])


def body(found: Standing, real_now_ms: int, *, values: bool, ways: bool = False, indicator: str = "") -> dict[str, Any]:
    """The answer as plain JSON; `values` False: the visitor may not see indicators, `ways`: may see connectors.
    `indicator`: all alarms of this one are told too, the worst MOST_STANDS of them."""
    feeds = {name: _feed(found.feeds[name]) for name in sources() if name in found.feeds}
    states = {task.id: _state(task.feeds, feeds) for task in tasks()}
    said: dict[str, Any] = {
        "v": VERSION, "at": real_now_ms, "answers": found.answers,
        "world": {
            "id": found.world.id, "kind": found.world.kind, "now": found.world.clock.now_ms(real_now_ms),
            "progress": found.progress,
        },
        "feeds": feeds,
        "tasks": {task.id: {"state": states[task.id]} for task in tasks()} if found.answers else {},
        "counts": {
            "tasks": Counter(states.values()) if found.answers else {},
            "feeds": Counter(feed["state"] for feed in feeds.values()),
        },
    }  # fmt: skip
    if ways:
        said["connectors"] = [asdict(one) for one in found.connectors]
    if values:
        said["values"] = {name: _value(found, name) for name in indicators() if name in found.values}
        said["alarms"] = {
            name: {"lv": each.level, "n": each.count, "whole": each.whole, "worst": _stand(each.stands[0])}
            for name, each in found.alarms.items()
        }
        if indicator in found.alarms:
            said["stands"] = [_stand(stand) for stand in found.alarms[indicator].stands[:MOST_STANDS]]
        said["counts"]["over"] = len(found.alarms)
        said["counts"]["valued"] = sum(value.value is not None for value in found.values.values())
    return said


def _stand(of: Finding) -> dict[str, Any]:
    """Where an alarm stands, with the names of the region."""
    region = shipped().get(of.region)
    return {
        "r": of.region, "zh": region.zh if region else "", "en": region.en if region else "", "d": dict(of.dims),
        "lv": of.level, "x": of.value, "at": of.changed_ms, "begun": of.begun_ms,
    }  # fmt: skip


def _state(wanted: Any, feeds: Mapping[str, Mapping[str, Any]]) -> str:
    return state(feeds[feed.id]["state"] if feed.id in feeds else "none" for feed in wanted)


def _feed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("state", "age", "origin", "rows")}


def _value(found: Standing, name: str) -> dict[str, Any]:
    value = found.values[name]
    return {"x": value.value, "q": value.quality, "we": value.window_end, "r": value.region, "o": value.origin}
