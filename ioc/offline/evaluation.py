"""Evaluation: indicators at instants from rows that lie there, by either of the two programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from ioc.offline.answer_file import Row
from ioc.offline.question import Grouping
from metrics.conclude import QUALITY_NAMES, Concluded
from metrics.definition import Bundle
from metrics.derived_source import derived_of, reach_ms, rows_of
from metrics.entered import NOTHING, Entered
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measured import Answer, Mask, Measuring, RegionForm
from metrics.observation import Batch
from metrics.recomputation import Recomputation
from metrics.reference import Asked
from metrics.row_table import row_table
from metrics.sql_measuring import SqlMeasuring
from metrics.stream_measuring import StreamMeasuring
from metrics.watermark import BEGINNING
from metrics.window import WEEK_MS

Engine = Literal["stream", "sql"]
FIRST_WINDOWS = 64  # the first block shows how many groups there are
MOST_WINDOWS = 4096
MOST_CELLS = 2_000_000  # windows x groups of one block: tens of megabytes per measure
_QUALITIES: Sequence[Any] = QUALITY_NAMES


class Program(Measuring, Protocol):
    """A program that takes the rows of each source once, those of derived sources later."""

    def feed(self, source: str, batches: Sequence[Batch]) -> None: ...


class SqlProgram:
    """The SQL program over tables made of batches; it is set up anew when rows come."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._tables: dict[str, Any] = {}
        self._measuring: SqlMeasuring | None = None

    def feed(self, source: str, batches: Sequence[Batch]) -> None:
        """The rows of a source."""
        bundle = self._bundle
        self._tables[source] = row_table(bundle.sources[source], batches, bundle.regions, bundle.outlines)
        self._measuring = None

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """As metrics.measured.Measuring."""
        return self._ready().measure(indicator, ends, regions)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        return self._ready().stale(source, ends)

    def _ready(self) -> SqlMeasuring:
        if self._measuring is None:
            self._measuring = SqlMeasuring(self._bundle, self._tables)
        return self._measuring


class Evaluation:
    """A bundle with the rows of its sources."""

    def __init__(
        self,
        bundle: Bundle,
        rows: Mapping[str, Sequence[Batch]],
        engine: Engine,
        entered: Entered = NOTHING,
    ) -> None:
        self._bundle = bundle
        self._oldest_ms = _oldest(bundle, rows)
        self._program: Program = StreamMeasuring(bundle) if engine == "stream" else SqlProgram(bundle)
        for source, batches in rows.items():
            self._program.feed(source, batches)
        self._recomputation = Recomputation(bundle, self._program, entered)

    @property
    def versions(self) -> Versions:
        """The versions of the indicators."""
        return self._recomputation.versions

    def rows(self, ids: Sequence[str], instants: Sequence[int], grouping: Grouping) -> Iterator[Row]:
        """The values of indicators at ascending instants: each window once, in no particular order.

        No indicator lacks a dimension of the grouping.
        """
        if not instants:
            return
        self._derive(ids, instants[0], instants[-1])
        for name in ids:
            answers: dict[int, tuple[Indicator, dict[int, None]]] = {}
            for instant in instants:
                newest = self.versions.newest(name, instant)
                if newest is not None:
                    answers.setdefault(newest[0].version, (newest[0], {}))[1][newest[1]] = None
            for indicator, ends in answers.values():
                yield from self._of_version(indicator, list(ends), grouping)

    def _of_version(self, indicator: Indicator, ends: Sequence[int], grouping: Grouping) -> Iterator[Row]:
        asked = grouping.asked(indicator.levels)
        for block, concluded in self._blocks(indicator, ends, asked):
            shown = self._recomputation.exists(concluded, asked)
            for at, column in zip(*np.nonzero(shown), strict=True):
                code, split = concluded.groups[column]
                known = concluded.known[at, column]
                yield Row(
                    indicator.id, block[at], ((code,) if grouping.by_region else ()) + (split or ()), indicator.version,
                    _start(indicator, block[at]), float(concluded.value[at, column]) if known else None,
                    _QUALITIES[concluded.quality[at, column]], int(concluded.samples[at, column]),
                )  # fmt: skip

    def _blocks(
        self, indicator: Indicator, ends: Sequence[int], asked: Asked
    ) -> Iterator[tuple[Sequence[int], Concluded]]:
        """Conclusions of runs of windows, as long as memory is meant to bear."""
        at, size = 0, FIRST_WINDOWS
        while at < len(ends):
            block = ends[at : at + size]
            self._recomputation.forget()
            concluded = self._recomputation.concluded(indicator, block, asked)
            yield block, concluded
            at += len(block)
            size = max(1, min(MOST_WINDOWS, MOST_CELLS // max(len(concluded.groups), 1)))

    def _derive(self, ids: Sequence[str], first: int, last: int) -> None:
        """Feed the values of indicators that are sources for others, as far back as they matter."""
        for name in derived_of(self._bundle, self.versions, ids):
            source = f"indicator:{name}"
            reaches = [reach_ms(self._bundle, self.versions, one, name) for one in ids]
            since = max(self._oldest_ms, first - max(reach for reach in reaches if reach is not None))
            batches = []
            for indicator in self.versions.of(name):
                asked = Asked("leaf", indicator.dimensions)
                instants = indicator.window.instants(indicator.window.floor(since) - 1, last)
                ends = [end for end in instants if self.versions.at(name, end) is indicator]
                for block, concluded in self._blocks(indicator, ends, asked):
                    batches.append(rows_of(source, indicator, block, concluded))
            self._program.feed(source, [batch for batch in batches if batch.rows])
            self._recomputation.forget()


def _start(indicator: Indicator, end: int) -> int | None:
    if indicator.window.kind == "all":
        return None
    return end if indicator.window.kind == "now" else indicator.window.start(end)


def _oldest(bundle: Bundle, rows: Mapping[str, Sequence[Batch]]) -> int:
    """The oldest instant that a row speaks of: before it no window holds anything."""
    found = []
    for source, batches in rows.items():
        times = [name for name, spec in bundle.sources[source].fields.items() if spec.type == "time"]
        for batch in batches:
            if (batch.time > BEGINNING).any():
                found.append(int(batch.time[batch.time > BEGINNING].min()))
            for name in times:
                column = batch.fields.get(name)
                if column is not None and column.known().any():
                    found.append(int(column.values[column.known()].min()))
    return min(found, default=0) - WEEK_MS  # `at` may lie some days before the fields it is computed from
