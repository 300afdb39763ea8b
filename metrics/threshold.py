"""Thresholds: the level that a published value reaches, and when a level that was reached is left again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metrics.value import LEVELS, Level

NO_LEVEL = 0  # level numbers: 0 none, 1 blue .. 4 red
NEVER_MS = 1 << 62  # a delay that no time reaches: the condition is never raised

Limits = tuple[tuple[Level, float], ...]
Direction = Literal["up", "down", "context"]


@dataclass(frozen=True, slots=True)
class Variant:
    """Limits that replace all others while `calendar` is open."""

    calendar: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Flapping:
    """A rule flaps when its level changes `changes` times within `within_ms` of event time, and is calm again when it
    has not changed for so long. `within_ms` None: 12 instants of its grid."""

    changes: int = 5  # two alarms that came and went, and came again: a duty officer reads no third
    within_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits by level, from the least to the worst, and how long they must hold; what an analyst writes.

    Direction `up` (more is better): reached when value < limit; `down`: when value >= limit, with `strict` when
    value > limit. `context` reaches a level only `on` the z-score: abs(z) >= limit. The worst level reached wins.

    `hysteresis` (in the unit of what is judged, >= 0): a level is left only when the value is better than its limit by
    this much. `on_delay_ms`, `off_delay_ms`: how long (event time) a level must hold before it is raised, and be left
    before it is lowered. The first of `variants` whose calendar is open at `end - 1 ms` gives the limits instead.

    `no_data_delay_ms`, `stale_delay_ms`: how long the value must be null or stale before that is a condition of its
    own, of level `silence`; None: three instants of the grid, NEVER_MS: not at all.
    """

    limits: Limits
    direction: Direction
    strict: bool = False
    hysteresis: float = 0.0
    on_delay_ms: int = 0
    off_delay_ms: int = 0
    on: Literal["value", "z"] = "value"
    variants: tuple[Variant, ...] = ()
    no_data_delay_ms: int | None = None
    stale_delay_ms: int | None = None
    silence: Level = "yellow"  # nobody sees what goes on: worth a look, no emergency by itself
    flapping: Flapping = Flapping()

    @property
    def monotone(self) -> bool:
        """Whether a worse level is never easier to reach than a lesser one, in every variant."""
        return all(self.in_order(limits) for limits in (self.limits, *(one.limits for one in self.variants)))

    def in_order(self, limits: Limits) -> bool:
        """Whether these limits are monotone."""
        values = [limit for _, limit in limits]
        return values == sorted(values, reverse=self.direction == "up")

    def in_force(self, calendars_open: Sequence[bool] = ()) -> Limits:
        """The limits at an instant; `calendars_open`: whether the calendar of each variant is (none given: no)."""
        for variant, is_open in zip(self.variants, calendars_open, strict=False):
            if is_open:
                return variant.limits
        return self.limits

    def levels(
        self, values: NDArray[np.float64], known: NDArray[np.bool_], calendars_open: Sequence[bool] = ()
    ) -> NDArray[np.int8]:
        """Level numbers of what is judged (values, or z-scores if `on` is z), shape (values,); null reaches none."""
        found = np.zeros(len(values), np.int8)
        for level, limit in self.in_force(calendars_open):
            found[self._reached(values, limit) & known] = number(level)
        return found

    def held(
        self,
        current: NDArray[np.int8],
        values: NDArray[np.float64],
        known: NDArray[np.bool_],
        calendars_open: Sequence[bool] = (),
    ) -> NDArray[np.int8]:
        """Level numbers for values that come upon the level `current`, shape (values,): with hysteresis.

        A level up to the current one is held until the value is better than its limit by the hysteresis; a level
        without a limit in force is not held. Null leaves the current level.
        """
        found = self.levels(values, known, calendars_open)
        for level, limit in self.in_force(calendars_open):
            stays = known & (current >= number(level)) & ~self._left(values, limit)
            found[stays] = np.maximum(found[stays], number(level))
        return np.where(known, found, current).astype(np.int8)

    def _reached(self, values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
        if self.direction == "context":
            return np.abs(values) >= limit if self.on == "z" else np.zeros(len(values), np.bool_)
        if self.direction == "up":
            return values < limit
        return values > limit if self.strict else values >= limit

    def _left(self, values: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
        """Where a level is not reached and the value is better than its limit by the hysteresis or more."""
        # In decimals, as declared: a limit of 0.3 with a hysteresis of 0.1 is left at 0.2.
        margin = Decimal(repr(float(self.hysteresis))) * (1 if self.direction == "up" else -1)
        bound = float(Decimal(repr(float(limit))) + margin)
        if self.direction == "up":
            return values >= bound
        judged = np.abs(values) if self.direction == "context" else values
        return ~self._reached(values, limit) & (judged <= bound)


def number(level: Level) -> int:
    """The number of a level, 1 blue .. 4 red."""
    return LEVELS.index(level) + 1


def level_name(number: int) -> Level | None:
    """The name of a level number, None for none."""
    return LEVELS[number - 1] if number else None
