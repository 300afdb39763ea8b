"""A ladder is climbed by the clock of its stage: what is held does not count, a raised level brings it nearer."""

from __future__ import annotations

import pytest

from ioc.domain.deadline import Segment, hold, resume, stop
from ioc.domain.escalation import Ladder, Planned, Rung, due, faults, next_ms, plan
from metrics.calendar import Calendar

T0 = 1_790_000_000_000
MINUTE = 60_000
ALWAYS = Calendar.always()


def rung(name: str, share: float, after_ms: int = 0, tells: tuple[str, ...] = ("duty",)) -> Rung:
    return Rung(name, name, name, share, after_ms, tells, ("im",))


LADDER = Ladder(
    "late", "超时", "late", "incident", frozenset({"reported"}), 0, frozenset({"claim", "receipt"}),
    (rung("near", 0.5), rung("over", 1.0), rung("far", 1.0, 10 * MINUTE)),
)  # fmt: skip
BEGUN = (Segment(T0, None, running=True),)


def planned(
    segments: tuple[Segment, ...], now_ms: int, owed_ms: int = 10 * MINUTE, fired: tuple[str, ...] = ()
) -> list:
    return [(each.rung.id, each.due_ms) for each in plan(LADDER, owed_ms, segments, ALWAYS, now_ms=now_ms, fired=fired)]


def test_each_rung_comes_at_its_share_of_what_is_owed():
    assert planned(BEGUN, T0) == [("near", T0 + 5 * MINUTE), ("over", T0 + 10 * MINUTE), ("far", T0 + 20 * MINUTE)]


def test_a_raised_level_that_allows_less_brings_every_rung_nearer():
    assert planned(BEGUN, T0, owed_ms=4 * MINUTE) == [
        ("near", T0 + 2 * MINUTE), ("over", T0 + 4 * MINUTE), ("far", T0 + 14 * MINUTE),
    ]  # fmt: skip


def test_a_hold_stops_the_ladder_and_it_goes_on_from_where_it_stood():
    held = hold(BEGUN, T0 + 3 * MINUTE, "等")
    assert planned(held, T0 + 60 * MINUTE) == [("near", None), ("over", None), ("far", None)]
    going = resume(held, T0 + 60 * MINUTE)
    assert planned(going, T0 + 60 * MINUTE)[0] == ("near", T0 + 62 * MINUTE)


def test_a_stage_that_was_left_has_no_ladder_any_more_and_what_was_told_does_not_come_again():
    assert planned(stop(BEGUN, T0 + MINUTE), T0 + 60 * MINUTE) == []
    assert [name for name, _ in planned(BEGUN, T0, fired=("near", "over"))] == ["far"]


def test_what_is_due_is_told_and_a_minute_late_is_late():
    found = plan(LADDER, 10 * MINUTE, BEGUN, ALWAYS, now_ms=T0 + 10 * MINUTE, fired=())
    assert [each.rung.id for each in due(found, T0 + 10 * MINUTE)] == ["near", "over"]
    assert next_ms(found) == T0 + 5 * MINUTE
    late = Planned("late", LADDER.rungs[0], 0, T0)
    assert (late.late(T0 + MINUTE), late.late(T0 + MINUTE + 1)) == (False, True)


@pytest.mark.parametrize(
    ("owner", "answered", "level", "silent"),
    [("", None, 2, False), ("li", None, 4, True), ("", 2, 2, True), ("", 2, 3, False), ("", 3, 1, True)],
)
def test_a_claim_silences_it_and_a_receipt_does_up_to_the_level_it_was_given_at(
    owner: str, answered: int | None, level: int, silent: bool
):
    assert LADDER.silent(owner, answered, level) is silent


def test_it_concerns_its_kind_its_stages_and_its_levels():
    assert LADDER.concerns("incident", "reported", 0)
    assert not LADDER.concerns("case", "reported", 0)
    assert not LADDER.concerns("incident", "verified", 0)


@pytest.mark.parametrize(
    ("rungs", "stages", "fault"),
    [
        ((rung("a", 0.5), rung("a", 1.0)), {"reported": True}, "same id"),
        ((rung("a", 1.0), rung("b", 0.5)), {"reported": True}, "not later"),
        ((rung("a", 0.5), rung("b", 1.0)), {"reported": False}, "no clock"),
        ((rung("a", 0.5), rung("b", 1.0)), {}, "no stage"),
        ((rung("a", 0.5, 0, ("district",)), rung("b", 1.0, 0, ("community",))), {"reported": True}, "downwards"),
    ],
)
def test_a_ladder_that_cannot_be_climbed_is_told(rungs: tuple[Rung, ...], stages: dict[str, bool], fault: str):
    ladder = Ladder("x", "x", "x", "incident", frozenset({"reported"}), 0, frozenset(), rungs)
    found = list(faults(ladder, stages))
    assert [fault in sentence for sentence in found] == [True]
