"""Points: everything on one layer of the map, and the numbered deltas by which it changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from metrics.whereabouts_row import Row

Visible: TypeAlias = Callable[[str], bool]  # a region code -> whether the audience may see what stands in it


@dataclass(frozen=True, slots=True)
class Stand:
    """All rows by entity as they stand after delta `seq`."""

    seq: int
    rows: Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class Moves:
    """What changed since `seq` - 1: rows by entity, and entities that are not on the layer any more."""

    seq: int
    rows: Mapping[str, Row]
    left: tuple[str, ...]


@dataclass(slots=True)
class Points:
    """The state of one layer. A snapshot shows the state of the last flush, as a board's does."""

    visible: Visible | None = None
    seq: int = 0
    coalesced: int = 0
    _rows: dict[str, Row] = field(default_factory=dict)  # as flushed
    _changed: dict[str, Row | None] = field(default_factory=dict)

    def move(self, rows: Mapping[str, Row | None]) -> None:
        """Take rows in the order in which they were told; None: it stands here no more."""
        for entity, row in rows.items():
            here = row is not None and (self.visible is None or self.visible(row.region))
            self.coalesced += entity in self._changed
            if here:
                self._changed[entity] = row
            elif entity in self._rows:
                self._changed[entity] = None
            else:
                self._changed.pop(entity, None)

    def flush(self) -> Moves | None:
        """The delta of all that came since the last flush, or None when nothing did."""
        if not self._changed:
            return None
        self.seq += 1
        rows = {entity: row for entity, row in self._changed.items() if row is not None}
        left = tuple(entity for entity, row in self._changed.items() if row is None)
        self._rows.update(rows)
        for entity in left:
            self._rows.pop(entity, None)
        self._changed = {}
        return Moves(self.seq, rows, left)

    def snapshot(self) -> Stand:
        """The state after delta `seq`; what came after it is not in it."""
        return Stand(self.seq, self._rows)

    def restricted(self, visible: Visible) -> Points:
        """The layer as an audience may see it, with what is pending."""
        part = Points(visible, self.seq)
        part._rows = {entity: row for entity, row in self._rows.items() if visible(row.region)}
        part.move(self._changed)
        return part


def columns(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Rows as a frame says them: equally long lists. `lon`, `lat` are millionths of a degree (WGS-84), null where it is
    not known; `kind`, `region` are places in `kinds`, `regions`; `label`, `shape` are said of those that have one.
    """
    kinds, regions = _Words(), _Words()
    found: dict[str, Any] = {name: [] for name in ("id", "lon", "lat", "kind", "region", "level", "hollow")}
    labels: dict[str, str] = {}
    shapes: dict[str, str] = {}
    for entity, row in rows.items():
        found["id"].append(entity)
        found["lon"].append(None if row.place is None else round(row.place[0] / 10))
        found["lat"].append(None if row.place is None else round(row.place[1] / 10))
        found["kind"].append(kinds.code(row.kind))
        found["region"].append(regions.code(row.region))
        found["level"].append(row.level)
        found["hollow"].append(int(row.hollow))
        if row.label:
            labels[entity] = row.label
        if row.shape:
            shapes[entity] = row.shape
    found |= {"kinds": kinds.all, "regions": regions.all}
    return found | ({"label": labels} if labels else {}) | ({"shape": shapes} if shapes else {})


class _Words:
    """Texts by place."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, word: str) -> int:
        code = self._codes.get(word)
        if code is None:
            code = self._codes[word] = len(self.all)
            self.all.append(word)
        return code


def applied(stand: Stand, change: Moves) -> Stand:
    """What a client holds after a delta: the reference for the screen.

    Raises ValueError when the delta is not the next one.
    """
    if change.seq != stand.seq + 1:
        raise ValueError(f"delta {change.seq} does not follow {stand.seq}")
    left = frozenset(change.left)
    rows = {entity: row for entity, row in stand.rows.items() if entity not in left}
    return Stand(change.seq, {**rows, **change.rows})
