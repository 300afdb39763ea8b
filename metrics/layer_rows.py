"""Rows of a layer: what the map says of some entities, made from the versions of their records that stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.calendar import Calendar
from metrics.column import Column
from metrics.evaluation import evaluate_where
from metrics.formula import Node
from metrics.layer import Layer
from metrics.whereabouts_row import Row


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions of records: their entities, change times (ms), and the fields that are asked of them."""

    names: Sequence[str]
    times: NDArray[np.int64]
    columns: Mapping[str, Column]


Moved = Mapping[str, tuple[int, int, int]]  # entity -> its newest place: (ms, longitude, latitude)


def standing(layer: Layer, versions: Versions, moved: Moved, calendars: Mapping[str, Calendar]) -> dict[str, Row]:
    """Entity -> its row, of those that stand on the layer; each entity once."""
    shown = _truth(layer.where, versions.columns, len(versions.names), calendars)
    if shown is not None and not shown.all():
        here = np.flatnonzero(shown)
        columns = {name: taken(column, here) for name, column in versions.columns.items()}
        versions = Versions([versions.names[one] for one in here.tolist()], versions.times[here], columns)
    return dict(zip(versions.names, _each(layer, versions, moved, calendars), strict=True))


def shown(
    wheres: Sequence[Node | None], columns: Mapping[str, Column], rows: int, calendars: Mapping[str, Calendar]
) -> NDArray[np.bool_]:
    """Which versions stand on one of several layers, by their conditions; None: all do."""
    found: NDArray[np.bool_] = np.zeros(rows, np.bool_)
    for where in wheres:
        truth = _truth(where, columns, rows, calendars)
        found |= True if truth is None else truth
    return found


def taken(column: Column, at: NDArray[np.intp]) -> Column:
    """Some cells of a column."""
    valid = None if column.valid is None else column.valid[at]
    return Column(column.values[at], valid, column.scale, column.dictionary)


def _each(layer: Layer, versions: Versions, moved: Moved, calendars: Mapping[str, Calendar]) -> Iterator[Row]:
    columns, rows = versions.columns, len(versions.names)
    levels: list[str | None] = [None] * rows
    for level, node in reversed(layer.levels):
        found = _truth(node, columns, rows, calendars)
        for at in np.flatnonzero(found).tolist() if found is not None else ():
            levels[at] = level
    hollow = _truth(layer.hollow, columns, rows, calendars)
    point, known = columns[layer.point].values.tolist(), columns[layer.point].known().tolist()
    hollows = [False] * rows if hollow is None else hollow.tolist()
    kind, label, shape, region = (
        _cells(columns[name], rows) if name else [None] * rows
        for name in (layer.kind, layer.label, layer.shape, layer.region)
    )
    shows = {name: _cells(columns[name], rows) for name in layer.shows}
    changes = versions.times.tolist()
    for at, name in enumerate(versions.names):
        changed, place = changes[at], (point[at][0], point[at][1]) if known[at] else None
        if name in moved:
            changed, place = max(changed, moved[name][0]), moved[name][1:]
        yield Row(
            changed, place, _word(region[at]), _word(kind[at]), levels[at], hollows[at],
            _word(label[at]), _word(shape[at]) or None,
            {field: cells[at] for field, cells in shows.items() if cells[at] is not None},
        )  # fmt: skip


def _truth(
    node: Node | None, columns: Mapping[str, Column], rows: int, calendars: Mapping[str, Calendar]
) -> NDArray[np.bool_] | None:
    return None if node is None else np.array(evaluate_where(node, columns, rows, calendars=calendars))


def _cells(column: Column, rows: int) -> list[Any]:
    """Cells as plain values: numbers with decimals as float, times as whole ms; null is None."""
    if column.values.ndim == 2:
        cells: list[Any] = [None] * rows
    elif column.dictionary is not None:
        words = column.dictionary
        cells = [str(words[code]) if code >= 0 else None for code in column.values.tolist()]
    elif column.scale:
        cells = [value / 10**column.scale for value in column.values.tolist()]
    else:
        cells = column.values.tolist()
    if column.valid is None:
        return cells
    return [cell if known else None for cell, known in zip(cells, column.valid.tolist(), strict=True)]


def _word(cell: Any) -> str:
    return "" if cell is None else str(cell)
