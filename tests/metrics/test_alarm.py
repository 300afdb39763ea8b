"""When levels are raised, escalated, lowered and cleared."""

from metrics.alarm import fold, step, withdraw
from metrics.alarm_state import AlarmState
from metrics.threshold import NEVER_MS, Flapping, Variant
from tests.metrics.alarm_looks import MINUTE, look, never_flapping, rule, story, timeline

YELLOW, ORANGE, RED = 2, 3, 4


def silences(judged_by, looks):
    return [
        (minute, turn.condition, turn.kind, turn.group)
        for minute, turn in timeline(judged_by, looks)[1]
        if turn.condition != "level"
    ]


def test_a_level_is_raised_escalated_lowered_and_cleared():
    assert story(rule(), [1, 5, 5, 9, 5, 1]) == [
        (2, "raised", YELLOW), (4, "escalated", RED), (5, "lowered", YELLOW), (6, "cleared", 0),
    ]  # fmt: skip


def test_a_level_that_stays_is_told_once():
    assert story(rule(), [9, 9, 9.5, 9, 12]) == [(1, "raised", RED)]


def test_inside_the_band_of_the_hysteresis_nothing_changes():
    assert story(rule(hysteresis=0.5), [4.0, 3.6, 4.0, 3.6, 3.5]) == [(1, "raised", YELLOW), (5, "cleared", 0)]


def test_on_delay_waits_until_the_level_has_held():
    assert story(rule(on_delay_ms=3 * MINUTE), [9, 9, 9, 9]) == [(4, "raised", RED)]


def test_a_level_that_breaks_off_within_the_delay_begins_anew():
    assert story(rule(on_delay_ms=2 * MINUTE), [9, 9, 1, 9, 9, 9]) == [(6, "raised", RED)]


def test_the_worst_level_that_held_through_the_delay_is_raised():
    assert story(rule(on_delay_ms=2 * MINUTE), [5, 9, 9, 9]) == [(3, "raised", YELLOW), (4, "escalated", RED)]


def test_off_delay_waits_until_the_level_has_been_left():
    assert story(rule(off_delay_ms=2 * MINUTE), [9, 1, 1, 1]) == [(1, "raised", RED), (4, "cleared", 0)]


def test_a_level_that_returns_within_the_off_delay_was_never_left():
    assert story(rule(off_delay_ms=2 * MINUTE), [9, 1, 1, 9, 1, 1]) == [(1, "raised", RED)]


def test_a_level_is_lowered_to_the_worst_that_held_within_the_off_delay():
    assert story(rule(off_delay_ms=2 * MINUTE), [9, 1, 5, 1, 1, 1]) == [
        (1, "raised", RED), (4, "lowered", YELLOW), (6, "cleared", 0),
    ]  # fmt: skip


def test_null_reaches_no_level_and_ends_none():
    assert story(rule(), [None, 9, None, None, 9]) == [(2, "raised", RED)]


def test_time_without_a_value_counts_for_no_delay():
    assert story(rule(on_delay_ms=2 * MINUTE), [9, None, None, None, 9, 9]) == [(6, "raised", RED)]
    assert story(rule(off_delay_ms=2 * MINUTE), [9, 1, None, None, 1, 1]) == [(1, "raised", RED), (6, "cleared", 0)]


def test_windows_that_were_skipped_count_for_no_delay():
    looks = [look(1, [9]), look(50, [9]), look(51, [9])]
    _, told = timeline(rule(on_delay_ms=2 * MINUTE), looks)
    assert [(minute, turn.kind) for minute, turn in told] == [(51, "raised")]


def test_a_stale_value_may_raise_a_level():
    assert story(rule(), [1, 9], stale=[0]) == [(2, "raised", RED)]


def test_a_stale_value_ends_no_level():
    looks = [look(1, [9]), look(2, [1], stale=[0]), look(3, [1])]
    _, told = timeline(never_flapping(), looks)
    assert [(minute, turn.kind) for minute, turn in told] == [(1, "raised"), (3, "cleared")]


def test_an_incomplete_window_is_not_judged():
    assert story(rule(), [9, 9], complete=False) == []


def test_a_variant_holds_while_its_calendar_is_open():
    night = rule(variants=(Variant("night", (("red", 20.0),)),))
    looks = [
        look(1, [9], calendars_open=(False,)),
        look(2, [9], calendars_open=(True,)),
        look(3, [21], calendars_open=(True,)),
    ]
    _, told = timeline(night, looks)
    assert [(minute, turn.kind, turn.limit) for minute, turn in told] == [
        (1, "raised", 8.0), (2, "cleared", 20.0), (3, "raised", 20.0),
    ]  # fmt: skip


