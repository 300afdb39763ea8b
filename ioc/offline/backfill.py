"""Backfill: an indicator version computed over archived observations, as the series *as recomputed*."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ioc.offline.evaluation import MOST_WINDOWS, Answered, Engine, Evaluation
from ioc.offline.question import Grouping
from ioc.offline.sweep import Sweep
from metrics import compiler
from metrics.archive_columns import Cells, cells_of
from metrics.archive_evidence import Evidence
from metrics.definition import Bundle, load
from metrics.entered import NOTHING, Entered
from metrics.in_force import Versions
from metrics.indicator import Indicator
from metrics.observation import Batch
from metrics.voucher_ground import dated
from metrics.voucher_lack import Lack, Lacks
from metrics.voucher_scope import needs, scope
from metrics.watermark import BEGINNING
from metrics.window import DAY_MS

BLOCK_MS = DAY_MS  # of windows that are computed at once: what a day and the reach before it hold fits into memory


class NoSuchIndicator(LookupError):
    """The definitions hold no such indicator or version."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be computed: one version, whatever the time at which it came into force."""

    bundle: Bundle
    indicator: Indicator

    @staticmethod
    def of(
        raw: Mapping[str, Any], name: str, version: int | None, more: Sequence[Mapping[str, Any]] = (),
        variants: Mapping[str, str] | None = None,
    ) -> Order:  # fmt: skip
        """From the definitions of a bundle and further ones, which replace those of the same id and version. Raises
        NoSuchIndicator, DefinitionErrors."""
        tables = {(one["id"], one.get("version", 1)): one for one in (*(raw.get("indicators") or ()), *more)}
        whole = load({**raw, "indicators": list(tables.values())}).for_world(variants or {})
        found = [one for one in whole.indicators if one.id == name and version in (None, one.version)]
        if not found:
            raise NoSuchIndicator(name if version is None else f"{name}@{version}")
        chosen = replace(max(found, key=lambda one: one.version), valid_from_ms=None)
        others = tuple(one for one in whole.indicators if one.id != name)
        sources = {key: dated(source) for key, source in whole.sources.items()}
        return Order(replace(whole, sources=sources, indicators=(*others, chosen)), chosen)


def within_reach(order: Order, evidence: Evidence, span: tuple[int, int]) -> tuple[int | None, list[Lack]]:
    """The end of the first window of (from, until] all of whose rows the archive still holds, None: there is none;
    and what it lacks of the first window of all. Windows before the former must not be computed."""
    lacks, versions = Lacks(evidence.root, evidence.life), Versions(order.bundle.indicators)

    def lacking(end: int) -> list[Lack]:
        return lacks.rows(needs(order.bundle, versions, order.indicator, end, referred=True))

    ends = list(order.indicator.window.instants(*span))
    found = lacking(ends[0]) if ends else []
    if not found:
        return (ends[0] if ends else None), []
    at = bisect_left(ends, True, key=lambda end: not lacking(end))
    return (ends[at] if at < len(ends) else None), list(dict.fromkeys(found))


def compute(
    order: Order,
    evidence: Evidence,
    span: tuple[int, int],
    engine: Engine = "sql",
    *,
    entered: Entered = NOTHING,
    progress: Callable[[int, int], None] = lambda _done, _values: None,
) -> Iterator[Cells]:
    """The values of all windows that end in (from, until], a block at a time: every region in total and split by all
    dimensions. All archived rows count, late ones too. `progress` is told the end of what is done and how many values.
    """
    values = 0
    for ends, found in (
        _swept(order, evidence, span, entered) if engine == "sql" else _streamed(order, evidence, span, entered)
    ):
        cells = cells_of(order.indicator, [one.run() for one in found])
        values += len(cells.ends)
        progress(ends[-1], values)
        yield cells


Answers = Iterator[tuple[Sequence[int], list[Answered]]]


def _swept(order: Order, evidence: Evidence, span: tuple[int, int], entered: Entered) -> Answers:
    """By the SQL program, which reads the archive once."""
    name, ends = order.indicator.id, list(order.indicator.window.instants(*span))
    sweep = Sweep(order.bundle, evidence, [name], entered)
    for at in range(0, len(ends), MOST_WINDOWS):
        some = ends[at : at + MOST_WINDOWS]
        yield some, [found for grouping in sweep.groupings(name) for found in sweep.answers(name, some, grouping)]
    sweep.close()


def _streamed(order: Order, evidence: Evidence, span: tuple[int, int], entered: Entered) -> Answers:
    """By the live engine's program, day by day."""
    name = order.indicator.id
    for ends in _blocks(order.indicator.window.instants(*span)):
        evaluation = Evaluation.of(order.bundle, _rows(order, evidence, ends), "stream", entered)
        yield ends, [found for one in _groupings(order) for found in evaluation.answers(name, ends, one)]


def _blocks(ends: Iterable[int]) -> Iterator[list[int]]:
    block: list[int] = []
    for end in ends:
        if block and end > block[0] + BLOCK_MS:
            yield block
            block = []
        block.append(end)
    if block:
        yield block


def _rows(order: Order, evidence: Evidence, ends: Sequence[int]) -> dict[str, list[Batch]]:
    bundle, versions = order.bundle, Versions(order.bundle.indicators)
    found = {}
    for name, since in scope(bundle, versions, order.indicator, ends[0], referred=True).items():
        until = ends[-1]
        batch = evidence.everything(bundle.sources[name], max(since, BEGINNING), until).batch
        found[name] = [batch] if batch.rows else []
    return found


def _groupings(order: Order) -> list[Grouping]:
    plans = compiler.compile(order.bundle).indicators
    by_region = next(one.has_region for one in plans if one.indicator == order.indicator)
    whole = [Grouping(by_region)]
    return [*whole, Grouping(by_region, "", order.indicator.dimensions)] if order.indicator.dimensions else whole
