"""The alarms that stand in a world, folded from the stream of alarm events as far as it is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import redis

from ioc.domain.attention import Finding
from ioc.queries.wall import DISTRICT
from metrics import keys
from metrics.value import LEVELS

CHUNK: Final = 5_000  # events read at once: some 3 MB
WHOLE: Final = ("", DISTRICT)  # what an alarm of the whole district names
VERSION: Final = 1  # of an alarm event
CONDITIONS: Final = ("level", "anomaly")  # what is wrong with a value; that none comes is told by the feeds


@dataclass(frozen=True, slots=True)
class Alarmed:
    """The alarms of an indicator that stand, the worst first; of equals that of the whole first, then the oldest."""

    stands: tuple[Finding, ...]

    @property
    def level(self) -> str:
        """The worst level."""
        return self.stands[0].level

    @property
    def count(self) -> int:
        return len(self.stands)

    @property
    def whole(self) -> str | None:
        """The level of the whole; None where only parts of it are over."""
        return next((stand.level for stand in self.stands if stand.whole), None)


class StandingAlarms:
    """Follows the alarm streams of the worlds that are asked for; each event is read once. Thread-safe."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._lock = threading.Lock()
        # world -> its life, last id, fingerprint -> what stands
        self._worlds: dict[str, tuple[int, bytes, dict[str, Finding]]] = {}

    def of(self, world: str, started_ms: int = 0) -> Mapping[str, Alarmed]:
        """Indicator -> its alarms that stand now. Levels only: silence is told by the feeds. Raises RedisError."""
        return _summed([each for each in self.stands(world, started_ms) if each.condition == "level"])

    def stands(self, world: str, started_ms: int = 0) -> tuple[Finding, ...]:
        """Every alarm of a level, or of an anomaly, that stands now. A world that was begun anew under its name has
        another `started_ms`. Raises RedisError."""
        with self._lock:
            life, at, stands = self._worlds.get(world, (started_ms, b"0-0", {}))
            if life != started_ms:
                at, stands = b"0-0", {}
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
            self._worlds[world] = (started_ms, at, stands)
            return tuple(stands.values())


def _take(stands: dict[str, Finding], event: Mapping[str, Any]) -> None:
    if event.get("v") != VERSION or event["condition"] not in CONDITIONS:
        return
    if event["level_after"] is None:
        stands.pop(event["fingerprint"], None)
        return
    before, after = event["level_before"], event["level_after"]
    if event["fingerprint"] in stands and before == after:
        return  # flapping that goes on at its level is no news
    stands[event["fingerprint"]] = Finding(
        kind="indicator", subject=event["indicator"], level=after, changed_ms=event["at"], begun_ms=event["begun"],
        worse=before is None or LEVELS.index(after) > LEVELS.index(before), region=event["region"],
        dims=tuple(dict(event["dims"]).items()), wide=event["region"] in WHOLE, value=event["value"],
        limit=event["limit"], z=event["z"], window_end=event["window_end"], quality=event["quality"],
        origin=event["origin"], condition=event["condition"],
    )  # fmt: skip


def _summed(stands: Sequence[Finding]) -> dict[str, Alarmed]:
    found: dict[str, list[Finding]] = {}
    for stand in stands:
        found.setdefault(stand.subject, []).append(stand)
    return {name: Alarmed(tuple(sorted(each, key=_urgency))) for name, each in found.items()}


def _urgency(stand: Finding) -> tuple[int, bool, int, str]:
    return -LEVELS.index(stand.level), not stand.whole, stand.begun_ms, stand.region


def _order(entry_id: bytes) -> tuple[int, int]:
    at, _, number = entry_id.partition(b"-")
    return int(at), int(number)
