"""The forecast: the next steps of many series with an interval, each from nothing but what was seen up to its origin.

For each horizon a regression on the predictors, pooled over the series, gives the expected value in spreads; simple
experts stand beside it and take over where they have done better; an interval that follows its own misses gives the
ends. One `step` takes one instant of all series in and says the steps ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics import memory
from metrics.interval import Interval
from metrics.predictors import NAMES, PRIOR, Predictors
from metrics.profile import COLD_DAYS, GUESS, Profile
from metrics.regression import PooledRegression
from metrics.season import Season

VERSION = 1
# Mixed by how well each did for the series at the horizon.
EXPERTS = ("regression", "last", "mean", "of_late", "yesterday", "last_week")
ROBUST = 3.0  # mean absolute errors; a row that lies further off teaches in proportion less (Huber)
LEVERAGE = 8.0  # spreads; so does a row with predictors further off
ERROR_DAYS = 2.0  # half-life of the size of errors
MIN_STEPS = 32.0  # but not shorter than so many errors
YOUNG = 8.0  # errors: with so many of its own an interval is twice as wide as they tell, with none three times
MEAN_GAIN = 0.15  # of the mean of the last values: a half-life of four
LONG_DAYS = 4.0  # half-life of the long-run size of errors, which bounds the unit of the interval from below ...
LONG_SHARE = 0.3  # ... by this share: a series that is still for days and then bursts keeps an interval for bursts
FORGET_YOUNG = 4.0  # of n errors a memory of n / 4 for the choice: the first days say little about an expert
CHOICE = 30.0  # experts weigh by (mean squared error)^-CHOICE: one that is 10 % worse has a twentieth of the weight
MARGIN = 0.25  # of the range seen so far: no forecast goes further beyond it
REFITS_PER_DAY = 24
TINY = 1e-200  # below any squared error that means something

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forecast:
    """`expected`, `low`, `high` (horizons, series) in the unit of the series; NaN while no series had any value.

    `cold` (series,): learnt from less than about three days, therefore wide.
    """

    expected: Numbers
    low: Numbers
    high: Numbers
    cold: NDArray[np.bool_]


class Forecaster:
    """Forecasts of `series` series with a value each `step_ms`: the steps `ahead`, counted from 1."""

    def __init__(self, step_ms: int, series: int, ahead: Sequence[int]) -> None:
        self.step_ms, self.series = step_ms, series
        self.ahead = np.array(ahead, np.int64)
        if not len(ahead) or self.ahead.min() < 1:
            raise ValueError("a forecast is of at least one step ahead")
        horizons, self._ring = len(ahead), int(self.ahead.max())
        self.season = Season(step_ms)
        self.profile = Profile(self.season, series)
        self.predictors = Predictors(self.profile, self.ahead)
        prior = np.array([PRIOR.get(name, 0.0) for name in NAMES])
        self.regression = PooledRegression(horizons, series, prior)
        self.interval = Interval((horizons, series))
        self.error = np.ones((horizons, series))  # mean absolute error in the unit of `_unit`
        self.errors = np.zeros((horizons, series))
        self.long_error = np.zeros((horizons, series))  # long-run mean absolute error in the unit of the series
        self.squared = np.ones((len(EXPERTS), horizons, series))  # long-run mean squared error, any unit
        # What was said in the last steps, a ring by step number: it is judged when its value arrives.
        self.said = np.full((4, self._ring, horizons, series), np.nan)  # expected, unit, reach below, reach above
        self.said_experts = np.full((len(EXPERTS), self._ring, horizons, series), np.nan)
        self.last = np.full(series, np.nan)
        self.mean = np.full(series, np.nan)
        self.said_level = np.full((self._ring, 2, series), np.nan)
        self.said_features = np.zeros((self._ring, horizons, series, len(NAMES)))
        self._error_gain = 1 - 0.5 ** (1 / max(MIN_STEPS, ERROR_DAYS * self.season.steps_per_day))
        self._long_gain = 1 - 0.5 ** (1 / max(MIN_STEPS, LONG_DAYS * self.season.steps_per_day))
        self._refit = max(1, self.season.steps_per_day // REFITS_PER_DAY)

    def step(self, time_ms: int, values: Numbers) -> Forecast:
        """Take the values (series,) of an instant (ms UTC) in, NaN = none; the forecast from there.

        Instants follow one another by `step_ms`: a step without values is a row of NaN.
        """
        self.learn(time_ms, values)
        times = time_ms + self.step_ms * self.ahead
        return self._forecast(self.season.slot(times), self.season.day_type(times))

    def learn(self, time_ms: int, values: Numbers) -> None:
        """Judge and learn from what was said before about this instant, then remember its values."""
        values = np.where(np.isfinite(values), values, np.nan)
        self._judge(values)
        time = np.array([time_ms], np.int64)
        slot, kind = int(self.season.slot(time)[0]), int(self.season.day_type(time)[0])
        normal, _ = self.profile.normal(slot, kind)
        rests = self.profile.learn(slot, kind, values)
        self.predictors.learn(values, rests, normal)
        began = np.where(np.isnan(self.mean), values, self.mean)
        np.copyto(self.mean, began + MEAN_GAIN * (values - began), where=np.isfinite(values))
        np.copyto(self.last, values, where=np.isfinite(values))
        steps = int(self.predictors.steps)
        if steps <= 16 or steps % self._refit == 0:
            self.regression.fit()

    def pause(self) -> None:
        """Instants are left out: what was of late and what was said is forgotten, what was learnt stays."""
        self.predictors.pause()
        for array in (self.last, self.mean, self.said, self.said_experts, self.said_level):
            array[...] = np.nan

    def saved(self) -> dict[str, NDArray[Any]]:
        """The memory as plain arrays, a copy."""
        return memory.saved("forecast", VERSION, self._arrays())

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a memory. Raises `metrics.memory.UnknownMemoryVersion`, `DamagedMemory`."""
        memory.restore("forecast", VERSION, self._arrays(), arrays)

    def _judge(self, values: Numbers) -> None:
        """Compare the values of the step that begins with everything said about it; learn from the difference."""
        # A place of the ring that was not written yet is NaN and teaches nothing.
        said = (int(self.predictors.steps) + 1 - self.ahead) % self._ring
        each = np.arange(len(self.ahead))
        level, spread = self.said_level[said, 0], self.said_level[said, 1]
        expected, unit, below, above = self.said[:, said, each]
        features = self.said_features[said, each]
        error = values - expected
        size = np.abs(error) / unit
        target = (values - level) / spread
        known = np.isfinite(target) & np.isfinite(size)
        mean = self.error
        weight = np.minimum(1.0, ROBUST * mean / np.maximum(size, 1e-9))
        weight *= LEVERAGE / np.maximum(LEVERAGE, np.abs(features).max(-1))
        self.regression.learn(features, target, np.where(known, weight, 0.0))
        self.interval.learn(known, error < -below, error > above)
        self.errors += known
        young = 1 / (self.errors + 1)
        long_gain = np.where(known, np.maximum(np.minimum(FORGET_YOUNG * young, 1.0), self._long_gain), 0.0)
        long = self.long_error
        most = np.where(self.errors > MIN_STEPS, self.profile.most(long), np.inf)
        far = np.where(known, np.minimum(np.abs(error), most), 0.0)
        long += long_gain * (far - long)
        judged = np.minimum(np.abs(values - self.said_experts[:, said, each]), most)
        squared = self.squared
        squared += long_gain * np.where(known, judged**2 - squared, 0.0)
        gain = np.maximum(young, self._error_gain)
        mean += np.where(known, gain * (np.minimum(size, 2 * ROBUST * mean) - mean), 0.0)
        np.maximum(mean, 1e-6, out=mean)

    def _forecast(self, slots: NDArray[np.int64], kinds: NDArray[np.int8]) -> Forecast:
        profile = self.profile
        features = self.predictors.features(slots, kinds)
        level, spread = _filled(profile.level), _filled(profile.spread)
        fitted = np.einsum("hkf,hkf->hk", features, self.regression.coefficients)
        of_late = features @ self.regression.prior
        late = level + spread * of_late
        last = np.broadcast_to(np.where(np.isfinite(self.last), self.last, level), fitted.shape)
        again = [np.where(np.isfinite(each), each, late) for each in self.predictors.again()]
        mean = np.broadcast_to(_filled(self.mean), fitted.shape)
        experts = np.stack([level + spread * fitted, last, mean, late, *again])
        lowest, highest = profile.lowest, profile.highest
        seen = lowest <= highest
        extent = np.where(seen, highest - np.where(seen, lowest, 0.0), np.inf)
        floor = np.where(seen & (lowest >= 0), 0.0, -np.inf)  # a series that never was below nothing will not be
        lowest, highest = np.where(seen, lowest, -np.inf), np.where(seen, highest, np.inf)
        experts = np.clip(experts, np.maximum(lowest - MARGIN * extent, floor), highest + MARGIN * extent)
        best = self.squared.min(0)
        trust = (np.maximum(best, TINY) / np.maximum(self.squared, TINY)) ** CHOICE
        expected = (trust * experts).sum(0) / trust.sum(0)
        unit = np.maximum(spread * profile.noises(slots), LONG_SHARE * self.long_error)
        reach_below, reach_above = self.interval.ends()
        below, above = unit * self.error * reach_below, unit * self.error * reach_above
        ring = int(self.predictors.steps) % self._ring
        self.said[:, ring] = expected, unit, below, above
        self.said_experts[:, ring] = experts
        self.said_features[ring] = features
        self.said_level[ring] = level, spread
        young = 1 + 2 / (1 + (self.errors / YOUNG) ** 2)
        cold = profile.count < COLD_DAYS * self.season.steps_per_day
        # No end lies further beyond what was seen than the whole range that was seen.
        extent = np.where(self.errors > 8 * YOUNG, extent, np.inf)
        doubt = profile.doubt(self._typical())
        low = np.minimum(np.maximum(expected - young * below, lowest - extent), expected - doubt)
        high = np.maximum(np.minimum(expected + young * above, highest + extent), expected + doubt)
        return Forecast(expected, np.maximum(low, floor), high, cold)

    def _typical(self) -> float:
        """What a series that has only been 0 may reach: as much as the others lie off, else one unit."""
        profile = self.profile
        others = np.isfinite(profile.level) & (profile.level != 0)
        if not others.any():
            return 1.0
        return float(np.maximum(GUESS * np.abs(profile.level[others]), profile.spread[others]).mean())

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **{f"profile_{name}": array for name, array in self.profile.arrays().items()},
            **self.predictors.arrays(),
            **self.regression.arrays(),
            **self.interval.arrays(),
            "error": self.error, "long_error": self.long_error, "squared": self.squared, "last": self.last,
            "mean": self.mean,
            "said_experts": self.said_experts, "errors": self.errors, "said": self.said,
            "said_level": self.said_level, "said_features": self.said_features,
        }  # fmt: skip


def _filled(numbers: Numbers) -> Numbers:
    """A series that never had a value is taken for the mean of the others."""
    known = np.isfinite(numbers)
    return np.where(known, numbers, numbers[known].mean() if known.any() else np.nan)
