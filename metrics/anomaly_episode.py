"""Episodes: which surprises are news. One that lasts is told once, one that comes again and again counts less.

An episode is open while surprises higher than any of its own follow within `REFRACTORY` values. Only such a highest
surprise passes; it is divided by (1 + n)^2, where n is the faded number of earlier episodes that were as high. A young
measure is taken to have had some: what is normal for it is not known yet.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REFRACTORY = 200  # values: after a surprise, lesser ones within so many are its echo
FADING = 2500  # values over which an earlier episode is forgotten, as long as the residuals' memory
YOUNG_LIKE = 3.0  # episodes a measure without a past is taken to have had
GROWN = 2.0 * REFRACTORY  # values over which these fade, the length of two episodes
HABIT_POWER = 2.0  # the second episode of a height counts a quarter, the third a ninth
HEIGHTS = np.exp(np.linspace(0.0, np.log(40.0), 24))  # surprise, rising by 17 % each


class Episodes:
    """State of the episodes of `series` series; `arrays` is all of it."""

    def __init__(self, series: int) -> None:
        self.arrays = {
            "highest": np.zeros(series),  # of the open episode, 0: none is open
            "age": np.zeros(series),  # values since then
            "earlier": np.zeros((len(HEIGHTS), series)),  # weights of episodes that reached each height
            "weight": np.ones(series),  # of an episode now; grows, so that the earlier ones fade against it
        }

    @property
    def series(self) -> int:
        return int(self.arrays["age"].shape[-1])

    def grow(self, series: int) -> None:
        fresh = Episodes(series)
        for name, array in fresh.arrays.items():
            array[..., : self.series] = self.arrays[name]
        self.arrays = fresh.arrays

    def step(self, surprise: Floats, measured: Floats, known: NDArray[np.bool_]) -> Floats:
        """What is left of each surprise, shape (series,); a series that is not `known` stands still.

        `measured`: for how many values what makes the surprise has been measured, this one included.
        """
        a = self.arrays
        highest, age, earlier, weight = a["highest"], a["age"], a["earlier"], a["weight"]
        highest[age >= REFRACTORY] = 0.0
        news = np.flatnonzero(known & (surprise > highest))
        left = np.zeros(self.series)
        age += known
        weight *= np.where(known, 1.0 / (1.0 - 1.0 / FADING), 1.0)
        if news.size:
            height = surprise[news]
            before = highest[news]
            reached = HEIGHTS[:, None] <= height
            place = np.maximum(reached.sum(axis=0) - 1, 0)
            like = earlier[place, news] / weight[news]
            like += YOUNG_LIKE * np.maximum(0.0, 1.0 - measured[news] / GROWN)
            left[news] = height / (1.0 + like) ** HABIT_POWER
            earlier[:, news] += (reached & (HEIGHTS[:, None] > before)) * weight[news]
            highest[news] = height
            age[news] = 0.0
        heavy = np.flatnonzero(weight > 1e100)
        if heavy.size:
            earlier[:, heavy] /= weight[heavy]
            weight[heavy] = 1.0
        return left
