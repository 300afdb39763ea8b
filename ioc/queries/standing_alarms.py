"""The alarms that stand in a world, folded from the stream of alarm events as far as it is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import redis

from ioc.queries.wall import DISTRICT
from metrics import keys
from metrics.value import LEVELS

CHUNK: Final = 5_000  # events read at once: some 3 MB
VERSION: Final = 1  # of an alarm event


@dataclass(frozen=True, slots=True)
class Alarmed:
    """The alarms of an indicator that stand: the worst `level`, how many in all, and the level of the whole district
    (of what has no regions: of the whole), None where only parts of it are over."""

    level: str
    count: int
    whole: str | None


@dataclass(frozen=True, slots=True)
class _Stand:
    indicator: str
    level: str
    whole: bool


class StandingAlarms:
    """Follows the alarm streams of the worlds that are asked for; each event is read once. Thread-safe."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._worlds: dict[str, tuple[bytes, dict[str, _Stand]]] = {}  # world -> last id, fingerprint -> what stands

    def of(self, world: str) -> Mapping[str, Alarmed]:
        """Indicator -> its alarms that stand now. Levels only: silence is told by the feeds. Raises RedisError."""
        with self._lock:
            at, stands = self._worlds.get(world, (b"0-0", {}))
            stream = keys.engine(world, "alarms")
            newest: Any = self._client.xrevrange(stream, count=1)
            if not newest or _order(newest[0][0]) < _order(at):
                at, stands = b"0-0", {}  # the stream was begun anew
            while newest and _order(at) < _order(newest[0][0]):
                entries = cast(
                    list[tuple[bytes, Mapping[bytes, bytes]]], self._client.xrange(stream, b"(" + at, "+", CHUNK)
                )
                if not entries:
                    break
                for _, entry in entries:
                    _take(stands, json.loads(entry[b"e"]))
                at = entries[-1][0]
            self._worlds[world] = (at, stands)
            return _summed(stands)


def _take(stands: dict[str, _Stand], event: Mapping[str, Any]) -> None:
    if event.get("v") != VERSION or event["condition"] != "level":
        return
    if event["level_after"] is None:
        stands.pop(event["fingerprint"], None)
        return
    whole = event["region"] in ("", DISTRICT) and not event["dims"]
    stands[event["fingerprint"]] = _Stand(event["indicator"], event["level_after"], whole)


def _summed(stands: Mapping[str, _Stand]) -> dict[str, Alarmed]:
    found: dict[str, list[_Stand]] = {}
    for stand in stands.values():
        found.setdefault(stand.indicator, []).append(stand)
    return {
        name: Alarmed(
            level=max((stand.level for stand in each), key=LEVELS.index),
            count=len(each),
            whole=next((stand.level for stand in each if stand.whole), None),
        )
        for name, each in found.items()
    }


def _order(entry_id: bytes) -> tuple[int, int]:
    at, _, number = entry_id.partition(b"-")
    return int(at), int(number)
