"""Ready statements are part of their unit: they see what it wrote, fall with it, fail as others do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from ioc.store.ready import Ready, together
from ioc.store.tables import PersonRow
from ioc.store.unit import Store

TABLE = PersonRow.__table__
NAMES = Ready(select(TABLE.c.name).order_by(TABLE.c.id))
CHANGING = Ready(select(TABLE.c.name, TABLE.c.must_change).order_by(TABLE.c.id))
ADD = Ready(insert(TABLE), "id", "name", "title", "created_ms", "regions", "must_change")  # type: ignore[arg-type]
RENAME = Ready(update(TABLE).where(TABLE.c.id == bindparam("of")).values(name=bindparam("name")))  # type: ignore[arg-type]


def person(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:032d}", "name": f"p{number}", "title": "", "created_ms": 0, "regions": "",
        "must_change": number == 1,
    }  # fmt: skip


def names(store: Store) -> list[str]:
    with store.read() as unit:
        return [str(name) for (name,) in NAMES.rows(unit, {})]


def test_a_ready_statement_sees_what_its_unit_has_not_written_yet(store: Store):
    with store.write() as unit:
        unit.add(PersonRow(**person(1)))
        assert NAMES.rows(unit, {}) == [("p1",)]


def test_what_a_unit_that_failed_ran_leaves_no_trace(store: Store):
    with store.write() as unit:
        ADD.run(unit, person(1), person(2))
        unit.rollback()
    assert names(store) == []


def test_rows_that_run_together_are_all_there(store: Store):
    with store.write() as unit, together(unit):
        ADD.run(unit, person(1))
        with together(unit):
            ADD.run(unit, person(2), person(3))
        assert NAMES.rows(unit, {}) == [("p1",), ("p2",), ("p3",)]
        RENAME.run(unit, {"of": f"{2:032d}", "name": "q"})
    assert names(store) == ["p1", "q", "p3"]


def test_a_breach_is_an_error_of_the_store_and_nothing_of_the_unit_holds(store: Store):
    def breach() -> None:
        with store.write() as unit:
            ADD.run(unit, person(1))
            ADD.run(unit, person(1))

    with pytest.raises(IntegrityError):
        breach()
    assert names(store) == []


def test_a_breach_among_what_runs_together_is_an_error_of_the_store_too(store: Store):
    def breach() -> None:
        with store.write() as unit, together(unit):
            ADD.run(unit, person(1))
            ADD.run(unit, person(1))

    with pytest.raises(IntegrityError):
        breach()
    assert names(store) == []


def test_what_is_true_or_false_comes_as_that_from_each_database(store: Store):
    with store.write() as unit:
        ADD.run(unit, person(1), person(2))
        assert [(name, must is True, must is False) for name, must in CHANGING.rows(unit, {})] == [
            ("p1", True, False),
            ("p2", False, True),
        ]
