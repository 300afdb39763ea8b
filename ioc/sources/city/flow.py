"""A flow: events that come by chance at a rate that follows the clock and the conditions, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city.model import Hourly
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS
from ioc.sources.rows import Rows
from metrics.codec import RawColumn

CELL_MS = 10 * MINUTE_MS  # the rate is the same within a cell
Floats = NDArray[np.float64]
Rate = Callable[[NDArray[np.int64]], Floats]  # times (cells,) -> events an hour, (cells, strands)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events in time order, all columns (events,): when, a key of each, and of which strand it is."""

    time: NDArray[np.int64]
    key: NDArray[np.uint64]
    strand: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time)

    def draw(self, stream: int) -> Floats:
        """[0, 1) for each event."""
        return draw.uniform(self.key, np.zeros(len(self.key), np.int64), stream)

    def bell(self, stream: int) -> Floats:
        """A standard normal number for each event, within 3."""
        return np.clip(draw.normal(self.key, np.zeros(len(self.key), np.int64), stream), -3.0, 3.0)

    def chosen(self, stream: int, weights: Sequence[float] | Floats) -> NDArray[np.int32]:
        """A place in a list for each event, by weight."""
        return draw.chosen(self.key, np.zeros(len(self.key), np.int64), stream, np.asarray(weights, np.float64))

    def lasting(self, stream: int, median_ms: float | Floats, spread: float = 0.5) -> NDArray[np.int64]:
        """A duration for each event."""
        return draw.lasting(self.key, np.zeros(len(self.key), np.int64), stream, median_ms, spread)


def arrivals(name: str, seed: int, rate: Rate, start_ms: int, end_ms: int) -> Arrivals:
    """The events of [start, end), whole cells; a strand is a column of the rate (a place, a class, ...)."""
    cells = np.arange(start_ms // CELL_MS, end_ms // CELL_MS, dtype=np.int64)
    mean = rate(cells * CELL_MS + CELL_MS // 2) * (CELL_MS / HOUR_MS)
    strands = mean.shape[1]
    key = np.full(mean.size, draw.name_key(f"flow/{name}", seed), np.uint64)
    number = np.repeat(cells, strands) * strands + np.tile(np.arange(strands), len(cells))
    count = draw.poisson(key, number, 1, mean.ravel())
    parent = np.repeat(np.arange(mean.size), count)
    turn = np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
    own = draw.mixed(draw.mixed(key[parent], number[parent], 2), turn, 3)
    within = (draw.uniform(own, np.zeros(len(own), np.int64), 4) * CELL_MS).astype(np.int64)
    time = np.repeat(cells, strands)[parent] * CELL_MS + within
    order = np.argsort(time, kind="stable")
    return Arrivals(time[order], own[order], (parent % strands).astype(np.int32)[order])


Events = Callable[[Arrivals], tuple[RawColumn, Mapping[str, RawColumn]]]  # entity and fields


class Flow(Hourly):
    """Readings that are events. `fields` gives entity and fields of the events of an hour."""

    def __init__(
        self,
        source: str,
        per_s: float,
        rate: Rate,
        fields: Events,
        *,
        seed: int,
    ) -> None:
        super().__init__(source, per_s)
        self._rate, self._fields, self._seed = rate, fields, seed

    def hour(self, start_ms: int) -> Rows | None:
        """See Hourly."""
        found = arrivals(self.source, self._seed, self._rate, start_ms, start_ms + HOUR_MS)
        if not len(found):
            return None
        entity, fields = self._fields(found)
        return Rows(found.time, entity, fields)
