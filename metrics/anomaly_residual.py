"""Residuals: how far a value is from what its series did before, in several ways, in standard deviations.

Every way ("trace") is one number per value; its exponentially weighted mean and variance over `MEMORY` values make it
comparable across traces and series. All arrays have the series as last axis, so that one step is a few operations on
long rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.interval import Interval

Floats = NDArray[np.float64]

SLOTS = 96  # quarters of an hour of the day: sharp enough for its edges, few enough to be learnt in days
SLOT_GAIN = 0.1  # weight of a value in its slot: about the last ten days' habit
SLOT_KNOWN = 2  # values a slot must have had before it says anything
SHORT, LONG = 5, 20  # values: a burst, and a stretch of hours at steps of minutes
MEMORY = 2500  # values over which mean and variance are taken: nine days of 5 min, so that weekends are in it
YOUNG = 30  # values before anything is judged: fewer give no variance worth the name
LIMIT = 50.0  # standard deviations beyond which more means nothing
TRACES = 7  # off the slot: now, short, long, spread; movement; level; rarity
OFF = 4  # of them are off the slot
BINS = 32  # of the density of values
LARGEST = 1e150  # absolute value from which squares overflow: taken for no value
WIDE = 1.96  # standard deviations: where the ends of the 95 % band begin
_STILL = 1e-9  # relative: what moves less than this is constant; the rounding of sums is smaller


@dataclass(frozen=True, slots=True)
class Found:
    """`surprise` >= 0 (0 where young or unknown), its age, the band, and where there was a value; all (series,).

    `age`: values, this one included, since the newest of the traces that make the surprise began. The band is around
    what missed least so far, the habit of the time of day or the level of the last values.
    """

    surprise: Floats
    age: Floats
    expected: Floats
    low: Floats
    high: Floats
    known: NDArray[np.bool_]


class Residuals:
    """State of the residuals of `series` series; `arrays` and those of `interval` are all of it."""

    def __init__(self, series: int) -> None:
        self.arrays = {name: np.zeros((*shape, series)) for name, shape in _SHAPES.items()}
        self.arrays["weight"][...] = 1.0
        self.interval = Interval((series,), WIDE)

    @property
    def series(self) -> int:
        return int(self.arrays["seen"].shape[-1])

    def grow(self, series: int) -> None:
        fresh = Residuals(series)
        for name, array in fresh.arrays.items():
            array[..., : self.series] = self.arrays[name]
        for name, array in fresh.interval.arrays().items():
            array[: self.series] = self.interval.arrays()[name]
        self.arrays, self.interval = fresh.arrays, fresh.interval

    def step(self, values: Floats, slots: NDArray[np.int64] | int) -> Found:
        """Measure one value of each series by those before it, then learn it; NaN and beyond `LARGEST`: no value."""
        a = self.arrays
        known = np.abs(values) < LARGEST
        everyone = bool(known.all())
        seen = a["seen"]
        value = values if everyone else np.where(known, values, a["last"])
        first = seen == 0
        share = np.maximum(1.0 / (seen + 1.0), 1.0 / MEMORY)  # of this value in means over MEMORY

        at = self._cells(slots)
        habit, days = a["habit"].reshape(-1)[at], a["days"].reshape(-1)[at]
        habituated = days >= SLOT_KNOWN
        off = np.where(habituated, value - habit, 0.0)
        by_habit = np.where(habituated, habit, a["level"])  # until the slot is known, both say the level
        habitual = a["habit_missed"] < a["level_missed"]
        expected = np.where(habitual, by_habit, a["level"])

        fade_short, fade_long = np.maximum(1.0 / (seen + 1.0), 1.0 / SHORT), np.maximum(1.0 / (seen + 1.0), 1.0 / LONG)
        moved = np.where(first, 0.0, np.abs(value - a["last"]))
        kept = {
            "off_short": a["off_short"] + fade_short * (off - a["off_short"]),
            "off_long": a["off_long"] + fade_long * (off - a["off_long"]),
            "spread": a["spread"] + fade_long * (np.abs(off) - a["spread"]),
            "movement": a["movement"] + fade_long * (moved - a["movement"]),
            "level": a["level"] + fade_short * (value - a["level"]),
        }
        bins, rarity = self._rarity(value)
        traces = np.stack((off, *kept.values(), rarity))

        mean, variance = a["mean"], a["variance"]
        mean_now = np.where(first, traces, mean)
        away = traces - mean_now
        deviations = away / np.maximum(np.sqrt(variance), _STILL * (1.0 + np.abs(mean_now)))
        np.clip(deviations, -LIMIT, LIMIT, out=deviations)
        # While its slot is unknown a value cannot be off it, and the zeros learnt then are no measure of what follows:
        # like a whole series, these traces are only learnt at first. The mean is taken over the traces that count.
        judged = habituated & known
        early = ~judged | (a["judged"] < YOUNG)
        deviations[:OFF, early] = 0.0
        surprise = np.sqrt(np.square(deviations).sum(axis=0) / np.where(early, TRACES - OFF, TRACES))
        surprise[(seen <= YOUNG) | ~known] = 0.0
        expected = np.where(seen < 2, np.nan, expected)
        low, high = self._band(
            value, expected, np.sqrt(np.where(habitual, a["habit_missed"], a["level_missed"])), known
        )

        # learn
        gain = share if everyone else np.where(known, share, 0.0)
        kept["last"] = value
        # The habit misses what the level misses until it says something; from then on its own misses count.
        begun = a["judged"] > 0
        own = np.where(habituated, np.maximum(1.0 / (a["judged"] + 2.0), 1.0 / MEMORY), np.where(begun, 0.0, share))
        for name, guess, weight in (("habit_missed", by_habit, own), ("level_missed", a["level"], share)):
            square = np.where(first, 0.0, (value - guess) ** 2)
            kept[name] = a[name] + weight * (square - a[name])
        if not everyone:
            kept = {name: np.where(known, array, a[name]) for name, array in kept.items()}
            mean_now = np.where(known, mean_now, mean)
        mean[...] = mean_now + gain * away
        variance[...] = (1.0 - gain) * (variance + gain * away * away)
        a["judged"] += judged
        for name, array in kept.items():
            a[name][...] = array
        self._learn_cells(at, value, known)
        self._learn_density(bins, known)
        seen += known
        return Found(surprise, np.where(a["judged"] > 0, a["judged"], seen), expected, low, high, known)

    def _band(self, value: Floats, expected: Floats, missed: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The ends of the band, `missed` being the standard deviation of the misses; the ends learn from the value."""
        below, above = self.interval.ends()
        low, high = expected - missed * below, expected + missed * above
        with np.errstate(invalid="ignore"):
            told = known & (missed > _STILL * (1.0 + np.abs(expected)))  # of a constant no end can be learnt
            self.interval.learn(told, value < low, value > high)
        return low, high

    def _cells(self, slots: NDArray[np.int64] | int) -> NDArray[np.int64]:
        series = self.series
        return np.asarray(np.multiply(slots, series) + np.arange(series), np.int64)

    def _learn_cells(self, at: NDArray[np.int64], value: Floats, known: NDArray[np.bool_]) -> None:
        habit, days = self.arrays["habit"].reshape(-1), self.arrays["days"].reshape(-1)
        at, value = at[known], value[known]
        before, count = habit[at], days[at]
        habit[at] = before + np.maximum(SLOT_GAIN, 1.0 / (count + 1.0)) * (value - before)
        days[at] = count + 1.0

    def _rarity(self, value: Floats) -> tuple[NDArray[np.int64], Floats]:
        """The bin of each value, and the logarithm of how rare values there are: log(1 / (BINS * density)).

        Bins are even in tanh of the value's distance from the mean of all in two standard deviations: fine where
        values are, one bin for all that is far.
        """
        a = self.arrays
        mean = np.where(a["seen"] == 0, value, a["value_mean"])
        still = _STILL * (1.0 + np.abs(mean))
        deviation = np.sqrt(a["value_variance"])
        same = (deviation < still) & (np.abs(value - mean) < still)  # a constant is not rare, however long it lasts
        place = np.tanh(np.clip((value - mean) / (deviation + still), -LIMIT, LIMIT) / 2.0)
        bins = np.minimum(((place + 1.0) * (BINS / 2.0)).astype(np.int64), BINS - 1)
        series = self.series
        flat, each = a["density"].reshape(-1), np.arange(series)
        here = flat[bins * series + each]
        below = flat[np.maximum(bins - 1, 0) * series + each]
        above = flat[np.minimum(bins + 1, BINS - 1) * series + each]
        weight = a["weight"]
        share = (2.0 * here + below + above) / (4.0 * weight)
        return bins, np.where(same, 0.0, np.log((a["total"] / weight + BINS) / (share * BINS + 1.0)))

    def _learn_density(self, bins: NDArray[np.int64], known: NDArray[np.bool_]) -> None:
        """Old values fade by letting new ones weigh more; the weights are brought back before they overflow."""
        a = self.arrays
        value, gain = a["last"], np.where(known, np.maximum(1.0 / (a["seen"] + 1.0), 1.0 / MEMORY), 0.0)
        mean = np.where(a["seen"] == 0, value, a["value_mean"])
        away = value - mean
        a["value_mean"][...] = mean + gain * away
        a["value_variance"][...] = (1.0 - gain) * (a["value_variance"] + gain * away * away)
        weight = a["weight"]
        weight *= np.where(known, 1.0 / (1.0 - 1.0 / MEMORY), 1.0)
        added = np.where(known, weight, 0.0)
        a["density"].reshape(-1)[bins * self.series + np.arange(self.series)] += added
        a["total"] += added
        heavy = np.flatnonzero(weight > 1e100)
        if heavy.size:
            for name in ("density", "total", "weight"):
                a[name][..., heavy] /= weight[heavy]


_SHAPES: dict[str, tuple[int, ...]] = {
    "seen": (), "judged": (), "last": (), "off_short": (), "off_long": (), "spread": (), "movement": (), "level": (),
    "habit_missed": (), "level_missed": (), "mean": (TRACES,), "variance": (TRACES,),
    "habit": (SLOTS,), "days": (SLOTS,),
    "value_mean": (), "value_variance": (), "density": (BINS,), "total": (), "weight": (),
}  # fmt: skip
"""Each array's axes before the last one, the series."""
