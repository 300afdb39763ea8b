"""What connectors' tests share: a landing on a real Valkey, and what the engine makes of the stream behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import redis

from ioc.packs.bundle import build
from ioc.sources.connect.connector import Connector
from ioc.sources.connect.landing import Landing
from ioc.sources.feed import Feed, Place
from metrics import keys
from metrics.codec import decode
from metrics.column import Column
from metrics.compiler import compile
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.engine import initial, step
from metrics.observation import Batch
from metrics.source import Source


@lru_cache(maxsize=1)
def bundle() -> dict[str, Any]:
    return build()


@lru_cache(maxsize=1)
def definitions() -> Bundle:
    return load(bundle())


def source(name: str) -> Source:
    return definitions().sources[name]


@contextmanager
def landing(url: str, name: str, stop: threading.Event | None = None, kind: str = "test") -> Iterator[Landing]:
    """A landing whose feed writes to the server at `url`."""
    with Feed(url, Place("live", name, "real")) as feed:
        yield Landing("one", kind, source(name), feed, stop or threading.Event(), {})


class Run:
    """A connector at work in a thread, as `ioc source` runs it; `way`: how it reaches its system."""

    def __init__(self, url: str, name: str, way: Any) -> None:
        self.stop, self.told = threading.Event(), dict[str, dict[str, Any]]()
        self._connector = Connector("one", source(name), "real", way, self.told)
        self.feed = Feed(url, Place("live", name, "real"))
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with self.feed as feed:
            self._connector.run(feed, self.stop)

    def __enter__(self) -> Run:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()

    def fact(self, name: str) -> Any:
        """What the connector says of itself in the heartbeat."""
        return self.told.get("one", {}).get(name)

    def live(self) -> bool:
        return self.fact("state") == "live"


@dataclass(slots=True)
class Stream:
    """What lies in the stream of a source: the batches that its contract takes, and the letters of what it refuses."""

    batches: list[Batch] = field(default_factory=list)
    letters: list[tuple[int, str, str, str]] = field(default_factory=list)  # row, field, rule, value

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for batch in self.batches for row in _rows(batch)]


def stream(client: redis.Redis, name: str, now_ms: int) -> Stream:
    """As the engine reads it at the world's time `now_ms`."""
    found, contract = Stream(), Contract.from_source(source(name))
    entries: list[Any] = [
        [entry_id, [part for pair in fields.items() for part in pair]]
        for entry_id, fields in client.xrange(keys.observations("live", name))
    ]
    decoded = decode(entries, contract.wanted)
    found.letters += [(one.row, one.field, one.rule, one.value) for one in decoded.rejects]
    for run in decoded.runs:
        said = contract.admit(run, now_ms, now_ms)
        found.letters += [(one.row, one.field, one.rule, one.value) for one in said.letters]
        if said.batch is not None:
            found.batches.append(said.batch)
    return found


def values(batches: list[Batch], *indicators: str, now_ms: int) -> dict[tuple[str, str], tuple[float | None, str]]:
    """(indicator, region) -> newest complete total and quality five minutes later, of shipped indicators over rows."""
    whole = bundle()
    chosen = [one for one in whole["indicators"] if one["id"] in indicators]
    small = {**whole, "indicators": chosen}
    state = initial(compile(load(small)))
    found: dict[tuple[str, str], tuple[float | None, str]] = {}
    said = [*step(state, batches, now_ms).values]
    for minute in range(1, 6):
        said += step(state, [], now_ms + 60_000 * minute).values
    for value in sorted(said, key=lambda one: (one.quality != "provisional", one.window_end)):
        if not value.dims:
            found[value.indicator, value.region] = (value.value, value.quality)
    return found


def _rows(batch: Batch) -> list[dict[str, Any]]:
    entities = batch.entities
    rows: list[dict[str, Any]] = [
        {"t": int(time), "k": entities[code]} for time, code in zip(batch.time, batch.entity, strict=True)
    ]
    for name, column in batch.fields.items():
        for place, row in enumerate(rows):
            row[name] = _cell(column, place)
    return rows


def _cell(column: Column, place: int) -> Any:
    if column.valid is not None and not column.valid[place]:
        return None
    if column.values.ndim == 2:
        return tuple((column.values[place] / 10**7).tolist())
    number = column.values[place].item()
    if column.dictionary is not None:
        return column.dictionary[number] if number >= 0 else None
    return number / 10**column.scale if column.scale else number


class Site:
    """A web server of the test's own on loopback. `answers`: path -> body, or (status, headers, body); `otherwise`
    makes the body of any other path."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | tuple[int, Mapping[str, str], bytes]] = {}
        self.otherwise: Callable[[str], bytes] | None = None
        self.heard: list[tuple[str, Mapping[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.heard.append((self.path, dict(self.headers)))
                found = site.answers.get(self.path) or (site.otherwise(self.path) if site.otherwise else (404, {}, b""))
                status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
                if headers.get("ETag") and self.headers["If-None-Match"] == headers["ETag"]:
                    status, body = 304, b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
