"""A wide table of series; a wrong cell is named by row, column and rule."""

from __future__ import annotations

import numpy as np
import pytest

from ioc.sources.table import Table, TableError, read


def table(*lines: str, missing: tuple[str, ...] = ()) -> Table:
    return read([line + "\n" for line in lines], missing)


def fault(*lines: str) -> tuple[int, str, str]:
    with pytest.raises(TableError) as caught:
        table(*lines)
    return caught.value.row, caught.value.column, caught.value.rule


def test_times_with_slashes_are_of_shanghai() -> None:
    assert table("date,a", "1/1/2015 0:00,1", "12/31/2015 23:45:30,2").times.tolist() == [
        1_420_041_600_000,
        1_451_576_730_000,
    ]
    assert table("time,a", "2022/9/1 0:00,1").times.tolist() == [1_661_961_600_000]


def test_times_of_iso_may_have_an_offset() -> None:
    found = table("t,a", "2015-01-01 00:00:00,1", "2015-01-01T00:15,2", "2014-12-31T16:30:00Z,3").times
    assert found.tolist() == [1_420_041_600_000, 1_420_042_500_000, 1_420_043_400_000]


def test_missing_is_compared_as_a_number_or_as_a_word() -> None:
    found = table("t,a,b", "2015-01-01,0.0,0.5", "2015-01-02,,nan", "2015-01-03,-,-3e1", missing=("0", "-"))
    assert np.isnan(found.values).tolist() == [[True, False], [True, True], [True, False]]
    assert found.values[2, 1] == -30


def test_without_missing_zero_is_a_value() -> None:
    assert table("t,a", "2015-01-01,0").values.tolist() == [[0.0]]


def test_a_byte_order_mark_and_empty_lines_are_nothing() -> None:
    found = read(["﻿t,a\n", "\n", "2015-01-01,1\n", "\n"])
    assert found.series == ("a",)
    assert len(found.times) == 1


def test_a_wrong_cell_is_named() -> None:
    assert fault("t,a,b", "2015-01-01,1,2", "2015-01-02,1,fast") == (3, "b", "number")
    assert fault("t,a", "2015-01-01,1e999") == (2, "a", "number")
    assert fault("t,a", "2015-01-01,1_000") == (2, "a", "number")
    assert fault("t,a", "13/1/2015 0:00,1") == (2, "t", "time")
    assert fault("t,a", "2015-02-30,1") == (2, "t", "time")
    assert fault("t,a", "20150101,1") == (2, "t", "time")


def test_rows_must_follow_one_another() -> None:
    assert fault("t,a", "2015-01-02,1", "2015-01-01,1") == (3, "t", "order")
    assert fault("t,a", "2015-01-02,1", "2015-01-02,1") == (3, "t", "order")


def test_rows_must_be_as_wide_as_the_header() -> None:
    assert fault("t,a,b", "2015-01-01,1") == (2, "b", "columns")
    assert fault("t,a", "2015-01-01,1,2") == (2, "a", "columns")


def test_a_table_has_a_header_columns_with_names_and_rows() -> None:
    assert fault() == (1, "", "empty")
    assert fault("t,a") == (2, "t", "empty")
    assert fault("t", "2015-01-01") == (1, "t", "header")
    assert fault("t,a,a", "2015-01-01,1,2") == (1, "a", "header")
    assert fault("t,,a", "2015-01-01,1,2") == (1, "#2", "header")
