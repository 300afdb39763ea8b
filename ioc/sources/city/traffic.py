"""Traffic: road events, buses and parking; the roads themselves are in `ioc.sources.simulation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.flow import Arrivals, Flow
from ioc.sources.city.ground import Ground, dated, numbered
from ioc.sources.city.life import Lives, Records
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Faults, Readings
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS, STREET, Shape, hours
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from ioc.sources.rows import Rows
from ioc.sources.simulation import PERIOD_MS, RoadModel
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Columns = Mapping[str, RawColumn]

EVENTS_A_DAY, TRIPS_A_DAY = 55.0, 8_000.0
FLOODED_MM = 12.0  # from so much water on its low road a road may be closed
EVENT_KINDS = ("crash", "breakdown", "works", "flood")
LINES = tuple(f"LH{number}路" for number in range(1, 41))  # invented
FULL = Shape(
    hours("0.75 0.75 0.75 0.75 0.75 0.74 0.7 0.66 0.68 0.76 0.8 0.8  "
          "0.8 0.8 0.8 0.8 0.78 0.76 0.76 0.78 0.78 0.77 0.76 0.75"),
    hours("0.78 0.78 0.78 0.78 0.78 0.76 0.72 0.66 0.62 0.64 0.7 0.76  "
          "0.8 0.82 0.85 0.87 0.87 0.85 0.82 0.82 0.8 0.78 0.78 0.78"),
)  # fmt: skip
MEAN_FULL = sum(FULL.work) / 24.0


def models(ground: Ground) -> list[Model]:
    """The sources of the scene; roads only where the registry names some."""
    found: list[Model] = [*_parking(ground), _chargers(ground), _trips(ground)]
    if ground.roads:
        roads = RoadModel(ground.roads, seed=ground.seed, weather=RoadWeather(ground))
        found += [Roads(roads), _events(ground)]
    return found


class Roads:
    """Road speeds (`traffic`)."""

    source = "traffic"

    def __init__(self, model: RoadModel, interval_ms: int = PERIOD_MS) -> None:
        """One reading of each road in `interval_ms`, a multiple of its period."""
        self._model, self._interval = model, interval_ms
        self.per_s = len(model) * 1000 / interval_ms

    def every(self, interval_ms: int) -> Roads:
        """The same roads, of whose readings one in so long is told."""
        return Roads(self._model, interval_ms)

    def opening(self, at_ms: int) -> Rows | None:  # noqa: ARG002
        """Readings have no stand."""
        return None

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """See Model."""
        found = self._model.rows(after_ms, until_ms)
        if self._interval != PERIOD_MS:
            found = found.take(np.flatnonzero(found.time % self._interval < PERIOD_MS))
        return found if len(found) else None


class RoadWeather:
    """What the conditions leave of the speed of each road: rain slows, water stops, a closed road stands."""

    def __init__(self, ground: Ground) -> None:
        self._conditions = ground.conditions
        self._names = tuple(str(road["id"]) for road in ground.roads)
        self._place = places_of(ground.roads, ground.town.codes)

    def left(self, times: Times, road: Which) -> NDArray[np.float64]:
        """The share of its speed that a road keeps, (rows,); exactly 1 where nothing is wrong."""
        place = self._place[road]
        rain, pool = self._conditions.rain(times, place), self._conditions.pool(times, place)
        closed = np.clip(self._conditions.force_on("road_closed", times, self._names, road), 0.0, 1.0)
        found: NDArray[np.float64] = (1.0 - closed) / (1.0 + rain / 90.0 + pool / 22.0)
        return found


def places_of(roads: Any, codes: tuple[str, ...]) -> NDArray[np.int32]:
    """The subdistrict of each road; 0 for one whose code is not of a subdistrict."""
    return np.array([codes.index(road["code"]) if road.get("code") in codes else 0 for road in roads], np.int32)


def _events(ground: Ground) -> Records:
    """Crashes, breakdowns, works; and floods where water stands."""
    ids = tuple(str(road["id"]) for road in ground.roads)
    homes = places_of(ground.roads, ground.town.codes)
    held = np.array([(homes == place).any() for place in range(ground.places)], np.float64)

    def rate(times: Times) -> NDArray[np.float64]:
        wet = 1.0 + ground.weather("rain", times) / 15.0
        ordinary = ground.daily(EVENTS_A_DAY, STREET)(times) * wet * held
        flood = 0.06 * np.maximum(0.0, ground.weather("pool", times) - FLOODED_MM) * held
        return np.concatenate([ordinary, flood], axis=1)

    def live(lives: Lives, born: Arrivals) -> None:
        place, flood = (born.strand % ground.places).astype(np.int32), born.strand >= ground.places
        order = np.argsort(homes, kind="stable")
        first = np.searchsorted(homes[order], np.arange(ground.places))
        count = np.bincount(homes, minlength=ground.places)
        road = order[first[place] + np.floor(born.draw(1) * count[place]).astype(np.int64)].astype(np.int32)
        kind = np.where(flood, 3, born.chosen(2, (0.57, 0.39, 0.04))).astype(np.int32)
        median = np.array([7.5, 8.5, 80.0, 95.0])[kind] * MINUTE_MS
        codes = tuple(str(one.get("code", "")) for one in ground.roads)
        lives.set("kind", columns.words(kind, EVENT_KINDS))
        lives.set("road", columns.words(road, ids))
        lives.stamp("started_at", born.time)
        shut = flood | ((kind == 2) & (born.draw(3) < 0.2))
        lives.set("closed", columns.flags(shut))
        lives.set("deaths", columns.numbers(((born.draw(4) < 0.0008) & (kind == 0)).astype(np.int64)))
        lives.set("community", columns.texts([codes[at] for at in road.tolist()]))
        lives.set(
            "point", ground.point(ground.spot(homes[road], born.draw(6)))
        )  # an address near the road: no more is known
        cleared = lives.later(born.time, born.lasting(5, median, 0.45))
        lives.stamp("cleared_at", cleared)
        lives.set("closed", columns.flags(np.zeros(len(born), np.bool_)), cleared)

    return Records("road_event", "LK", rate, live, seed=ground.seed, days=3)


def _trips(ground: Ground) -> Flow:
    """Bus trips as they end: rain and the rush make them late."""
    key = ground.keys("line", len(LINES))

    def rate(times: Times) -> NDArray[np.float64]:
        return np.repeat((TRIPS_A_DAY / 24.0 / len(LINES) * STREET.at(times))[:, None], len(LINES), axis=1)

    def fields(born: Arrivals) -> tuple[RawColumn, Columns]:
        place = (born.strand % ground.places).astype(np.int32)
        wet = ground.conditions.rain(born.time, place) / 120.0 + ground.conditions.pool(born.time, place) / 90.0
        rush = 0.015 * np.maximum(0.0, STREET.at(born.time) - 1.2)
        own = 0.015 * draw.uniform(key[born.strand], born.time // HOUR_MS, 1)
        on_time = born.draw(1) < np.clip(0.99 - wet - rush - own, 0.1, 1.0)
        return columns.words(born.strand, LINES), {
            "trip_id": columns.texts(dated(born, "BC")), "on_time": columns.flags(on_time),
        }  # fmt: skip

    return Flow("trip", TRIPS_A_DAY / 86_400, rate, fields, seed=ground.seed)


def _chargers(ground: Ground) -> Model:
    """Charging stations; most points are taken in the evening."""
    count = int(STANDING["counts"]["chargers"])
    sites, trait = ground.town.spread("charger", count), ground.trait("charger", count)
    piles = (4 + np.floor(28 * trait)).astype(np.int64)
    key = ground.keys("charger", count)

    def state(times: Times, which: Which) -> Columns:
        use = FULL.at(times) * MEAN_FULL - 0.1 + 0.5 * (draw.uniform(key[which], times // (20 * MINUTE_MS), 2) - 0.5)
        return {"free": columns.numbers(np.floor(piles[which] * np.clip(1.0 - use, 0.0, 1.0)))}

    fixed = {
        "zh": columns.texts([f"充电站{at:03d}" for at in range(1, count + 1)]),
        "piles": columns.numbers(piles),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return Stock("charger", numbered("CD", count), fixed, seed=ground.seed, state=state, every_ms=20 * MINUTE_MS)


def _parking(ground: Ground) -> list[Model]:
    """Parking lots: homes fill by night, shops on the afternoons of rest days."""
    count = int(STANDING["counts"]["lots"])
    names, sites = numbered("PK", count), ground.town.spread("lot", count)
    bays = np.floor(60 + 540 * ground.trait("lot", count) ** 2).astype(np.int64)
    shared = np.floor(bays * 0.2 * ground.trait("lot", count, 2)).astype(np.int64)
    own, key = ground.trait("lot", count, 3), ground.keys("lot", count)

    def fields(times: Times, which: Which) -> Columns:
        level = FULL.at(times) * MEAN_FULL * (0.72 + 0.24 * own[which])
        level = level + draw.wander(key[which], times, 0.07, 50 * MINUTE_MS, 4)
        rush = STREET.at(times) * 5.0 / (24.0 * 60.0) * 2.2
        stays = np.floor(shared[which] * rush + draw.uniform(key[which], times, 5))
        return {
            "used": columns.numbers(np.floor(bays[which] * np.clip(level, 0.02, 1.0))),
            "shared_stays": columns.numbers(np.where(shared[which] > 0, stays, 0.0)),
        }

    register = {
        "bays": columns.numbers(bays),
        "shared_bays": columns.numbers(shared),
        "zh": columns.texts([f"停车场{at:03d}（示意）" for at in range(1, count + 1)]),
        "en": columns.texts([f"Car park {at:03d} (assumed)" for at in range(1, count + 1)]),
        "community": columns.texts(sites.community),
        "point": columns.texts(sites.points),
    }
    return [
        Stock("lot", names, register, seed=ground.seed),
        Readings("parking", names, 5 * MINUTE_MS, fields, seed=ground.seed, faults=Faults(0.006, 0.001)),
    ]
