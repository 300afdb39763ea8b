"""The alarm desk of an indicator version."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.alarm_desk import AlarmDesk, Provenance, Subject
from metrics.record import Record
from metrics.region import Region, Regions
from metrics.threshold import Thresholds, Variant
from metrics.window import Window
from tests.metrics.alarm_looks import MINUTE, SLOW, same

DISTRICT, NORTH, SOUTH = "440303", "440303001", "440303002"
REGIONS = Regions(
    [
        Region(DISTRICT, "", "district"),
        Region(NORTH, DISTRICT, "subdistrict"),
        Region(SOUTH, DISTRICT, "subdistrict"),
    ]
)
MEMBERS = ((DISTRICT, ()), (NORTH, ()), (SOUTH, ()), (DISTRICT, (("road", "a"),)))
LIVE = Provenance("live", "real")
COMPLETE, PROVISIONAL, STALE, NO_DATA = range(4)


def subject(version=1, is_open=lambda calendar, at_ms: False, **thresholds):
    table = {"limits": SLOW, "direction": "down", "no_data_delay_ms": MINUTE, "stale_delay_ms": MINUTE} | thresholds
    return Subject("T1", version, Thresholds(**table), Window.tumbling(MINUTE), REGIONS, is_open, 2 * MINUTE)


def record(values, *, completed=True, stale=False):
    """What was published of one window; None is null."""
    made = Record.empty(len(values))
    made.shown[:] = True
    made.known[:] = [value is not None for value in values]
    made.value[:] = [value or 0.0 for value in values]
    made.samples[:] = 7
    made.quality[:] = [NO_DATA if value is None else STALE if stale else COMPLETE for value in values]
    made.completed = completed
    return made


def judge(desk, minute, values, members=MEMBERS, **more):
    return desk.judge(minute * MINUTE, record(values, **more), members, LIVE)


def brief(events):
    return [(event.region, event.dims, event.condition, event.kind) for event in events]


def test_an_event_says_what_was_judged():
    (event,) = judge(AlarmDesk(subject()), 3, [1, 6.5, 1, 1])
    assert (event.world, event.indicator, event.version, event.region, event.dims) == ("live", "T1", 1, NORTH, ())
    assert (event.kind, event.level_before, event.level_after) == ("raised", None, "orange")
    assert (event.value, event.limit, event.samples, event.quality) == (6.5, 6.0, 7, "complete")
    assert (event.window_start, event.window_end, event.at, event.begun) == (120_000, 180_000, 180_000, 180_000)


def test_the_window_of_present_stocks_begins_at_its_end():
    desk = AlarmDesk(replace(subject(), window=Window("now", every_ms=MINUTE)))
    (event,) = judge(desk, 3, [9, 1, 1, 1])
    assert (event.window_start, event.window_end) == (180_000, 180_000)


def test_a_split_group_has_alarms_of_its_own():
    assert brief(judge(AlarmDesk(subject()), 1, [1, 1, 1, 9])) == [(DISTRICT, (("road", "a"),), "level", "raised")]


def test_a_dead_feed_is_told_once_for_the_district():
    desk = AlarmDesk(subject())
    judge(desk, 1, [1, 1, 1, 1])
    judge(desk, 2, [None, None, None, None])
    assert brief(judge(desk, 3, [None, None, None, None])) == [(DISTRICT, (), "no_data", "raised")]


def test_a_subdistrict_that_falls_silent_is_told_while_the_district_speaks():
    desk = AlarmDesk(subject())
    judge(desk, 1, [1, 1, 1, 1])
    judge(desk, 2, [1, 1, None, None])
    assert brief(judge(desk, 3, [1, 1, None, None])) == [(SOUTH, (), "no_data", "raised")]


def test_stale_values_are_told_once_for_the_district():
    desk = AlarmDesk(subject(stale_delay_ms=0))
    judge(desk, 1, [1, 1, 1, 1])
    assert brief(judge(desk, 2, [1, 1, 1, 1], stale=True)) == [(DISTRICT, (), "stale", "raised")]


def test_windows_that_stay_incomplete_for_too_long_are_overdue_once():
    desk = AlarmDesk(subject(no_data_delay_ms=0))
    judge(desk, 1, [1, 1, 1, 1])
    assert desk.overdue({2 * MINUTE, 3 * MINUTE, 4 * MINUTE}, 5 * MINUTE) == [2 * MINUTE, 3 * MINUTE]
    events = judge(desk, 2, [None, None, None, None], completed=False)
    assert brief(events) == [(DISTRICT, (), "no_data", "raised")]
    assert desk.overdue({2 * MINUTE, 3 * MINUTE, 4 * MINUTE}, 5 * MINUTE) == [3 * MINUTE]


def test_calendars_are_asked_for_the_last_millisecond_of_the_window():
    asked = []

    def is_open(calendar, at_ms):
        asked.append((calendar, at_ms))
        return True

    desk = AlarmDesk(subject(is_open=is_open, variants=(Variant("night", (("red", 20.0),)),)))
    assert judge(desk, 2, [9, 9, 9, 9]) == []
    assert asked == [("night", 2 * MINUTE - 1)]


def test_a_rule_on_z_judges_scores():
    desk = AlarmDesk(subject(direction="context", on="z", limits=(("yellow", 3.0),)))
    scores = (np.array([0.0, -3.5, 9.0, 0.0]), np.array([True, True, False, True]))
    (event,) = desk.judge(MINUTE, record([100, 100, 100, 100]), MEMBERS, LIVE, scores=scores)
    assert (event.region, event.value, event.z, event.limit) == (NORTH, 100.0, -3.5, 3.0)


def test_a_rule_on_z_without_scores_judges_nothing():
    assert judge(AlarmDesk(subject(direction="context", on="z")), 1, [9, 9, 9, 9]) == []


def test_the_same_windows_give_the_same_events_to_the_letter():
    first, second = AlarmDesk(subject()), AlarmDesk(subject())
    assert [event.to_json() for event in judge(first, 1, [9, 1, 9, 9])] == [
        event.to_json() for event in judge(second, 1, [9, 1, 9, 9])
    ]


def test_a_new_version_goes_on_with_the_alarms_of_the_one_before():
    old = AlarmDesk(subject())
    (raised,) = judge(old, 1, [9, 1, 1, 1])
    new = AlarmDesk(subject(version=2), old)
    assert judge(new, 2, [9, 1, 1, 1]) == []
    (cleared,) = judge(new, 3, [1, 1, 1, 1])
    assert (cleared.fingerprint, cleared.number, cleared.version) == (raised.fingerprint, 1, 2)
    assert judge(old, 4, [9, 9, 9, 9]) == []


def test_a_new_version_finds_its_groups_by_name():
    old = AlarmDesk(subject())
    judge(old, 1, [1, 9, 1, 1])
    new = AlarmDesk(subject(version=2), old)
    (cleared,) = judge(new, 2, [1, 1], members=((NORTH, ()), (DISTRICT, ())))
    assert (cleared.region, cleared.kind, cleared.number) == (NORTH, "cleared", 1)


def test_alarms_of_groups_that_a_new_version_lacks_are_withdrawn():
    old = AlarmDesk(subject())
    (raised,) = judge(old, 1, [1, 1, 1, 9])
    (withdrawn,) = judge(AlarmDesk(subject(version=2), old), 2, [1], members=((DISTRICT, ()),))
    assert (withdrawn.kind, withdrawn.level_after, withdrawn.fingerprint) == ("withdrawn", None, raised.fingerprint)


def test_a_version_that_never_judged_is_passed_over():
    first = AlarmDesk(subject())
    judge(first, 1, [9, 1, 1, 1])
    third = AlarmDesk(subject(version=3), AlarmDesk(subject(version=2), first))
    assert brief(judge(third, 2, [1, 1, 1, 1])) == [(DISTRICT, (), "level", "cleared")]


def test_an_indicator_that_is_withdrawn_ends_its_alarms():
    desk = AlarmDesk(subject())
    judge(desk, 1, [9, 1, 1, 1])
    (event,) = desk.withdraw(90_500, LIVE)
    assert (event.kind, event.level_before, event.level_after, event.at) == ("withdrawn", "red", None, 90_500)
    assert judge(desk, 2, [9, 1, 1, 1]) == []


def test_only_chunks_that_differ_are_written_again():
    desk = AlarmDesk(subject())
    assert judge(desk, 1, [1, 1, 1, 1]) == []
    assert set(desk.changed()) == {"progress", "0"}
    judge(desk, 2, [1, 1, 1, 1])
    assert set(desk.changed()) == {"progress"}
    assert desk.changed() == {}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.sampled_from([None, 1.0, 5.0, 9.0]), min_size=4, max_size=4), max_size=12))
def test_a_desk_restored_from_changes_goes_on_as_if_never_stopped(windows):
    through, fields = AlarmDesk(subject(on_delay_ms=MINUTE)), {}
    for minute, values in enumerate(windows, 1):
        restored = AlarmDesk(subject(on_delay_ms=MINUTE))
        restored.load(fields, MEMBERS)
        assert judge(restored, minute, values) == judge(through, minute, values)
        assert same(restored.state, through.state)
        fields |= through.changed()
        assert fields == through.snapshot()


def test_groups_that_have_other_codes_after_a_restart_keep_their_alarms():
    desk = AlarmDesk(subject())
    judge(desk, 1, [1, 9, 1, 1])
    restored = AlarmDesk(subject())
    restored.load(desk.snapshot(), MEMBERS[::-1], np.array([3, 2, 1, 0]))
    (event,) = judge(restored, 2, [1, 1, 1, 1], members=MEMBERS[::-1])
    assert (event.region, event.kind) == (NORTH, "cleared")
    assert set(restored.changed()) == {"progress", "0"}


def test_a_closed_desk_stays_closed_after_a_restart():
    desk = AlarmDesk(subject())
    judge(desk, 1, [9, 1, 1, 1])
    desk.withdraw(MINUTE, LIVE)
    restored = AlarmDesk(subject())
    restored.load(desk.snapshot(), MEMBERS)
    assert judge(restored, 2, [9, 9, 9, 9]) == []


def test_a_changed_memory_of_changes_is_taken_over():
    desk = AlarmDesk(subject())
    judge(desk, 1, [9, 1, 1, 1])
    wider = replace(subject().thresholds.flapping, changes=8)
    restored = AlarmDesk(subject(flapping=wider))
    restored.load(desk.snapshot(), MEMBERS)
    assert brief(judge(restored, 2, [1, 1, 1, 1])) == [(DISTRICT, (), "level", "cleared")]
