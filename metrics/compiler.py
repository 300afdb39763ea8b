"""The compiler: checked definitions become a plan of shared scans and kept rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from graphlib import TopologicalSorter
from math import gcd

from metrics.aggregate import FOLDS, Fold
from metrics.definition import Bundle
from metrics.formula import Node, Type, names, text, uses_now
from metrics.indicator import Indicator
from metrics.measure import ENTITY, Measure
from metrics.plan import REGION, IndicatorPlan, Kept, Key, MeasurePlan, Plan, Raw, Scan, SourcePlan
from metrics.reference import indicators_of
from metrics.source import Source
from metrics.stated_error import APPROXIMATE
from metrics.window import Window

PANED = frozenset(("tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date"))


def compile(bundle: Bundle) -> Plan:
    """The plan of a checked bundle (of the world: `bundle.for_world(...)` first)."""
    return _Compiler(bundle).plan()


class _Compiler:
    """Gathers what the measures of all indicators ask of each source."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._wanted: dict[Scan, set[Fold]] = {}
        self._kept: dict[str, list[tuple[Measure, Key, int]]] = {}
        self._grids: dict[str, list[int]] = {}
        self._lookups: dict[str, set[str]] = {}  # source of records -> fields that readings take from it
        for source in bundle.sources.values():
            if source.registry_is_source:
                asked = {*source.take}
                if source.region is not None and source.region.way == "registry":
                    asked.add(source.region.name)
                self._lookups.setdefault(source.registry or "", set()).update(asked)

    def plan(self) -> Plan:
        bundle = self._bundle
        drafts = [
            (indicator, [self._draft(indicator, one) for one in indicator.measures])
            for indicator in _in_order(bundle.indicators)
        ]
        built = {scan: replace(scan, folds=frozenset(folds)) for scan, folds in self._wanted.items()}
        indicators = []
        reach: dict[str, dict[str, None]] = {}
        for indicator, parts in drafts:
            measures = tuple(
                self._measure_plan(indicator, measure, source, built[scan].id if scan else "", key)
                for measure, source, scan, key in parts
            )
            own = dict.fromkeys(name for part in measures for name in (part.measure.source, part.source))
            asked = dict(own)
            for name in needed_by(indicator):
                asked |= reach.get(name, {})
            # What is known of time comes from the sources below a derived one.
            asked = {name: None for name in asked if not bundle.sources[name].indicator_of}
            reach[indicator.id] = reach.get(indicator.id, {}) | asked
            sources = [bundle.sources[name] for name in asked]
            patience = max((source.disorder_ms for source in sources), default=0)
            patience += max((source.idle_ms or 0 for source in sources), default=0) + indicator.window.pane_ms
            indicators.append(
                IndicatorPlan(
                    indicator, measures, not measures or any(part.has_region for part in measures), tuple(asked),
                    tuple(name for name in own if not bundle.sources[name].indicator_of), patience,
                    _superseded_at(indicator, bundle),
                )
            )  # fmt: skip
        scans = tuple(built.values())
        plans = {name: self._source_plan(name, source, scans) for name, source in bundle.sources.items()}
        return Plan(
            bundle.hash, plans, {scan.id: scan for scan in scans}, tuple(indicators), bundle.regions, bundle.calendars
        )

    def _draft(self, indicator: Indicator, measure: Measure) -> tuple[Measure, str, Scan | None, Key]:
        bundle, window = self._bundle, measure.window or indicator.window
        source = bundle.sources[measure.source]
        grouped = bundle.sources[source.registry or ""] if measure.agg == "online" else source
        key = self._key(indicator, measure, source, grouped)
        self._grids.setdefault(source.id, []).append(indicator.window.pane_ms)
        self._grids.setdefault(grouped.id, []).append(indicator.window.pane_ms)
        if grouped is source and _folds_into_panes(measure, source, window):
            scale = measure.scale if measure.field is not None else 0
            pane_ms = self._pane_ms(source, window)
            scan = Scan(
                source.id, measure.field, scale, measure.where, pane_ms, key, frozenset(), measure.fields,
                window.kind == "all",
            )  # fmt: skip
            self._wanted.setdefault(scan, set()).update(FOLDS[measure.agg])
            return measure, source.id, scan, key
        if grouped is source:
            self._kept.setdefault(source.id, []).append((replace(measure, window=window), key, 0))
        else:
            self._kept.setdefault(grouped.id, []).append((replace(measure, window=None), key, 0))
            heard = Measure(measure.name, source.id, "count")
            self._kept.setdefault(source.id, []).append((heard, (), measure.within_ms))
        return measure, grouped.id, None, key

    def _pane_ms(self, source: Source, window: Window) -> int:
        """The length of panes. A pane of a derived source holds one window of its indicator, so that a correction of
        the window is another pane."""
        versions = [one.window.pane_ms for one in self._bundle.indicators if one.id == source.indicator_of]
        return reduce(gcd, versions, window.pane_ms)

    def _key(self, indicator: Indicator, measure: Measure, source: Source, grouped: Source) -> Key:
        key = set[str]()
        scope = {*grouped.fields, *grouped.take}
        for name in (*(name for name in indicator.dimensions if name in scope), *measure.per):
            key.add(self.key_column(name, grouped))
        region = self.region_column(source, grouped)
        if region is not None:
            key.add(region)
        return tuple(sorted(key))

    def key_column(self, name: str, source: Source) -> str:
        """The row column that determines a dimension: what a fixed registry says is determined by the entity."""
        fixed = source.registry is not None and not source.registry_is_source
        return ENTITY if name in (ENTITY, source.entity) or (fixed and name in source.take) else name

    def region_column(self, source: Source, grouped: Source) -> str | None:
        """The row column that tells the region; None for a source without one."""
        if grouped is not source and source.region is not None and source.region.way == "registry":
            return self.key_column(source.region.name, grouped)
        if grouped.region is None:
            return None
        if grouped.union_of or grouped.region.way == "point":
            return REGION
        if grouped.region.way == "field":
            return self.key_column(grouped.region.name, grouped)
        return REGION if grouped.registry_is_source else ENTITY

    def _measure_plan(self, indicator: Indicator, measure: Measure, source: str, scan: str, key: Key) -> MeasurePlan:
        asked, grouped = self._bundle.sources[measure.source], self._bundle.sources[source]
        scope = {*grouped.fields, *grouped.take}
        return MeasurePlan(
            measure, source, scan, key, self.region_column(asked, grouped),
            tuple(name for name in indicator.dimensions if name in scope), measure.window or indicator.window,
        )  # fmt: skip

    def _source_plan(self, name: str, source: Source, built: Iterable[Scan]) -> SourcePlan:
        scans = tuple(scan for scan in built if scan.source == name)
        grids = [scan.pane_ms for scan in scans] + self._grids.get(name, [])
        # Versions of records are state: a definition that comes later must find them, whoever reads them now.
        lasting = source.kind == "records" and not source.union_of
        needed = lasting or name in self._kept or name in self._lookups
        kept = self._keep(source, self._kept.get(name, ())) if needed else None
        keys = dict.fromkeys([scan.key for scan in scans] + list(kept.keys if kept else ()))
        return SourcePlan(
            source, None if source.registry_is_source else self._bundle.registry(name), scans,
            reduce(gcd, grids, 0) or 60_000, kept, tuple(keys), self._bundle.calendars,
            self._bundle.outlines,
        )  # fmt: skip

    def _keep(self, source: Source, wanted: Iterable[tuple[Measure, Key, int]]) -> Kept:
        truths: dict[str, Node] = {}
        numbers: dict[tuple[str, int], tuple[Node, int]] = {}
        marks: dict[str, Node] = {}
        instants: dict[str, Node] = {}
        raws = set(self._lookups.get(source.id, ()))
        if source.kind == "records":
            raws |= self._whole_row(source)
        keys: dict[Key, None] = {}
        reach, current, whole = 0, False, False
        for measure, key, within in wanted:
            keys[key] = None
            reach = max(reach, within, measure.hold_ms if measure.agg == "dwell" else 0)
            window = measure.window
            current = current or (window is not None and window.kind == "now")
            whole = whole or (window is not None and window.kind == "all")
            for node, found in ((measure.where, truths), (measure.at, instants)):
                if node is not None and uses_now(node):
                    raws |= names(node)
                elif node is not None:
                    found[text(node)] = node
            if measure.field is not None and uses_now(measure.field):
                raws |= names(measure.field)
            elif measure.field is not None and measure.kind != "number":
                marks[text(measure.field)] = measure.field
            elif measure.field is not None:
                numbers[text(measure.field), measure.scale] = (measure.field, measure.scale)
            for node in measure.fields:
                marks[text(node)] = node
        return Kept(
            tuple(truths.values()), tuple(numbers.values()), tuple(marks.values()), tuple(instants.values()),
            tuple(self._raw(source, name) for name in sorted(raws)), tuple(keys), reach, current, whole,
        )  # fmt: skip

    def _whole_row(self, source: Source) -> set[str]:
        """What a version says: from it every expression can be made anew, those of later definitions too."""
        names = source.fields.keys() - {source.entity, source.time}
        if source.registry_is_source:
            names |= set(source.take)
        if source.region is not None and (source.union_of or source.registry_is_source):
            names |= {REGION}
        return set(names)

    def _taken_type(self, source: Source, name: str) -> Type:
        if name in source.take_types:
            return source.take_types[name]
        return self._bundle.registries[source.registry or ""].types[name]

    def _raw(self, source: Source, name: str) -> Raw:
        if name == REGION:
            return Raw(name, "text", None)
        found = source.fields[name].formula_type if name in source.fields else self._taken_type(source, name)
        return Raw(name, found.kind, found.scale)


