"""Reach of a history: which indicators its thinned readings can answer, and at which instants they are computed.

A thinned reading says how things stood, not how often they were read: what counts readings, or looks for them within
less than their distance, would be wrong and is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from metrics.definition import Bundle
from metrics.formula import names, uses_now
from metrics.formulas import Formulas
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.voucher_scope import behind
from metrics.window import DAY_MS, HOUR_MS, Window

TOTAL_MS, SPLIT_MS = HOUR_MS, DAY_MS  # how far apart instants are at least: of regions in total, of further dimensions
_GROWING = frozenset({"count", "sum"})  # with the number of readings
_TRIALS = 32  # of a formula with other numbers


@dataclass(frozen=True, slots=True)
class Lack:
    """Why an indicator is left out, in both languages."""

    zh: str
    en: str


def left_out(bundle: Bundle, fed: Collection[str], thinned: Mapping[str, int]) -> dict[str, Lack]:
    """The indicators that a history cannot answer. `fed`: the sources that have rows; `thinned`: of these the ones
    whose entities report only once in so many ms."""
    own = {one.id: lack for one in bundle.indicators if (lack := _own(bundle, one, fed, thinned)) is not None}
    versions = Versions(bundle.indicators)
    known = {name: versions.of(name) for name in versions.ids}
    found = {}
    for name in versions.ids:
        lacks = [own[other] for other in behind(known, name) if other in own]
        if lacks:
            found[name] = lacks[0]
    return found


def instants(indicator: Indicator, span: tuple[int, int], *, split: bool) -> list[int]:
    """The window ends in (from, until] at which it is computed: those of its own grid, but at most one an hour, and
    of its further dimensions one a day. What is judged against the weeks before keeps the hour."""
    z = indicator.thresholds is not None and indicator.thresholds.on == "z"
    step = SPLIT_MS if split and not z else TOTAL_MS
    grid = Window.now(step)
    return [end for end in indicator.window.instants(*span) if grid.floor(end) == end or _coarser(indicator, step)]


def _coarser(indicator: Indicator, step_ms: int) -> bool:
    every = indicator.window.every_ms
    return not every or every > step_ms


def _own(bundle: Bundle, indicator: Indicator, fed: Collection[str], thinned: Mapping[str, int]) -> Lack | None:
    for measure in indicator.measures:
        source = bundle.sources[measure.source]
        for name in source.union_of or (source.id,):
            if bundle.sources[name].indicator_of:
                continue
            if name not in fed:
                return Lack(f"只有实时的来源 {name}", f"source {name} is live only")
            if name in thinned and not _stands(bundle, indicator, measure, thinned[name]):
                return Lack(f"{name} 的读数已抽稀", f"readings of {name} are thinned")
    return None


def _stands(bundle: Bundle, indicator: Indicator, measure: Measure, every_ms: int) -> bool:
    """Whether a measure says the same of readings that are `every_ms` apart."""
    window = measure.window_of(indicator)
    nodes = (measure.where, measure.field, *measure.fields, measure.having, measure.each)
    if any(node is not None and uses_now(node) for node in nodes):
        return False
    if measure.agg == "online":
        return measure.within_ms >= every_ms
    if measure.agg == "dwell":
        return (measure.hold_ms or 2 * (bundle.sources[measure.source].period_ms or 0)) >= every_ms
    if window.kind == "now":
        return window.max_age_ms is None or window.max_age_ms >= every_ms
    if measure.agg in _GROWING:
        return not _grows(indicator, measure.source)
    return window.size_ms >= every_ms * (2 if measure.agg in ("delta", "rate") else 1)


def _grows(indicator: Indicator, source: str) -> bool:
    """Whether the value changes when everything that counts or adds readings of a source is multiplied."""
    if not {one.name for one in indicator.measures} & names(indicator.formula):
        return False
    draws = np.random.Generator(np.random.PCG64(1))
    given = names(indicator.formula) - set(indicator.constants or {})
    columns = {name: (draws.uniform(1.0, 2.0, (1, _TRIALS)), np.ones((1, _TRIALS), np.bool_)) for name in given}
    growing = {one.name for one in indicator.measures if one.source == source and one.agg in _GROWING and not one.per}
    more = {name: (3.0 * value if name in growing else value, known) for name, (value, known) in columns.items()}
    formula = Formulas([(indicator.formula, indicator.constants or {})])
    ends = [0]
    (one, one_known), (other, other_known) = (formula.evaluate(some, ends, _TRIALS) for some in (columns, more))
    return not (np.array_equal(one_known, other_known) and np.allclose(one, other, rtol=1e-9))
