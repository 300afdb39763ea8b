"""Foresight: band and forecast of the past are what could be known at the moment; nothing later has a part in them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.packs.bundle import build
from ioc.playback.foresight import Foresight
from metrics import keys
from metrics.archive_cells import Known, values
from metrics.archive_history import ArchiveHistory
from metrics.definition import Bundle, load
from metrics.outlook_entry import OutlookEntry
from metrics.past import Past
from metrics.value import Value
from tests.ioc.playback.test_player import Stage
from tests.metrics.engine_worlds import GAUGES, REGIONS, bundle, indicator
from tests.metrics.past_archive import DAY, HOUR, LIFE, MINUTE, NOON, Archive, value

pytestmark = pytest.mark.service
MOMENT = NOON + 3 * DAY
SERIES = "T1|440303|"
DEEP = {"size": "5m", "dimensions": ["station"], "direction": "down", "thresholds": {"yellow": 10, "red": 25},
        "foresee": "worst"}  # fmt: skip


def defined() -> Bundle:
    return load(bundle(
        indicator("T1", "n", {"n": {"agg": "mean", "field": "mm"}}, baseline={}),
        indicator("E3", "deepest", {"deepest": {"agg": "max", "field": "mm"}}, **DEEP),
        source={"registry": "gauges", "region": {"registry": "code"}}, registries={"gauges": GAUGES}, regions=REGIONS,
    ))  # fmt: skip


def wave(end: int) -> float:
    return round(50 + 20 * math.sin((end - NOON) / DAY * 2 * math.pi) + (end // (15 * MINUTE) * 7919) % 5, 2)


def depth(end: int, number: float) -> Value:
    return Value("E3", 1, "440303", (("station", "a"),), end - 5 * MINUTE, end, number, "complete", 3, 0)


def written(root: Path, later: float | None) -> None:
    """Three days of a wave and a gauge that rises in the last hour; `later`: what then comes for a day, None: nothing.
    One window of the last day is told again after the moment, as 500."""
    archive = Archive(root)
    for quarter in range(3 * 96 + 1):
        end = NOON + quarter * 15 * MINUTE
        archive.say(end + 30_000, value(end, wave(end)), part=quarter % 96 == 0)
    for five in range(13):
        end = MOMENT - HOUR + five * 5 * MINUTE
        archive.say(MOMENT + five, depth(end, 1.0 + 0.5 * five), part=False)
    archive.say(MOMENT + 40_000)
    if later is not None:
        for quarter in range(1, 97):
            end = MOMENT + quarter * 15 * MINUTE
            archive.say(end + 30_000, value(end, later), depth(end, later), part=False)
        archive.say(MOMENT + DAY + HOUR, value(NOON + 2 * DAY, 500.0, revision=1))
    archive.standings()


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same past, and then nothing, little, much."""
    roots = {name: tmp_path_factory.mktemp(name) for name in ("cut", "low", "high")}
    for (_, root), later in zip(roots.items(), (None, 1.0, 900.0), strict=True):
        written(root, later)
    return roots


def foreseen(root: Path, known: Known, until: int = 0) -> dict[str, OutlookEntry]:
    """What is said of the moment (a minute behind the last window), and after `until` ms more of it."""
    moment = MOMENT + MINUTE
    past, history = Past(root, LIFE), ArchiveHistory(root)
    foresight = Foresight(history, past, LIFE, defined(), known, "440303", moment)
    foresight.take(values(past.lines(moment, known, 49 * HOUR, ["440303"])), moment)
    found = dict(foresight.work({"T1"}, math.inf, lambda: 0.0))
    if until:
        foresight.take(values(past.between(moment, moment + until, known)), moment + until)
        found |= foresight.work({"T1"}, math.inf, lambda: 0.0)
    history.close()
    assert not foresight.busy({"T1"})
    return {name: OutlookEntry.unpack(packed) for name, packed in found.items()}


