"""The engine on small drawn timelines: literal input, literal output."""

import numpy as np
import pytest

from metrics.engine import absorb, initial, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, batch, bundle, indicator, plan_of, run, said

MEAN = {"m": {"agg": "mean", "field": "mm"}}
COUNT = {"n": {"agg": "count"}}
REGISTERED = {"registry": "gauges", "take": ["weight"], "region": {"registry": "code"}}


def world(*indicators, **more):
    return initial(plan_of(bundle(*indicators, **more)))


def test_an_open_window_is_shown_early_then_complete_when_the_watermark_passes_its_end():
    state = world(indicator("E", "m", MEAN))
    assert said(run(state, [], at("08:00:00"))) == {}
    end = at("08:05:00")
    assert said(run(state, [(at("08:00:10"), "a", None, 12)], at("08:00:11"))) == {
        ("E", "", (), end): (1.2, "provisional", 0)
    }
    assert said(run(state, [(at("08:01:10"), "a", None, 24)], at("08:01:11"))) == {
        ("E", "", (), end): (1.8, "provisional", 0)
    }
    outputs = run(state, [(at("08:05:30"), "a", None, 10)], at("08:05:31"))
    assert said(outputs) == {
        ("E", "", (), end): (1.8, "complete", 0),
        ("E", "", (), at("08:10:00")): (1.0, "provisional", 0),
    }
    assert outputs.completed == [True, False]
    assert [value.samples for value in outputs.values] == [2, 1]
    assert outputs.values[0].window_start == at("08:00:00")


def test_nothing_is_said_twice():
    state = world(indicator("E", "m", MEAN))
    run(state, [(at("08:00:10"), "a", None, 12)], at("08:00:11"))
    assert said(run(state, [], at("08:00:12"))) == {}
    assert said(run(state, [(at("08:00:10"), "a", None, 99)], at("08:00:12"))) == {}


def test_a_duplicate_counts_once_and_is_counted():
    state = world(indicator("E", "n", COUNT))
    row = (at("08:00:10"), "a", None, 12)
    run(state, [row, row, (at("08:00:10"), "b", None, 1)], at("08:00:11"))
    run(state, [row], at("08:00:12"))
    facts = state.feeds()["rain"]
    assert (facts.rows, facts.duplicate, facts.late) == (4, 2, 0)
    assert facts.newest_ms == at("08:00:10")
    assert facts.watermark_ms == at("07:59:40")


def test_a_late_row_within_lateness_corrects_with_the_next_revision():
    state = world(indicator("E", "m", MEAN))
    run(state, [(at("08:00:10"), "a", None, 12), (at("08:06:00"), "a", None, 5)], at("08:06:01"))
    outputs = run(state, [(at("08:00:20"), "a", None, 24)], at("08:06:02"))
    assert said(outputs) == {("E", "", (), at("08:05:00")): (1.8, "complete", 1)}
    assert outputs.completed == [True]


def test_a_row_beyond_lateness_is_counted_and_left_out():
    state = world(indicator("E", "m", MEAN))
    run(state, [(at("08:00:10"), "a", None, 12), (at("08:20:00"), "a", None, 5)], at("08:20:01"))
    outputs = run(state, [(at("08:09:29"), "a", None, 24), (at("08:09:30"), "a", None, 7)], at("08:20:02"))
    assert said(outputs) == {("E", "", (), at("08:10:00")): (0.7, "complete", 1)}
    assert state.feeds()["rain"].late == 1


def test_empty_windows_are_published_when_the_clock_passes_them():
    state = world(indicator("E", "m", MEAN), indicator("N", "n", COUNT))
    run(state, [(at("08:00:10"), "a", None, 12)], at("08:00:11"))
    assert said(run(state, [], at("08:01:00"))) == {}
    later = said(run(state, [], at("08:15:00")))
    # After two minutes of silence the watermark follows the clock, 30 s behind it.
    assert later == {
        ("E", "", (), at("08:05:00")): (1.2, "complete", 0),
        ("E", "", (), at("08:10:00")): (None, "no_data", 0),
        ("E", "", (), at("08:15:00")): (None, "no_data", 0),
        ("N", "", (), at("08:05:00")): (1.0, "complete", 0),
        ("N", "", (), at("08:10:00")): (0.0, "stale", 0),
        ("N", "", (), at("08:15:00")): (0.0, "stale", 0),
    }


