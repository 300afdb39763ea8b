"""Reading `[[indicator]]`: measures, a formula over them, and what is made of its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metrics import formula_units
from metrics.climb import foreseeable
from metrics.declaration import Faults, Table
from metrics.declared_key import HOWS, LEVELS
from metrics.formula import Node, Type, indicator_calls, used_names
from metrics.formula_types import NUMBER
from metrics.indicator import Baseline, Indicator, Rollup, Top
from metrics.known import Known
from metrics.measure import Measure
from metrics.measure_declaration import check_dimensions, read_measure, read_source
from metrics.region import PUBLISHED_LEVELS
from metrics.threshold_declaration import read_thresholds
from metrics.vocabulary import keys
from metrics.window_declaration import read_window

_PUNCTUATION = str.maketrans("", "", "-_.")  # other marks have a meaning in the names of series
_TARGET_FUNCTIONS = frozenset({"region", "entered", "elapsed"})  # what a target may depend on besides time


@dataclass(slots=True)
class ReadIndicator:
    """An indicator with the columns of its references, for the search for cycles."""

    indicator: Indicator | None
    table: Table
    references: tuple[tuple[str, int], ...]  # id and column in the formula
    derived: tuple[tuple[str, str], ...]  # id and the key path of a source `indicator:ID`


def read_indicator(faults: Faults, file: str, raw: Any, known: Known) -> ReadIndicator:
    """One table of `indicators.toml`; without indicator if it has a fault."""
    before = len(faults.found)
    named = raw.get("id") if isinstance(raw, Mapping) else None
    table = Table(faults, file, named if isinstance(named, str) and named else "?", raw, keys("indicator"))
    name = table.text("id", required=True)
    if name.translate(_PUNCTUATION) and not name.translate(_PUNCTUATION).isalnum():
        table.fault("id", "literal", "letters, digits, '-', '_' and '.' only", zh="只能使用字母、数字、-、_ 和 .")
    direction: Any = table.choice("direction", ("up", "down", "context"), "context")
    window = read_window(table)
    default = read_source(table, known) if "source" in table else None
    measures: list[Measure] = []
    scopes: list[Mapping[str, Type] | None] = []
    scope: dict[str, Type] = {}
    for measure_name, one in table.tables("measures", keys("measure")).items():
        if "source" not in one and "source" not in table:
            one.missing("source")
        read = read_measure(one, measure_name, default, window, known)
        scope[measure_name] = Type("number", unit=read[0].unit if read else None)
        scopes.append(read[1] if read else None)
        if read is not None:
            measures.append(read[0])
    declared = tuple(scope)
    constants = _constants(table, scope)
    table.text("formula", required=True)
    found = table.expression("formula", scope, "value", "number", now="free", around=known.around(declared))
    references = tuple(indicator_calls(found[0])) if found else ()
    samples = table.text("samples")
    if samples and samples not in declared:
        table.unknown("samples", samples, "a measure", "度量", declared)
    if found is not None:
        _check_use(table, declared, used_names(found[0]) | {samples})
        _check_unit(table, found[1])
    dimensions = table.texts("dimensions")
    others = {name for id_, _ in references if id_ in known.heads for name in known.heads[id_].dimensions}
    check_dimensions(table, dimensions, scopes, others)
    for id_, column in references:
        _check_split(table, id_, column, dimensions, known)
    levels = table.texts("levels") if "levels" in table else PUBLISHED_LEVELS
    for level in levels:
        if level not in LEVELS:
            words = ", ".join(LEVELS)
            table.fault("levels", "literal", f"'{level}' is none of {words}", zh=f"'{level}' 不在 {words} 之中")
    thresholds = read_thresholds(table, direction, known)
    target, target_formula = _target(table, known)
    rollup, baseline, top = _rollup(table, known), _baseline(table), _top(table, dimensions)
    foresee: Any = table.choice("foresee", ("worst",)) if "foresee" in table else ""
    if foresee and baseline.declared:
        en = "either 'foresee' or 'baseline', not both"
        table.fault("foresee", "duplicate", en, zh="foresee 与 baseline 只能二选一")
    elif foresee and window is not None and not foreseeable(dimensions, thresholds, window.every_ms):
        en = "'foresee' needs dimensions, limits on the value and a grid of 1 to 15 minutes"
        table.fault("foresee", "window", en, zh="foresee 需要维度、数值界限与 1 至 15 分钟的时间格")
    tasks = table.raw.get("tasks") or ()
    if not isinstance(tasks, list | tuple) or not all(type(task) is int for task in tasks):
        table.fault("tasks", "type", "a list of whole numbers is needed", zh="此处需要整数列表")
        tasks = ()
    version, decimals = table.integer("version", 1, 1), table.integer("decimals", 0, 0, 9)
    least, valid_from = table.integer("min_samples"), table.instant("valid_from")
    texts = {key: table.text(key) for key in ("zh", "en", "scene", "unit", "owner")}
    tags = table.texts("tags")
    if valid_from is not None and window is not None and window.floor(valid_from) != valid_from:
        en = "valid_from is not on the grid: the version is in force from the next instant on"
        faults.warn(table.place("valid_from"), "window", en, zh="valid_from 不在时间格上：自下一个时间格起生效")
    derived = tuple(
        (source.indicator_of, place) for source, place in _sources(table, known) if source and source.indicator_of
    )
    indicator = None
    if len(faults.found) == before and found is not None and window is not None:
        indicator = Indicator(
            name, version, found[0], window, tuple(measures), texts["zh"], texts["en"], texts["scene"],
            texts["unit"] or None, decimals, direction, dimensions, levels, constants, least, samples, thresholds,
            target, valid_from, tuple(tasks), rollup=rollup, baseline=baseline, top=top,
            target_formula=target_formula, references=tuple(dict.fromkeys(id_ for id_, _ in references)),
            owner=texts["owner"], tags=tags, foresee=foresee,
        )  # fmt: skip
    return ReadIndicator(indicator, table, references, derived)


def _sources(table: Table, known: Known) -> list[tuple[Any, str]]:
    """The sources that are named, each with the path of the key that names it."""
    measures = table.raw.get("measures")
    named = [(table.raw.get("source"), "source")]
    for name, one in measures.items() if isinstance(measures, Mapping) else ():
        if isinstance(one, Mapping):
            named.append((one.get("source"), f"measures.{name}.source"))
    return [(known.sources.get(name), place) for name, place in named if isinstance(name, str)]


def _constants(table: Table, scope: dict[str, Type]) -> dict[str, float]:
    """The constants; they join the measures in the scope of the formula."""
    constants = table.table("constants", table.raw.get("constants") or ())
    values = {key: float(constants.number(key) or 0.0) for key in constants.raw} if constants else {}
    for key in values:
        if key in scope and constants is not None:
            constants.fault(key, "duplicate", f"'{key}' is a measure too", zh=f"'{key}' 也是度量")
        scope[key] = NUMBER
    return values


def _check_use(table: Table, measures: tuple[str, ...], used: frozenset[str]) -> None:
    for name in measures:
        if name not in used:
            en, zh = f"the formula does not use '{name}'", f"公式没有用到 '{name}'"
            table.fault(f"measures.{name}", "unused", en, zh=zh)


def _check_unit(table: Table, found: Type) -> None:
    declared = table.raw.get("unit")
    if not isinstance(declared, str) or found.unit is None or formula_units.same(declared, found.unit):
        return
    en = f"the formula gives {found.unit}, declared is {declared}"
    table.faults.warn(table.place("unit"), "unit", en, zh=f"公式的单位是 {found.unit}，声明的是 {declared}")


def _check_split(table: Table, id_: str, column: int, dimensions: tuple[str, ...], known: Known) -> None:
    """A referenced indicator may not be split more finely than this one."""
    beyond = [name for name in known.heads[id_].dimensions if name not in dimensions] if id_ in known.heads else []
    if beyond:
        en = f"'{id_}' is split by {', '.join(beyond)}, which is no dimension here"
        table.fault("formula", "unknown-name", en, column, zh=f"'{id_}' 的维度 {'、'.join(beyond)} 不是本指标的维度")


def _target(owner: Table, known: Known) -> tuple[float | None, Node | None]:
    table = owner.table("target", keys("target"))
    if table is None:
        return None, None
    if "value" in table and "formula" in table:
        en = "either 'value' or 'formula' is needed, not both"
        table.fault("formula", "duplicate", en, zh="'value' 与 'formula' 只能二选一")
    elif "value" not in table and "formula" not in table:
        table.missing("value", " (or 'formula')", "(或 'formula')")
    around = known.around(functions=_TARGET_FUNCTIONS)
    formula = table.expression("formula", {}, "value", "number", now="free", around=around)
    value = table.number("value")
    return None if value is None else float(value), formula[0] if formula else None


def _rollup(owner: Table, known: Known) -> Rollup | None:
    raw = owner.raw.get("rollup", "states")
    if isinstance(raw, str):
        owner.choice("rollup", ("states",))
        return None
    table = owner.table("rollup", keys("rollup"))
    if table is None:
        return None
    level = table.choice("from", LEVELS, required=True)
    how: Any = table.choice("how", HOWS, required=True)
    weight = table.text("weight", required=how == "weighted")
    if weight and how and how != "weighted":
        table.foreign("weight", f"how = '{how}'", f" how = '{how}'")
    elif weight and known.attributes is not None and weight not in known.attributes:
        table.unknown("weight", weight, "a number of regions", "区域属性", known.attributes)
    return Rollup(level, how, weight) if level and how else None


def _baseline(owner: Table) -> Baseline:
    table = owner.table("baseline", keys("baseline"))
    if table is None:
        return Baseline()
    weeks, least, floor = table.integer("weeks", 8, 1, 520), table.integer("min", 4), table.number("floor")
    if least < 2:
        table.fault("min", "literal", "at least 2 values are needed for a deviation", zh="标准差至少需要 2 个值")
    if floor is not None and floor < 0:
        table.fault("floor", "literal", "a least deviation is not below 0", zh="floor 不能小于 0")
    return Baseline(weeks, least, 1.0 if floor is None else float(floor), declared=True)


def _top(owner: Table, dimensions: tuple[str, ...]) -> Top | None:
    table = owner.table("top", keys("top"))
    if table is None:
        return None
    by = table.text("by", required=True)
    if by and by not in dimensions:
        table.unknown("by", by, "a dimension", "维度", dimensions)
    if "n" not in table:
        table.missing("n")
    return Top(by, table.integer("n", 1, 1))
