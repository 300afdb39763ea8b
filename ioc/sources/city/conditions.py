"""Conditions: the weather and what goes wrong, by time and place; every source of the city reads them here.

A pure function of seed, script and time. Rain and what follows from it is made in blocks of half a day, each from the
same arithmetic whatever is asked for, and kept while it is in use.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.geo.plane import METRES_PER_DEGREE
from ioc.sources import draw
from ioc.sources.city import ordinary
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS, hour_of, year_share
from ioc.sources.city.script import Script
from ioc.sources.city.shock import Shock, scripted

Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Place = NDArray[np.int32]

BLOCK = 720  # minutes
KEPT = 100  # blocks of 0.2 MB: fifty days, what all sources look back to when a world opens
STORM_MS = 3 * HOUR_MS  # at most one storm begins in so long
# Chance of a storm in such a slot by month: Shenzhen has most of its rain from April to September.
STORMS = (0.008, 0.01, 0.016, 0.03, 0.05, 0.06, 0.055, 0.06, 0.045, 0.02, 0.01, 0.008)
STORM_KM = 5.5  # a storm's width
DRAINED_MMH = 16.0  # what the drains take; the rest stays on the road
POOL_MIN, RIVER_MIN = 55.0, 150.0  # how fast water on roads and in rivers runs off, minutes
MONTH_MEAN_C = (15.5, 16.6, 19.4, 23.1, 26.3, 28.3, 29.0, 28.8, 27.7, 25.3, 21.5, 17.3)


@dataclass(frozen=True, slots=True)
class _Block:
    """Each (minutes, places): rain mm/h; water on low roads, mm; water that runs into the rivers, mm."""

    rain: Floats
    pool: Floats
    river: Floats


class Conditions:
    """`codes` and `centres` are the subdistricts and their middles (degrees); a place is an index into them."""

    def __init__(self, codes: Sequence[str], centres: Floats, seed: int, script: Script | None = None) -> None:
        self.codes = tuple(codes)
        self.seed, self.script = seed, script
        self._centres = centres * np.array(METRES_PER_DEGREE) / 1000
        self._storm = draw.keys_of("storm", seed, 1)
        self._sky = draw.keys_of("sky", seed, 1)
        self._scripted = scripted(script) if script else ()
        self._replaced = script is not None and script.head.weather == "replace"
        self._blocks: OrderedDict[int, _Block] = OrderedDict()
        self._rain: OrderedDict[int, Floats] = OrderedDict()
        self._days: OrderedDict[int, tuple[Shock, ...]] = OrderedDict()
        self._lock = threading.RLock()

    # ---- weather ----

    def rain(self, times: Times, place: Place) -> Floats:
        """mm per hour."""
        return self._looked_up(times, place, "rain")

    def pool(self, times: Times, place: Place) -> Floats:
        """Water that stands on low roads, mm: 0 in most hours, 50 and more in a flood."""
        return self._looked_up(times, place, "pool")

    def river(self, times: Times, place: Place) -> Floats:
        """Water that is on its way through the rivers, mm of rain; a reservoir's discharge counts too."""
        return self._looked_up(times, place, "river") + 0.6 * self.force("discharge", times, place)

    def temperature(self, times: Times) -> Floats:
        """Degrees Celsius in the shade of the district."""
        table = (MONTH_MEAN_C[-1], *MONTH_MEAN_C, MONTH_MEAN_C[0])
        year = np.interp(year_share(times) * 12.0, np.arange(-0.5, 13.0), table)
        swing = 3.6 * np.cos((hour_of(times) - 14.5) / 24.0 * 2.0 * np.pi)
        key = np.broadcast_to(self._sky, times.shape)
        slow = draw.wander(key, times, 4.0, 4 * DAY_MS, 1)
        heat = self.force("heat", times, np.zeros(times.shape, np.int32))
        found: Floats = year + swing + slow + heat
        return found

    # ---- what happens ----

    def force(self, kind: str, times: Times, place: Place) -> Floats:
        """The sum of the shocks of a kind that act at each time in each place."""
        return self._acting(kind, times, self.codes, place)

    def force_on(self, kind: str, times: Times, names: Sequence[str], which: NDArray[np.int32]) -> Floats:
        """The same for shocks that name zones, roads or plans: `which` is an index into `names`."""
        return self._acting(kind, times, names, which)

    def most_scripted(self, kind: str, names: Sequence[str]) -> Floats:
        """Of each name the most that a shock of the script ever brings; 0 where none does."""
        most = np.zeros(len(names))
        for one in self._scripted:
            if one.kind == kind:
                most = np.maximum(most, one.value * one.touches(names))
        return most

    def silent(self, source: str, times: Times) -> NDArray[np.bool_]:
        """When a source sends nothing."""
        return self._acting("silent", times, (source,), np.zeros(times.shape, np.int32)) > 0

    def acting(self, kind: str, first_ms: int, last_ms: int) -> list[Shock]:
        """The shocks of a kind that act between two times."""
        return [one for one in self._near(first_ms, last_ms) if one.kind == kind]

    def _acting(self, kind: str, times: Times, names: Sequence[str], which: NDArray[np.int32]) -> Floats:
        total = np.zeros(times.shape)
        if not times.size:
            return total
        for one in self._near(int(times.min()), int(times.max())):
            if one.kind == kind:
                total += one.at(times) * one.touches(names)[which]
        return total

    def _near(self, first_ms: int, last_ms: int) -> list[Shock]:
        """The shocks that may act between two times."""
        found = [one for one in self._scripted if one.end_ms > first_ms and one.start_ms <= last_ms]
        for day in range((first_ms - DAY_MS) // DAY_MS, last_ms // DAY_MS + 1):
            found += [one for one in self._ordinary(day) if one.end_ms > first_ms and one.start_ms <= last_ms]
        return found

    def _ordinary(self, day: int) -> tuple[Shock, ...]:
        """What goes wrong on an ordinary day (UTC), none of it longer than a day; nothing while a script rules."""
        if self._replaced:
            return ()
        with self._lock:
            found = self._days.get(day)
            if found is None:
                found = self._days[day] = ordinary.day(day, self.seed, self.codes)
                if len(self._days) > 400:
                    self._days.popitem(last=False)
            return found

    # ---- blocks ----

    def _looked_up(self, times: Times, place: Place, name: str) -> Floats:
        found = np.empty(times.shape)
        if not times.size:
            return found
        minute = times // MINUTE_MS
        first, last = int(minute.min()) // BLOCK, int(minute.max()) // BLOCK
        if first == last:
            grid: Floats = getattr(self._block(first), name)
            return grid[minute - first * BLOCK, place]
        home = minute // BLOCK
        for block in np.unique(home).tolist():
            here = home == block
            grid = getattr(self._block(block), name)
            found[here] = grid[minute[here] - block * BLOCK, place[here]]
        return found

    def _block(self, number: int) -> _Block:
        with self._lock:
            found = self._blocks.get(number)
            if found is None:
                rain = np.concatenate([self._fallen(number - 1), self._fallen(number)])
                excess = np.maximum(rain - DRAINED_MMH, 0.0) / 60.0
                pool = _run_off(excess, POOL_MIN)
                river = _run_off(rain / 60.0, RIVER_MIN)
                found = self._blocks[number] = _Block(rain[BLOCK:], pool, river)
                if len(self._blocks) > KEPT:
                    self._blocks.popitem(last=False)
            else:
                self._blocks.move_to_end(number)
            return found

    def _fallen(self, number: int) -> Floats:
        """Rain of one block, mm/h, (minutes, places)."""
        found = self._rain.get(number)
        if found is None:
            times = (number * BLOCK + np.arange(BLOCK, dtype=np.int64)) * MINUTE_MS
            found = np.zeros((BLOCK, len(self.codes)))
            if not self._replaced:
                for slot in range(int(times[0]) // STORM_MS - 2, int(times[-1]) // STORM_MS + 1):
                    found += self._storm_of(slot, times)
            for place in range(len(self.codes)):
                found[:, place] += self.force("rain", times, np.full(BLOCK, place, np.int32))
            self._rain[number] = found
            if len(self._rain) > KEPT:
                self._rain.popitem(last=False)
        return found

    def _storm_of(self, slot: int, times: Times) -> Floats:
        """The storm that begins in a slot, if there is one: a bell in time that moves over the district."""
        begin = slot * STORM_MS
        month = min(11, int(year_share(np.array([begin]))[0] * 12))
        share = [float(draw.uniform(self._storm, np.array([slot]), stream)[0]) for stream in range(1, 9)]
        # thunderstorms like the afternoon
        afternoon = 1.0 + 0.8 * np.exp(-0.5 * ((float(hour_of(np.array([begin]))[0]) - 15.0) / 3.0) ** 2)
        if share[0] >= STORMS[month] * afternoon:
            return np.zeros((len(times), len(self.codes)))
        peak_mmh = min(75.0, 2.0 - 13.0 * np.log1p(-share[1]))
        lasts_ms = (40 + 110 * share[2]) * MINUTE_MS
        middle = begin + share[3] * STORM_MS / 2 + lasts_ms
        in_time = np.exp(-0.5 * ((times - middle) / (lasts_ms / 2)) ** 2)
        in_time[abs(times - middle) > lasts_ms] = 0.0  # it ends within three slots of its beginning
        west, south = self._centres.min(axis=0)
        east, north = self._centres.max(axis=0)
        path = np.array([(share[6] - 0.5) * 12.0, (share[7] - 0.5) * 12.0])  # km in an hour
        at = np.array([west + share[4] * (east - west), south + share[5] * (north - south)])
        eye = at[None, :] + (times[:, None] - middle) / HOUR_MS * path[None, :]
        away = ((self._centres[None, :, :] - eye[:, None, :]) ** 2).sum(axis=2)
        found: Floats = peak_mmh * in_time[:, None] * np.exp(-0.5 * away / STORM_KM**2)
        found[found < 0.05] = 0.0
        return found


def _run_off(inflow: Floats, minutes: float) -> Floats:
    """What of the inflow of the last `BLOCK` minutes is still there, for the second half of (2 * BLOCK, places)."""
    kept = np.exp(-np.arange(BLOCK) / minutes)
    columns = [np.convolve(inflow[:, place], kept)[BLOCK : 2 * BLOCK] for place in range(inflow.shape[1])]
    found = np.column_stack(columns)
    found[found < 1e-3] = 0.0
    return found
