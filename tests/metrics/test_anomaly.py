"""Anomalies: judged by the past alone, comparable across series, remembered across restarts."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.anomaly import ALARM_SCORE, SLOTS, Detector, UnknownStateVersion, slot_of

pytestmark = pytest.mark.long

DAY = 288  # values at steps of 5 min


def slots(rows):
    return np.arange(rows) * SLOTS // DAY % SLOTS


def scores(values):
    """Scores (rows, series) of values (rows, series), a day of 288 rows."""
    detector = Detector(values.shape[1])
    return np.stack(
        [detector.step(row, slot).score for row, slot in zip(values, slots(len(values)).tolist(), strict=True)]
    )


def noise(rows, series=1, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, series))


def seasonal(rows, seed=1):
    return 50 + 30 * np.sin(2 * np.pi * np.arange(rows)[:, None] / DAY) + noise(rows, seed=seed)


def test_a_value_far_out_is_an_alarm_at_once():
    values = noise(1000)
    values[700] = 40.0
    assert scores(values)[700, 0] > 0.9


def test_a_level_that_moves_is_an_alarm_within_an_hour():
    values = noise(1500)
    values[1000:] += 6.0
    assert (scores(values)[1000:1012, 0] >= ALARM_SCORE).any()


def test_a_day_that_does_not_come_is_an_alarm_though_every_value_is_usual():
    values = seasonal(10 * DAY)
    values[9 * DAY + 20 : 9 * DAY + 200] = 50.0
    found = scores(values)[9 * DAY : 9 * DAY + 200, 0]
    assert (found >= ALARM_SCORE).any()


def test_a_shape_that_repeats_each_day_is_no_alarm():
    assert not (scores(seasonal(12 * DAY))[8 * DAY :] >= 0.75).any()


def test_noise_that_grows_is_an_alarm():
    values = noise(2000)
    values[1500:1700] *= 5.0
    assert (scores(values)[1500:1530, 0] >= ALARM_SCORE).any()


def test_a_quiet_series_gets_no_alarm_in_the_day_after_the_first_two():
    rng = np.random.default_rng(6)
    for day in (24, 96):  # steps of 1 h and 15 min: a slot has its second value after two days
        rows = np.arange(3 * day)
        values = 50 + 30 * np.sin(2 * np.pi * rows[:, None] / day) + rng.normal(size=(len(rows), 20))
        detector = Detector(20)
        alarms = [detector.step(row, at * SLOTS // day % SLOTS).alarm for at, row in zip(rows, values, strict=True)]
        assert not np.any(alarms)


@pytest.mark.parametrize("step_min", [15, 60])
def test_generated_quiet_series_are_no_less_calm_when_their_slots_become_known_than_later(step_min):
    from benchmarks.bench_detect import calm

    found = calm(seed=31, step_min=step_min, series=30)
    assert found.after_two_days <= found.later < 0.2
    assert 0.93 < found.inside < 0.97


def test_an_episode_that_lasts_is_told_in_few_alarms():
    values = noise(1500)
    values[1000:1180] += 30.0
    assert 1 <= int((scores(values)[1000:1180, 0] >= ALARM_SCORE).sum()) <= 4


def test_what_comes_again_and_again_counts_less_each_time():
    values = noise(2400)
    values[800::400] = 25.0
    found = scores(values)
    peaks = [float(found[row : row + 3, 0].max()) for row in (800, 1200, 2000)]
    assert peaks[0] > 0.9
    assert peaks[0] > peaks[1] > peaks[2]


def test_plain_noise_gives_few_alarms():
    found = scores(noise(4000, series=50))
    assert (found[600:] >= ALARM_SCORE).sum(axis=0).mean() < 4.0


def test_a_constant_is_never_an_anomaly_and_its_first_change_is():
    values = np.full((1000, 1), 45.0)
    values[900] = 45.5
    found = scores(values)[:, 0]
    assert not found[:900].any()
    assert found[900] > 0.9


def test_the_first_thirty_values_are_only_learnt():
    values = noise(60)
    values[20] = 1e6
    assert not scores(values)[:31].any()


def test_the_scale_of_a_series_does_not_matter():
    values = seasonal(1500)
    values[1200] = 400.0
    assert np.allclose(scores(values), scores(values * 1e6), atol=1e-6)


def test_a_missing_value_is_not_judged_and_changes_nothing():
    values = seasonal(900)
    gaps = np.insert(values, 500, np.nan, axis=0)
    at = np.insert(slots(900), 500, 7)
    detector = Detector(1)
    found = np.stack([detector.step(row, slot).score for row, slot in zip(gaps, at.tolist(), strict=True)])
    assert found[500, 0] == 0.0
    assert np.array_equal(np.delete(found, 500, axis=0), scores(values))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_what_is_no_finite_measure_is_no_value(value):
    detector = Detector(1)
    for row in noise(100):
        detector.step(row, 0)
    before = json.dumps({name: array.tolist() for name, array in detector.state().items()})
    found = detector.step(np.array([value]), 0)
    assert (found.score[0], found.alarm[0]) == (0.0, False)
    assert json.dumps({name: array.tolist() for name, array in detector.state().items()}) == before


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(np.nan)), min_size=80, max_size=120),
    st.integers(40, 79),
    st.floats(-1e12, 1e12),
)
def test_a_row_is_judged_by_the_rows_before_it_alone(values, cut, other):
    whole = np.array(values)[:, None]
    changed = whole.copy()
    changed[cut:] = other
    assert np.array_equal(scores(whole)[:cut], scores(changed)[:cut])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 300))
def test_stop_restore_continue_equals_never_stopped(cut):
    values = noise(320, series=3, seed=5)
    values[250:, 1] += 8
    values[100:140, 2] = np.nan

    def told(detector, rows):
        return [np.stack((found.score, found.low, found.high)) for found in (detector.step(row, 3) for row in rows)]

    stopped = Detector(3)
    found = told(stopped, values[:cut])
    stored = {name: np.frombuffer(array.tobytes()).reshape(array.shape) for name, array in stopped.state().items()}
    again = Detector.restored(stored)
    found += told(again, values[cut:])
    assert np.array_equal(np.stack(found), np.stack(told(Detector(3), values)), equal_nan=True)


def test_series_do_not_know_each_other():
    values = noise(600, series=4, seed=9)
    values[500, 2] = 50
    together, alone = Detector(4), Detector(1)
    for row in values:
        one, other = together.step(row, 0), alone.step(row[2:3], 0)
    for name in ("score", "low", "high"):
        assert getattr(one, name)[2] == getattr(other, name)[0], name
    assert np.array_equal(scores(values)[:, 2], scores(values[:, 2:3])[:, 0])


def test_a_series_that_comes_later_starts_without_a_past():
    values = noise(400, series=2, seed=4)
    grown = Detector(1)
    for row in values[:150]:
        grown.step(row[:1], 0)
    grown.grow(2)
    late = np.stack([grown.step(row, 0).score for row in values[150:]])
    alone, fresh = Detector(1), Detector(1)
    assert grown.state()["band.seen"].tolist() == [398, 248]  # the first two values have no band
    assert np.array_equal(late[:, 0], np.stack([alone.step(row[:1], 0).score[0] for row in values])[150:])
    assert np.array_equal(late[:, 1], np.stack([fresh.step(row[1:], 0).score[0] for row in values[150:]]))


def test_a_detector_does_not_shrink():
    with pytest.raises(ValueError, match="3 series cannot become one of 2"):
        Detector(3).grow(2)


def test_a_state_of_another_version_is_refused_by_name():
    state = Detector(1).state()
    state["version"] = np.array([1.0])
    with pytest.raises(UnknownStateVersion, match=r"\[1.0\], this is version 2"):
        Detector.restored(state)


def test_a_state_of_another_shape_is_refused_by_name():
    state = Detector(2).state()
    state["residual.habit"] = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"residual\.habit"):
        Detector.restored(state)


def test_the_band_holds_most_values_and_follows_the_day():
    values = seasonal(12 * DAY)
    detector = Detector(1)
    found = [detector.step(row, slot) for row, slot in zip(values, slots(len(values)).tolist(), strict=True)]
    low, high = np.array([each.low[0] for each in found]), np.array([each.high[0] for each in found])
    inside = ((low <= values[:, 0]) & (values[:, 0] <= high))[8 * DAY :].mean()
    assert 0.92 < inside < 1.0
    assert (high - low)[-1] < 25.0  # the day itself is 60 wide


def test_a_constant_teaches_the_ends_of_the_band_nothing():
    detector = Detector(1)
    for _ in range(500):
        detector.step(np.array([45.1]), 0)
    state = detector.state()
    assert state["band.seen"].tolist() == [0.0]
    assert np.exp(state["band.above"]) == pytest.approx([1.96])


def test_before_the_third_value_nothing_is_expected():
    detector = Detector(1)
    expected = [float(detector.step(np.array([5.0]), 0).expected[0]) for _ in range(3)]
    assert np.isnan(expected[:2]).all()
    assert expected[2] == 5.0


def test_slots_are_quarters_of_the_local_day():
    assert slot_of(np.array([0, 899_999, 900_000, 86_399_999, 86_400_000])).tolist() == [0, 0, 1, 95, 0]


def test_generated_series_of_many_kinds_are_judged_well_with_the_one_threshold():
    from benchmarks.bench_detect import scored
    from benchmarks.generated_series import generate
    from benchmarks.nab_score import STANDARD, sweep

    files = generate(21, per_family=1) + generate(22, per_family=1)  # 16 series
    assert sweep(files, scored(files), STANDARD).at(ALARM_SCORE) > 45.0


def test_the_benchmark_is_scored_well_with_one_threshold():
    from benchmarks.bench_detect import scored
    from benchmarks.nab_score import STANDARD, read, sweep

    folder = Path(__file__).resolve().parents[2] / "../shared/data/nab"
    if not folder.exists():
        pytest.skip(f"{folder}: the benchmark's series are absent")
    files = read(folder)
    found = sweep(files, scored(files), STANDARD)
    assert found.best()[1] > 71.0
    assert found.at(ALARM_SCORE) > 70.0
