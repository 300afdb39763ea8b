"""An indicator as declared: measures over sources, a formula, a window, groups, thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from metrics.declaration import Faults, Table
from metrics.formula import FormulaError, Node, Type, names, parse
from metrics.formula_types import NUMBER
from metrics.measure import KEYS as MEASURE_KEYS
from metrics.measure import Known, Measure
from metrics.measure import read as read_measure
from metrics.region import LEVELS, PUBLISHED_LEVELS
from metrics.registry import Registry
from metrics.source import Source
from metrics.threshold import LEVELS as THRESHOLD_LEVELS
from metrics.threshold import Thresholds
from metrics.window import Window, parse_duration

FILE = "indicators.toml"
KEYS = (
    "id", "version", "valid_from", "zh", "en", "scene", "tasks", "unit", "decimals", "direction", "source", "window",
    "dimensions", "levels", "rollup", "formula", "min_samples", "samples", "owner", "tags", "target", "constants",
    "measures", "thresholds", "baseline", "top",
)  # fmt: skip
THRESHOLD_KEYS = ("blue", "yellow", "orange", "red", "hysteresis", "on_delay", "off_delay", "on", "strict", "variants")
WINDOW_KEYS = ("kind", "size", "every", "max_age")
WINDOWS = ("tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date", "now", "all")
Direction = Literal["up", "down", "context"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """Regions above `level` fold the values of their descendants of that level; `weight`: attribute of `weighted`."""

    level: str
    how: Literal["max", "min", "sum", "mean", "worst", "best", "weighted"]
    weight: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What `zscore` compares with: the values of the same local time and weekday of the last `weeks` weeks.

    Fewer than `min` of them: null. A smaller deviation than `floor` counts as `floor`.
    """

    weeks: int = 8
    min: int = 4
    floor: float = 1.0


