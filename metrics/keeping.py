"""Keeping: the columns that a source keeps of its rows, how they are named in its ledger and read back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.formula import Node, text
from metrics.ledger import Cells, Ledger
from metrics.observation import Dictionary
from metrics.plan import Kept, Key, Raw
from metrics.rows import Rows, coded
from metrics.source import Source

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
    """Which columns the ledger of one source has, and their cells for rows that come in."""

    def __init__(self, kept: Kept, source: Source, texts: dict[str, Dictionary]) -> None:
        self._kept = kept
        self._texts = texts
        self.types: dict[str, str] = {"time": "i8", "entity": "i4"}
        for node in kept.truths:
            self.types[truth_name(node)] = "?"
        for key in kept.keys:
            self.types[key_name(key)] = "i4"
        for name in (
            *(number_name(node, scale) for node, scale in kept.numbers),
            *map(mark_name, kept.marks), *map(instant_name, kept.instants), *(raw_name(raw.name) for raw in kept.raws),
        ):  # fmt: skip
            self.types |= {name: "i8", f"?{name}": "?"}
        if source.identity:
            self.types["identity"] = "i4"
        for name in (*map(mark_name, kept.marks), *(raw_name(raw.name) for raw in kept.raws if _is_text(raw))):
            texts.setdefault(name, Dictionary([""]))

    def cells(self, rows: Rows) -> dict[str, Cells]:
        """The cells of rows, by ledger column."""
        found: dict[str, Cells] = {"time": rows.time, "entity": rows.entity}
        for node in self._kept.truths:
            found[truth_name(node)] = rows.where(node)
        for key in self._kept.keys:
            found[key_name(key)] = rows.keys(key)
        for node, scale in self._kept.numbers:
            _put(found, number_name(node, scale), rows.exact(node, scale))
        for node in self._kept.marks:
            _put(found, mark_name(node), self._told_apart(mark_name(node), rows.value(node)))
        for node in self._kept.instants:
            _put(found, instant_name(node), rows.value(node))
        for raw in self._kept.raws:
            column = rows.column(raw.name)
            if _is_text(raw):
                column = self._told_apart(raw_name(raw.name), column)
            _put(found, raw_name(raw.name), column)
        return found

    def raw(self, ledger: Ledger, name: str, at: Index) -> Column:
        """A field of some rows as expressions read it; null where `at` is -1."""
        raw = next(raw for raw in self._kept.raws if raw.name == name)
        cells, valid = ledger[raw_name(name)], ledger[f"?{raw_name(name)}"]
        if not len(cells):
            cells, valid, at = np.zeros(1, np.int64), np.zeros(1, np.bool_), np.zeros(len(at), np.intp)
        known = valid[at] & (at >= 0)
        values = cells[at]
        if raw.kind == "intervals":
            return Column(values.astype(np.int32), known, dictionary=_spans(self._texts[raw_name(name)]))
        if raw.kind == "text":
            return Column(values.astype(np.int32), known, dictionary=self._texts[raw_name(name)])
        if raw.kind == "bool":
            return Column(values.astype(np.bool_), known)
        return Column(np.where(known, values, 0), known, raw.scale if raw.kind == "number" else None)

    def _told_apart(self, name: str, column: Column) -> Column:
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
    return raw.kind in ("text", "intervals")


def _written(spans: Any) -> str:
    """Intervals as text: start/end pairs in ms, an open end left out."""
    return ";".join(f"{start}/{'' if end is None else end}" for start, end in spans) or ";"


def _read(text_: str) -> tuple[tuple[int, int | None], ...]:
    pairs = (part.split("/") for part in text_.split(";") if part)
    return tuple((int(start), int(end) if end else None) for start, end in pairs)


def _spans(texts: Dictionary) -> Any:
    return [_read(one) for one in texts]
