"""The life of an alarm goes as ISA-18.2 says, whatever happens in whatever order, with or without a cover."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ioc.domain.alarm import (
    COVERED,
    COVERS,
    NEXT,
    TAKEN_AWAY,
    Alarm,
    AlarmRefused,
    Signal,
    State,
    after,
    breaks_out,
    heard,
    may,
)

STANDS = Alarm(State.UNACK, stands=True, level=2)


def test_an_alarm_is_raised_acknowledged_and_over():
    raised = after(Alarm(), Signal.RAISE, 2)
    known = after(raised, Signal.ACKNOWLEDGE)
    over = after(known, Signal.CLEAR)
    assert [raised.state, known.state, over.state] == [State.UNACK, State.ACKED, State.NORM]


def test_what_is_over_before_anybody_saw_it_waits_to_be_seen():
    gone = after(STANDS, Signal.CLEAR)
    assert (gone.state, after(gone, Signal.ACKNOWLEDGE).state) == (State.RTNUN, State.NORM)


def test_what_grows_worse_after_it_was_acknowledged_calls_again_and_what_eases_does_not():
    known = after(STANDS, Signal.ACKNOWLEDGE)
    assert after(known, Signal.WORSEN, 3) == Alarm(State.UNACK, stands=True, acked=False, level=3)
    assert after(known, Signal.EASE, 1).state is State.ACKED


def test_an_acknowledgement_is_taken_back_also_when_the_alarm_is_over_meanwhile():
    known = after(STANDS, Signal.ACKNOWLEDGE)
    assert after(known, Signal.UNDO).state is State.UNACK
    assert after(after(known, Signal.CLEAR), Signal.UNDO).state is State.RTNUN


@pytest.mark.parametrize("state", COVERED)
def test_under_a_cover_an_alarm_goes_on_and_is_then_what_it_has_become(state: State):
    covered = after(STANDS, COVERS[state])
    assert after(covered, Signal.EASE, 1).state is state
    assert after(covered, TAKEN_AWAY[state]).state is State.UNACK
    assert after(after(covered, Signal.CLEAR), TAKEN_AWAY[state]).state is State.NORM
    known = after(after(STANDS, Signal.ACKNOWLEDGE), COVERS[state])
    assert after(known, TAKEN_AWAY[state]).state is State.ACKED
    assert after(after(known, Signal.WORSEN, 3), TAKEN_AWAY[state]).state is State.UNACK


def test_a_red_alarm_is_not_laid_aside_and_comes_out_of_a_shelf():
    with pytest.raises(AlarmRefused) as refused:
        after(Alarm(State.UNACK, stands=True, level=4), Signal.SHELVE)
    assert refused.value.why == "critical"
    shelved = after(STANDS, Signal.SHELVE)
    assert not breaks_out(after(shelved, Signal.WORSEN, 3))
    assert breaks_out(after(shelved, Signal.WORSEN, 4))


def test_a_stronger_cover_takes_the_place_of_a_weaker_one_and_not_the_other_way():
    shelved = after(STANDS, Signal.SHELVE)
    suppressed = after(shelved, Signal.SUPPRESS)
    assert after(suppressed, Signal.RETIRE).state is State.OOSRV
    assert not may(suppressed, Signal.SHELVE)
    assert not may(after(suppressed, Signal.RETIRE), Signal.SUPPRESS)


def test_what_a_process_says_means_something_only_where_it_is_new():
    assert heard(Alarm(), 2) is Signal.RAISE
    assert heard(Alarm(), 0) is None
    assert [heard(STANDS, level) for level in (0, 1, 2, 3)] == [Signal.CLEAR, Signal.EASE, None, Signal.WORSEN]


def test_every_entry_of_the_table_is_walked_by_some_alarm():
    memories = [(stands, acked) for stands in (False, True) for acked in (False, True)]
    for (state, signal), _ in NEXT.items():
        assert any(may(Alarm(state, stands, acked, 2), signal) for stands, acked in memories), (state, signal)


class Life(RuleBasedStateMachine):
    """Whatever is done, the state and what is remembered beneath it agree."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = Alarm()

    @rule(level=st.integers(0, 4))
    def the_process_speaks(self, level: int) -> None:
        signal = heard(self.alarm, level)
        if signal is not None:
            self.alarm = after(self.alarm, signal, level)  # never refused
            assert self.alarm.stands == (level > 0)

    @rule(signal=st.sampled_from([one for one in Signal if one not in {"raise", "worsen", "ease", "clear"}]))
    def somebody_acts(self, signal: Signal) -> None:
        before = self.alarm
        allowed = may(before, signal)
        try:
            self.alarm = after(before, signal)
        except AlarmRefused:
            assert not allowed
            assert self.alarm is before
        else:
            assert allowed
            assert (before.stands, before.level) == (self.alarm.stands, self.alarm.level)

    @precondition(lambda self: breaks_out(self.alarm))
    @rule()
    def a_shelf_that_may_not_hold_it_is_taken_away(self) -> None:
        self.alarm = after(self.alarm, Signal.UNSHELVE)
        assert self.alarm.state in {State.UNACK, State.ACKED}

    @invariant()
    def the_state_says_what_is_so(self) -> None:
        alarm = self.alarm
        match alarm.state:
            case State.UNACK:
                assert alarm.stands
                assert not alarm.acked
            case State.ACKED:
                assert alarm.stands
                assert alarm.acked
            case State.RTNUN | State.NORM:
                assert not alarm.stands
        assert alarm.beneath not in COVERED


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
