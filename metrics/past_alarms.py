"""The alarms of the past: which stood at a moment, and what was told between two moments.

Known then: what had been told by the moment (in worlds with a clock of their own by event time); known now: by event
time, which is the end of the window that was judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

from metrics.archive import Life, Part, Strand, every_part, in_force
from metrics.archive_cells import Known
from metrics.stream import order
from metrics.world import LIVE_WORLD

_BRIEF: Final = ("_ms", "at", "id", "fingerprint", "number", "level_after")
Told = tuple[int, str, str, str]  # when, id, fingerprint, event as JSON


class PastAlarms:
    """Reads the alarm events of one life. Raises OSError, pa.ArrowException when a file is damaged."""

    def __init__(self, root: Path, life: Life) -> None:
        self._folder, self._life = Strand(life, "alarms").folder(root), life

    def standing(self, at_ms: int, known: Known) -> list[Told]:
        """The newest event of each alarm that stood, in the order in which they were told."""
        parts = self._parts(-(2**62), at_ms, known)
        tables = [pq.read_table(part.path, columns=list(_BRIEF)) for part in parts]
        if not tables:
            return []
        places = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
        rows = np.concatenate([np.arange(table.num_rows) for table in tables])
        table = pa.concat_tables(tables)
        told = np.flatnonzero(self._when(table, known) <= at_ms)
        names = pc.dictionary_encode(table.column("fingerprint")).combine_chunks()
        alarm = names.indices.to_numpy(zero_copy_only=False)[told]
        number = table.column("number").to_numpy()[told]
        last = np.lexsort((number, alarm))
        last = last[np.append(alarm[last][1:] != alarm[last][:-1], True)] if len(last) else last
        found = told[last]
        stands = found[pc.is_valid(table.column("level_after")).to_numpy()[found]]
        events: list[Told] = []
        for place in np.unique(places[stands]).tolist():
            mine = np.sort(rows[stands[places[stands] == place]])
            events += self._events(pq.read_table(parts[place].path).take(pa.array(mine)), known)
        return sorted(events)

    def between(self, after_ms: int, until_ms: int, known: Known) -> list[Told]:
        """Every event of (after, until], each once, in order."""
        events: dict[str, Told] = {}
        for part in self._parts(after_ms, until_ms, known):
            table = pq.read_table(part.path)
            when = self._when(table, known)
            for one in self._events(table.filter(pa.array((when > after_ms) & (when <= until_ms))), known):
                events.setdefault(one[1], one)
        return sorted(events.values())

    def _parts(self, after_ms: int, until_ms: int, known: Known) -> Sequence[Part]:
        parts = in_force(every_part(self._folder))
        if self._told(known):
            return [part for part in parts if order(part.last)[0] > after_ms and order(part.after)[0] <= until_ms]
        return [part for part in parts if part.meets(after_ms + 1, until_ms + 1)]

    def _told(self, known: Known) -> bool:
        return known == "then" and self._life.world == LIVE_WORLD.id

    def _when(self, table: pa.Table, known: Known) -> NDArray[np.int64]:
        found: NDArray[np.int64] = table.column("_ms" if self._told(known) else "at").to_numpy()
        return found

    def _events(self, table: pa.Table, known: Known) -> list[Told]:
        columns = (table.column(name).to_pylist() for name in ("id", "fingerprint", "event"))
        return list(zip(self._when(table, known).tolist(), *columns, strict=True))
