"""A trial: what a script expects is what the engine says; and how expected alarms are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ioc.offline.trial import Finding, judge, play
from ioc.packs.bundle import build
from ioc.sources.city.script import Script, parse
from ioc.sources.exercise import shelf
from ioc.sources.simulation import SEED
from metrics.alarm_event import AlarmEvent
from tests.ioc.sources.city.whole import HOUR, MINUTE, MONDAY, script

NOON = MONDAY + 12 * HOUR
EXPECT: dict[str, Any] = {"indicator": "E2", "level": "orange", "from": "1:00", "by": "2:00"}
SCRIPTS = ("chemical-smell", "crowd-dongmen", "data-centre", "gas-leak", "rain-2023-09-07", "typhoon")


def expecting(**changes: Any) -> Script:
    return parse(script().model_dump(by_alias=True) | {"expect": [EXPECT | changes]}, "trial.toml")


def told(minute: int, level: str | None, **changes: Any) -> AlarmEvent:
    """An alarm event so many minutes after the begin."""
    at = NOON + minute * MINUTE
    plain: dict[str, Any] = {
        "world": "w", "indicator": "E2", "version": 1, "region": "440303", "dims": (), "condition": "level",
        "kind": "raised", "level_before": None, "level_after": level, "value": 1.0, "z": None, "limit": 1.0,
        "window_start": at - MINUTE, "window_end": at, "at": at, "begun": at, "number": 0, "samples": 1, "revision": 0,
        "quality": "complete", "origin": "simulated",
    }  # fmt: skip
    return AlarmEvent(**(plain | changes))


def found(events: list[AlarmEvent], **changes: Any) -> Finding:
    return judge(expecting(**changes), events, "440303")[0]


def test_an_alarm_of_the_level_or_a_worse_one_in_its_time_is_as_expected() -> None:
    finding = found([told(30, "yellow"), told(70, "yellow"), told(80, "red")])
    assert (finding.met, finding.early, finding.raised_ms) == (True, False, NOON + 80 * MINUTE)


def test_one_that_comes_late_never_or_elsewhere_is_not() -> None:
    assert not found([told(121, "red")]).met
    assert found([]).raised_ms is None
    assert not found([told(80, "red", region="440303003"), told(80, "red", dims=(("station", "RG01"),))]).met


def test_one_that_stands_before_its_time_is_too_early_and_one_that_had_ended_is_not() -> None:
    assert found([told(50, "orange"), told(80, "red")]).early
    assert found([told(20, "orange"), told(50, None), told(80, "red")]).met


def test_of_an_indicator_without_regions_the_total_is_meant() -> None:
    assert found([told(80, "red", region="")]).met


def test_silence_is_a_condition_of_its_own() -> None:
    silent = told(80, "yellow", condition="no_data")
    assert found([silent], condition="no_data", level=None).met
    assert not found([silent]).met


@pytest.mark.service
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_shipped_script_raises_the_alarms_that_it_expects(name: str) -> None:
    bundle, one = build(), shelf(Path("/nowhere"))[name]
    findings = judge(one, play(bundle, one, SEED), "440303")
    assert findings
    assert [finding for finding in findings if not finding.met] == []
