"""Evaluation: indicators at instants from rows that lie there, by either of the two programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from ioc.offline.answer_file import Row
from ioc.offline.question import Grouping
from metrics.archive_columns import Run
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


@dataclass(frozen=True, slots=True)
class Answered:
    """Values of one version for windows that end at `ends`; `shown`, shape (windows, groups): those that exist."""

    indicator: Indicator
    ends: Sequence[int]
    concluded: Concluded
    shown: Mask

    def start(self, end: int) -> int | None:
        """The begin of the window that ends there; None: it has none."""
        window = self.indicator.window
        if window.kind == "all":
            return None
        return end if window.kind == "now" else window.start(end)

    def run(self) -> Run:
        """As a run of windows for the archive."""
        return Run([self.start(end) for end in self.ends], self.ends, self.concluded, self.shown)

    def rows(self, grouping: Grouping) -> Iterator[Row]:
        """One by one."""
        indicator, concluded = self.indicator, self.concluded
        for at, column in zip(*np.nonzero(self.shown), strict=True):
            code, split = concluded.groups[column]
            end, known = self.ends[at], concluded.known[at, column]
            yield Row(
                indicator.id, end, ((code,) if grouping.by_region else ()) + (split or ()), indicator.version,
                self.start(end), float(concluded.value[at, column]) if known else None,
                _QUALITIES[concluded.quality[at, column]], int(concluded.samples[at, column]),
            )  # fmt: skip


class Evaluation:
    """A bundle and a program that has, or finds, the rows of its sources."""

    def __init__(self, bundle: Bundle, program: Program, oldest_ms: int, entered: Entered = NOTHING) -> None:
        """No row speaks of an instant before `oldest_ms`."""
        self._bundle = bundle
        self._oldest_ms = oldest_ms
        self._program = program
        self._recomputation = Recomputation(bundle, program, entered)

    @staticmethod
    def of(
        bundle: Bundle, rows: Mapping[str, Sequence[Batch]], engine: Engine, entered: Entered = NOTHING
    ) -> Evaluation:
        """Over these rows of each source."""
        program: Program = StreamMeasuring(bundle) if engine == "stream" else SqlProgram(bundle)
        for source, batches in rows.items():
            program.feed(source, batches)
        return Evaluation(bundle, program, _oldest(bundle, rows), entered)

    @property
    def versions(self) -> Versions:
        """The versions of the indicators."""
        return self._recomputation.versions

    def rows(self, ids: Sequence[str], instants: Sequence[int], grouping: Grouping) -> Iterator[Row]:
        """The values of indicators at ascending instants: each window once, in no particular order.

        No indicator lacks a dimension of the grouping.
        """
        for name in ids:
            for found in self.answers(name, instants, grouping):
                yield from found.rows(grouping)

    def answers(self, name: str, instants: Sequence[int], grouping: Grouping) -> Iterator[Answered]:
        """The values of one indicator at ascending instants as arrays, a run of windows at a time."""
        if not instants:
            return
        self._derive([name], instants[0], instants[-1])
        versions: dict[int, tuple[Indicator, dict[int, None]]] = {}
        for instant in instants:
            newest = self.versions.newest(name, instant)
            if newest is not None:
                versions.setdefault(newest[0].version, (newest[0], {}))[1][newest[1]] = None
        for indicator, ends in versions.values():
            asked = grouping.asked(indicator.levels)
            for block, concluded in self._blocks(indicator, list(ends), asked):
                yield Answered(indicator, block, concluded, self._recomputation.exists(concluded, asked))

    def _blocks(
        self, indicator: Indicator, ends: Sequence[int], asked: Asked
    ) -> Iterator[tuple[Sequence[int], Concluded]]:
        """Conclusions of runs of windows, as long as memory is meant to bear."""
        at, size = 0, FIRST_WINDOWS
        if not asked.dimensions:  # then the groups are regions, whose number is known
            size = max(1, min(MOST_WINDOWS, MOST_CELLS // max(1, len(self._bundle.regions))))
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
