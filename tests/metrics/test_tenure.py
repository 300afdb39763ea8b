"""Tenures: a row stands from when it appears until a higher one does."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from metrics.tenure import FOREVER, tenured


def tenures(*rows: tuple[str, int, int], by: str = "t") -> list[tuple[str, int, int, int]]:
    """(entity, time, from, until) of rows (entity, arrival, time), each an entry of its own."""
    count = len(rows)
    names, arrivals, times = zip(*rows, strict=True) if rows else ((), (), ())
    table = pa.table({
        "k": pa.array(names, pa.string()).dictionary_encode(), "_ms": pa.array(arrivals, pa.int64()),
        "_seq": pa.array(np.zeros(count, np.int64)), "_row": pa.array(np.zeros(count, np.int32)),
        "t": pa.array(times, pa.int64()), "from": pa.nulls(count, pa.int64()), "until": pa.nulls(count, pa.int64()),
    })  # fmt: skip
    found = tenured(table, table.column(by).to_numpy())
    columns = (found.column(name).to_pylist() for name in ("k", "t", "from", "until"))
    return list(zip(*columns, strict=True))


def test_by_time_each_row_stands_until_the_next_one_of_its_entity() -> None:
    assert tenures(("a", 1, 10), ("b", 2, 20), ("a", 3, 30)) == [
        ("a", 10, 10, 30), ("b", 20, 20, FOREVER), ("a", 30, 30, FOREVER),
    ]  # fmt: skip


def test_by_arrival_a_row_that_is_older_than_what_stands_never_stands() -> None:
    assert tenures(("a", 1, 30), ("a", 2, 10), ("a", 3, 40), by="_ms") == [("a", 30, 1, 3), ("a", 40, 3, FOREVER)]


def test_by_time_what_arrived_late_takes_its_place_between_the_others() -> None:
    assert tenures(("a", 1, 30), ("a", 2, 10)) == [("a", 10, 10, 30), ("a", 30, 30, FOREVER)]


def test_of_equal_times_the_later_arrival_stands_and_the_earlier_one_at_no_instant() -> None:
    assert tenures(("a", 7, 10), ("a", 5, 10)) == [("a", 10, 10, FOREVER)]
    assert tenures(("a", 5, 10), ("a", 7, 10), by="_ms") == [("a", 10, 5, 7), ("a", 10, 7, FOREVER)]


def test_no_rows_are_no_tenures() -> None:
    assert tenures() == []
