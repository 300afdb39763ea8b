"""Messages for the desk: what people were told of a dossier, who was reached by what and when, what waits or failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, and_, false, or_, select, true
from sqlalchemy.orm import Session

from ioc.security.role import Role
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import DeliveryRow, MessageRow
from ioc.store.unit import Store

State = Literal["answered", "stopped", "waits", "told"]
# Who is on the desk speaks for those outside that have no screen here: they answer by telephone.
OUTSIDE = ("unit:", "org:", "post:")
UNREACHED_MS = 60_000  # two channels have had their time by then


@dataclass(frozen=True, slots=True)
class Delivery:
    """A way that was tried or will be. `state`: waiting, trying, sent, failed, dropped; `why` of a failure."""

    channel: str
    state: str
    round: int
    attempts: int
    due_ms: int
    done_ms: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its receipts. `state`: `waits` for an answer that was asked for, `told` where none was."""

    id: str
    world: str
    dossier_id: str | None
    kind: str
    recipient: str
    audience: str
    title: str
    body: str
    asks: bool
    made_ms: int
    state: State
    answered_ms: int | None
    answered_by: str
    answered_how: str
    stopped_why: str
    next_reminder_ms: int | None
    ways: tuple[Delivery, ...]

    @property
    def reached_ms(self) -> int | None:
        """When a channel first said that it took it; None while none did."""
        return min((way.done_ms for way in self.ways if way.state == "sent" and way.done_ms is not None), default=None)

    @property
    def failed(self) -> bool:
        """Whether every channel outside refused it, or there is none: somebody must call them."""
        outside = self.recipient.startswith(OUTSIDE)
        tried = [way for way in self.ways if way.state != "dropped"]
        return self.state == "waits" and (
            all(way.state == "failed" or way.why for way in tried) and self.reached_ms is None if tried else outside
        )


def of_dossier(store: Store, dossier_id: str, most: int = 200) -> tuple[Message, ...]:
    """What people were told of a dossier, the newest first."""
    return _read(store, select(MessageRow).where(MessageRow.dossier_id == dossier_id), most)


def newest(store: Store, *, world: str = "", open_only: bool = False, most: int = 50) -> tuple[Message, ...]:
    """The newest messages, of a world or of all; `open_only`: those that wait for an answer."""
    asked = select(MessageRow)
    if world:
        asked = asked.where(MessageRow.world == world)
    if open_only:
        asked = asked.where(_open())
    return _read(store, asked, most)


def inbox(
    store: Store, name: str, roles: Collection[Role], *, within: frozenset[str] | None = None, world: str = "live",
    open_only: bool = True, most: int = 50,
) -> tuple[Message, ...]:  # fmt: skip
    """What a person is to read on screen: theirs, that of their roles, and on the desk that of everybody outside.

    `within`: the regions whose dossiers they see, None for all; what is about none is for all of a role.
    """
    asked = select(MessageRow).where(MessageRow.world == world, _for(name, roles, within))
    if open_only:
        asked = asked.where(_open())
    return _read(store, asked, most)


def is_for(
    store: Store, message_id: str, name: str, roles: Collection[Role], within: frozenset[str] | None = None
) -> bool:  # fmt: skip
    """Whether a person may answer a message."""
    asked = select(MessageRow.id).where(MessageRow.id == message_id, _for(name, roles, within))
    with store.read() as unit:
        return unit.scalar(asked) is not None


def failures(
    store: Store, now_ms: int, *, world: str = "live", within: frozenset[str] | None = None, most: int = 50
) -> tuple[Message, ...]:  # fmt: skip
    """What waits for an answer of somebody whom no channel reached, or not within a minute: the desk calls them."""
    waiting = _read(store, select(MessageRow).where(MessageRow.world == world, _open(), _seen(within)), 500)
    return tuple(
        message for message in waiting
        if message.failed or (message.ways and message.reached_ms is None and message.made_ms <= now_ms - UNREACHED_MS)
    )[:most]  # fmt: skip


def _open() -> Any:
    return and_(MessageRow.asks, MessageRow.answered_ms.is_(None), MessageRow.stopped_ms.is_(None))


def _for(name: str, roles: Collection[Role], within: frozenset[str] | None) -> Any:
    mine = [f"role:{role.value}" for role in roles]
    desk = [MessageRow.recipient.startswith(kind) for kind in OUTSIDE] if Role.DUTY in roles else []
    return or_(
        MessageRow.recipient == f"person:{name}", and_(or_(MessageRow.recipient.in_(mine), *desk), _seen(within))
    )


def _seen(within: frozenset[str] | None) -> Any:
    """About nothing in particular, or about a dossier of these regions."""
    if within is None:
        return true()
    regions = [DossierRow.region.startswith(code, autoescape=True) for code in sorted(within)]
    there = select(DossierRow.id).where(DossierRow.id == MessageRow.dossier_id, or_(false(), *regions))
    return or_(MessageRow.dossier_id.is_(None), there.exists())


def _read(store: Store, asked: Select[MessageRow], most: int) -> tuple[Message, ...]:
    with store.read() as unit:
        rows = unit.scalars(asked.order_by(MessageRow.made_ms.desc(), MessageRow.id).limit(most)).all()
        ways = _ways(unit, [row.id for row in rows])
    return tuple(_message(row, ways.get(row.id, ())) for row in rows)


def _ways(unit: Session, ids: Sequence[str]) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    rows = unit.scalars(
        select(DeliveryRow).where(DeliveryRow.message_id.in_(ids)).order_by(DeliveryRow.round, DeliveryRow.rank)
    )
    for row in rows:
        way = Delivery(row.channel, row.state, row.round, row.attempts, row.due_ms, row.done_ms, row.why)
        found.setdefault(row.message_id, []).append(way)
    return found


def _message(row: MessageRow, ways: Sequence[Delivery]) -> Message:
    state: State = "told"
    if row.answered_ms is not None:
        state = "answered"
    elif row.stopped_ms is not None:
        state = "stopped"
    elif row.asks:
        state = "waits"
    return Message(
        row.id, row.world, row.dossier_id, row.kind, row.recipient, row.audience, row.title, row.body, row.asks,
        row.made_ms, state, row.answered_ms, row.answered_by, row.answered_how, row.stopped_why, row.remind_ms,
        tuple(ways),
    )  # fmt: skip
