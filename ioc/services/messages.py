"""Messages: written within the unit of their cause, answered once, stopped when nobody needs to be told any more.

A message goes to one recipient (`person:li`, `role:duty`, `org:水务局` ...) and is on screen for them from the moment
that its cause holds; channels outside are tried one after the other. An answer stops all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ioc.domain.delivery import FALLBACK_MS
from ioc.security import identity
from ioc.services import outbox
from ioc.services.audit import record
from ioc.services.refusals import MessageStopped, UnknownMessage
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import DeliveryRow, EscalationAnswerRow, MessageLinkRow, MessageRow
from ioc.store.unit import Store

LINK_MS: Final = 7 * 24 * 3_600_000  # a link that nobody used is worth nothing after this
MOST_RECIPIENT: Final = 128  # characters

_LOADS: Final = frozenset({"notice", "escalation"})  # what a duty officer did not ask for: the load that E17 counts
_OPERATORS: Final = ("person:", "role:", "post:")  # of units and offices nobody asks how much they can bear

Ways = Callable[[str, Sequence[str], str], Sequence[str]]  # (recipient, kinds of channels, world) -> channels in order
Kind = Literal["notice", "order", "escalation", "broadcast", "test"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be told. `cause` names it for ever: the same cause tells a recipient once.

    `remind_ms`, `remind_most`: an answer is asked for again so often; 0: it is asked for once.
    """

    cause: str
    kind: Kind
    audience: str
    title: str
    body: str
    world: str = "live"
    dossier_id: str | None = None
    visit: int = 0
    ladder: str = ""
    until_claim: bool = False
    urgency: int = 0
    by: Sequence[str] = ()
    asks: bool = False
    remind_ms: int = 0
    remind_most: int = 0


def write(unit: Session, draft: Draft, recipients: Iterable[str], ways: Ways | None, now_ms: int) -> tuple[str, ...]:
    """The ids of the messages that are new; those of this cause that there are stay as they are.

    `ways` None: whoever writes does not know the channels; the duty process begins the first round.
    """
    made = []
    for recipient in dict.fromkeys(name[:MOST_RECIPIENT] for name in recipients):
        there = select(MessageRow.id).where(MessageRow.cause == draft.cause, MessageRow.recipient == recipient)
        if unit.scalar(there) is not None:
            continue
        row = MessageRow(
            id=identity.new_id(), world=draft.world, cause=draft.cause, recipient=recipient, audience=draft.audience,
            dossier_id=draft.dossier_id, visit=draft.visit, ladder=draft.ladder, until_claim=draft.until_claim,
            kind=draft.kind, urgency=draft.urgency, title=draft.title[:200], body=draft.body, ways=",".join(draft.by),
            asks=draft.asks, made_ms=now_ms, rounds=0, remind_ms=None, answered_ms=None, answered_by="",
            answered_how="", stopped_ms=None, stopped_why="",
        )  # fmt: skip
        unit.add(row)
        unit.flush()
        if ways is None:
            row.remind_ms = now_ms
        else:
            begin_round(unit, row, ways(recipient, draft.by, draft.world), now_ms)
        if ways is not None and draft.asks and draft.remind_ms and draft.remind_most:
            row.remind_ms = now_ms + draft.remind_ms
        if draft.kind == "order":
            _order(unit, row, now_ms)
        elif draft.kind in _LOADS and recipient.startswith(_OPERATORS):
            outbox.put(unit, row.world, "alarm", recipient, now_ms, {"alarm_no": row.id}, now_ms)
        made.append(row.id)
    unit.flush()
    return tuple(made)


def begin_round(unit: Session, row: MessageRow, channels: Sequence[str], now_ms: int) -> None:
    """Ways of one round: the first is due at once, each further one when those before it had no success in time."""
    for rank, channel in enumerate(channels):
        unit.add(
            DeliveryRow(
                id=identity.new_id(), message_id=row.id, round=row.rounds, rank=rank, channel=channel,
                state="waiting", due_ms=now_ms + rank * FALLBACK_MS, attempts=0, lease_ms=None, done_ms=None, why="",
            )
        )  # fmt: skip
    row.rounds += 1


def link(unit: Session, message_id: str, now_ms: int) -> str:
    """A new token by which whoever has it answers the message, once."""
    token = identity.new_token()
    unit.add(MessageLinkRow(digest=identity.digest(token), message_id=message_id, made_ms=now_ms))
    return token


def of_link(store: Store, token: str, now_ms: int) -> MessageRow:
    """The message that a link answers. Raises UnknownMessage, also for a link that is too old."""
    with store.read() as unit:
        return _of_link(unit, token, now_ms)


def answer_by_link(store: Store, token: str, now_ms: int) -> MessageRow:
    """As `answer`, by whoever has the link: its recipient. Raises UnknownMessage, MessageStopped."""
    with store.write() as unit:
        row = _of_link(unit, token, now_ms)
        return _answer(unit, row.id, row.recipient[:64], "link", now_ms)


