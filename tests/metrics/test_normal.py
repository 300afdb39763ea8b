"""What is normal of a line of windows: which steps the forecast has, gaps, and that it can be taken up again."""

import numpy as np
import pytest

from metrics.memory import DamagedMemory, UnknownMemoryVersion
from metrics.normal import Normal

MONDAY = 1_678_636_800_000  # 2023-03-13T00:00+08:00
MINUTE = 60_000
HOUR = 60 * MINUTE


def hours_ahead(grid_ms: int) -> list[float]:
    return (Normal(grid_ms, 1).ahead_ms / HOUR).tolist()


def test_the_forecast_reaches_from_a_quarter_of_an_hour_to_six_hours() -> None:
    assert hours_ahead(MINUTE) == [0.25, 0.5, 1, 2, 3, 4, 5, 6]
    assert hours_ahead(5 * MINUTE) == [0.25, 0.5, 1, 2, 3, 4, 5, 6]


def test_a_coarse_grid_is_the_step_of_the_forecast() -> None:
    assert hours_ahead(30 * MINUTE) == [0.5, 1, 2, 3, 4, 5, 6]
    assert hours_ahead(HOUR) == [1, 2, 3, 4, 5, 6]


def test_a_grid_that_no_quarter_fits_has_the_next_longer_step_that_divides_a_day() -> None:
    assert Normal(4 * MINUTE, 1).step_ms == 16 * MINUTE


def test_a_forecast_is_renewed_at_its_steps_and_stands_in_between() -> None:
    normal = Normal(5 * MINUTE, 1)
    normal.follow(MONDAY + 10 * MINUTE, np.array([3.0]))
    assert normal.origin < 0
    normal.follow(MONDAY + 15 * MINUTE, np.array([4.0]))
    assert normal.origin == MONDAY + 15 * MINUTE
    said = normal.forecast.copy()
    normal.follow(MONDAY + 20 * MINUTE, np.array([50.0]))
    assert normal.origin == MONDAY + 15 * MINUTE
    assert (normal.forecast == said).all()


def test_windows_that_were_left_out_are_taken_for_empty_ones() -> None:
    left_out, empty = Normal(HOUR, 2), Normal(HOUR, 2)
    for normal in (left_out, empty):
        normal.follow(MONDAY + HOUR, np.array([1.0, 2.0]))
    assert len(left_out.follow(MONDAY + 4 * HOUR, np.array([3.0, 4.0]))) == 3
    for hour, value in ((2, np.nan), (3, np.nan), (4, 3.0)):
        empty.follow(MONDAY + hour * HOUR, np.array([value, value + 1]))
    for name, array in left_out.saved().items():
        assert np.array_equal(array, empty.saved()[name], equal_nan=True), name


def test_after_a_long_pause_the_shape_of_the_day_is_still_known_and_the_last_values_are_not() -> None:
    normal = Normal(HOUR, 1)
    hours = np.arange(24 * 10)
    for hour, value in zip(hours, 100 + 20 * np.sin(hours / 24 * 2 * np.pi), strict=True):
        normal.follow(MONDAY + (hour + 1) * HOUR, np.array([value]))
    after = MONDAY + 30 * 24 * HOUR  # a Wednesday
    judged = normal.follow(after + 7 * HOUR, np.array([100 + 20 * np.sin(6 / 24 * 2 * np.pi)]))
    assert len(judged) == 1
    assert judged[0].band.expected[0] > 112  # the crest of the day, at 120
    assert normal.forecast[0, -1, 0] < 106  # six hours later, at 100


def test_nothing_is_an_anomaly_while_the_band_is_cold() -> None:
    normal, rng = Normal(HOUR, 1), np.random.default_rng(1)
    values = rng.normal(50, 1, 50)
    values[40] = 5000  # the detector judges from the thirtieth value on
    judged = [normal.follow(MONDAY + (at + 1) * HOUR, np.array([value]))[0] for at, value in enumerate(values)]
    assert judged[40].score[0] > 0.5
    assert judged[40].band.cold[0]
    assert not any(one.turns.began.size for one in judged)


def test_a_memory_goes_on_bit_for_bit() -> None:
    rng = np.random.default_rng(2)
    first, values = Normal(HOUR, 3), rng.normal(50, 5, (120, 3))
    for at, row in enumerate(values[:80]):
        first.follow(MONDAY + (at + 1) * HOUR, row)
    second = Normal(HOUR, 3)
    second.restore(first.saved())
    for at, row in enumerate(values[80:], 80):
        one, other = (normal.follow(MONDAY + (at + 1) * HOUR, row)[0] for normal in (first, second))
        assert (one.band.low == other.band.low).all()
        assert (one.score == other.score).all()
        assert (first.forecast == second.forecast).all()


def test_a_memory_of_another_version_is_refused_by_name() -> None:
    normal = Normal(HOUR, 1)
    with pytest.raises(UnknownMemoryVersion, match="normal has version 7"):
        Normal(HOUR, 1).restore(normal.saved() | {"normal/version": np.array(7)})
    with pytest.raises(UnknownMemoryVersion, match="detector has version 7; this program knows 2"):
        Normal(HOUR, 1).restore(normal.saved() | {"detector/version": np.array([7.0])})


def test_a_memory_that_lacks_something_is_damaged() -> None:
    saved = Normal(HOUR, 1).saved()
    del saved["detector/residual.last"]
    with pytest.raises(DamagedMemory, match="detector"):
        Normal(HOUR, 1).restore(saved)
