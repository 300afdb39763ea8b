"""Readings of entities that report again and again: each at its own offset within a common interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS
from ioc.sources.rows import Rows
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Fields = Callable[[Times, Which], Mapping[str, RawColumn]]
Heard = Callable[[Times, Which], NDArray[np.bool_]]

SPELL_MS = 3 * HOUR_MS  # an entity that is off is off for so long
OFF_SHARE = 0.006  # of such spells
LOST_SHARE = 0.002  # of single reports
LOUD_PER_S = 100.0
SPREAD_MS = 4 * MINUTE_MS  # within the periods of five minutes that contracts declare of them


@dataclass(frozen=True, slots=True)
class Faults:
    """How entities fail to report: a share of spells, and single reports."""

    off: float = OFF_SHARE
    lost: float = LOST_SHARE


WHOLE = Faults(0.0, 0.0)


class Readings:
    """Rows of `entities`, each once in `interval_ms`: entity and time give the fields, nothing else does.

    Row number r has the time floor(r * interval / entities): any span of time is a run of numbers. `also` says which
    reports are heard at all, beyond the faults.
    """

    def __init__(
        self,
        source: str,
        entities: Sequence[str],
        interval_ms: int,
        fields: Fields,
        *,
        seed: int,
        faults: Faults = WHOLE,
        also: Heard | None = None,
    ) -> None:
        if not entities:
            raise ValueError(f"{source}: readings need entities")
        self.source = source
        self.interval_ms = interval_ms
        self._entities = list(entities)
        self._fields, self._faults, self._also = fields, faults, also
        self._key = draw.keys_of(f"readings/{source}", seed, len(entities))
        shuffled = draw.uniform(self._key, np.zeros(len(entities), np.int64), 1)
        self._order = np.argsort(shuffled, kind="stable").astype(np.int32)

    def every(self, interval_ms: int) -> Readings:
        """The same entities, each reporting once in another interval."""
        other = copy(self)
        other.interval_ms = interval_ms
        return other

    @property
    def per_s(self) -> float:
        """See Model."""
        return len(self._entities) * 1000 / self.interval_ms

    def opening(self, at_ms: int) -> Rows | None:
        """Of loud readings, of which little is sent of the past, one of each entity from the minutes before, so that
        what counts them begins whole; others have no stand."""
        if self.per_s < LOUD_PER_S or self.interval_ms >= SPREAD_MS:
            return None
        return self.every(SPREAD_MS).rows(at_ms - SPREAD_MS, at_ms)

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """See Model."""
        count = len(self._entities)
        first, last = ((time + 1) * count for time in (after_ms, until_ms))
        number = np.arange(-(-first // self.interval_ms), -(-last // self.interval_ms), dtype=np.int64)
        time = number * self.interval_ms // count
        which = self._order[number % count]
        heard = self._heard(time, which)
        if heard is not None:
            time, which = time[heard], which[heard]
        if not len(time):
            return None
        return Rows(time, RawColumn("coded", which, dictionary=self._entities), self._fields(time, which))

    def _heard(self, time: Times, which: Which) -> NDArray[np.bool_] | None:
        faults = self._faults
        heard = None
        if faults.off or faults.lost:
            key = self._key[which]
            off = draw.uniform(key, (time + (key % np.uint64(SPELL_MS)).astype(np.int64)) // SPELL_MS, 2) < faults.off
            heard = ~off & (draw.uniform(key, time, 3) >= faults.lost)
        if self._also is not None:
            also = self._also(time, which)
            heard = also if heard is None else heard & also
        return heard
