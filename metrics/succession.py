"""Succession: what becomes of the alarms and the remembered values of indicator versions that are no longer declared.

A later version of the same indicator takes them over; without one its alarms are withdrawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metrics.alarm_desk import AlarmDesk, Member, Subject
from metrics.alarm_state import NEVER
from metrics.formula import Node, text
from metrics.measure import Measure
from metrics.plan import IndicatorPlan
from metrics.publication import Publication
from metrics.region import Regions
from metrics.threshold import Thresholds
from metrics.window import Window

Split = tuple[str, tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the checkpoint must tell of a version for those who come after it: what its groups are called, which windows
    it has, where its values come from, and a digest of each measure."""

    dimensions: tuple[str, ...]
    window: Window
    sources: tuple[str, ...]
    measures: Mapping[str, str]

    @staticmethod
    def of(part: IndicatorPlan) -> Shape:
        """The shape of a version."""
        window = part.indicator.window
        return Shape(
            part.indicator.dimensions, window, part.sources,
            {one.measure.name: _digest(one.measure, one.window) for one in part.measures},
        )  # fmt: skip

    def stored(self) -> list[Any]:
        """As plain lists."""
        window = self.window
        return [
            list(self.dimensions), [window.kind, window.size_ms, window.every_ms, window.period, window.max_age_ms],
            list(self.sources), dict(self.measures),
        ]  # fmt: skip

    @staticmethod
    def read(raw: Sequence[Any]) -> Shape:
        """The reverse of `stored`. Raises ValueError, TypeError."""
        dimensions, (kind, size_ms, every_ms, period, max_age_ms), sources, measures = raw
        window = Window(kind=kind, size_ms=size_ms, every_ms=every_ms, period=period, max_age_ms=max_age_ms)
        return Shape(tuple(dimensions), window, tuple(sources), dict(measures))

    def same_lines(self, other: Shape) -> bool:
        """Whether what was published of the one can be gone on with as the other."""
        return self.dimensions == other.dimensions and self.window == other.window


@dataclass(slots=True)
class Orphan:
    """A desk whose version is declared no more. `fields`: where its memory stands in the checkpoint, which must stay
    until somebody has taken the alarms over or they are withdrawn; {} if a version of the same name stands there."""

    name: str
    desk: AlarmDesk
    sources: tuple[str, ...]
    fields: Mapping[str, bytes] = field(default_factory=dict)
    withdrawn: bool = False  # nobody will take over


def orphan(
    name: str, shape: Shape, groups: Sequence[Split], memory: Mapping[str, bytes], regions: Regions
) -> Orphan | None:
    """The desk of a version that is gone; None if it has nothing to say any more. Raises what AlarmDesk.load does."""
    indicator, _, version = name.rpartition("@")
    # Its thresholds are gone; to end its alarms none are needed.
    subject = Subject(
        indicator, int(version), Thresholds((), "context"), shape.window, regions, lambda _calendar, _at: False, 0
    )
    desk = AlarmDesk(subject)
    members: list[Member] = [
        (region, tuple(zip(shape.dimensions, split, strict=True)) if split is not None else ())
        for region, split in groups
    ]
    desk.load(memory, members, np.arange(len(members)))
    if desk.closed or _never(desk):
        return None
    return Orphan(name, desk, shape.sources)


def settle(orphans: Iterable[Orphan], publications: Mapping[str, Publication]) -> None:
    """Give each orphan to the newest version of its indicator, if that one has not judged anything yet."""
    for one in sorted(orphans, key=lambda one: one.desk.subject.version, reverse=True):
        heirs = [
            publication.desk
            for publication in publications.values()
            if publication.desk is not None and publication.plan.indicator.id == one.desk.subject.indicator
        ]
        heir = max(heirs, key=lambda desk: desk.subject.version, default=None)
        while heir is not None and _never(heir) and heir.predecessor is not None:
            heir = heir.predecessor
        if heir is None or not _never(heir) or one.name in publications:
            one.withdrawn = True
        else:
            heir.predecessor = one.desk


def _never(desk: AlarmDesk) -> bool:
    return max(desk.state.judged_ms, desk.state.watched_ms) <= NEVER


def _digest(measure: Measure, window: Window) -> str:
    def said(node: Node | None) -> str:
        return "" if node is None else text(node)

    parts = (
        measure.source, measure.agg, said(measure.field), measure.scale, said(measure.where), measure.per,
        said(measure.having), said(measure.each), measure.then, said(measure.at), window, measure.p, measure.then_p,
        measure.within_ms, measure.calendar, measure.hold_ms, measure.rate_ms, [text(node) for node in measure.fields],
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
