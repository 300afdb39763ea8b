"""Simulated road speeds: a pure function of seed and time, with the shape of days and weeks and shared congestion.

The same seed, road and time always give the same reading, so that the past can be sent again without doubling it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ioc.sources.draw import name_key, uniform, wander
from ioc.sources.rows import Rows
from metrics.clock import LOCAL_OFFSET_MS
from metrics.codec import RawColumn

PERIOD_MS = 30_000  # as declared in packs/traffic/sources.toml
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000
SEED = 440_303

# Free-flow speed, km/h, and vehicles per period and lane group at capacity: typical of urban roads of each class.
FREE_KMH: Mapping[str, float] = {"expressway": 78.0, "arterial": 52.0, "secondary": 42.0}
CAPACITY: Mapping[str, float] = {"expressway": 42.0, "arterial": 26.0, "secondary": 12.0}
SLOWEST_KMH, FASTEST_KMH = 3.0, 110.0

# Demand by local hour as bells (centre h, width h, height): rush hours on working days, a broad afternoon at weekends.
Bells = tuple[tuple[float, float, float], ...]
WORKDAY: Bells = ((8.3, 0.9, 0.62), (12.5, 2.2, 0.25), (18.2, 1.3, 0.72), (21.0, 1.4, 0.22))
FRIDAY: Bells = ((8.3, 0.9, 0.60), (12.5, 2.2, 0.27), (18.3, 1.7, 0.84), (21.2, 1.6, 0.32))
SATURDAY: Bells = ((11.0, 2.0, 0.34), (16.0, 2.6, 0.46), (20.0, 1.8, 0.34))
SUNDAY: Bells = ((11.5, 2.2, 0.28), (16.5, 2.6, 0.40), (19.5, 1.8, 0.26))
WEEK: tuple[Bells, ...] = (WORKDAY, WORKDAY, WORKDAY, WORKDAY, FRIDAY, SATURDAY, SUNDAY)  # Monday first

# How far demand wanders: share, and the time over which it changes. The district's part is common to all roads, the
# corridor's to its roads: that is what makes neighbours slow together.
DISTRICT_WANDER, CORRIDOR_WANDER, ROAD_WANDER = (0.10, 75 * MINUTE_MS), (0.14, 30 * MINUTE_MS), (0.12, 12 * MINUTE_MS)
JITTER = 0.05  # share of the speed by which two readings of one road differ
BLOCK_MS, BLOCK_CHANCE, BLOCK_WEIGHT = 40 * MINUTE_MS, 0.035, 0.55  # now and then something blocks a corridor


@dataclass(frozen=True, slots=True)
class _Streams:
    """What a hash is asked for; each noise has a number of its own."""

    district: int = 1
    corridor: int = 2
    road: int = 3
    jitter: int = 4
    block: int = 5
    count: int = 6
    trait: int = 7


STREAMS = _Streams()


class Weather(Protocol):
    """What holds traffic up besides its own demand."""

    def left(self, times: NDArray[np.int64], road: NDArray[np.int32]) -> NDArray[np.float64]:
        """The share of its speed that a road keeps at each time, 1 on a dry day."""
        ...


class RoadModel:
    """The roads of a registry (rows with id, class, corridor) and what each reads at any time."""

    def __init__(self, roads: Sequence[Mapping[str, Any]], seed: int = SEED, weather: Weather | None = None) -> None:
        if not roads:
            raise ValueError("a simulation needs roads")
        self._weather = weather
        self._roads = [str(road["id"]) for road in roads]
        kinds = [str(road["class"]) for road in roads]
        corridors = [str(road.get("corridor", road["id"])) for road in roads]
        self._free = np.asarray([FREE_KMH.get(kind, FREE_KMH["secondary"]) for kind in kinds])
        self._capacity = np.asarray([CAPACITY.get(kind, CAPACITY["secondary"]) for kind in kinds])
        self._key = np.asarray([name_key(road, seed) for road in self._roads], dtype=np.uint64)
        self._corridor = np.asarray([name_key(corridor, seed) for corridor in corridors], dtype=np.uint64)
        self._district = np.full(len(roads), name_key("", seed), dtype=np.uint64)
        # some roads are always a little slower or busier than their class
        self._trait = 0.85 + 0.30 * uniform(self._key, np.zeros(len(roads), dtype=np.int64), STREAMS.trait)
        # roads report one after the other within the period
        self._offset = np.arange(len(roads), dtype=np.int64) * PERIOD_MS // len(roads)

    def __len__(self) -> int:
        return len(self._roads)

    def rows(self, after_ms: int, until_ms: int) -> Rows:
        """The readings of all roads with time in (after_ms, until_ms], in time order."""
        first, last = after_ms // PERIOD_MS, until_ms // PERIOD_MS
        grid = np.arange(first, last + 1, dtype=np.int64) * PERIOD_MS
        times = (grid[:, None] + self._offset[None, :]).ravel()
        road = np.tile(np.arange(len(self._roads), dtype=np.int32), len(grid))
        chosen = (times > after_ms) & (times <= until_ms)
        times, road = times[chosen], road[chosen]
        speed, vehicles = self._readings(times, road)
        return Rows(
            times,
            RawColumn("coded", road, dictionary=self._roads),
            {"speed": RawColumn("fixed", speed, scale=2), "vehicles": RawColumn("int", vehicles)},
        )

    def _readings(
        self, times: NDArray[np.int64], road: NDArray[np.int32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Speeds in 1/100 km/h and vehicle counts, both (rows,)."""
        key, corridor = self._key[road], self._corridor[road]
        demand = demand_at(times) * self._trait[road]
        load = demand * (
            1.0
            + wander(self._district[road], times, *DISTRICT_WANDER, STREAMS.district)
            + wander(corridor, times, *CORRIDOR_WANDER, STREAMS.corridor)
            + wander(key, times, *ROAD_WANDER, STREAMS.road)
        )
        load = load + BLOCK_WEIGHT * demand * _blocked(corridor, times)
        # the volume-delay curve of the Bureau of Public Roads: free speed / (1 + 0.15 * (volume/capacity)^4), scaled so
        # that a full load halves the speed and a blocked rush hour leaves a third
        ratio = np.clip(load, 0.0, 1.6) * 1.6
        speed = self._free[road] / (1.0 + 0.15 * ratio**4)
        speed *= 1.0 + JITTER * (2.0 * uniform(key, times, STREAMS.jitter) - 1.0)
        left = None if self._weather is None else self._weather.left(times, road)
        if left is not None:
            speed *= left
        speed = np.clip(speed, SLOWEST_KMH, FASTEST_KMH)
        # traffic that stands still passes few vehicles: flow follows load up to capacity and falls behind it
        flow = self._capacity[road] * np.clip(load, 0.02, 1.0) * np.clip(1.5 - 0.5 * ratio, 0.35, 1.0)
        if left is not None:
            flow *= 0.35 + 0.65 * left  # who can stays at home
        vehicles = np.floor(flow * (0.8 + 0.4 * uniform(key, times, STREAMS.count)) + 0.5)
        return np.rint(speed * 100).astype(np.int64), np.maximum(1, vehicles).astype(np.int64)


def demand_at(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Demand as a share of capacity, about 0.1 at night to 1 in the evening rush, by local weekday and time of day."""
    local = times + LOCAL_OFFSET_MS
    weekday = (local // DAY_MS + 3) % 7  # 1 January 1970 was a Thursday
    hour = (local % DAY_MS) / HOUR_MS
    demand = np.full(times.shape, 0.10)
    # the working day wakes at six and goes to sleep at midnight
    demand += 0.22 / (1.0 + np.exp(-(hour - 6.5) * 1.8)) / (1.0 + np.exp((hour - 22.5) * 1.5))
    for day, bells in enumerate(WEEK):
        here = weekday == day
        for centre, width, height in bells:
            demand[here] += height * np.exp(-0.5 * ((hour[here] - centre) / width) ** 2)
    return demand


def _blocked(key: NDArray[np.uint64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """0 .. 1: how much a corridor is blocked; rises and falls within its slot."""
    cell = times // BLOCK_MS
    part = (times % BLOCK_MS) / BLOCK_MS
    hit = uniform(key, cell, STREAMS.block) < BLOCK_CHANCE
    shape: NDArray[np.float64] = np.where(hit, np.sin(np.pi * part) ** 2, 0.0)
    return shape
