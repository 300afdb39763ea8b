"""Retold: complete values of a past that no engine saw, put where readers look for published ones.

They lie in parts of `completed` and in the roll-ups, before anything that an engine publishes afterwards. A value that
an engine publishes of the same window counts instead of them, as a later word does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.archive import Life, Strand, part_path
from metrics.archive_columns import Cells, Run, cells_of, coded
from metrics.archive_file import form_of, write_table
from metrics.archive_rows import VALUES
from metrics.calendar import Calendar
from metrics.comparison import same_time, weeks_before, zscore
from metrics.indicator import Indicator
from metrics.measured import Counts, Mask, Numbers
from metrics.threshold import Thresholds
from metrics.value import LEVELS


@dataclass(frozen=True, slots=True)
class Ground:
    """What values rest on. `at_ms`: the real time at which they are said; `until_ms`: how far every source reached;
    `positions`: source -> shard -> id of the last entry that counted; `origin` as of `metrics.value.Value`."""

    at_ms: int
    until_ms: int
    positions: Mapping[str, Mapping[str, str]]
    bundle: str
    origin: str


class Retold:
    """Of one life whose `completed` stream is yet to begin; nobody else writes to the archive meanwhile."""

    def __init__(self, root: Path, life: Life, ground: Ground, calendars: Mapping[str, Calendar]) -> None:
        self._root, self._life, self._ground, self._calendars = root, life, ground, calendars
        self._strand = Strand(life, "completed")
        self._said = 0  # parts

    def write(self, indicator: Indicator, runs: Iterable[Run]) -> int:
        """Write the values of one version; returns how many. Raises ArchiveNotWritten."""
        columns = cells_of(indicator, list(runs))
        count = len(columns.ends)
        if not count:
            return 0
        before, last = (f"{self._ground.at_ms}-{number}" for number in (self._said, self._said + 1))
        self._said += 1
        table = self._table(indicator, columns)
        span = int(columns.ends.min()), int(columns.ends.max())
        path = part_path(self._strand.folder(self._root), before, last, span, form_of(table.schema))
        # of the stream, which is yet to begin, nothing has been read
        write_table(path, table, {"ioc.read": "0", "ioc.added": "0"})
        return count

    def _table(self, indicator: Indicator, found: Cells) -> pa.Table:
        ground, count = self._ground, len(found.ends)
        watermarks = json.dumps(dict.fromkeys(ground.positions, ground.until_ms))
        number = {"_ms": ground.at_ms, "_seq": self._said, "version": indicator.version, "revision": 0,
                  "published_at": ground.at_ms, "world_now": ground.until_ms}  # fmt: skip
        text = {"indicator": indicator.id, "origin": ground.origin, "positions": json.dumps(ground.positions),
                "watermarks": watermarks, "bundle": ground.bundle, "basis": ""}  # fmt: skip
        earlier, there = found.at([same_time(end, "1d") for end in found.distinct.tolist()])
        level = self._levels(indicator, found) - 1
        columns = {name: pa.array(np.full(count, one)) for name, one in number.items()}
        columns |= {name: coded(np.zeros(count, np.int32), [one]) for name, one in text.items()}
        columns |= found.columns()
        columns |= {
            "_row": pa.array(np.arange(count, dtype=np.int32)),
            "level": coded(level.astype(np.int32), LEVELS), "same_time_1d": pa.array(earlier, mask=~there),
        }  # fmt: skip
        return pa.Table.from_arrays([columns[one.name].cast(one.type) for one in VALUES], schema=VALUES)

    def _levels(self, indicator: Indicator, found: Cells) -> NDArray[np.int8]:
        """The levels that the values reach, without what stood before: 0 none."""
        thresholds, value, known = indicator.thresholds, found.value, found.known
        level = np.zeros(len(value), np.int8)
        if thresholds is None:
            return level
        if thresholds.on == "z":
            baseline = indicator.baseline
            weeks = [weeks_before(end, baseline.weeks) for end in found.distinct.tolist()]
            earlier = [found.at([one[back] for one in weeks]) for back in range(baseline.weeks)]
            before = np.stack([one for one, _ in earlier]), np.stack([one for _, one in earlier])
            value, known = zscore((value, known), before, baseline.min, baseline.floor)
        return _reached(thresholds, value, known, self._open(thresholds, found.ends))

    def _open(self, thresholds: Thresholds, ends: Counts) -> list[Mask]:
        """For each variant of the limits whether its calendar was open at the ends."""
        distinct, place = np.unique(ends, return_inverse=True)
        return [self._calendars[one.calendar].is_open(distinct - 1)[place] for one in thresholds.variants]


def _reached(thresholds: Thresholds, value: Numbers, known: Mask, calendars_open: Sequence[Mask]) -> NDArray[np.int8]:
    """Levels by the limits in force, which differ with the calendars that are open."""
    found = np.zeros(len(value), np.int8)
    states = np.stack([np.ones(len(value), np.bool_), *calendars_open])
    for state in np.unique(states, axis=1).T:
        rows = (states == state[:, None]).all(axis=0)
        found[rows] = thresholds.levels(value[rows], known[rows], state[1:].tolist())
    return found
