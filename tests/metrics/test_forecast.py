"""The forecast: better than simple rules, honest about its error, blind to what comes later."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from metrics.forecast import Forecaster
from metrics.memory import DamagedMemory, UnknownMemoryVersion

pytestmark = pytest.mark.long

MONDAY = 1_678_636_800_000  # 2023-03-13T00:00+08:00
QUARTER, HOUR = 900_000, 3_600_000
ROADS = Path(__file__).resolve().parents[2] / "../shared/data/luohu_roads/speed_2015-01-01_to_24.csv"


def played(
    values: np.ndarray, step: int, ahead: list[int], start: int = MONDAY, forecaster: Forecaster | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected, low and high, each (rows, horizons, series)."""
    forecaster = forecaster or Forecaster(step, values.shape[1], ahead)
    said = [forecaster.step(start + number * step, row) for number, row in enumerate(values)]
    return (np.stack([each.expected for each in said]), np.stack([each.low for each in said]),
            np.stack([each.high for each in said]))  # fmt: skip


def errors(values: np.ndarray, predicted: np.ndarray, ahead: int, after: int) -> tuple[float, float]:
    """RMSE and MAE of forecasts (rows, series) of `ahead` steps, from origin `after` on."""
    missed = values[after + ahead :] - predicted[after : len(values) - ahead]
    return float(np.sqrt(np.nanmean(missed**2))), float(np.nanmean(np.abs(missed)))


def held(values: np.ndarray) -> np.ndarray:
    """Missing values replaced by the last known ones."""
    out = values.copy()
    for number in range(1, len(out)):
        out[number] = np.where(np.isnan(out[number]), out[number - 1], out[number])
    return out


@pytest.fixture(scope="module")
def roads() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    if not ROADS.exists():
        pytest.skip(f"the real road speeds are not here: {ROADS}")
    with ROADS.open() as lines:
        rows = list(csv.reader(lines))[1:]
    speeds = np.array([[float(cell) or np.nan for cell in row[1:]] for row in rows])
    return speeds, *played(speeds, QUARTER, [1, 2, 3, 4], 1_420_041_600_000)


@pytest.mark.parametrize("ahead", [1, 2, 3, 4])
def test_real_roads_are_forecast_a_quarter_better_than_by_simple_rules(roads, ahead: int) -> None:
    speeds, expected, _, _ = roads
    after = 14 * 96
    last = held(speeds)
    week = np.roll(last, 672 - ahead, axis=0)
    ours = errors(speeds, expected[:, ahead - 1], ahead, after)
    best_rmse, best_mae = np.min([errors(speeds, each, ahead, after) for each in (last, week, (last + week) / 2)], 0)
    assert ours[0] < 0.76 * best_rmse
    assert ours[1] < 0.76 * best_mae


@pytest.mark.parametrize("ahead", [1, 2, 3, 4])
def test_95_of_100_speeds_of_real_roads_fall_into_the_interval(roads, ahead: int) -> None:
    speeds, _, low, high = roads
    for after in (3 * 96, 14 * 96):
        truth = speeds[after + ahead :]
        ends = low[after:-ahead, ahead - 1], high[after:-ahead, ahead - 1]
        inside = (truth >= ends[0]) & (truth <= ends[1])
        assert inside[~np.isnan(truth)].mean() == pytest.approx(0.95, abs=0.02)


def test_a_random_walk_is_forecast_no_worse_than_by_its_last_value() -> None:
    walk = np.cumsum(np.random.default_rng(1).normal(0, 1, (24 * 60, 3)), axis=0)
    expected, low, high = played(walk, HOUR, [1, 6])
    assert errors(walk, expected[:, 0], 1, 240)[0] < 1.03 * errors(walk, walk, 1, 240)[0]
    assert errors(walk, expected[:, 1], 6, 240)[0] < 1.06 * errors(walk, walk, 6, 240)[0]
    inside = (walk[246:] >= low[240:-6, 1]) & (walk[246:] <= high[240:-6, 1])
    assert inside.mean() == pytest.approx(0.95, abs=0.02)


def test_a_repeating_day_is_forecast_by_its_shape() -> None:
    phase = np.arange(24 * 21)[:, None] / 24 * 2 * np.pi
    values = 100 + 20 * np.sin(phase) + np.random.default_rng(2).normal(0, 1, (24 * 21, 1))
    expected, _, _ = played(values, HOUR, [6])
    assert errors(values, expected[:, 0], 6, 240)[0] < 1.5  # the noise itself is 1; the last value errs by 20


