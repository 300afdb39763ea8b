"""`GET /api/v1/command?world=`: plan steps, responses and moments for the wall of emergency command; asking is no
activity."""

from __future__ import annotations

import redis
from flask import Flask, Response, jsonify, request

from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.door.visitor import current_person
from ioc.live.topic import NAME
from ioc.packs.handling import handling
from ioc.queries.command import moments, orders, plan_steps

VERSION = 1


def register(server: Flask, desk: Desk) -> None:
    """Add the route; ioc.api.operations says who may ask."""

    def answer() -> Response:
        world = request.args.get("world", desk.settings.world)
        if not NAME.fullmatch(world):
            return error(400, "bad_world", "世界的名称不合规。", "This is no name of a world.")
        now, person = world_now(desk, world), current_person()
        within = person.within if person else None
        try:
            happened = moments(desk.client, desk.store, world, now, within)
        except redis.RedisError:
            return error(503, "unavailable", "数据总线暂不可用。", "The data bus does not answer.")
        return jsonify({
            "v": VERSION, "world": world, "at": now, "orders": orders(desk.store, world), "moments": happened,
            "runs": plan_steps(desk.store, handling().audiences, world, now, within),
        })  # fmt: skip

    server.add_url_rule("/api/v1/command", "command", answer, methods=["GET"])
