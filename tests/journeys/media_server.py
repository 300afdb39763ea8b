"""A media server that does as a test says: the clip as HLS and as pictures; silent, frozen, gone and back again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ioc.sources import clip


class MediaServer(ThreadingHTTPServer):
    """`gone`: streams that answer 404. `frozen`: of these the playlist moves no more, and the picture stays the same.
    `asked`: path -> how often."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        self.gone: set[str] = set()
        self.frozen: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def now_ms(self, stream: str) -> int:
        return self.frozen.get(stream) or time.time_ns() // 1_000_000

    def freeze(self, stream: str) -> None:
        self.frozen[stream] = time.time_ns() // 1_000_000


class _Answer(BaseHTTPRequestHandler):
    server: MediaServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] = self.server.asked.get(path, 0) + 1
        kind, stream, file = [*path.strip("/").split("/"), "", "", ""][:3]
        now = self.server.now_ms(stream)
        if stream in self.server.gone:
            self.answer(404, "text/plain", b"")
        elif kind == "hls" and file == clip.PLAYLIST:
            self.answer(200, clip.TYPES["m3u8"], clip.playlist(now).encode())
        elif kind == "hls" and clip.FILE.fullmatch(file):
            self.answer(200, clip.TYPES["ts"], (self.server.folder / file).read_bytes())
        elif kind == "pictures":
            self.answer(200, clip.TYPES["jpg"], (self.server.folder / clip.picture(now)).read_bytes())
        else:
            self.answer(404, "text/plain", b"")

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[MediaServer]:
    """Serve the clip of a folder; it is made there."""
    clip.make(folder)
    server = MediaServer(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
