"""Plain HTTP on the socket's port: health, readiness and metrics of the gateway, with one error shape."""

from __future__ import annotations

import hmac
import http
import ipaddress
import json
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from ioc.gateway.tally import Tally, registry


def answer(request: Request, caller: str, ready: Mapping[str, bool], tally: Tally, token: str) -> Response:
    """What to say to a request that opens no socket. `caller` is its address; `token` opens the metrics to others."""
    path = request.path.partition("?")[0]
    if request.method != "GET":
        return refusal(405, "method", "只接受 GET。", "GET only.")
    if path == "/healthz":
        return _json(200, {"process": "gateway", "ok": True})
    if path == "/readyz":
        return _json(200 if all(ready.values()) else 503, {"process": "gateway", "checks": ready})
    if path == "/metrics":
        if not _may_measure(request.headers, caller, token):
            return refusal(401, "unauthorized", "须从本机或带令牌访问。", "From this machine, or with the token.")
        return _response(200, CONTENT_TYPE_LATEST, generate_latest(registry(tally)))
    return refusal(404, "not_found", "没有此页。", "There is no such page.")


def refusal(status: int, code: str, zh: str, en: str) -> Response:
    return _json(
        status, {"error": {"code": code, "message_zh": zh, "message_en": en, "id": "", "field": "", "rule": ""}}
    )


def _may_measure(headers: Headers, caller: str, token: str) -> bool:
    sent = headers.get("Authorization", "")
    if token and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        return True
    proxied = any(name in headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    return not proxied and ipaddress.ip_address(caller.partition("%")[0]).is_loopback


def _json(status: int, body: Mapping[str, object]) -> Response:
    return _response(status, "application/json", json.dumps(body).encode())


def _response(status: int, kind: str, body: bytes) -> Response:
    headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close",
               "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return Response(status, http.HTTPStatus(status).phrase, Headers(headers), body)
