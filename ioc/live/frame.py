"""A live frame: the JSON that travels between the gateway and a browser, version 1."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from metrics.value import Value
from metrics.world import World

VERSION = 1
SUBPROTOCOL = "ioc.live.v1"
REQUEST_BYTES = 64 * 1024  # the contract: whatever a client sends is at most this long
REQUEST_TOPICS = 64  # seven scenes in several worlds; more in one frame is no screen of ours

Cell: TypeAlias = dict[str, object]
Frame: TypeAlias = dict[str, object]
Done: TypeAlias = tuple[float | None, int, str | None]  # value, window end and level of the newest complete window
Points: TypeAlias = list[list[float | None]]  # [[window_end ms, value or null], ...], ascending
Operation = Literal["subscribe", "unsubscribe", "resync"]


class FrameError(ValueError):
    """A client sent what is no frame of this version; `code` is what it is told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for; `topics` are texts as sent, not yet checked."""

    operation: Operation
    topics: tuple[str, ...]


def request(message: str | bytes) -> Request:
    """What one message of a client asks for. Unknown keys, versions and operations are refused.

    Raises FrameError with code `form` (no JSON object of this shape), `version` or `op`.
    """
    try:
        raw = json.loads(message)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError; RecursionError: 10,000 brackets
        raise FrameError("form") from None
    if not isinstance(raw, dict):
        raise FrameError("form")
    version, operation = raw.pop("v", None), raw.pop("op", None)
    if version != VERSION or isinstance(version, bool):
        raise FrameError("version")
    if operation == "resync":
        topics: object = [raw.pop("topic", None)]
    elif operation in ("subscribe", "unsubscribe"):
        topics = raw.pop("topics", None)
    else:
        raise FrameError("op")
    if raw or not isinstance(topics, list) or not 0 < len(topics) <= REQUEST_TOPICS:
        raise FrameError("form")
    if not all(isinstance(topic, str) for topic in topics):
        raise FrameError("form")
    return Request(operation, tuple(topics))


def cell(value: Value, last: tuple[float, int] | None, done: Done | None = None) -> Cell:
    """A published value as a cell; `last` = (newest non-null value, its window end), used when the value is null.

    `done` = the newest complete window, used while the value is provisional: levels are judged on it. A value that is
    no finite number becomes null: JSON has no other form for it.
    """
    return {
        "i": value.indicator,
        "iv": value.version,
        "r": value.region,
        "d": dict(value.dims),
        "s": value.series,
        "ws": value.window_start,
        "we": value.window_end,
        "x": finite(value.value),
        "q": value.quality,
        "n": value.samples,
        "rev": value.revision,
        "lv": value.level,
        "y": finite(value.same_time_1d),
        "o": value.origin,
        "last": None if last is None or finite(value.value) is not None else list(last),
        "done": list(done) if done is not None and value.quality == "provisional" else None,
    }


def finite(number: float | None) -> float | None:
    """The number, or None when it is absent, infinite or not a number."""
    return number if number is not None and math.isfinite(number) else None


def snapshot(
    topic: str, seq: int, at_ms: int, *, world: Mapping[str, object], cells: list[Cell], series: Mapping[str, Points]
) -> Frame:
    """Everything of a topic as it stands after delta `seq`."""
    return {"v": VERSION, "op": "snapshot", "topic": topic, "seq": seq, "at": at_ms, "world": world, "cells": cells,
            "series": series}  # fmt: skip


def delta(
    topic: str, seq: int, at_ms: int, *, cells: list[Cell], series: Mapping[str, Points], gone: Sequence[str] = ()
) -> Frame:
    """What changed since `seq` - 1: newest cells, and completed points of kept series (first time or corrected).

    `gone` are series that are no more; what `cells` and `series` say of one of them came after it.
    """
    frame: Frame = {"v": VERSION, "op": "delta", "topic": topic, "seq": seq, "at": at_ms, "cells": cells}
    if gone:
        frame["gone"] = list(gone)
    if series:
        frame["series"] = series
    return frame


def stand(topic: str, seq: int, at_ms: int, *, world: Mapping[str, object], points: Mapping[str, object]) -> Frame:
    """Everything of a layer as it stands after delta `seq`; `points` as `ioc.live.points.columns` makes them."""
    return {"v": VERSION, "op": "snapshot", "topic": topic, "seq": seq, "at": at_ms, "world": world, "points": points}


def moves(topic: str, seq: int, at_ms: int, *, points: Mapping[str, object], left: Sequence[str]) -> Frame:
    """What changed on a layer since `seq` - 1: rows that came, moved or changed, and entities that left."""
    frame: Frame = {"v": VERSION, "op": "delta", "topic": topic, "seq": seq, "at": at_ms, "points": points}
    if left:
        frame["left"] = list(left)
    return frame


def heartbeat(
    at_ms: int,
    *,
    valkey: bool,
    worlds: Mapping[str, Mapping[str, object]],
    processes: Mapping[str, Mapping[str, object]],
    feeds: Sequence[Mapping[str, object]],
) -> Frame:
    """The state of the path itself."""
    return {"v": VERSION, "op": "heartbeat", "at": at_ms, "valkey": valkey, "worlds": worlds, "processes": processes,
            "feeds": feeds}  # fmt: skip


def denied(topic: str, why: str) -> Frame:
    """The client may not have this topic."""
    return {"v": VERSION, "op": "denied", "topic": topic[:160], "why": why}


def error(why: str) -> Frame:
    """What the client sent cannot be understood or answered."""
    return {"v": VERSION, "op": "error", "why": why}


def world(of: World, origins: Mapping[str, str]) -> dict[str, object]:
    """A world as screens need it: what it shows, and the clock that gives its time."""
    clock = {"event_ms": of.clock.event_ms, "real_ms": of.clock.real_ms, "speed": of.clock.speed}
    return {"id": of.id, "kind": of.kind, "label": dict(of.label), "clock": clock, "origins": dict(origins)}


def encode(frame: Mapping[str, object]) -> bytes:
    """Compact JSON in UTF-8. Raises ValueError for a number that is not finite."""
    return json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
