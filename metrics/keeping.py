"""Keeping: the columns that a source keeps of its rows, how they are named in its ledger, read back and made anew."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.formula import Node, names, text, uses_now
from metrics.ledger import Cells, Ledger
from metrics.measure import Measure
from metrics.observation import Batch, Dictionary
from metrics.plan import Kept, Key, Raw
from metrics.rows import Rows, coded
from metrics.source import Field, Source

NO_KEY = -1  # the code in a key column of a row that came before anybody asked for that key

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]


def truth_name(node: Node) -> str:
    """The ledger column of a condition."""
    return f"w:{text(node)}"


def number_name(node: Node, scale: int) -> str:
    """The ledger column of a fixed point field; with `?` before it: whether it is known."""
    return f"v{scale}:{text(node)}"


def mark_name(node: Node) -> str:
    """The ledger column of a value that is only told apart."""
    return f"d:{text(node)}"


def instant_name(node: Node) -> str:
    """The ledger column of a time expression."""
    return f"a:{text(node)}"


def raw_name(name: str) -> str:
    """The ledger column of a field as the rows have it."""
    return f"r:{name}"


def key_name(key: Key) -> str:
    """The ledger column of the codes of a key."""
    return f"k:{','.join(key)}"


class Keeping:
    """Which columns the ledger of one source has, and their cells for rows that come in.

    A column made from fields (a condition, a number, a key) has a second one with `?` before its name where it may be
    null. `fields`: what each column is made from; `raws`: fields as the rows have them, by ledger column.
    """

    def __init__(self, kept: Kept, source: Source, texts: dict[str, Dictionary]) -> None:
        self._kept = kept
        self._texts = texts
        self.types: dict[str, str] = {"time": "i8", "entity": "i4"}
        self.fields: dict[str, frozenset[str]] = {truth_name(node): names(node) for node in kept.truths}
        self.fields |= {number_name(node, scale): names(node) for node, scale in kept.numbers}
        self.fields |= {mark_name(node): names(node) for node in kept.marks}
        self.fields |= {instant_name(node): names(node) for node in kept.instants}
        self.fields |= {key_name(key): frozenset(key) for key in kept.keys}
        self.raws: dict[str, Raw] = {raw_name(raw.name): raw for raw in kept.raws}
        for node in kept.truths:
            self.types[truth_name(node)] = "?"
        for key in kept.keys:
            self.types[key_name(key)] = "i4"
        for name in (
            *(number_name(node, scale) for node, scale in kept.numbers),
            *map(mark_name, kept.marks), *map(instant_name, kept.instants), *self.raws,
        ):  # fmt: skip
            self.types |= {name: "i8", f"?{name}": "?"}
        self.base: tuple[str, ...] = (
            "time",
            "entity",
        )  # the columns that all others can be made from, if rows are whole
        if source.identity:
            self.types["identity"] = "i4"
            self.base += ("identity",)
        self.base += tuple(column for name in self.raws for column in (name, f"?{name}"))
        for name in (*map(mark_name, kept.marks), *(name for name, raw in self.raws.items() if _is_text(raw))):
            texts.setdefault(name, Dictionary([""]))

    def cells(self, rows: Rows) -> dict[str, Cells]:
        """The cells of rows, by ledger column."""
        found: dict[str, Cells] = {"time": rows.time, "entity": rows.entity}
        for name, raw in self.raws.items():
            column = rows.column(raw.name)
            if _is_text(raw):
                column = self._told_apart(name, column)
            _put(found, name, column)
        return found | self.made(rows, self.fields)

    def made(self, rows: Rows, wanted: Collection[str]) -> dict[str, Cells]:
        """The cells of some of the columns that are made from fields."""
        found: dict[str, Cells] = {}
        for node in self._kept.truths:
            if truth_name(node) in wanted:
                found[truth_name(node)] = rows.where(node)
        for key in self._kept.keys:
            if key_name(key) in wanted:
                found[key_name(key)] = rows.keys(key)
        for node, scale in self._kept.numbers:
            if number_name(node, scale) in wanted:
                _put(found, number_name(node, scale), rows.exact(node, scale))
        for node in self._kept.marks:
            if mark_name(node) in wanted:
                _put(found, mark_name(node), self._told_apart(mark_name(node), rows.value(node)))
        for node in self._kept.instants:
            if instant_name(node) in wanted:
                _put(found, instant_name(node), rows.value(node))
        return found

    def batch(self, ledger: Ledger, source: str, entities: Dictionary, lacking: Collection[str] = ()) -> Batch:
        """All kept rows with the fields that are kept of them, but for the raw columns that are `lacking`."""
        everything = np.arange(len(ledger))
        fields = {
            raw.name: self.raw(ledger, raw.name, everything) for name, raw in self.raws.items() if name not in lacking
        }
        return Batch(source, ledger["time"], ledger["entity"], entities, fields)

    def raw(self, ledger: Ledger, name: str, at: Index) -> Column:
        """A field of some rows as expressions read it; null where `at` is -1."""
        raw = self.raws[raw_name(name)]
        cells, valid = ledger[raw_name(name)], ledger[f"?{raw_name(name)}"]
        if not len(cells):
            cells, valid, at = np.zeros(1, np.int64), np.zeros(1, np.bool_), np.zeros(len(at), np.intp)
        known = valid[at] & (at >= 0)
        values = cells[at]
        if raw.kind == "point":
            return Column(_places(self._texts[raw_name(name)])[values], known, raw.scale)
        if raw.kind == "intervals":
            return Column(values.astype(np.int32), known, dictionary=_spans(self._texts[raw_name(name)]))
        if raw.kind == "text":
            return Column(values.astype(np.int32), known, dictionary=self._texts[raw_name(name)])
        if raw.kind == "bool":
            return Column(values.astype(np.bool_), known)
        return Column(np.where(known, values, 0), known, raw.scale if raw.kind == "number" else None)

    def _told_apart(self, name: str, column: Column) -> Column:
        if column.values.ndim == 2:
            distinct, inverse = np.unique(column.values, axis=0, return_inverse=True)
            places = [f"{longitude} {latitude}" for longitude, latitude in distinct.tolist()]
            column = Column(inverse.reshape(-1).astype(np.int32), column.valid, dictionary=places)
        if column.dictionary is not None:
            if column.dictionary and not isinstance(column.dictionary[0], str):
                column = Column(
                    column.values, column.valid, dictionary=[_written(spans) for spans in column.dictionary]
                )
            return Column(coded(self._texts[name], column).astype(np.int64), column.valid)
        if column.values.dtype.kind == "f":
            return Column(np.ascontiguousarray(column.values + 0.0).view(np.int64), column.valid)
        return column


def _put(found: dict[str, Cells], name: str, column: Column) -> None:
    known = column.known()
    values = column.values
    if column.valid is not None:
        values = np.where(known, values, 0)
    found[name] = values if values.dtype == object else values.astype(np.int64, copy=False)
    found[f"?{name}"] = known


def _is_text(raw: Raw) -> bool:
    return raw.kind in ("text", "intervals", "point")


def _written(spans: Any) -> str:
    """Intervals as text: start/end pairs in ms, an open end left out."""
    return ";".join(f"{start}/{'' if end is None else end}" for start, end in spans) or ";"


def _read(text_: str) -> tuple[tuple[int, int | None], ...]:
    pairs = (part.split("/") for part in text_.split(";") if part)
    return tuple((int(start), int(end) if end else None) for start, end in pairs)


def _places(texts: Dictionary) -> NDArray[np.int64]:
    """Points by code, shape (texts, 2); null is at 0 0."""
    return np.array([[int(part) for part in one.split()] or [0, 0] for one in texts], np.int64).reshape(-1, 2)


def rescaled(cells: Cells, before: tuple[str, int], field: Field) -> Cells | None:
    """Raw cells of a field as its declaration is now, rounded half to even; None if they cannot be read so."""
    alike = ({"int", "decimal"}, {"text", "category"})
    if not any({before[0], field.type} <= kinds for kinds in alike):
        return None
    step = field.scale - before[1]
    if step >= 0 or field.type not in ("int", "decimal"):
        return cells.astype(object) * 10**step if step > 0 else cells
    unit = 10**-step
    whole, rest = cells // unit, cells % unit
    return np.asarray(whole + ((2 * rest > unit) | ((2 * rest == unit) & (whole % 2 == 1))))


def columns_of(measure: Measure, key: Key) -> tuple[str, ...]:
    """The ledger columns that a measure reads of kept rows, without those for null."""
    found = [key_name(key)] if measure.agg != "online" else []
    where, field, at = measure.where, measure.field, measure.at
    for node in (where, field, at):
        if node is not None and uses_now(node):
            found += [raw_name(name) for name in names(node)]
    if where is not None and not uses_now(where):
        found.append(truth_name(where))
    if field is not None and not uses_now(field):
        found.append(number_name(field, measure.scale) if measure.kind == "number" else mark_name(field))
    found += [mark_name(node) for node in measure.fields]
    if at is not None and not uses_now(at):
        found.append(instant_name(at))
    return tuple(found)


def _spans(texts: Dictionary) -> Any:
    return [_read(one) for one in texts]
