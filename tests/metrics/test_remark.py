"""Remarks on rows in the places of their stream, neighbours as one stretch, and the form in which they travel."""

from __future__ import annotations

import msgpack
import numpy as np
import pytest

from metrics.raw import RawRows
from metrics.remark import Finding, Remark, UnknownRemarkVersion, pack, refused, remarks, unpack

RUN = RawRows(7, {}, [b"5-0", b"5-1", b"9-0"], np.array([0, 3, 4, 7]))  # entries of 3, 1 and 3 rows


def test_neighbouring_rows_are_one_stretch_across_entries() -> None:
    found = remarks("rain", 1, RUN, None, Finding("late", np.array([1, 2, 3, 4, 6])))
    assert found == [Remark("rain", 1, "5-0", 1, "9-0", 0, "late"), Remark("rain", 1, "9-0", 2, "9-0", 2, "late")]


def test_places_in_a_batch_are_those_of_the_rows_that_the_contract_kept() -> None:
    kept = np.array([True, False, True, True, False, True, True])
    found = remarks("case", 0, RUN, kept, Finding("moved", np.array([1, 3]), 1_717_214_400_000))
    assert found == [
        Remark("case", 0, "5-0", 2, "5-0", 2, "moved", 1_717_214_400_000),
        Remark("case", 0, "9-0", 1, "9-0", 1, "moved", 1_717_214_400_000),
    ]


def test_refused_rows_are_named_where_they_stood_in_the_run() -> None:
    assert refused("rain", 0, RUN, np.array([3])) == [Remark("rain", 0, "5-1", 0, "5-1", 0, "future")]


def test_no_rows_give_no_remark() -> None:
    assert remarks("rain", 0, RUN, None, Finding("duplicate", np.empty(0, np.intp))) == []


def test_what_was_packed_is_read_back_and_another_version_is_refused() -> None:
    found = [Remark("rain", 0, "5-0", 0, "9-0", 2, "dated", 7), Remark("rain", 1, "1-0", 0, "1-0", 0, "late")]
    assert unpack(pack(found)) == found
    with pytest.raises(UnknownRemarkVersion, match="version 2"):
        unpack(msgpack.packb([2, []]))
