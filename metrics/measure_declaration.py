"""Reading `[indicator.measures.NAME]`: a fold over a source, checked against the source and its own keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from metrics.aggregate_rule import AGGREGATES, AggregateRule
from metrics.declaration import Table, personal
from metrics.declared_key import THENS
from metrics.formula import Node, Type
from metrics.formula_now import Now
from metrics.formula_signatures import ALWAYS
from metrics.formula_types import TEXT
from metrics.known import INDICATOR, Known
from metrics.measure import DEFAULT_SCALE, ENTITY, Measure
from metrics.source import Source
from metrics.window import HOUR_MS, Window, parse_duration
from metrics.window_declaration import read_own_window

DEFAULT_PERIODS = 2  # within which an entity is online, and for which a reading holds, unless said otherwise
VALUE = "value"  # the result of the first step
_SECOND_STEP = ("having", "each", "then")
_NO_START = ("now", "all")


def read_source(table: Table, known: Known) -> Source | None:
    """The source under the key `source` of an indicator or measure; None if it is absent or unknown."""
    name = table.text("source")
    if not name:
        return None
    source = known.source(name)
    if source is None:
        table.unknown("source", name, "a source", "数据源", known.source_names())
    elif name.startswith(INDICATOR) and known.heads[source.indicator_of].window in _NO_START:
        kind = known.heads[source.indicator_of].window
        en = f"the values of a window '{kind}' are no source: sliding, to-date or tumbling is needed"
        table.fault("source", "window", en, zh=f"窗口为 {kind} 的指标不能作为数据源")
    return source


def read_measure(
    table: Table, name: str, default: Source | None, of_indicator: Window | None, known: Known
) -> tuple[Measure, Mapping[str, Type]] | None:
    """A measure and the names that can tell its groups apart; None if its source is not known.

    What else is wrong is noted: then the measure is as much of it as could be read. `default` is the indicator's
    source, `of_indicator` its window.
    """
    agg = table.choice("agg", tuple(AGGREGATES), required=True)
    source = read_source(table, known) if "source" in table else default
    rule = AGGREGATES.get(agg)
    window = read_own_window(table, of_indicator)
    if source is None:
        return None
    records = source.kind == "records"
    zh, en = table.text("zh"), table.text("en")
    measure = Measure(name, source.id, agg, records=records, window=window, zh=zh, en=en)
    scope = dict(source.scope())
    registered = known.registered(source)
    row_scope, owner = scope, source.id
    if agg == "online" and registered is not None:
        row_scope, owner = dict(registered), source.registry or ""
    if rule is not None:
        _check_keys(table, agg, rule, records)
        measure = _with_keys(table, measure, rule, source, known)
    own = window or of_indicator
    kind = own.kind if own is not None else ""
    around = known.around()
    now: Now = "never" if agg == "dwell" else "flips"
    where = table.expression("where", row_scope, "row", "bool", owner=owner, now=now, around=around, counted=True)
    at = table.expression("at", scope, "row", "time", owner=owner, around=around) if records else None
    if records and "at" not in table and kind and kind not in _NO_START and agg != "dwell":
        table.missing("at", f" by records in a window {kind}", f"，窗口为 {kind} 的记录须有它")
    measure = replace(measure, where=where[0] if where else None, at=at[0] if at else None)
    if rule is not None and rule.field != "none":
        measure = _with_field(table, measure, scope, "free" if kind == "now" else "never", known)
    groups = {**row_scope, **scope}
    return _second_step(table, measure, row_scope, source, known), groups


def _check_keys(table: Table, agg: str, rule: AggregateRule, records: bool) -> None:
    """Keys of other aggregates, and an aggregate of readings over records."""
    own = {*rule.keys, *(("p",) if table.raw.get("then") == "percentile" else ())}
    for key in ("p", "within", "calendar", "hold", "unit"):
        if key in table and key not in own:
            table.foreign(key, f"'{agg}'", f" '{agg}'")
    if rule.field == "none" and "field" in table:
        table.foreign("field", f"'{agg}'", f" '{agg}'")
    if rule.field in ("number", "any") and "field" not in table:
        table.missing("field", f" by '{agg}'", f"，'{agg}' 需要它")
    if "at" in table and not records:
        table.foreign("at", "readings", "读数")
    if "p" in own and "p" not in table:
        table.missing("p", " by percentile", "，percentile 需要它")
    if rule.readings_only and records:
        en = f"'{agg}' folds readings only"
        table.fault("agg", "type", en, zh=f"'{agg}' 只适用于读数")


def _with_keys(table: Table, measure: Measure, rule: AggregateRule, source: Source, known: Known) -> Measure:
    """With the keys that belong to its aggregate alone."""
    p = table.number("p")
    if p is not None and not 0 <= p <= 100:
        table.fault("p", "literal", "a percentile is from 0 to 100", zh="百分位须在 0 到 100 之间")
    measure = replace(measure, p=None if p is None else float(p))
    agg = measure.agg
    if agg == "online":
        measure = replace(measure, within_ms=_within(table, source))
        if source.kind == "readings" and known.registered(source) is None and not source.registry:
            en = f"'online' needs a source with a registry; {source.id} has none"
            table.fault("agg", "missing-key", en, zh=f"'online' 需要有登记的数据源，{source.id} 没有 registry")
        elif source.registry in known.registries:
            en = f"'online' needs a registry that is a source of records; {source.registry} is a fixed table"
            table.fault("agg", "type", en, zh=f"'online' 需要由案卷类数据源作登记，{source.registry} 是固定表")
    elif agg == "dwell":
        hold = table.duration("hold")
        if hold == 0:
            table.fault("hold", "literal", "a hold is longer than 0", zh="hold 须大于 0")
        if "hold" not in table and source.kind == "readings" and not source.period_ms:
            table.missing("hold", f": {source.id} has no period", f"：{source.id} 没有 period")
        calendar = table.text("calendar")
        if calendar and calendar != ALWAYS and calendar not in known.calendars:
            table.unknown("calendar", calendar, "a calendar", "日历", {ALWAYS, *known.calendars})
        measure = replace(
            measure, hold_ms=hold or DEFAULT_PERIODS * (source.period_ms or 0), calendar=calendar
        )  # fmt: skip
    elif agg == "rate":
        per = table.duration("unit")
        if per == 0:
            table.fault("unit", "literal", "a unit of time is longer than 0", zh="unit 须大于 0")
        measure = replace(measure, rate_ms=per or HOUR_MS)
    if rule.needs_entity and not {ENTITY, source.entity} & set(table.texts("per")):
        table.missing("per", f" with the entity by '{agg}'", f"，'{agg}' 需要其中有实体")
    return measure


def _within(table: Table, source: Source) -> int:
    """A duration, or a number of periods."""
    given: Any = table.raw.get("within", DEFAULT_PERIODS)
    if isinstance(given, int | float) and not isinstance(given, bool):
        if given <= 0:
            table.fault("within", "literal", "a number of periods is above 0", zh="周期数须大于 0")
        if not source.period_ms and source.kind == "readings":
            table.missing("within", f" as a duration: {source.id} has no period", f"(时长)：{source.id} 没有 period")
        return round(given * (source.period_ms or 0))
    try:
        return parse_duration(given)
    except ValueError as error:
        table.fault("within", "literal", str(error), zh=f"{given!r} 既不是时长也不是周期数")
        return 0


def _with_field(table: Table, measure: Measure, scope: Mapping[str, Type], now: Now, known: Known) -> Measure:
    """With its field or fields, the decimals and the unit."""
    raw, rule = table.raw.get("field"), AGGREGATES[measure.agg]
    if raw is None:
        return measure
    counts = rule.field in ("any", "optional")
    shown = rule.field != "any"
    written: list[Any] = list(raw) if isinstance(raw, list | tuple) else [raw]
    if isinstance(raw, list | tuple) and (rule.field != "any" or not raw):
        table.fault("field", "type", "one expression is needed", zh="此处需要一个表达式")
        return measure
    found: list[tuple[Node, Type]] = []
    for one in written:
        read = table.checked(
            "field", one, scope, "row", None if counts else "number", owner=measure.source, now=now,
            around=known.around(), counted=not shown,
        )  # fmt: skip
        if read is not None:
            found.append(read)
            if counts and read[1].kind in ("point", "intervals") and rule.field == "any":
                en = f"a {read[1].kind} cannot be told from another"
                table.fault("field", "type", en, 1, zh=f"{read[1].kind} 不能用于计不同值")
    if len(found) < len(written):
        return measure
    if rule.field == "any":
        nodes = tuple(node for node, _ in found)
        return replace(measure, fields=nodes, kind=found[0][1].kind)
    node, kind = found[0]
    scale = kind.scale if kind.scale is not None else DEFAULT_SCALE
    if "scale" in table:
        scale = table.integer("scale", 0, 0, 9)
    return replace(measure, field=node, scale=scale, kind=kind.kind, unit=None if rule.plain else kind.unit)


def _second_step(table: Table, measure: Measure, scope: Mapping[str, Type], source: Source, known: Known) -> Measure:
    if "per" not in table or not table.raw["per"]:
        if any(key in table for key in _SECOND_STEP):
            table.missing(
                "per", f" by {' and '.join(repr(key) for key in _SECOND_STEP if key in table)}", "，两步度量需要它"
            )
        return measure
    per = table.texts("per")
    if len(set(per)) < len(per):
        table.fault("per", "duplicate", "a field stands twice", zh="字段重复")
    inner: dict[str, Type] = {}
    for name in per:
        if name == ENTITY:
            inner[name] = TEXT
        elif name not in scope:
            table.unknown("per", name, f"a field of {source.id}", f" {source.id} 的字段", {ENTITY, *scope})
        elif scope[name].kind in ("point", "intervals"):
            en = f"'{name}' is a {scope[name].kind}: it tells no groups apart"
            table.fault("per", "type", en, zh=f"'{name}' 不能用来分组")
        else:
            inner[name] = scope[name]
    if ENTITY in per or source.entity in per:
        inner |= source.take_types
    inner[VALUE] = Type("number", unit=measure.unit)
    around = known.around()
    having = table.expression("having", inner, "row", "bool", owner="the second step", around=around)
    each = table.expression("each", inner, "row", "number", owner="the second step", around=around)
    then = table.choice("then", THENS, required=True)
    unit = None if then == "count" else (each[1].unit if each else measure.unit)
    return replace(
        measure, per=per, having=having[0] if having else None, each=each[0] if each else None, then=then, unit=unit,
        then_p=measure.p if then == "percentile" else None,
        p=measure.p if measure.agg in ("percentile", "percentile_approx") else None,
    )  # fmt: skip


def check_dimensions(
    table: Table, dimensions: Iterable[str], scopes: Iterable[Mapping[str, Type] | None], others: Iterable[str]
) -> None:
    """Each dimension is a field of some measure's source, or a dimension of a referenced indicator (`others`)."""
    told = list(dimensions)
    known: dict[str, Type] = {}
    complete = True
    for scope in scopes:
        complete &= scope is not None
        for name, kind in (scope or {}).items():
            known[name] = replace(kind, personal=kind.personal or (name in known and known[name].personal))
    if len(set(told)) < len(told):
        table.fault("dimensions", "duplicate", "a dimension stands twice", zh="维度重复")
    for name in dict.fromkeys(told):
        if name not in known:
            if complete and name not in others:
                table.unknown("dimensions", name, "a field of any measure's source", "任何度量的数据源字段", known)
        elif known[name].personal:
            en, zh = personal(name)
            table.fault("dimensions", "personal", en, zh=zh)
        elif known[name].kind in ("point", "intervals"):
            en = f"'{name}' is a {known[name].kind}: it tells no groups apart"
            table.fault("dimensions", "type", en, zh=f"'{name}' 不能作为维度")
