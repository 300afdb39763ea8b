"""Predictors: what the present, yesterday, last week, the shape of the day and the neighbours say of the steps ahead.

All are in spreads of the series (`metrics.profile`), most of them relative to what is normal at their time, so that one
set of coefficients can serve many series.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.profile import Profile

HALF_LIVES: Final = (0.25, 1.0, 3.0, 8.0, 24.0)  # steps: the last value, and how the series has been of late
NAMES: Final = (
    "one", *(f"rest_{each:g}" for each in HALF_LIVES), "network", "neighbours", "shape_now", "shape", "type", "slot",
    "yesterday", "yesterday_about", "last_week", "last_week_about",
)  # fmt: skip
# What a first forecast believes: the shape of the day, and that what was off of late stays off for most part.
PRIOR: Final = {"rest_3": 0.8, "shape": 1.0, "type": 1.0, "slot": 1.0}
FAINT = 0.05  # values' worth of "as normal" in a trail: when values stop coming, it fades
NEIGHBOUR_KEEP = 0.999  # per step, of the correlations between series
MAX_NEIGHBOURS = 512  # series; correlations of more would cost more than they tell
ROBUST = 4.0  # spreads: further off, a rest counts as if it were there, where series are compared

Numbers = NDArray[np.float64]


class Predictors:
    """What is remembered of `profile.series` series to predict the steps `ahead` (horizons,)."""

    def __init__(self, profile: Profile, ahead: NDArray[np.int64]) -> None:
        self.profile, self.ahead = profile, ahead
        series, steps = profile.series, profile.season.steps_per_day
        trails = len(HALF_LIVES)
        self.total, self.weight = np.zeros((trails, series)), np.zeros((trails, series))
        self._keep = 0.5 ** (1 / np.array(HALF_LIVES))[:, None]
        pairs = series if 1 < series <= MAX_NEIGHBOURS else 0
        self.products = np.zeros((pairs, pairs))
        self._day, self._week = steps, max(7 * steps, 7)
        offsets, kernel = profile.season.kernel()
        self._offsets, self._kernel = offsets, kernel.astype(np.float64)
        # Deviations from the level of the last week and a little more, a ring by step number; NaN: no value.
        self.deviations = np.full((self._week + len(offsets) + 1, series), np.nan, np.float32)
        self.values = np.full_like(self.deviations, np.nan, np.float64)  # the same ring, of the values themselves
        self.steps = np.zeros((), np.int64)
        self.normal = np.zeros(series)  # the shape of the newest step, in spreads

    def learn(self, values: Numbers, rests: Numbers, normal: Numbers) -> None:
        """Take one step in: `values` and what `Profile.learn` returned for them, (series,), NaN where there is none;
        `normal` is the shape of this step."""
        known = ~np.isnan(rests)
        self.total *= self._keep
        self.weight *= self._keep
        self.total += np.where(known, rests, 0.0)
        self.weight += known
        if self.products.size:
            of_late = np.clip(self._trails()[2], -ROBUST, ROBUST)
            self.products *= NEIGHBOUR_KEEP
            self.products += np.outer(of_late, of_late)
        self.normal[...] = normal
        self.steps += 1
        self.values[self.steps % len(self.values)] = values
        with np.errstate(invalid="ignore"):
            self.deviations[self.steps % len(self.deviations)] = (values - self.profile.level) / self.profile.spread

    def pause(self) -> None:
        """Steps are left out: the trails and the last week are forgotten."""
        self.total[...], self.weight[...] = 0.0, 0.0
        self.deviations[...], self.values[...] = np.nan, np.nan

    def features(self, slots: NDArray[np.int64], kinds: NDArray[np.int8]) -> Numbers:
        """(horizons, series, features), as NAMES; `slots` and `kinds` of days (horizons,) of the steps ahead."""
        out = np.zeros((len(self.ahead), self.profile.series, len(NAMES)))
        trails = self._trails()
        of_late = np.clip(trails[2], -ROBUST, ROBUST)
        shape, of_type, of_slot, _ = self.profile.shapes(slots, kinds)
        normal = shape + of_type
        now: list[Any] = [1.0, *trails, self._network(of_late), self._neighbours(of_late), self.normal]
        columns = [*now, shape, of_type, of_slot, *self._back(self._day, normal), *self._back(self._week, normal)]
        for place, column in enumerate(columns):
            out[..., place] = column
        return out

    def again(self) -> tuple[Numbers, Numbers]:
        """The values a day and a week before the steps ahead, (horizons, series); NaN where unknown."""
        out = []
        for period in (self._day, self._week):
            steps = int(self.steps) + self._before(period)
            held = steps > max(0, int(self.steps) - len(self.values))
            out.append(np.where(held[:, None], self.values[steps % len(self.values)], np.nan))
        return out[0], out[1]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The memory."""
        return {"trail": self.total, "trail_weight": self.weight, "products": self.products,
                "deviations": self.deviations, "steps": self.steps, "values": self.values,
                "normal": self.normal}  # fmt: skip

    def _before(self, period: int) -> NDArray[np.int64]:
        """Where the steps ahead were as many whole periods before as lead to now or earlier, counted from now."""
        out: NDArray[np.int64] = self.ahead - period * -(-self.ahead // period)
        return out

    def _trails(self) -> Numbers:
        out: Numbers = self.total / (self.weight + FAINT)
        return out

    def _network(self, of_late: Numbers) -> Numbers:
        """How the other series have been of late, on average."""
        others = max(self.profile.series - 1, 1)
        out: Numbers = (of_late.sum() - of_late) / others
        return out

    def _neighbours(self, of_late: Numbers) -> Numbers:
        """How the series that move with each one have been of late; opposite movement counts with its sign."""
        if not self.products.size:
            return np.zeros_like(of_late)
        size = np.sqrt(np.diag(self.products)) + 1e-6
        alike = self.products / np.outer(size, size)
        np.fill_diagonal(alike, 0.0)
        strength = np.abs(alike)
        out: Numbers = (alike * strength) @ of_late / ((strength**2).sum(1) + 0.5)
        return out

    def _back(self, period: int, normal: Numbers) -> tuple[Numbers, Numbers]:
        """Deviations a `period` before the steps ahead less what is normal there: the step itself, and about it.

        (horizons, series) each; 0 where nothing is remembered. Further ahead than one period, more of them.
        """
        now, ring = int(self.steps), len(self.deviations)
        steps = now + self._before(period)[:, None] + self._offsets
        held = (steps <= now) & (steps > max(0, now - ring))
        rows = self.deviations[steps % ring] - normal[:, None]
        known = np.isfinite(rows) & held[..., None]
        rows = np.where(known, np.clip(rows, -2 * ROBUST, 2 * ROBUST), 0.0)
        weight = np.einsum("t,htS->hS", self._kernel, known)
        about = np.einsum("t,htS->hS", self._kernel, rows) / (weight + FAINT)
        return rows[:, len(self._offsets) // 2], about
