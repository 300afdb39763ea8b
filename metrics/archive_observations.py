"""Archived observations as a relation for SQL: the rows of a source by event time or by positions in its stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Part, Strand, every_part, in_force, shards
from metrics.archive_rows import SCALE
from metrics.stream import order

Span = tuple[str, str]  # ids of entries: (first, last], the first one excluded
EVER: Span = ("0-0", f"{2**63 - 1}-{2**63 - 1}")
_BASE = "0::INTEGER AS _shard, 0::BIGINT AS _ms, 0::BIGINT AS _seq, 0::INTEGER AS _row, 0::BIGINT AS t, '' AS k"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of one source of one life: event time in [from, until) and, of each shard named, entries in `(first, last]`
    (`positions` None: all entries of all shards; a shard that is not named: none)."""

    life: Life
    source: str
    from_ms: int = -(2**62)
    until_ms: int = 2**62
    positions: Mapping[int, Span] | None = None


def relation(connection: duckdb.DuckDBPyConnection, root: Path, wanted: Wanted) -> duckdb.DuckDBPyRelation:
    """The rows as columns `_shard, _ms, _seq, _row, t, k` and the declared fields; nothing is read before it is used.

    Whole numbers of decimals are value * 10**scale, with the greatest scale of the parts (`scales`). Rows that the
    engine refused as too far ahead of the clock are left out; late ones and duplicates are not. No order is promised.
    """
    parts = _parts(root, wanted)
    if not parts:
        return connection.sql(f"SELECT {_BASE} WHERE false")
    greatest = scales(root, wanted)
    out = refused(root, wanted.life, wanted.source)
    selects: list[str] = []
    parameters: list[Any] = []
    for shard, span, form in parts:
        schema = pq.read_schema(form[0].path)
        columns = ", ".join(["?::INTEGER AS _shard", *(_column(one, greatest) for one in schema)])
        (first_ms, first_seq), (last_ms, last_seq) = order(span[0]), order(span[1])
        selects.append(
            f"SELECT {columns} FROM read_parquet(?) WHERE t >= ? AND t < ?"  # noqa: S608 - names are quoted
            " AND (_ms > ? OR (_ms = ? AND _seq > ?)) AND (_ms < ? OR (_ms = ? AND _seq <= ?))"
        )
        parameters += [shard, [str(part.path) for part in form], wanted.from_ms, wanted.until_ms]
        parameters += [first_ms, first_ms, first_seq, last_ms, last_ms, last_seq]
    union = " UNION ALL BY NAME ".join(selects)
    if out:
        places = ", ".join(["(?, ?, ?, ?)"] * len(out))
        union = f"SELECT * FROM ({union}) WHERE (_shard, _ms, _seq, _row) NOT IN (VALUES {places})"  # noqa: S608
        parameters += [cell for place in out for cell in place]
    return connection.sql(union, params=parameters)


def rows(root: Path, wanted: Wanted) -> pa.Table:
    """The same rows in the order of shards and positions, read."""
    with duckdb.connect() as connection:
        found = relation(connection, root, wanted).order("_shard, _ms, _seq, _row")
        table: pa.Table = found.to_arrow_table()
        return table


def scales(root: Path, wanted: Wanted) -> dict[str, int]:
    """The scale of each decimal field in `relation`."""
    found: dict[str, int] = {}
    for _, _, form in _parts(root, wanted):
        for one in pq.read_schema(form[0].path):
            if one.metadata and SCALE in one.metadata:
                found[one.name] = max(found.get(one.name, 0), int(one.metadata[SCALE]))
    return found


def _parts(root: Path, wanted: Wanted) -> list[tuple[int, Span, Sequence[Part]]]:
    """Shard, its span, and parts of one form that may hold wanted rows."""
    found: list[tuple[int, Span, Sequence[Part]]] = []
    for strand in shards(root, wanted.life, wanted.source):
        span = EVER if wanted.positions is None else wanted.positions.get(strand.shard)
        if span is None:
            continue
        forms: dict[str, list[Part]] = {}
        for part in in_force(every_part(strand.folder(root))):
            beyond = order(part.last) <= order(span[0]) or order(part.after) >= order(span[1])
            if not beyond and part.meets(wanted.from_ms, wanted.until_ms):
                forms.setdefault(part.form, []).append(part)
        found += [(strand.shard, span, form) for form in forms.values()]
    return found


def _column(one: pa.Field, greatest: Mapping[str, int]) -> str:
    name: str = '"' + one.name.replace('"', '""') + '"'
    if not one.metadata or SCALE not in one.metadata:
        return name
    factor = 10 ** (greatest[one.name] - int(one.metadata[SCALE]))
    return name if factor == 1 else f"{name} * {factor} AS {name}"


def refused(root: Path, life: Life, source: str) -> list[tuple[int, int, int, int]]:
    """Places (shard, ms, seq, row) of the rows of a source that the engine refused by the rule `future`; the archive
    took them in."""
    letters = in_force(every_part(Strand(life, "dead").folder(root)))
    if not letters:
        return []
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT shard, entry, row FROM read_parquet(?) WHERE source = ? AND rule = 'future'",
            [[str(part.path) for part in letters], source],
        ).fetchall()
    return [(shard, *order(entry), row) for shard, entry, row in found]
