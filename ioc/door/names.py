"""`GET /api/v1/names`: what screens say instead of the ids of entities; asking is no activity."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import redis
from flask import Flask, Response, jsonify, request

from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.packs import bundle as packs
from ioc.queries.names import Names
from ioc.queries.worlds import archived, worlds
from metrics import keys
from metrics.archive import Life
from metrics.world import LIVE_WORLD, UnknownWorldVersion

VERSION: Final = 1
MOST_VALUES: Final = 100


def register(server: Flask, desk: Desk) -> None:
    """Add the route; the guard asks for its permission."""
    names = Names(desk.settings.archive_path)
    walls = packs.walls()
    shipped = packs.build()

    def answer() -> Response:
        world, values = request.args.get("world", desk.settings.world), request.args.getlist("value")
        if not 0 < len(values) <= MOST_VALUES:
            return error(
                400, "bad_values", f"须有 1 至 {MOST_VALUES} 个 value。", f"1 to {MOST_VALUES} `value`s are needed."
            )
        registers: Mapping[str, str] = walls.get(request.args.get("scene", ""), {}).get("registers", {})
        source = registers.get(request.args.get("dimension", ""))
        if source is None:
            return error(404, "unknown_register", "此维度没有登记。", "There is no register of this dimension.")
        bundle, known = shipped, {LIVE_WORLD.id: LIVE_WORLD}
        try:
            published = cast(Any, desk.client.get(keys.BUNDLE))
            bundle = json.loads(published) if published else bundle
            known |= worlds(desk.client)
        except (redis.RedisError, UnknownWorldVersion):
            pass  # the archive is there all the same
        if world not in known:
            return error(404, "unknown_world", "没有这个世界。", "There is no such world.")
        of = archived(known[world], known)
        life = Life(of.id, of.started_ms)
        return jsonify({"v": VERSION, "names": names.of(bundle, life, source, values, desk.clock())})

    server.add_url_rule("/api/v1/names", "names", answer, methods=["GET"])
