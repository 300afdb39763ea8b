"""Archived values as they were published: which cell was said when, with which revision, in which commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Kind, Life, Strand, every_part, in_force
from metrics.archive_unwritten import Nothing, Unwritten

_KINDS: Sequence[Kind] = ("values", "completed")  # the first holds everything, the second is kept longer
_COLUMNS = (
    "_ms, _seq, _row, indicator, version, region, dims, window_start, window_end, value, quality, samples, revision, "
    "origin, published_at, world_now, positions, watermarks, bundle, basis"
)
_ORDER = ("_ms", "_seq", "_row")
_CELL = ("_ms", "indicator", "version", "region", "dims", "window_end")


@dataclass(frozen=True, slots=True)
class Said:
    """One value as published. `commit_ms`: the id of its entry begins so; `positions`, `watermarks`: JSON of the
    commit; `value` None: null. `dims` is `name=value,...` as in the series id."""

    indicator: str
    version: int
    region: str
    dims: str
    window_start: int
    window_end: int
    value: float | None
    quality: str
    samples: int
    revision: int
    origin: str
    commit_ms: int
    published_at: int
    world_now: int
    positions: str
    watermarks: str
    bundle: str
    basis: str

    @property
    def split(self) -> tuple[str, ...] | None:
        """The dimension values; None: not split."""
        return tuple(part.partition("=")[2] for part in self.dims.split(",")) if self.dims else None

    @property
    def name(self) -> str:
        """How a person asks for it."""
        dims = f"/{self.dims}" if self.dims else ""
        return f"{self.indicator}@{self.version}/{self.region}{dims}/{self.window_end}#{self.revision}"


class Published:
    """The values of one life as published, oldest commit first. Raises duckdb.Error when a file is damaged."""

    def __init__(self, root: Path, life: Life, unwritten: Unwritten | None = None) -> None:
        self._root, self._life = root, life
        self._unwritten = unwritten or Nothing()
        self._connection = duckdb.connect(config={"threads": 2})
        self._fresh: dict[Kind, pa.Table | None] = {}
        self._remembered: dict[tuple[str, int], list[Said]] = {}
        self._oldest: dict[str, int] = {}
        self._takeovers: dict[str, int] | None = None

    def close(self) -> None:
        self._connection.close()

    def of(self, indicator: str, ends: Iterable[int]) -> dict[int, list[Said]]:
        """Everything that was said of windows of an indicator, by end; remembered."""
        wanted = list(dict.fromkeys(ends))
        missing = [end for end in wanted if (indicator, end) not in self._remembered]
        if missing:
            self._remembered |= {(indicator, end): [] for end in missing}
            for one in self.said("indicator = ? AND list_contains(?, window_end)", [indicator, missing], missing):
                self._remembered[indicator, one.window_end].append(one)
        return {end: self._remembered[indicator, end] for end in wanted}

    def oldest(self, indicator: str) -> int:
        """The end of the oldest window of which anything was said, less 1 ms; 2**62 if nothing was."""
        if indicator not in self._oldest:
            found = self._query("min(window_end) AS oldest", "indicator = ?", [indicator], ()).to_pylist()
            ends = [row["oldest"] for row in found if row["oldest"] is not None]
            self._oldest[indicator] = min(ends, default=2**62) - 1
        return self._oldest[indicator]

    def taken_over(self, bundle: str) -> int | None:
        """The world's time when definitions were first published with, if others were before them; else None."""
        if self._takeovers is None:
            columns = "bundle, min(_ms) AS first, arg_min(world_now, _ms) AS world_now"
            found = self._query(columns, "bundle IS NOT NULL GROUP BY bundle", (), ()).to_pylist()
            first = min((row["first"] for row in found), default=0)
            self._takeovers = {row["bundle"]: row["world_now"] for row in found if row["first"] > first}
            for row in found:  # the same definitions may be in a part and not yet in one
                if row["first"] == first:
                    self._takeovers.pop(row["bundle"], None)
        return self._takeovers.get(bundle)

    def complete(self, indicator: str, after_ms: int, until_ms: int) -> pa.Table:
        """The newest revision of the complete values of windows that end in (after, until]: columns `region, dims,
        window_end, value, quality, samples, version`."""
        columns = "_ms, _seq, region, dims, window_end, value, quality, samples, version"
        condition = "indicator = ? AND window_end > ? AND window_end <= ?"
        found = self._query(columns, condition, [indicator, after_ms, until_ms], (after_ms + 1, until_ms), _KINDS[1:])
        if not found.num_rows:
            return pa.table({name: [] for name in ("region", "dims", "window_end", "value", "quality", "samples")})
        self._connection.register("found", found)
        newest = (
            "SELECT * EXCLUDE (_ms, _seq) FROM found QUALIFY row_number() OVER"
            " (PARTITION BY region, dims, window_end ORDER BY _ms DESC, _seq DESC, version DESC) = 1"
        )
        table: pa.Table = self._connection.sql(newest).to_arrow_table()
        return table

    def said(self, condition: str, parameters: Sequence[Any], ends: Sequence[int] = ()) -> list[Said]:
        """What fulfils a condition over the columns of the parts, each once. `ends`: the window ends that it names;
        other parts are not read."""
        table = self._query(_COLUMNS, condition, parameters, ends).sort_by([(name, "ascending") for name in _ORDER])
        found: dict[tuple[Any, ...], Said] = {}
        for row in table.to_pylist():  # a complete value stands in both streams
            found.setdefault(tuple(row[name] for name in _CELL), _said(row))
        return list(found.values())

    def _query(
        self, columns: str, condition: str, parameters: Sequence[Any], ends: Sequence[int],
        kinds: Sequence[Kind] = _KINDS,
    ) -> pa.Table:  # fmt: skip
        queries, values = [], []
        low, high = (min(ends), max(ends) + 1) if ends else (-(2**62), 2**62)
        for kind in kinds:
            parts = in_force(every_part(Strand(self._life, kind).folder(self._root)))
            paths = [str(part.path) for part in parts if part.meets(low, high)]
            if paths:
                queries.append(f"SELECT {columns} FROM read_parquet(?, union_by_name = true) WHERE {condition}")  # noqa: S608
                values += [paths, *parameters]
            if kind not in self._fresh:
                self._fresh[kind] = self._unwritten.rows(Strand(self._life, kind))
            fresh = self._fresh[kind]
            if fresh is not None and fresh.num_rows:
                self._connection.register(f"fresh_{kind}", fresh)
                queries.append(f"SELECT {columns} FROM fresh_{kind} WHERE {condition}")  # noqa: S608
                values += list(parameters)
        if not queries:
            return pa.table({name: [] for name in (*_ORDER, "oldest")})
        table: pa.Table = self._connection.sql(" UNION ALL ".join(queries), params=values).to_arrow_table()
        return table


def _said(row: Mapping[str, Any]) -> Said:
    return Said(
        row["indicator"], row["version"], row["region"], row["dims"], row["window_start"], row["window_end"],
        row["value"], row["quality"], row["samples"], row["revision"], row["origin"], row["_ms"], row["published_at"],
        row["world_now"], row["positions"], row["watermarks"], row["bundle"] or "", row["basis"] or "",
    )  # fmt: skip
