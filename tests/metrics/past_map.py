"""Archives of units and their tracks that tests play again, and what stood at a moment by one plain SQL query."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from metrics.archive import Strand, every_part, in_force
from metrics.archive_rows import Observations
from metrics.archive_tail import Tail
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.source import Source
from metrics.stream import Place
from tests.metrics.past_archive import HOUR, LIFE, MIDNIGHT, MINUTE
from tests.metrics.test_layer import SOURCES

LAYER = {
    "id": "units", "scene": "emergency", "source": "unit", "moves": "track", "where": "kind != 'void'",
    "levels": {"red": "kind = 'fire'"}, "hollow": "ready", "by": "kind", "label": "kind", "shows": ["kind", "ready"],
}  # fmt: skip
BUNDLE = {"v": 1, "hash": "m", "sources": SOURCES, "indicators": [], "layers": [LAYER]}
UNITS = "emergency/units"
KINDS = ("police", "fire", "void", "medical")
Stood = dict[str, tuple[str, int, tuple[int, int]]]  # entity -> kind, changed, place


def bundle() -> Bundle:
    return load(BUNDLE)


class MapArchive:
    """Observations as an archiver would have written them, of the sources of a bundle; `arrived` must rise."""

    def __init__(self, root: Path, sources: Mapping[str, Source] | None = None) -> None:
        self.root = root
        sources = sources or bundle().sources
        self._tails = {
            name: Tail(
                root, Strand(LIFE, "observations", name), Observations(Contract.from_source(sources[name])), Place()
            )
            for name in ("unit", "track", "incident")
            if name in sources
        }

    def put(self, source: str, arrived: int, at: int, name: str, **fields: str) -> None:
        row = {"t": str(at), "k": name, **fields}
        cells = [cell.encode() for pair in row.items() for cell in pair]
        self._tails[source].receive([[f"{arrived}-0".encode(), cells]])

    def write(self) -> None:
        for tail in self._tails.values():
            tail.write()

    def fill(self, seed: int, rows: int, hours: int) -> None:
        """Rows of twelve units over some hours from midnight on, most a little late, some by hours."""
        draw = random.Random(seed)
        arrivals = sorted(MIDNIGHT + draw.randrange(hours * HOUR) for _ in range(rows))
        for number, arrived in enumerate(arrivals):
            late = draw.choice([0, 0, 1, 20]) * MINUTE + (5 * HOUR if draw.random() < 0.03 else 0)
            at, name = arrived + number % 7 - late, f"U{draw.randrange(12)}"
            point = f"{114 + draw.random() / 10:.6f} {22.5 + draw.random() / 10:.6f}"
            if draw.random() < 0.5:
                self.put("track", arrived, at, name, point=point)
            else:
                self.put("unit", arrived, at, name, kind=draw.choice(KINDS), ready="true", point=point)
            if number % 40 == 39:
                self.write()
        self.write()


def stood(root: Path, at: int, known: str) -> Stood:
    """What stood at a moment, from the rows of the parts: of each unit its newest record, and its newest place."""
    return {name: (kind, changed, (point[0], point[1])) for name, kind, changed, point in _asked(root, at, known)}


NEWEST = """
    WITH record AS (
      SELECT k, last(columns(* EXCLUDE k) ORDER BY t, _ms, _seq, _row) FROM read_parquet($unit)
      WHERE (CASE WHEN $then THEN _ms ELSE t END) <= $at GROUP BY k),
    place AS (
      SELECT k, last(columns(* EXCLUDE k) ORDER BY t, _ms, _seq, _row) FROM read_parquet($track)
      WHERE (CASE WHEN $then THEN _ms ELSE t END) <= $at GROUP BY k)
    SELECT record.k, record.kind, greatest(record.t, coalesce(place.t, 0)), coalesce(place.point, record.point)
    FROM record LEFT JOIN place ON record.k = place.k WHERE record.kind != 'void'"""


def _asked(root: Path, at: int, known: str) -> list[Any]:
    files = {
        name: [str(part.path) for part in in_force(every_part(Strand(LIFE, "observations", name).folder(root)))]
        for name in ("unit", "track")
    }
    with duckdb.connect() as connection:
        return connection.execute(NEWEST, {**files, "at": at, "then": known == "then"}).fetchall()
