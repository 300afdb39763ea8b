"""What holds of alarms for every course of values."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.alarm import LEVEL, fold, step
from metrics.alarm_state import CHUNK, AlarmState
from metrics.threshold import Flapping, Thresholds, Variant
from tests.metrics.alarm_looks import MINUTE, look, never_flapping, rule, same

VALUES = st.one_of(st.none(), st.sampled_from([0.0, 3.5, 3.9, 4.0, 5.9, 6.0, 7.6, 8.0, 9.0]))
CHECKED = settings(deadline=None, max_examples=40)
DELAYS = st.sampled_from([0, MINUTE, 3 * MINUTE])


@st.composite
def rules(draw, **more):
    return rule(
        hysteresis=draw(st.sampled_from([0.0, 0.5, 2.0])),
        on_delay_ms=draw(DELAYS),
        off_delay_ms=draw(DELAYS),
        no_data_delay_ms=draw(DELAYS),
        stale_delay_ms=draw(DELAYS),
        flapping=Flapping(draw(st.integers(2, 5)), draw(st.sampled_from([3, 12])) * MINUTE),
        variants=(Variant("night", (("orange", 5.9),)),),
        **more,
    )


@st.composite
def courses(draw, groups=3):
    """Looks at windows in about their order: some twice, some too late, some incomplete, some skipped."""
    looks, minute = [], 0
    for _ in range(draw(st.integers(1, 25))):
        minute += draw(st.sampled_from([1, 1, 1, 1, 1, 0, 0, -2, 4]))
        looks.append(
            look(
                max(minute, 1),
                draw(st.lists(VALUES, min_size=groups, max_size=groups)),
                stale=draw(st.sets(st.integers(0, groups - 1))),
                complete=draw(st.sampled_from([True, True, True, False])),
                calendars_open=(draw(st.booleans()),),
                cover=[-1, *[0] * (groups - 1)],
            )
        )
    return looks


def kept(state):
    """The memory after it was written and read."""
    chunks = {chunk: state.pack_chunk(chunk) for chunk in range(-(-len(state) // CHUNK))}
    return AlarmState.unpack(state.pack_progress(), chunks)


@settings(deadline=None, max_examples=25)
@given(rules(), courses())
def test_stop_restore_continue_equals_never_stopped_at_every_cut(judged_by, looks):
    through, told = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    for cut in range(len(looks) + 1):
        state, before = fold(AlarmState.initial(judged_by.changes), judged_by, looks[:cut])
        state, after = fold(kept(state), judged_by, looks[cut:])
        assert before + after == told
        assert same(state, through)


@CHECKED
@given(rules(), courses())
def test_the_groups_that_a_step_touched_are_all_that_differ(judged_by, looks):
    state = AlarmState.initial(judged_by.changes, 3)
    for one in looks:
        outcome = step(state, judged_by, one)
        quiet = np.setdiff1d(np.arange(3), outcome.touched)
        for name, array in outcome.state.arrays().items():
            assert np.array_equal(array[..., quiet], getattr(state, name)[..., quiet])
        state = outcome.state
        assert np.array_equal(state.awake, ~state.at_rest())


@CHECKED
@given(rules(), courses())
def test_every_turn_goes_on_from_the_one_before(judged_by, looks):
    _, told = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    now = {}
    for turn in (turn for turns in told for turn in turns):
        place = (turn.group, turn.condition)
        assert turn.before == now.get(place, 0)
        assert turn.before != turn.after or turn.kind in ("flapping", "calmed")
        now[place] = turn.after


@CHECKED
@given(rules(), courses())
def test_no_turn_has_the_identity_of_another(judged_by, looks):
    _, told = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    names = [(turn.group, turn.condition, turn.begun, turn.number) for turns in told for turn in turns]
    assert len(set(names)) == len(names)


@CHECKED
@given(rules(), courses())
def test_looking_again_at_the_same_values_tells_nothing_new(judged_by, looks):
    state, _ = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    once = step(state, judged_by, looks[-1]).state
    again = step(once, judged_by, looks[-1])
    assert again.turns == []
    assert len(again.touched) == 0


@CHECKED
@given(rules(), courses())
def test_groups_do_not_know_of_each_other(judged_by, looks):
    alone = [
        look(
            one.end // MINUTE,
            [float(one.judged[1]) if one.known[1] else None],
            stale=[0] if one.stale[1] else [],
            complete=one.complete,
            calendars_open=one.calendars_open,
        )
        for one in looks
    ]
    _, together = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    _, told = fold(AlarmState.initial(judged_by.changes), judged_by, alone)
    mine = [
        (turn.kind, turn.before, turn.after, turn.begun)
        for turns in told
        for turn in turns
        if turn.condition == "level"
    ]
    its = [
        (turn.kind, turn.before, turn.after, turn.begun)
        for turns in together
        for turn in turns
        if turn.group == 1 and turn.condition == "level"
    ]
    assert mine == its


@CHECKED
@given(rules(), courses(), st.permutations([0, 1, 2]))
def test_a_memory_moved_to_other_codes_tells_the_same(judged_by, looks, codes):
    half = len(looks) // 2
    state, _ = fold(AlarmState.initial(judged_by.changes), judged_by, looks[:half])
    moved = state.grown(3).moved(np.array(codes, np.int64), 3, judged_by.changes)
    order = np.argsort(codes)
    assert same(moved.take(np.array(codes, np.int64)), state.grown(3))
    assert np.array_equal(moved.level, state.grown(3).level[order])


@CHECKED
@given(st.lists(st.floats(7.51, 20), min_size=1, max_size=30))
def test_inside_the_band_of_the_hysteresis_a_level_never_oscillates(values):
    judged_by = rule(hysteresis=0.5)
    looks = [look(minute, [value]) for minute, value in enumerate([8.0, *values], 1)]
    _, told = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    assert [turn.kind for turns in told for turn in turns] == ["raised"]


@CHECKED
@given(rules(), st.lists(VALUES, min_size=1, max_size=30))
def test_nulls_neither_raise_nor_end(judged_by, values):
    """Windows without a value anywhere in a course leave the levels of the others as they were."""
    state = AlarmState.initial(judged_by.changes)
    for minute, value in enumerate(values, 1):
        outcome = step(state, judged_by, look(minute, [value]))
        if value is None:
            assert outcome.state.level.tolist() == state.grown(1).level.tolist()
            assert [turn for turn in outcome.turns if turn.condition == "level"] == []
        state = outcome.state


@CHECKED
@given(st.lists(VALUES, min_size=1, max_size=30), DELAYS)
def test_a_level_is_raised_only_after_it_was_reached_for_the_delay(values, delay_ms):
    judged_by = never_flapping(on_delay_ms=delay_ms)
    needed = delay_ms // MINUTE + 1  # known values in a row
    known, state = [], AlarmState.initial(judged_by.changes)
    for minute, value in enumerate(values, 1):
        known += [] if value is None else [value]
        outcome = step(state, judged_by, look(minute, [value]))
        state = outcome.state
        for turn in outcome.turns:
            if turn.condition == "level" and turn.after > turn.before:
                limit = {2: 4.0, 3: 6.0, 4: 8.0}[turn.after]
                assert len(known) >= needed
                assert all(one >= limit for one in known[-needed:])


@CHECKED
@given(st.lists(VALUES, min_size=1, max_size=30), DELAYS, st.sampled_from([0.0, 0.5]))
def test_a_level_is_left_only_after_it_was_better_for_the_delay(values, delay_ms, hysteresis):
    judged_by = never_flapping(off_delay_ms=delay_ms, hysteresis=hysteresis)
    needed = delay_ms // MINUTE + 1
    known, state = [], AlarmState.initial(judged_by.changes)
    for minute, value in enumerate(values, 1):
        known += [] if value is None else [value]
        outcome = step(state, judged_by, look(minute, [value]))
        state = outcome.state
        for turn in outcome.turns:
            if turn.condition == "level" and turn.after < turn.before:
                limit = {2: 4.0, 3: 6.0, 4: 8.0}[turn.before]
                assert all(one < limit and one <= limit - hysteresis for one in known[-needed:])


@CHECKED
@given(st.floats(-100, 100), st.floats(0, 100), st.sampled_from(["up", "down"]))
def test_a_worse_value_never_gives_a_lesser_level_at_first_judgement(value, worse_by, direction):
    limits = (("yellow", 4.0), ("orange", 6.0), ("red", 8.0))
    limits = limits if direction == "down" else tuple((level, -limit) for level, limit in limits)
    thresholds = Thresholds(limits, direction, hysteresis=0.5)
    worse = value + worse_by if direction == "down" else value - worse_by
    found = thresholds.levels(np.array([value, worse]), np.ones(2, np.bool_))
    assert found[0] <= found[1]


@CHECKED
@given(rules(), courses())
def test_what_is_told_is_the_level_unless_the_rule_flaps_and_then_no_lesser_one(judged_by, looks):
    state, _ = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    calm = state.calm < 0
    assert np.array_equal(state.said[LEVEL][calm], state.level[calm])
    assert np.all(state.said[LEVEL] >= state.level)


@CHECKED
@given(rules(), courses())
def test_while_a_rule_flaps_its_level_is_never_lowered(judged_by, looks):
    state = AlarmState.initial(judged_by.changes)
    for one in looks:
        outcome = step(state, judged_by, one)
        for turn in outcome.turns:
            if turn.condition == "level" and len(state) and state.calm[turn.group] >= 0:
                assert turn.kind in ("escalated", "calmed")
        state = outcome.state


@CHECKED
@given(rules(), courses())
def test_after_good_values_for_long_enough_nothing_is_left_of_a_level(judged_by, looks):
    state, _ = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    begin = max(one.end for one in looks) // MINUTE
    good = [look(begin + minute, [0.0, 0.0, 0.0]) for minute in range(1, 40)]
    state, _ = fold(state, judged_by, good)
    assert state.said.tolist() == [[0, 0, 0]] * 3
    assert state.at_rest().tolist() == [True] * 3


@CHECKED
@given(rules(), courses(), st.sampled_from([(5.0, 2), (7.0, 3), (8.5, 4)]))
def test_after_the_same_bad_value_for_long_enough_its_level_is_told(judged_by, looks, bad):
    value, level = bad
    state, _ = fold(AlarmState.initial(judged_by.changes), judged_by, looks)
    begin = max(one.end for one in looks) // MINUTE
    state, _ = fold(state, judged_by, [look(begin + minute, [value] * 3) for minute in range(1, 40)])
    reached = rule(hysteresis=judged_by.thresholds.hysteresis).thresholds
    held = reached.held(np.full(3, 4, np.int8), np.full(3, value), np.ones(3, np.bool_))
    assert np.all(state.said[LEVEL] >= level)
    assert np.all(state.said[LEVEL] <= held)
