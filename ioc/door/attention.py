"""`GET /api/v1/attention?world=`: what matters now, in order; asking is no activity."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request

from ioc.domain.attention import Entry
from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.live.topic import NAME
from ioc.queries.attention import Attention, attention_view
from ioc.queries.matters import About
from ioc.queries.standing_alarms import StandingAlarms

VERSION = 1


def register(server: Flask, desk: Desk) -> None:
    """Add the route; ioc.api.operations says who may ask."""
    alarms = StandingAlarms(desk.client)

    def answer() -> Response:
        world = request.args.get("world", desk.settings.world)
        if not NAME.fullmatch(world):
            return error(400, "bad_world", "世界的名称不合规。", "This is no name of a world.")
        now = desk.clock()
        return jsonify(body(attention_view(desk.client, alarms, world, now), now))

    server.add_url_rule("/api/v1/attention", "attention", answer, methods=["GET"])


def body(found: Attention, real_now_ms: int) -> dict[str, Any]:
    """The answer as plain JSON, entries in their order."""
    return {
        "v": VERSION, "at": real_now_ms, "answers": found.answers,
        "world": {"id": found.world.id, "kind": found.world.kind, "now": found.world.clock.now_ms(real_now_ms)},
        "entries": [_entry(each, found.about.get(each.key)) for each in found.entries],
        "coming": [
            {"i": each.indicator, "at": each.at_ms, "lv": each.level, "x": each.value, "limit": each.limit,
             "d": dict(each.dims)}
            for each in found.coming
        ],
    }  # fmt: skip


def _entry(entry: Entry, about: About | None) -> dict[str, Any]:
    head = entry.head
    told: dict[str, Any] = {
        "key": entry.key, "kind": head.kind, "lv": head.level, "i": head.subject, "r": head.region,
        "d": dict(head.dims),
        "we": head.window_end, "q": head.quality, "o": head.origin, "x": head.value, "limit": head.limit, "z": head.z,
        "c": head.condition,
        "places": [{"r": region, "d": dict(dims)} for region, dims in entry.places], "more": entry.more,
        "parts": entry.parts, "changed": head.changed_ms, "begun": head.begun_ms, "worse": entry.worse_ms,
        "waits": head.waits,
    }  # fmt: skip
    if about is not None:
        told["about"] = {
            "name": about.name, "label": about.label, "stage": about.stage, "who": about.who, "at": about.at,
        }  # fmt: skip
    return told
