"""Expressions as SQL equal expressions row by row: exact numbers, three-valued logic, and DOUBLE for second steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from metrics.calendar import Calendar
from metrics.formula import Node, parse
from metrics.sql_database import Database
from metrics.sql_expression import Expression
from metrics.sql_function import FUNCTIONS
from metrics.sql_number import Term
from metrics.sql_part import Leaf
from metrics.sql_steps import Steps
from tests.metrics.formula_reference import value
from tests.metrics.formula_trees import SCALES, SCOPE, TREES, rows

HOUR = 3_600_000
LONG = 10**13
OFFICE = {"week": {"mon": ["09:00-12:00", "14:00-18:00"], "tue": ["09:00-12:00", "14:00-18:00"]}}
MONDAY = 1_717_344_000_000  # 2024-06-03T00:00+08:00
TYPES = {"number": pa.int64(), "time": pa.int64(), "text": pa.string(), "bool": pa.bool_()}
SPANS = pa.list_(pa.struct([("s", pa.int64()), ("e", pa.int64())]))
LEAVES = {
    name: Leaf(kind.kind, name, SCALES.get(name, 0), *((-20_000, 20_000) if kind.kind == "number" else (-LONG, LONG)))
    for name, kind in SCOPE.items()
}


@pytest.fixture(scope="module")
def database() -> Any:
    found = Database({"office": Calendar.read(OFFICE, "office"), "always": Calendar.always()})
    yield found
    found.close()


def table(given_rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = {"_row": pa.array(range(len(given_rows)))}
    for name, kind in SCOPE.items():
        cells = [row[name] for row in given_rows]
        if kind.kind in ("number", "time"):
            cells = [None if cell is None else int(cell * 10 ** SCALES.get(name, 0)) for cell in cells]
        columns[name] = pa.array(cells, TYPES[kind.kind])
    return pa.table(columns)


def answers(
    database: Database, node: Node, given_rows: pa.Table, *, scale: int | None = None, exact: bool = True, leaves=LEAVES
) -> list[Any]:
    """Numbers at `scale`, doubles if not exact, else truth values."""
    database.keep("given", given_rows)
    steps = Steps()
    of = Expression(
        leaves, steps, FUNCTIONS, is_exact=exact, now=Term(f"{MONDAY}::BIGINT", MONDAY, MONDAY),
        calendars=database.suffixes, wide=database.by_rows,
    )  # fmt: skip
    plain = of.truth(node) if exact and scale is None else of.double(node) if scale is None else ""
    sql = plain or of.number(node, scale).sql
    found = database.arrow(f"SELECT {sql} AS x FROM {steps.over('given')} ORDER BY _row")  # noqa: S608
    return found["x"].to_pylist()


def one(database: Database, source: str, scale: int = 0, **fields: Any) -> Any:
    columns = {"_row": pa.array([0])}
    leaves: dict[str, Leaf] = {}
    for name, cell in fields.items():
        if isinstance(cell, list):
            columns[name], leaves[name] = pa.array([cell], SPANS), Leaf("intervals", name)
        elif isinstance(cell, str):
            columns[name], leaves[name] = pa.array([cell]), Leaf("text", name)
        elif name.startswith("n"):
            columns[name], leaves[name] = pa.array([cell], pa.int64()), Leaf("number", name)
        else:
            columns[name], leaves[name] = pa.array([cell], pa.int64()), Leaf("time", name)
    return answers(database, parse(source), pa.table(columns), scale=scale, leaves=leaves)[0]


@settings(max_examples=250, deadline=None)
@given(TREES["number"], rows)
def test_numbers_are_exact_and_rounded_half_to_even(database: Database, tree: Node, some: list[dict[str, Any]]) -> None:
    found = answers(database, tree, table(some), scale=4)
    wanted = [value(tree, row) for row in some]
    assert [None if cell is None else int(cell) for cell in found] == [
        None if cell is None else round(Fraction(cell) * 10**4) for cell in wanted
    ]


@settings(max_examples=250, deadline=None)
@given(TREES["bool"], rows)
def test_conditions_have_three_values(database: Database, tree: Node, some: list[dict[str, Any]]) -> None:
    assert answers(database, tree, table(some)) == [value(tree, row) for row in some]


@settings(max_examples=250, deadline=None)
@given(TREES["number"], rows)
def test_second_steps_reckon_in_float64(database: Database, tree: Node, some: list[dict[str, Any]]) -> None:
    floats = [
        {name: float(cell) if SCOPE[name].kind == "number" and cell is not None else cell for name, cell in row.items()}
        for row in some
    ]
    found = answers(database, tree, table(some), exact=False)
    for cell, row in zip(found, floats, strict=True):
        wanted = value(tree, row, float)
        assert (cell is None) == (wanted is None)
        assert cell is None or np.isclose(cell, float(wanted), rtol=1e-9, atol=1e-12)


def test_a_product_beyond_128_bits_is_still_compared_exactly(database: Database) -> None:
    big = 9_223_372_036_854_775_807
    assert one(database, "if(n1 * n1 * n2 = n1 * n2 * n1, 1, 0)", n1=big, n2=big) == 1
    assert one(database, "if(n1 * n1 * n2 < n1 * n1 * n2 + 1, 1, 0)", n1=big, n2=big) == 1


def test_a_quotient_of_the_smallest_part_is_rounded_half_to_even(database: Database) -> None:
    assert one(database, "n1 / 8", 2, n1=1) == 12
    assert one(database, "n1 / 8", 2, n1=3) == 38
    assert one(database, "-n1 / 8", 2, n1=1) == -12


def test_worked_leaves_out_closed_hours_and_holds(database: Database) -> None:
    hold = [{"s": MONDAY + 11 * HOUR, "e": MONDAY + 15 * HOUR}]
    assert one(database, "hours(worked(a, b, 'office', h))", a=MONDAY, b=MONDAY + 24 * HOUR, h=hold) == 5
    assert one(database, "hours(worked(a, b, 'office'))", a=MONDAY, b=MONDAY + 24 * HOUR) == 7
    assert one(database, "hours(worked(a, b, 'always', h))", a=MONDAY, b=MONDAY + 24 * HOUR, h=hold) == 20
    assert one(database, "worked(a, b, 'office')", a=MONDAY + 5 * HOUR, b=MONDAY) == 0
    assert one(database, "worked(a, b, 'office')", a=None, b=MONDAY) is None


def test_after_finds_the_first_instant_and_none_while_a_hold_is_open(database: Database) -> None:
    start = MONDAY + 10 * HOUR
    closed = [{"s": MONDAY + 11 * HOUR, "e": MONDAY + 15 * HOUR}]
    held = [{"s": MONDAY + 11 * HOUR, "e": None}]
    assert one(database, "after(a, 2h, 'office')", a=start) == MONDAY + 12 * HOUR
    assert one(database, "after(a, 2h, 'office', h)", a=start, h=closed) == MONDAY + 16 * HOUR
    assert one(database, "after(a, 2h, 'office', h)", a=start, h=held) is None
    assert one(database, "after(a, 1h, 'office', h)", a=start, h=held) == MONDAY + 11 * HOUR
    assert one(database, "after(a, 35h, 'office')", a=start) == MONDAY + 14 * 24 * HOUR + 24 * HOUR + 10 * HOUR
    assert one(database, "after(a, 0h, 'office')", a=MONDAY + 5) == MONDAY + 5


def test_the_clock_of_a_time_is_the_local_one(database: Database) -> None:
    assert one(database, "hour(a) * 100 + minute(a)", a=MONDAY + 9 * HOUR + 59_999) == 900
    assert one(database, "weekday(a)", a=MONDAY) == 1
    assert one(database, "weekday(a)", a=MONDAY - 1) == 7
    assert one(database, "day(a) + month(a) * 100 + year(a) * 10000", a=MONDAY) == 20_240_603


def test_texts_are_compared_by_code_points_and_quotes_stay_text(database: Database) -> None:
    assert one(database, "if(s = 'it''s', 1, 0)", s="it's") == 1
    assert one(database, "if(s > 'é', 1, 0)", s="主") == 1
    assert one(database, "if('Z' < s, 1, 0)", s="a") == 1


def test_now_is_the_end_of_the_window(database: Database) -> None:
    assert one(database, "minutes(now() - a)", a=MONDAY - 90_000, scale=1) == 15
