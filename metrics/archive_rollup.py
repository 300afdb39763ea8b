"""The roll-ups of complete values: for each series and slot the last value, mean, least, greatest and counts.

1 minute comes from the published values, each longer slot from the next shorter one. What a correction changes is
rolled up again: the hours in which newly archived windows end are computed anew from all their values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]

from metrics import archive_period as periods
from metrics.archive import ROLLUP, Life, Strand, every_part, in_force
from metrics.archive_file import write_bytes, write_slices
from metrics.archive_period import DAY_MS, SLOTS, Period, Piece, Slot, Unit, period_at
from metrics.clock import LOCAL_OFFSET_MS
from metrics.stream import order

VERSION = 1
SETTLED_MS = 3 * DAY_MS  # a period that is over for so long is put into one piece: corrections are rare from then on
CHUNK_ROWS = 2_000_000  # rows in memory while pieces are joined
GROUP_ROWS = 16_384  # a row group ends with an indicator once it has so many rows: a query reads little else
_HOUR_MS = 3_600_000
_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema([
    ("indicator", _TEXT), ("dims", _TEXT), ("region", _TEXT), ("end", pa.int64()), ("value", pa.float64()),
    ("window_end", pa.int64()), ("mean", pa.float64()), ("least", pa.float64()), ("greatest", pa.float64()),
    ("samples", pa.int64()), ("count", pa.int32()), ("quality", _TEXT), ("level", _TEXT), ("version", pa.int32()),
    ("origin", _TEXT),
])  # fmt: skip
"""`end`: the slot's end; `value`: the last one that is not null, of the window that ends at `window_end`; `count`:
windows with a value; `mean`, `least`, `greatest`: over these, null where there is but one; `samples`, `quality`,
`level`, `version`, `origin`: of the last window."""

_KEYS = "indicator, dims, region"
_LAST = ", ".join(f"arg_max({name}, last) AS {name}" for name in ("samples", "quality", "level", "version", "origin"))
_SLOT = f"((last + {LOCAL_OFFSET_MS} - 1) // ? + 1) * ? - {LOCAL_OFFSET_MS}"  # the end of the slot of an instant
INTO_SLOTS = f"""
SELECT {_KEYS}, {_SLOT} AS "end", arg_max(value, last) AS value, max(last) FILTER (value IS NOT NULL) AS window_end,
  CASE WHEN count(value) > 1 THEN avg(value) END AS mean, CASE WHEN count(value) > 1 THEN min(value) END AS least,
  CASE WHEN count(value) > 1 THEN max(value) END AS greatest, {_LAST}, count(value)::INTEGER AS count
FROM newest GROUP BY {_KEYS}, "end" ORDER BY {_KEYS}, "end"
"""  # noqa: S608 - constants
_FROM_VALUES = f"""
WITH newest AS (
  SELECT {_KEYS}, window_end AS last, value, samples, quality, level, version, origin FROM read_parquet(?)
  WHERE window_end > ? AND window_end <= ?
  QUALIFY row_number() OVER (PARTITION BY {_KEYS}, window_end ORDER BY version DESC, revision DESC, _ms DESC, _seq DESC,
    _row DESC) = 1){INTO_SLOTS}"""  # noqa: S608 - constants
_SAID = f"""
CREATE OR REPLACE TEMP TABLE said AS
SELECT {_KEYS}, window_end AS last, value, samples, quality, level, version, origin FROM read_parquet(?)"""  # noqa: S608
_FROM_SAID = f"WITH newest AS (SELECT * FROM said WHERE last > ? AND last <= ?){INTO_SLOTS}"  # noqa: S608 - constants
_FROM_SLOTS = f"""
WITH shorter AS (SELECT * EXCLUDE ("end"), "end" AS last FROM read_parquet(?) WHERE "end" > ? AND "end" <= ?)
SELECT {_KEYS}, {_SLOT} AS "end", arg_max(value, last) AS value, arg_max(window_end, last) AS window_end,
  CASE WHEN sum(count) > 1 THEN sum(coalesce(mean, value) * count) / sum(count) END AS mean,
  CASE WHEN sum(count) > 1 THEN min(coalesce(least, value)) END AS least,
  CASE WHEN sum(count) > 1 THEN max(coalesce(greatest, value)) END AS greatest, {_LAST}, sum(count)::INTEGER AS count
