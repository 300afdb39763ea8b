"""Rowwise folds: the measure of each window and cell from the rows that a source keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics import fold
from metrics.column import Column
from metrics.evaluation import evaluate_exact, evaluate_where
from metrics.fold import Result
from metrics.formula import Node, names, uses_now
from metrics.intake import Intake
from metrics.journal import Journal
from metrics.keeping import NO_KEY, Index, instant_name, key_name, mark_name, number_name, truth_name
from metrics.layout import Layout
from metrics.ledger import Cells
from metrics.plan import MeasurePlan
from metrics.watermark import BEGINNING

ROWS_AT_ONCE = 1 << 20  # rows that are folded in one go: some 100 MB with all their cells


@dataclass(slots=True)
class _Picked:
    """Rows of a source by window: `row[i]` of the ledger counts in window `window[i]`."""

    row: Index
    window: Index

    def only(self, mask: NDArray[np.bool_]) -> _Picked:
        return _Picked(self.row[mask], self.window[mask])


def fold_rows(part: MeasurePlan, layout: Layout, intakes: Mapping[str, Intake], ends: Sequence[int]) -> Result:
    """(value, known, rows folded) of each window and cell, one window behind the other: cell c of window w is
    w * cells + c."""
    size = layout.cells
    parts = [
        _Fold(part, layout, intakes, tuple(ends[first:last])).result(rows)
        for first, last, rows in _runs(_select(part, intakes, ends))
    ]
    value, known, count = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    assert len(value) == size * len(ends)  # noqa: S101
    return value, known, count


def _runs(selected: Iterator[Index]) -> Iterator[tuple[int, int, list[Index]]]:
    """Runs of windows with about ROWS_AT_ONCE rows: (first, behind the last, their rows)."""
    first, rows, total = 0, list[Index](), 0
    for at, found in enumerate(selected):
        if rows and total + len(found) > ROWS_AT_ONCE:
            yield first, at, rows
            first, rows, total = at, [], 0
        rows.append(found)
        total += len(found)
    yield first, first + len(rows), rows


def _select(part: MeasurePlan, intakes: Mapping[str, Intake], ends: Sequence[int]) -> Iterator[Index]:
    """The rows of each window, before `where`."""
    measure, window, intake = part.measure, part.window, intakes[part.source]
    if intake.source.kind == "records":
        register = intake.register
        ledger = register.ledger
        for end in ends:
            if measure.agg == "dwell":
                start = window.first(end)
                yield np.flatnonzero((ledger["time"] < end) & (ledger["until"] > start) & ~ledger["deleted"])
                continue
            found = register.snapshot(end)
            if measure.agg != "online" and measure.at is not None and window.kind != "now":
                name = instant_name(measure.at)
                at = ledger[name][found]
                found = found[ledger[f"?{name}"][found] & (at < end) & (at >= window.first(end))]
            yield found
    else:
        reach = measure.hold_ms if measure.agg == "dwell" else 0
        yield from intake.journal.windows(window, ends, reach_ms=reach)


class _Fold:
    """One measure over some windows."""

    def __init__(self, part: MeasurePlan, layout: Layout, intakes: Mapping[str, Intake], ends: tuple[int, ...]) -> None:
        self._part = part
        self._measure = part.measure
        self._layout = layout
        self._intakes = intakes
        self._ends = np.array(ends, np.int64)
        self._intake = intakes[part.source]
        kept = self._intake.kept
        assert kept is not None  # noqa: S101  # the plan keeps the rows of what is folded rowwise
        self._keeping = kept.keeping
        self._ledger = kept.ledger
        self._size = layout.cells * len(ends)

    def result(self, rows: list[Index]) -> Result:
        """The measure of each window and cell."""
        picked = _Picked(np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(found) for found in rows]))
        key = key_name(self._part.key)
        if isinstance(self._intake.kept, Journal) and key in self._intake.kept.since:
            picked = picked.only(self._ledger[key][picked.row] != NO_KEY)
        if self._measure.where is not None:
            picked = picked.only(self._where(self._measure.where, picked))
        if self._measure.agg == "dwell":
            return self._dwell(picked)
        if self._measure.agg == "online":
            return self._online(picked)
        if self._measure.fields or (self._measure.field is not None and self._measure.kind != "number"):
            return self._told_apart(picked)
        values, picked = self._numbers(picked)
        at, codes = self._spread(picked)
        values = None if values is None else values[at]
        return self._fold(values, picked.row[at], codes)

    def _fold(self, values: Cells | None, rows: Index, codes: Index) -> Result:
        measure, size = self._measure, self._size
        if values is None or measure.agg in ("count", "sum", "mean", "min", "max"):
            readings = self._intake.source.kind == "readings"
            return fold.fold(measure.agg, values, measure.scale, codes, size, empty_sum_is_null=readings)
        if measure.agg.startswith("percentile"):
            return fold.percentile(values, measure.scale, codes, size, 50.0 if measure.p is None else measure.p)
        edges = fold.ends_of(self._order(rows), codes, size)
        counts = np.bincount(codes, minlength=size).astype(np.int64)
        if measure.agg in ("first", "last"):
            return fold.picked(values, measure.scale, edges[measure.agg == "last"], counts)
        if measure.agg == "delta":
            return fold.delta(values, measure.scale, edges, counts)
        return fold.rate(values, measure.scale, self._ledger["time"][rows], edges, counts, unit_ms=measure.rate_ms)

    def _order(self, rows: Index) -> tuple[NDArray[np.int64], ...]:
        """What makes a row the first or the last: readings by time, entity, identity; records by `at`, then key."""
        if self._intake.source.kind == "readings":
            return self._intake.journal.sort_keys(rows)
        at = self._measure.at
        entity = self._intake.entities.ranks()[self._ledger["entity"][rows]]
        return (self._ledger[instant_name(at)][rows], entity) if at is not None else (entity,)

    def _where(self, where: Node, picked: _Picked) -> NDArray[np.bool_]:
        if not uses_now(where):
            found: NDArray[np.bool_] = self._ledger[truth_name(where)][picked.row]
            return found
        calendars = self._intake.plan.calendars
        return self._by_window(
            picked,
            lambda rows, end: evaluate_where(where, self._raws(where, rows), len(rows), end, calendars=calendars),
        )

    def _numbers(self, picked: _Picked) -> tuple[Cells | None, _Picked]:
        """The fixed point field of the rows that have one."""
        field, scale = self._measure.field, self._measure.scale
        if field is None:
            return None, picked
        if uses_now(field):
            values: list[Cells] = []

            def known(rows: Index, end: int) -> NDArray[np.bool_]:
                column = evaluate_exact(
                    field, self._raws(field, rows), len(rows), scale, end, calendars=self._intake.plan.calendars
                )
                values.append(column.values)
                return column.known()

            mask = self._by_window(picked, known)
            joined = np.concatenate(values) if values else np.empty(0, np.int64)
            return joined[mask], picked.only(mask)
        name = number_name(field, scale)
        picked = picked.only(self._ledger[f"?{name}"][picked.row])
        return self._ledger[name][picked.row], picked

    def _told_apart(self, picked: _Picked) -> Result:
        """`distinct` values or tuples, and rows whose field is no number; a null part leaves the row out."""
        nodes = self._measure.fields or ((self._measure.field,) if self._measure.field is not None else ())
        for node in nodes:
            picked = picked.only(self._ledger[f"?{mark_name(node)}"][picked.row])
        at, codes = self._spread(picked)
        if self._measure.agg == "count":
            return fold.fold("count", None, 0, codes, self._size, empty_sum_is_null=False)
        columns = [self._ledger[mark_name(node)][picked.row[at]] for node in nodes]
        return fold.distinct(columns, codes, self._size)

    def _dwell(self, picked: _Picked) -> Result:
        """Whole ms of the parts that lie in their window and in open time, as seconds."""
        measure, window = self._measure, self._part.window
        ends = self._ends[picked.window]
        starts = np.array([window.first(int(end)) for end in self._ends], np.int64)[picked.window]
        begin = self._ledger["time"][picked.row]
        if self._intake.source.kind == "records":
            until = self._ledger["until"][picked.row]
            begin, until = self._since_ever(picked, begin, until)
        else:
            until = np.minimum(self._intake.journal.part_ends()[picked.row], begin + measure.hold_ms)
        begin, until = np.maximum(begin, starts), np.minimum(until, ends)
        spans = np.maximum(until - begin, 0)
        if measure.calendar:
            inside = spans > 0
            calendar = self._intake.plan.calendars[measure.calendar]
            spans[inside] = calendar.open_ms(begin[inside], until[inside])
        picked, spans = picked.only(spans > 0), spans[spans > 0]
        at, codes = self._spread(picked)
        value, _, rows = fold.fold("sum", spans[at], 3, codes, self._size, empty_sum_is_null=False)
        return value, np.ones(self._size, np.bool_), rows

    def _since_ever(self, picked: _Picked, begin: Cells, until: Cells) -> tuple[Cells, Cells]:
        """Versions without a change time begin at `at`; without that they have no dwell."""
        undated = begin <= BEGINNING
        if not undated.any():
            return begin, until
        at = self._measure.at
        if at is None:
            return begin, np.where(undated, begin, until)
        name = instant_name(at)
        known = self._ledger[f"?{name}"][picked.row]
        begin = np.where(undated & known, self._ledger[name][picked.row], begin)
        return begin, np.where(undated & ~known, begin, until)

    def _online(self, picked: _Picked) -> Result:
        """Registered entities that match, and how many of them were heard."""
        readings = self._intakes[self._measure.source]
        names = readings.entities.dictionary
        place = np.array([self._intake.code_of(name) for name in names], np.int64)
        heard = np.zeros((len(self._ends), len(self._intake.entities)), np.bool_)
        for window, end in enumerate(self._ends.tolist()):
            codes = place[readings.journal.heard(end - self._measure.within_ms, end)]
            heard[window, codes[codes >= 0]] = True
        at, cells = self._spread(picked)
        matched = heard[picked.window[at], self._ledger["entity"][picked.row[at]]]
        value = np.bincount(cells[matched], minlength=self._size).astype(np.float64)
        return value, np.ones(self._size, np.bool_), np.bincount(cells, minlength=self._size).astype(np.int64)

    def _spread(self, picked: _Picked) -> tuple[Index, Index]:
        """Each picked row once per cell: (which picked row, cell of its window)."""
        at, cells = self._layout.spread(self._ledger[key_name(self._part.key)][picked.row])
        return at, picked.window[at] * self._layout.cells + cells

    def _raws(self, node: Node, rows: Index) -> Mapping[str, Column]:
        source = self._intake.source
        found = {}
        for name in names(node):
            if name == source.entity:
                found[name] = Column(self._ledger["entity"][rows], dictionary=self._intake.entities.dictionary)
            elif name == source.time:
                found[name] = Column(self._ledger["time"][rows], self._ledger["time"][rows] > BEGINNING)
            else:
                found[name] = self._keeping.raw(self._ledger, name, rows)
        return found

    def _by_window(self, picked: _Picked, mask: Callable[[Index, int], NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """A mask made window by window, because now() is its end."""
        cuts = np.searchsorted(picked.window, np.arange(len(self._ends) + 1))
        parts = [
            np.asarray(mask(picked.row[first:last], int(end)))
            for first, last, end in zip(cuts[:-1], cuts[1:], self._ends, strict=True)
        ]
        return np.concatenate(parts) if parts else np.empty(0, np.bool_)
