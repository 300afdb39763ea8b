"""The climb: which member of an indicator comes to a limit within the hour, and when; on series that rise."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.climb import Climb, course
from metrics.definition import DefinitionErrors, load
from metrics.engine import initial, restore
from metrics.outlook_entry import OutlookEntry
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, bundle, indicator, plan_of, run

MINUTE = 60_000
START = at("10:00:00")
DISTRICT, GUIYUAN, HUANGBEI = "440303", "440303001", "440303002"
MEASURES = {"deepest": {"agg": "max", "field": "mm"}}
LIMITS = {"yellow": 10, "orange": 15, "red": 25}
SOURCE = {"disorder": "0s", "registry": "gauges", "region": {"registry": "code"}}
AHEAD = np.arange(5, 61, 5) * MINUTE


def declared(**more):
    return indicator("E3", "deepest", MEASURES, **{
        "size": "1m", "dimensions": ["station"], "direction": "down", "thresholds": LIMITS, "foresee": "worst", **more,
    })  # fmt: skip


def world(**more):
    return bundle(declared(**more), source=SOURCE, registries={"gauges": GAUGES}, regions=REGIONS)


def climb(**more) -> Climb:
    return Climb(load(world(**more)).indicators[0], lambda _calendar, _at: False)


def told(*series: list[float], ahead_of: int = START, **more) -> dict[str, OutlookEntry]:
    """What is told of members a, b ... of the district, by a value each minute."""
    members = [(DISTRICT, (("station", chr(97 + at)),)) for at in range(len(series))]
    return dict(climb(**more).tell(ahead_of, np.array(series, np.float64).T, members, [DISTRICT], "real"))


def rising(first: float, each_minute: float) -> list[float]:
    return [first + each_minute * minute for minute in range(31)]


def test_a_straight_rise_is_taken_on_in_a_straight_line():
    found = course(np.array(rising(2.0, 0.2))[:, None], MINUTE, AHEAD, 1.0)
    assert found.climbs.tolist() == [True]
    assert found.expected[:, 0] == pytest.approx(8.0 + 0.2 * AHEAD / MINUTE)
    assert found.low[:, 0] == pytest.approx(found.expected[:, 0])


def test_of_a_series_that_rises_the_limits_and_their_times_are_told():
    entry = told(rising(2.0, 0.2))[DISTRICT]
    assert (entry.member, entry.value, entry.forecast_at) == ((("station", "a"),), 8.0, START)
    assert [(end - START) // MINUTE for end, *_ in entry.forecast] == list(range(5, 61, 5))
    over = [(end - START) // MINUTE for end, value, _, _ in entry.forecast if value >= 9.999]
    assert over[0] == 10  # 8 cm now, 0.2 a minute: 10 cm in ten minutes


def test_bad_readings_and_noise_do_not_turn_the_line():
    noise = np.random.default_rng(5).normal(0, 0.3, 31)
    spoilt = np.array(rising(2.0, 0.2)) + noise
    spoilt[[4, 11, 19]] = 90.0, 0.0, np.nan
    found = course(spoilt[:, None], MINUTE, AHEAD, 1.0)
    assert found.climbs.tolist() == [True]
    assert found.expected[-1, 0] == pytest.approx(20.0, abs=2.0)
    assert found.low[-1, 0] < 20.0 < found.high[-1, 0]


@pytest.mark.parametrize(
    "still",
    [
        [8.0] * 31,
        rising(14.0, -0.2),
        list(np.random.default_rng(2).normal(8.0, 1.0, 31)),
        [min(8.0, 2.0 + 0.6 * minute) for minute in range(31)],  # it rose, and has stood for twenty minutes
        [np.nan] * 28 + [7.0, 8.0, 9.0],
        [*rising(2.0, 0.2)[:-1], np.nan],
    ],
    ids=["level", "falling", "noise", "over", "too few", "silent now"],
)
def test_what_does_not_climb_is_not_foreseen(still: list[float]):
    found = told(still)
    assert not found or found[DISTRICT].forecast == ()


def test_who_comes_to_the_worst_level_first_is_told_and_who_stands_there_already_is_not():
    stands, slow, fast = rising(30.0, 0.3), rising(2.0, 0.2), rising(-4.0, 0.5)
    entry = told(stands, slow, fast)[DISTRICT]
    assert entry.member == (("station", "c"),)  # red in half an hour; b comes to orange, a is red
    assert told(stands, slow)[DISTRICT].member == (("station", "b"),)
    assert told(stands)[DISTRICT].forecast == ()


def test_of_what_is_better_when_it_is_more_the_fall_is_told():
    entry = told(rising(99.0, -0.3), direction="up", thresholds={"yellow": 85, "red": 70})[DISTRICT]
    assert entry.forecast[-1][1] == pytest.approx(72.0)
    assert told(rising(80.0, 0.3), direction="up", thresholds={"yellow": 85, "red": 70})[DISTRICT].forecast == ()


def test_a_share_goes_no_further_than_all_and_a_depth_not_below_nothing():
    share = told(rising(60.0, 1.0), unit="%", thresholds={"yellow": 92, "red": 98})[DISTRICT]
    assert max(high for _, _, _, high in share.forecast) == 100.0
    assert told(rising(0.0, 0.4))[DISTRICT].forecast[0][2] >= 0.0


def test_a_member_whose_value_is_not_that_of_the_whole_does_not_lead_it():
    members = [(DISTRICT, ()), (DISTRICT, (("lot", "a"),))]
    values = np.array([[50.0] * 31, rising(60.0, 0.8)]).T
    entry = climb(unit="%", thresholds={"yellow": 92}).tell(START, values, members, [DISTRICT], "real")[DISTRICT]
    assert (entry.member, entry.leads) == ((("lot", "a"),), False)


def rows(minute: int, **depths: float):
    when = START + minute * MINUTE
    return [(when, station, "north", round(10 * depth)) for station, depth in depths.items()]


def played(minutes: int, restart: int | None = None):
    """A gauge of Guiyuan that rises by 0.3 a minute and two that stand; what was told last of each series."""
    plan = plan_of(world())
    state, entries = initial(plan), {}
    for minute in range(minutes):
        depths = {"a": 1.0 + 0.3 * minute, "b": 4.0, "c": 2.0}
        outputs = run(state, rows(minute, **depths), START + minute * MINUTE)
        entries |= outputs.outlooks
        if minute == restart:
            state = restore(plan, state.snapshot())
    return entries


def test_the_engine_tells_the_worst_member_of_the_district_and_of_its_subdistrict():
    entries = played(32)
    assert set(entries) == {f"E3|{DISTRICT}|", f"E3|{GUIYUAN}|", f"E3|{HUANGBEI}|"}
    entry = entries[f"E3|{DISTRICT}|"]
    assert entry.member == (("station", "a"),)
    assert entry.at == START + 31 * MINUTE
    assert entry.value == pytest.approx(10.0)
    reached = next(end for end, value, _, _ in entry.forecast if value >= 15)
    assert reached - entry.at == 20 * MINUTE
    assert entry.leads  # the greatest depth of the district is its depth
    assert entries[f"E3|{GUIYUAN}|"].forecast == entry.forecast
    assert entries[f"E3|{HUANGBEI}|"].forecast == ()


def test_after_a_restart_the_same_is_told():
    assert played(36, restart=20) == played(36)


@pytest.mark.parametrize(
    "change",
    [{"dimensions": []}, {"size": "30m"}, {"thresholds": {**LIMITS, "on": "z"}}, {"baseline": {}}, {"foresee": "best"}],
    ids=["members", "grid", "values", "no baseline", "word"],
)
def test_who_lacks_members_limits_on_values_or_a_fine_grid_may_not_ask_for_it(change: dict[str, object]):
    with pytest.raises(DefinitionErrors, match=r"E3\.foresee"):
        load(world(**change))
