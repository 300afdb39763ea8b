"""The bundle: all definitions in force, loaded from JSON data, closed and checked against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from metrics.calendar import Calendar
from metrics.cycle import add_cycles
from metrics.declaration import DefinitionErrors, Faults, Table
from metrics.formula import names
from metrics.formula_reference import reference
from metrics.indicator import Indicator
from metrics.indicator_declaration import read_indicator
from metrics.known import Known, heads
from metrics.layer import Layer, read_layers
from metrics.measure import Measure
from metrics.outline import Outlines, read_outlines
from metrics.region import LEVELS, Region, RegionError, Regions
from metrics.registry import Registry, RegistryError
from metrics.source import Field, RegionRule, Source
from metrics.source_declaration import read_sources
from metrics.window import parse_duration

__all__ = [
    "Bundle", "DefinitionErrors", "Field", "Indicator", "Measure", "Region", "RegionRule", "Regions", "Registry",
    "Source", "UnknownBundleVersion", "load", "load_tables", "parse_duration",
]  # fmt: skip

VERSION = 1
SOURCES, INDICATORS = "sources.toml", "indicators.toml"
ADDITIVE = ("population", "area_km2")
KEYS = (
    "v", "hash", "sources", "indicators", "registries", "regions", "scenes", "calendars", "recordings", "additive",
    "outlines", "preemption", "layers", "overview",
)  # fmt: skip


class UnknownBundleVersion(ValueError):
    """A bundle was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything the engine knows of the world besides observations. `hash` names it."""

    hash: str
    sources: Mapping[str, Source]
    indicators: Sequence[Indicator]
    registries: Mapping[str, Registry]
    regions: Regions
    scenes: Sequence[Mapping[str, Any]] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    outlines: Outlines | None = None  # for sources whose rows find their region by a point
    layers: tuple[Layer, ...] = ()  # of points on the map

    def for_world(self, variants: Mapping[str, str]) -> Bundle:
        """The bundle in a world that names a variant per source; names that do not exist change nothing."""
        chosen = {
            name: variants[name]
            for name, source in self.sources.items()
            if name in variants and variants[name] in source.variants
        }
        sources = {
            name: source.of_variant(chosen[name]) if name in chosen else source for name, source in self.sources.items()
        }
        indicators = []
        for indicator in self.indicators:
            sizes: dict[int, int] = {}
            for name in indicator.sources:
                if name in chosen:
                    sizes |= self.sources[name].window_sizes(chosen[name])
            indicators.append(indicator.of_sizes(sizes))
        return replace(self, sources=sources, indicators=tuple(indicators))

    def registry(self, source: str) -> Registry | None:
        """The registry of a source."""
        name = self.sources[source].registry
        return self.registries[name] if name else None


def load(raw: Mapping[str, Any]) -> Bundle:
    """Check and take over a bundle (contract 2). Raises DefinitionErrors with every fault, UnknownBundleVersion."""
    if raw.get("v") != VERSION:
        raise UnknownBundleVersion(f"bundle version {raw.get('v')!r} is not {VERSION}")
    faults = Faults()
    Table(faults, "bundle.json", "", raw, KEYS)
    registries = _registries(faults, raw.get("registries") or {})
    regions = _regions(faults, raw.get("regions") or (), raw.get("additive", ADDITIVE))
    outlines = read_outlines(faults, raw.get("outlines") or (), regions, "outlines")
    declared = Declared(
        [(SOURCES, name, table) for name, table in (raw.get("sources") or {}).items()],
        [(INDICATORS, table) for table in raw.get("indicators") or ()],
        [(SOURCES, name, table) for name, table in (raw.get("calendars") or {}).items()],
    )
    bundle = _read(faults, declared, registries, regions, _attributes(raw.get("regions") or ()))
    layers = read_layers(faults, raw.get("layers") or (), bundle.sources)
    faults.raise_if_any()
    return replace(
        bundle, hash=str(raw.get("hash", "")), scenes=tuple(raw.get("scenes") or ()), outlines=outlines, layers=layers
    )


def load_tables(  # noqa: PLR0917 - a bundle has these parts
    sources: Mapping[str, Any],
    indicators: Sequence[Any],
    regions: Sequence[Mapping[str, Any]] = (),
    registries: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    calendars: Mapping[str, Any] | None = None,
    additive: Sequence[str] = ADDITIVE,
    files: tuple[str, str] = (SOURCES, INDICATORS),
) -> Bundle:
    """The tables of one sources and one indicators file; faults begin with `files`. Raises DefinitionErrors.

    `regions` are rows with code, parent, level, names and numbers (None where unknown). They are data beside the
    definitions: a number that the table lacks is unknown everywhere, and only a warning.
    """
    declared = Declared(
        [(files[0], name, table) for name, table in sources.items()],
        [(files[1], table) for table in indicators],
        [(files[0], name, table) for name, table in (calendars or {}).items()],
    )
    faults = Faults()
    known = _registries(faults, registries or {})
    bundle = _read(faults, declared, known, _regions(faults, regions, additive), None)
    return replace(bundle, warnings=(*bundle.warnings, *_unknown_numbers(bundle, _attributes(regions))))


@dataclass(slots=True)
class Declared:
    """Tables as written, each with its file and, but for indicators, its name."""

    sources: list[tuple[str, str, Any]]
    indicators: list[tuple[str, Any]]
    calendars: list[tuple[str, str, Any]]


def _read(
    faults: Faults,
    declared: Declared,
    registries: Mapping[str, Registry],
    regions: Regions,
    attributes: frozenset[str] | None,
) -> Bundle:
    calendars = {name: Calendar.read(table, name, faults, file) for file, name, table in declared.calendars}
    sources = read_sources(faults, declared.sources, registries)
    known = Known(
        sources, registries, attributes, frozenset(calendars), heads(table for _, table in declared.indicators)
    )
    found = [read_indicator(faults, file, table, known) for file, table in declared.indicators]
    seen: set[tuple[str, int]] = set()
    for one in found:
        if one.indicator is None:
            continue
        name = (one.indicator.id, one.indicator.version)
        if name in seen:
            en, zh = f"version {name[1]} stands twice", f"版本 {name[1]} 重复"
            one.table.fault("version", "duplicate", en, zh=zh)
        seen.add(name)
    add_cycles(found)
    faults.raise_if_any()
    return Bundle(
        "", known.sources, tuple(one.indicator for one in found if one.indicator is not None), registries, regions,
        (), calendars, tuple(doubt.line() for doubt in faults.doubts),
    )  # fmt: skip


def _unknown_numbers(bundle: Bundle, attributes: frozenset[str] | None) -> list[str]:
    """A line for each region('x') that no region has."""
    asked = {
        (indicator.id, reference(name).id)
        for indicator in bundle.indicators
        for name in names(indicator.formula)
        if name.startswith("region(")
    }
    return [
        f"{indicator}: region('{name}') is in no column of regions: null (区域表没有 {name} 列,值为空)"
        for indicator, name in sorted(asked)
        if attributes is not None and name not in attributes
    ]


def _attributes(rows: Sequence[Mapping[str, Any]]) -> frozenset[str] | None:
    """The names of the numbers that regions have or may have; None without any region."""
    names = {
        name
        for row in rows
        for name, value in row.items()
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    }
    return frozenset(names - {"code", "parent", "level", "name", "zh", "en"}) if rows else None


def _registries(faults: Faults, raw: Mapping[str, Any]) -> dict[str, Registry]:
    found = {}
    for name, rows in raw.items():
        try:
            found[name] = Registry.of(name, rows)
        except RegistryError as error:
            faults.add(f"registry.toml:{name}.{error.key}", error.rule, str(error))
            found[name] = Registry(name, {}, {})
    return found


def _regions(faults: Faults, rows: Sequence[Mapping[str, Any]], additive: Sequence[str]) -> Regions:
    regions = []
    for row in rows:
        level = row.get("level")
        if level not in LEVELS:
            faults.add(f"regions.toml:{row.get('code')}.level", "literal", f"{level!r} is none of {', '.join(LEVELS)}")
        attributes = {
            name: float(value)
            for name, value in row.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        zh, en = str(row.get("zh") or row.get("name") or ""), str(row.get("en") or "")
        regions.append(Region(str(row.get("code", "")), str(row.get("parent") or ""), str(level), zh, en, attributes))
    try:
        return Regions(regions, additive=additive)
    except RegionError as error:
        faults.add(f"regions.toml:{error.code}.parent", "cycle", str(error))
        return Regions()
