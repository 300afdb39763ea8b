"""The scope of a voucher: which rows a value may rest on: sources, and from which event time on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    return {name: one.since for name, one in needs(bundle, versions, indicator, end, referred=referred).items()}


@dataclass(frozen=True, slots=True)
class Need:
    """Of a source a value may rest on rows from `since` on; of those before `exact` on the newest of each key only."""

    since: int
    exact: int

    def or_more(self, other: Need | None) -> Need:
        """What both need."""
        return self if other is None else Need(min(self.since, other.since), min(self.exact, other.exact))


def needs(
    bundle: Bundle, versions: Versions, indicator: Indicator, end: int, *, referred: bool = False
) -> dict[str, Need]:
    """As `scope`, and from when on rows must all be there: of records, and of the last reading of each entity, the
    newest at the earliest instant that is asked for is enough."""
    found: dict[str, Need] = {}
    earliest = end - comparison_ms(indicator, versions)
    for other in indicators_of(indicator.formula) if referred else ():
        for version in versions.of(other):
            at = version.window.floor(earliest)
            for name, own in needs(bundle, versions, version, at, referred=True).items():
                found[name] = own.or_more(found.get(name))
    for measure in indicator.measures:
        source = bundle.sources[measure.source]
        since = _since(measure, indicator, source, earliest)
        if source.indicator_of:
            for version in versions.of(source.indicator_of):
                for name, own in needs(bundle, versions, version, since, referred=referred).items():
                    whole = own if since > BEGINNING else Need(BEGINNING, BEGINNING)
                    found[name] = whole.or_more(found.get(name))
            continue
        for name in source.union_of or (source.id,):
            own = _own(measure, indicator, bundle.sources[name], (since, earliest, end))
            found[name] = own.or_more(found.get(name))
            registry = bundle.sources[name].registry
            if bundle.sources[name].registry_is_source and registry:
                found[registry] = Need(BEGINNING, own.exact).or_more(found.get(registry))
    return found


def _own(measure: Measure, indicator: Indicator, part: Source, times: tuple[int, int, int]) -> Need:
    """Of one source; `times`: from when on rows are asked for, the earliest instant that is asked for, the end."""
    since, earliest, end = times
    window = measure.window_of(indicator)
    if part.kind == "records":
        return Need(BEGINNING, since if measure.agg == "dwell" else earliest)
    asked = min(since, end - (part.stale_after_ms or 0))
    newest = window.kind == "now" and window.max_age_ms is None and measure.agg != "online"
    return Need(asked, earliest if newest else asked)


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
