"""Orders and broadcasts by hand: what a person tells others, as messages that the duty process carries out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ioc.domain.audience import About, recipients
from ioc.packs.handling import Handling
from ioc.services import messages
from ioc.services.audit import record
from ioc.services.messages import Draft
from ioc.services.refusals import MessageRefused, UnknownDossier
from ioc.services.roster import now_on_duty
from ioc.services.telling import NOTICES, ORDERS, about
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store

MOST_TITLE: Final = 100
MOST_BODY: Final = 2_000
MOST_TO: Final = 50
URGENT: Final = 4  # before notices of moves, after ladders
_TO = re.compile(r"(?:person|role|unit|org|post):[^\s*]{1,100}")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Order:
    """`to`: audiences by name (of the dossier's, where there is one) or recipients (`unit:u1`). `key`: of the sender's
    own, so that a form that is sent twice tells once."""

    title: str
    to: Sequence[str]
    key: str
    body: str = ""
    asks: bool = True
    dossier_id: str = ""
    world: str = "live"


def send(store: Store, tables: Handling, order: Order, *, by: str, now_ms: int) -> tuple[str, ...]:
    """The ids of the messages that are new: none for a key that was used. Raises MessageRefused that names the field,
    UnknownDossier."""
    _check(order)
    with store.write() as unit:
        row = unit.get(DossierRow, order.dossier_id) if order.dossier_id else None
        if order.dossier_id and row is None:
            raise UnknownDossier(order.dossier_id)
        known = about(unit, row, now_ms) if row else About(on_duty=now_on_duty(unit, now_ms))
        told: list[str] = []
        for name in order.to:
            audience = tables.audiences.get(name)
            if audience is None and not _TO.fullmatch(name):
                raise MessageRefused("to", f"没有对象 {name[:40]}。", f"There is no recipient {name[:40]}.")
            if audience is None:
                told.append(name)
            elif row is None and audience.kind not in {"role", "post"}:
                raise MessageRefused("to", f"{audience.zh}须有卷宗。", f"Without a dossier nobody is {audience.id}.")
            else:
                told += recipients(audience, known, tables.region_of)
        every_ms, most = tables.reminders
        world = row.world if row else order.world
        draft = Draft(
            cause=f"hand:{by}:{order.key}", kind="order" if order.asks else "broadcast", audience="", world=world,
            title=order.title.strip(), body=f"{order.body.strip()}\n{by}".strip(), dossier_id=row.id if row else None,
            urgency=URGENT, by=ORDERS if order.asks else NOTICES, asks=order.asks, remind_ms=every_ms,
            remind_most=most,
        )  # fmt: skip
        made = messages.write(unit, draft, told, None, now_ms)
        if made:
            detail = {"to": list(dict.fromkeys(told)), "title": draft.title, "asks": order.asks, "messages": len(made)}
            record(unit, "message.send", order.dossier_id or order.key, now_ms, detail, world=world)
        return made


def _check(order: Order) -> None:
    if not 0 < len(order.title.strip()) <= MOST_TITLE or not order.title.isprintable():
        raise MessageRefused("title", f"标题 1 至 {MOST_TITLE} 字。", f"A title of 1 to {MOST_TITLE} characters.")
    if len(order.body) > MOST_BODY or not order.body.replace("\n", "").isprintable():
        raise MessageRefused("body", f"正文至多 {MOST_BODY} 字。", f"At most {MOST_BODY} characters.")
    if not 0 < len(order.to) <= MOST_TO:
        raise MessageRefused("to", f"须有 1 至 {MOST_TO} 个对象。", f"1 to {MOST_TO} recipients.")
    if not _KEY.fullmatch(order.key):
        raise MessageRefused("key", "键须为 8 至 64 个字母或数字。", "A key of 8 to 64 letters and digits.")
