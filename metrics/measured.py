"""Measured: what a program that runs definitions answers; both programs answer in this form and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.indicator import Indicator

Numbers: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Counts: TypeAlias = NDArray[np.int64]

# Region code ("" = unassigned or ungrouped), dimension values in the order of the indicator's dimensions ("" = null);
# None = not split by dimensions.
Group: TypeAlias = tuple[str, tuple[str, ...] | None]
RegionForm: TypeAlias = Literal["none", "tree", "leaf"]


@dataclass(slots=True)
class Measured:
    """One measure, arrays of shape (windows, groups). `known` is False where it is null; `rows` were folded.

    A group of which a measure knows nothing has its empty result: 0 for counts and times, for sums of records, null
    for the rest; and no rows.
    """

    value: Numbers
    known: Mask
    rows: Counts


@dataclass(slots=True)
class Answer:
    """All measures of an indicator. `present`, shape (windows, groups): a row was folded into some measure that can
    tell the group apart from others."""

    groups: list[Group]
    measures: dict[str, Measured] = field(default_factory=dict)
    present: Mask = field(default_factory=lambda: np.zeros((0, 0), np.bool_))

    @property
    def columns(self) -> Mapping[Group, int]:
        """Where each group stands."""
        return {group: at for at, group in enumerate(self.groups)}


class Measuring(Protocol):
    """A program that folds rows into measures."""

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """The measures of the windows that end at `ends` (ms UTC, ascending).

        Asked are `indicator.dimensions` (all of them at once, none if it has none) and, with `regions`, regions:
        `none`: no regions; `tree`: each region of `indicator.levels`, with everything below it, and "" if a row of a
        window has no region; `leaf`: the region that a row has, nothing rolled up.
        """
        ...

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """Whether a source, at each end, has `stale_after` and no row with time in [end - stale_after, end)."""
        ...
