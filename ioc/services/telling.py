"""Telling: what happened to a dossier, in words, and the notices of its moves as messages to people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.domain.audience import About, Audience, recipients
from ioc.domain.deadline_words import moment
from ioc.domain.escalation import Ladder
from ioc.domain.response import MARKS
from ioc.packs.handling import Handling
from ioc.services import clocks, messages
from ioc.services.messages import Draft, Ways
from ioc.services.roster import now_on_duty
from ioc.store.dossier_tables import DossierRow, DossierStepRow, NoticeRow
from ioc.store.unit import Store

CHUNK: Final = 20  # notices of one turn: other keepers wait meanwhile
ORDERS: Final = ("im", "sms", "call")  # kinds of channels by which orders go
NOTICES: Final = ("im", "mail")


def about(unit: Session, row: DossierRow, now_ms: int) -> About:
    """What of a dossier says who its audiences are, and who is on duty now."""
    sent = unit.scalar(
        select(DossierStepRow.said)
        .where(DossierStepRow.dossier_id == row.id, DossierStepRow.move == "dispatch")
        .order_by(DossierStepRow.number.desc())
        .limit(1)
    )
    units: Any = json.loads(sent).get("units", []) if sent else []
    names = [str(unit_) for unit_ in units] if isinstance(units, list) else [str(units)]
    return About(row.owner, row.org, row.region, names, now_on_duty(unit, now_ms))


def body(tables: Handling, row: DossierRow, *, ladder: Ladder | None = None, late: bool = False) -> str:
    """The facts that a message gives of a dossier, a Chinese line and an English one."""
    stage = tables.cycles[row.kind].stages[row.stage]
    level = MARKS[row.level]
    zh = f"阶段：{stage.zh}；级别：{level or '未定级'}；接报：{moment(row.received_ms)}"
    en = f"Stage: {stage.en}; level: {level or 'not graded'}; received: {moment(row.received_ms)}"
    if row.owner:
        zh, en = f"{zh}；经办：{row.owner}", f"{en}; handled by {row.owner}"
    if ladder is not None:
        zh, en = f"{zh}；{ladder.zh}，请回执", f"{en}; {ladder.en}: please answer"
    if late:
        zh, en = f"{zh}（迟发）", f"{en} (told late)"
    return f"{zh}\n{en}"


def order_of(  # noqa: PLR0917 - which move of what is told to whom
    unit: Session, tables: Handling, row: DossierRow, number: int, move_id: str, audience: Audience
) -> Draft:
    """What a move tells an audience; whoever writes it first, it is told once."""
    move = tables.cycles[row.kind].moves.get(move_id)
    every_ms, most = tables.reminders
    clock = clocks.newest(unit, row.id)
    return Draft(
        cause=f"notice:{row.id}:{number}:{audience.id}", kind="order" if audience.asks else "notice",
        audience=audience.id, title=f"{move.zh if move else move_id}：{row.title}", body=body(tables, row),
        world=row.world, dossier_id=row.id, visit=clock.visit if clock else 0,
        urgency=row.level + (2 if audience.asks else 0), by=ORDERS if audience.asks else NOTICES, asks=audience.asks,
        remind_ms=every_ms if audience.asks else 0, remind_most=most,
    )  # fmt: skip


class Teller:
    """A keeper of the duty process: turns the notices of moves into messages."""

    name = "notices"

    def __init__(self, store: Store, tables: Handling, ways: Callable[[], Ways]) -> None:
        self._store, self._tables, self._ways = store, tables, ways

    def turn(self, now_ms: int) -> int:
        """Raises SQLAlchemyError. A notice and its messages are one transaction."""
        with self._store.read() as unit:
            found = unit.scalars(
                select(NoticeRow.id).where(NoticeRow.sent_ms.is_(None)).order_by(NoticeRow.made_ms).limit(CHUNK)
            ).all()
        for notice_id in found:
            with self._store.write() as unit:
                self._send(unit, notice_id, now_ms)
        return len(found)

    def _send(self, unit: Session, notice_id: str, now_ms: int) -> None:
        notice = unit.scalar(select(NoticeRow).where(NoticeRow.id == notice_id).with_for_update())
        if notice is None or notice.sent_ms is not None:  # another process was faster
            return
        notice.sent_ms = now_ms
        row = unit.get(DossierRow, notice.dossier_id)
        step = unit.get(DossierStepRow, (notice.dossier_id, notice.step))
        audience = self._tables.audiences.get(notice.audience)
        if row is None or step is None or audience is None or row.kind not in self._tables.cycles:
            return
        draft = order_of(unit, self._tables, row, notice.step, step.move, audience)
        messages.write(
            unit, draft, recipients(audience, about(unit, row, now_ms), self._tables.region_of), self._ways(), now_ms
        )
