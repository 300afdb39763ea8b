"""A copy of the database: each table as lines of JSON, of one moment; put into an empty database of either kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Connection, MetaData, Table, delete, func, insert, select, text, update

from ioc.store import schema
from ioc.store.unit import Store

AT_ONCE: Final = 2_000  # rows
VERSIONS: Final = "alembic_version"
HEAD: Final = "audit_head"  # one row that the migration makes and nothing may delete
_PLAIN: Final = (str, int, float, bool, type(None))


class NotEmpty(RuntimeError):
    """The database holds something already: nothing is put over it."""


@dataclass(frozen=True, slots=True)
class Copied:
    """The revision of a copy, and how many rows of each table it holds."""

    revision: str
    rows: Mapping[str, int]


def take(store: Store, folder: Path) -> Copied:
    """Write `TABLE.jsonl.gz` of every table into a folder. Writers go on meanwhile; they are not in it."""
    engine = store.engine if store.sqlite else store.engine.execution_options(isolation_level="REPEATABLE READ")
    rows: dict[str, int] = {}
    with engine.execution_options(ioc_read=True).connect() as connection, connection.begin():
        revision = str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")
        for table in _tables(connection):
            order = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=AT_ONCE)
            with gzip.open(folder / f"{table.name}.jsonl.gz", "wt", encoding="utf-8", compresslevel=6) as lines:
                count = 0
                for row in connection.execute(order):
                    lines.write(_line(table, tuple(row)))
                    count += 1
            rows[table.name] = count
    return Copied(revision, rows)


def put(store: Store, folder: Path, copied: Copied) -> None:
    """Bring an empty database to the revision of the copy, put its rows in, and bring it on to this program's.

    Raises NotEmpty, schema.UnknownSchema (another program's copy), ValueError (a table or row that does not fit).
    """
    if schema.revision(store) is not None:
        raise NotEmpty("数据库不是空的 the database is not empty")
    schema.upgrade(store, to=copied.revision)
    with store.engine.begin() as connection:
        tables = {table.name: table for table in _tables(connection)}
        if different := sorted(tables.keys() ^ copied.rows.keys()):
            raise ValueError(f"表不一致 these tables do not fit revision {copied.revision}: {', '.join(different)}")
        for table in reversed(tables.values()):
            if table.name != HEAD:  # what migrations put in is in the copy, as it was then
                connection.execute(delete(table))
        for name, table in tables.items():
            count = 0
            for rows in _batches(folder / f"{name}.jsonl.gz", table):
                connection.execute(update(table) if name == HEAD else insert(table), rows[0] if name == HEAD else rows)
                count += len(rows)
            if count != copied.rows[name]:
                raise ValueError(f"{name}: {count} 行 rows, {copied.rows[name]} 应有 expected")
            _number_on(connection, table)
    schema.upgrade(store)


def counts(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    with store.read() as unit:
        return {
            table.name: int(unit.scalar(text(f"SELECT count(*) FROM {table.name}")) or 0)  # noqa: S608 - names of our own tables
            for table in _tables(unit.connection())
        }


def _number_on(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers rows by a counter of its own, which goes on behind those that were put in."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        names = {"table": table.name, "column": column.name}
        counter = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), names)
        if counter:
            newest = connection.scalar(select(func.max(column)))
            connection.execute(
                text("SELECT setval(:counter, :newest, :used)"),
                {"counter": counter, "newest": newest or 1, "used": newest is not None},
            )


def _tables(connection: Connection) -> list[Table]:
    """All of the product's, each behind those it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSIONS]


def _line(table: Table, row: tuple[Any, ...]) -> str:
    for column, value in zip(table.columns, row, strict=True):
        if not isinstance(value, _PLAIN):
            raise TypeError(f"{table.name}.{column.name}: {type(value).__name__}")
    return json.dumps(dict(zip(table.columns.keys(), row, strict=True)), ensure_ascii=False) + "\n"


def _batches(path: Path, table: Table) -> Iterator[list[dict[str, Any]]]:
    names = set(table.columns.keys())
    booleans = [column.name for column in table.columns if isinstance(column.type, Boolean)]
    batch: list[dict[str, Any]] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = json.loads(line)
            if not isinstance(row, dict) or row.keys() != names:
                raise ValueError(f"{table.name}: 第 {number} 行的列不对 row {number} has other columns")
            batch.append(row | {name: bool(row[name]) for name in booleans if row[name] is not None})
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch
