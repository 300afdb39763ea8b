"""Health of a process without a web server of its own: /healthz, /readyz, /metrics on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

NOT_FOUND = {
    "code": "not_found", "message_zh": "没有此页。", "message_en": "There is no such page.", "id": "", "field": "",
    "rule": "",
}  # fmt: skip


def serve(
    process: str,
    port: int,
    ready: Callable[[], Mapping[str, bool]],
    registry: CollectorRegistry = REGISTRY,
    pages: Mapping[str, Callable[[], Any]] | None = None,
    *,
    about: Callable[[], Mapping[str, Any]] = dict,
) -> ThreadingHTTPServer:
    """Answer on 127.0.0.1:`port` (0: any free one, see `server_port` of the result) from a daemon thread.

    `ready` names the things this process depends on and whether each answers; /readyz is 503 unless all do.
    `pages`: further paths, and what they answer as JSON. `about`: what /healthz and /readyz say besides.
    Raises OSError when the port is in use.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(200, {"process": process, "ok": True, **about()})
            elif self.path == "/readyz":
                checks = dict(ready())
                self._answer(200 if all(checks.values()) else 503, {"process": process, "checks": checks, **about()})
            elif self.path == "/metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif pages is not None and self.path in pages:
                self._answer(200, pages[self.path]())
            else:
                self._answer(404, {"error": NOT_FOUND})

        def _answer(self, status: int, body: Any) -> None:
            self._send(status, "application/json", json.dumps(body).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Probes come each second; they are not events."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
