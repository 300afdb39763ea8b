"""A source as declared: its fields, its pace, and how its rows find entity, registry and region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from metrics.declaration import Faults, Table
from metrics.formula_types import BOOL, TIME, Type, did_you_mean
from metrics.registry import Registry
from metrics.window import parse_duration

FILE = "sources.toml"
FieldType: TypeAlias = Literal["int", "decimal", "text", "category", "bool", "time", "point", "intervals"]
FIELD_TYPES = ("int", "decimal", "text", "category", "bool", "time", "point", "intervals")
KEYS = (
    "kind", "scene", "zh", "en", "time", "entity", "id", "period", "disorder", "lateness", "idle", "future",
    "stale_after", "since", "registry", "take", "region", "fields", "shards", "variants", "key", "changed", "deleted",
    "of", "rename",
)  # fmt: skip
FIELD_KEYS = ("type", "zh", "en", "scale", "unit", "range", "missing", "required", "personal", "values", "datum")
PACE_KEYS = ("period", "disorder", "lateness", "idle", "future", "stale_after")
VARIANT_KEYS = (*PACE_KEYS, "registry", "windows")
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

    @property
    def formula_type(self) -> Type:
        """What the field is in an expression."""
        nullable = not self.required
        if self.type in ("int", "decimal"):
            return Type("number", self.scale, self.unit, nullable=nullable)
        if self.type in ("text", "category"):
            return Type("text", values=frozenset(self.values) if self.values else None, nullable=nullable)
        return replace(
            {"bool": BOOL, "time": TIME, "point": Type("point"), "intervals": Type("intervals")}[self.type],
            nullable=nullable,
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

    def scope(self, registry: Registry | None) -> dict[str, Type]:
        """The names of an expression over rows: fields, and what is taken from the registry."""
        found = {name: one.formula_type for name, one in self.fields.items()}
        if registry is not None:
            found |= {name: registry.types[name] for name in self.take if name in registry.types}
        return found

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


def read(faults: Faults, name: str, raw: Any, registries: Mapping[str, Registry]) -> Source | None:
    """One table of `sources.toml`; None if it is of a kind that cannot be run."""
    table = Table(faults, FILE, name, raw, KEYS)
    kind = table.choice("kind", ("readings", "records", "union"), required=True)
    if kind in ("records", "union"):
        table.not_built("kind", f"sources of kind {kind}")
        return None
    for key in ("key", "changed", "deleted", "of", "rename"):
        if table.raw.get(key):
            table.fault(key, "unknown-key", f"'{key}' belongs to records and unions")
    fields = {name_: _field(one, name_) for name_, one in table.tables("fields", FIELD_KEYS).items()}
    time, entity = table.text("time", required=True), table.text("entity", required=True)
    for key, field_name, wanted in (("time", time, ("time",)), ("entity", entity, ("text", "category"))):
        if field_name and field_name not in fields:
            table.fault(key, "unknown-name", f"'{field_name}' is not a field{did_you_mean(field_name, fields)[0]}")
        elif field_name and fields[field_name].type not in wanted:
            table.fault(key, "type", f"'{field_name}' is a {fields[field_name].type}; {' or '.join(wanted)} is needed")
    if table.texts("id") not in ((), (entity, time), (time, entity)):
        table.not_built("id", "identities other than [entity, time]")
    pace = {key: table.duration(key) for key in PACE_KEYS}
    period = pace["period"]
    stale = pace["stale_after"] if "stale_after" in table else (STALE_PERIODS * period if period else None)
    registry = table.text("registry") or None
    known = registries.get(registry) if registry else None
    if registry and known is None:
        table.fault(
            "registry", "unknown-name", f"'{registry}' is not a registry{did_you_mean(registry, registries)[0]}"
        )
    take = table.texts("take")
    for taken in take:
        if known is not None and taken not in known.types:
            near = did_you_mean(taken, known.types)[0]
            table.fault("take", "unknown-name", f"'{taken}' is not a field of {registry}{near}")
        if taken in fields:
            table.fault("take", "duplicate", f"'{taken}' is a field of the source too")
    return Source(
        name, time, entity, fields, dict(table.raw), table.text("scene"), table.text("zh"), table.text("en"),
        period, pace["disorder"] or 0, pace["lateness"] or 0, pace["idle"], pace["future"], stale,
        table.instant("since"), registry, take, _region(table, fields, known), table.integer("shards", 1, 1, 64),
        _variants(table, registries),
    )  # fmt: skip


def _field(table: Table, name: str) -> Field:
    kind = table.choice("type", FIELD_TYPES, required=True) or "text"
    if (kind == "decimal") != ("scale" in table):
        table.fault("scale", "missing-key" if kind == "decimal" else "unknown-key", "scale belongs to decimal fields")
    bounds = table.raw.get("range")
    if bounds is not None and (
        not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(isinstance(b, int | float) for b in bounds)
    ):
        table.fault("range", "type", "[lowest, highest] is needed")
        bounds = None
    values = table.texts("values") if "values" in table else None
    return Field(
        name, kind, table.text("zh"), table.text("en"), table.integer("scale", 0, 0, 9),  # type: ignore[arg-type]
        table.text("unit") or None, None if bounds is None else (bounds[0], bounds[1]), table.texts("missing"),
        table.flag("required"), table.flag("personal"), values,
    )  # fmt: skip


def _region(table: Table, fields: Mapping[str, Field], registry: Registry | None) -> RegionRule | None:
    rule = table.table("region", ("field", "registry", "point"))
    if rule is None:
        return None
    given = [way for way in ("field", "registry", "point") if way in rule]
    if len(given) != 1:
        rule.fault("", "missing-key", "exactly one of field, registry, point is needed")
        return None
    way = given[0]
    name = rule.text(way)
    if way == "point":
        rule.not_built(way, "regions by point")
        return None
    known: Mapping[str, Any] = fields if way == "field" else (registry.types if registry else {})
    if name not in known:
        rule.fault(way, "unknown-name", f"'{name}' is not a field{did_you_mean(name, known)[0]}")
        return None
    return RegionRule("field" if way == "field" else "registry", name)


def _variants(table: Table, registries: Mapping[str, Registry]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name, variant in table.tables("variants", VARIANT_KEYS).items():
        for key in PACE_KEYS:
            variant.duration(key)
        registry = variant.text("registry")
        if registry and registry not in registries:
            near = did_you_mean(registry, registries)[0]
            variant.fault("registry", "unknown-name", f"'{registry}' is not a registry{near}")
        windows = variant.table("windows", variant.raw.get("windows") or ())
        for size in windows.raw if windows else ():
            for text in (size, windows.raw[size] if windows else ""):
                try:
                    parse_duration(text)
                except ValueError as error:
                    variant.fault(f"windows.{size}", "literal", str(error))
        found[name] = variant.raw
    return found