def test_a_rule_on_z_judges_the_score_and_not_the_value():
    z = rule(direction="context", on="z", limits=(("yellow", 3.0), ("red", 5.0)))
    looks = [look(1, [100.0], z=[1.0]), look(2, [1.0], z=[-5.5]), look(3, [1.0], z=[None]), look(4, [1.0], z=[0.0])]
    _, told = timeline(z, looks)
    assert [(minute, turn.kind, turn.after) for minute, turn in told] == [(2, "raised", RED), (4, "cleared", 0)]


def test_the_limit_that_was_crossed_is_named():
    _, told = timeline(rule(hysteresis=1), [look(1, [6.5]), look(2, [4.5]), look(3, [1])])
    assert [(turn.kind, turn.limit) for _, turn in told] == [("raised", 6.0), ("lowered", 6.0), ("cleared", 4.0)]


def test_a_rule_that_changes_too_often_is_said_to_flap_once_and_held_at_its_worst():
    values = [9, 1, 5, 1, 5, 1, 5, 1, 5]
    assert story(rule(), values) == [
        (1, "raised", RED), (2, "cleared", 0), (3, "raised", YELLOW), (4, "cleared", 0), (5, "flapping", RED),
    ]  # fmt: skip


def test_a_flapping_rule_that_grows_worse_is_escalated():
    assert story(rule(), [5, 1, 5, 1, 5, 9])[-2:] == [(5, "flapping", YELLOW), (6, "escalated", RED)]


def test_a_flapping_rule_is_calm_when_it_has_not_changed_for_as_long():
    quick = rule(flapping=Flapping(3, 3 * MINUTE))
    assert story(quick, [5, 1, 5, 1, 1, 1, 1, 1])[-2:] == [(3, "flapping", YELLOW), (7, "calmed", 0)]
    assert story(quick, [9, 1, 5, 5, 5, 5, 1])[-3:] == [(3, "flapping", RED), (6, "calmed", YELLOW), (7, "cleared", 0)]


def test_time_without_a_value_does_not_calm():
    quick = rule(flapping=Flapping(3, 3 * MINUTE))
    assert story(quick, [5, 1, 5, None, None, None, None, 5, 5])[-1] == (3, "flapping", YELLOW)


def test_stale_values_do_not_calm():
    quick = rule(flapping=Flapping(3, 3 * MINUTE))
    looks = [
        look(1, [5]),
        look(2, [1]),
        look(3, [5]),
        look(4, [1]),
        *(look(minute, [1], stale=[0]) for minute in (5, 6, 7, 8)),
    ]
    _, told = timeline(quick, looks)
    assert [turn.kind for _, turn in told if turn.condition == "level"] == ["raised", "cleared", "flapping"]


def test_changes_that_are_long_apart_are_no_flapping():
    slow = rule(flapping=Flapping(3, 2 * MINUTE))
    assert [kind for _, kind, _ in story(slow, [5, 5, 1, 1, 5, 5, 1])] == ["raised", "cleared", "raised", "cleared"]


def test_the_newest_window_corrected_is_judged_again():
    _, told = timeline(rule(), [look(1, [9]), look(1, [1]), look(1, [1])])
    assert [(turn.kind, turn.begun, turn.number) for _, turn in told] == [("raised", MINUTE, 0), ("cleared", MINUTE, 1)]


def test_no_time_passes_between_two_looks_at_one_instant():
    looks = [look(1, [9]), look(1, [9]), look(1, [9]), look(2, [9])]
    _, told = timeline(rule(on_delay_ms=MINUTE), looks)
    assert [minute for minute, _ in told] == [2]


def test_an_episode_that_a_correction_ends_and_takes_up_again_goes_on():
    _, told = timeline(rule(), [look(1, [9]), look(1, [1]), look(1, [9])])
    assert [(turn.begun, turn.number) for _, turn in told] == [(MINUTE, 0), (MINUTE, 1), (MINUTE, 2)]


def test_a_correction_of_an_older_window_is_counted_and_tells_nothing():
    state, told = timeline(rule(), [look(1, [1]), look(2, [1]), look(1, [9])])
    assert told == []
    assert state.late == 1


