"""Edits of the roster and of what means there are: each with who, when, before and after; what was edited at once is
undone at once, as long as nobody has changed it since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ioc.security import identity
from ioc.services.audit import record
from ioc.services.refusals import NothingToUndo, OutdatedEntry
from ioc.store.means_tables import MeansEditRow

Book = Literal["roster", "means"]
Body = dict[str, Any] | None
Read = Callable[[Session, str], Body]  # what a subject is now
Write = Callable[[Session, str, Body], None]  # make it so


def edit(  # noqa: PLR0917 - what an edit is
    unit: Session, book: Book, changes: Mapping[str, tuple[Body, Body]], by: str, now_ms: int, undoes: str = ""
) -> str:
    """Write down edits that were made at once (subject -> before, after), with their entry in the audit."""
    batch = identity.new_id()
    for subject, (before, after) in changes.items():
        unit.add(
            MeansEditRow(
                book=book, batch=batch, subject=subject, before=_text(before), after=_text(after), by_name=by,
                at_ms=now_ms, undoes=undoes,
            )
        )  # fmt: skip
    told = {subject: {"from": before, "to": after} for subject, (before, after) in list(changes.items())[:20]}
    record(unit, f"{book}.undo" if undoes else f"{book}.change", batch, now_ms, {"edits": len(changes), "first": told})
    unit.flush()
    return batch


def undo(unit: Session, book: Book, read: Read, write: Write, *, by: str, now_ms: int) -> int:  # fmt: skip
    """Take back the newest edits that nobody took back; how many that were. Undone again, one step further.

    Raises NothingToUndo, OutdatedEntry where something of it was changed otherwise.
    """
    rows = unit.scalars(select(MeansEditRow).where(MeansEditRow.book == book).order_by(MeansEditRow.number)).all()
    gone = {row.undoes for row in rows if row.undoes}
    open_ = [row for row in rows if not row.undoes and row.batch not in gone]
    if not open_:
        raise NothingToUndo("值班表 the roster" if book == "roster" else "人员与物资 means")
    newest = [row for row in open_ if row.batch == open_[-1].batch]
    changes: dict[str, tuple[Body, Body]] = {}
    for row in reversed(newest):
        now = read(unit, row.subject)
        if now != _body(row.after):
            raise OutdatedEntry(row.subject, "")
        write(unit, row.subject, _body(row.before))
        changes[row.subject] = (now, _body(row.before))
    edit(unit, book, changes, by, now_ms, undoes=newest[0].batch)
    return len(newest)


def _text(body: Body) -> str | None:
    return None if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True)


def _body(text: str | None) -> Body:
    return None if text is None else json.loads(text)
