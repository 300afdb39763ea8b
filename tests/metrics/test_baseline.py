"""The seasonal band: what it holds for normal, how often it is right, and that it can be taken up again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from metrics.baseline import Band, Baseline
from metrics.memory import DamagedMemory, UnknownMemoryVersion

MONDAY = 1_678_636_800_000  # 2023-03-13T00:00+08:00; the two months after it have holidays from 5 April on
QUARTER = 900_000
DAY = 96
ROADS = Path(__file__).resolve().parents[2] / "../shared/data/luohu_roads/speed_2015-01-01_to_24.csv"


def played(baseline: Baseline, values: np.ndarray, start: int = MONDAY, step: int = QUARTER) -> list[Band]:
    return [baseline.step(start + number * step, row) for number, row in enumerate(values)]


def inside(bands: list[Band], values: np.ndarray, after: int) -> np.ndarray:
    """Share of the known values inside their band, of each series."""
    low, high = np.stack([band.low for band in bands[after:]]), np.stack([band.high for band in bands[after:]])
    known = ~np.isnan(values[after:])
    return ((values[after:] >= low) & (values[after:] <= high) & known).sum(0) / known.sum(0)


def test_rush_hours_are_expected_on_days_of_work_and_not_on_days_of_rest() -> None:
    hours = np.arange(21 * DAY) // 4 % 24
    weekday = np.arange(21 * DAY) // DAY % 7
    speed = np.where((hours == 8) & (weekday < 5), 15.0, 40.0)
    baseline = Baseline(QUARTER, 1)
    played(baseline, speed[:, None] + np.random.default_rng(3).normal(0, 1, (21 * DAY, 1)))
    monday, saturday = MONDAY + 21 * DAY * QUARTER, MONDAY + 26 * DAY * QUARTER  # Tomb-sweeping Day is a Wednesday
    half_past_eight = 34 * QUARTER
    assert baseline.band(monday + half_past_eight).expected[0] < 25  # 15 in truth; the hour's edges blur
    assert baseline.band(saturday + half_past_eight).expected[0] > 37
    wednesday = baseline.band(monday + 2 * DAY * QUARTER + half_past_eight).expected[0]
    assert wednesday == baseline.band(saturday + half_past_eight).expected[0]


def test_95_of_100_values_of_real_roads_lie_inside_though_their_level_breaks_in_between() -> None:
    if not ROADS.exists():
        pytest.skip(f"the real road speeds are not here: {ROADS}")
    with ROADS.open() as lines:
        rows = list(csv.reader(lines))[1:]
    speeds = np.array([[float(cell) or np.nan for cell in row[1:]] for row in rows])
    bands = played(Baseline(QUARTER, speeds.shape[1]), speeds, 1_420_041_600_000)
    shares = inside(bands, speeds, 3 * DAY)
    assert shares.mean() == pytest.approx(0.95, abs=0.02)
    assert shares.min() > 0.93


@pytest.mark.parametrize("freedom", [2.0, 3.0])
def test_95_of_100_values_with_heavy_tails_lie_inside(freedom: float) -> None:
    random = np.random.default_rng(7)
    phase = np.arange(28 * DAY)[:, None] / DAY * 2 * np.pi
    values = 30 + 10 * np.sin(phase) + random.standard_t(freedom, (28 * DAY, 40)) * (1 + np.cos(phase) ** 2)
    shares = inside(played(Baseline(QUARTER, 40), values), values, 7 * DAY)
    assert shares.mean() == pytest.approx(0.95, abs=0.01)
    assert shares.min() > 0.93


def test_a_young_band_is_cold_and_wide_and_an_older_one_is_neither() -> None:
    values = np.random.default_rng(2).normal(50, 2, (6 * DAY, 20))
    bands = played(Baseline(QUARTER, 20), values)
    widths = [float(np.mean(band.high - band.low)) for band in bands]
    assert bands[0].cold.all()
    assert bands[2 * DAY].cold.all()
    assert not bands[5 * DAY].cold.any()
    assert widths[DAY // 2] > 2 * widths[5 * DAY]


def test_a_series_that_was_only_zero_has_a_band_while_it_is_cold() -> None:
    baseline = Baseline(QUARTER, 1)
    for step in range(10):
        baseline.step(MONDAY + step * QUARTER, np.array([0.0]))
    band = baseline.band(MONDAY + 10 * QUARTER)
    assert (band.low.tolist(), band.high.tolist(), band.cold.tolist()) == ([-1.0], [1.0], [True])


def test_a_series_without_any_value_has_no_band_and_is_cold() -> None:
    baseline = Baseline(QUARTER, 2)
    played(baseline, np.array([[1.0, np.nan], [2.0, np.nan]]))
    band = baseline.band(MONDAY + 2 * QUARTER)
    assert np.isfinite(band.expected).tolist() == [True, False]
    assert np.isnan(band.low[1])
    assert band.cold.tolist() == [True, True]


def test_one_absurd_value_hardly_moves_the_band() -> None:
    values = np.random.default_rng(4).normal(50, 2, (10 * DAY, 1))
    struck = values.copy()
    struck[8 * DAY] = 1e9
    calm, shaken = Baseline(QUARTER, 1), Baseline(QUARTER, 1)
    played(calm, values)
    played(shaken, struck)
    end = MONDAY + 10 * DAY * QUARTER
    assert shaken.band(end).expected[0] == pytest.approx(calm.band(end).expected[0], abs=1.5)
    assert shaken.band(end).high[0] < calm.band(end).high[0] + 20


def test_a_series_does_not_know_of_its_neighbours() -> None:
    values = np.random.default_rng(6).normal(20, 3, (4 * DAY, 3))
    together, alone = Baseline(QUARTER, 3), Baseline(QUARTER, 1)
    played(together, values)
    played(alone, values[:, 1:2])
    end = MONDAY + 4 * DAY * QUARTER
    assert together.band(end).low[1] == pytest.approx(alone.band(end).low[0], rel=1e-6)


def test_saved_and_restored_it_goes_on_as_if_never_stopped() -> None:
    values = np.random.default_rng(9).normal(20, 3, (4 * DAY, 5))
    values[::7, 2] = np.nan
    whole, first, second = (Baseline(QUARTER, 5) for _ in range(3))
    played(whole, values)
    played(first, values[: 3 * DAY])
    second.restore(first.saved())
    played(second, values[3 * DAY :], MONDAY + 3 * DAY * QUARTER)
    end = MONDAY + 4 * DAY * QUARTER
    assert second.band(end).low.tolist() == whole.band(end).low.tolist()
    assert second.band(end).high.tolist() == whole.band(end).high.tolist()


def test_a_memory_of_another_version_or_shape_is_refused() -> None:
    memory = Baseline(QUARTER, 5).saved()
    with pytest.raises(DamagedMemory, match="baseline/level"):
        Baseline(QUARTER, 4).restore(memory)
    memory["baseline/version"] = np.array(99)
    with pytest.raises(UnknownMemoryVersion, match="99"):
        Baseline(QUARTER, 5).restore(memory)


@pytest.mark.parametrize("step", [60_000, 420_000, 3_600_000, 86_400_000, 604_800_000])
def test_any_step_has_a_band(step: int) -> None:
    values = np.random.default_rng(8).normal(100, 5, (400, 3))
    bands = played(Baseline(step, 3), values, step=step)
    assert np.isfinite(bands[-1].low).all()
    assert inside(bands, values, 100).mean() > 0.85
