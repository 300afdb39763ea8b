"""The scope of a voucher: which rows a value may rest on: sources, and from which event time on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metrics.definition import Bundle
from metrics.derived_source import comparison_ms
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.reference import indicators_of
from metrics.source import Source
from metrics.watermark import BEGINNING


def scope(
    bundle: Bundle, versions: Versions, indicator: Indicator, end: int, *, referred: bool = False
) -> dict[str, int]:
    """Source (not unions: their parts) -> the oldest event time that may matter to the window that ends at `end`;
    BEGINNING: all rows do. `referred`: also those of the indicators that the formula refers to; without it these are
    taken as published."""
    found: dict[str, int] = {}
    earliest = end - comparison_ms(indicator, versions)
    for other in indicators_of(indicator.formula) if referred else ():
        for version in versions.of(other):
            at = version.window.floor(earliest)
            for name, own in scope(bundle, versions, version, at, referred=True).items():
                found[name] = min(own, found.get(name, own))
    for measure in indicator.measures:
        source = bundle.sources[measure.source]
        since = _since(measure, indicator, source, earliest)
        if source.indicator_of:
            for version in versions.of(source.indicator_of):
                for name, own in scope(bundle, versions, version, since, referred=referred).items():
                    found[name] = min(own if since > BEGINNING else BEGINNING, found.get(name, own))
            continue
        for name in source.union_of or (source.id,):
            part = bundle.sources[name]
            own = BEGINNING if part.kind == "records" else min(since, end - (part.stale_after_ms or 0))
            found[name] = min(own, found.get(name, own))
            if part.registry_is_source and part.registry:
                found[part.registry] = BEGINNING
    return found


def derived(bundle: Bundle, versions: Versions, indicator: Indicator, end: int) -> dict[str, int]:
    """The indicators whose values are rows of its measures, and from which time on these rows may matter."""
    found: dict[str, int] = {}
    earliest = end - comparison_ms(indicator, versions)
    for measure in indicator.measures:
        source = bundle.sources[measure.source]
        if source.indicator_of:
            since = _since(measure, indicator, source, earliest)
            found[source.indicator_of] = min(since, found.get(source.indicator_of, since))
    return found


def behind(indicators: Mapping[str, Iterable[Indicator]], name: str) -> tuple[str, ...]:
    """An indicator and all that its formulas refer to, directly or not, each once."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop(0)
        if one in found or one not in indicators:
            continue
        found[one] = None
        for version in indicators[one]:
            waiting += indicators_of(version.formula)
            waiting += [measure.source.removeprefix("indicator:") for measure in version.measures
                        if measure.source.startswith("indicator:")]  # fmt: skip
    return tuple(found)


def _since(measure: Measure, indicator: Indicator, source: Source, end: int) -> int:
    window = measure.window_of(indicator)
    if measure.agg == "online":
        return end - measure.within_ms
    if window.kind == "now":
        return BEGINNING if window.max_age_ms is None else end - window.max_age_ms
    start = window.first(end)
    if measure.agg == "dwell" and start > BEGINNING:  # the row before the window counts
        start -= measure.hold_ms or 2 * (source.period_ms or 0)
    return max(start, BEGINNING)
