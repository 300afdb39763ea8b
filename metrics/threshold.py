"""Thresholds: the level that a published value reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from metrics.value import Level

LEVELS: tuple[Level, ...] = get_args(Level)  # from the least to the worst
NO_LEVEL = 0  # level numbers: 0 none, 1 blue .. 4 red


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits by level. Direction `up` (more is better): reached when value < limit; `down`: when value >= limit.

    With `strict`, `down` needs value > limit. `context` reaches none. The worst level reached wins.
    """

    limits: tuple[tuple[Level, float], ...]
    direction: Literal["up", "down", "context"]
    strict: bool = False

    @property
    def monotone(self) -> bool:
        """Whether a worse level is never easier to reach than a lesser one."""
        values = [limit for _, limit in self.limits]
        return values == sorted(values, reverse=self.direction == "up")

    def levels(self, values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.int8]:
        """Level numbers of published values, shape (values,); null reaches none."""
        found = np.zeros(len(values), np.int8)
        if self.direction == "context":
            return found
        for level, limit in self.limits:
            if self.direction == "up":
                reached = values < limit
            elif self.strict:
                reached = values > limit
            else:
                reached = values >= limit
            found[reached & known] = LEVELS.index(level) + 1
        return found


def level_name(number: int) -> Level | None:
    """The name of a level number, None for none."""
    return LEVELS[number - 1] if number else None
