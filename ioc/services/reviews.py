"""Reviews (复盘): actions that follow from a dossier, with owner and due time, and notes. Each change of an action is a
row of the source `action` of its world, by which E18 counts what was done in time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ioc.packs.handling import Handling
from ioc.security import identity
from ioc.services import messages, outbox
from ioc.services.audit import record
from ioc.services.dossiers import row_of
from ioc.services.messages import Draft
from ioc.services.orders import URGENT
from ioc.services.people import known_as
from ioc.services.refusals import DossierRefused
from ioc.services.telling import ORDERS
from ioc.store.review_tables import ReviewActionRow, ReviewNoteRow
from ioc.store.tables import PersonRow
from ioc.store.unit import Store
from metrics.world import LIVE_WORLD

MOST_TITLE: Final = 200
MOST_NOTE: Final = 4_000
SOON_MS: Final = 24 * 3_600_000
LONGEST_MS: Final = 366 * 24 * 3_600_000
AT_ONCE: Final = 50
SAID: Final = {1: "复盘整改将到期 a review action is due soon", 2: "复盘整改已逾期 a review action is late"}


def add_action(  # noqa: PLR0917 - what an action is
    store: Store, dossier_id: str, title: str, owner: str, due_ms: int, by: str, now_ms: int
) -> str:
    """Give somebody something to do until a time; its id. Raises UnknownDossier, DossierRefused (the field)."""
    title, owner = title.strip(), known_as(owner)
    if not 0 < len(title) <= MOST_TITLE or not title.isprintable():
        raise DossierRefused("title", f"须为 1 至 {MOST_TITLE} 字。", f"1 to {MOST_TITLE} characters.")
    if not now_ms < due_ms <= now_ms + LONGEST_MS:
        raise DossierRefused("due", "期限须在一年之内、现在之后。", "It is due within a year, after now.")
    with store.write() as unit:
        dossier = row_of(unit, dossier_id)
        if unit.scalar(select(PersonRow.id).where(PersonRow.name == owner, PersonRow.disabled_ms.is_(None))) is None:
            raise DossierRefused("owner", "没有此账号。", "There is no such account.")
        row = ReviewActionRow(
            id=identity.new_id(), dossier_id=dossier.id, world=dossier.world, title=title, owner=owner, due_ms=due_ms,
            made_by=by, made_ms=now_ms, done_by="", done_ms=None, reminded=0,
        )  # fmt: skip
        unit.add(row)
        unit.flush()
        said = {"action": row.id, "title": title, "owner": owner, "due_ms": due_ms}
        record(unit, "review.action", dossier.id, now_ms, said, world=row.world)
        _tell(unit, row, now_ms)
        return row.id


def finish(store: Store, dossier_id: str, action_id: str, by: str, now_ms: int) -> None:
    """An action is done; one that is done stays so. Raises UnknownDossier, DossierRefused."""
    with store.write() as unit:
        dossier = row_of(unit, dossier_id)
        row = unit.scalar(select(ReviewActionRow).where(ReviewActionRow.id == action_id).with_for_update())
        if row is None or row.dossier_id != dossier.id:
            raise DossierRefused("action", "没有此整改项。", "There is no such action.")
        if row.done_ms is None:
            row.done_ms, row.done_by = now_ms, by
            unit.flush()
            said = {"action": row.id, "late": now_ms > row.due_ms}
            record(unit, "review.done", dossier.id, now_ms, said, world=row.world)
            _tell(unit, row, now_ms)


def add_note(store: Store, dossier_id: str, text: str, by: str, now_ms: int) -> str:
    """Add a note to the review; its id. Raises UnknownDossier, DossierRefused."""
    text = text.strip()
    if not 0 < len(text) <= MOST_NOTE:
        raise DossierRefused("text", f"须为 1 至 {MOST_NOTE} 字。", f"1 to {MOST_NOTE} characters.")
    with store.write() as unit:
        dossier = row_of(unit, dossier_id)
        row = ReviewNoteRow(id=identity.new_id(), dossier_id=dossier.id, text=text, by_name=by, at_ms=now_ms)
        unit.add(row)
        unit.flush()
        record(unit, "review.note", dossier.id, now_ms, {"note": row.id, "text": text}, world=dossier.world)
        return row.id


class Reminder:
    """A keeper of the duty process: tells the owner once that an action is due within a day, and once that it is late.

    Those of an exercise remind nobody: its time is not that of people."""

    name = "reviews"

    def __init__(self, store: Store, tables: Handling) -> None:
        self._store, self._tables = store, tables

    def turn(self, now_ms: int) -> int:
        """Raises SQLAlchemyError; what was not told is told at the next turn."""
        late = (ReviewActionRow.due_ms < now_ms) & (ReviewActionRow.reminded < 2)
        soon = (ReviewActionRow.due_ms < now_ms + SOON_MS) & (ReviewActionRow.reminded < 1)
        asked = select(ReviewActionRow.id).where(
            ReviewActionRow.done_ms.is_(None), ReviewActionRow.world == LIVE_WORLD.id, or_(late, soon)
        ).limit(AT_ONCE)  # fmt: skip
        with self._store.read() as unit:
            found = unit.scalars(asked).all()
        return sum(self._remind(action_id, now_ms) for action_id in found)

    def _remind(self, action_id: str, now_ms: int) -> int:
        every_ms, most = self._tables.reminders
        with self._store.write() as unit:
            row = unit.scalar(select(ReviewActionRow).where(ReviewActionRow.id == action_id).with_for_update())
            step = 2 if row is not None and row.due_ms < now_ms else 1
            if row is None or row.done_ms is not None or row.reminded >= step:
                return 0
            row.reminded = step
            draft = Draft(
                cause=f"review:{row.id}:{step}", kind="order", audience="", world=row.world, title=row.title,
                body=SAID[step], dossier_id=row.dossier_id, urgency=URGENT, by=ORDERS, asks=True, remind_ms=every_ms,
                remind_most=most,
            )  # fmt: skip
            return len(messages.write(unit, draft, [f"person:{row.owner}"], None, now_ms))


def _tell(unit: Session, row: ReviewActionRow, now_ms: int) -> None:
    fields = {"action_id": row.id, "changed_at": now_ms, "due": row.due_ms, "done_at": row.done_ms}
    outbox.put(unit, row.world, "action", row.id, now_ms, fields, now_ms)
