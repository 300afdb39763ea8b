"""The history of indicators: roll-ups over any span, and every value as it was published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]

from metrics import archive_period as periods
from metrics.archive import Life, Strand, day_of, every_part, in_force
from metrics.archive_period import SLOTS, Piece, Slot
from metrics.archive_piece import PieceReader, by_region
from metrics.archive_rollup import INTO_SLOTS, SCHEMA
from metrics.archive_rows import VALUES
from metrics.archive_standing import DAY_MS, STANDING

MOST_POINTS = 1_500  # of one series that a screen can show: the finest roll-up with no more is the fitting one
RETRIES = 3  # a file that was merged or replaced between listing and reading: list again
SPREAD: Final = ("mean", "least", "greatest")
BRIEF: Final = ("region", "end", "value", "quality", "level", "version")
COLUMNS: Final = (
    "region", "end", "value", "mean", "least", "greatest", "samples", "count", "quality", "level", "version", "origin",
)  # fmt: skip


_AS_TOLD: Final = f"""
WITH newest AS (
  SELECT DISTINCT ON (region, window_end) indicator, dims, region, window_end AS last, value, samples, quality, level,
    version, origin
  FROM read_parquet(?)
  WHERE indicator = ? AND dims = '' AND window_end > ? AND window_end <= ? AND said <= ?
  ORDER BY region, window_end, version DESC, revision DESC, said DESC
)
{INTO_SLOTS}"""  # noqa: S608 - constants
_GROUPS: Final = """
SELECT dims, "end", value, window_end, samples, quality, level, version, origin
FROM read_parquet(?)
WHERE indicator = ? AND region = ? AND "end" > ? AND "end" <= ?
QUALIFY "end" = max("end") OVER ()
ORDER BY dims"""


class ArchiveHistory:
    """Reads the archive below a folder; one for each thread. Nothing is locked: files appear whole and stay a while.

    Raises OSError, pa.ArrowException or duckdb.Error when a file is damaged or the disk fails.
    """

    def __init__(self, root: Path, threads: int = 1) -> None:
        self._root = root
        self._connection = duckdb.connect(config={"threads": threads})
        self._reader = PieceReader()

    def close(self) -> None:
        self._connection.close()

    def series(
        self,
        life: Life,
        indicator: str,
        from_ms: int,
        until_ms: int,
        *,
        dims: str = "",
        regions: Sequence[str] | None = None,
        slot: str | None = None,
        columns: Sequence[str] = BRIEF,
    ) -> pa.Table:
        """An indicator by region: slots that end in (from, until], by region and end; `columns` of COLUMNS.

        `dims`: `name=value,...` as in the series id; `regions` None: all; `slot` None: the fitting roll-up. `value` is
        the last complete value in the slot (its own window may be longer than the slot), null where there was none;
        `mean`, `least` and `greatest` are over the `count` windows of the slot. The last minute may be missing: it is
        rolled up within about one.
        """
        chosen = self.fitting(life, from_ms, until_ms) if slot is None else SLOTS[slot]
        spread = [name for name in columns if name in SPREAD]
        needed = list(dict.fromkeys(["region", "end", *columns, *(["value"] if spread else [])]))

        def read(piece: Piece) -> pa.Table:
            table = self._reader.read(piece.path, indicator, dims, needed)
            if piece.period.begin < from_ms or piece.period.end > until_ms:
                ends = table.column("end").to_numpy()
                table = table.filter(pa.array((ends > from_ms) & (ends <= until_ms)))
            return table if regions is None else _only(table, regions)

        for attempt in range(RETRIES):
            pieces = periods.in_force(periods.every_piece(self._root, life, chosen))
            inside = [one for one in pieces if one.period.begin < until_ms and one.period.end > from_ms]
            try:
                table = by_region([SCHEMA.empty_table().select(needed), *map(read, inside)])
                break
            except FileNotFoundError:  # it was joined with others between listing and reading
                if attempt == RETRIES - 1:
                    raise
        for name in spread:
            filled = pc.coalesce(table.column(name), table.column("value"))
            table = table.set_column(table.schema.get_field_index(name), name, filled)
        return table.select(list(columns))

    def groups(self, life: Life, indicator: str, region: str, from_ms: int, until_ms: int, *, slot: str) -> pa.Table:
        """The groups into which an indicator is split in a region, and the whole, in the newest slot that ends in
        (from, until]: `dims` (`name=value,...`, empty: the whole), `end`, and as of `series` `value`, `window_end`,
        `samples`, `quality`, `level`, `version`, `origin`; by `dims`. A group that held no row then is not there."""

        def files() -> list[str]:
            pieces = periods.in_force(periods.every_piece(self._root, life, SLOTS[slot]))
            return [str(one.path) for one in pieces if one.period.begin < until_ms and one.period.end > from_ms]

        names = ("dims", "end", "value", "window_end", "samples", "quality", "level", "version", "origin")
        nothing = pa.schema([SCHEMA.field(name) for name in names]).empty_table()
        return self._read(files, _GROUPS, [indicator, region, from_ms, until_ms], nothing)

    def told(  # noqa: PLR0917 - as `series`
        self, life: Life, indicator: str, from_ms: int, until_ms: int, slot: str, said_ms: int,
        regions: Sequence[str] | None = None, columns: Sequence[str] = BRIEF,
    ) -> pa.Table:  # fmt: skip
        """The same of whole regions, not split, as it had been told by an instant of the world's time; what had not
        been told then is not there."""

        def files() -> list[str]:
            days = {day_of(at) for at in range(from_ms + 1, until_ms + 1, DAY_MS)} | {day_of(until_ms)}
            paths = (life.folder(self._root) / STANDING / f"{day}.lines.parquet" for day in sorted(days))
            return [str(path) for path in paths if path.exists()]

        size = SLOTS[slot].size_ms
        parameters = [indicator, from_ms, until_ms, said_ms, size, size]
        table = self._read(files, _AS_TOLD, parameters, SCHEMA.empty_table())
        table = table.cast(pa.schema([SCHEMA.field(name) for name in table.column_names]))
        for name in SPREAD:
            filled = pc.coalesce(table.column(name), table.column("value"))
            table = table.set_column(table.schema.get_field_index(name), name, filled)
        return (table if regions is None else _only(table, regions)).select(list(columns))

    def fitting(self, life: Life, from_ms: int, until_ms: int) -> Slot:
        """The finest roll-up that reaches back to `from` with at most MOST_POINTS slots in the span (or the last)."""
        last = None
        for slot in SLOTS.values():
            last = slot
            if (until_ms - from_ms) / slot.size_ms > MOST_POINTS:
                continue
            pieces = periods.every_piece(self._root, life, slot)
            kept_from = pieces[-1].period.end - slot.keep_ms if pieces and slot.keep_ms is not None else None
            if pieces and (kept_from is None or from_ms >= kept_from):
                return slot
        assert last is not None  # noqa: S101 - there are roll-ups
        return last

    def published(
        self,
        life: Life,
        indicator: str,
        region: str,
        window_end: int,
        *,
        dims: str = "",
        revision: int | None = None,
        complete: bool = False,
    ) -> pa.Table:
        """Every value of a series and window as it was published, in that order; columns as `archive_rows.VALUES`.

        `complete`: only those that were published as complete (kept longer); else provisional ones too.
        """
        strand = Strand(life, "completed" if complete else "values")
        query = (
            "SELECT * FROM read_parquet(?, union_by_name = true)"
            " WHERE indicator = ? AND region = ? AND dims = ? AND window_end = ?"
        )
        parameters: list[Any] = [indicator, region, dims, window_end]
        if revision is not None:
            query += " AND revision = ?"
            parameters.append(revision)
        query += " ORDER BY _ms, _seq, _row"

        def files() -> list[str]:
            parts = in_force(every_part(strand.folder(self._root)))
            return [str(part.path) for part in parts if part.meets(window_end, window_end + 1)]

        return self._read(files, query, parameters, VALUES.empty_table())

    def _read(self, files: Any, query: str, parameters: Sequence[Any], nothing: pa.Table) -> pa.Table:
        for attempt in range(RETRIES):
            named = files()
            if not named:
                return nothing
            try:
                table: pa.Table = self._connection.sql(query, params=[named, *parameters]).to_arrow_table()
                return table
            except duckdb.IOException:
                if attempt == RETRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")


def _only(table: pa.Table, regions: Sequence[str]) -> pa.Table:
    wanted = pa.array(list(regions), pa.string())
    masks = [
        pc.take(pc.is_in(part.dictionary, value_set=wanted), part.indices) for part in table.column("region").chunks
    ]
    return table.filter(pa.chunked_array(masks, pa.bool_()))
