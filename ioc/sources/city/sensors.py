"""Sensors: the devices of the city and what each kind reads, by the hour, the weather and its own faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.ground import Ground, numbered
from ioc.sources.city.model import Model
from ioc.sources.city.readings import Faults, Readings
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, OFFICE, STREET, hour_of, year_share
from ioc.sources.city.stock import Stock
from ioc.sources.city.town import STANDING
from metrics.codec import RawColumn

Times = NDArray[np.int64]
Which = NDArray[np.int32]
Floats = NDArray[np.float64]

SLICE_MS = 60_000  # what changes slowly is worked out once for each minute and place
REPLACED_DAYS = 30
STUCK, SPIKED = 0.0015, 0.00002  # of the days of a device; of its readings
BEGINNING_MS = 1_735_660_800_000  # 2025-01-01 00:00 in Shanghai: settlement is counted from there


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of sensor reads: about `base`, wandering by `noise` of it over `span`; `limit` None: has none.

    `ready`: reads 1 and, for this share of six-hour spells, 0.
    """

    zh: str
    base: float
    noise: float = 0.1
    span: int = HOUR_MS
    limit: float | None = None
    ready: float = 0.0


KINDS: Mapping[str, Kind] = {
    "smoke": Kind("烟感", 0.12, 0.5, HOUR_MS, 4.0),
    "hydrant": Kind("消火栓", 0.32, 0.12, 2 * HOUR_MS),
    "gas": Kind("燃气报警器", 0.6, 0.6, HOUR_MS, 20.0),
    "lift": Kind("电梯", 1.0, ready=0.004),
    "signal": Kind("信号灯", 1.0, ready=0.006),
    "lamp": Kind("路灯", 1.0, ready=0.01),
    "manhole": Kind("井盖", 0.8, 0.4, 6 * HOUR_MS, 15.0),
    "pump": Kind("泵站", 1.0, ready=0.0004),
    "pm10": Kind("扬尘监测", 62.0, 0.45, 2 * HOUR_MS, 150.0),
    "noise": Kind("噪声监测", 47.0, 0.07, 30 * MINUTE_MS, 55.0),
    "settlement": Kind("沉降监测", 6.0, 0.01, DAY_MS, 20.0),
    "slope": Kind("边坡监测", 9.0, 0.01, DAY_MS, 50.0),
    "air": Kind("空气站", 26.0, 0.35, 3 * HOUR_MS, 75.0),
    "stream": Kind("水质站", 7.4, 0.1, 5 * HOUR_MS),
    "tank": Kind("水箱", 3.0, 0.15, 4 * HOUR_MS),
}
NAMES = tuple(KINDS)
ON_SITES = tuple(NAMES.index(name) for name in ("pm10", "noise", "settlement"))


def models(ground: Ground) -> list[Model]:
    """`device` and `iot`."""
    sensors = Sensors(ground)
    readings = Readings(
        "iot", sensors.ids, ground.interval_ms, sensors.read, seed=ground.seed, faults=Faults(), also=sensors.active
    )
    return [sensors.register(), readings]


