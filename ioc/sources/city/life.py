"""Lives: records that are born at a rate, pass through stages, and are sent whole each time something changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals, Rate, arrivals
from ioc.sources.city.model import Hourly, in_order
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, day_start, local_day
from ioc.sources.rows import Rows, joined
from metrics.codec import RawColumn

NEVER = 1 << 60
SHOWN_DAYS = 31  # what is still sent when a world opens: a month of records, finished or not
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Lives:
    """The records born on one day. A column holds from a time on: a later one of the same field takes its place.

    Every time from which on a column holds makes a version; a version has all fields as they are then.
    """

    def __init__(self, ids: list[str], born: Times, horizon_ms: int = NEVER) -> None:
        self.ids, self.born, self._horizon = ids, born, horizon_ms
        self._steps: dict[str, list[tuple[Times | None, RawColumn]]] = {}

    def __len__(self) -> int:
        return len(self.born)

    def later(self, since: Times, lasts: Times, where: Mask | None = None) -> Times:
        """When a stage is reached: so long after another one, NEVER if that never was or `where` says no."""
        return self.when(np.where(since >= NEVER, NEVER, since + lasts), where)

    def when(self, reached: Times, where: Mask | None = None) -> Times:
        """A stage at times of its own, NEVER where `where` says no or the records are not followed any more."""
        lived = reached < self._horizon
        return np.where(lived if where is None else lived & where, reached, NEVER)

    def set(self, name: str, column: RawColumn, since: Times | None = None) -> None:
        """A field from birth on, or from a time on."""
        self._steps.setdefault(name, []).append((since, column))

    def stamp(self, name: str, when: Times) -> None:
        """A field that says when a stage was reached, known from then on."""
        self.set(name, columns.times(np.where(when >= NEVER, 0, when), when < NEVER), when)

    def stages(self, name: str, steps: list[tuple[str, Times]]) -> None:
        """A field that names the stage: the last one reached, in the order given."""
        for word, since in steps:
            self.set(name, columns.one(word, len(self)), since)

    def versions(self) -> tuple[Times, NDArray[np.intp]]:
        """(time, record) of every version, by time."""
        marks = {id(since): since for steps in self._steps.values() for since, _ in steps if since is not None}
        found = np.stack([self.born, *marks.values()])
        record = np.broadcast_to(np.arange(len(self.born)), found.shape)
        known = (found < NEVER) & (found >= self.born[None, :])
        pairs = np.unique(np.column_stack([found[known], record[known]]), axis=0)
        return pairs[:, 0], pairs[:, 1].astype(np.intp)

    def rows(self, at: Times, record: NDArray[np.intp]) -> Rows:
        """The records as they are at `at`."""
        fields = {name: self._seen(steps, at, record) for name, steps in self._steps.items()}
        return Rows(at, _named(self.ids, record), fields)

    def _seen(self, steps: list[tuple[Times | None, RawColumn]], at: Times, record: NDArray[np.intp]) -> RawColumn:
        kind = steps[0][1]
        values = np.full(len(record), -1 if kind.kind == "coded" else 0, kind.values.dtype)
        valid = np.zeros(len(record), np.bool_)
        table: list[str] = []
        for since, column in steps:
            shift = len(table)
            table += column.dictionary
            here = np.ones(len(record), np.bool_) if since is None else since[record] <= at
            own = column.values[record]
            if column.kind == "coded":
                own = np.where(own < 0, -1, own + shift)
            values = np.where(here, own, values)
            valid = np.where(here, True if column.valid is None else column.valid[record], valid)
        if kind.kind == "coded":
            return _distinct(values.astype(np.int32), table)
        return RawColumn(kind.kind, values, None if valid.all() else valid, kind.scale)


Live = Callable[[Lives, Arrivals], None]


class Records(Hourly):
    """A source of records that are born, change and are done. `live` makes the lives of the arrivals of one local day.

    No record changes later than `days` after the day of its birth.
    """

    def __init__(
        self,
        source: str,
        prefix: str,
        rate: Rate,
        live: Live,
        *,
        seed: int,
        days: int,
        per_s: float = 0.1,
    ) -> None:
        super().__init__(source, per_s)
        self._prefix, self._rate, self._live, self._seed, self._days = prefix, rate, live, seed, days
        self._cohorts: OrderedDict[int, tuple[Lives, Times, NDArray[np.intp]]] = OrderedDict()
        self._cohort_lock = threading.Lock()

    def hour(self, start_ms: int) -> Rows | None:
        """See Hourly."""
        parts = []
        for day in range(local_day(start_ms) - self._days, local_day(start_ms) + 1):
            lives, time, record = self._cohort(day)
            first, last = np.searchsorted(time, [start_ms, start_ms + HOUR_MS], side="left").tolist()
            if last > first:
                parts.append(lives.rows(time[first:last], record[first:last]))
        if not parts:
            return None
        rows = joined(parts)
        return rows.take(in_order(rows.time))

    def opening(self, at_ms: int) -> Rows | None:
        """Every record born in the last days as it is at that time, or changed since then."""
        parts = []
        reach = max(self._days, SHOWN_DAYS)
        for day in range(local_day(at_ms) - reach, local_day(at_ms) + 1):
            lives, _, _ = self._cohort(day)
            record = np.flatnonzero(lives.born <= at_ms)
            if len(record):
                at = np.full(len(record), at_ms, np.int64)
                parts.append(lives.rows(at, record))
        return joined(parts) if parts else None

    def _cohort(self, day: int) -> tuple[Lives, Times, NDArray[np.intp]]:
        with self._cohort_lock:
            found = self._cohorts.get(day)
            if found is None:
                start = day_start(day)
                born = arrivals(self.source, self._seed, self._rate, start, start + DAY_MS)
                stamp = np.datetime64(day, "D").astype(str).replace("-", "")
                ids = [f"{self._prefix}{stamp}{at:05d}" for at in range(1, len(born) + 1)]
                lives = Lives(ids, born.time, start + self._days * DAY_MS)
                self._live(lives, born)
                found = self._cohorts[day] = (lives, *lives.versions())
                if len(self._cohorts) > max(self._days, SHOWN_DAYS) + 3:
                    self._cohorts.popitem(last=False)
            return found


def _named(ids: list[str], record: NDArray[np.intp]) -> RawColumn:
    kept, codes = np.unique(record, return_inverse=True)
    return RawColumn("coded", codes.astype(np.int32), dictionary=[ids[at] for at in kept.tolist()])


def _distinct(codes: NDArray[np.int32], table: list[str]) -> RawColumn:
    """Only the texts that occur, each once."""
    used, inverse = np.unique(codes, return_inverse=True)
    index: dict[str, int] = {}
    mapping = [-1 if code < 0 else index.setdefault(table[code], len(index)) for code in used.tolist()]
    return RawColumn("coded", np.array(mapping, np.int32)[inverse], dictionary=list(index))
