"""Deliveries: what goes out now by a channel, written down before it is tried, and what comes of it.

An attempt of which nobody knows how it ended (a process that died, a channel that did not answer) is asked again with
the same id. A success ends the round: the channels behind it are not tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from ioc.domain.delivery import LEASE_MS, MINUTE_MS, Outcome, Waiting, again_ms, batches
from ioc.security import identity
from ioc.services import messages
from ioc.services.messages import Ways
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import DeliveryAttemptRow, DeliveryRow, MessageRow
from ioc.store.unit import Store

CHUNK: Final = 500  # of what is due that is looked at in one turn
REMINDERS: Final = 20  # rounds that are begun in one turn: other keepers wait meanwhile


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a batch, as it goes out. `token`: of a new link by which it is answered, empty where it asks not."""

    message_id: str
    world: str
    title: str
    body: str
    token: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes out as one by a channel: a message, or several as a digest. `id` is the same at each further attempt
    of a single message."""

    id: str
    channel: str
    letters: tuple[Letter, ...]


def due_channels(store: Store, now_ms: int) -> frozenset[str]:
    """The channels on which something is due; a look that holds up nobody who writes."""
    asked = select(DeliveryRow.channel).where(DeliveryRow.state == "waiting", DeliveryRow.due_ms <= now_ms).distinct()
    with store.read() as unit:
        return frozenset(unit.scalars(asked))


def claim(store: Store, channel: str, per_minute: int, most: int, now_ms: int) -> tuple[Batch, ...]:
    """What this process sends now by a channel, at most so many batches; their attempts are written down.

    Two processes that claim at once share the limit: they take turns at the database.
    """
    with store.write() as unit:
        if not store.sqlite:  # there writers take turns anyway
            unit.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"channel {channel}"})
        due = unit.execute(
            select(DeliveryRow, MessageRow)
            .join(MessageRow, MessageRow.id == DeliveryRow.message_id)
            .where(DeliveryRow.state == "waiting", DeliveryRow.channel == channel, DeliveryRow.due_ms <= now_ms)
            .order_by(MessageRow.urgency.desc(), DeliveryRow.due_ms, DeliveryRow.id)
            .limit(CHUNK)
            .with_for_update(of=DeliveryRow)
        ).all()
        if not due:
            return ()
        used = unit.scalar(
            select(func.count()).select_from(
                select(DeliveryAttemptRow.batch, DeliveryAttemptRow.at_ms)
                .where(DeliveryAttemptRow.channel == channel, DeliveryAttemptRow.at_ms > now_ms - MINUTE_MS)
                .distinct()
                .subquery()
            )
        )  # fmt: skip
        rows = {row.id: (row, message) for row, message in due}
        waiting = [Waiting(row.id, message.urgency, row.due_ms) for row, message in rows.values()]
        chosen = batches(waiting, int(used or 0), per_minute)[:most]
        return tuple(_begin(unit, [rows[each.id] for each in batch], channel, now_ms) for batch in chosen)


def finish(store: Store, batch: Batch, outcome: Outcome, why: str, now_ms: int) -> None:
    """Write down how the attempt of a batch ended. What was answered meanwhile stays answered."""
    with store.write() as unit:
        open_ = unit.scalars(
            select(DeliveryAttemptRow).where(
                DeliveryAttemptRow.batch == batch.id,
                DeliveryAttemptRow.channel == batch.channel,
                DeliveryAttemptRow.outcome == "",
            )
        ).all()
        for attempt in open_:
            _end(unit, attempt, outcome, why, now_ms)


def expire(store: Store, now_ms: int) -> int:
    """Attempts that should have ended long ago: nobody knows how, so that they are asked again. How many."""
    with store.read() as unit:
        late = unit.scalars(
            select(DeliveryRow.id).where(DeliveryRow.state == "trying", DeliveryRow.lease_ms <= now_ms).limit(CHUNK)
        ).all()
    if not late:
        return 0
    with store.write() as unit:
        open_ = unit.scalars(
            select(DeliveryAttemptRow).where(DeliveryAttemptRow.delivery_id.in_(late), DeliveryAttemptRow.outcome == "")
        ).all()
        for attempt in open_:
            _end(unit, attempt, "unknown", "进程中断 the process ended", now_ms)
        return len(open_)


def remind(store: Store, ways: Ways, every_ms: int, most: int, now_ms: int) -> int:
    """Begin the first round of messages that have none yet, and another one of those that nobody answered in time. How
    many that were."""
    with store.read() as unit:
        due = unit.scalars(select(MessageRow.id).where(MessageRow.remind_ms <= now_ms).limit(REMINDERS)).all()
    for message_id in due:
        with store.write() as unit:
            row = unit.scalar(select(MessageRow).where(MessageRow.id == message_id).with_for_update())
            if row is None or row.remind_ms is None or row.remind_ms > now_ms:  # another process was faster
                continue
            unit.execute(
                update(DeliveryRow)
                .where(DeliveryRow.message_id == row.id, DeliveryRow.state == "waiting")
                .values(state="dropped", done_ms=now_ms, why="reminded")
            )
            if (
                row.rounds
                and row.dossier_id
                and unit.scalar(select(DossierRow.ended_ms).where(DossierRow.id == row.dossier_id))
            ):
                row.remind_ms, row.stopped_ms, row.stopped_why = None, now_ms, "ended"
                continue
            messages.begin_round(
                unit, row, ways(row.recipient, row.ways.split(",") if row.ways else [], row.world), now_ms
            )
            row.remind_ms = now_ms + every_ms if row.asks and row.rounds <= most else None
    return len(due)


def _begin(unit: Session, chosen: Sequence[tuple[DeliveryRow, MessageRow]], channel: str, now_ms: int) -> Batch:
    single = len(chosen) == 1
    batch = chosen[0][1].id if single else identity.new_id()
    letters = []
    for row, message in chosen:
        row.state, row.attempts, row.lease_ms = "trying", row.attempts + 1, now_ms + LEASE_MS
        unit.add(
            DeliveryAttemptRow(
                delivery_id=row.id, number=row.attempts, batch=batch, channel=channel, at_ms=now_ms, ended_ms=None,
                outcome="", why="",
            )
        )  # fmt: skip
        token = messages.link(unit, message.id, now_ms) if message.asks else ""
        letters.append(Letter(message.id, message.world, message.title, message.body, token))
    unit.flush()
    return Batch(batch, channel, tuple(letters))


def _end(unit: Session, attempt: DeliveryAttemptRow, outcome: Outcome, why: str, now_ms: int) -> None:
    attempt.outcome, attempt.why, attempt.ended_ms = outcome, why[:200], now_ms
    row = unit.scalar(select(DeliveryRow).where(DeliveryRow.id == attempt.delivery_id).with_for_update())
    if row is None or row.state != "trying" or row.attempts != attempt.number:
        return
    row.why, row.lease_ms = why[:200], None
    behind = update(DeliveryRow).where(
        DeliveryRow.message_id == row.message_id, DeliveryRow.round == row.round, DeliveryRow.id != row.id,
        DeliveryRow.state == "waiting",
    )  # fmt: skip
    if outcome == "sent":
        row.state, row.done_ms = "sent", now_ms
        unit.execute(behind.values(state="dropped", done_ms=now_ms, why="sent by another"))
        return
    message = unit.get(MessageRow, row.message_id)
    arrived = select(DeliveryRow.id).where(
        DeliveryRow.message_id == row.message_id, DeliveryRow.round == row.round, DeliveryRow.state == "sent"
    )
    over = message is None or message.answered_ms is not None or message.stopped_ms is not None
    over = over or unit.scalar(arrived.limit(1)) is not None
    pause = None if over else again_ms(row.attempts)
    if pause is None:
        row.state, row.done_ms = "dropped" if over else "failed", now_ms
    else:
        row.state, row.due_ms = "waiting", now_ms + pause
    if not over:  # the next channel need not wait for its time
        following = (
            select(DeliveryRow.id)
            .where(
                DeliveryRow.message_id == row.message_id, DeliveryRow.round == row.round, DeliveryRow.rank > row.rank,
                DeliveryRow.state == "waiting", DeliveryRow.attempts == 0,
            )
            .order_by(DeliveryRow.rank)
            .limit(1)
        )  # fmt: skip
        first = unit.scalar(following)
        if first is not None:
            unit.execute(
                update(DeliveryRow).where(DeliveryRow.id == first, DeliveryRow.due_ms > now_ms).values(due_ms=now_ms)
            )
