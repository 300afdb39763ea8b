"""A flood: more new alarms than people can read. When it begins and ends, and what is laid aside while it lasts.

Figures of ISA-18.2 and EEMUA 191: about 1 new alarm in 10 minutes for each operator is acceptable, 2 the most that can
be handled, more than 10 a flood; it is over when fewer than half of that come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ioc.domain.alarm import CRITICAL


@dataclass(frozen=True, slots=True)
class FloodRule:
    """`within_ms`: the span in which new alarms are counted; `over`: so many for each operator are none yet; `under`:
    so few end it; `most_level`: alarms up to this one are laid aside while it lasts, never critical ones."""

    within_ms: int
    over: float
    under: float
    most_level: int


@dataclass(frozen=True, slots=True)
class Load:
    """New alarms for each operator in spans of ten minutes: `shares` of the spans with at most 1, at most 2, at most 10
    and more than 10; median, 95th percentile and the most."""

    spans: int
    shares: tuple[float, float, float, float]
    median: float
    p95: float
    most: float


def floods(rule: FloodRule, new: int, operators: int, *, going_on: bool) -> bool:
    """Whether there is a flood, after `new` alarms within the span for so many operators."""
    each = new / max(1, operators)
    return each >= rule.under if going_on else each > rule.over


def laid_aside(rule: FloodRule, level: int) -> bool:
    """Whether a flood lays an alarm of this level aside."""
    return level <= rule.most_level and level != CRITICAL


def load(each: Sequence[float]) -> Load:
    """The distribution of new alarms for each operator by span. All 0 without spans."""
    if not each:
        return Load(0, (0.0, 0.0, 0.0, 0.0), 0.0, 0.0, 0.0)
    values = np.asarray(each, dtype=np.float64)
    bounds = np.array([0.0, 1.0, 2.0, 10.0])
    at = np.digitize(values, bounds[1:], right=True)
    shares = np.bincount(at, minlength=4) / len(values)
    return Load(
        len(values), (float(shares[0]), float(shares[1]), float(shares[2]), float(shares[3])),
        float(np.median(values)), float(np.percentile(values, 95)), float(values.max()),
    )  # fmt: skip