def test_the_past_before_the_first_row_is_not_published():
    state = world(indicator("N", "n", COUNT))
    run(state, [], at("08:00:00"))
    assert {key[3] for key in said(run(state, [(at("07:52:00"), "a", None, 1)], at("08:00:01")))} == {
        at("07:55:00"),
        at("08:00:00"),
    }


def test_a_gap_of_hours_is_caught_up_in_bounded_steps_and_in_order():
    state = world(indicator("N", "n", COUNT, size="10s"))
    run(state, [(at("08:00:01"), "a", None, 1)], at("08:00:02"))
    ends, more = [], True
    while more:
        outputs = run(state, [], at("14:00:00"))
        assert len(outputs.values) <= 512
        ends += [value.window_end for value in outputs.values]
        more = outputs.more
    assert ends == list(range(at("08:00:10"), at("14:00:00") + 1, 10_000))


def test_a_silence_of_weeks_is_not_published_instant_by_instant():
    state = world(indicator("N", "n", COUNT, size="10s"))
    run(state, [(at("08:00:01", "2024-05-01"), "a", None, 1)], at("08:00:02", "2024-05-01"))
    published, more = [], True
    while more:
        outputs = run(state, [], at("08:00:00"))
        published += outputs.values
        more = outputs.more
    assert published[0].window_end == at("08:00:10", "2024-05-01")
    assert len(published) == 1 + 49 * 360


def test_while_entries_are_unread_the_clock_waits_for_them():
    state = world(indicator("N", "n", COUNT))
    run(state, [(at("08:00:10"), "a", None, 1)], at("08:00:11"))
    held = run(state, [(at("08:06:00"), "a", None, 1)], at("11:00:00"), behind={"rain"})
    assert said(held) == {
        ("N", "", (), at("08:05:00")): (1.0, "complete", 0),
        ("N", "", (), at("08:10:00")): (1.0, "provisional", 0),
    }
    assert state.watermarks() == {"rain": at("08:05:30")}


def test_sliding_instants_appear_when_the_clock_passes_them():
    window = {"kind": "sliding", "size": "10m", "every": "5m"}
    state = world(indicator("S", "n", COUNT, window=window))
    run(state, [], at("08:00:00"))
    assert said(run(state, [(at("08:01:00"), "a", None, 1)], at("08:04:59"))) == {}
    assert said(run(state, [], at("08:05:00"))) == {("S", "", (), at("08:05:00")): (1.0, "provisional", 0)}
    outputs = run(state, [(at("08:09:00"), "a", None, 1), (at("08:10:31"), "a", None, 1)], at("08:10:32"))
    assert said(outputs) == {
        ("S", "", (), at("08:05:00")): (1.0, "complete", 0),
        ("S", "", (), at("08:10:00")): (2.0, "complete", 0),
    }
    assert outputs.completed == [True, True]


def test_a_day_so_far_begins_at_local_midnight():
    window = {"kind": "day_to_date", "every": "1h"}
    state = world(indicator("D", "n", COUNT, window=window))
    rows = [
        (at("23:30:00", "2024-06-02"), "a", None, 1),
        (at("00:00:00"), "a", None, 1),
        (at("00:59:00"), "a", None, 1),
    ]
    ends = said(run(state, rows, at("01:00:00")))
    assert {key[3]: value[0] for key, value in ends.items()} == {at("00:00:00"): 1.0, at("01:00:00"): 2.0}


def test_rows_count_in_every_published_ancestor_of_their_region():
    state = world(
        indicator("E", "m", MEAN, levels=["district", "subdistrict"]),
        source=REGISTERED, registries={"gauges": GAUGES}, regions=REGIONS,
    )  # fmt: skip
    rows = [(at("08:00:10"), "a", None, 10), (at("08:00:10"), "b", None, 20), (at("08:00:10"), "c", None, 60)]
    assert {key[1]: value[0] for key, value in said(run(state, rows, at("08:00:11"))).items()} == {
        "440303": 3.0,
        "440303001": 1.5,
        "440303002": 6.0,
    }


