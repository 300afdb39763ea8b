"""The sheet of a rehearsal: both sides over the same values, with the incidents of then."""

from __future__ import annotations

import pyarrow as pa
import pytest

from ioc.offline.backfill import Order
from ioc.offline.rehearsal_sheet import EARLY_MS, Ground, Incident, sheet
from metrics.rehearsal import Past, WrongThresholds
from tests.metrics.engine_worlds import REGIONS, at, bundle, indicator

RAW = bundle(
    indicator("V", "v", {"v": {"agg": "mean", "field": "mm"}}, direction="up", thresholds={"yellow": 30, "red": 10}),
    regions=REGIONS,
)
WHOLE, PART, OTHER = "440303", "440303001", "440303002"
SPAN = (at("12:00"), at("13:00"))


def ground(*incidents: Incident, region: str = WHOLE) -> Ground:
    """Five windows of five minutes: below thirty at 12:10, below ten at 12:15, and below thirty again at 12:25."""
    numbers = [50.0, 25.0, 5.0, 50.0, 25.0]
    ends = [at("12:05") + 300_000 * place for place in range(len(numbers))]
    past = Past.of(
        pa.table({
            "region": [region] * len(ends), "dims": [""] * len(ends), "window_end": ends, "value": numbers,
            "quality": ["complete"] * len(ends), "samples": [5] * len(ends),
        })
    )  # fmt: skip
    return Ground(Order.of(RAW, "V", None), past, SPAN, "w", incidents)


def test_both_sides_are_counted_by_level_region_and_day() -> None:
    found = sheet(ground(), "yellow=20")
    assert (found["today"]["alarms"], found["tried"]["alarms"], found["windows"], found["series"]) == (2, 1, 5, 1)
    assert found["today"]["levels"] == {"blue": 0, "yellow": 2, "orange": 0, "red": 1}
    assert found["tried"]["limits"] == {"yellow": 20}
    assert [(one["code"], one["today"], one["tried"]) for one in found["regions"]] == [(WHOLE, 2, 1)]
    assert [(one["today"], one["tried"]) for one in found["days"]] == [({"yellow": 1, "red": 1}, {"yellow": 1})]
    assert found["tried"]["episodes"] == [
        {"region": WHOLE, "dims": [], "level": "yellow", "begun": at("12:15"), "ended": at("12:20")}
    ]


def test_an_incident_is_met_by_an_alarm_of_its_place_shortly_before_or_while_it_is_open() -> None:
    met = Incident("a", "积水", WHOLE, at("12:12"), at("12:40"))
    before = Incident("b", "积水", WHOLE, at("12:30") + EARLY_MS + 1, None)
    long_ago = Incident("c", "积水", WHOLE, at("09:00"), at("09:30"))
    found = sheet(ground(met, before, long_ago), "yellow=20")
    assert (found["incidents"], found["today"]["met"], found["today"]["missed"], found["today"]["during"]) == (
        3,
        2,
        1,
        2,
    )
    assert (found["tried"]["met"], found["tried"]["missed"], found["tried"]["during"]) == (1, 2, 1)
    assert found["tried"]["ahead"] == -3.0  # it was told three minutes after the incident had been received


def test_an_alarm_of_another_place_meets_nothing_and_one_of_the_whole_meets_every_part() -> None:
    inside = Incident("a", "积水", PART, at("12:12"), None)
    assert sheet(ground(inside), "yellow=20")["tried"]["met"] == 1
    assert sheet(ground(inside, region=OTHER), "yellow=20")["tried"]["met"] == 0


def test_how_far_it_is_grows_and_what_the_listener_raises_ends_it() -> None:
    shares: list[float] = []
    sheet(ground(), "yellow=20", shares.append)
    assert shares == [0.0, 0.5]

    def enough(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheet(ground(), "yellow=20", enough)


def test_limits_that_cannot_be_are_refused() -> None:
    with pytest.raises(WrongThresholds):
        sheet(ground(), "yellow=10,red=20")
