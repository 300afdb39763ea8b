"""Intake: a batch of one source becomes folded panes; late rows and duplicates are counted and left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.aggregate import Folded
from metrics.clock import LOCAL_OFFSET_MS
from metrics.column import Column
from metrics.evaluation import evaluate_exact, evaluate_where
from metrics.formula import Node, names, text
from metrics.identity import Identities
from metrics.keyspace import Codes, Entities, Keys, at_rows
from metrics.measure import ENTITY
from metrics.observation import Batch, Dictionary
from metrics.plan import Key, Scan, SourcePlan
from metrics.watermark import BEGINNING, Watermark

_DENSE = 4  # a batch is folded over all its panes at once while panes x keys stay below this many times its rows


@dataclass(slots=True)
class Panes:
    """The state of one scan by pane index. `touched`: changed since the last publication."""

    scan: Scan
    panes: dict[int, Folded] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    dirty: set[int] = field(default_factory=set)  # changed or dropped since the last checkpoint

    def merge(self, index: int, part: Folded) -> None:
        known = self.panes.get(index)
        self.panes[index] = part if known is None else known.grown(len(part)).merge(part)
        self.touched.add(index)
        self.dirty.add(index)

    def forget(self, before: int) -> None:
        """Drop panes below this index."""
        for index in [index for index in self.panes if index < before]:
            del self.panes[index]
            self.dirty.add(index)


@dataclass(slots=True)
class Counters:
    """What became of the rows of a source since the world began."""

    rows: int = 0  # admitted by the contract, late ones and duplicates included
    late: int = 0
    duplicate: int = 0
    unregistered: int = 0


class Intake:
    """One source: its entities, keys, identities, watermark, presence and the panes of its scans."""

    def __init__(self, plan: SourcePlan) -> None:
        source = plan.source
        self.plan = plan
        self.entities = Entities(source, plan.registry)
        self.texts: dict[str, Dictionary] = {}
        self.keys: dict[Key, Keys] = {}
        for scan in plan.scans:
            for column in scan.key:
                if column != ENTITY:
                    self.texts.setdefault(column, Dictionary([""]))
            if scan.key not in self.keys:
                self.keys[scan.key] = Keys(scan.key, self.entities.dictionary, self.texts)
        self.panes = {scan.id: Panes(scan) for scan in plan.scans}
        self.watermark = Watermark(source.disorder_ms, source.lateness_ms, source.idle_ms)
        self.identities = Identities(source.lateness_ms)
        self.newest_in: dict[int, int] = {}  # pane of the source's grid -> newest event time in it
        self.oldest_ms: int | None = None  # the oldest row of the batches since the last publication
        self.counters = Counters()
        self.changed = False

    def take(self, batch: Batch, now_ms: int) -> None:
        """Fold a batch in. The rows are judged in their order: late, then duplicate, then folded."""
        self.changed = True
        self.counters.rows += batch.rows
        mapping = self.entities.dictionary.codes(batch.entities)
        rows = _Rows(batch, mapping, self)
        late = self.watermark.late(rows.time)
        if late is not None:
            self.counters.late += int(late.sum())
            rows.keep(~late)
        new = self.identities.admit(rows.entity, rows.time)
        if new is not None:
            self.counters.duplicate += len(new) - int(new.sum())
            rows.keep(new)
        if not len(rows.time):
            return
        missing = self.entities.unregistered()
        if missing is not None:
            self.counters.unregistered += int(missing[rows.entity].sum())
        oldest = int(rows.time.min())
        self.oldest_ms = oldest if self.oldest_ms is None else min(self.oldest_ms, oldest)
        self.watermark.heard(int(rows.time.max()), now_ms)
        self._note_presence(rows)
        for scan in self.plan.scans:
            self._fold(scan, rows)

    def newest_before(self, at_ms: int, since_ms: int) -> int | None:
        """The newest event time in [since, at), both on a scale of which `at` is a grid instant; None if none."""
        grid = self.plan.grid_ms
        first, last = (since_ms + LOCAL_OFFSET_MS) // grid, (at_ms - 1 + LOCAL_OFFSET_MS) // grid
        span: Iterable[int] = range(last, first - 1, -1)
        if last - first > len(self.newest_in):
            span = sorted((pane for pane in self.newest_in if first <= pane <= last), reverse=True)
        for pane in span:
            newest = self.newest_in.get(pane)
            if newest is not None:
                return newest if newest >= since_ms else None
        return None

    def settle(self, before_ms: int, panes_before: Mapping[str, int]) -> None:
        """Everything due was published: nothing counts as touched, and what can change no more is dropped.

        `before_ms`: presence older than this is not asked for again; `panes_before`: per scan the first pane needed.
        """
        self.oldest_ms = None
        self.identities.forget(self.watermark.closed_ms)
        grid = self.plan.grid_ms
        kept_from = (before_ms - (self.plan.source.stale_after_ms or 0) + LOCAL_OFFSET_MS) // grid
        for pane in [pane for pane in self.newest_in if pane < kept_from]:
            del self.newest_in[pane]
            self.changed = True
        for scan, panes in self.panes.items():
            panes.touched.clear()
            if scan in panes_before:
                panes.forget(panes_before[scan])

    def _note_presence(self, rows: _Rows) -> None:
        low, index, count = rows.panes(self.plan.grid_ms)
        if count == 1:
            newest = {low: int(rows.time.max())}
        else:
            tops = np.full(count, BEGINNING, np.int64)
            np.maximum.at(tops, index, rows.time)
            newest = {low + pane: int(tops[pane]) for pane in np.flatnonzero(tops > BEGINNING).tolist()}
        for pane, top in newest.items():
            self.newest_in[pane] = max(top, self.newest_in.get(pane, top))

    def _fold(self, scan: Scan, rows: _Rows) -> None:
        state = self.panes[scan.id]
        keys = rows.keys(scan.key)
        size = len(self.keys[scan.key])
        low, index, count = rows.panes(scan.pane_ms)
        values: NDArray[np.generic] | None = None
        chosen: NDArray[np.bool_] | None = None if scan.where is None else rows.where(scan.where)
        if scan.field is not None:
            column = rows.exact(scan.field, scan.scale)
            values = column.values
            if column.valid is not None:
                chosen = column.valid if chosen is None else chosen & column.valid
        if chosen is not None and not chosen.all():
            kept = np.flatnonzero(chosen)
            keys = keys[kept]
            values = None if values is None else values[kept]
            index = index[kept] if count > 1 else index
        if not len(keys):
            return
        if count == 1:
            state.merge(low, Folded.of(values, keys, size, scan.folds))
        elif count * size <= _DENSE * len(keys) + 4096:
            flat = index * np.int64(size) + keys
            whole = Folded.of(values, flat, count * size, scan.folds)
            for pane in range(count):
                part = whole.slice(pane * size, size)
                if part.count.any():
                    state.merge(low + pane, part)
        else:
            order = np.argsort(index, kind="stable")
            ordered = index[order]
            for rows_of_pane in np.split(order, np.flatnonzero(np.diff(ordered)) + 1):
                picked = None if values is None else values[rows_of_pane]
                part = Folded.of(picked, keys[rows_of_pane], size, scan.folds)
                state.merge(low + int(index[rows_of_pane[0]]), part)


class _Rows:
    """The rows of a batch that still count, and the columns that expressions ask for, each made once."""

    def __init__(self, batch: Batch, mapping: Codes, intake: Intake) -> None:
        self.time = batch.time
        same = np.array_equal(mapping, np.arange(len(mapping), dtype=np.int32))
        self.entity: Codes = batch.entity if same else mapping[batch.entity]
        self._batch = batch
        self._intake = intake
        self._kept: NDArray[np.intp] | None = None
        self._columns: dict[str, Column] = {}
        self._made: dict[tuple[str, int], Column] = {}
        self._chosen: dict[str, NDArray[np.bool_]] = {}
        self._keys: dict[Key, Codes] = {}
        self._panes: dict[int, tuple[int, NDArray[np.int64], int]] = {}

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Leave the other rows out; only before any column was asked for."""
        kept = np.flatnonzero(mask)
        self.time, self.entity = self.time[kept], self.entity[kept]
        self._kept = kept if self._kept is None else self._kept[kept]

    def panes(self, pane_ms: int) -> tuple[int, NDArray[np.int64], int]:
        """(index of the lowest pane, pane of each row above it, number of panes spanned)."""
        found = self._panes.get(pane_ms)
        if found is None:
            low = (int(self.time.min()) + LOCAL_OFFSET_MS) // pane_ms
            count = (int(self.time.max()) + LOCAL_OFFSET_MS) // pane_ms - low + 1
            start = low * pane_ms - LOCAL_OFFSET_MS
            index = np.empty(0, np.int64) if count == 1 else (self.time - start) // pane_ms
            found = self._panes[pane_ms] = (low, index, count)
        return found

    def keys(self, key: Key) -> Codes:
        found = self._keys.get(key)
        if found is None:
            parts = [self.entity if column == ENTITY else self._field_codes(column) for column in key]
            found = self._keys[key] = self._intake.keys[key].codes(parts, len(self.time))
        return found

    def exact(self, node: Node, scale: int) -> Column:
        name = (text(node), scale)
        if name not in self._made:
            self._made[name] = evaluate_exact(node, self._for(node), len(self.time), scale)
        return self._made[name]

    def where(self, node: Node) -> NDArray[np.bool_]:
        name = text(node)
        if name not in self._chosen:
            self._chosen[name] = evaluate_where(node, self._for(node), len(self.time))
        return self._chosen[name]

    def _for(self, node: Node) -> dict[str, Column]:
        return {name: self._column(name) for name in names(node)}

    def _column(self, name: str) -> Column:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._make(name)
        return found

    def _make(self, name: str) -> Column:
        source = self._intake.plan.source
        if name == source.entity:
            return Column(self.entity, dictionary=self._intake.entities.dictionary)
        if name == source.time:
            return Column(self.time)
        if name not in source.fields:
            return at_rows(self._intake.entities.column(name), self.entity)
        given = self._batch.fields.get(name)
        if given is None:
            kind = source.fields[name]
            rows = len(self.time)
            nothing = np.zeros(rows, np.bool_)
            if kind.type in ("text", "category"):
                return Column(np.full(rows, -1, np.int32), nothing, None, ())
            return Column(np.zeros(rows, np.int64), nothing, kind.scale if kind.type in ("int", "decimal") else None)
        return given if self._kept is None else at_rows(given, self._kept)

    def _field_codes(self, name: str) -> Codes:
        """A field of the row as codes of the source's own texts; null is NULL_CODE."""
        texts = self._intake.texts[name]
        column = self._column(name)
        if column.dictionary is not None:
            # -1 stands for null and picks the last element.
            mapping = np.append(texts.codes(column.dictionary), np.int32(0))
            codes = mapping[column.values]
        else:
            distinct, inverse = np.unique(column.values, return_inverse=True)
            codes = texts.codes([printed(value, column) for value in distinct])[inverse]
        if column.valid is not None:
            codes = np.where(column.valid, codes, np.int32(0))
        return codes.astype(np.int32, copy=False)


def printed(value: np.generic, column: Column) -> str:
    """A number or truth value of a column as the text of a dimension."""
    if value.dtype.kind == "b":
        return "true" if value else "false"
    whole = int(value)
    if not column.scale:
        return str(whole)
    return format(whole / 10**column.scale, ".15g")
