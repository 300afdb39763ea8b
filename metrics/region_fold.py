"""Region fold: scores defined on one level of regions, folded to the regions above it (`rollup = { from = ... }`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metrics.conclude import NO_DATA, Concluded
from metrics.evaluation import published
from metrics.indicator import Indicator
from metrics.measured import Group, Mask, Numbers
from metrics.region import LEVELS, UNKNOWN, Regions


def folded_columns(groups: Sequence[Group], regions: Regions, level: str, *, grouped: bool) -> list[int]:
    """Where the groups stand that fold values of `level`: regions above it, and the ungrouped total unless `grouped`
    (then the region "" is that of rows without one, and no region above anything)."""
    above = LEVELS[: LEVELS.index(level)]
    return [
        at
        for at, (code, _) in enumerate(groups)
        if (code in regions and regions[code].level in above) or (code == UNKNOWN and not grouped)
    ]


def fold_up(
    indicator: Indicator, above: Concluded, columns: Sequence[int], below: Concluded, regions: Regions
) -> Concluded:
    """`above` with the values at `columns` folded from those of `below`, whose groups are all of the level to fold
    from: non-null values of descendants with the same dimensions; samples are their sum."""
    rollup = indicator.rollup
    assert rollup is not None  # noqa: S101  # only indicators with a roll-up come here
    value, known = above.value.copy(), above.known.copy()
    samples, quality = above.samples.copy(), above.quality.copy()
    weights = {code: regions.attribute(code, rollup.weight) for code, _ in below.groups} if rollup.weight else {}
    for at in columns:
        code, split = above.groups[at]
        members = [
            place
            for place, (region, other) in enumerate(below.groups)
            if other == split and (code == UNKNOWN or code in regions.path(region))
        ]
        here = below.known[:, members]
        value[:, at], known[:, at] = _folded(
            indicator, below.value[:, members], here, weights=[weights.get(below.groups[place][0]) for place in members]
        )
        value[:, at] = np.where(known[:, at], published(np.where(known[:, at], value[:, at], 0.0)), 0.0)
        samples[:, at] = np.where(here, below.samples[:, members], 0).sum(axis=1)
        worst = np.where(here, below.quality[:, members], 0).max(axis=1, initial=0)
        quality[:, at] = np.where(known[:, at], worst, NO_DATA)
    return Concluded(above.groups, value, known, samples, quality, above.present)


def _folded(
    indicator: Indicator, values: Numbers, known: Mask, weights: Sequence[float | None]
) -> tuple[Numbers, Mask]:
    """The fold of each row of `values`, shape (windows, members), over the known ones."""
    assert indicator.rollup is not None  # noqa: S101
    how = indicator.rollup.how
    some: Mask = known.sum(axis=1) > 0
    if how in ("worst", "best"):
        smallest = (how == "best") == (indicator.direction == "down")
        how = "min" if smallest else "max"
    match how:
        case "min":
            found = np.where(known, values, np.inf).min(axis=1, initial=np.inf)
        case "max":
            found = np.where(known, values, -np.inf).max(axis=1, initial=-np.inf)
        case "sum":
            found = np.where(known, values, 0.0).sum(axis=1)
        case "mean":
            found = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        case _:
            return _weighted(values, known, weights)
    return np.where(some, found, 0.0), some


def _weighted(values: Numbers, known: Mask, weights: Sequence[float | None]) -> tuple[Numbers, Mask]:
    """The weighted mean; null where the weight of a region that has a value is not known."""
    given = np.array([weight is not None for weight in weights], np.bool_)
    weight = np.where(known, np.array([weight or 0.0 for weight in weights]), 0.0)
    total = weight.sum(axis=1)
    sound: Mask = (known.sum(axis=1) > 0) & ~(known & ~given).any(axis=1) & (total != 0)
    found = (np.where(known, values, 0.0) * weight).sum(axis=1)
    return np.where(sound, found / np.where(sound, total, 1.0), 0.0), sound
