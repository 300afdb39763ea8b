"""Deriving: the panes of a window become measures per group, and measures become the value of the formula."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from metrics import fold
from metrics.aggregate import Folded, Integers, bound, stack
from metrics.column import Column
from metrics.evaluation import evaluate, evaluate_where
from metrics.formula import Node, names
from metrics.intake import Intake
from metrics.layout import Groups, Index, Layout
from metrics.measure import Measure
from metrics.measured import Answer, Measured
from metrics.panes import Panes
from metrics.plan import IndicatorPlan, MeasurePlan
from metrics.region import Regions
from metrics.rowwise import fold_rows
from metrics.sketch import NO_RANKS, NO_REGISTERS, Ranks, Registers, Sketch
from metrics.window import Window, pane_index

Kind = TypeVar("Kind", bound=Sketch)
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class _Measured:
    value: Numbers
    known: Mask
    rows: NDArray[np.int64]


Derived = dict[Hashable, Any]  # what was derived in one step, for all indicators that ask for the same


class Layouts:
    """The groups and layouts of all indicators of a state, each once however many indicators spread keys alike."""

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self._groups: dict[Hashable, Groups] = {}
        self._layouts: dict[Hashable, Layout] = {}

    def groups(self, plan: IndicatorPlan) -> Groups:
        """The groups of an indicator. Those that only others have are groups without a row to it."""
        which = self._which(plan)
        if which not in self._groups:
            self._groups[which] = Groups(plan, self._regions)
        return self._groups[which]

    def layout(self, plan: IndicatorPlan, part: MeasurePlan) -> Layout:
        """How the keys of a measure spread over the groups of an indicator."""
        which = (*self._which(plan), part.source, part.key, part.region, part.dimensions, part.measure.per)
        if which not in self._layouts:
            self._layouts[which] = Layout(plan, part, self._regions, self.groups(plan))
        return self._layouts[which]

    def _which(self, plan: IndicatorPlan) -> tuple[Hashable, ...]:
        return plan.indicator.dimensions, plan.levels, plan.has_region


class Deriver:
    """One indicator: its groups and layouts, and how to compute its windows from panes."""

    def __init__(self, plan: IndicatorPlan, regions: Regions, layouts: Layouts | None = None) -> None:
        layouts = Layouts(regions) if layouts is None else layouts
        self.plan = plan
        self.groups = layouts.groups(plan)
        self.layouts = [layouts.layout(plan, part) for part in plan.measures]
        # Measures that differ in name only are one. The layout is known by its identity: it lives as long as we do.
        self._same: list[Hashable] = [
            (id(layout), part.scan, part.window, replace(part.measure, name="", unit=None))
            for layout, part in zip(self.layouts, plan.measures, strict=True)
        ]

    @property
    def shape(self) -> Hashable:
        """What is equal where the same measures are spread over the same groups."""
        return tuple(self._same)

    def measure(self, intakes: Mapping[str, Intake], ends: Sequence[int], derived: Derived | None = None) -> Answer:
        """The measures of the windows that end at `ends`, oldest first, for every group that was ever seen.

        `derived`: what others have derived from the same state; what is derived here is put there for them.
        """
        derived = {} if derived is None else derived
        asked = tuple(ends)
        for layout, part in zip(self.layouts, self.plan.measures, strict=True):
            layout.extend(intakes[part.source])
        groups = len(self.groups)
        measured: dict[str, Measured] = {}
        present = np.zeros(len(ends) * groups, np.bool_)
        for layout, part, same in zip(self.layouts, self.plan.measures, self._same, strict=True):
            measure = part.measure
            which = (same, asked, layout.cells, len(layout.groups))
            found: _Measured | None = derived.get(which)
            if found is None:
                found = derived[which] = _derive(part, layout, intakes, ends, derived)
            projection = layout.project()
            if projection is None:
                present |= found.rows > 0
            else:
                found = _project(found, projection, len(ends), measure)
            shape = (len(ends), groups)
            measured[measure.name] = Measured(
                found.value.reshape(shape), found.known.reshape(shape), found.rows.reshape(shape)
            )
        return Answer(list(self.groups.all), measured, present.reshape(len(ends), groups))


def _derive(
    part: MeasurePlan, layout: Layout, intakes: Mapping[str, Intake], ends: Sequence[int], derived: Derived
) -> _Measured:
    """A measure of all windows and of all groups of the layout."""
    intake, measure = intakes[part.source], part.measure
    if part.scan:
        which = (part.scan, part.window, tuple(ends))
        if which not in derived:
            derived[which] = window_states(intake.panes[part.scan], part.window, ends, len(intake.keys[part.key]))
        cells = _paned(measure, layout, derived[which], len(ends))
    else:
        cells = fold_rows(part, layout, intakes, ends)
    found = _Measured(*cells) if not measure.per else _second_step(measure, layout, intake, cells, ends)
    for array in (found.value, found.known, found.rows):
        array.flags.writeable = False
    return found


def window_states(panes: Panes, window: Window, ends: Sequence[int], size: int) -> Folded:
    """The state of each window per key, one window behind the other: key k of window w is w * size + k."""
    length = panes.scan.pane_ms
    ranges = [(pane_index(window.first(end), length), pane_index(end, length)) for end in ends]
    empty = Folded.empty(0, panes.scan.folds)
    if all(last - first == 1 for first, last in ranges):
        return stack([panes.panes.get(first, empty) for first, _ in ranges], size, panes.scan.folds)
    oldest, behind = ranges[0][0], max(last for _, last in ranges)
    indexes = sorted(index for index in panes.panes if oldest <= index < behind)
    parts = [panes.panes[index].grown(size) for index in indexes]
    cuts = [(bisect_left(indexes, first), bisect_left(indexes, last)) for first, last in ranges]
    folds = panes.scan.folds
    return Folded(
        _running([part.count for part in parts], cuts, size).astype(np.int64),
        _running([_given(part.sum) for part in parts], cuts, size) if "sum" in folds else None,
        _extreme([_given(part.min) for part in parts], cuts, Folded.empty(size, folds).min) if "min" in folds else None,
        _extreme([_given(part.max) for part in parts], cuts, Folded.empty(size, folds).max) if "max" in folds else None,
        Ranks.placed(_side_by_side([part.ranks for part in parts], cuts, size), NO_RANKS) if "ranks" in folds else None,
        Registers.placed(_side_by_side([part.registers for part in parts], cuts, size), NO_REGISTERS)
        if "registers" in folds
        else None,
    )


def _side_by_side(parts: Sequence[Kind | None], cuts: Sequence[tuple[int, int]], size: int) -> list[tuple[Kind, int]]:
    """The sketches of each window, with the place of its first key."""
    return [
        (part, window * size)
        for window, (first, last) in enumerate(cuts)
        for part in parts[first:last]
        if part is not None
    ]


def _given(values: Integers | None) -> Integers:
    assert values is not None  # noqa: S101  # a scan's panes all have what it folds
    return values


def _running(parts: Sequence[Integers], cuts: Sequence[tuple[int, int]], size: int) -> Integers:
    """Sums of runs of panes, as differences of running totals."""
    total = np.zeros((len(parts) + 1, size), np.int64)
    if parts:
        block = np.stack(parts)
        if block.dtype == object or bound(block.ravel()) * len(parts) >= 1 << 63:
            total, block = total.astype(object), block.astype(object)
        total[1:] = np.cumsum(block, axis=0)
    return np.concatenate([total[last] - total[first] for first, last in cuts])


def _extreme(parts: Sequence[Integers], cuts: Sequence[tuple[int, int]], empty: Integers | None) -> Integers:
    nothing = _given(empty)
    lowest = bool(len(nothing)) and int(nothing[0]) > 0  # the neutral element of min is the greatest number
    ufunc = np.minimum if lowest else np.maximum
    return np.concatenate([ufunc.reduce([nothing, *parts[first:last]], axis=0) for first, last in cuts])


def _paned(measure: Measure, layout: Layout, states: Folded, windows: int) -> fold.Result:
    size = len(states) // windows
    # All windows at once: the pairs of window w are those of the layout, shifted by w keys and w cells.
    shift = np.arange(windows)[:, None]
    keys = (layout.pair_key[None, :] + shift * size).ravel()
    cells = (layout.pair_cell[None, :] + shift * layout.cells).ravel()
    folded = states.regroup(keys, cells, windows * layout.cells)
    value, known = folded.result(measure.agg, measure.scale, empty_sum_is_null=True, p=measure.p)
    return value, known, folded.count


def _second_step(
    measure: Measure, layout: Layout, intake: Intake, folded: fold.Result, ends: Sequence[int]
) -> _Measured:
    """Combinations with a folded row: `having` keeps, `each` maps, `then` folds to groups."""
    groups, windows = len(layout.groups), len(ends)
    values, knowns, counts = folded
    present = np.flatnonzero(counts)
    cells = present % layout.cells if layout.cells else present
    window = present // max(layout.cells, 1)
    codes = layout.cell_group[cells] + window * groups
    rows = np.bincount(codes, weights=counts[present], minlength=windows * groups).astype(np.int64)
    value, kept = values[present], knowns[present].copy()
    at = np.array(ends, np.int64)[window]
    columns = {"value": Column(value, kept.copy()), **_cell_columns(measure, layout, intake, cells, at)}
    if measure.having is not None:
        kept &= evaluate_where(measure.having, columns, len(cells), calendars=intake.plan.calendars)
    if measure.each is not None:
        mapped = evaluate(measure.each, columns, len(cells), calendars=intake.plan.calendars)
        value = _numbers(mapped)
        kept &= mapped.known()
    result, known = fold.then_fold(measure.then, value[kept], codes[kept], windows * groups, measure.then_p)
    if measure.then == "sum" and intake.source.kind == "records":
        known = np.ones(windows * groups, np.bool_)  # as a sum of records: nothing is 0
    return _Measured(result, known, rows)


def _cell_columns(measure: Measure, layout: Layout, intake: Intake, cells: Index, ends: Index) -> dict[str, Column]:
    used = set[str]()
    for node in (measure.having, measure.each):
        used |= _used(node)
    return layout.columns(intake, sorted(used - {"value"}), cells, ends)


def _used(node: Node | None) -> frozenset[str]:
    return names(node) if node is not None else frozenset()


def _project(found: _Measured, projection: Index, windows: int, measure: Measure) -> _Measured:
    """Values of the measure's own groups for the shared groups; a group it does not have is empty."""
    groups = len(found.value) // windows
    index = (projection[None, :] + np.arange(windows)[:, None] * groups).ravel()
    missing = np.tile(projection < 0, windows)
    index = np.where(missing, 0, index)
    zero = empty_is_zero(measure)
    if not groups:  # none of its rows has come yet
        nothing = np.zeros(len(index), np.int64)
        return _Measured(nothing.astype(np.float64), np.full(len(index), zero), nothing)
    return _Measured(
        np.where(missing, 0.0, found.value[index]),
        np.where(missing, zero, found.known[index]),
        np.where(missing, 0, found.rows[index]),
    )


def _numbers(column: Column) -> Numbers:
    """A result as float64; fixed point and bools are no result of a formula."""
    values = column.values
    return np.asarray(values, np.float64) if column.scale is None else values / 10.0**column.scale


def empty_is_zero(measure: Measure) -> bool:
    """Whether nothing folded makes 0; else it makes null."""
    last = measure.then if measure.per else measure.agg
    if last == "sum":
        return measure.records
    return last in ("count", "distinct", "distinct_approx", "online", "dwell")
