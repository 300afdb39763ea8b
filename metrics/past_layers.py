"""The layers of a map in the past: what stood on each at a moment of the archive, and what is otherwise at another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.archive import Life, day_end, day_of
from metrics.archive_cells import Known
from metrics.archive_evidence import Evidence
from metrics.archive_tenures import Tenures
from metrics.definition import Bundle
from metrics.layer import Layer
from metrics.layer_rows import standing
from metrics.tenure_asked import asked_of
from metrics.tenured import Tenured
from metrics.whereabouts_row import Row

Place = tuple[int, int, int]
Packed = dict[int, bytes]  # what tells a version from all others -> its row
RETRIES: Final = 3  # a part that was merged between listing and reading: list again


@dataclass(slots=True)
class PastLayers:
    """Reads one life of a world, as known then or now, by the layers of a bundle. It keeps the day that was asked for
    last, and in `kept` the rows that stood. Raises OSError, pa.ArrowException when a file is damaged."""

    root: Path
    life: Life
    known: Known
    bundle: Bundle
    kept: dict[str, Packed] = field(default_factory=dict)
    _tenures: dict[str, Tenures] = field(default_factory=dict)
    _days: dict[str, Tenured] = field(default_factory=dict)
    _day: str = ""

    def __post_init__(self) -> None:
        for asked in asked_of(self.layers, self.bundle.sources):
            self._tenures[asked.source.id] = Tenures(
                self.root, self.life, asked, self.known, self.bundle.calendars, self._evidence
            )

    @property
    def layers(self) -> Sequence[Layer]:
        return self.bundle.layers

    def standing(self, at_ms: int) -> dict[str, dict[str, bytes]]:
        """Layer (`scene/layer`) -> entity -> its row as whereabouts are kept, of all that stood at a moment."""
        self._turn_to(day_of(at_ms))
        self.told()
        return {layer.name: self._packed(layer, at_ms) for layer in self.layers}

    def changes(self, after_ms: int, until_ms: int) -> dict[str, dict[str, Row | None]]:
        """Of each layer the entities that stand otherwise at the later moment: their rows, None for those that left."""
        found: dict[str, dict[str, Row | None]] = {layer.name: {} for layer in self.layers}
        while after_ms < until_ms:  # day by day
            self._turn_to(day_of(after_ms + 1))
            until = min(until_ms, day_end(self._day) - 1)
            for layer in self.layers:
                touched = self._days[layer.source].touched(after_ms, until)
                if layer.moves:
                    touched |= self._days[layer.moves].touched(after_ms, until)
                if touched:
                    at = self._at(layer.source, until, touched)
                    found[layer.name] |= dict.fromkeys(touched) | self._rows(layer, at, until)
            after_ms = until
        return {name: rows for name, rows in found.items() if rows}

    def told(self) -> None:
        """The last changes have been taken: those that came late are not said again."""
        for one in self._days.values():
            one.fresh = frozenset()

    def follow(self) -> None:
        """Look for what was archived since."""
        if self._day:
            self._days = {name: self._again(name, held) for name, held in self._days.items()}

    # ---- the day ----

    def _turn_to(self, day: str) -> None:
        if day != self._day:
            self._days = {name: self._again(name, None, day) for name in self._tenures}
            self._day = day

    def _again(self, name: str, held: Tenured | None, day: str = "") -> Tenured:
        tenures = self._tenures[name]
        for attempt in range(RETRIES):
            try:
                return tenures.day(day) if held is None else tenures.followed(held, self._day)
            except FileNotFoundError:
                if attempt == RETRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _evidence(self, since_ms: int) -> Evidence:
        return Evidence(self.root, self.life, since_ms=since_ms)

    # ---- rows of a layer ----

    def _at(self, source: str, at_ms: int, only: frozenset[str] | None = None) -> NDArray[np.intp]:
        day = self._days[source]
        at = day.at(at_ms)
        return at if only is None else at[np.isin(day.batch.entity[at], day.codes(only))]

    def _rows(self, layer: Layer, at: NDArray[np.intp], at_ms: int) -> dict[str, Row]:
        versions = self._days[layer.source].versions(at, layer.fields)
        moved = self._moved(layer.moves, at_ms, frozenset(versions.names)) if layer.moves else {}
        return standing(layer, versions, moved, self.bundle.calendars)

    def _packed(self, layer: Layer, at_ms: int) -> dict[str, bytes]:
        """Most of a map stays where it is: a version that was packed before is not packed again."""
        at = self._at(layer.source, at_ms)
        if layer.moves:
            return {name: msgpack.packb(row.plain()) for name, row in self._rows(layer, at, at_ms).items()}
        day, kept = self._days[layer.source], self.kept.setdefault(f"{layer.name}@{layer.digest}@{self.known}", {})
        codes, marks = day.batch.entity[at].tolist(), day.marks(at).tolist()
        new = [place for place, mark in enumerate(marks) if mark not in kept]
        entities = day.batch.entities
        made = self._rows(layer, at[new], at_ms) if new else {}
        for place in new:
            row = made.get(entities[codes[place]])
            kept[marks[place]] = b"" if row is None else msgpack.packb(row.plain())
        found = [(entities[code], kept[mark], mark) for code, mark in zip(codes, marks, strict=True)]
        if len(kept) > 2 * len(found):
            self.kept[f"{layer.name}@{layer.digest}@{self.known}"] = {mark: row for _, row, mark in found}
        return {name: row for name, row, _ in found if row}

    def _moved(self, source: str, at_ms: int, only: frozenset[str]) -> dict[str, Place]:
        versions = self._days[source].versions(self._at(source, at_ms, only))
        point = next(iter(one for one in versions.columns.values() if one.values.ndim == 2), None)
        if point is None:
            return {}
        places = zip(
            versions.names, versions.times.tolist(), point.values.tolist(), point.known().tolist(), strict=True
        )
        return {name: (time, lon, lat) for name, time, (lon, lat), here in places if here}
