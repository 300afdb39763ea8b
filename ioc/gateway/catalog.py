"""The catalog: what the gateway must know of the definitions in force: scenes, regions, sources, kept series."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ioc.domain.preemption import Rule
from ioc.live.diff import Keep
from metrics.value import Value
from metrics.window import parse_duration

VERSION = 1
HOUR_MS = 3_600_000
POINTS = 720  # 49 h of five-minute windows are 588; a finer series shows less time rather than weigh more
DISTRICT_SERIES = Keep(49 * HOUR_MS, POINTS)  # today and the whole of yesterday beside it
SHORT_SERIES = Keep(4 * HOUR_MS, POINTS)


class UnknownBundleVersion(ValueError):
    """The bundle was written by another version of this program."""


class Placed(Protocol):
    """A value, or the line of one."""

    @property
    def region(self) -> str: ...
    @property
    def dims(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What screens are told of a source; `stale_after_ms` None: it is never stale. Variants by name."""

    zh: str
    en: str
    stale_after_ms: int | None
    variants: Mapping[str, int | None] = field(default_factory=dict)
    disorder_ms: int = 0

    def stale_after(self, variant: str | None) -> int | None:
        return self.variants.get(variant, self.stale_after_ms) if variant else self.stale_after_ms


@dataclass(frozen=True, slots=True)
class Brief:
    """What the overview shows, by indicator: `whole` values of the district, `parts` those of its subdistricts,
    `groups` those of groups; `lines`: whose history it draws."""

    whole: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalog:
    """The definitions in force, as far as the gateway needs them."""

    hash: str
    scenes: Mapping[str, str]  # indicator -> scene
    regional: frozenset[str]  # indicators whose rows have regions
    levels: Mapping[str, str]  # region code -> level
    parents: Mapping[str, str]  # region code -> parent code
    sources: Mapping[str, SourceFacts]
    layers: tuple[str, ...] = ()  # `scene/layer` of those whose entities the engine tells
    preemption: tuple[Rule, ...] = ()  # when an emergency takes the screens
    brief: Brief = Brief()

    @staticmethod
    def from_bundle(text: str | bytes) -> Catalog:
        """Read a published bundle. Raises UnknownBundleVersion; the bundle itself was checked by who published it."""
        raw = json.loads(text)
        if raw.get("v") != VERSION:
            raise UnknownBundleVersion(f"bundle version {raw.get('v')!r} is not {VERSION}")
        tables: Mapping[str, Mapping[str, Any]] = raw["sources"]
        with_regions = {name for name, table in tables.items() if table.get("region")}
        indicators: Sequence[Mapping[str, Any]] = raw["indicators"]
        return Catalog(
            hash=str(raw.get("hash", "")),
            scenes={table["id"]: table["scene"] for table in indicators},
            regional=frozenset(table["id"] for table in indicators if _sources_of(table) & with_regions),
            levels={region["code"]: region["level"] for region in raw["regions"]},
            parents={region["code"]: region.get("parent") or "" for region in raw["regions"]},
            sources={name: _facts(name, table) for name, table in tables.items()},
            layers=tuple(f"{layer['scene']}/{layer['id']}" for layer in raw.get("layers", ())),
            preemption=tuple(_rule(table) for table in raw.get("preemption", ())),
            brief=Brief(**{name: frozenset(told) for name, told in (raw.get("overview") or {}).items()}),
        )

    def shown(self, value: Placed) -> bool:
        """Whether live screens show such a value: the district's and its subdistricts', and groups of the whole only.

        What lies deeper (communities, groups of a subdistrict) is read where it is asked for, not pushed to everybody.
        """
        if not value.region or self.levels.get(value.region) == "district":
            return True
        return self.levels.get(value.region) == "subdistrict" and not value.dims

    def keep(self, value: Value) -> Keep | None:
        """How much of a value's series screens need: lines of the district, of single roads and of whole machines."""
        if any(name == "road" for name, _ in value.dims):
            return SHORT_SERIES
        if self.levels.get(value.region) == "district":
            return DISTRICT_SERIES
        if not value.region and value.indicator not in self.regional:
            return SHORT_SERIES
        return None

    def briefly(self, value: Value) -> bool:
        """Whether the overview shows a value that live screens show."""
        if value.dims:
            return value.indicator in self.brief.groups
        part = self.levels.get(value.region) == "subdistrict"
        return value.indicator in (self.brief.parts if part else self.brief.whole)

    def keep_brief(self, value: Value) -> Keep | None:
        """How much of a value's series the overview needs: as much as a scene, and only where it draws it."""
        return self.keep(value) if value.indicator in self.brief.lines else None

    def within(self, regions: frozenset[str], value: Value) -> bool:
        """Whether people who may see `regions` (and all below them) may see the value.

        What has no regions at all is not confidential to one; rows of an unknown region are seen from the top only.
        """
        if not value.region and value.indicator not in self.regional:
            return True
        return self.holds(regions, value.region)

    def holds(self, regions: frozenset[str], region: str) -> bool:
        """Whether one of `regions` is this region or lies above it; of an unknown region: whether it is the top."""
        if not region:
            return bool(regions & self.roots)
        code = region
        while code:
            if code in regions:
                return True
            code = self.parents.get(code, "")
        return False

    @property
    def roots(self) -> frozenset[str]:
        return frozenset(code for code, parent in self.parents.items() if not parent)

    def sees_all(self, regions: frozenset[str]) -> bool:
        """Whether these regions cover every value."""
        return self.roots <= regions


def _sources_of(indicator: Mapping[str, Any]) -> set[str]:
    measures: Mapping[str, Mapping[str, Any]] = indicator.get("measures", {})
    own = {indicator["source"]} if "source" in indicator else set()
    return own | {measure["source"] for measure in measures.values() if "source" in measure}


def _rule(table: Mapping[str, Any]) -> Rule:
    return Rule(table["id"], table["indicator"], float(table["at_least"]), table["scene"], table["zh"], table["en"])


def _facts(name: str, table: Mapping[str, Any]) -> SourceFacts:
    variants: Mapping[str, Mapping[str, Any]] = table.get("variants", {})
    return SourceFacts(
        zh=table.get("zh", name),
        en=table.get("en", name),
        stale_after_ms=_stale_after(table),
        variants={variant: _stale_after({**table, **changes}) for variant, changes in variants.items()},
        disorder_ms=parse_duration(table["disorder"]) if "disorder" in table else 0,
    )


def _stale_after(table: Mapping[str, Any]) -> int | None:
    """Default three periods; a source without a period of its own is never stale."""
    if "stale_after" in table:
        return parse_duration(table["stale_after"])
    return 3 * parse_duration(table["period"]) if "period" in table else None
