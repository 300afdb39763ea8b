"""Messages at the door: written by hand, and answered on screen by whom they are for or by the link that went out.

A link shows its message first and counts only once its button is pressed: programs that look into links answer nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from flask import Flask, Response, jsonify
from flask import request as asked
from sqlalchemy import select

from ioc.api.problem import Problem
from ioc.door import plain
from ioc.door.desk import Desk
from ioc.door.request import language
from ioc.door.visitor import current_person
from ioc.packs.handling import handling
from ioc.queries.dossiers import may_see
from ioc.queries.messages import is_for
from ioc.services import messages, orders
from ioc.services.orders import Order
from ioc.services.refusals import MessageNotYours, MessageStopped, Refusal, UnknownDossier, UnknownMessage
from ioc.store.dossier_tables import DossierRow
from ioc.store.message_tables import MessageRow

STATUS: Mapping[type[Refusal], int] = {
    UnknownMessage: 404,
    MessageStopped: 409,
    MessageNotYours: 404,
    UnknownDossier: 404,
}


def register(server: Flask, desk: Desk) -> None:
    """Add /messages, /messages/<message_id>/answer, /messages/<message_id>/again and /receipt/<token>."""
    log = structlog.get_logger()

    def answer(message_id: str) -> Response:
        person = current_person()
        try:
            if person is None or not is_for(desk.store, message_id, person.name, person.roles, person.within):
                raise MessageNotYours
            row = messages.answer(desk.store, message_id, by=person.name, now_ms=desk.clock())
        except Refusal as refused:
            raise Problem(STATUS[type(refused)], refused.code, refused.zh, refused.en) from None
        log.info("message_answered", message=row.id, by=person.name, how="screen")
        return jsonify({"id": row.id, "answered_ms": row.answered_ms, "answered_by": row.answered_by})

    def send() -> Response:
        person, given = current_person(), asked.get_json(silent=True)
        body = given if isinstance(given, dict) else {}
        to = body.get("to")
        order = Order(
            title=str(body.get("title", "")), body=str(body.get("body", "")), key=str(body.get("key", "")),
            to=[str(name) for name in to] if isinstance(to, list) else [], asks=body.get("asks") is not False,
            dossier_id=str(body.get("dossier", ""))[:32],
        )  # fmt: skip
        try:
            if person is None or not _may_see(desk, order.dossier_id, person.within):
                raise UnknownDossier(order.dossier_id)
            made = orders.send(desk.store, handling(), order, by=person.name, now_ms=desk.clock())
        except Refusal as refused:
            status = STATUS.get(type(refused), 400)
            raise Problem(status, refused.code, refused.zh, refused.en, field=getattr(refused, "field", "")) from None
        log.info("message_written", by=person.name, messages=len(made))
        return jsonify({"messages": list(made)})

    def again(message_id: str) -> Response:
        person = current_person()
        try:
            if person is None or not _may_see(desk, _dossier_of(desk, message_id), person.within):
                raise UnknownMessage(message_id)
            messages.again(desk.store, message_id, by=person.name, now_ms=desk.clock())
        except Refusal as refused:
            raise Problem(STATUS[type(refused)], refused.code, refused.zh, refused.en) from None
        log.info("message_again", message=message_id, by=person.name)
        return jsonify({"id": message_id})

    def by_link(token: str) -> Response:
        lang = language()
        try:
            row = messages.of_link(desk.store, token, desk.clock())
            if asked.method == "POST" and row.answered_ms is None:
                row = messages.answer_by_link(desk.store, token, desk.clock())
                log.info("message_answered", message=row.id, by=row.recipient, how="link")
        except UnknownMessage:
            return plain.message_page("receipt_gone", lang, 410)
        except MessageStopped:
            return plain.message_page("receipt_stopped", lang, 409)
        done = row.answered_ms is not None
        return plain.receipt_page(lang, title=row.title, text=row.body, done=done)

    server.add_url_rule("/messages", "message_send", send, methods=["POST"])
    server.add_url_rule("/messages/<message_id>/answer", "message_answer", answer, methods=["POST"])
    server.add_url_rule("/messages/<message_id>/again", "message_again", again, methods=["POST"])
    server.add_url_rule("/receipt/<token>", "receipt", by_link, methods=["GET", "POST"])


def _may_see(desk: Desk, dossier_id: str, within: frozenset[str] | None) -> bool:
    """Whether somebody who sees these regions sees a dossier; a message about none is everybody's."""
    if not dossier_id or within is None:
        return True
    with desk.store.read() as unit:
        region = unit.scalar(select(DossierRow.region).where(DossierRow.id == dossier_id))
    return region is not None and may_see(region, within)


def _dossier_of(desk: Desk, message_id: str) -> str:
    with desk.store.read() as unit:
        return unit.scalar(select(MessageRow.dossier_id).where(MessageRow.id == message_id)) or ""
