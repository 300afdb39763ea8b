"""Public safety: cameras, crowds, and what police and fire brigade are called to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals
from ioc.sources.city.ground import Ground, numbered
from ioc.sources.city.life import Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Faults, Readings
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, NIGHT, OFFICE, STREET, WAKING, Shape, hours, opened
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

POLICE_A_DAY, FIRES_A_DAY, HAZARDS_A_DAY = 340.0, 16.0, 45.0
POLICE_CLASSES = ("治安", "交通", "纠纷", "求助", "诈骗", "其他")
STATIONS = ("东门消防站", "笋岗消防站", "莲塘消防站", "清水河消防站", "黄贝消防站")
CAMERA_KINDS = tuple(STANDING["cameras"])
# how many come in a minute on the average, persons per m2 on the average, and m2: by kind of zone
CROWDS = {
    "station": (70.0, 0.45, 4_200.0),
    "plaza": (55.0, 0.4, 9_000.0),
    "town": (9.0, 0.05, 40_000.0),
    "port": (95.0, 0.55, 12_000.0),
}
SHOPPING = Shape(
    hours("0.3 0.15 0.1 0.1 0.1 0.1 0.2 0.4 0.6 0.9 1.3 1.6  "
          "1.8 1.7 1.7 1.7 1.8 2.0 2.3 2.5 2.4 1.9 1.2 0.6"),
    hours("0.4 0.2 0.1 0.1 0.1 0.1 0.2 0.4 0.8 1.3 1.9 2.4  "
          "2.6 2.8 3.0 3.2 3.3 3.3 3.4 3.4 3.1 2.5 1.6 0.8"),
)  # fmt: skip


def models(ground: Ground) -> list[Model]:
    """The sources of the scene but for sensors."""
    calls = _Calls(ground)
    seed = ground.seed
    return [
        *_cameras(ground),
        *_crowds(ground),
        Records("police", "JQ", calls.police_rate, calls.police, seed=seed, days=2),
        Records("fire", "HJ", calls.fire_rate, calls.fire, seed=seed, days=2),
        Records("hazard", "YH", ground.daily(HAZARDS_A_DAY, OFFICE), calls.hazard, seed=seed, days=45),
    ]


def _cameras(ground: Ground) -> list[Model]:
    counts = [int(STANDING["cameras"][name]) for name in CAMERA_KINDS]
    total = sum(counts)
    names, sites = numbered("CAM", total, 5), ground.town.spread("camera", total)
    kind = np.repeat(np.arange(len(CAMERA_KINDS)), counts)
    key = ground.keys("camera", total)

    def active(times: Times, which: Which) -> NDArray[np.bool_]:
        kept: NDArray[np.bool_] = draw.uniform(key[which], times // (30 * DAY_MS), 1) >= 0.005
        return kept

    def state(times: Times, which: Which) -> Columns:
        return {"active": columns.flags(active(times, which))}

    def fields(times: Times, which: Which) -> Columns:
        return {"ok": columns.flags(draw.uniform(key[which], times // (2 * HOUR_MS), 2) >= 0.006)}

    fixed = {
        "kind": columns.words(kind, CAMERA_KINDS),
        "zh": columns.texts([f"摄像机{at}" for at in range(1, total + 1)]),
        "stream": columns.texts([name.lower() for name in names]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("camera", names, fixed, seed=ground.seed, state=state, every_ms=24 * HOUR_MS),
        Readings("video", names, ground.interval_ms, fields, seed=ground.seed, faults=Faults(0.008), also=active),
    ]


def _crowds(ground: Ground) -> list[Model]:
    """Stations, squares and ports. Trains that fail leave people on the platforms; a surge fills a square."""
    listed = [(row["kind"], place) for row in STANDING["zone"] for place in row["places"]]
    kinds = tuple(CROWDS)
    kind = np.array([kinds.index(name) for name, _ in listed])
    said = tuple(place["zh"] for _, place in listed)
    sites = ground.town.at([place for _, place in listed])
    ids = list(said)  # a screen that splits by zone shows the zone
    key, trait = ground.keys("zone", len(listed)), ground.trait("zone", len(listed))
    size = 0.5 + trait + 0.8 * (np.arange(len(listed)) % 10 == 2)
    flow, density, area = (np.array([CROWDS[name][at] for name, _ in listed]) for at in range(3))
    area = np.round(area * (0.6 + 0.8 * trait))
    capacity = np.round(flow * size * 15 * 6.0)

    def pressed(times: Times, which: Which) -> NDArray[np.float64]:
        conditions = ground.conditions
        stuck = conditions.force_on("metro_failure", times, said, which) * (kind[which] == 0)
        surge = conditions.force_on("crowd", times, said, which)
        found: NDArray[np.float64] = surge + 2.4 * stuck
        return found

    def fields(times: Times, which: Which) -> Columns:
        shape = np.where(kind[which] == 1, SHOPPING.at(times), STREET.at(times))
        rain = ground.conditions.rain(times, sites.place[which])
        shape = shape * np.where(kind[which] == 1, 1.0 / (1.0 + rain / 12.0), 1.0 + rain / 150.0)
        level = shape * size[which] * (1.0 + draw.wander(key[which], times, 0.2, 25 * MINUTE_MS, 1))
        press = pressed(times, which)
        rising = pressed(times + 10 * MINUTE_MS, which) - press
        people = density[which] * level + press
        came = flow[which] * level * (0.9 + 0.2 * draw.uniform(key[which], times, 2))
        went = flow[which] * level * (0.9 + 0.2 * draw.uniform(key[which], times, 3))
        come = came + np.maximum(0.0, rising) * area[which] / 40.0
        gone = went * np.where(press > 0.3, 0.8, 1.0) + np.maximum(0.0, -rising) * area[which] / 40.0
        return {
            "density": columns.numbers(np.clip(people, 0.01, 9.0), 2),
            "inflow": columns.numbers(come),
            "outflow": columns.numbers(gone),
        }

    fixed = {
        "zh": columns.texts(said),
        "en": columns.texts([place["en"] for _, place in listed]),
        "kind": columns.words(kind, kinds),
        "area_m2": columns.numbers(area),
        "capacity": columns.numbers(capacity),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("zone", ids, fixed, seed=ground.seed),
        Readings("crowd", ids, MINUTE_MS, fields, seed=ground.seed, faults=Faults(0.003, 0.001)),
    ]


class _Calls:
    """Calls as counts by class, time and place: nothing of persons."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def police_rate(self, times: Times) -> NDArray[np.float64]:
        ground = self._ground
        wet = 0.25 * ground.weather("pool", times) + 0.03 * ground.weather("rain", times)
        ordinary = ground.daily(POLICE_A_DAY, WAKING)(times) * 0.6 + ground.daily(POLICE_A_DAY, NIGHT)(times) * 0.4
        return np.concatenate([ordinary, wet * ground.share[None, :] * ground.places], axis=1)

    def police(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place = (born.strand % ground.places).astype(np.int32)
        ordinary = born.chosen(1, (0.17, 0.3, 0.22, 0.16, 0.07, 0.08))
        kind = np.where(born.strand >= ground.places, 1, ordinary).astype(np.int32)
        slow = 1.0 + ground.conditions.pool(born.time, place) / 40.0 + ground.conditions.rain(born.time, place) / 120.0
        sent = lives.later(born.time, born.lasting(2, 50_000, 0.5))
        lives.set("class", columns.words(kind, POLICE_CLASSES))
        lives.stamp("received_at", born.time)
        lives.stamp("dispatched_at", sent)
        lives.stamp("arrived_at", lives.later(sent, born.lasting(3, 2.3 * MINUTE_MS * slow, 0.4)))
        lives.set("community", ground.community(ground.spot(place, born.draw(4))))

    def fire_rate(self, times: Times) -> NDArray[np.float64]:
        ground = self._ground
        leak = 0.03 * ground.forced("gas_leak", times)
        return np.concatenate([ground.daily(FIRES_A_DAY, WAKING)(times), leak], axis=1)

    def fire(self, lives: Lives, born: Arrivals) -> None:
        """Most alarms are smoke, and an eighth of those are false."""
        ground = self._ground
        place = (born.strand % ground.places).astype(np.int32)
        smoke = born.draw(1) < 0.78
        slow = 1.0 + ground.conditions.pool(born.time, place) / 40.0
        arrived = lives.later(born.time, born.lasting(2, 2.8 * MINUTE_MS * slow, 0.3))
        lives.set("kind", columns.words(smoke.astype(np.int32), ("fire", "smoke")))
        lives.set("station", columns.words(place % len(STATIONS), STATIONS))
        lives.stamp("received_at", born.time)
        lives.stamp("arrived_at", arrived)
        lives.set("false_alarm", columns.flags(smoke & (born.draw(3) < 0.13)), arrived)
        lives.set("community", ground.community(ground.spot(place, born.draw(4))))

    def hazard(self, lives: Lives, born: Arrivals) -> None:
        ground = self._ground
        place = (born.strand % ground.places).astype(np.int32)
        due = opened(born.time + (7 + np.floor(born.draw(1) * 18)).astype(np.int64) * DAY_MS)
        mended = opened(born.time + ((due - born.time) * 0.5 * np.exp(0.2 * born.bell(2))).astype(np.int64))
        lives.set("due", columns.times(due))
        lives.stamp("mended_at", lives.when(mended, born.draw(3) < 0.997))
        lives.set("community", ground.community(ground.spot(place, born.draw(4))))