def test_a_region_without_rows_is_null_once_the_window_is_over():
    state = world(indicator("E", "m", MEAN), source=REGISTERED, registries={"gauges": GAUGES}, regions=REGIONS)
    run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11"))
    closed = said(run(state, [(at("08:06:00"), "a", None, 10)], at("08:06:00")))
    assert closed["E", "440303002", (), at("08:05:00")] == (None, "no_data", 0)
    assert ("E", "440303002", (), at("08:10:00")) not in closed


def test_a_row_of_an_unknown_entity_counts_in_the_region_without_name():
    state = world(indicator("N", "n", COUNT), source=REGISTERED, registries={"gauges": GAUGES}, regions=REGIONS)
    rows = [(at("08:00:10"), "a", None, 10), (at("08:00:10"), "stranger", None, 20)]
    found = {key[1]: value[0] for key, value in said(run(state, rows, at("08:00:11"))).items()}
    assert found["440303"] == 1.0
    assert found[""] == 1.0
    assert state.feeds()["rain"].unregistered == 1


def test_dimensions_split_the_value_and_a_null_is_a_group_of_its_own():
    state = world(indicator("E", "total", {"total": {"agg": "sum", "field": "mm"}}, dimensions=["basin"]))
    rows = [
        (at("08:00:10"), "a", "north", 10), (at("08:00:10"), "b", "south", 20), (at("08:00:20"), "a", None, 5),
        (at("08:00:30"), "b", "north", None),
    ]  # fmt: skip
    assert {key[2]: value[0] for key, value in said(run(state, rows, at("08:00:31"))).items()} == {
        (): 3.5,
        ("north",): 1.0,
        ("south",): 2.0,
        ("",): 0.5,
    }


def test_a_group_that_falls_silent_is_said_to_have_no_data():
    state = world(indicator("E", "m", MEAN, dimensions=["station"]))
    run(state, [(at("08:00:10"), "a", None, 10), (at("08:00:10"), "b", None, 20)], at("08:00:11"))
    run(state, [(at("08:06:00"), "a", None, 10)], at("08:06:00"))
    over = said(run(state, [(at("08:11:00"), "a", None, 10)], at("08:11:00")))
    assert over["E", "", ("b",), at("08:10:00")] == (None, "no_data", 0)
    assert over["E", "", ("a",), at("08:10:00")] == (1.0, "complete", 0)
    later = said(run(state, [(at("08:16:00"), "a", None, 10)], at("08:16:00")))
    assert ("E", "", ("b",), at("08:15:00")) not in later


def test_two_steps_merge_the_inner_states_first():
    measures = {
        "wettest": {"agg": "sum", "field": "mm", "per": ["station"], "then": "max"},
        "wet": {"agg": "sum", "field": "mm", "per": ["entity"], "having": "value >= 2", "then": "count"},
        "weighted": {"agg": "mean", "field": "mm", "per": ["entity"], "each": "value * weight", "then": "sum"},
    }
    state = world(
        indicator("W", "wettest", {"wettest": measures["wettest"]}), indicator("H", "wet", {"wet": measures["wet"]}),
        indicator("G", "weighted", {"weighted": measures["weighted"]}),
        source=REGISTERED, registries={"gauges": GAUGES}, regions=REGIONS,
    )  # fmt: skip
    rows = [
        (at("08:00:10"), "a", None, 10), (at("08:01:10"), "a", None, 15), (at("08:00:10"), "b", None, 20),
        (at("08:00:10"), "c", None, 4),
    ]  # fmt: skip
    found = said(run(state, rows, at("08:01:11")))
    values = {key[0]: value[0] for key, value in found.items() if key[1] == "440303"}
    assert values == {"W": 2.5, "H": 2.0, "G": 1.25 * 1.5 + 2.0 * 2.0 + 0.4 * 0.5}


def test_of_no_combination_a_count_is_zero_and_a_sum_null():
    none = {"agg": "sum", "field": "mm", "per": ["entity"], "having": "value > 100"}
    state = world(
        indicator("C", "x", {"x": none | {"then": "count"}}), indicator("S", "x", {"x": none | {"then": "sum"}})
    )
    run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11"))
    over = said(run(state, [(at("08:05:40"), "a", None, 10)], at("08:05:40")))
    assert over["C", "", (), at("08:05:00")] == (0.0, "complete", 0)
    assert over["S", "", (), at("08:05:00")] == (None, "no_data", 0)


