"""Reading `[source.NAME]` tables: readings, records and unions, checked one by one and then against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from metrics.declaration import Faults, Table
from metrics.declared_key import DATUMS, FIELD_TYPES
from metrics.formula_types import Type
from metrics.registry import Registry
from metrics.source import PACE_KEYS, STALE_PERIODS, Field, RegionRule, Source
from metrics.vocabulary import keys
from metrics.window import parse_duration

ORIGIN = "origin"  # of a row of a union: the source that it comes from
_OF_KIND = {
    "readings": ("time", "entity", "id", "registry", "take"),
    "records": ("key", "changed", "deleted"),
    "union": ("of", "rename"),
}
_NOT_OF_UNION = (*PACE_KEYS, "since", "region", "fields", "shards", "variants")
_ROLES = {"time": ("time",), "changed": ("time",), "entity": ("text", "category"), "key": ("text", "category"),
          "deleted": ("bool",)}  # fmt: skip
Declared: TypeAlias = tuple[str, str, Any]  # file, name, table as written


def read_sources(faults: Faults, declared: Sequence[Declared], registries: Mapping[str, Registry]) -> dict[str, Source]:
    """All sources by name, those with faults too as far as they can be told."""
    tables = {name: Table(faults, file, name, raw, keys("source")) for file, name, raw in declared}
    found: dict[str, Source] = {}
    for name, table in tables.items():
        kind = table.choice("kind", tuple(_OF_KIND), required=True)
        for other, own in _OF_KIND.items():
            for key in own if kind and other != kind else ():
                if key in table:
                    table.foreign(key, f"a source of kind {kind}", f" {kind} 类数据源")
        if kind == "union":
            for key in _NOT_OF_UNION:
                if key in table:
                    table.foreign(key, "a union", "并集")
        elif kind:
            found[name] = _plain(table, name, kind == "records")
    for name in tuple(found):
        found[name] = _linked(tables[name], found[name], found, registries)
    parts = dict(found)
    for name, table in tables.items():
        if name not in parts and table.raw.get("kind") == "union":
            union = _union(table, name, parts)
            if union is not None:
                found[name] = union
    return {name: found[name] for name in tables if name in found}


def _plain(table: Table, name: str, records: bool) -> Source:
    """What a source says of itself; its registry is looked up later."""
    fields = {field: _field(one, field) for field, one in table.tables("fields", keys("field")).items()}
    roles = {"key": True, "changed": False, "deleted": False} if records else {"time": True, "entity": True}
    own = {role: _role(table, role, fields, required) for role, required in roles.items()}
    identity = table.texts("id")
    for field in identity:
        if field not in fields:
            table.unknown("id", field, f"a field of {name}", f" {name} 的字段", fields)
    if len(set(identity)) < len(identity):
        table.fault("id", "duplicate", "a field stands twice", zh="字段重复")
    entity, time = (own["key"], own["changed"]) if records else (own["entity"], own["time"])
    if set(identity) == {entity, time}:
        identity = ()
    pace = {key: table.duration(key) for key in PACE_KEYS}
    period = pace["period"]
    if period == 0:
        table.fault("period", "literal", "a period is longer than 0", zh="period 须大于 0")
    stale = pace["stale_after"] if "stale_after" in table else (STALE_PERIODS * period if period else None)
    return Source(
        name, time, entity, fields, dict(table.raw), table.text("scene"), table.text("zh"), table.text("en"),
        period, pace["disorder"] or 0, pace["lateness"] or 0, pace["idle"], pace["future"], stale,
        table.instant("since"), table.text("registry") or None, table.texts("take"), None,
        table.integer("shards", 1, 1, 64), kind="records" if records else "readings",
        deleted=own.get("deleted", ""), identity=identity,
    )  # fmt: skip


def _role(table: Table, role: str, fields: Mapping[str, Field], required: bool) -> str:
    """The field that is the time, the entity, the key, ... of a row."""
    field = table.text(role, required=required)
    if field and field not in fields:
        table.unknown(role, field, f"a field of {table.name}", f" {table.name} 的字段", fields)
    elif field and fields[field].type not in _ROLES[role]:
        wanted = " or ".join(_ROLES[role])
        table.fault(
            role, "type", f"'{field}' is a {fields[field].type}; {wanted} is needed",
            zh=f"'{field}' 的类型是 {fields[field].type}，此处需要 {wanted}",
        )  # fmt: skip
    return field


def _field(table: Table, name: str) -> Field:
    kind: Any = table.choice("type", FIELD_TYPES, required=True) or "text"
    if kind == "decimal" and "scale" not in table:
        table.missing("scale", " by a decimal", "，decimal 须写明小数位数")
    belongs = {"scale": ("decimal",), "range": ("int", "decimal"), "values": ("text", "category"), "datum": ("point",)}
    for key, kinds in belongs.items():
        if key in table and kind not in kinds:
            table.foreign(key, f"a {kind}", f"类型 {kind}")
    bounds = table.raw.get("range")
    if bounds is not None:
        numbers = isinstance(bounds, list | tuple) and all(
            isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds
        )
        if not numbers or len(bounds) != 2:
            table.fault("range", "type", "[lowest, highest] is needed", zh="此处需要 [最小, 最大]")
            bounds = None
        elif bounds[0] > bounds[1]:
            table.fault("range", "literal", "the lowest is above the highest", zh="最小值大于最大值")
    values = table.texts("values") if "values" in table else None
    return Field(
        name, kind, table.text("zh"), table.text("en"), table.integer("scale", 0, 0, 9), table.text("unit") or None,
        None if bounds is None else (bounds[0], bounds[1]), table.texts("missing"), table.flag("required"),
        table.flag("personal"), values, table.choice("datum", DATUMS, "wgs84"),
    )  # fmt: skip


# ---- what a source says of others ----


def _linked(table: Table, source: Source, sources: Mapping[str, Source], registries: Mapping[str, Registry]) -> Source:
    """With its registry, the types of what it takes, its region rule and its variants."""
    registered, by_source = _registered(table, "registry", sources, registries)
    if "registry" not in table and "take" in table:
        table.missing("registry", " by 'take'", "，'take' 需要它")
    for taken in source.take:
        if registered is not None and taken not in registered:
            table.unknown("take", taken, f"a field of {source.registry}", f" {source.registry} 的字段", registered)
        if taken in source.fields:
            en, zh = f"'{taken}' is a field of the source too", f"'{taken}' 也是本数据源的字段"
            table.fault("take", "duplicate", en, zh=zh)
    types = {
        name: replace(registered[name], nullable=True) for name in source.take if registered and name in registered
    }
    return replace(
        source,
        registry_is_source=by_source,
        take_types=types,
        region=_region(table, source, registered),
        variants=_variants(table, sources, registries),
    )


def _registered(
    table: Table, key: str, sources: Mapping[str, Source], registries: Mapping[str, Registry]
) -> tuple[Mapping[str, Type] | None, bool]:
    """The fields of the registry that a key names, and whether it is a records source; None if there is none."""
    name = table.text(key)
    if not name:
        return None, False
    if name in registries:
        return registries[name].types, False
    if name not in sources:
        known = {*registries, *(one for one, source in sources.items() if source.kind == "records")}
        table.unknown(key, name, "a registry", "登记表或记录源", known)
        return None, False
    if sources[name].kind != "records":
        en, zh = f"'{name}' holds readings; a records source is needed", f"'{name}' 是读数源，此处需要记录源"
        table.fault(key, "type", en, zh=zh)
        return None, False
    return {field: one.formula_type for field, one in sources[name].fields.items()}, True


def _region(table: Table, source: Source, registered: Mapping[str, Type] | None) -> RegionRule | None:
    rule = table.table("region", keys("region"))
    if rule is None:
        return None
    ways: tuple[Any, ...] = tuple(way for way in ("field", "registry", "point") if way in rule)
    if len(ways) != 1:
        en, zh = "exactly one of field, registry, point is needed", "field、registry、point 须三选一"
        rule.fault("", "duplicate" if ways else "missing-key", en, zh=zh)
        return None
    way = ways[0]
    name = rule.text(way)
    if not name:
        return None
    if way == "registry" and registered is None:
        if "registry" not in table:
            table.missing("registry", " to find the region", "，区域由它确定")
        return RegionRule(way, name)
    known = registered if way == "registry" and registered is not None else source.scope()
    if name not in known:
        rule.unknown(way, name, "a field", "字段", known)
    elif known[name].kind != ("point" if way == "point" else "text"):
        wanted = "point" if way == "point" else "text"
        en, zh = f"'{name}' is a {known[name].kind}; {wanted} is needed", f"'{name}' 的类型不是 {wanted}"
        rule.fault(way, "type", en, zh=zh)
    return RegionRule(way, name)


def _variants(
    table: Table, sources: Mapping[str, Source], registries: Mapping[str, Registry]
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for name, variant in table.tables("variants", keys("variant")).items():
        for key in PACE_KEYS:
            variant.duration(key)
        _registered(variant, "registry", sources, registries)
        windows = variant.table("windows", variant.raw.get("windows") or ())
        for size in windows.raw if windows else ():
            for text in (size, windows.raw[size] if windows else ""):
                try:
                    parse_duration(text)
                except ValueError as error:
                    variant.fault(f"windows.{size}", "literal", str(error), zh=f"{text!r} 不是时长")
        found[name] = variant.raw
    return found


# ---- unions ----


def _union(table: Table, name: str, sources: Mapping[str, Source]) -> Source | None:
    if "of" not in table:
        table.missing("of")
    parts: list[Source] = []
    for named in table.texts("of"):
        if named in sources:
            parts.append(sources[named])
        else:
            table.unknown("of", named, "a source of readings or records", "读数源或记录源", sources)
    if len({part.id for part in parts}) < len(parts):
        table.fault("of", "duplicate", "a source stands twice", zh="数据源重复")
    if len({part.kind for part in parts}) > 1:
        table.fault("of", "type", "readings and records cannot be joined", zh="读数与记录不能合并")
    rename = _rename(table, parts)
    fields: dict[str, Field] = {}
    takes: dict[str, Type] = {}
    for part in parts:
        mine = rename.get(part.id, {})
        for field in part.fields.values():
            _join(table, fields, replace(field, name=mine.get(field.name, field.name)), part.id)
        takes |= {mine.get(taken, taken): kind for taken, kind in part.take_types.items()}
    if not parts:
        return None
    first, names = parts[0], rename.get(parts[0].id, {})
    if ORIGIN in fields:
        en, zh = f"a field '{ORIGIN}' exists in a part already", f"某一部分已有字段 '{ORIGIN}'"
        table.fault("of", "duplicate", en, zh=zh)
    fields[ORIGIN] = Field(ORIGIN, "category", required=True, values=tuple(part.id for part in parts))
    rule = next((part.region for part in parts if part.region is not None), None)
    return replace(
        first, id=name, time=names.get(first.time, first.time), entity=names.get(first.entity, first.entity),
        fields=fields, raw=dict(table.raw), scene=table.text("scene"), zh=table.text("zh"), en=table.text("en"),
        take=tuple(takes), take_types=takes, region=rule, variants={}, rename=rename, deleted="", identity=(),
        union_of=tuple(part.id for part in parts), stale_after_ms=None, shards=1,
    )  # fmt: skip


def _join(table: Table, fields: dict[str, Field], field: Field, part: str) -> None:
    """A field of a part, which may be null in the rows of other parts."""
    known = fields.get(field.name)
    if known is None:
        fields[field.name] = replace(field, required=False)
        return
    if (known.type, known.scale, known.unit) != (field.type, field.scale, field.unit):
        en = f"'{field.name}' of {part} is another type than that of the sources before"
        table.fault("of", "type", en, zh=f"{part} 的 '{field.name}' 与前面数据源的类型不同")
    values = None if known.values is None or field.values is None else (*known.values, *field.values)
    fields[field.name] = replace(known, values=values, personal=known.personal or field.personal)


def _rename(table: Table, parts: Sequence[Source]) -> dict[str, dict[str, str]]:
    known = {part.id: part for part in parts}
    found: dict[str, dict[str, str]] = {}
    for part, one in _renames(table, table.raw.get("rename")):
        if part not in known:
            table.unknown(f"rename.{part}", part, "one of the sources", "其中的数据源", known)
            continue
        mine: dict[str, str] = {}
        for old in one.raw:
            new = one.text(old)
            if old not in known[part].scope():
                one.unknown(old, old, f"a field of {part}", f" {part} 的字段", known[part].scope())
            elif new:
                mine[old] = new
        names = [mine.get(field, field) for field in known[part].scope()]
        for new in {name for name in names if names.count(name) > 1}:
            en, zh = f"'{new}' is a field of {part} already", f"{part} 已有字段 '{new}'"
            table.fault(f"rename.{part}", "duplicate", en, zh=zh)
        found[part] = mine
    return found


def _renames(table: Table, raw: Any) -> list[tuple[str, Table]]:
    """The tables below `rename`; their keys are names of fields."""
    whole = table.table("rename", raw if isinstance(raw, Mapping) else ())
    found = []
    for part in whole.raw if whole else ():
        one = whole.table(part, whole.raw[part] if isinstance(whole.raw[part], Mapping) else ()) if whole else None
        if one is not None:
            found.append((part, one))
    return found
