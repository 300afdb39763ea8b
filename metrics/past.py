"""The past of a world: what stood at any moment of its archive, and every value that appeared between two moments.

Known then: what had been published by the moment (within the retention of `values` also of windows that were still
open, before that of complete ones). Known now: of each window its last word, from its end on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Strand, day_end, day_of, every_part, in_force
from metrics.archive_cells import SILENT_MS, Known, joined, left, newest, read_span
from metrics.archive_standing import DAY_MS, HOUR_MS, STANDING, Hour, hours, newest_hour, said_in, told_between
from metrics.stream import order

WITHOUT_MS: Final = (
    26 * 3_600_000
)  # read where no standing was made yet: no step between two words is longer than a day
RETRIES: Final = 3  # a part that was merged between listing and reading: list again


class Past:
    """Reads the archive of one life below a folder. Raises OSError, pa.ArrowException when a file is damaged."""

    def __init__(self, root: Path, life: Life) -> None:
        self._root, self._life = root, life

    def span(self) -> tuple[int, int] | None:
        """The first and last moment of which anything is known, ms of the world's time; None: nothing is."""
        told = in_force(every_part(self._strand("completed").folder(self._root)))
        made = sorted((self._life.folder(self._root) / STANDING).glob("*.left.parquet"))
        first, last = list[int](), list[int]()
        for path in made[:1]:
            first += [hour.end - HOUR_MS for hour in hours(self._root, self._life, path.name[:10], "left")[:1]]
        for path in made[-1:]:
            last += [hour.end for hour in hours(self._root, self._life, path.name[:10], "left")[-1:]]
        if told:
            begun, _ = _said(told[0].path)
            # of windows long before the first commit only those were told in which rows happened to lie
            first.append(max(told[0].first_ms, begun - SILENT_MS))
            last.append(_said(told[-1].path)[1])
        return (min(first), max(last)) if last else None

    def standing(self, at_ms: int, known: Known) -> pa.Table:
        """Of each series what stood at the moment; columns as `archive_cells.SCHEMA`."""
        return self._again(lambda: self._standing(at_ms, known))

    def between(self, after_ms: int, until_ms: int, known: Known) -> pa.Table:
        """Every value that appeared in (after, until], in the order in which it did; of each window, where it is known
        now, its last word alone."""
        return self._again(lambda: self._between(after_ms, until_ms, known))

    def lines(self, at_ms: int, known: Known, span_ms: int, whole: Collection[str]) -> pa.Table:
        """The complete windows of whole regions, not split, that ended in the span before the moment, as they stood."""
        return self._again(lambda: self._lines(at_ms, known, span_ms, whole))

    def complete(self, after_ms: int, until_ms: int, known: Known, wanted: Collection[str]) -> pa.Table:
        """The complete windows of some indicators that ended in (after, until], as they stood at `until`."""

        def read() -> pa.Table:
            rows = self._completed(after_ms, until_ms) if known == "then" else self._between(after_ms, until_ms, known)
            names = pa.array(sorted(wanted), pa.string())
            rows = rows.filter(pc.is_in(rows.column("indicator").cast(pa.string()), value_set=names))
            return left(rows if known == "now" else rows.filter(pc.less_equal(rows.column("said"), until_ms)))

        return self._again(read)

    def arrived(self, after_ms: int, until_ms: int, since_ms: int) -> pa.Table:
        """The last words on windows of (after, until] that came at real time `since` or later."""
        return self._again(lambda: left(self._completed(after_ms, until_ms, since_ms)))

    def watermarks(self, at_ms: int) -> dict[str, int]:
        """How far each source had come by the last commit before the moment; empty: nothing had been published."""
        kind = said_in(self._root, self._life, at_ms - DAY_MS)
        parts = told_between(
            self._life, in_force(every_part(self._strand(kind).folder(self._root))), at_ms - DAY_MS, at_ms
        )
        for part in reversed(parts):
            with pq.ParquetFile(part.path) as file:
                table = file.read(columns=["world_now", "watermarks"], use_threads=False)
            said = table.column("world_now").to_numpy()
            inside = np.flatnonzero(said <= at_ms)
            if len(inside):
                text = table.column("watermarks")[int(inside[np.argmax(said[inside])])].as_py()
                return {str(name): int(ms) for name, ms in json.loads(text or "{}").items()}
        return {}

    # ---- within one listing of the folder ----

    def _standing(self, at_ms: int, known: Known) -> pa.Table:
        base = newest_hour(self._root, self._life, known, at_ms)
        since = base.end if base else at_ms - WITHOUT_MS
        tables = [base.read()] if base else []
        if base and known == "now":
            tables.append(self._arrived(since - DAY_MS, since, base))
        tables.append(self._between(since, at_ms, known))
        return newest(joined(tables), known, [at_ms])[0]

    def _between(self, after_ms: int, until_ms: int, known: Known) -> pa.Table:
        if known == "then":
            return self._told(after_ms, until_ms)
        tables: list[pa.Table] = []
        at = after_ms
        while at < until_ms:  # day by day: what was made of it, then what the archive holds beyond
            day = day_of(at)
            end = min(day_end(day), until_ms)
            made = hours(self._root, self._life, day, "left")
            tables += [_inside(hour.read(), at, end) for hour in made if hour.end > at and hour.end - HOUR_MS < end]
            reach = min(end, max(at, made[-1].end)) if made else at
            if made and reach > at:
                tables.append(self._arrived(at, reach, made[-1]))
            if reach < end:
                tables.append(self._completed(reach, end))
            at = end
        return left(joined(tables))

    def _lines(self, at_ms: int, known: Known, span_ms: int, whole: Collection[str]) -> pa.Table:
        wanted, tables = pa.array(sorted(whole), pa.string()), []
        at = at_ms - span_ms
        while at < at_ms:
            day = day_of(at)
            end = min(day_end(day), at_ms)
            made = hours(self._root, self._life, day, "lines")
            tables += [_inside(hour.read(), at, end) for hour in made if hour.end > at and hour.end - HOUR_MS < end]
            reach = min(end, max(at, made[-1].end)) if made else at
            fresh = [self._arrived(at, reach, made[-1])] if made and reach > at else []
            fresh += [self._completed(reach, end)] if reach < end else []
            for table in fresh:
                mine = pc.is_in(table.column("region").cast(pa.string()), value_set=wanted)
                tables.append(table.filter(pc.and_(mine, pc.equal(table.column("dims").cast(pa.string()), ""))))
            at = end
        words = joined(tables)
        return left(words if known == "now" else words.filter(pc.less_equal(words.column("said"), at_ms)))

    def _completed(
        self, after_ms: int, until_ms: int, arrived_ms: int = -1, behind: tuple[int, int] = (-1, -1)
    ) -> pa.Table:
        parts = in_force(every_part(self._strand("completed").folder(self._root)))
        return joined([
            read_span(part.path, "now", after_ms, until_ms, arrived_ms) for part in parts
            if part.meets(after_ms + 1, until_ms + 1) and order(part.last) > max(behind, (arrived_ms - 1, 2**63))
        ])  # fmt: skip

    def _arrived(self, after_ms: int, until_ms: int, made: Hour) -> pa.Table:
        """Words on windows of a span that came after its file had been made: corrections."""
        last = order(made.last)
        return self._completed(after_ms, until_ms, last[0], last)

    def _told(self, after_ms: int, until_ms: int) -> pa.Table:
        kind = said_in(self._root, self._life, after_ms)
        parts = in_force(every_part(self._strand(kind).folder(self._root)))
        table = joined([read_span(part.path, "then", after_ms, until_ms)
                        for part in told_between(self._life, parts, after_ms, until_ms)])  # fmt: skip
        said = table.column("said").to_numpy()
        sorted_already = bool((said[1:] >= said[:-1]).all())
        return table if sorted_already else table.take(pa.array(np.argsort(said, kind="stable")))

    def _strand(self, kind: str) -> Strand:
        return Strand(self._life, "values" if kind == "values" else "completed")

    def _again(self, read: Callable[[], pa.Table]) -> pa.Table:
        for attempt in range(RETRIES):
            try:
                return read()
            except FileNotFoundError:
                if attempt == RETRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")


def _inside(table: pa.Table, after_ms: int, until_ms: int) -> pa.Table:
    end = table.column("window_end").to_numpy()
    inside = (end > after_ms) & (end <= until_ms)
    return table if inside.all() else table.filter(pa.array(inside))


def _said(path: Path) -> tuple[int, int]:
    """The world's time of the first and the last commit in a part."""
    with pq.ParquetFile(path) as file:
        said = file.read(columns=["world_now"], use_threads=False).column(0).to_numpy()
    return (int(said.min()), int(said.max())) if len(said) else (0, 0)
