"""The letters of a wall follow its width and the distance of its readers."""

from __future__ import annotations

import pytest

from ioc.domain.type_scale import PLANNED, SMALLEST_REM, farthest_mm, least_rem, planned_mm


def test_the_smallest_text_is_5_8_mm_high_for_each_metre_of_distance():
    rem_mm = least_rem(6000, 8000) * 6000
    assert SMALLEST_REM * rem_mm == pytest.approx(8 * 5.8)


def test_a_wall_6_m_wide_is_as_planned_up_to_7_m_and_larger_from_8_m():
    assert least_rem(6000, 6000) < PLANNED
    assert least_rem(6000, 7000) < PLANNED
    assert least_rem(6000, 8000) > PLANNED


def test_as_planned_a_wall_6_m_wide_is_read_from_7_m():
    assert planned_mm(6000) == 7004
    assert least_rem(6000, 7003) <= PLANNED < least_rem(6000, 7005)


def test_beyond_an_eighth_more_the_letters_grow_no_further():
    assert farthest_mm(6000) == 7844
    assert least_rem(6000, 7844) <= 1.12 * PLANNED < least_rem(6000, 7850)
