"""Escalations: rungs of ladders told when their time comes, each once per visit of a stage, missed ones marked late.

A rung, its messages and its entry in the audit are one transaction that looks anew at the dossier: what was answered,
held, raised or left meanwhile counts. Of two processes that look at once the second finds the rung told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ioc.domain.audience import recipients
from ioc.domain.escalation import Ladder, Planned, due, next_ms, plan
from ioc.packs.handling import Handling
from ioc.services import clocks, messages
from ioc.services.audit import record
from ioc.services.clocks import Clock
from ioc.services.messages import Draft, Ways
from ioc.services.telling import about, body
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import EscalationAnswerRow, EscalationStepRow
from ioc.store.unit import Store

URGENT: Final = 5  # ladders go before notices; each level adds one
FAR_MS: Final = 1 << 62
CHUNK: Final = 20  # rungs of one turn: some 20 ms each, and other keepers wait meanwhile
LOOKS: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """A ladder beside a dossier: what of it comes, and whether somebody answered it."""

    ladder: Ladder
    silent: bool
    planned: tuple[Planned, ...]


def standing(unit: Session, tables: Handling, row: DossierRow, clock: Clock | None, now_ms: int) -> list[Standing]:
    """The ladders that concern a dossier at the stage whose clock this is."""
    calendar = tables.calendar(row.kind, row.stage)
    if clock is None or clock.stopped or calendar is None or row.ended_ms is not None:
        return []
    concerned = [each for each in tables.ladders.values() if each.concerns(row.kind, row.stage, row.level)]
    if not concerned:
        return []
    here = (EscalationStepRow.dossier_id == row.id, EscalationStepRow.visit == clock.visit)
    fired: dict[str, set[str]] = {}
    for name, rung in unit.execute(select(EscalationStepRow.ladder, EscalationStepRow.rung).where(*here)):
        fired.setdefault(name, set()).add(rung)
    answers = (
        select(EscalationAnswerRow.ladder, func.max(EscalationAnswerRow.level))
        .where(EscalationAnswerRow.dossier_id == row.id, EscalationAnswerRow.visit == clock.visit)
        .group_by(EscalationAnswerRow.ladder)
    )
    answered: Mapping[str, int] = {name: level for name, level in unit.execute(answers)}  # noqa: C416
    return [
        Standing(
            ladder, ladder.silent(row.owner, answered.get(ladder.id), row.level),
            plan(ladder, clock.owed_ms, clock.segments, calendar, now_ms=now_ms, fired=fired.get(ladder.id, ())),
        )
        for ladder in concerned
    ]  # fmt: skip


def fire(store: Store, tables: Handling, ways: Ways, dossier_id: str, now_ms: int) -> tuple[int, int]:
    """Tell every rung of a dossier whose time has come; how many that were, and when the next one comes (FAR_MS: none
    does unless something changes)."""
    with store.write() as unit:
        row = unit.scalar(
            select(DossierRow)
            .where(DossierRow.id == dossier_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if row is None:
            return 0, FAR_MS
        clock = clocks.newest(unit, dossier_id)
        told, soonest = 0, FAR_MS
        for each in standing(unit, tables, row, clock, now_ms):
            if each.silent or clock is None:
                continue
            now = due(each.planned, now_ms)
            for planned in now:
                _tell(unit, tables, ways, row, clock, each.ladder, planned, now_ms)
            told += len(now)
            soonest = min(soonest, next_ms(one for one in each.planned if one not in now) or FAR_MS)
        return told, soonest


def look(store: Store, tables: Handling, dossier_id: str, now_ms: int) -> int:
    """When the next rung of a dossier comes, FAR_MS for none: a look that holds up nobody who writes."""
    with store.read() as unit:
        row = unit.get(DossierRow, dossier_id)
        if row is None:
            return FAR_MS
        found = standing(unit, tables, row, clocks.newest(unit, dossier_id), now_ms)
    return min((next_ms(each.planned) or FAR_MS for each in found if not each.silent), default=FAR_MS)


class Escalator:
    """A keeper of the duty process: looks at what changed, and at what comes due."""

    name = "escalations"

    def __init__(self, store: Store, tables: Handling, ways: Callable[[], Ways]) -> None:
        self._store, self._tables, self._ways = store, tables, ways
        self._next: dict[str, tuple[int, int]] = {}  # dossier -> (version, when its next rung comes)

    def turn(self, now_ms: int) -> int:
        """Raises SQLAlchemyError. What was not committed is done again."""
        with self._store.read() as unit:
            open_ = unit.execute(select(DossierRow.id, DossierRow.version).where(DossierRow.ended_ms.is_(None))).all()
        self._next = {name: self._next[name] for name, _ in open_ if name in self._next}
        told = looks = 0
        for name, version in open_:
            known, soonest = self._next.get(name, (-1, FAR_MS))
            if version == known and now_ms < soonest:
                continue
            looks += 1
            soonest = look(self._store, self._tables, name, now_ms)
            if soonest <= now_ms:
                count, soonest = fire(self._store, self._tables, self._ways(), name, now_ms)
                told += count
            self._next[name] = (version, soonest)
            if told >= CHUNK or looks >= LOOKS:  # the other keepers have their turn, then it goes on
                break
        return told


def _tell(  # noqa: PLR0917 - what a rung that is told is
    unit: Session, tables: Handling, ways: Ways, row: DossierRow, clock: Clock, ladder: Ladder, planned: Planned,
    now_ms: int,
) -> None:  # fmt: skip
    rung, late = planned.rung, planned.late(now_ms)
    unit.add(
        EscalationStepRow(
            dossier_id=row.id, visit=clock.visit, ladder=ladder.id, rung=rung.id, level=row.level,
            due_ms=planned.due_ms, at_ms=now_ms, late=late,
        )
    )  # fmt: skip
    unit.flush()
    known = about(unit, row, now_ms)
    told = [name for audience in rung.tells for name in recipients(tables.audiences[audience], known, tables.region_of)]
    every_ms, most = tables.reminders
    draft = Draft(
        cause=f"rung:{row.id}:{clock.visit}:{ladder.id}:{rung.id}", kind="escalation", audience=rung.tells[-1],
        title=f"{ladder.zh} · {rung.zh}：{row.title}"[:200], body=body(tables, row, ladder=ladder, late=late),
        world=row.world, dossier_id=row.id, visit=clock.visit, ladder=ladder.id,
        until_claim="claim" in ladder.answers, urgency=URGENT + row.level,
        by=rung.by, asks=True, remind_ms=every_ms, remind_most=most,
    )  # fmt: skip
    made = messages.write(unit, draft, told, ways, now_ms)
    detail = {"ladder": ladder.id, "rung": rung.id, "visit": clock.visit, "late": late, "messages": len(made)}
    record(unit, "escalation.fire", row.id, now_ms, detail, world=row.world)