class Sensors:
    """All devices, one behind the other by kind."""

    def __init__(self, ground: Ground) -> None:
        counts = [int(STANDING["devices"][name]) for name in NAMES]
        total = sum(counts)
        self._ground = ground
        self.ids = [
            f"{name[:2].upper()}{at:05d}"
            for name, count in zip(NAMES, counts, strict=True)
            for at in range(1, count + 1)
        ]
        self.kind = np.repeat(np.arange(len(NAMES), dtype=np.int32), counts)
        self._sites = ground.town.spread("device", total)
        self._key = ground.keys("device", total)
        self._trait = ground.trait("device", total)
        self._base = _of_kinds("base")[self.kind] * (0.85 + 0.3 * self._trait)
        self._noise, self._span = _of_kinds("noise")[self.kind], _of_kinds("span")[self.kind].astype(np.int64)
        self._failing = _of_kinds("ready")[self.kind]
        self._limit = _of_kinds("limit")[self.kind]
        self._near_leak = ground.trait("device", total, 7) < 0.015

    def register(self) -> Stock:
        """The registry: a device that is broken is taken off it for about a month."""
        count = int(STANDING["counts"]["sites"])
        site = np.where(np.isin(self.kind, ON_SITES), np.arange(len(self.kind)) % count, -1)
        numbers = np.arange(1, len(self.ids) + 1)

        def state(times: Times, which: Which) -> Mapping[str, RawColumn]:
            return {"active": columns.flags(self.active(times, which))}

        fixed = {
            "kind": columns.words(self.kind, NAMES),
            "zh": columns.texts(
                [f"{KINDS[NAMES[a]].zh}{b}" for a, b in zip(self.kind.tolist(), numbers.tolist(), strict=True)]
            ),
            "site": columns.words(site, numbered("工地", count, 2)),
            "community": columns.texts(self._sites.community),
            "point": columns.texts(self._sites.points),
            "limit": columns.numbers(self._limit, 3, self._limit > 0),
        }
        seed = self._ground.seed
        return Stock("device", self.ids, fixed, seed=seed, state=state, every_ms=24 * HOUR_MS)

    def active(self, times: Times, which: Which) -> NDArray[np.bool_]:
        """Whether a device is in service."""
        key = self._key[which]
        shift = (key % np.uint64(REPLACED_DAYS)).astype(np.int64) * DAY_MS
        kept: NDArray[np.bool_] = draw.uniform(key, (times + shift) // (REPLACED_DAYS * DAY_MS), 1) >= 0.004
        return kept

    def read(self, times: Times, which: Which) -> Mapping[str, RawColumn]:
        """One reading each, thousandths."""
        key, kind = self._key[which], self.kind[which]
        stuck = draw.uniform(key, times // DAY_MS, 2) < STUCK
        seen = np.where(stuck, times // DAY_MS * DAY_MS, times) if stuck.any() else times
        value = self._base[which] * (1.0 + self._wandered(key, seen, which))
        value = self._failed(value, key, seen, which)
        # the kinds that follow the hour or the weather are few of all rows
        special = np.flatnonzero(SPECIAL[kind])
        if special.size:
            value[special] = self._followed(value[special], seen[special], which[special])
        spiked = draw.uniform(key, times, 4) < SPIKED
        value = np.where(spiked & (self._failing[which] == 0), value * 8.0, value)
        return {"reading": RawColumn("fixed", np.rint(value * 1000.0).astype(np.int64), scale=3)}

    def _wandered(self, key: NDArray[np.uint64], times: Times, which: Which) -> Floats:
        span = np.maximum(self._span[which], 1)
        cell = times // span
        part = (times % span) / span
        smooth = part * part * (3.0 - 2.0 * part)
        low, high = draw.uniform(key, cell, 5), draw.uniform(key, cell + 1, 5)
        found: Floats = self._noise[which] * (2.0 * (low + (high - low) * smooth) - 1.0)
        return found

    def _failed(self, value: Floats, key: NDArray[np.uint64], times: Times, which: Which) -> Floats:
        """Kinds that are ready or not."""
        failing = self._failing[which]
        binary = failing > 0
        if not binary.any():
            return value
        down = draw.uniform(key, times // (6 * HOUR_MS), 6) < failing
        return np.where(binary, np.where(down, 0.0, 1.0), value)

    def _followed(self, value: Floats, times: Times, which: Which) -> Floats:
        """Readings that follow the hour, the rain, a leak."""
        kind, place = self.kind[which], self._sites.place[which]
        hour, conditions = hour_of(times), self._ground.conditions
        found = value.copy()
        here = kind == NAMES.index("gas")
        if here.any():
            leak = conditions.force("gas_leak", times[here], place[here]) * self._near_leak[which[here]]
            found[here] += leak
        here = kind == NAMES.index("pm10")
        if here.any():
            dry = 1.0 / (1.0 + conditions.river(times[here], place[here]) / 4.0)
            found[here] *= (0.55 + 0.16 * OFFICE.at(times[here])) * (0.35 + 0.65 * dry)
        here = kind == NAMES.index("noise")
        if here.any():
            found[here] += (
                3.5 * STREET.at(times[here]) - 2.5 + np.minimum(6.0, conditions.rain(times[here], place[here]) / 6)
            )
        here = (kind == NAMES.index("settlement")) | (kind == NAMES.index("slope"))
        if here.any():
            slow = 0.012 * self._trait[which[here]] ** 2 * (times[here] - BEGINNING_MS) / DAY_MS
            wet = conditions.river(times[here], place[here]) * 0.045 * self._trait[which[here]] ** 3
            found[here] += slow + wet
        here = kind == NAMES.index("air")
        if here.any():
            winter = 1.0 + 0.5 * np.cos(2 * np.pi * year_share(times[here]))
            found[here] *= winter / (1.0 + conditions.river(times[here], place[here]) / 12.0)
        here = kind == NAMES.index("stream")
        if here.any():
            # dissolved oxygen: less in warm water, and when rain washes the streets
            warm = 1.0 - 0.008 * (conditions.temperature(times[here]) - 22.0)
            found[here] *= warm / (1.0 + 0.012 * np.minimum(60.0, conditions.river(times[here], place[here])))
        here = kind == NAMES.index("tank")
        if here.any():
            found[here] *= 1.0 - 0.12 * np.cos((hour[here] - 8.0) / 12.0 * 2.0 * np.pi)
        return found


def _of_kinds(name: str) -> Floats:
    """One trait of each kind, 0 for none."""
    return np.array([float(getattr(one, name) or 0.0) for one in KINDS.values()])


SPECIAL = np.isin(NAMES, ("gas", "pm10", "noise", "settlement", "slope", "air", "stream", "tank"))
