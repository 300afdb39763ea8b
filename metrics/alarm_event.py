"""An alarm event: one thing to tell of an indicator and group, and its JSON form on the alarm stream."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from metrics.alarm import Condition, Kind
from metrics.value import Level, Quality

VERSION = 1


class UnknownAlarmEventVersion(ValueError):
    """An alarm event was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """What happened to one alarm; nothing is wrong any more when `level_after` is None.

    An alarm is one episode of one condition (`level`, `no_data`, `stale`, `anomaly`) of one indicator, region and
    `dims`; the versions of an indicator share it. It began at `begun` (a window end) and its events are numbered from
    0. `limit` is the one that was crossed; of an anomaly the end of the band, if it was crossed. `value` (None: null),
    `z` (rules on z-scores), quality, samples and revision are those of the window [window_start, window_end) that was
    judged; `at` is the event time of the event: the window's end, or when the rule was withdrawn. Times are ms UTC of
    the world.
    """

    world: str
    indicator: str
    version: int
    region: str
    dims: tuple[tuple[str, str], ...]
    condition: Condition
    kind: Kind
    level_before: Level | None
    level_after: Level | None
    value: float | None
    z: float | None
    limit: float | None
    window_start: int
    window_end: int
    at: int
    begun: int
    number: int
    samples: int
    revision: int
    quality: Quality
    origin: str

    @property
    def fingerprint(self) -> str:
        """16 hex digits that name the alarm: the same for all its events, in every run."""
        place = [self.world, self.indicator, self.region, self.dims, self.condition, self.begun]
        return hashlib.sha256(_text(place).encode()).hexdigest()[:16]

    @property
    def id(self) -> str:
        """The name of this event, `fingerprint:number`: who has read it needs it no second time."""
        return f"{self.fingerprint}:{self.number}"

    def to_json(self) -> str:
        """Canonical: the same event has the same text."""
        table = {name: getattr(self, name) for name in self.__slots__}
        return _text(table | {"v": VERSION, "id": self.id, "fingerprint": self.fingerprint})

    @staticmethod
    def from_json(text: str | bytes) -> AlarmEvent:
        """Raises UnknownAlarmEventVersion when `v` is not this version's."""
        table = json.loads(text)
        if table.get("v") != VERSION:
            raise UnknownAlarmEventVersion(f"alarm event version {table.get('v')!r} is not {VERSION}")
        del table["v"], table["id"], table["fingerprint"]
        dims = tuple((name, value) for name, value in table.pop("dims"))
        return AlarmEvent(dims=dims, **table)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
