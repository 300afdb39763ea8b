"""Published values on the wire: the same come back in both forms, and what is of another form is refused."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest

from metrics.value import Value
from metrics.value_form import (
    UnknownValueVersion,
    pack_columns,
    pack_each,
    pack_values,
    unpack_columns,
    unpack_values,
)
from metrics.values import Values

NOON = 1_717_214_400_000
ROAD = (("road", "深南东路"),)
VALUES = [
    Value("T2r", 3, "440303", ROAD, NOON - 300_000, NOON, 31.5, "complete", 12, 1, "red", 30.25, "simulated"),
    Value("T2r", 3, "440303", (), NOON - 300_000, NOON, None, "no_data", 0),
    Value("N", 1, "", (), NOON, NOON, 1e18, "stale", 2**40, 0, "blue", None, "recorded"),
    Value("T2r", 3, "440303", ROAD, NOON, NOON + 300_000, -0.5, "provisional", 1),
]


def test_values_come_back_from_columns_as_they_were() -> None:
    assert unpack_values(pack_columns(Values.of(VALUES))) == VALUES


def test_a_column_that_says_the_same_in_every_row_says_it_once() -> None:
    alike = [VALUES[1]] * 1_000
    assert unpack_values(pack_columns(Values.of(alike))) == alike
    assert len(pack_columns(Values.of(alike))) < 130


def test_times_that_come_in_runs_and_small_numbers_take_little_room() -> None:
    many = [
        Value("T2r", 3, "440303", (("road", str(road)),), end - 60_000, end, float(end + road), "complete", road)
        for end in range(NOON, NOON + 600_000, 60_000)
        for road in range(100)
    ]
    packed = pack_columns(Values.of(many))
    assert unpack_values(packed) == many
    lines = 100 * len("T2r 3 440303 road 10   ")
    assert len(packed) < lines + 1_000 * 12


def test_columns_as_they_were_written_before_are_read() -> None:
    series = [b"\xa1N", b"\x01", b"\xa0", b"\x90"]
    columns = [np.array([0, 0], "<i4"), np.array([1, 2]), np.array([2, 3]), np.array([0.5, np.nan]),
               np.array([0, 3], "i1"), np.array([7]), np.array([0], "<i4"), np.array([0], "i1"), np.array([np.nan]),
               np.array([2], "i1")]  # fmt: skip
    old = b"\x94\x02\x02\x94" + b"".join(series) + msgpack.packb([column.tobytes() for column in columns])
    assert unpack_values(old) == [
        Value("N", 1, "", (), 1, 2, 0.5, "complete", 7), Value("N", 1, "", (), 2, 3, None, "no_data", 7),
    ]  # fmt: skip


def test_no_values_come_back_as_none() -> None:
    assert unpack_values(pack_columns(Values.of([]))) == []


def test_values_come_back_from_rows_as_they_were() -> None:
    assert unpack_values(pack_values(VALUES)) == VALUES
    assert unpack_columns(pack_values(VALUES)).each() == VALUES


def test_a_value_alone_is_written_as_a_row_and_of_a_series_the_last_one_counts() -> None:
    alone = pack_each(Values.of(VALUES))
    assert alone == {
        "T2r|440303|road=深南东路": pack_values([VALUES[3]]), "T2r|440303|": pack_values([VALUES[1]]),
        "N||": pack_values([VALUES[2]]),
    }  # fmt: skip


def test_parts_joined_keep_their_order_and_only_the_lines_that_speak() -> None:
    first, second = Values.of(VALUES[:3]), Values.of(VALUES[3:])
    joined = Values.joined([second, first])
    assert joined.each() == [VALUES[3], *VALUES[:3]]
    assert [head.name for head in joined.take(joined.line == 1).narrowed().series.heads] == ["T2r|440303|road=深南东路"]


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(UnknownValueVersion, match="7"):
        unpack_values(msgpack.packb([7, []]))


@pytest.mark.parametrize(
    "spoilt",
    [
        [2, 5, [], []],
        [2, 1, [], [b"\0\0\0\0"] * 10],
        [3, 1, [], []],
        [3, 1, [], [["i1", b"\0"]] * 10],
        [3, 2, ["N", 1, "", []], [["i1", b"\0", b"\1\0\0\0"]] * 10],
        [3, 1, ["N", 1, "", []], [["O", b"\0"]] * 10],
    ],
)
def test_columns_that_do_not_fit_are_refused(spoilt: list[object]) -> None:
    with pytest.raises(ValueError, match=r"column|argument|buffer"):
        unpack_values(msgpack.packb(spoilt))
