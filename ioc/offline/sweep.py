"""A sweep: the SQL program over the observations of an archive, for one indicator after the other.

What one has read the next one finds: a source is read once, only the columns that the indicators ask for, and let go
of when no indicator to come reads it. Readings of a long span are read in slices, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from ioc.offline.evaluation import Answered, Evaluation
from ioc.offline.question import Grouping
from metrics import compiler
from metrics.archive_evidence import Evidence
from metrics.archive_row_table import EVER, archived_rows, archived_table, oldest_ms
from metrics.definition import Bundle
from metrics.entered import NOTHING, Entered
from metrics.formula import names
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.measure import ENTITY, Measure
from metrics.measured import Answer, Mask, RegionForm
from metrics.observation import Batch
from metrics.row_table import row_table
from metrics.source import Source
from metrics.sql_measuring import SqlMeasuring
from metrics.voucher_scope import behind, scope

MOST_ROWS = 8_000_000  # of readings at once: some 2 GB


class Sweep:
    """Over a bundle whose sources `metrics.voucher_ground.dated` has seen."""

    def __init__(self, bundle: Bundle, evidence: Evidence, ids: Collection[str], entered: Entered = NOTHING) -> None:
        """`ids`: the indicators that will be asked for."""
        versions = Versions(bundle.indicators)
        self._reads = {name: _sources(bundle, versions, name) for name in ids}
        every = [one for name in dict.fromkeys(_with_referred(versions, ids)) for one in versions.of(name)]
        self._bundle = _narrow(replace(bundle, indicators=tuple(every)))
        self._versions = Versions(self._bundle.indicators)
        self._program = _Archived(self._bundle, evidence)
        oldest = oldest_ms(evidence, {name for some in self._reads.values() for name in some})
        self._evaluation = Evaluation(self._bundle, self._program, oldest, entered)
        self._plans = compiler.compile(self._bundle).indicators
        self._left = list(ids)

    def ordered(self) -> list[str]:
        """The ids, those that read the same sources behind each other."""
        return sorted(self._left, key=lambda name: tuple(sorted(self._reads[name], key=self._weight)))

    def groupings(self, name: str) -> list[Grouping]:
        """What is published of an indicator: every region in total, and split by all dimensions."""
        indicator = self.indicator(name)
        total = Grouping(next(one.has_region for one in self._plans if one.indicator == indicator))
        return [total, replace(total, dimensions=indicator.dimensions)] if indicator.dimensions else [total]

    def indicator(self, name: str) -> Indicator:
        """The version of an id that counts at last."""
        return self._versions.of(name)[-1]

    def answers(self, name: str, ends: Sequence[int], grouping: Grouping) -> Iterator[Answered]:
        """The values at ascending ends, a run of windows at a time."""
        for some in self._slices(name, ends):
            since = scope(self._bundle, self._versions, self.indicator(name), some[0], referred=True)
            self._program.reach({source: (from_ms, some[-1]) for source, from_ms in since.items()})
            yield from self._evaluation.answers(name, some, grouping)

    def done(self, name: str) -> None:
        """This indicator will not be asked for again."""
        self._left.remove(name)
        still = {source for other in self._left for source in self._reads[other]}
        self._program.release(self._reads[name] - still)

    def close(self) -> None:
        """Let go of everything."""
        self._program.close()

    def _weight(self, source: str) -> tuple[int, str]:
        return -self._program.rows(source), source

    def _slices(self, name: str, ends: Sequence[int]) -> Iterator[Sequence[int]]:
        readings = [one for one in self._reads[name] if self._bundle.sources[one].kind == "readings"]
        rows = sum(self._program.rows(one) for one in readings)
        size = -(-len(ends) // max(1, -(-rows // MOST_ROWS)))
        for at in range(0, len(ends), max(1, size)):
            yield ends[at : at + size]


class _Archived:
    """The SQL program whose rows are read from the archive when they are first asked for."""

    def __init__(self, bundle: Bundle, evidence: Evidence) -> None:
        self._bundle, self._evidence = bundle, evidence
        self._rows: dict[str, int] = {}
        self._reach: dict[str, tuple[int, int]] = {}
        self._measuring = SqlMeasuring(bundle, {}, self._supply)

    def rows(self, source: str) -> int:
        """How many rows the archive has of a source."""
        if source not in self._rows:
            self._rows[source] = archived_rows(self._evidence, source)
        return self._rows[source]

    def reach(self, spans: dict[str, tuple[int, int]]) -> None:
        """From now on rows of sources are asked for that lie in [from, until)."""
        for source, span in spans.items():
            whole = self._bundle.sources[source].kind == "records" or self.rows(source) <= MOST_ROWS
            wanted = EVER if whole else span  # the next indicator finds it
            known = self._reach.get(source)
            if known is None or wanted[0] < known[0] or known[1] < wanted[1]:
                self._reach[source] = wanted
                self._measuring.forget([source])

    def release(self, sources: Collection[str]) -> None:
        """Let go of the rows of sources."""
        self._measuring.forget(sources)
        for source in sources:
            self._reach.pop(source, None)

    def feed(self, source: str, batches: Sequence[Batch]) -> None:
        """As Program: rows of derived sources."""
        declared = self._bundle.sources[source]
        self._measuring.give(source, row_table(declared, batches, self._bundle.regions, self._bundle.outlines))

    def measure(self, indicator: Indicator, ends: Sequence[int], regions: RegionForm) -> Answer:
        """As metrics.measured.Measuring."""
        return self._measuring.measure(indicator, ends, regions)

    def stale(self, source: str, ends: Sequence[int]) -> Mask:
        """As metrics.measured.Measuring."""
        return self._measuring.stale(source, ends)

    def close(self) -> None:
        self._measuring.close()

    def _supply(self, source: Source) -> pa.Table | None:
        if source.union_of or source.indicator_of:
            return None
        bundle, between = self._bundle, self._reach.get(source.id, EVER)
        return archived_table(self._evidence, source, bundle.regions, bundle.outlines, between)


def _with_referred(versions: Versions, ids: Collection[str]) -> Iterator[str]:
    """The ids and those that they refer to or read."""
    known = {name: versions.of(name) for name in versions.ids}
    for name in ids:
        yield from behind(known, name)


def _sources(bundle: Bundle, versions: Versions, name: str) -> frozenset[str]:
    """Those that an indicator reads, and their registries; of unions the parts."""
    end = max((one.window.floor(2**41) for one in versions.of(name)), default=0)
    return frozenset(source for one in versions.of(name) for source in scope(bundle, versions, one, end, referred=True))


def _narrow(bundle: Bundle) -> Bundle:
    """The bundle with those fields of its sources that its indicators name."""
    named: set[str] = {ENTITY}
    for indicator in bundle.indicators:
        named |= set(indicator.dimensions)
        for measure in indicator.measures:
            named |= _named(measure)
    for source in bundle.sources.values():
        for own in source.rename.values():
            named |= {before for before, after in own.items() if after in named}
        registry = source.registry
        if registry is not None and source.region is not None and source.region.way == "registry":
            named.add(source.region.name)
    return replace(bundle, sources={name: _with(source, named) for name, source in bundle.sources.items()})


def _named(measure: Measure) -> set[str]:
    nodes = (measure.field, *measure.fields, measure.where, measure.at, measure.having, measure.each)
    return {*measure.per, *(name for node in nodes if node is not None for name in names(node))}


def _with(source: Source, named: set[str]) -> Source:
    if source.union_of or source.indicator_of:
        return source
    kept = {source.time, source.entity, source.deleted, *source.identity, *named}
    if source.region is not None:
        kept.add(source.region.name)
    fields = {name: spec for name, spec in source.fields.items() if name in kept}
    return replace(source, fields=fields, take=tuple(name for name in source.take if name in named))
