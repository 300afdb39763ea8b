"""What the review of a dossier rests on: its page, all of its clocks, reports, plans, actions and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from ioc.packs.handling import Handling
from ioc.queries.deadlines import StageClock, of_dossier
from ioc.queries.dossier_page import DossierView, dossier_view
from ioc.store.dossier_tables import DossierRow
from ioc.store.intake_table import DossierSourceRow
from ioc.store.plan_tables import PlanEventRow, PlanRunRow
from ioc.store.review_tables import ReviewActionRow, ReviewNoteRow
from ioc.store.unit import Store


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done. `state` at the time that was asked about."""

    id: str
    title: str
    owner: str
    due_ms: int
    made_by: str
    done_ms: int | None
    done_by: str
    state: Literal["open", "done", "late"]


@dataclass(frozen=True, slots=True)
class Note:
    """A note: by whom, when, what."""

    by: str
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """Something that happened to a run of a plan."""

    plan: str
    event: str
    step: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Review:
    """All of it. `sources`: where it came from, (kind of source, its own name, when)."""

    view: DossierView
    world: str
    clocks: tuple[StageClock, ...]
    sources: tuple[tuple[str, str, int], ...]
    plans: tuple[PlanEvent, ...]
    actions: tuple[Action, ...]
    notes: tuple[Note, ...]


def review(
    store: Store, tables: Handling, dossier_id: str, *, within: frozenset[str] | None = None, now_ms: int
) -> Review:  # fmt: skip
    """Raises UnknownDossier, also for one that the reader may not see."""
    view = dossier_view(store, tables, dossier_id, permissions=(), within=within, now_ms=now_ms)
    clocks = of_dossier(store, tables, dossier_id, now_ms)
    with store.read() as unit:
        world = str(unit.scalar(select(DossierRow.world).where(DossierRow.id == dossier_id)))
        sources = unit.scalars(
            select(DossierSourceRow).where(DossierSourceRow.dossier_id == dossier_id).order_by(DossierSourceRow.made_ms)
        ).all()
        events = unit.execute(
            select(PlanRunRow.plan_id, PlanEventRow)
            .join(PlanEventRow, PlanEventRow.run_id == PlanRunRow.id)
            .where(PlanRunRow.dossier_id == dossier_id)
            .order_by(PlanEventRow.at_ms, PlanEventRow.number)
        ).all()
        actions = unit.scalars(
            select(ReviewActionRow).where(ReviewActionRow.dossier_id == dossier_id).order_by(ReviewActionRow.due_ms)
        ).all()
        notes = unit.scalars(
            select(ReviewNoteRow).where(ReviewNoteRow.dossier_id == dossier_id).order_by(ReviewNoteRow.at_ms)
        ).all()
    return Review(
        view, world, clocks, tuple((row.source, row.ref, row.made_ms) for row in sources),
        tuple(PlanEvent(plan, row.event, row.step_id, row.by_name, row.at_ms) for plan, row in events),
        tuple(_action(row, now_ms) for row in actions),
        tuple(Note(row.by_name, row.at_ms, row.text) for row in notes),
    )  # fmt: skip


def _action(row: ReviewActionRow, now_ms: int) -> Action:
    late = (row.done_ms if row.done_ms is not None else now_ms) > row.due_ms
    state: Literal["open", "done", "late"] = "late" if late else "open" if row.done_ms is None else "done"
    return Action(row.id, row.title, row.owner, row.due_ms, row.made_by, row.done_ms, row.done_by, state)
