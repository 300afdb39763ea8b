"""What stands on the map, one by one: what a tap on a symbol asks for."""

from __future__ import annotations

import redis
from flask import Flask, Response, g, jsonify, request

from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.live.topic import NAME
from ioc.packs.scenes import scenes
from ioc.queries.layers import UnknownEntity, entity, told
from ioc.security.permission import allows, topics

LONGEST_ID = 256  # bytes of a text in an observation


def register(server: Flask, desk: Desk) -> None:
    """Add /api/v1/layers/entity. Whoever may not see the scene is told that there is no such thing."""

    def one() -> Response:
        layer, name = request.args.get("layer", ""), request.args.get("id", "")
        world = request.args.get("world") or desk.settings.world
        if not NAME.fullmatch(world) or len(name.encode()) > LONGEST_ID:
            return error(404)
        try:
            of, row = entity(desk.client, world, layer, name)
        except UnknownEntity:
            return error(404)
        except (redis.RedisError, ValueError):
            return error(503, "live_unavailable", "实时通道暂不可用。", "The live channel is not available.")
        if not allows(topics(g.person.roles, scenes()), f"{world}/{of.scene}"):
            return error(404)
        return jsonify(told(of, name, row))

    server.add_url_rule("/api/v1/layers/entity", "entity", one, methods=["GET"])
