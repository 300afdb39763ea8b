"""A response level is changed by whoever has authority over the higher of both levels, and by nobody else."""

from __future__ import annotations

import pytest

from ioc.domain.response import NoAuthority, NotThat, ResponsePlan, act_of, change, open_levels

FLOOD = ResponsePlan("flood", "防汛", "flood", ("low", "low", "high", "high"))


@pytest.mark.parametrize(
    ("before", "level", "act"), [(0, 1, "start"), (0, 4, "start"), (1, 3, "raise"), (3, 1, "lower"), (4, 0, "end")]
)
def test_what_a_change_is(before: int, level: int, act: str):
    assert act_of(before, level) == act


@pytest.mark.parametrize(("before", "level"), [(0, 0), (2, 2), (0, 5), (1, -1), (0, True)])
def test_what_is_no_change(before: int, level: int):
    with pytest.raises(NotThat):
        act_of(before, level)


def test_the_desk_starts_the_lower_levels_and_cannot_take_back_the_higher_ones():
    assert change(FLOOD, 0, 2, {"low"}) == "start"
    with pytest.raises(NoAuthority, match="high"):
        change(FLOOD, 2, 3, {"low"})
    with pytest.raises(NoAuthority, match="high"):
        change(FLOOD, 3, 1, {"low"})
    assert change(FLOOD, 4, 0, {"low", "high"}) == "end"


def test_what_somebody_may_bring_it_to():
    assert open_levels(FLOOD, 0, {"low"}) == (1, 2)
    assert open_levels(FLOOD, 1, {"low"}) == (0, 2)
    assert open_levels(FLOOD, 3, {"low"}) == ()
    assert open_levels(FLOOD, 3, {"low", "high"}) == (0, 1, 2, 4)
