"""Escalation: who is told at which age of a stage when nobody answers, rung by rung, and when that will be.

The clock of a ladder is the clock of the stage: what is held does not count, and a level that is raised shortens what
is owed and with it the ages that are shares of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ioc.domain.deadline import Segment, deadline
from metrics.calendar import Calendar

LATE_MS: Final = 60_000  # a rung is told within seconds; a minute after its time it was missed and is told late
CHAIN: Final = ("community", "subdistrict", "district", "city")  # of command, from below

How = Literal["claim", "receipt"]


@dataclass(frozen=True, slots=True)
class Rung:
    """At an age of `share` of what is owed and `after_ms` more, `tells` are told, `by` these kinds of channels."""

    id: str
    zh: str
    en: str
    share: float
    after_ms: int
    tells: tuple[str, ...]
    by: tuple[str, ...]

    def age_ms(self, owed_ms: int) -> int:
        """Of the open time of the stage."""
        return round(owed_ms * self.share) + self.after_ms


@dataclass(frozen=True, slots=True)
class Ladder:
    """For a kind of dossier at these stages (empty: all that have a clock), from a level on.

    `answers`: what ends it, a claim of the dossier or the receipt of one of its messages; leaving the stage does
    always.
    """

    id: str
    zh: str
    en: str
    kind: str
    stages: frozenset[str]
    level: int
    answers: frozenset[How]
    rungs: tuple[Rung, ...]

    def concerns(self, kind: str, stage: str, level: int) -> bool:
        """Whether it stands beside a dossier."""
        return kind == self.kind and level >= self.level and (not self.stages or stage in self.stages)

    def silent(self, owner: str, answered_level: int | None, level: int) -> bool:
        """Whether somebody answered: a receipt counts for the level it was given at, not for a higher one."""
        claimed = "claim" in self.answers and bool(owner)
        return claimed or ("receipt" in self.answers and answered_level is not None and answered_level >= level)


@dataclass(frozen=True, slots=True)
class Planned:
    """A rung that comes: at `due_ms`, or None while the clock is held and nobody knows."""

    ladder: str
    rung: Rung
    age_ms: int
    due_ms: int | None

    def late(self, now_ms: int) -> bool:
        """Whether it would be told too late by now."""
        return self.due_ms is not None and now_ms - self.due_ms > LATE_MS


def plan(
    ladder: Ladder, owed_ms: int, segments: Sequence[Segment], calendar: Calendar, *, now_ms: int,
    fired: Collection[str],
) -> tuple[Planned, ...]:  # fmt: skip
    """The rungs that were not told yet, in order of their ages; nothing once the stage was left."""
    if not segments or segments[-1].end_ms is not None:
        return ()
    found = []
    for rung in ladder.rungs:
        if rung.id not in fired:
            age = rung.age_ms(owed_ms)
            due = deadline(age, segments, calendar, now_ms).due_ms if age > 0 else segments[0].start_ms
            found.append(Planned(ladder.id, rung, age, due))
    return tuple(sorted(found, key=lambda each: each.age_ms))


def due(planned: Iterable[Planned], now_ms: int) -> tuple[Planned, ...]:
    """Those whose time has come."""
    return tuple(each for each in planned if each.due_ms is not None and each.due_ms <= now_ms)


def next_ms(planned: Iterable[Planned]) -> int | None:
    """When the next one comes; None where none does, as far as anybody knows."""
    return min((each.due_ms for each in planned if each.due_ms is not None), default=None)


def faults(ladder: Ladder, stages: Mapping[str, bool]) -> Iterable[str]:
    """What is wrong with a ladder beside a life cycle, whose stages either have a clock or not."""
    for stage in sorted(ladder.stages):
        if stage not in stages:
            yield f"没有阶段 {stage} there is no stage {stage}"
        elif not stages[stage]:
            yield f"阶段 {stage} 不计时 no clock runs at the stage {stage}"
    ids = [rung.id for rung in ladder.rungs]
    if len(set(ids)) < len(ids):
        yield "步骤编号重复 two rungs have the same id"
    for one, after in zip(ladder.rungs, ladder.rungs[1:], strict=False):
        if (after.share, after.after_ms) <= (one.share, one.after_ms) or after.share < one.share:
            yield f"步骤 {after.id} 不晚于 {one.id} the rung {after.id} is not later than {one.id}"
    heights = [max((CHAIN.index(name) for name in rung.tells if name in CHAIN), default=-1) for rung in ladder.rungs]
    known = [height for height in heights if height >= 0]
    if known != sorted(known):
        yield "指挥链逆序 the chain of command is climbed downwards"
