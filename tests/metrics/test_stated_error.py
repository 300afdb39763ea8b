"""A count of different values is as near to the truth as the check of vouchers takes for granted."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.sketch import Registers, mixed
from metrics.stated_error import room

KEYS = 4_000


def estimates(different: int) -> np.ndarray:
    """For each of KEYS keys what its sketch of so many different values comes to."""
    first = np.uint64(different * 1_000_003)
    hashes = mixed(first + np.arange(KEYS * different, dtype=np.uint64))
    return Registers.of(hashes, np.repeat(np.arange(KEYS), different)).counts(KEYS)


def test_few_values_that_share_a_register_are_within_the_stated_error() -> None:
    worst = 0.0
    for different in range(1, 65):
        found = estimates(different)
        off = np.abs(found - different)
        assert off.max() <= room(np.array([float(different)]))[0]
        assert found.min() >= 1
        worst = max(worst, float((off / different).max()))
    assert worst > 0.06  # a share alone would accuse honest values


@pytest.mark.parametrize("different", [73, 74, 100, 200, 500])
def test_more_values_are_within_it_too(different: int) -> None:
    assert np.abs(estimates(different) - different).max() <= room(np.array([float(different)]))[0]


def test_the_room_is_six_values_or_eight_percent() -> None:
    assert room(np.array([0.0, 1.0, 73.0, 1_000.0])).tolist() == [0.0, 6.0, 6.0, 81.25]