@dataclass(frozen=True, slots=True)
class Top:
    """Only the `n` best groups over the dimension `by` are sent to screens, and those that tie with the n-th."""

    by: str
    n: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """One version of an indicator. `valid_from_ms` None: always. `samples` empty: the largest of the measures.

    `rollup` None: merged states. `references` are the ids of `indicator('X')` in the formula, each once. The target is
    a number or a formula over region() and entered(), or absent.
    """

    id: str
    version: int
    formula: Node
    window: Window
    measures: tuple[Measure, ...]
    zh: str = ""
    en: str = ""
    scene: str = ""
    unit: str | None = None
    decimals: int = 0
    direction: Direction = "context"
    dimensions: tuple[str, ...] = ()
    levels: tuple[str, ...] = PUBLISHED_LEVELS
    constants: Mapping[str, float] | None = None
    min_samples: int = 0
    samples: str = ""
    thresholds: Thresholds | None = None
    target: float | None = None
    valid_from_ms: int | None = None
    tasks: tuple[int, ...] = ()
    rollup: Rollup | None = None
    baseline: Baseline = Baseline()
    top: Top | None = None
    target_formula: Node | None = None
    references: tuple[str, ...] = ()
    owner: str = ""
    tags: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of its measures, each once."""
        return tuple(dict.fromkeys(measure.source for measure in self.measures))

    def of_sizes(self, sizes: Mapping[int, int]) -> Indicator:
        """With tumbling sizes replaced (ms to ms)."""
        if self.window.kind == "tumbling" and self.window.size_ms in sizes:
            return replace(self, window=self.window.resized(sizes[self.window.size_ms]))
        return self


def read(
    faults: Faults,
    raw: Mapping[str, Any],
    sources: Mapping[str, Source],
    registries: Mapping[str, Registry],
    attributes: frozenset[str],
) -> Indicator | None:
    """One table of `indicators.toml`; None if it has a fault. `attributes`: the numbers that regions have."""
    before = len(faults.lines)
    known = Known(sources, registries, attributes)
    table = Table(faults, FILE, str(raw.get("id", "?")) if isinstance(raw, Mapping) else "?", raw, KEYS)
    name = table.text("id", required=True)
    if not name.replace("_", "").isalnum():
        table.fault("id", "literal", "letters, digits and _ only")
    direction: Any = table.choice("direction", ("up", "down", "context"), "context")
    window = _window(table)
    dimensions = table.texts("dimensions")
    measures: list[Measure] = []
    scope: dict[str, Type] = {}
    for measure_name, one in table.tables("measures", MEASURE_KEYS).items():
        measure = read_measure(one, measure_name, table.text("source"), known)
        scope[measure_name] = Type("number", unit=measure.unit if measure else None)
        if measure is not None:
            measures.append(measure)
    constants = table.table("constants", table.raw.get("constants") or ())
    values = {key: constants.number(key) or 0.0 for key in constants.raw} if constants else {}
    for key in values:
        if key in scope:
            table.fault(f"constants.{key}", "duplicate", f"'{key}' is a measure too")
        scope[key] = NUMBER
    scope |= {f"region('{attribute}')": NUMBER for attribute in attributes}
    table.text("formula", required=True)
    formula = table.expression("formula", scope, "value", "number", now="free")
    samples = table.text("samples")
    if samples and samples not in {measure.name for measure in measures}:
        table.fault("samples", "unknown-name", f"'{samples}' is not a measure")
    if formula is not None:
        used = names(formula[0]) | {samples}
        for measure in measures:
            if measure.name not in used:
                table.fault(f"measures.{measure.name}", "unused", f"the formula does not use '{measure.name}'")
    if not measures and "measures" not in table:
        table.not_built("measures", "formulas without a measure")
    _check_dimensions(table, dimensions, measures, known)
    for key, what in (("baseline", "baselines"), ("top", "top")):
        if key in table:
            table.not_built(key, what)
    if table.raw.get("rollup", "states") != "states":
        table.not_built("rollup", "roll-ups other than states")
    levels = table.texts("levels") if "levels" in table else PUBLISHED_LEVELS
    for level in levels:
        if level not in LEVELS:
            table.fault("levels", "literal", f"'{level}' is none of {', '.join(LEVELS)}")
    thresholds = _thresholds(table, direction)
    target = _target(table, scope)
    tasks = table.raw.get("tasks") or ()
    version, decimals = table.integer("version", 1, 1), table.integer("decimals", 0, 0, 9)
    least, valid_from = table.integer("min_samples"), table.instant("valid_from")
    if len(faults.lines) > before or formula is None or window is None:
        return None
    return Indicator(
        name, version, formula[0], window, tuple(measures), table.text("zh"), table.text("en"), table.text("scene"),
        table.text("unit") or None, decimals, direction, dimensions, levels, values, least, samples, thresholds, target,
        valid_from, tuple(tasks),
    )  # fmt: skip


def _window(owner: Table) -> Window | None:
    table = owner.table("window", WINDOW_KEYS)
    if table is None:
        owner.fault("window", "missing-key", "'window' is needed")
        return None
    kind = table.choice("kind", WINDOWS, required=True)
    if kind in ("now", "all", ""):
        if kind:
            table.not_built("kind", f"windows of kind {kind}")
        return None
    if kind == "tumbling" and "every" in table:
        table.fault("every", "window", "a tumbling window has no every")
    size = table.text("size", required=kind in ("tumbling", "sliding"))
    every = table.duration("every")
    if kind != "tumbling" and every is None:
        if "every" not in table:
            table.fault("every", "missing-key", "'every' is needed")
        return None
    try:
        if kind == "tumbling":
            if size in ("1mo", "1y"):
                return Window("tumbling", 0, 0, "month" if size == "1mo" else "year")
            return Window.tumbling(parse_duration(size))
        if kind == "sliding":
            return Window.sliding(parse_duration(size), every or 0)
        period: Any = kind.removesuffix("_to_date")
        return Window.to_date(period, every or 0)
    except ValueError as error:
        if size or kind not in ("tumbling", "sliding"):
            table.fault("size" if kind in ("tumbling", "sliding") else "every", "window", str(error))
        return None


def _check_dimensions(table: Table, dimensions: Sequence[str], measures: Sequence[Measure], known: Known) -> None:
    if len(set(dimensions)) < len(dimensions):
        table.fault("dimensions", "duplicate", "a dimension stands twice")
    for name in dimensions:
        personal = any(
            name in known.sources[measure.source].fields and known.sources[measure.source].fields[name].personal
            for measure in measures
        )
        if personal:
            table.fault("dimensions", "personal", f"'{name}' is personal: it may only be counted")
    scopes = [set(source.scope(known.registry(source))) for source in (known.sources[m.source] for m in measures)]
    if measures and not any(set(dimensions) <= scope for scope in scopes):
        missing = [name for name in dimensions if not any(name in scope for scope in scopes)]
        named = missing[0] if missing else dimensions[0]
        table.fault("dimensions", "unknown-name", f"no measure's source has '{named}' and the other dimensions")


def _thresholds(owner: Table, direction: Direction) -> Thresholds | None:
    table = owner.table("thresholds", THRESHOLD_KEYS)
    if table is None:
        return None
    for key in ("hysteresis", "on_delay", "off_delay", "variants"):
        if table.raw.get(key):
            table.not_built(key, key)
    if table.choice("on", ("value", "z"), "value") == "z":
        table.not_built("on", "thresholds on z")
    limits = []
    for level in THRESHOLD_LEVELS:
        limit = table.number(level)
        if limit is not None:
            limits.append((level, float(limit)))
    found = Thresholds(tuple(limits), direction, table.flag("strict"))
    if direction == "context" and limits:
        table.fault("", "literal", "limits on the value need a direction up or down")
    if not found.monotone:
        table.fault("", "literal", "a worse level must not be easier to reach than a lesser one")
    return found


def _target(owner: Table, scope: Mapping[str, Type]) -> float | None:
    table = owner.table("target", ("value", "formula"))
    if table is None:
        return None
    if ("value" in table) == ("formula" in table):
        table.fault("", "missing-key", "exactly one of value, formula is needed")
    if "formula" in table:
        # Read but not run: the gap to a computed target is shown by no screen yet.
        try:
            parse(table.text("formula"))
        except FormulaError as error:
            table.fault("formula", error.rule, error.message_en, error.column)
        else:
            references = {name: kind for name, kind in scope.items() if name.startswith("region(")}
            table.expression("formula", references, "value", "number", now="free")
    return table.number("value")