def test_too_few_samples_are_no_data():
    state = world(indicator("E", "m", MEAN, min_samples=2))
    run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11"))
    assert said(run(state, [(at("08:00:20"), "a", None, 20)], at("08:00:21"))) == {
        ("E", "", (), at("08:05:00")): (1.5, "provisional", 0)
    }


def test_levels_follow_the_published_value():
    one = indicator("E", "m", MEAN, direction="down", thresholds={"yellow": 1, "red": 2})
    state = world(one)
    assert [value.level for value in run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11")).values] == ["yellow"]
    assert [value.level for value in run(state, [(at("08:00:20"), "a", None, 90)], at("08:00:21")).values] == ["red"]


def test_a_source_that_went_silent_makes_its_value_stale_and_keeps_it():
    state = world(indicator("E", "m", MEAN), source={"stale_after": "3m"})
    run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11"))
    assert said(run(state, [], at("08:05:00"))) == {("E", "", (), at("08:05:00")): (1.0, "stale", 0)}


def test_region_attributes_enter_formulas():
    state = world(
        indicator("E", "n / region('population') * 1000000", COUNT, levels=["district", "subdistrict"]),
        source=REGISTERED, registries={"gauges": GAUGES}, regions=REGIONS,
    )  # fmt: skip
    found = said(run(state, [(at("08:00:10"), "a", None, 10)], at("08:00:11")))
    assert found == {("E", "440303", (), at("08:05:00")): (0.874277955693, "provisional", 0)}


def test_the_least_real_source_and_yesterday_travel_with_the_value():
    state = world(indicator("E", "m", MEAN))
    asked = []

    def history(series, lines, end):
        asked.append(([series.heads[line].name for line in lines], end))
        return np.full(len(lines), 7.5)

    [value] = run(
        state, [(at("08:00:10"), "a", None, 10)], at("08:00:11"), history=history, origins={"rain": "simulated"}
    ).values
    assert (value.origin, value.same_time_1d) == ("simulated", 7.5)
    assert asked == [(["E||"], at("08:05:00", "2024-06-02"))]


def test_before_a_source_is_complete_its_windows_have_no_data():
    state = world(indicator("N", "n", COUNT), source={"since": "2024-06-03T08:03:00+08:00"})
    run(state, [(at("08:04:00"), "a", None, 10)], at("08:04:01"))
    over = said(run(state, [(at("08:06:00"), "a", None, 10)], at("08:06:00")))
    assert over["N", "", (), at("08:05:00")] == (None, "no_data", 0)
    assert over["N", "", (), at("08:10:00")] == (1.0, "provisional", 0)


def test_a_version_gives_the_windows_that_end_after_it_came_into_force():
    old = indicator("E", "m", MEAN)
    new = indicator("E", "m * 10", MEAN, version=2, valid_from="2024-06-03T08:05:00+08:00")
    state = world(old, new)
    outputs = run(state, [(at("08:04:00"), "a", None, 10), (at("08:06:00"), "a", None, 10)], at("08:06:00"))
    assert [(value.version, value.value) for value in outputs.values] == [(1, 1.0), (2, 10.0)]


def test_absorbing_first_and_publishing_once_gives_the_same_last_values():
    rows = [(at("08:00:10"), "a", None, 10), (at("08:00:20"), "a", None, 20), (at("08:06:00"), "a", None, 30)]
    one, other = world(indicator("E", "m", MEAN)), world(indicator("E", "m", MEAN))
    for row in rows[:2]:
        absorb(one, [batch([row])], row[0])
        run(other, [row], row[0])
    assert said(run(one, rows[2:], at("08:06:00"))) == said(run(other, rows[2:], at("08:06:00")))


def test_a_batch_of_an_unknown_source_is_refused():
    rows = batch([(at("08:00:10"), "a", None, 10)])
    with pytest.raises(KeyError, match="snow"):
        step(world(), [Batch("snow", rows.time, rows.entity, rows.entities, rows.fields)], at("08:00:11"))