def answer(store: Store, message_id: str, *, by: str, now_ms: int) -> MessageRow:
    """Somebody says that they have read it: what follows is not told, what waits is not sent. The first answer counts;
    another one changes nothing. Raises UnknownMessage, MessageStopped for one that nobody waits for any more."""
    with store.write() as unit:
        return _answer(unit, message_id, by, "screen", now_ms)


def again(store: Store, message_id: str, *, by: str, now_ms: int) -> MessageRow:
    """Somebody has it sent once more by all its channels: the duty process begins another round. Raises
    UnknownMessage, MessageStopped for one that was answered or that nobody waits for any more."""
    with store.write() as unit:
        row = unit.scalar(select(MessageRow).where(MessageRow.id == message_id).with_for_update())
        if row is None:
            raise UnknownMessage(message_id)
        if not row.asks or row.answered_ms is not None or row.stopped_ms is not None:
            raise MessageStopped(message_id, row.stopped_why)
        row.remind_ms = now_ms
        record(unit, "message.again", row.id, now_ms, {"recipient": row.recipient, "by": by}, world=row.world)
        unit.flush()
        return row


def stop(
    unit: Session, dossier_id: str, why: str, now_ms: int, *, ladder: str = "", claimed: bool = False
) -> int:  # fmt: skip
    """The messages of a dossier's ladders need no answer any more: of one, of those that a claim answers, or of all.

    Returns how many that were.
    """
    asked = select(MessageRow.id).where(
        MessageRow.dossier_id == dossier_id, MessageRow.ladder != "", MessageRow.answered_ms.is_(None),
        MessageRow.stopped_ms.is_(None),
    )  # fmt: skip
    if ladder:
        asked = asked.where(MessageRow.ladder == ladder)
    if claimed:
        asked = asked.where(MessageRow.until_claim)
    found = unit.scalars(asked).all()
    if found:
        unit.execute(
            update(MessageRow)
            .where(MessageRow.id.in_(found))
            .values(stopped_ms=now_ms, stopped_why=why[:64], remind_ms=None)
        )
        _drop(unit, found, why, now_ms)
    return len(found)


def _answer(unit: Session, message_id: str, by: str, how: str, now_ms: int) -> MessageRow:
    row = unit.scalar(
        select(MessageRow)
        .where(MessageRow.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownMessage(message_id)
    if row.answered_ms is not None:
        return row
    if row.stopped_ms is not None:
        raise MessageStopped(message_id, row.stopped_why)
    row.answered_ms, row.answered_by, row.answered_how, row.remind_ms = now_ms, by, how, None
    _drop(unit, [row.id], "answered", now_ms)
    if row.ladder and row.dossier_id:
        _answer_ladder(unit, row, by, now_ms)
    if row.kind == "order":
        _order(unit, row, now_ms)
    told = {"kind": row.kind, "recipient": row.recipient, "how": how, "ladder": row.ladder}
    who = row.recipient if how == "link" else ""  # whoever has the link is nobody who is signed in
    record(unit, "message.answer", row.id, now_ms, told, world=row.world, by=who)
    unit.flush()
    return row


def _answer_ladder(unit: Session, row: MessageRow, by: str, now_ms: int) -> None:
    """In the same transaction: no rung of this ladder follows at this level, and its other messages need no answer."""
    level = unit.scalar(select(DossierRow.level).where(DossierRow.id == row.dossier_id).with_for_update())
    key = (row.dossier_id, row.visit, row.ladder, level)
    if unit.get(EscalationAnswerRow, key) is None:
        unit.add(
            EscalationAnswerRow(
                dossier_id=row.dossier_id, visit=row.visit, ladder=row.ladder, level=level, by_name=by, at_ms=now_ms
            )
        )
    stop(unit, str(row.dossier_id), "answered", now_ms, ladder=row.ladder)


def _drop(unit: Session, message_ids: Sequence[str], why: str, now_ms: int) -> None:
    unit.execute(
        update(DeliveryRow)
        .where(DeliveryRow.message_id.in_(message_ids), DeliveryRow.state == "waiting")
        .values(state="dropped", done_ms=now_ms, why=why[:200])
    )


def _order(unit: Session, row: MessageRow, now_ms: int) -> None:
    """The order as a record of its world: when it was given and when its receipt came."""
    org = row.recipient.partition(":")[2]
    fields = {
        "order_id": row.id,
        "changed_at": now_ms,
        "sent_at": row.made_ms,
        "receipt_at": row.answered_ms,
        "org": org,
    }
    outbox.put(unit, row.world, "order", row.id, now_ms, fields, now_ms)


def _of_link(unit: Session, token: str, now_ms: int) -> MessageRow:
    row = unit.get(MessageLinkRow, identity.digest(token))
    found = unit.get(MessageRow, row.message_id) if row is not None and now_ms - row.made_ms < LINK_MS else None
    if found is None:
        raise UnknownMessage("")
    return found
