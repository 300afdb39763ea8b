"""The recent past of every series: complete values as published, for comparisons with an earlier instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import redis
from numpy.typing import NDArray

from metrics import keys
from metrics.expiry import FLOOR
from metrics.series import Lines, Numbering, Series
from metrics.value_form import unpack_columns
from metrics.values import Values

DAY_MS = 86_400_000
KEEP_MS = 49 * 3_600_000  # what the completed stream keeps: a start finds no more than that
_PAGE = 512  # entries of the completed stream in one reply

Column = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]  # series, values, revisions


@dataclass(slots=True)
class _Instant:
    """The complete values of the windows that end at one instant. 16 bytes a value."""

    held: Column = field(
        default_factory=lambda: (np.zeros(0, np.int32), np.zeros(0, np.float64), np.zeros(0, np.int32))
    )
    fresh: list[Column] = field(default_factory=list)  # what has come since, in order

    def settled(self) -> Column:
        """Each series once, in order; of its revisions the latest, of equal ones the last that came."""
        if self.fresh:
            series, values, revisions = (np.concatenate(parts) for parts in zip(self.held, *self.fresh, strict=True))
            order = np.lexsort((revisions, series))
            last = np.append(series[order][1:] != series[order][:-1], True)
            order = order[last]
            self.held, self.fresh = (series[order], values[order], revisions[order]), []
        return self.held


class History:
    """Complete values per series and window end; the latest revision wins."""

    def __init__(self, keep_ms: int = KEEP_MS) -> None:
        self._keep_ms = keep_ms
        self._numbering = Numbering()
        self._instants: dict[int, _Instant] = {}
        self._unsettled: set[int] = set()
        self._limit = 0  # looked at again when there are so many series

    def __call__(self, series: Series, lines: Lines, window_end: int) -> NDArray[np.float64]:
        """The values of some lines in the windows that end there; NaN where there is none or it is null."""
        found = np.full(len(lines), np.nan)
        instant = self._instants.get(window_end)
        if instant is None:
            return found
        known, values, _ = instant.settled()
        wanted = self._numbering.of(series)[lines]
        places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        there = known[places] == wanted
        found[there] = values[places[there]]
        return found

    def add(self, values: Values) -> None:
        """Remember complete values; an older revision than the known one is ignored."""
        if not len(values):
            return
        order = np.argsort(values.end, kind="stable")
        numbers, ends = self._numbering.of(values.series)[values.line[order]], values.end[order]
        said, revisions = values.value[order], values.revision[order]
        cuts = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(order)]
        for first, last in pairwise(cuts):
            end, some = int(ends[first]), slice(first, last)
            self._instants.setdefault(end, _Instant()).fresh.append((numbers[some], said[some], revisions[some]))
            self._unsettled.add(end)

    def forget(self, now_ms: int) -> None:
        """Drop what is older than the history keeps."""
        for end in self._unsettled:
            self._instants[end].settled()
        self._unsettled.clear()
        oldest = now_ms - self._keep_ms
        for end in [end for end in self._instants if end < oldest]:
            del self._instants[end]
        self._forget_series()

    def _forget_series(self) -> None:
        """Renumber where more than half of the series have no value any more."""
        if len(self._numbering) < max(FLOOR, self._limit):
            return
        live = np.zeros(len(self._numbering), np.bool_)
        for instant in self._instants.values():
            live[instant.settled()[0]] = True
        if 2 * int(live.sum()) < len(live):
            numbers = np.cumsum(live, dtype=np.int32) - np.int32(1)  # in order: what is settled stays so
            for instant in self._instants.values():
                series, values, revisions = instant.settled()
                instant.held = numbers[series], values, revisions
            self._numbering.keep(np.flatnonzero(live).astype(np.int32))
        self._limit = 2 * int(live.sum())

    def reload(self, client: redis.Redis, world: str) -> None:
        """Read the completed values that are still published."""
        key, position = keys.engine(world, "completed"), "-"
        while True:
            page = client.execute_command("XRANGE", key, position, "+", "COUNT", _PAGE)  # type: ignore[no-untyped-call]
            entries = page.items() if isinstance(page, dict) else page
            last = None
            for entry_id, fields in entries or ():
                last = entry_id
                table = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
                self.add(unpack_columns(table[b"b"]))
            if last is None:
                return
            position = "(" + last.decode()
