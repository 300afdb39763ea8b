"""The traffic indicators of the shipped pack against their pandas expressions."""

import numpy as np
import pandas as pd
import pytest

from ioc.packs.bundle import build
from metrics.column import Column
from metrics.compiler import compile
from metrics.definition import load
from metrics.engine import initial, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import at

START = at("07:00:00")
LIMIT = {"expressway": 35, "arterial": 20, "secondary": 15}
POINTS = {
    "expressway": ([0, 20, 35, 50, 65, 80], [10, 8, 6, 4, 2, 0]),
    "arterial": ([0, 15, 20, 30, 40, 60], [10, 8, 6, 4, 2, 0]),
    "secondary": ([0, 10, 15, 25, 35, 50], [10, 8, 6, 4, 2, 0]),
}


@pytest.fixture(scope="module")
def packs():
    return load(build())


@pytest.fixture(scope="module")
def data(packs):
    """Four hours of readings each 30 s, a tenth of the speeds missing, some readings lost."""
    rng = np.random.default_rng(440303)
    roads = list(packs.registries["roads"].rows)
    frame = pd.DataFrame(
        [(START + at_s * 1000, road) for at_s in range(0, 4 * 3600, 30) for road in roads], columns=["time", "road"]
    )
    frame["speed"] = np.round(rng.gamma(4, 8, len(frame)), 2).clip(0.5, 150)
    frame.loc[rng.random(len(frame)) < 0.1, "speed"] = np.nan
    frame["vehicles"] = rng.integers(0, 40, len(frame))
    frame = frame[rng.random(len(frame)) > 0.02].reset_index(drop=True)
    return frame.join(pd.DataFrame(packs.registries["roads"].rows).T[["class", "length_km", "code"]], on="road")


@pytest.fixture(scope="module")
def values(packs, data):
    """Final values per (indicator, region, road, end) after a run with rows shuffled over a minute."""
    state = initial(compile(packs))
    rng = np.random.default_rng(1)
    order = np.argsort(data.time.to_numpy() + rng.integers(0, 60_000, len(data)), kind="stable")
    shuffled = data.iloc[order]
    roads = list(packs.registries["roads"].rows)
    found, now = {}, START
    for part in np.array_split(np.arange(len(shuffled)), 40):
        rows = shuffled.iloc[part]
        now = max(now, int(rows.time.max()))
        batch = Batch(
            "traffic",
            rows.time.to_numpy(np.int64),
            rows.road.map(roads.index).to_numpy(np.int32),
            roads,
            {
                "speed": Column(
                    np.round(rows.speed.fillna(0) * 100).to_numpy(np.int64), rows.speed.notna().to_numpy(), 2
                ),
                "vehicles": Column(rows.vehicles.to_numpy(np.int64), None, 0),
            },
        )
        collect(found, step(state, [batch], now))
    collect(found, step(state, [], now + 600_000))
    return found


def collect(found, outputs):
    for value in outputs.complete_values():
        found[value.indicator, value.region, dict(value.dims).get("road"), value.window_end] = value.value


def windows(data):
    """(start, end, rows of the window, rows by region) for every window of five minutes."""
    for start in range(START, START + 4 * 3_600_000, 300_000):
        rows = data[(data.time >= start) & (data.time < start + 300_000)]
        yield start + 300_000, {"440303": rows, **dict(list(rows.groupby("code")))}


def test_the_performance_index_is_weighted_by_length(data, values):
    checked = 0
    for end, regions in windows(data):
        for region, rows in regions.items():
            v = rows.groupby("road").speed.mean().dropna()
            known = rows.groupby("road").first().loc[v.index]
            index = [np.interp(speed, *POINTS[kind]) for speed, kind in zip(v, known["class"], strict=True)]
            length = known.length_km.astype(float)
            assert values["T1", region, None, end] == pytest.approx((index * length).sum() / length.sum(), rel=1e-9)
            checked += 1
    assert checked > 48 * 5


def test_the_arterial_speed_is_vehicle_kilometres_by_vehicle_hours(data, values):
    for end, regions in windows(data):
        for region, rows in regions.items():
            t = rows[(rows["class"] == "arterial") & rows.speed.notna()]
            length = t.length_km.astype(float)
            # The field of a measure is fixed point before it is summed; vehicle_h declares nine decimals.
            km, hours = (t.vehicles * length).sum(), (t.vehicles * length / t.speed).round(9).sum()
            if hours:
                assert values["T2", region, None, end] == pytest.approx(km / hours, rel=1e-9)
            else:
                assert values["T2", region, None, end] is None


def test_the_congested_share_counts_kilometres(data, values):
    for end, regions in windows(data):
        for region, rows in regions.items():
            v = rows.groupby("road").speed.mean().dropna()
            known = rows.groupby("road").first().loc[v.index]
            length = known.length_km.astype(float)
            bad = length[v <= known["class"].map(LIMIT)]
            assert values["T3", region, None, end] == pytest.approx(bad.sum() / length.sum() * 100, rel=1e-9)


def test_each_road_has_its_mean_speed(data, values):
    for end, regions in windows(data):
        for road, speed in regions["440303"].groupby("road").speed.mean().dropna().items():
            assert values["T2r", "440303", road, end] == pytest.approx(speed, rel=1e-9)
