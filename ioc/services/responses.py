"""Responses: start, raise, lower and end the response of a plan; who may is said by its level.

One transaction each with its step, its record on the stream from which the response level of the district is computed
and its entry in the audit; whom its plan names is told by the duty process (`ResponseTeller`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select

from ioc.domain.response import ACTS, MARKS, Act, NoAuthority, NotThat, ResponsePlan, change
from ioc.services import outbox
from ioc.services.audit import record
from ioc.services.refusals import ResponseRefused
from ioc.store.response_tables import ResponseRow, ResponseStepRow
from ioc.store.unit import Store

SOURCE: Final = "response"
MOST_WHY: Final = 400


def order(
    store: Store, plan: ResponsePlan, level: int, *, why: str, version: int, permissions: Collection[str], by: str,
    now_ms: int, world: str = "live", dossier_id: str = "", meant: Act | None = None,
) -> ResponseRow:  # fmt: skip
    """Bring the response of a plan to a level; 0 ends it. `version` is the one that was looked at, 0 where there was
    none; `meant`: what whoever orders it calls it, which must be what it is: nobody ends a response by lowering it.
    Raises ResponseRefused that names the field."""
    why = why.strip()
    if not 0 < len(why) <= MOST_WHY or not why.isprintable():
        raise ResponseRefused("why", f"理由 1 至 {MOST_WHY} 字。", f"A reason of 1 to {MOST_WHY} characters.")
    with store.write() as unit:
        row = unit.scalar(
            select(ResponseRow)
            .where(ResponseRow.world == world, ResponseRow.plan == plan.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        before, newest = (row.level, row.version) if row else (0, 0)
        if newest != version:
            raise ResponseRefused("version", "响应级别已被他人更改，请先看过。", "Somebody changed it meanwhile.")
        try:
            act = change(plan, before, level, permissions)
        except NotThat:
            raise ResponseRefused(
                "level", f"现为{MARKS[before] or '未启动'}，须为另一级别。", "It must be another level, 0 to 4."
            ) from None
        except NoAuthority as missing:
            raise ResponseRefused(
                "permission", f"此级别须有权限 {missing.permission}。", f"This level takes {missing.permission}."
            ) from None
        if meant is not None and meant != act:
            (zh, en), (want_zh, want_en) = ACTS[act], ACTS[meant]
            raise ResponseRefused(
                "act",
                f"这是{zh}，不是{want_zh}；请按{zh}下达。",
                f"This is to {en} it, not to {want_en} it: order that.",
            )
        if row is None:
            row = ResponseRow(world=world, plan=plan.id, level=0, version=0, since_ms=now_ms, by_name=by)
            unit.add(row)
        row.level, row.version, row.since_ms, row.by_name = level, newest + 1, now_ms, by
        unit.add(
            ResponseStepRow(
                world=world, plan=plan.id, number=row.version, act=act, before=before, level=level, by_name=by,
                at_ms=now_ms, why=why, dossier_id=dossier_id, told_ms=None,
            )
        )  # fmt: skip
        fields = {"plan": plan.id, "changed_at": now_ms, "level": level}
        outbox.put(unit, world, SOURCE, plan.id, now_ms, fields, now_ms)
        detail = {"from": before, "to": level, "why": why, "version": row.version, "dossier": dossier_id}
        record(unit, f"response.{act}", plan.id, now_ms, detail, world=world)
        unit.flush()
        return row


def standing(store: Store, world: str = "live") -> Sequence[ResponseRow]:
    """What stands now, the highest first; plans that were never started are not among it."""
    with store.read() as unit:
        return unit.scalars(
            select(ResponseRow).where(ResponseRow.world == world).order_by(ResponseRow.level.desc(), ResponseRow.plan)
        ).all()


def steps(store: Store, plan: str, world: str = "live") -> Sequence[ResponseStepRow]:
    """How it came to be as it is, the first first."""
    with store.read() as unit:
        return unit.scalars(
            select(ResponseStepRow)
            .where(ResponseStepRow.world == world, ResponseStepRow.plan == plan)
            .order_by(ResponseStepRow.number)
        ).all()


def said(step: ResponseStepRow) -> tuple[str, str]:
    """`启动Ⅳ级响应`, in both languages."""
    zh, en = ACTS[step.act]  # type: ignore[index]
    mark = MARKS[step.level or step.before]
    return f"{zh}{mark}级响应", f"{en} response level {mark}"
