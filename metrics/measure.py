"""A measure as declared: which rows of a source are folded, and the second step over its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from metrics.aggregate import FOLDS
from metrics.declaration import Table
from metrics.formula import Node, Type, names
from metrics.formula_types import TEXT, Kind, did_you_mean
from metrics.registry import Registry
from metrics.source import Source
from metrics.window import HOUR_MS, Window

KEYS = (
    "source", "agg", "field", "scale", "where", "at", "window", "p", "within", "calendar", "hold", "unit", "per",
    "each", "having", "then",
)  # fmt: skip
AGGREGATES = (
    "count", "sum", "mean", "min", "max", "first", "last", "percentile", "percentile_approx", "distinct",
    "distinct_approx", "online", "dwell", "delta", "rate",
)  # fmt: skip
THENS = ("count", "sum", "mean", "min", "max", "percentile")
BUILT_THENS = ("count", "sum", "mean", "min", "max")
ENTITY = "entity"  # in `per`, `having` and `each`: the entity, whatever its field is called
DEFAULT_SCALE = 6  # of a field whose expression does not tell its decimals


@dataclass(frozen=True, slots=True)
class Measure:
    """Folds rows of a source; with `per` in two steps. Expressions are checked; None where absent.

    `window` None: the indicator's. `fields` are the expressions whose tuples `distinct` counts (one or more, of any
    kind; `field` is None then). `kind` is the kind of `field`. `p` belongs to the aggregate, `then_p` to `then`.
    `within_ms` belongs to online, `hold_ms` and `calendar` ("": none) to dwell, `rate_ms` to rate.
    """

    name: str
    source: str
    agg: str
    field: Node | None = None
    scale: int = 0
    where: Node | None = None
    per: tuple[str, ...] = ()
    having: Node | None = None
    each: Node | None = None
    then: str = ""
    unit: str | None = None
    at: Node | None = None
    window: Window | None = None
    p: float | None = None
    then_p: float | None = None
    within_ms: int = 0
    calendar: str = ""
    hold_ms: int = 0
    rate_ms: int = HOUR_MS
    fields: tuple[Node, ...] = ()
    kind: Kind = "number"
    records: bool = False

    def window_of(self, indicator: Windowed) -> Window:
        """Its own window, or that of the indicator."""
        return self.window or indicator.window


class Windowed(Protocol):
    """Something with a window: an indicator."""

    @property
    def window(self) -> Window: ...


@dataclass(slots=True)
class Known:
    """What definitions may refer to; `attributes` are the numbers that regions have."""

    sources: Mapping[str, Source]
    registries: Mapping[str, Registry]
    attributes: frozenset[str]

    def registry(self, source: Source) -> Registry | None:
        return self.registries.get(source.registry) if source.registry else None


def read(table: Table, name: str, default_source: str, known: Known) -> Measure | None:
    """One table below `measures`; None if it has a fault."""
    before = len(table.faults.lines)
    agg = table.choice("agg", AGGREGATES, required=True)
    if agg and agg not in FOLDS:
        table.not_built("agg", f"the aggregate {agg}")
    for key in ("at", "window", "p", "within", "calendar", "hold", "unit"):
        if key in table and agg in FOLDS:
            if key == "window":
                table.not_built(key, "a window of a measure of its own")
            else:
                table.fault(key, "unknown-key", f"'{key}' does not belong to {agg} of readings")
    source_name = table.text("source", default_source)
    source = known.sources.get(source_name)
    if source is None:
        if source_name.startswith("indicator:"):
            table.not_built("source", "indicators as sources")
        elif not source_name:
            table.fault("source", "missing-key", "'source' is needed")
        else:
            near = did_you_mean(source_name, known.sources)[0]
            table.fault("source", "unknown-name", f"'{source_name}' is not a source that can be run{near}")
        return None
    scope = source.scope(known.registry(source))
    where = table.expression("where", scope, "row", "bool", owner=source.id)
    if isinstance(table.raw.get("field"), list):
        table.not_built("field", "tuples")
        return None
    field = table.expression("field", scope, "row", "number", owner=source.id)
    if "field" not in table and agg not in ("count", ""):
        table.fault("field", "missing-key", f"'{agg}' needs a field")
    if field is not None:
        for used in names(field[0]):
            if used in source.fields and source.fields[used].personal:
                table.fault("field", "personal", f"'{used}' is personal: it may only be counted")
    scale = DEFAULT_SCALE
    if "scale" in table:
        scale = table.integer("scale", 0, 0, 9)
    elif field is not None and field[1].scale is not None:
        scale = field[1].scale
    unit = field[1].unit if field is not None and agg != "count" else None
    measure = Measure(name, source.id, agg, field[0] if field else None, scale, where[0] if where else None, unit=unit)
    measure = _second_step(table, measure, scope, source)
    return measure if len(table.faults.lines) == before else None


def _second_step(table: Table, measure: Measure, scope: Mapping[str, Type], source: Source) -> Measure:
    per = table.texts("per")
    if not per:
        for key in ("having", "each", "then"):
            if key in table:
                table.fault(key, "missing-key", f"'{key}' needs 'per'")
        return measure
    by_entity = ENTITY in per or source.entity in per
    inner: dict[str, Type] = {"value": Type("number", unit=measure.unit)}
    for name in per:
        if name != ENTITY and name not in scope:
            table.fault("per", "unknown-name", f"'{name}' is not a field of {source.id}{did_you_mean(name, scope)[0]}")
        elif name == ENTITY:
            inner[name] = TEXT
        else:
            inner[name] = scope[name]
            if scope[name].kind != "text":
                table.not_built("per", f"'{name}' is a {scope[name].kind}")
    if by_entity:
        inner |= {name: scope[name] for name in source.take if name in scope}
    having = table.expression("having", inner, "row", "bool", owner="the second step")
    each = table.expression("each", inner, "row", "number", owner="the second step")
    then = table.choice("then", THENS, required=True)
    if then and then not in BUILT_THENS:
        table.not_built("then", f"then = '{then}'")
    unit = None if then == "count" else (each[1].unit if each else measure.unit)
    return replace(
        measure, per=per, having=having[0] if having else None, each=each[0] if each else None, then=then, unit=unit
    )
