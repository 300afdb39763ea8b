"""A stock: things that stand in the city and whose state changes now and then; a change sends the whole record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city.model import Hourly, in_order
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS
from ioc.sources.rows import Rows
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
# (time of each look, which entity) -> fields as they are then
State = Callable[[Times, Which], Mapping[str, RawColumn]]


class Stock(Hourly):
    """Entities that are looked at once in `every_ms`, each at its own offset; a look that finds a change is a row.

    `state` is a pure function of time and entity; `fixed` fields never change. `every_ms` 0: nothing ever changes.
    """

    def __init__(
        self,
        source: str,
        entities: Sequence[str],
        fixed: Mapping[str, RawColumn],
        *,
        seed: int,
        state: State | None = None,
        every_ms: int = 0,
    ) -> None:
        if every_ms and (HOUR_MS % every_ms and every_ms % HOUR_MS):
            raise ValueError(f"{source}: looks divide an hour or are whole hours apart")
        looks = len(entities) / every_ms * 1000 if every_ms else 0.0
        super().__init__(source, 0.2 * looks)
        self._entities, self._fixed, self._state, self._every = list(entities), fixed, state, every_ms
        key = draw.keys_of(f"stock/{source}", seed, len(entities))
        self._offset = (draw.uniform(key, np.zeros(len(entities), np.int64), 1) * max(1, every_ms)).astype(np.int64)

    def __len__(self) -> int:
        return len(self._entities)

    def opening(self, at_ms: int) -> Rows | None:
        """Everything as it stood at its last look."""
        which = np.arange(len(self._entities), dtype=np.int32)
        looked = self._last(at_ms)
        return self._rows(np.full(len(which), at_ms, np.int64), which, looked)

    def hour(self, start_ms: int) -> Rows | None:
        """See Hourly."""
        if self._state is None or not self._every:
            return None
        before = self._last(start_ms - 1)
        looks, which = [], []
        for step in range(1, max(1, HOUR_MS // self._every) + 1):
            time = before + step * self._every
            here = np.flatnonzero(time < start_ms + HOUR_MS)
            looks.append(time[here])
            which.append(here.astype(np.int32))
        time, entity = np.concatenate(looks), np.concatenate(which)
        if not len(time):
            return None
        changed = np.zeros(len(time), np.bool_)
        new, old = self._state(time, entity), self._state(time - self._every, entity)
        for name, column in new.items():
            changed |= _cells(column) != _cells(old[name])
        if not changed.any():
            return None
        time, entity = time[changed], entity[changed]
        order = in_order(time)
        return self._rows(time[order], entity[order], time[order])

    def _last(self, at_ms: int) -> Times:
        """When each entity was looked at last, at the latest at `at`."""
        every = self._every or DAY_MS
        found: Times = (at_ms - self._offset) // every * every + self._offset
        return found

    def _rows(self, time: Times, which: Which, looked: Times) -> Rows:
        fixed = {name: _of(column, which) for name, column in self._fixed.items()}
        moving = self._state(looked, which) if self._state else {}
        return Rows(time, RawColumn("coded", which, dictionary=self._entities), {**fixed, **moving})


def _cells(column: RawColumn) -> NDArray[np.int64]:
    """Values as numbers that differ where the cells differ: `state` uses the same list of words each time."""
    values = column.values.astype(np.int64)
    return values if column.valid is None else np.where(column.valid, values, np.int64(-1) << 60)


def _of(column: RawColumn, which: Which) -> RawColumn:
    valid = None if column.valid is None else column.valid[which]
    return RawColumn(column.kind, column.values[which], valid, column.scale, column.dictionary)
