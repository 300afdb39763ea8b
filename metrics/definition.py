"""The bundle: all definitions in force, loaded from JSON data, closed and checked against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from metrics import indicator as indicator_reader
from metrics import source as source_reader
from metrics.calendar import Calendar
from metrics.declaration import DefinitionErrors, Faults, Table
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.outline import Outlines
from metrics.region import LEVELS, Region, RegionError, Regions
from metrics.registry import Registry, RegistryError
from metrics.source import Field, RegionRule, Source
from metrics.window import parse_duration

__all__ = [
    "Bundle", "DefinitionErrors", "Field", "Indicator", "Measure", "Region", "RegionRule", "Regions", "Registry",
    "Source", "UnknownBundleVersion", "load", "parse_duration",
]  # fmt: skip

VERSION = 1
KEYS = (
    "v", "hash", "sources", "indicators", "registries", "regions", "scenes", "calendars", "recordings", "additive",
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
    regions = _regions(faults, raw.get("regions") or ())
    sources: dict[str, Source] = {}
    for name, table in (raw.get("sources") or {}).items():
        source = source_reader.read(faults, name, table, registries)
        if source is not None:
            sources[name] = source
    attributes = frozenset(name for region in regions.values() for name in region.attributes)
    indicators: list[Indicator] = []
    seen: set[tuple[str, int]] = set()
    for table in raw.get("indicators") or ():
        found = indicator_reader.read(faults, table, sources, registries, attributes)
        if found is None:
            continue
        if (found.id, found.version) in seen:
            faults.add(f"indicators.toml:{found.id}.version", "duplicate", f"version {found.version} stands twice")
        seen.add((found.id, found.version))
        indicators.append(found)
    if faults.lines:
        raise DefinitionErrors(faults.lines)
    return Bundle(
        str(raw.get("hash", "")), sources, tuple(indicators), registries, regions, tuple(raw.get("scenes") or ())
    )


def _registries(faults: Faults, raw: Mapping[str, Any]) -> dict[str, Registry]:
    found = {}
    for name, rows in raw.items():
        try:
            found[name] = Registry.of(name, rows)
        except RegistryError as error:
            faults.add(f"registry.toml:{name}.{error.key}", error.rule, str(error))
            found[name] = Registry(name, {}, {})
    return found


def _regions(faults: Faults, rows: Sequence[Mapping[str, Any]]) -> Regions:
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
        regions.append(
            Region(
                str(row.get("code", "")), str(row.get("parent") or ""), str(level), str(row.get("zh", "")),
                str(row.get("en", "")), attributes,
            )
        )  # fmt: skip
    try:
        return Regions(regions, additive=("population", "area_km2"))
    except RegionError as error:
        faults.add(f"regions.toml:{error.code}.parent", "cycle", str(error))
        return Regions()
