"""The tables of plans: what was edited here, and runs with their steps and what happened to each. Times are ms of the
world, those of editing real."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ioc.store.tables import Table


class PlanDraftRow(Table):
    """What somebody works on: one draft of a plan. `base`: the version that it was begun from, 0 the shipped one."""

    __tablename__ = "plan_draft"

    plan_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    base: Mapped[int] = mapped_column(Integer)
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class PlanVersionRow(Table):
    """A version that was published, over the shipped one. Only added to. `restores`: the one that it brought back."""

    __tablename__ = "plan_version"

    plan_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    restores: Mapped[int | None] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200))
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class PlanRunRow(Table):
    """A run of a plan. `body` is the plan as it was then; `once` is what may start it once; `number` grows with each
    thing that happens."""

    __tablename__ = "plan_run"
    __table_args__ = (
        CheckConstraint("phase IN ('running', 'done', 'cancelled')", name="phase"),
        Index("ix_plan_run_open", "world", "phase"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    world: Mapped[str] = mapped_column(String(64))
    dossier_id: Mapped[str | None] = mapped_column(ForeignKey("dossier.id"), index=True)
    plan_id: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    once: Mapped[str] = mapped_column(String(128), unique=True)
    cause: Mapped[str] = mapped_column(String(16))  # hand, or the kind of rule
    by_name: Mapped[str] = mapped_column(String(64))
    phase: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(200))
    level: Mapped[int] = mapped_column(Integer)
    response: Mapped[int] = mapped_column(Integer)
    facts: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(Integer)
    started_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class PlanStepRow(Table):
    """A step of a run: ioc.domain.plan_run.StepState, with what was entered and which of its effects were told."""

    __tablename__ = "plan_step"

    run_id: Mapped[str] = mapped_column(ForeignKey("plan_run.id"), primary_key=True)
    step_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    phase: Mapped[str] = mapped_column(String(16))
    opened_ms: Mapped[int | None] = mapped_column(BigInteger)
    due_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    by_name: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(String(200))
    late: Mapped[bool] = mapped_column(Boolean)
    called: Mapped[bool] = mapped_column(Boolean)
    receipts: Mapped[bool] = mapped_column(Boolean)
    fired: Mapped[str] = mapped_column(String(32))  # act, late, refused by comma
    said: Mapped[str] = mapped_column(Text)  # JSON


class PlanEventRow(Table):
    """Something that happened to a run, with the effects that followed. Only added to."""

    __tablename__ = "plan_event"

    run_id: Mapped[str] = mapped_column(ForeignKey("plan_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(String(16))
    step_id: Mapped[str] = mapped_column(String(32))
    by_name: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    said: Mapped[str] = mapped_column(Text)
    effects: Mapped[str] = mapped_column(String(400))
