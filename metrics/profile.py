"""The profile of a series: its level, its spread, and what a time of day and a type of day add to it. Robust.

All series are kept at once; the last axis of every array is the series. A value x is taken apart as
x = level + spread * (profile[day type, slot] + rest). `level` and `spread` forget within days, so that a shift of the
whole series does not make its daily shape unknown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.season import Season

LEVEL_DAYS = 1.0  # half-life of the level
SPREAD_DAYS = 5.0  # half-life of the spread
LONG_DAYS = 10.0  # half-life of the long-run size of steps ...
LONG_SHARE = 0.1  # ... below this share of which the spread does not fall: dry weeks do not make rain unheard of
LONG_CAP = 100.0  # times the long-run size; one step counts for no more ...
RANGE_SHARE = 0.1  # ... unless it is a small part of what was seen before
MIN_STEPS = 16  # but no half-life is shorter than so many values
SHAPE_DAYS = 10.0  # half-life of the daily shape
STEP_CLIP = 30.0  # spreads; one value moves level and spread no further. Wide enough for a series that is mostly still
CLIP = 5.0  # mean absolute rests; a value further off the shape counts as if it were there
CLIP_YOUNG = 4.0  # ... five times as wide while no day is known: a rush hour is no outlier of a shape not yet learnt
ROUGH = 0.3  # days' worth of "no deviation" in every slot: the pull towards the level
TYPE_PRIOR = 2.0  # days' worth of all days in the shape of one day type
SLOT_PRIOR = 4.0  # days' worth of the neighbours in the shape of one slot
NOISE_PRIOR = 3.0  # days' worth of the whole day in the noise of one slot
START_NOISE = 0.7  # of the spread, until it is known
GUESS = 0.5  # of a value: how far the next one may lie off while nothing else is known
COLD_DAYS = 2.5  # with fewer days known everything that is said is cold: wide, and marked so
STILL = 60  # equal values; fewer do not show that 95 of 100 are equal (the rule of three: up to 3 / n may be others)

Numbers = NDArray[np.float64]


class Profile:
    """What is known of `series` series that have a value each `season.step_ms`."""

    def __init__(self, season: Season, series: int) -> None:
        self.season, self.series = season, series
        self.level = np.full(series, np.nan)
        self.spread = np.full(series, np.nan)
        self.noise = np.full(series, START_NOISE)  # mean absolute rest, in spreads
        self.long = np.zeros(series)  # long-run mean absolute step from the level, in the unit of the series
        self.lowest, self.highest = np.full(series, np.inf), np.full(series, -np.inf)
        self.count = np.zeros(series)
        # Sums and weights of deviations in spreads, (day type, slot, series); float32: they are statistics of noise.
        self.total = np.zeros((2, season.slots, series), np.float32)
        self.weight = np.zeros((2, season.slots, series), np.float32)
        self.rough = np.zeros((season.slots, series), np.float32)  # sum of absolute rests, same weights
        self._offsets, self._kernel = season.kernel()
        steps = season.steps_per_day
        self._level_gain = 1 - 0.5 ** (1 / max(MIN_STEPS, LEVEL_DAYS * steps))
        self._spread_gain = 1 - 0.5 ** (1 / max(MIN_STEPS, SPREAD_DAYS * steps))
        self._long_gain = 1 - 0.5 ** (1 / max(MIN_STEPS, LONG_DAYS * steps))
        # A slot longer than the step takes several values a day.
        per_slot = max(1.0, season.slot_ms / season.step_ms) if season.slots > 1 else 1.0
        self._keep = np.float32(0.5 ** (1 / (SHAPE_DAYS * per_slot)))
        self._days = np.float32(1 / per_slot)

    def shapes(self, slots: NDArray[np.int64], kinds: NDArray[np.int8]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Of `slots` of days of types `kinds`, both (n,), in spreads, (n, series) each: the shape of all days, what the
        type adds to it, what the very slot adds to its neighbours; and the days that speak for it."""
        places = (slots[:, None] + self._offsets) % self.season.slots
        total = np.einsum("t,kntS->knS", self._kernel * self._days, self.total[:, places])
        weight = np.einsum("t,kntS->knS", self._kernel * self._days, self.weight[:, places])
        everything, days = total.sum(0), weight.sum(0)
        shape = everything / (days + np.float32(ROUGH))
        each = np.arange(len(slots))
        type_weight = weight[kinds, each]
        of_type = (total[kinds, each] - shape * type_weight) / (type_weight + np.float32(TYPE_PRIOR))
        own_weight = self.weight[kinds, slots] * self._days
        of_slot = self.total[kinds, slots] * self._days - (shape + of_type) * own_weight
        of_slot /= own_weight + np.float32(SLOT_PRIOR)
        return (
            shape.astype(np.float64),
            of_type.astype(np.float64),
            of_slot.astype(np.float64),
            days.astype(np.float64),
        )

    def normal(self, slot: int, kind: int) -> tuple[Numbers, Numbers]:
        """The whole shape of a slot of a day of type `kind`, in spreads, and the days that speak for it; (series,)."""
        shape, of_type, of_slot, days = self.shapes(np.array([slot]), np.array([kind], np.int8))
        return (shape + of_type + of_slot)[0], days[0]

    def noises(self, slots: NDArray[np.int64]) -> Numbers:
        """Mean absolute rest in these slots, in spreads, (n, series)."""
        places = (slots[:, None] + self._offsets) % self.season.slots
        total = np.einsum("t,ntS->nS", self._kernel * self._days, self.rough[places])
        weight = np.einsum("t,kntS->nS", self._kernel * self._days, self.weight[:, places])
        out: Numbers = (total + NOISE_PRIOR * self.noise) / (weight + NOISE_PRIOR)
        return out

    def most(self, long_run: Numbers) -> Numbers:
        """What one deviation may count for in a long-run mean absolute deviation, in the unit of the series."""
        extent = np.where(self.highest >= self.lowest, self.highest - self.lowest, 0.0)
        out: Numbers = np.maximum(LONG_CAP * long_run, RANGE_SHARE * extent)
        return out

    def doubt(self, of_zero: float) -> Numbers:
        """How far at least a value may lie from what is expected, in the unit of the series, (series,): 0 but for a
        series that is still cold and has only shown one value so far. `of_zero`: where that value is 0."""
        level = np.where(np.isfinite(self.level), self.level, 0.0)
        guess = np.where(level == 0, of_zero, GUESS * np.abs(level))
        still = (
            (self.count > 0)
            & (self.count < max(STILL, COLD_DAYS * self.season.steps_per_day))
            & (self.lowest == self.highest)
        )
        out: Numbers = np.where(still, guess, 0.0)
        return out

    def learn(self, slot: int, kind: int, values: Numbers) -> Numbers:
        """Take the values of one instant in, NaN = none; returns the rests in spreads, NaN where there is no value.

        A rest is x's deviation from the level as it is after x, less the shape as it was before x.
        """
        known = np.isfinite(values)
        new = known & np.isnan(self.level)
        if new.any():
            self.level[new] = values[new]
            self.spread[new] = GUESS * np.abs(values[new])
        self.count += known
        with np.errstate(invalid="ignore"):
            step = values - self.level
            room = np.where(self.count > MIN_STEPS, STEP_CLIP * self.spread, np.inf)
            step = np.where(known, np.clip(step, -room, room), 0.0)
            gain = 1 / (self.count + 1)
            self.level += np.maximum(gain, self._level_gain) * step
            most = np.where(self.count > MIN_STEPS, self.most(self.long), np.inf)
            far = np.where(known, np.minimum(np.abs(values - self.level), most) - self.long, 0.0)
            self.long += np.maximum(gain, self._long_gain) * far
            away = np.where(known, np.abs(step) - self.spread, 0.0)
            self.spread += np.maximum(gain, self._spread_gain) * away
            # A constant series has no spread; what is left is far below any digit that is shown.
            np.maximum(self.spread, LONG_SHARE * self.long, out=self.spread)
            np.maximum(self.spread, 1e-9 * np.abs(self.level) + 1e-12, out=self.spread)
            shape, days = self.normal(slot, kind)
            rest = (values - self.level) / self.spread - shape
            noise = np.maximum(self.noise, self.noises(np.array([slot]))[0])
            clip = CLIP * noise * (1 + CLIP_YOUNG / (1 + days) ** 2)
            clipped = np.where(known, np.clip(rest, -clip, clip), 0.0)
            size = np.abs(clipped)
            self.noise += np.where(known, np.maximum(gain, self._spread_gain) * (size - self.noise), 0.0)
        # Only now: an absurd value must not make its own size plausible.
        np.fmin(self.lowest, values, out=self.lowest)
        np.fmax(self.highest, values, out=self.highest)
        deviation = np.where(known, shape + clipped, 0.0)
        here = known.astype(np.float32)
        self.total[:, slot] *= self._keep
        self.weight[:, slot] *= self._keep
        self.rough[slot] *= self._keep
        self.total[kind, slot] += deviation
        self.weight[kind, slot] += here
        self.rough[slot] += size
        out: Numbers = rest
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The memory."""
        return {"level": self.level, "spread": self.spread, "noise": self.noise, "count": self.count, "long": self.long,
                "lowest": self.lowest, "highest": self.highest,
                "total": self.total, "weight": self.weight, "rough": self.rough}  # fmt: skip