def test_a_level_that_breaks_is_followed_within_a_day() -> None:
    values = np.random.default_rng(3).normal(50, 1, (20 * 96, 4))
    values[10 * 96 :] -= 30
    expected, _, _ = played(values, QUARTER, [4])
    assert errors(values[: 12 * 96], expected[: 12 * 96, 0], 4, 11 * 96)[0] < 1.6


def test_what_comes_after_the_origin_changes_nothing_before() -> None:
    values = np.random.default_rng(4).normal(50, 5, (300, 3))
    other = values.copy()
    other[200:] = 1e6
    one, another = played(values, QUARTER, [1, 4]), played(other, QUARTER, [1, 4])
    for first, second in zip(one, another, strict=True):
        assert first[:200].tolist() == second[:200].tolist()
        assert first[200:].tolist() != second[200:].tolist()


def test_the_first_forecast_is_the_first_value_with_a_wide_interval_and_cold() -> None:
    forecaster = Forecaster(QUARTER, 1, [1])
    first = forecaster.step(MONDAY, np.array([40.0]))
    assert first.expected[0, 0] == pytest.approx(40)
    assert first.high[0, 0] - first.low[0, 0] > 20
    assert first.cold.tolist() == [True]


@pytest.mark.parametrize("values", [[0.0], [0.0] * 10, [0.0] * 239])
def test_a_series_that_was_only_zero_has_an_interval_while_it_is_cold(values: list[float]) -> None:
    _, low, high = played(np.array(values)[:, None], QUARTER, [1, 4])
    assert (low[-1].ravel().tolist(), high[-1].ravel().tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_a_zero_beside_other_series_may_become_as_much_as_they_lie_off() -> None:
    _, _, high = played(np.array([[0.0, 40.0, 60.0]]), QUARTER, [1])
    assert high[-1, 0, 0] == pytest.approx(25)


def test_a_series_that_never_changed_is_wide_while_cold_and_certain_afterwards() -> None:
    expected, low, high = played(np.full((400, 1), 5.0), QUARTER, [1])
    assert (low[238, 0, 0], high[238, 0, 0]) == (2.5, 7.5)
    assert high[300, 0, 0] - low[300, 0, 0] < 1e-3
    assert (expected == 5).all()


def test_speeds_are_never_forecast_below_zero() -> None:
    values = np.abs(np.random.default_rng(5).normal(0, 2, (500, 2)))
    expected, low, _ = played(values, QUARTER, [1, 4])
    assert expected.min() >= 0
    assert low.min() >= 0


def test_missing_values_leave_a_forecast_and_a_series_without_any_borrows_the_others() -> None:
    values = np.random.default_rng(6).normal(50, 5, (400, 3))
    values[100:200, 0] = np.nan
    values[:, 1] = np.nan
    expected, low, high = played(values, QUARTER, [1])
    assert np.isfinite(expected).all()
    assert np.isfinite(high - low).all()
    assert expected[300, 0, 1] == pytest.approx(50, abs=10)


def test_before_any_value_at_all_nothing_is_said() -> None:
    forecast = Forecaster(QUARTER, 2, [1]).step(MONDAY, np.array([np.nan, np.nan]))
    assert np.isnan(forecast.expected).all()


def test_horizons_may_be_chosen_and_each_is_what_it_is_among_others() -> None:
    values = np.random.default_rng(7).normal(50, 5, (300, 2))
    all_of_them, _, _ = played(values, QUARTER, [1, 2, 3, 4])
    one, _, _ = played(values, QUARTER, [3])
    assert one[:, 0] == pytest.approx(all_of_them[:, 2], rel=1e-9)
    with pytest.raises(ValueError, match="at least one step"):
        Forecaster(QUARTER, 2, [0])


def test_saved_and_restored_it_goes_on_as_if_never_stopped() -> None:
    values = np.random.default_rng(8).normal(50, 5, (400, 3))
    whole = played(values, QUARTER, [1, 4])
    first, second = Forecaster(QUARTER, 3, [1, 4]), Forecaster(QUARTER, 3, [1, 4])
    played(values[:250], QUARTER, [], forecaster=first)
    second.restore(first.saved())
    rest = played(values[250:], QUARTER, [], MONDAY + 250 * QUARTER, second)
    for before, after in zip(whole, rest, strict=True):
        assert before[250:].tolist() == after.tolist()


def test_a_memory_of_another_version_or_shape_is_refused() -> None:
    memory = Forecaster(QUARTER, 3, [1]).saved()
    with pytest.raises(DamagedMemory):
        Forecaster(QUARTER, 4, [1]).restore(memory)
    memory["forecast/version"] = np.array(0)
    with pytest.raises(UnknownMemoryVersion):
        Forecaster(QUARTER, 3, [1]).restore(memory)
