"""The receiver: a channel's other end on this machine, which keeps what arrives, each message once, for trials."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

MOST_BYTES: Final = 65_536
MOST_KEPT: Final = 10_000


class Receiver:
    """An HTTP server on loopback for channels of the form `json://127.0.0.1:PORT/`. `told` hears each new message."""

    def __init__(self, port: int, told: Callable[[dict[str, Any]], None]) -> None:
        self._ids: dict[str, None] = {}
        self.again = 0  # messages that came once more
        self._lock = threading.Lock()
        self._told = told
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer(receiver.take(self.rfile.read(min(self._length(), MOST_BYTES + 1))))

            def _length(self) -> int:
                text = self.headers.get("Content-Length", "")
                return int(text) if text.isdigit() else 0

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """What arrives is told, not logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def take(self, body: bytes) -> int:
        """The HTTP status for a body: 200 also for a message that came before, which is told once."""
        if len(body) > MOST_BYTES:
            return 413
        try:
            message = json.loads(body)
        except ValueError:
            return 400
        if not isinstance(message, dict):
            return 400
        told = {name: str(message.get(name, "")) for name in ("id", "title", "message")}
        with self._lock:
            known = bool(told["id"]) and told["id"] in self._ids
            self.again += known
            self._ids[told["id"]] = None
            if len(self._ids) > MOST_KEPT:
                self._ids.pop(next(iter(self._ids)))
        if not known:
            self._told(told)
        return 200

    def serve(self) -> None:
        """Until `close`."""
        self._server.serve_forever(poll_interval=0.2)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
