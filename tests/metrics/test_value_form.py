"""Published values on the wire: the same come back in both forms, and what is of another form is refused."""

from __future__ import annotations

import msgpack
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
    assert len(pack_columns(Values.of(alike))) < 120


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


@pytest.mark.parametrize("spoilt", [[2, 5, [], []], [2, 1, [], [b"\0\0\0\0"] * 10]])
def test_columns_that_do_not_fit_are_refused(spoilt: list[object]) -> None:
    with pytest.raises(ValueError, match=r"columns|argument|buffer"):
        unpack_values(msgpack.packb(spoilt))
