"""The database of the second program: DuckDB in memory, closed to the outside, with the functions that SQL lacks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from duckdb import func

from metrics.calendar import Calendar
from metrics.formula_syntax import Call, Name, Node, text, walk
from metrics.sql_calendar import after, worked
from metrics.sql_expression import Expression
from metrics.sql_part import Leaf, sql_of
from metrics.sql_steps import quoted
from metrics.sql_wide import evaluate

THREADS: Final = 2  # an evaluation runs beside the live engine
_SPANS: Final = "STRUCT(s BIGINT, e BIGINT)[]"
_TYPES: Final = {"text": "VARCHAR", "bool": "BOOLEAN", "number": "BIGINT", "time": "BIGINT", "duration": "BIGINT"}


class Database:
    """A connection. `calendars` get functions `worked_K`, `after_K`; `suffixes` maps their names to K."""

    def __init__(self, calendars: Mapping[str, Calendar]) -> None:
        spill = str(Path(tempfile.gettempdir()) / f"ioc-sql-{os.getpid()}")  # made when the memory does not suffice
        config: dict[str, Any] = {"threads": THREADS, "enable_external_access": False, "temp_directory": spill}
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("SET python_enable_replacements = false")
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET lock_configuration = true")
        self.suffixes = {name: str(place) for place, name in enumerate(sorted(calendars))}
        self._wide: dict[str, str] = {}
        for name, calendar in calendars.items():
            for kind, function in (("worked", worked), ("after", after)):
                self._connection.create_function(
                    f"{kind}_{self.suffixes[name]}", function(calendar), ["BIGINT", "BIGINT", _SPANS], "BIGINT",
                    type=func.ARROW, null_handling=func.SPECIAL,
                )  # fmt: skip

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self._connection.execute(sql, list(parameters))

    def arrow(self, sql: str) -> pa.Table:
        """The rows of a query."""
        return self._connection.query(sql).to_arrow_table()

    def row(self, sql: str) -> tuple[Any, ...]:
        """The one row of a query."""
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found[0]

    def keep(self, name: str, rows: pa.Table) -> None:
        """Take a table over, under a name; an earlier one of that name is replaced."""
        self._connection.register("_given", rows)
        self._connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM _given")  # noqa: S608  # quoted
        self._connection.unregister("_given")

    def close(self) -> None:
        self._connection.close()

    def by_rows(self, of: Expression, node: Node, scale: int | None) -> str:
        """The SQL of an expression that is evaluated row by row: digits as text at `scale`, else whether it is true."""
        leaves = _leaves(of, node)
        names, fields = list(leaves), []
        for place, leaf in enumerate(leaves.values()):
            fields.append(f"c{place} {'DOUBLE' if leaf.scale is None else _TYPES[leaf.kind]}")
        kinds = [leaf.kind for leaf in leaves.values()]
        units = [Fraction(1, 10 ** (leaf.scale or 0)) if leaf.kind == "number" else 1 for leaf in leaves.values()]
        key = f"{text(node)} {scale} {fields} {units}"
        if key not in self._wide:

            def function(cells: dict[str, Any]) -> Any:
                row = {}
                for name, cell, kind, unit in zip(names, list(cells.values())[1:], kinds, units, strict=True):
                    row[name] = cell if cell is None or kind in ("text", "bool") else Fraction(cell) * unit
                found = evaluate(node, row)
                return found if scale is None or not isinstance(found, Fraction) else str(round(found * 10**scale))

            self._wide[key] = name = f"wide_{len(self._wide) + 1}"
            self._connection.create_function(
                name, function, [f"STRUCT({', '.join(['row BIGINT', *fields])})"],
                "BOOLEAN" if scale is None else "VARCHAR", null_handling=func.SPECIAL,
            )  # fmt: skip
        given = [f"c{place} := {leaf.sql}" for place, leaf in enumerate(leaves.values())]
        return f"{self._wide[key]}(struct_pack({', '.join(['row := 0::BIGINT', *given])}))"


def _leaves(of: Expression, node: Node) -> dict[str, Leaf]:
    """What a row must bring: its columns, the end of the window, and calls that only the database can compute."""
    found: dict[str, Leaf] = {}
    for part in walk(node):
        if isinstance(part, Name):
            if of.scope[part.id].kind != "intervals":  # those are arguments of worked() and after() only
                found[part.id] = of.scope[part.id]
        elif isinstance(part, Call) and part.function in ("now", "worked", "after"):
            kind: Any = "duration" if part.function == "worked" else "time"
            found[text(part)] = Leaf(kind, sql_of(of.part(part)))
    return found
