"""The outlook through the engine: bands that hold, forecasts that are no values, anomalies told once, restarts."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.alarm_desk import Provenance
from metrics.alarm_event import AlarmEvent
from metrics.engine import DamagedState, UnknownStateVersion, initial, restore
from metrics.outlook import Outlook
from metrics.outlook_entry import OutlookEntry, UnknownOutlookVersion
from metrics.outlook_line import Line
from metrics.plan import Plan
from metrics.record import Record
from metrics.window import HOUR_MS, MINUTE_MS
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, bundle, indicator, plan_of, run

pytestmark = pytest.mark.long

START = at("00:00:00")
QUARTER = 15 * MINUTE_MS
DISTRICT, GUIYUAN, HUANGBEI = "440303", "440303001", "440303002"
LIVE = Provenance("live", "real")
MEASURES = {"n": {"agg": "mean", "field": "mm"}}


def plan(*indicators, regions=REGIONS) -> Plan:
    """Means of the rain of three gauges in two subdistricts."""
    source = {"period": "15m", "stale_after": "40m", "disorder": "0s", "registry": "gauges", "take": ["weight"]}
    source["region"] = {"registry": "code"}
    return plan_of(bundle(*indicators, source=source, registries={"gauges": GAUGES}, regions=regions))


def followed(**more):
    return indicator("N", "n", MEASURES, **{"size": "15m", "baseline": {}, **more})


PLAN = plan(followed())


def day_periodic(days: int, seed: int = 3) -> np.ndarray:
    """mm * 10 of each gauge at each quarter of an hour: a wave of a day and noise of 8; (quarters, 3)."""
    wave = 2000 + 1000 * np.sin(np.arange(days * 96) / 96 * 2 * np.pi)
    noise = np.random.default_rng(seed).normal(0, 80, (days * 96, 3))
    return (wave[:, None] + noise).astype(int)


def rows_at(quarter: int, values: np.ndarray):
    gauges = [(gauge, value) for gauge, value in zip("abc", values.tolist(), strict=True) if value > 0]
    return [(START + quarter * QUARTER, gauge, "north", value) for gauge, value in gauges]


def played(values: np.ndarray, the_plan: Plan = PLAN, restarts: frozenset[int] = frozenset()):
    """What each step said; the state is taken up again from its commits after the quarters in `restarts`."""
    state, outputs, fields = initial(the_plan), [], {}
    for quarter, row in enumerate(values):
        outputs.append(run(state, rows_at(quarter, row), START + quarter * QUARTER))
        for name, payload in state.changed().items():
            if payload is None:
                fields.pop(name, None)
            else:
                fields[name] = payload
        if quarter in restarts:
            assert fields == state.snapshot()
            state = restore(the_plan, fields)
    return outputs


def anomalies(outputs, region: str = DISTRICT) -> list[AlarmEvent]:
    return [event for one in outputs for event in one.alarms if (event.condition, event.region) == ("anomaly", region)]


@pytest.fixture(scope="module")
def fortnight():
    """Two weeks; on the tenth day it rains thrice as much for three hours everywhere from 10:00 on."""
    values = day_periodic(14)
    values[9 * 96 + 40 : 9 * 96 + 52] *= 3
    return played(values, restarts=frozenset((100, 500, 9 * 96 + 45)))


def test_95_of_100_values_lie_in_the_band_that_was_said_before_them(fortnight):
    hits = {False: [], True: []}
    for before, after in pairwise(fortnight):
        for value in after.complete_values():
            entry = before.outlooks.get(value.series)
            if entry is not None and value.window_end == entry.band[1][0]:
                _, _, low, high, cold = entry.band[1]
                hits[cold].append(low <= value.value <= high)
    assert np.mean(hits[False]) == pytest.approx(0.95, abs=0.02)
    assert np.mean(hits[True]) > 0.95  # cold bands are wide


def test_a_band_is_marked_cold_until_two_and_a_half_days_are_known(fortnight):
    cold = [one.outlooks[f"N|{DISTRICT}|"].band[1][4] for one in fortnight[1:]]
    assert 2.4 * 96 < cold.index(False) < 3.1 * 96
    assert not any(cold[4 * 96 :])


def test_an_anomaly_is_told_once_and_is_over_an_hour_after_it(fortnight):
    raised, cleared = anomalies(fortnight)
    begun = START + 9 * 24 * HOUR_MS + 10 * HOUR_MS + QUARTER
    assert (raised.kind, raised.at, raised.level_before, raised.level_after) == ("raised", begun, None, "blue")
    assert raised.value > raised.limit > 200
    assert raised.quality == "complete"
    assert (cleared.kind, cleared.level_after) == ("cleared", None)
    assert begun + 3 * HOUR_MS <= cleared.at <= begun + 6 * HOUR_MS
    assert cleared.fingerprint == raised.fingerprint
    assert (raised.number, cleared.number) == (0, 1)


def test_an_anomaly_that_stands_is_part_of_the_outlook(fortnight):
    begun = START + 9 * 24 * HOUR_MS + 10 * HOUR_MS + QUARTER
    said = [one.outlooks[f"N|{DISTRICT}|"] for one in fortnight[1:]]
    assert [entry.anomaly for entry in said[9 * 96 + 38 : 9 * 96 + 43]] == [None, None, begun, begun, begun]
    assert max(entry.score for entry in said[9 * 96 + 40 : 9 * 96 + 52]) >= 0.5


def test_a_forecast_never_appears_among_the_values_of_the_indicator(fortnight):
    assert {value.indicator for one in fortnight for value in one.values} == {"N"}
    assert {value.indicator for one in fortnight for value in one.forecasts} == {"N~forecast"}
    assert {(value.quality, value.samples) for one in fortnight for value in one.forecasts} == {("provisional", 0)}


def test_a_forecast_says_the_windows_of_the_next_six_hours_for_each_region(fortnight):
    last = fortnight[-1]
    end = START + 14 * 24 * HOUR_MS - QUARTER
    ahead = [(value.window_end - end) / HOUR_MS for value in last.forecasts if value.region == GUIYUAN]
    assert ahead == [0.25, 0.5, 1, 2, 3, 4, 5, 6]
    assert {value.region for value in last.forecasts} == {DISTRICT, GUIYUAN, HUANGBEI}
    assert all(value.window_end - value.window_start == QUARTER for value in last.forecasts)


def test_forecasts_six_hours_ahead_follow_the_wave_of_the_day(fortnight):
    truth = {value.window_end: value.value for one in fortnight for value in one.complete_values() if not value.dims}
    missed, stayed = [], []
    for one in fortnight[11 * 96 :]:
        entry = one.outlooks[f"N|{DISTRICT}|"]
        end, value, low, high = entry.forecast[-1]
        if end in truth and entry.at in truth:
            missed.append(abs(value - truth[end]))
            stayed.append(abs(truth[entry.at] - truth[end]))
            assert low < value < high
    assert np.mean(missed) < 0.25 * np.mean(stayed)


def test_each_word_on_a_window_has_a_number_of_its_own(fortnight):
    said = [(value.region, value.window_end, value.revision) for one in fortnight for value in one.forecasts]
    assert len(said) == len(set(said))


def test_a_restart_neither_repeats_nor_forgets(fortnight):
    values = day_periodic(14)
    values[9 * 96 + 40 : 9 * 96 + 52] *= 3
    assert played(values) == fortnight


def test_only_an_indicator_with_a_baseline_on_a_grid_of_a_minute_to_an_hour_has_an_outlook():
    the_plan = plan(
        indicator("NONE", "n", MEASURES, size="15m"),
        followed(id="FAST", size="30s"),
        followed(id="SLOW", size="2h"),
        followed(id="SLIDES", window={"kind": "sliding", "size": "6h", "every": "1h"}),
        followed(),
    )
    state = initial(the_plan)
    assert {one.plan.indicator.id for one in state.publications if one.outlook is not None} == {"SLIDES", "N"}


def test_a_correction_does_not_rewrite_what_was_said_and_is_counted():
    the_plan, state = PLAN, initial(PLAN)
    for quarter, row in enumerate(day_periodic(1)[:20]):
        run(state, rows_at(quarter, row), START + quarter * QUARTER)
    before = state.publications[0].outlook.normal.saved()
    late = [(START + 19 * QUARTER - MINUTE_MS, "a", "north", 9000)]
    outputs = run(state, late, START + 19 * QUARTER + 1000)
    assert [value.revision for value in outputs.values if value.region == GUIYUAN] == [1]
    after = state.publications[0].outlook.normal.saved()
    assert all(np.array_equal(array, after[name], equal_nan=True) for name, array in before.items())
    outputs = run(state, rows_at(20, np.array([2000, 2000, 2000])), START + 20 * QUARTER)
    assert outputs.outlooks[f"N|{DISTRICT}|"].corrected == 1
    assert restore(the_plan, state.snapshot()).publications[0].outlook.corrected == 1


def test_a_stale_value_teaches_nothing():
    outlook, record = alone(1), Record.empty(1)
    record.known[:], record.value[:], record.quality[:] = True, 50.0, 2
    outlook.take(START + HOUR_MS, record, LIVE)
    assert outlook.newest_ms is None


# ---- versions and other regions ----


@pytest.fixture(scope="module")
def standing() -> dict[str, bytes]:
    """The checkpoint after five days, in the last hour of which an anomaly was raised everywhere."""
    state, values = initial(PLAN), day_periodic(5)
    values[5 * 96 - 4 :] *= 3
    said = [run(state, rows_at(quarter, row), START + quarter * QUARTER) for quarter, row in enumerate(values)]
    assert [event.kind for event in anomalies(said)] == ["raised"]
    return state.snapshot()


def gone_on(fields: dict[str, bytes], the_plan: Plan):
    """What the next quarter of an hour says under other definitions, stopped once before it comes; and the state."""
    state = restore(the_plan, restore(the_plan, fields).snapshot())
    state.changed()
    outputs = run(state, rows_at(480, np.array([6000, 6000, 6000])), START + 480 * QUARTER)
    state.changed()
    return outputs, state


def test_a_later_version_that_computes_something_else_withdraws_the_anomalies_of_the_one_before(standing):
    second = followed(version=2, valid_from="2024-06-07T23:45:00+08:00") | {"formula": "n * 2"}
    outputs, state = gone_on(standing, plan(followed(), second))
    assert [(event.kind, event.version, event.at) for event in anomalies([outputs])] == [
        ("withdrawn", 1, START + 480 * QUARTER)
    ]
    assert outputs.outlooks[f"N|{DISTRICT}|"].band[1][4]
    assert not anomalies([run(state, [], START + 481 * QUARTER)])


def test_another_set_of_regions_begins_anew_and_withdraws_what_stood(standing):
    dongmen = {"code": "440303003", "parent": DISTRICT, "zh": "东门街道", "en": "Dongmen", "level": "subdistrict"}
    wider = plan(followed(), regions=[*REGIONS, dongmen])
    outputs, state = gone_on(standing, wider)
    assert [event.kind for event in anomalies([outputs])] == ["withdrawn"]
    assert outputs.outlooks[f"N|{DISTRICT}|"].band[1][4]
    assert restore(wider, state.snapshot()).snapshot() == state.snapshot()


def test_a_version_published_in_place_of_one_that_computes_the_same_goes_on_with_it(standing):
    the_plan = plan(followed(version=2, zh="雨量", thresholds={"yellow": 400}, direction="context"))
    outputs, state = gone_on(standing, the_plan)
    entry = outputs.outlooks[f"N|{DISTRICT}|"]
    assert (entry.version, entry.band[1][4]) == (2, False)
    assert entry.anomaly is not None
    assert not anomalies([outputs])
    fields = state.snapshot()
    assert not [name for name in fields if name.startswith("outlook/N@1/")]
    assert restore(the_plan, fields).snapshot() == fields


def test_a_version_published_in_place_of_one_that_computed_something_else_begins_anew(standing):
    outputs, _ = gone_on(standing, plan(followed(version=2) | {"formula": "n * 2"}))
    assert outputs.outlooks[f"N|{DISTRICT}|"].band[1][4]
    assert [event.kind for event in anomalies([outputs])] == ["withdrawn"]


def test_an_indicator_that_asks_for_no_outlook_any_more_has_its_anomalies_withdrawn_once(standing):
    outputs, state = gone_on(standing, plan(indicator("N", "n", MEASURES, size="15m", version=2)))
    assert [event.kind for event in anomalies([outputs])] == ["withdrawn"]
    assert not outputs.outlooks
    assert not anomalies([run(state, [], START + 481 * QUARTER)])
    assert not [name for name in state.snapshot() if name.startswith("outlook/")]


# ---- stop, restore, continue ----


def alone(regions: int) -> Outlook:
    """The outlook of an hourly indicator, without an engine."""
    one = plan(followed(size="1h")).indicators[0].indicator
    line = Line.of(one, tuple(f"R{number}" for number in range(regions)), ("rain",))
    return Outlook(line, np.arange(regions))


def told_by(values: np.ndarray, stops: frozenset[int]):
    """Everything said of hourly values (hours, regions), NaN: none; taken up again from its commits at `stops`."""
    outlook, fields, said = alone(values.shape[1]), {}, []
    for hour, row in enumerate(values):
        record = Record.empty(len(row))
        record.known[:], record.value[:] = np.isfinite(row), np.nan_to_num(row)
        events = outlook.take(START + (hour + 1) * HOUR_MS, record, LIVE)
        foreseen = outlook.tell("real")
        said.append((events, foreseen.values, foreseen.entries))
        for name, payload in outlook.changed().items():
            if payload is None:
                fields.pop(name, None)
            else:
                fields[name] = payload
        if hour in stops:
            assert fields == outlook.snapshot()
            outlook = alone(values.shape[1])
            if fields:
                outlook.load(fields)
    return said


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.frozensets(st.integers(0, 149), min_size=1, max_size=4), st.integers(0, 30))
def test_whenever_it_is_stopped_it_goes_on_as_if_it_had_not_been(seed, stops, nothing_before):
    rng = np.random.default_rng(seed)
    values = 50 + 20 * np.sin(np.arange(150) / 24 * 2 * np.pi)[:, None] + rng.normal(0, 2, (150, 2))
    values[rng.random((150, 2)) < 0.05] = np.nan
    values[rng.integers(80, 150, 3)] *= 4
    values[:nothing_before] = np.nan
    assert told_by(values, stops) == told_by(values, frozenset())


def test_a_commit_writes_a_few_numbers_and_now_and_then_the_whole():
    rng, outlook, sizes = np.random.default_rng(1), alone(10), []
    for hour in range(300):
        record = Record.empty(10)
        record.known[:], record.value[:] = True, rng.normal(50, 2, 10)
        outlook.take(START + (hour + 1) * HOUR_MS, record, LIVE)
        sizes.append(sum(len(payload or b"") for payload in outlook.changed().values()))
    assert sorted(sizes)[-4] < 400  # ten numbers and the progress
    assert 2 <= sum(size > 100_000 for size in sizes) <= 3


def test_a_memory_of_another_version_is_refused_by_name():
    state = initial(PLAN)
    run(state, rows_at(0, np.array([5, 5, 5])), START)
    run(state, rows_at(1, np.array([5, 5, 5])), START + QUARTER)
    fields = state.snapshot()
    assert fields["outlook/N@1/progress"][:2] == b"\x94\x01"
    with pytest.raises(UnknownStateVersion, match="outlook has version 7"):
        restore(PLAN, fields | {"outlook/N@1/progress": b"\x94\x07" + fields["outlook/N@1/progress"][2:]})
    with pytest.raises(DamagedState, match="outlook"):
        restore(PLAN, fields | {f"outlook/N@1/row/{START + QUARTER}": b"123"})
    with pytest.raises(DamagedState, match="outlook"):
        restore(PLAN, {name: payload for name, payload in fields.items() if not name.endswith("progress")})


def test_an_entry_reads_as_it_was_written(fortnight):
    for entry in fortnight[-1].outlooks.values():
        assert OutlookEntry.unpack(entry.pack()) == entry
    with pytest.raises(UnknownOutlookVersion, match="outlook version 7"):
        OutlookEntry.unpack(b"\x81\xa1v\x07")
