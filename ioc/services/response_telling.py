"""Telling of responses: each change of a level as messages to the audiences that its plan names, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import select

from ioc.domain.audience import About, recipients
from ioc.domain.deadline_words import moment
from ioc.packs.handling import Handling
from ioc.services import messages
from ioc.services.messages import Draft, Ways
from ioc.services.responses import said
from ioc.services.roster import now_on_duty
from ioc.store.response_tables import ResponseStepRow
from ioc.store.unit import Store

CHUNK: Final = 10
URGENT: Final = 8  # a response goes before the ladders of single dossiers


class ResponseTeller:
    """A keeper of the duty process."""

    name = "responses"

    def __init__(self, store: Store, tables: Handling, ways: Callable[[], Ways]) -> None:
        self._store, self._tables, self._ways = store, tables, ways

    def turn(self, now_ms: int) -> int:
        """Raises SQLAlchemyError. A step is marked in the transaction of its messages."""
        with self._store.read() as unit:
            keys = unit.execute(
                select(ResponseStepRow.world, ResponseStepRow.plan, ResponseStepRow.number)
                .where(ResponseStepRow.told_ms.is_(None))
                .order_by(ResponseStepRow.at_ms)
                .limit(CHUNK)
            ).all()
        for key in keys:
            with self._store.write() as unit:
                step = unit.get(ResponseStepRow, tuple(key), with_for_update=True)
                if step is None or step.told_ms is not None:  # another process was faster
                    continue
                step.told_ms = now_ms
                plan = self._tables.plans.get(step.plan)
                if plan is None:
                    continue
                zh, en = said(step)
                known = About(on_duty=now_on_duty(unit, now_ms))
                told = [
                    name
                    for audience in plan.tells
                    for name in recipients(self._tables.audiences[audience], known, self._tables.region_of)
                ]
                draft = Draft(
                    f"response:{step.world}:{step.plan}:{step.number}", "broadcast", plan.tells[0],
                    f"{plan.zh}{zh}",
                    f"{moment(step.at_ms)}，{step.by_name}：{step.why}\n{plan.en}: {en}", step.world,
                    urgency=URGENT, by=plan.by, asks=True, remind_ms=self._tables.reminders[0],
                    remind_most=self._tables.reminders[1],
                )  # fmt: skip
                messages.write(unit, draft, told, self._ways(), now_ms)
        return len(keys)
