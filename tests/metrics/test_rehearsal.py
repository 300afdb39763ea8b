"""Other thresholds over values of the past: what they would have told, how often and for how long."""

from __future__ import annotations

import pyarrow as pa
import pytest

from metrics.definition import load
from metrics.rehearsal import Episode, Past, Tally, WrongThresholds, episodes, rehearse, tallies, thresholds_of, totals
from metrics.threshold import Thresholds
from tests.metrics.engine_worlds import REGIONS, at, bundle, indicator

SPEED = load(
    bundle(
        indicator("V", "v", {"v": {"agg": "mean", "field": "mm"}}, direction="up",
                  thresholds={"yellow": 30, "red": 10}),
        regions=REGIONS,
    )
)  # fmt: skip
TODAY = SPEED.indicators[0].thresholds
WHOLE = "440303"


def past(*numbers: float | None, region: str = WHOLE) -> Past:
    """Values of the five minutes from noon on."""
    ends = [at("12:05") + 300_000 * place for place in range(len(numbers))]
    qualities = ["no_data" if number is None else "complete" for number in numbers]
    return Past.of(
        pa.table({
            "region": [region] * len(ends), "dims": [""] * len(ends), "window_end": ends,
            "value": pa.array(numbers, pa.float64()), "quality": qualities, "samples": [5] * len(ends),
        })
    )  # fmt: skip


def tallied(thresholds: Thresholds, values: Past) -> list[Tally]:
    events = rehearse(SPEED.indicators[0], thresholds, values, SPEED.regions, lambda _calendar, _at: False, world="w")
    return tallies(events, at("12:00"), at("13:00"))


def test_a_level_is_counted_when_it_is_reached_and_stands_until_it_is_left() -> None:
    assert TODAY is not None
    found = tallied(TODAY, past(50, 25, 20, 5, 25, 50))
    assert found == [
        Tally(WHOLE, (), "level", "red", 1, 300_000),
        Tally(WHOLE, (), "level", "yellow", 2, 900_000),
    ]


def test_stricter_limits_tell_more_of_the_same_values() -> None:
    assert TODAY is not None
    stricter = thresholds_of("yellow=60,red=26", TODAY)
    assert totals(tallied(stricter, past(50, 25, 20, 5, 25, 50))) == {
        ("level", "yellow"): (2, 300_000 + 30 * 60_000), ("level", "red"): (1, 1_200_000),
    }  # fmt: skip


def test_a_delay_keeps_a_short_dip_from_being_told() -> None:
    assert TODAY is not None
    assert tallied(thresholds_of("yellow=30,on_delay=10m", TODAY), past(50, 25, 50, 50)) == []


def test_silence_is_a_condition_of_its_own() -> None:
    assert TODAY is not None
    found = tallied(TODAY, past(50, None, None, None, None, None, 50))
    assert [(one.condition, one.level, one.raised) for one in found] == [("no_data", "yellow", 1)]


def test_a_level_that_stands_at_the_end_is_counted_up_to_the_end() -> None:
    assert TODAY is not None
    (found,) = tallied(TODAY, past(50, 25))
    assert found == Tally(WHOLE, (), "level", "yellow", 1, 50 * 60_000)


@pytest.mark.parametrize(
    ("text", "why"),
    [("yellow", "is not NAME=VALUE"), ("pink=3", "is neither a level nor a rule"), ("red=x", "is no fit value"),
     ("hysteresis=1", "limits are needed"), ("yellow=nan", "yellow=nan must be a finite number"),
     ("red=-inf", "red=-inf must be a finite number"),
     ("red=1,hysteresis=nan", "hysteresis=nan must be a finite number"),
     ("yellow=9,yellow=8", "yellow is given twice"), ("red=1,on_delay=1m,on_delay=2m", "on_delay is given twice"),
     ("red=1,hysteresis=-1", "hysteresis must not be negative"),
     ("yellow=5,red=10", "a worse level must not be easier to reach")],
)  # fmt: skip
def test_what_cannot_be_a_threshold_is_said(text: str, why: str) -> None:
    with pytest.raises(WrongThresholds, match=why):
        thresholds_of(text, TODAY or Thresholds((), "up"))


def test_an_episode_lasts_from_the_first_limit_to_the_last_and_has_the_worst_level() -> None:
    assert TODAY is not None
    events = rehearse(
        SPEED.indicators[0], TODAY, past(50, 25, 5, 50, 25), SPEED.regions, lambda _calendar, _at: False, world="w"
    )
    assert episodes(events, at("12:00"), at("13:00")) == [
        Episode(WHOLE, (), "red", at("12:10"), at("12:20")),
        Episode(WHOLE, (), "yellow", at("12:25"), None),
    ]
    assert [one.begun for one in episodes(events, at("12:10"), at("13:00"))] == [at("12:25")]


def test_what_the_listener_raises_ends_a_rehearsal() -> None:
    assert TODAY is not None

    class Enough(Exception):
        pass

    def heard(place: int) -> None:
        if place == 2:
            raise Enough

    with pytest.raises(Enough):
        rehearse(
            SPEED.indicators[0], TODAY, past(50, 25, 5, 25), SPEED.regions, lambda _calendar, _at: False, world="w",
            heard=heard,
        )  # fmt: skip
