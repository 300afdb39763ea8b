"""Compressed answers: brotli or gzip. Files are compressed once and kept; what changes is compressed lightly."""

from __future__ import annotations

import gzip
import hashlib
import queue
import threading
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
from flask import Response, request

from metrics.clock import monotonic_s

SMALLEST = 860  # bytes; below, a packet is sent either way
TYPES = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/geo+json", "font/ttf")
LARGEST_KEPT = 64 * 2**20  # bytes of compressed files in memory
FIRST_QUALITY = 9  # about 0.1 s per MB: the first visitor waits for this
BEST_QUALITY = 11  # about 1.3 s per MB for 8 % less: made afterwards, in the background
DYNAMIC_QUALITY = 4
CALM_S = 10.0  # nobody has asked for a file for so long: then there is time for the best forms


class Compressed:
    """Compressed forms of files by content and encoding. Thread-safe; a daemon thread makes the best form later."""

    def __init__(self, calm_s: float = CALM_S, monotonic: Callable[[], float] = monotonic_s) -> None:
        self._calm_s, self._monotonic = calm_s, monotonic
        self._forms: dict[tuple[bytes, str], bytes] = {}
        self._size = 0
        self._lock = threading.Lock()
        self._better: queue.SimpleQueue[tuple[bytes, bytes]] = queue.SimpleQueue()
        self._improver: threading.Thread | None = None
        self._asked_s = 0.0

    def form(self, data: bytes, encoding: str) -> bytes:
        key = (hashlib.blake2b(data, digest_size=16).digest(), encoding)
        with self._lock:
            self._asked_s = self._monotonic()
            known = self._forms.get(key)
        if known is not None:
            return known
        made = compress(data, encoding, FIRST_QUALITY)
        if self._keep(key, made) and encoding == "br":
            self._better.put((key[0], data))
            self._improve_in_background()
        return made

    def _keep(self, key: tuple[bytes, str], form: bytes) -> bool:
        with self._lock:
            if self._size + len(form) > LARGEST_KEPT:
                return False
            self._size += len(form) - len(self._forms.get(key, b""))
            self._forms[key] = form
            return True

    def _improve_in_background(self) -> None:
        with self._lock:
            if self._improver is None:
                self._improver = threading.Thread(target=self._run, name="compression", daemon=True)
                self._improver.start()

    def _run(self) -> None:
        while True:
            content, data = self._better.get()
            while (calm := self._monotonic() - self._asked_s) < self._calm_s:
                threading.Event().wait(self._calm_s - calm)  # whoever loads a page now needs the machine
            self._keep((content, "br"), compress(data, "br", BEST_QUALITY))


def compress(data: bytes, encoding: str, quality: int) -> bytes:
    """`quality` is brotli's, 0 to 11; gzip takes at most 9. The same data gives the same bytes."""
    if encoding == "br":
        return bytes(brotli.compress(data, quality=quality))
    return gzip.compress(data, compresslevel=min(quality, 9), mtime=0)


def shrink(response: Response, kept: Compressed, *, static: bool) -> None:
    """Compress the body if the browser takes it and it is worth it; `static`: the body will be asked for again."""
    if response.status_code != 200 or request.method == "HEAD" or "Content-Encoding" in response.headers:
        return
    if not (response.mimetype or "").startswith(TYPES) or (response.is_streamed and not response.direct_passthrough):
        return
    response.headers.add("Vary", "Accept-Encoding")
    encoding = next((name for name in ("br", "gzip") if request.accept_encodings[name] > 0), None)
    if encoding is None:
        return
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) < SMALLEST:
        return
    response.set_data(kept.form(data, encoding) if static else compress(data, encoding, DYNAMIC_QUALITY))
    response.headers["Content-Encoding"] = encoding
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # the same file in another encoding is not the same bytes
