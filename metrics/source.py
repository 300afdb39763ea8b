"""A source as declared: its fields, its pace, and how its rows find entity, registry and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from metrics.formula_types import BOOL, TIME, Type
from metrics.registry import Registry
from metrics.window import parse_duration

FILE = "sources.toml"
FieldType: TypeAlias = Literal["int", "decimal", "text", "category", "bool", "time", "point", "intervals"]
PACE_KEYS = ("period", "disorder", "lateness", "idle", "future", "stale_after")
STALE_PERIODS = 3  # a source is stale after so many of its periods without a row, unless it says otherwise


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field. `range` is inclusive; texts in `missing` are null; `personal` may only be counted."""

    name: str
    type: FieldType
    zh: str = ""
    en: str = ""
    scale: int = 0
    unit: str | None = None
    range: tuple[float, float] | None = None
    missing: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False
    values: tuple[str, ...] | None = None
    datum: str = "wgs84"

    @property
    def formula_type(self) -> Type:
        """What the field is in an expression."""
        nullable = not self.required
        if self.type in ("int", "decimal"):
            return Type("number", self.scale, self.unit, nullable=nullable, personal=self.personal)
        if self.type in ("text", "category"):
            values = frozenset(self.values) if self.values else None
            return Type("text", values=values, nullable=nullable, personal=self.personal)
        return replace(
            {"bool": BOOL, "time": TIME, "point": Type("point"), "intervals": Type("intervals")}[self.type],
            nullable=nullable,
            personal=self.personal,
        )


@dataclass(frozen=True, slots=True)
class RegionRule:
    """How a row finds its region: by a code in a `field` of the row or of its `registry` entry, or by a `point`."""

    way: Literal["field", "registry", "point"]
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source. Durations are ms; None: `idle` never, `stale_after` never, `future` not tested.

    Records: `entity` is the key field, `time` the field of the change time ("": arrival). A union has the kind of its
    parts (`union_of`), all their fields under the names of `rename` (part -> own name -> name here) and `origin`;
    time, entity and region are found by the rules of each part (those here are the first part's). `identity` are the
    fields that name a reading, () for entity and time. `registry` names a static registry of the bundle or, if
    `registry_is_source`, a records source. A derived source `indicator:X` has `indicator_of` = X: its rows are the
    complete values of X, one per window, region as resolved and combination of dimensions.
    """

    id: str
    time: str
    entity: str
    fields: Mapping[str, Field]
    raw: Mapping[str, Any]
    scene: str = ""
    zh: str = ""
    en: str = ""
    period_ms: int | None = None
    disorder_ms: int = 0
    lateness_ms: int = 0
    idle_ms: int | None = None
    future_ms: int | None = None
    stale_after_ms: int | None = None
    since_ms: int | None = None
    registry: str | None = None
    take: tuple[str, ...] = ()
    region: RegionRule | None = None
    shards: int = 1
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kind: Literal["readings", "records"] = "readings"
    union_of: tuple[str, ...] = ()
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    deleted: str = ""  # records: the bool field that removes a key, "" for none
    identity: tuple[str, ...] = ()
    registry_is_source: bool = False
    take_types: Mapping[str, Type] = field(default_factory=dict)  # what the taken fields are
    indicator_of: str = ""

    @property
    def key(self) -> str:
        """The key field of records."""
        return self.entity if self.kind == "records" else ""

    @property
    def changed(self) -> str:
        """The field of the change time of records, "" for arrival."""
        return self.time if self.kind == "records" else ""

    def scope(self, registry: Registry | None = None) -> dict[str, Type]:
        """The names of an expression over rows: fields, and what is taken from the registry."""
        found = {name: one.formula_type for name, one in self.fields.items()}
        if registry is not None:
            found |= {name: registry.types[name] for name in self.take if name in registry.types}
        return found | dict(self.take_types)

    def of_variant(self, name: str) -> Source:
        """The source in a world that names this variant; KeyError if it does not exist."""
        variant = self.variants[name]
        pace = {f"{key}_ms": parse_pace(variant[key]) for key in PACE_KEYS if variant.get(key) is not None}
        if "period_ms" in pace and "stale_after_ms" not in pace and "stale_after" not in self.raw:
            pace["stale_after_ms"] = STALE_PERIODS * pace["period_ms"]
        return replace(self, registry=variant.get("registry") or self.registry, **pace)  # type: ignore[arg-type]

    def window_sizes(self, name: str) -> dict[int, int]:
        """Sizes of tumbling windows that the variant replaces, ms to ms."""
        windows = self.variants[name].get("windows", {})
        return {parse_duration(old): parse_duration(new) for old, new in windows.items()}


def parse_pace(text: str) -> int:
    """A duration that may be zero, ms. Raises ValueError."""
    return 0 if text in ("0ms", "0s", "0m", "0h", "0d", "0w") else parse_duration(text)
