"""Nothing: what an indicator says of a group into which none of its rows was folded; a count of nothing is 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from metrics.conclude import Concluded
from metrics.indicator import Indicator
from metrics.measured import Group, Measured
from metrics.measured_groups import zero_when_empty
from metrics.region import UNKNOWN, Regions


def groups_of_nothing(indicator: Indicator, regions: Regions, groups: Iterable[Group], stood: Concluded) -> list[Group]:
    """Those of the groups, split by all dimensions of the indicator, of which nothing was said in a window in which
    something was known; none for an indicator whose regions are folded from others. The measures must be able to tell
    its groups apart: then no row of the window was folded into these."""
    if indicator.rollup is not None or not (stood.known & stood.present).any():
        return []
    said = {group for group, present in zip(stood.groups, stood.present[0].tolist(), strict=True) if present}
    return [
        (code, split)
        for code, split in groups
        if split is not None
        and (code, split) not in said
        and (code == UNKNOWN or (code in regions and regions[code].level in indicator.levels))
    ]


def measures_of_nothing(indicator: Indicator, groups: Sequence[Group]) -> dict[str, Measured]:
    """The measures of one window for groups without rows."""
    shape = (1, len(groups))
    return {
        measure.name: Measured(np.zeros(shape), np.full(shape, zero_when_empty(measure)), np.zeros(shape, np.int64))
        for measure in indicator.measures
    }