FROM shorter GROUP BY {_KEYS}, "end" ORDER BY {_KEYS}, "end"
"""  # noqa: S608 - constants
_CASCADE: Final[tuple[tuple[str, str, Unit], ...]] = (("1m", "15m", "hour"), ("15m", "1h", "day"), ("1h", "1d", "day"))


class RollUp:
    """The roll-ups of one life. Raises ArchiveNotWritten, duckdb.Error; what was not finished is done the next time."""

    def __init__(self, root: Path, life: Life, connection: duckdb.DuckDBPyConnection) -> None:
        self._root, self._life, self._connection = root, life, connection
        self._position = life.folder(root) / ROLLUP / "position.json"

    def update(self) -> list[str]:
        """Roll up what was archived since the last time; returns the hours that were computed."""
        parts = in_force(every_part(Strand(self._life, "completed").folder(self._root)))
        done = self._done()
        new = [part for part in parts if order(part.last) > order(done)]
        if not new:
            return []
        milliseconds, sequence = order(done)
        ends = self._connection.execute(
            f"SELECT DISTINCT (window_end - 1) // {_HOUR_MS} FROM read_parquet(?) "  # noqa: S608 - a constant
            "WHERE _ms > ? OR (_ms = ? AND _seq > ?) ORDER BY 1",
            [[str(part.path) for part in new], milliseconds, milliseconds, sequence],
        ).fetchall()
        hours = [period_at("hour", (number + 1) * _HOUR_MS) for (number,) in ends]
        for hour in hours:
            inside = [str(part.path) for part in parts if part.meets(hour.begin + 1, hour.end + 1)]
            self._replace(SLOTS["1m"], hour, self._rows(_FROM_VALUES, inside, hour, SLOTS["1m"]))
        for shorter, longer, unit in _CASCADE:
            for name in dict.fromkeys(period_at(unit, hour.end).name for hour in hours):
                self._derive(SLOTS[shorter], SLOTS[longer], name)
        write_bytes(self._position, json.dumps({"v": VERSION, "last": new[-1].last}).encode())
        return [hour.name for hour in hours]

    def begin(self) -> int:
        """Roll up an archive whose values are each said once, and of which nothing was rolled up yet; returns how many
        pieces were made. Long spans become whole pieces at once."""
        parts = in_force(every_part(Strand(self._life, "completed").folder(self._root)))
        if not parts:
            return 0
        made, newest = 0, max(part.last_ms for part in parts)
        oldest = min(part.first_ms for part in parts)
        self._connection.execute(_SAID, [[str(part.path) for part in parts]])
        for slot in SLOTS.values():
            at = oldest if slot.keep_ms is None else max(oldest, newest - slot.keep_ms)
            while at <= newest:
                period = period_at(slot.units[1], at)
                if period.end + SETTLED_MS > newest:  # it is still being written
                    period = period_at(slot.units[0], at)
                parameters = [period.begin, period.end, slot.size_ms, slot.size_ms]
                rows = _shaped(self._connection.sql(_FROM_SAID, params=parameters).to_arrow_table())
                if rows.num_rows:
                    write_slices(self._path(slot, period.name), SCHEMA, list(groups(rows)), _FACTS, row_group=None)
                    made += 1
                at = period.end + 1
        write_bytes(self._position, json.dumps({"v": VERSION, "last": parts[-1].last}).encode())
        return made

    def settle(self) -> int:
        """Join pieces of periods that are over; returns how many pieces were made."""
        made = 0
        for slot in SLOTS.values():
            for unit in slot.units[1:]:
                pieces = periods.in_force(periods.every_piece(self._root, self._life, slot))
                if not pieces:
                    continue
                newest = pieces[-1].period.end
                joined: dict[str, list[Piece]] = {}
                for piece in pieces:
                    whole = period_at(unit, piece.period.end)
                    if whole.holds(piece.period) and whole.end + SETTLED_MS <= newest:
                        joined.setdefault(whole.name, []).append(piece)
                for name, inside in joined.items():
                    rows = self._connection.read_parquet([str(piece.path) for piece in inside])
                    self._write(self._path(slot, name), rows)
                    made += 1
        return made

    # ---- rows of one period ----

    def _derive(self, shorter: Slot, longer: Slot, name: str) -> None:
        period = periods.period_of(name)
        assert period is not None  # noqa: S101 - the name was made by period_at
        pieces = periods.in_force(periods.every_piece(self._root, self._life, shorter))
        inside = [str(piece.path) for piece in pieces if _meet(piece.period, period)]
        self._replace(longer, period, self._rows(_FROM_SLOTS, inside, period, longer))

    def _rows(self, query: str, files: Sequence[str], period: Period, slot: Slot) -> pa.Table:
        parameters = [list(files), period.begin, period.end, slot.size_ms, slot.size_ms]
        table: pa.Table = self._connection.sql(query, params=parameters).to_arrow_table()
        return _shaped(table)

    def _replace(self, slot: Slot, period: Period, table: pa.Table) -> None:
        """Put the rows of a period in place of the ones there are, also inside a settled piece."""
        pieces = periods.every_piece(self._root, self._life, slot)
        whole = next((piece for piece in pieces if piece.period.holds(period)), None)
        if whole is None:
            write_slices(self._path(slot, period.name), SCHEMA, list(groups(table)), _FACTS, row_group=None)
            return
        rows = self._connection.sql(
            'SELECT * FROM read_parquet(?) WHERE "end" <= ? OR "end" > ?',
            params=[str(whole.path), period.begin, period.end],
        )
        self._write(whole.path, rows.union(self._connection.from_arrow(table)))

    def _write(self, path: Path, rows: duckdb.DuckDBPyRelation) -> None:
        write_slices(path, SCHEMA, self._sorted(rows), _FACTS, row_group=None)

    def _sorted(self, rows: duckdb.DuckDBPyRelation) -> Iterator[pa.Table]:
        """Row groups in order, some indicators at a time."""
        names: list[str] = []
        waiting = 0
        counts = rows.aggregate("indicator, count(*) AS rows").order("indicator").fetchall()
        for at, (indicator, count) in enumerate(counts):
            names.append(indicator)
            waiting += count
            if waiting >= CHUNK_ROWS or at == len(counts) - 1:
                chosen = rows.filter(duckdb.ColumnExpression("indicator").isin(*map(duckdb.ConstantExpression, names)))
                yield from groups(_shaped(chosen.order(f'{_KEYS}, "end"').to_arrow_table()))
                names, waiting = [], 0

    def _path(self, slot: Slot, name: str) -> Path:
        return periods.folder(self._root, self._life, slot) / f"{name}.parquet"

    def _done(self) -> str:
        try:
            stored = json.loads(self._position.read_bytes())
        except FileNotFoundError:
            return "0-0"
        return str(stored["last"]) if stored["v"] == VERSION else "0-0"


_FACTS = {"ioc.rollup": str(VERSION)}


def _meet(one: Period, other: Period) -> bool:
    return one.begin < other.end and other.begin < one.end


def _shaped(table: pa.Table) -> pa.Table:
    """Columns in order and types of SCHEMA."""
    columns = []
    for spec in SCHEMA:
        column = table.column(spec.name)
        text = pa.types.is_dictionary(spec.type) and not pa.types.is_dictionary(column.type)
        columns.append(column.cast(pa.string()).dictionary_encode() if text else column.cast(spec.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA).unify_dictionaries()


def groups(table: pa.Table) -> Iterator[pa.Table]:
    """Slices that end where an indicator does, of at least GROUP_ROWS rows but the last."""
    if not table.num_rows:
        return
    codes = table.column("indicator").combine_chunks().indices
    changes = pc.not_equal(codes[1:], codes[:-1])
    ends = [at + 1 for at in pc.indices_nonzero(changes).to_pylist()] + [table.num_rows]
    begin = 0
    for end in ends:
        if end - begin >= GROUP_ROWS or end == table.num_rows:
            yield table.slice(begin, end - begin)
            begin = end
