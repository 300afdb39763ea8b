"""The HTTP interface beside the pages: session, socket ticket, health and metrics."""

from __future__ import annotations

import hmac
from typing import Any

import redis
from flask import Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from ioc.door import tally
from ioc.door.answers import error
from ioc.door.desk import Desk
from ioc.door.request import COOKIE, gateway_url, here
from ioc.security.permission import GRANTED
from ioc.security.role import home
from ioc.services.tickets import TopicsRefused, issue_ticket

MOST_TOPICS = 32


def register(server: Flask, desk: Desk) -> None:
    """Add /api/v1/session, /api/v1/ticket, /healthz, /readyz and /metrics."""

    def session() -> Response:
        visit = desk.sessions.visit(request.cookies.get(COOKIE, ""))
        if visit is None:
            return error(401, zh="请先登录。", en="Sign in first.")
        return jsonify(
            {
                "person": {"name": visit.name, "title": visit.title},
                "roles": sorted(visit.roles),
                "permissions": sorted(frozenset().union(*(GRANTED[role] for role in visit.roles))),
                "device": visit.device,
                "home": home(visit.roles),
                "lasts_ms": visit.lasts_ms(desk.clock()),
            }
        )

    def ticket() -> Response:
        body: Any = request.get_json(silent=True)
        topics = body.get("topics", []) if isinstance(body, dict) else None
        if not isinstance(topics, list) or len(topics) > MOST_TOPICS or not all(isinstance(t, str) for t in topics):
            return error(400, zh='正文应为 {"topics": [...]}。', en='The body is {"topics": [text, ...]}.')
        # Asked of the database and not of the cache: a ticket outlives the request by half a minute.
        visit = desk.sessions.visit(request.cookies.get(COOKIE, ""), fresh=True)
        if visit is None:
            return error(401, zh="请先登录。", en="Sign in first.")
        try:
            issued = issue_ticket(desk.client, visit, topics, desk.clock())
        except TopicsRefused as refused:
            return error(403, refused.code, refused.zh, refused.en)
        except redis.RedisError:
            return error(503, "live_unavailable", "实时通道暂不可用。", "The live channel is not available.")
        tally.TICKETS.inc()
        return jsonify({"ticket": issued.token, "expires_ms": issued.expires_ms, "gateway": gateway_url(desk.settings)})

    def healthy() -> Response:
        return jsonify({"process": "web", "ok": True})

    def ready() -> Response:
        checks = {"database": desk.store.answers(), "redis": _answers(desk.client)}
        response = jsonify({"process": "web", "checks": checks})
        response.status_code = 200 if all(checks.values()) else 503
        return response

    def metrics() -> Response:
        wanted = desk.settings.metrics_token.get_secret_value()
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not here() and not (wanted and hmac.compare_digest(given.encode(), wanted.encode())):
            return error(401, "token_required", "须从本机或带令牌访问。", "From this machine, or with the token.")
        return Response(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)

    server.add_url_rule("/api/v1/session", "session", session, methods=["GET"])
    server.add_url_rule("/api/v1/ticket", "ticket", ticket, methods=["POST"])
    server.add_url_rule("/healthz", "healthz", healthy, methods=["GET"])
    server.add_url_rule("/readyz", "readyz", ready, methods=["GET"])
    server.add_url_rule("/metrics", "metrics", metrics, methods=["GET"])


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
