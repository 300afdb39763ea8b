"""The reel: what a playback shows next, read ahead from the archive and given out by moments, without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life
from metrics.archive_cells import SCHEMA, Known, joined, when
from metrics.past import Past
from metrics.past_alarms import PastAlarms, Told

LEAST_MS: Final = 10 * 60_000  # read ahead at least and at most so much of the world's time
MOST_MS: Final = 60 * 60_000
AHEAD_S: Final = 20.0  # of real time at the speed of the playback
LATE_MS: Final = 2 * 3_600_000  # near the end of the archive a window may be completed so long after its end


@dataclass(slots=True)
class Reel:
    """Rows between moments, each once. Known now, a window that was completed after its moment had been shown follows
    as soon as it is there. Raises OSError, pa.ArrowException."""

    root: Path
    life: Life
    known: Known
    at_ms: int  # given out up to here
    _past: Past = field(init=False)
    _alarms: PastAlarms = field(init=False)
    _rows: pa.Table = field(default_factory=SCHEMA.empty_table)
    _told: Sequence[Told] = ()
    _read_ms: int = 0  # read up to here
    _looked_ms: int = 0  # real time of the last look for late words

    def __post_init__(self) -> None:
        self._past, self._alarms = Past(self.root, self.life), PastAlarms(self.root, self.life)
        self._read_ms = self.at_ms

    def until(self, moment_ms: int, edge_ms: int, speed: float, real_now_ms: int) -> tuple[pa.Table, Sequence[Told]]:
        """What appears from where it stood up to a moment, which is not beyond `edge_ms`, the end of the archive."""
        late: list[pa.Table] = []
        if moment_ms > self._read_ms:
            late = self._read(max(moment_ms, min(edge_ms, self.at_ms + _ahead_ms(speed))), edge_ms, real_now_ms)
        at = self._rows.column(when(self.known)).to_numpy()
        place = int(np.searchsorted(at, moment_ms, side="right"))
        rows, self._rows = self._rows.slice(0, place), self._rows.slice(place)
        told = [one for one in self._told if one[0] <= moment_ms]
        self._told = self._told[len(told) :]
        self.at_ms = moment_ms
        return joined([*late, rows]), told

    def _read(self, until_ms: int, edge_ms: int, real_now_ms: int) -> list[pa.Table]:
        late = []
        if self.known == "now" and self._looked_ms and edge_ms - self._read_ms < LATE_MS:
            late = [self._past.arrived(self._read_ms - LATE_MS, self._read_ms, self._looked_ms)]
        self._rows = joined([self._rows, self._past.between(self._read_ms, until_ms, self.known)])
        self._told = [*self._told, *self._alarms.between(self._read_ms, until_ms, self.known)]
        self._read_ms, self._looked_ms = until_ms, real_now_ms - 60_000  # parts are written some seconds after
        return late


def _ahead_ms(speed: float) -> int:
    return int(min(MOST_MS, max(LEAST_MS, AHEAD_S * 1000 * speed)))
