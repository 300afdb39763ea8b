"""The rows of a batch that still count, and the columns that expressions ask for, each made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.column import Column
from metrics.evaluation import evaluate, evaluate_exact, evaluate_where
from metrics.formula import Node, names, text
from metrics.keyspace import Codes, Entities, Keys, at_rows
from metrics.measure import ENTITY
from metrics.observation import Batch, Dictionary
from metrics.plan import Key, SourcePlan
from metrics.source import Source
from metrics.watermark import BEGINNING


class Owner(Protocol):
    """What rows ask of the source that took them."""

    plan: SourcePlan
    entities: Entities
    texts: dict[str, Dictionary]
    keys: dict[Key, Keys]

    @property
    def source(self) -> Source: ...

    def taken(self, name: str, rows: Rows) -> Column:
        """A registry field, or the region, of each row."""
        ...


class Rows:
    """Rows of one source in order of arrival: `time` (ms UTC) and `entity` (codes of the source's dictionary)."""

    def __init__(self, batch: Batch, mapping: Codes, owner: Owner) -> None:
        self.time = batch.time
        same = np.array_equal(mapping, np.arange(len(mapping), dtype=np.int32))
        self.entity: Codes = batch.entity if same else mapping[batch.entity]
        self._batch = batch
        self._owner = owner
        self._kept: NDArray[np.intp] | None = None
        self._columns: dict[str, Column] = {}
        self._made: dict[tuple[str, int], Column] = {}
        self._chosen: dict[str, NDArray[np.bool_]] = {}
        self._codes: dict[str, Codes] = {}
        self._keys: dict[Key, Codes] = {}
        self._panes: dict[int, tuple[int, NDArray[np.int64], int]] = {}
        self._cells: dict[tuple[Key, int, int], NDArray[np.int64]] = {}

    def __len__(self) -> int:
        return len(self.time)

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """Leave the other rows out."""
        kept = np.flatnonzero(mask)
        self.time, self.entity = self.time[kept], self.entity[kept]
        self._kept = kept if self._kept is None else self._kept[kept]
        for made in (self._columns, self._made, self._chosen, self._codes, self._keys, self._panes, self._cells):
            made.clear()

    def of(self, mask: NDArray[np.bool_]) -> Rows:
        """Some of these rows, as rows of their own."""
        part = Rows(self._batch, np.arange(len(self._batch.entities), dtype=np.int32), self._owner)
        part.time, part.entity, part._kept = self.time, self.entity, self._kept
        part.keep(mask)
        return part

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
        """The key of each row."""
        found = self._keys.get(key)
        if found is None:
            parts = [self.entity if column == ENTITY else self.codes(column) for column in key]
            found = self._keys[key] = self._owner.keys[key].codes(parts, len(self.time))
        return found

    def cells(self, key: Key, pane_ms: int, size: int) -> NDArray[np.int64]:
        """The pane and the key of each row in one: key k of the n-th pane spanned is n * size + k."""
        found = self._cells.get((key, pane_ms, size))
        if found is None:
            found = self._cells[key, pane_ms, size] = self.panes(pane_ms)[1] * np.int64(size) + self.keys(key)
        return found

    def exact(self, node: Node, scale: int) -> Column:
        """A number as fixed point."""
        name = (text(node), scale)
        if name not in self._made:
            self._made[name] = evaluate_exact(
                node, self.columns(node), len(self.time), scale, calendars=self._owner.plan.calendars
            )
        return self._made[name]

    def where(self, node: Node) -> NDArray[np.bool_]:
        """Where a condition is true."""
        name = text(node)
        if name not in self._chosen:
            self._chosen[name] = evaluate_where(
                node, self.columns(node), len(self.time), calendars=self._owner.plan.calendars
            )
        return self._chosen[name]

    def value(self, node: Node) -> Column:
        """An expression of any kind: times in ms, texts as codes."""
        return evaluate(node, self.columns(node), len(self.time), calendars=self._owner.plan.calendars)

    def columns(self, node: Node) -> Mapping[str, Column]:
        """The columns that an expression names."""
        return {name: self.column(name) for name in names(node)}

    def column(self, name: str) -> Column:
        """A field, a registry field or the region of each row."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._make(name)
        return found

    def codes(self, name: str) -> Codes:
        """A column as codes of the source's own texts; null is NULL_CODE."""
        found = self._codes.get(name)
        if found is None:
            column, field = self.column(name), self._owner.source.fields.get(name)
            if field is not None and field.type == "bool":
                column = replace(column, values=column.values.astype(np.bool_))
            found = self._codes[name] = coded(self._owner.texts[name], column)
        return found

    def _make(self, name: str) -> Column:
        source = self._owner.source
        given = self._batch.fields.get(name)
        if given is not None:
            return given if self._kept is None else at_rows(given, self._kept)
        if name == source.entity:
            return Column(self.entity, dictionary=self._owner.entities.dictionary)
        if name == source.time:
            dated = self.time > BEGINNING
            return Column(self.time, None if dated.all() else dated)
        if name not in source.fields:
            return self._owner.taken(name, self)
        return nothing(source, name, len(self.time))


def nothing(source: Source, name: str, rows: int) -> Column:
    """A declared field without any value."""
    kind = source.fields[name]
    never = np.zeros(rows, np.bool_)
    if kind.type in ("text", "category", "intervals"):
        return Column(np.full(rows, -1, np.int32), never, None, ())
    if kind.type == "bool":
        return Column(np.zeros(rows, np.bool_), never)
    return Column(np.zeros(rows, np.int64), never, kind.scale if kind.type in ("int", "decimal") else None)


def coded(texts: Dictionary, column: Column) -> Codes:
    """A column as codes of a dictionary that begins with the text of null."""
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
