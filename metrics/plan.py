"""The plan: definitions become shared scans; each distinct (source, field, where, pane, key) is folded once."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from math import gcd

from metrics.aggregate import FOLDS, Fold
from metrics.definition import Bundle
from metrics.formula import Node, names, text
from metrics.indicator import Indicator
from metrics.measure import ENTITY, Measure
from metrics.region import Regions
from metrics.registry import Registry
from metrics.source import Source

Key = tuple[str, ...]  # row columns whose combinations are the keys of a fold, e.g. ("entity",) or ("entity", "org")


@dataclass(frozen=True, slots=True)
class Scan:
    """One fold over the rows of a source, per pane and key. `field` None: rows are counted.

    `id` depends on what is folded only, so that a later version of a definition finds the state of the parts that did
    not change.
    """

    source: str
    field: Node | None
    scale: int
    where: Node | None
    pane_ms: int
    key: Key
    folds: frozenset[Fold]
    id: str = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        parts = (
            self.source, "" if self.field is None else text(self.field), str(self.scale),
            "" if self.where is None else text(self.where), str(self.pane_ms), ",".join(self.key),
            ",".join(sorted(self.folds)),
        )  # fmt: skip
        object.__setattr__(self, "id", hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """Where a measure finds its state, and which groups its rows can tell apart.

    `dimensions` are those of the indicator that its source has, each with the key column that determines it.
    """

    measure: Measure
    scan: str
    key: Key
    has_region: bool
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndicatorPlan:
    """An indicator with the state it reads. `until_ms`: the last window end at which this version is in force."""

    indicator: Indicator
    measures: tuple[MeasurePlan, ...]
    has_region: bool
    until_ms: int | None = None

    @property
    def id(self) -> str:
        return f"{self.indicator.id}@{self.indicator.version}"

    def in_force(self, end: int) -> bool:
        """Whether this version gives the value of the window that ends at `end`."""
        since = self.indicator.valid_from_ms
        return (since is None or since < end) and (self.until_ms is None or end <= self.until_ms)


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """What the engine keeps of a source. `grid_ms` divides all window ends of its indicators."""

    source: Source
    registry: Registry | None
    scans: tuple[Scan, ...]
    grid_ms: int
    names: frozenset[str]  # every field that some expression or key reads


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything `step` needs besides state and input."""

    hash: str
    sources: Mapping[str, SourcePlan]
    scans: Mapping[str, Scan]
    indicators: tuple[IndicatorPlan, ...]
    regions: Regions


def compile(bundle: Bundle) -> Plan:
    """The plan of a checked bundle (of the world: `bundle.for_world(...)` first)."""
    wanted: dict[Scan, set[Fold]] = {}
    drafts: list[tuple[Indicator, bool, list[tuple[Measure, Scan, Key]]]] = []
    for indicator in bundle.indicators:
        has_region = any(bundle.sources[name].region is not None for name in indicator.sources)
        parts = []
        for measure in indicator.measures:
            source = bundle.sources[measure.source]
            scan = _scan(indicator, measure, source)
            wanted.setdefault(scan, set()).update(FOLDS[measure.agg])
            parts.append((measure, scan, scan.key))
        drafts.append((indicator, has_region, parts))
    built = {scan: replace(scan, folds=frozenset(folds)) for scan, folds in wanted.items()}
    indicators = tuple(
        IndicatorPlan(
            indicator,
            tuple(
                _measure_plan(indicator, measure, bundle.sources[measure.source], built[scan], bundle)
                for measure, scan, _ in parts
            ),
            has_region,
            _superseded_at(indicator, bundle),
        )
        for indicator, has_region, parts in drafts
    )
    sources = {}
    for name, source in bundle.sources.items():
        scans = tuple(scan for scan in built.values() if scan.source == name)
        used = frozenset().union(*(_names(scan) for scan in scans)) if scans else frozenset[str]()
        grid = reduce(gcd, (scan.pane_ms for scan in scans), 0) or 60_000
        sources[name] = SourcePlan(source, bundle.registry(name), scans, grid, used)
    return Plan(bundle.hash, sources, {scan.id: scan for scan in built.values()}, indicators, bundle.regions)


def _scan(indicator: Indicator, measure: Measure, source: Source) -> Scan:
    key = set[str]()
    dimensions = [name for name in indicator.dimensions if name in source.fields or name in source.take]
    for name in (*dimensions, *measure.per):
        key.add(_key_column(name, source))
    if source.region is not None:
        key.add(ENTITY if source.region.way == "registry" else source.region.name)
    scale = measure.scale if measure.field is not None else 0
    return Scan(
        source.id, measure.field, scale, measure.where, indicator.window.pane_ms, tuple(sorted(key)), frozenset()
    )


def _key_column(name: str, source: Source) -> str:
    """The row column that determines a dimension: what the registry says is determined by the entity."""
    return ENTITY if name in (ENTITY, source.entity) or name in source.take else name


def _measure_plan(indicator: Indicator, measure: Measure, source: Source, scan: Scan, bundle: Bundle) -> MeasurePlan:
    scope = source.scope(bundle.registry(source.id))
    dimensions = tuple(name for name in indicator.dimensions if name in scope or name in source.take)
    return MeasurePlan(measure, scan.id, scan.key, source.region is not None, dimensions)


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


def _names(scan: Scan) -> frozenset[str]:
    found = set(scan.key) - {ENTITY}
    for node in (scan.field, scan.where):
        if node is not None:
            found |= names(node)
    return frozenset(found)