def test_a_forecast_of_the_past_uses_nothing_that_came_later(archives: dict[str, Path]) -> None:
    cut, low, high = (foreseen(root, "then") for root in archives.values())
    assert cut == low == high
    entry = cut[SERIES]
    assert (entry.at, entry.forecast_at) == (MOMENT, MOMENT)
    assert [(end - MOMENT) / HOUR for end, *_ in entry.forecast] == [0.25, 0.5, 1, 2, 3, 4, 5, 6]
    assert all(end > MOMENT for end, *_ in entry.forecast)
    assert all(end <= MOMENT for end, *_ in entry.usual)
    assert abs(entry.forecast[3][1] - wave(MOMENT + 2 * HOUR)) < 6  # and it is a forecast: it follows the wave


def test_as_known_now_a_window_is_what_it_was_corrected_to_and_what_came_later_has_no_part(
    archives: dict[str, Path],
) -> None:
    low, high = foreseen(archives["low"], "now"), foreseen(archives["high"], "now")
    assert low == high
    assert low != foreseen(archives["low"], "then")


def test_while_it_plays_the_forecast_goes_on_with_what_appears(archives: dict[str, Path]) -> None:
    entry = foreseen(archives["high"], "then", until=2 * HOUR)[SERIES]
    assert entry.at == MOMENT + 2 * HOUR
    assert entry.forecast[0][0] == MOMENT + 2 * HOUR + 15 * MINUTE
    assert entry.forecast[0][1] > 60  # it has seen the 900


def test_a_member_that_climbed_then_is_told_with_its_place_and_time(archives: dict[str, Path]) -> None:
    entry = foreseen(archives["high"], "then")["E3|440303|"]
    assert (entry.member, entry.value, entry.at) == ((("station", "a"),), 7.0, MOMENT)
    assert next(end for end, number, *_ in entry.forecast if number >= 9.999) == MOMENT + 30 * MINUTE


def test_it_learns_in_pieces_and_says_the_same(archives: dict[str, Path]) -> None:
    root, moment = archives["cut"], MOMENT + MINUTE
    past, history = Past(root, LIFE), ArchiveHistory(root)
    foresight = Foresight(history, past, LIFE, defined(), "then", "440303", moment)
    foresight.take(values(past.lines(moment, "then", 49 * HOUR, ["440303"])), moment)
    told, turns, clock = dict[str, bytes](), 0, iter(range(100_000))
    while foresight.busy({"T1"}):
        turns += 1
        told |= foresight.work({"T1"}, next(clock) + 2.5, lambda: float(next(clock)))
    history.close()
    assert turns > 5
    assert OutlookEntry.unpack(told[SERIES]) == foreseen(root, "then")[SERIES]


def test_a_playback_learns_what_is_asked_for_behind_its_numbers_and_forgets_it_with_its_world(
    redis_client: redis.Redis, archives: dict[str, Path]
) -> None:
    stage = Stage(redis_client, archives["low"])
    redis_client.set(keys.BUNDLE, json.dumps(build()))
    order = stage.ask(MOMENT + MINUTE)
    outlook = keys.engine(order.id, "outlook")
    assert redis_client.hlen(keys.engine(order.id, "latest")) > 0
    stage.pass_s(2)
    assert not redis_client.hexists(outlook, SERIES)  # nobody looks at it
    redis_client.sadd(keys.engine(order.id, "outlook_asked"), "T1")
    stage.pass_s(2)
    told: Any = redis_client.hget(outlook, SERIES)
    assert OutlookEntry.unpack(told).at == MOMENT
    order = stage.change(order, at=MOMENT - 10 * HOUR)
    stage.pass_s(2)
    told = redis_client.hget(outlook, SERIES)
    assert OutlookEntry.unpack(told).at == MOMENT - 10 * HOUR - 15 * MINUTE  # the next was said half a minute later
    redis_client.hdel(keys.PLAYBACKS, order.id)
    stage.pass_s(2)
    assert not list(redis_client.scan_iter(keys.everything(order.id)))