def test_no_data_is_told_after_its_delay_and_ends_with_a_value():
    looks = [look(1, [1]), *(look(minute, [None]) for minute in (2, 3, 4, 5, 6)), look(7, [1])]
    assert silences(rule(), looks) == [(5, "no_data", "raised", 0), (7, "no_data", "cleared", 0)]


def test_no_data_ends_no_level():
    looks = [look(1, [9]), look(2, [None]), look(3, [None]), look(4, [9])]
    _, told = timeline(rule(no_data_delay_ms=0), looks)
    assert [(minute, turn.condition, turn.kind) for minute, turn in told] == [
        (1, "level", "raised"), (2, "no_data", "raised"), (4, "no_data", "cleared"),
    ]  # fmt: skip


def test_a_group_that_never_had_a_value_is_not_missed():
    assert silences(rule(no_data_delay_ms=0), [look(1, [None]), look(2, [None])]) == []


def test_stale_is_told_after_its_delay_and_ends_with_a_fresh_value():
    looks = [look(1, [1]), look(2, [1], stale=[0]), look(3, [1], stale=[0]), look(4, [1])]
    assert silences(rule(stale_delay_ms=MINUTE), looks) == [(3, "stale", "raised", 0), (4, "stale", "cleared", 0)]


def test_a_value_that_is_gone_altogether_does_not_end_stale():
    looks = [look(1, [1]), look(2, [1], stale=[0]), look(3, [None])]
    assert silences(rule(stale_delay_ms=0), looks) == [(2, "stale", "raised", 0)]


def test_silence_is_told_of_the_widest_group_only():
    looks = [look(1, [1, 1, 1], cover=[-1, 0, 0]), look(2, [None, None, None], cover=[-1, 0, 0])]
    assert silences(rule(no_data_delay_ms=0), looks) == [(2, "no_data", "raised", 0)]


def test_silence_of_one_region_is_told_while_the_others_speak():
    looks = [look(1, [1, 1, 1], cover=[-1, 0, 0]), look(2, [1, None, 1], cover=[-1, 0, 0])]
    assert silences(rule(no_data_delay_ms=0), looks) == [(2, "no_data", "raised", 1)]


def test_a_delay_that_no_time_reaches_switches_silence_off():
    off = rule(no_data_delay_ms=NEVER_MS, stale_delay_ms=NEVER_MS)
    state, told = timeline(off, [look(1, [1]), *(look(minute, [None]) for minute in range(2, 30))])
    assert told == []
    assert state.at_rest().tolist() == [True]


def test_an_overdue_window_is_asked_for_silence_only():
    looks = [look(1, [1]), look(2, [None], complete=False), look(3, [9], complete=False), look(2, [9])]
    _, told = timeline(rule(no_data_delay_ms=0), looks)
    assert [(minute, turn.condition, turn.kind) for minute, turn in told] == [
        (2, "no_data", "raised"), (3, "no_data", "cleared"), (2, "level", "raised"),
    ]  # fmt: skip


def test_groups_may_appear():
    _, told = timeline(rule(), [look(1, [9]), look(2, [9, 5])])
    assert [(minute, turn.group, turn.kind) for minute, turn in told] == [(1, 0, "raised"), (2, 1, "raised")]


def test_a_quiet_group_is_at_rest_again():
    state, _ = timeline(
        rule(on_delay_ms=MINUTE, off_delay_ms=MINUTE),
        [look(m, [v]) for m, v in ((1, 9), (2, 9), (3, 1), (4, 1), (20, 1))],
    )
    assert state.at_rest().tolist() == [True]
    assert state.awake.tolist() == [False]


def test_the_state_given_is_not_changed():
    before = AlarmState.initial(5, 1)
    step(before, rule(), look(1, [9]))
    assert before.at_rest().tolist() == [True]


def test_several_windows_are_judged_one_after_the_other():
    _, turns = fold(AlarmState.initial(5), rule(), [look(1, [9]), look(2, [1])])
    assert [[turn.kind for turn in one] for one in turns] == [["raised"], ["cleared"]]


def test_a_rule_that_is_withdrawn_ends_what_it_told():
    state, _ = timeline(rule(no_data_delay_ms=0), [look(1, [9, 1]), look(2, [9, None])])
    after, turns = withdraw(state)
    assert [(turn.group, turn.condition, turn.kind, turn.after, turn.number) for turn in turns] == [
        (0, "level", "withdrawn", 0, 1), (1, "no_data", "withdrawn", 0, 1),
    ]  # fmt: skip
    assert withdraw(after)[1] == []
