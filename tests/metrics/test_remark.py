"""Remarks on rows in the places of their stream, neighbours as one stretch, and the form in which they travel."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest

from metrics.raw import RawRows
from metrics.remark import Finding, Stretch, UnknownRemarkVersion, pack, refused, remark, unpack

RUN = RawRows(7, {}, [b"5-0", b"5-1", b"9-0"], np.array([0, 3, 4, 7]))  # entries of 3, 1 and 3 rows


def test_neighbouring_rows_are_one_stretch_across_entries() -> None:
    found = remark("rain", 1, RUN, None, Finding("late", np.array([1, 2, 3, 4, 6])))
    assert found is not None
    assert (found.source, found.shard, found.kind, found.time_ms) == ("rain", 1, "late", None)
    assert found.stretches == [Stretch("5-0", 1, "9-0", 0), Stretch("9-0", 2, "9-0", 2)]


def test_places_in_a_batch_are_those_of_the_rows_that_the_contract_kept() -> None:
    kept = np.array([True, False, True, True, False, True, True])
    found = remark("case", 0, RUN, kept, Finding("moved", np.array([1, 3]), 1_717_214_400_000))
    assert found is not None
    assert found.time_ms == 1_717_214_400_000
    assert found.stretches == [Stretch("5-0", 2, "5-0", 2), Stretch("9-0", 1, "9-0", 1)]


def test_refused_rows_are_named_where_they_stood_in_the_run() -> None:
    found = refused("rain", 0, RUN, np.array([3]))
    assert found is not None
    assert (found.kind, found.stretches) == ("future", [Stretch("5-1", 0, "5-1", 0)])


def test_no_rows_give_no_remark() -> None:
    nothing = np.empty(0, np.intp)
    assert remark("rain", 0, RUN, np.zeros(7, np.bool_), Finding("duplicate", nothing)) is None
    assert refused("rain", 0, RUN, nothing) is None


def test_what_was_packed_is_read_back_and_another_version_is_refused() -> None:
    found = remark("rain", 2, RUN, None, Finding("dated", np.array([0, 4]), 7))
    assert found is not None
    (read,) = unpack(pack([found]))
    assert (read.source, read.shard, read.kind, read.time_ms, read.stretches) == (
        "rain", 2, "dated", 7, [Stretch("5-0", 0, "5-0", 0), Stretch("9-0", 0, "9-0", 0)],
    )  # fmt: skip
    with pytest.raises(UnknownRemarkVersion, match="version 2"):
        unpack(msgpack.packb([2, []]))
