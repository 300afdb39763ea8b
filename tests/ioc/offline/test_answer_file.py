"""The file of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ioc.offline.answer_file import Row, number_text, time_text, write

NINE = 1_717_203_600_000  # 2024-06-01T09:00+08:00


def test_rows_are_sorted_by_indicator_end_and_group_and_nulls_are_empty(tmp_path: Path) -> None:
    rows = [
        Row("G6", NINE, ("é",), 1, NINE - 1, 0.1, "complete", 3),
        Row("G6", NINE, ("z",), 1, None, None, "no_data", 0),
        Row("G10", NINE + 1, ("",), 2, NINE, 3.0, "stale", 1),
    ]
    write(tmp_path / "out.csv", ["org"], rows)
    assert (tmp_path / "out.csv").read_text() == (
        "indicator,version,org,window_start,window_end,value,quality,samples\n"
        "G10,2,,2024-06-01T09:00:00+08:00,2024-06-01T09:00:00.001+08:00,3,stale,1\n"
        "G6,1,z,,2024-06-01T09:00:00+08:00,,no_data,0\n"
        "G6,1,é,2024-06-01T08:59:59.999+08:00,2024-06-01T09:00:00+08:00,0.1,complete,3\n"
    )


def test_numbers_are_the_shortest_text_that_reads_back() -> None:
    assert [number_text(value) for value in (26.407, 5.0, -0.3, 1e22, 1 / 3)] == [
        "26.407", "5", "-0.3", "1e+22", "0.3333333333333333"
    ]  # fmt: skip


def test_times_are_local_with_their_offset() -> None:
    assert time_text(NINE) == "2024-06-01T09:00:00+08:00"


def test_an_answer_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def rows() -> Iterator[Row]:
        yield Row("G6", NINE, (), 1, None, 1.0, "complete", 1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(tmp_path / "out.csv", [], rows())
    assert list(tmp_path.iterdir()) == []