def _folds_into_panes(measure: Measure, source: Source, window: Window) -> bool:
    if measure.agg not in FOLDS or source.kind != "readings" or (measure.fields and measure.agg != "distinct_approx"):
        return False
    timed = any(node is not None and uses_now(node) for node in (measure.where, measure.field, *measure.fields))
    if window.kind == "all":  # a sketch stays small however long that is; what is exact needs the rows
        return measure.agg in APPROXIMATE and not timed
    return window.kind in PANED and not timed


def _superseded_at(indicator: Indicator, bundle: Bundle) -> int | None:
    """The start of the next version's validity, if there is one."""
    mine = (indicator.valid_from_ms if indicator.valid_from_ms is not None else -(2**62), indicator.version)
    later = [
        (other.valid_from_ms if other.valid_from_ms is not None else -(2**62), other.version)
        for other in bundle.indicators
        if other.id == indicator.id
    ]
    following = sorted(start for start, version in later if (start, version) > mine)
    return following[0] if following else None


def _in_order(indicators: Iterable[Indicator]) -> list[Indicator]:
    """Those that are referred to before those that refer to them, versions of one id in ascending order."""
    by_id: dict[str, list[Indicator]] = {}
    for indicator in indicators:
        by_id.setdefault(indicator.id, []).append(indicator)
    sorter = TopologicalSorter(
        {
            name: [other for one in versions for other in needed_by(one) if other in by_id]
            for name, versions in by_id.items()
        }
    )
    return [one for name in sorter.static_order() for one in sorted(by_id[name], key=lambda one: one.version)]


def needed_by(indicator: Indicator) -> list[str]:
    """The indicators that one refers to, in its formula or as a source."""
    asked = indicators_of(indicator.formula)
    asked += [
        one.source.removeprefix("indicator:") for one in indicator.measures if one.source.startswith("indicator:")
    ]
    return [name for name in asked if name != indicator.id]
