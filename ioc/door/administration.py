"""Administration at the door: accounts, roles, devices, approvals and the audit, each part with its own permission.

Nothing here is asked by a script by itself: all of it is what a person does, and keeps the session in use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import redis
import structlog
from flask import Flask, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from ioc.api.problem import Problem
from ioc.door.desk import Desk
from ioc.door.visitor import Person, current_person, require
from ioc.queries import administration, audit
from ioc.security import password
from ioc.security.permission import Permission, may
from ioc.security.role import ADMINISTRATORS, TITLES, Role
from ioc.services import api_tokens, approvals, people, second_factor
from ioc.services.privileged import OPERATIONS
from ioc.services.refusals import (
    AdministratorSecret,
    BadPayload,
    Refusal,
    UnknownApproval,
    UnknownPerson,
    UnknownToken,
)
from ioc.services.tickets import unmark_sessions
from ioc.store.audit_anchors import Anchors, BadAnchors

STATUS: Final[Mapping[type[Refusal], int]] = {UnknownPerson: 404, UnknownApproval: 404, UnknownToken: 404}
PAGE: Final = 100  # entries of the audit at once
MOST_EXPORTED: Final = 100_000
PARTS: Final[Mapping[str, Permission]] = {
    "people": Permission.PEOPLE_MANAGE, "roles": Permission.ADMIN_VIEW, "devices": Permission.SCREEN_MANAGE,
    "approvals": Permission.ADMIN_VIEW, "audit": Permission.AUDIT_VIEW,
}  # fmt: skip
_NUMBER = re.compile(r"\d{1,15}")
Act = Callable[[dict[str, Any], Person], Any]


def register(server: Flask, desk: Desk) -> None:
    """Add /admin/data/<part> and the commands below /admin/."""
    log = structlog.get_logger()

    def close(ended: Sequence[str]) -> None:
        """Their sockets go now; without the bus a sweep finds them."""
        try:
            unmark_sessions(desk.client, ended)
        except redis.RedisError:
            log.warning("sessions_not_unmarked")

    def data(part: str) -> Response:
        person = _person()
        if part not in PARTS:
            raise Problem(404, "not_found", "没有此项。", "There is no such part.")
        require(PARTS[part])
        now = desk.clock()
        if part == "people":
            return jsonify(
                {"people": administration.accounts(desk.store), "factor_for": sorted(desk.settings.factor_roles)}
            )
        if part == "roles":
            told = administration.matrix()
            if may(person.roles, Permission.ROLE_GRANT):
                told["people"] = [
                    {"name": each["name"], "title": each["title"], "roles": each["roles"]}
                    for each in administration.accounts(desk.store)
                ]
            return jsonify(told)
        if part == "devices":
            return jsonify(administration.devices(desk.store, now))
        if part == "approvals":
            return jsonify(
                {"approvals": administration.waiting(desk.store, person.name, person.roles, now), "now": now}
            )
        return jsonify(_search(desk))

    def act(acts: Mapping[str, Act], name: str) -> Response:
        if name not in acts:
            raise Problem(404, "not_found", "没有此操作。", "There is no such act.")
        given, person = request.get_json(silent=True), _person()
        try:
            told = acts[name](given if isinstance(given, dict) else {}, person)
        except Refusal as refused:
            status = STATUS.get(type(refused), 409)
            raise Problem(status, refused.code, refused.zh, refused.en, field=getattr(refused, "field", "")) from None
        log.info("administered", act=name, by=person.name)
        return jsonify(told if told is not None else {"ok": True})

    def add(given: dict[str, Any], _: Person) -> Any:
        name = _text(given, "name")
        secret = password.drawn(name)
        made = people.add_person(
            desk.store, name, (), secret, desk.clock(), title=_text(given, "title"), temporary=True
        )  # fmt: skip
        return {"name": made.name, "secret": secret}

    def reset(given: dict[str, Any], person: Person) -> Any:
        name = _no_administrator(desk, given, person)
        secret = password.drawn(name)
        _, ended = people.set_password(desk.store, name, secret, desk.clock(), temporary=True)
        close(ended)
        return {"name": name, "secret": secret}

    def factor_reset(given: dict[str, Any], person: Person) -> None:
        close(second_factor.reset(desk.store, _no_administrator(desk, given, person), desk.clock()))

    def disable(given: dict[str, Any], _: Person) -> None:
        close(people.disable_person(desk.store, _text(given, "name"), desk.clock())[1])

    def enable(given: dict[str, Any], _: Person) -> None:
        people.enable_person(desk.store, _text(given, "name"), desk.clock())

    def regions(given: dict[str, Any], _: Person) -> None:
        codes = _text(given, "regions").replace(",", " ").split()
        close(people.set_regions(desk.store, _text(given, "name"), codes, desk.clock())[1])

    def sessions(given: dict[str, Any], _: Person) -> Any:
        ended = people.close_sessions(desk.store, _text(given, "name"), desk.clock())
        close(ended)
        return {"ended": len(ended)}

    def revoke(given: dict[str, Any], _: Person) -> None:
        close(people.revoke_role(desk.store, _text(given, "name"), _role(given), desk.clock())[1])

    def revoke_token(given: dict[str, Any], _: Person) -> None:
        api_tokens.revoke_token(desk.store, _text(given, "id"), desk.clock())

    def ask(given: dict[str, Any], person: Person) -> Any:
        kind, payload = _text(given, "kind"), given.get("payload")
        if kind not in OPERATIONS or not isinstance(payload, dict):
            raise BadPayload("kind" if kind not in OPERATIONS else "payload")
        require(OPERATIONS[kind].asks)
        if kind == "audit.export":
            head = audit.head(desk.store)
            payload = payload | {"upto": 0 if head is None else head.seq}
        made = approvals.ask(desk.store, kind, payload, _text(given, "reason"), by=person.name, now_ms=desk.clock())
        return {"id": made.id}

    def approve(given: dict[str, Any], person: Person) -> Any:
        what, done = approvals.approve(desk.store, _text(given, "id"), by=person.name, now_ms=desk.clock())
        close(done.ended)
        return {"id": what.id, "verdict": what.verdict}

    def refuse(given: dict[str, Any], person: Person) -> Any:
        what = approvals.refuse(desk.store, _text(given, "id"), by=person.name, now_ms=desk.clock())
        return {"id": what.id, "verdict": what.verdict}

    def verify() -> Response:
        try:
            anchors = Anchors(desk.settings.data_path).read()
            count, faults = audit.verify(desk.store, anchors)
        except (BadAnchors, OSError, SQLAlchemyError) as error:
            raise Problem(503, "unavailable", "审计暂不可核验。", "The audit cannot be verified now.") from error
        return jsonify(
            {"entries": count, "anchors": len(anchors), "faults": [[each.seq, each.broken] for each in faults[:20]]}
        )

    def export(approval_id: str) -> Response:
        person = _person()
        try:
            payload = approvals.let(desk.store, approval_id, "audit.export", by=person.name, now_ms=desk.clock())
        except Refusal as refused:
            raise Problem(STATUS.get(type(refused), 409), refused.code, refused.zh, refused.en) from None
        found = audit.newest(desk.store, **administration.wanted(payload), most=MOST_EXPORTED)
        response = Response(administration.audit_csv(found[::-1]), mimetype="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="audit-{payload["upto"]}.csv"'
        log.info("audit_exported", approval=approval_id, by=person.name, entries=len(found))
        return response

    of_people: Mapping[str, Act] = {
        "add": add, "reset": reset, "factor-reset": factor_reset, "disable": disable, "enable": enable,
        "regions": regions, "sessions": sessions,
    }  # fmt: skip
    of_approvals: Mapping[str, Act] = {"ask": ask, "approve": approve, "refuse": refuse}
    server.add_url_rule("/admin/data/<part>", "admin_data", data, methods=["GET"])
    server.add_url_rule("/admin/people/<name>", "admin_people", lambda name: act(of_people, name), methods=["POST"])
    server.add_url_rule(
        "/admin/roles/revoke", "admin_revoke", lambda: act({"revoke": revoke}, "revoke"), methods=["POST"]
    )
    server.add_url_rule(
        "/admin/tokens/revoke", "admin_token", lambda: act({"revoke": revoke_token}, "revoke"), methods=["POST"]
    )
    server.add_url_rule(
        "/admin/approvals/<name>", "admin_approvals", lambda name: act(of_approvals, name), methods=["POST"]
    )
    server.add_url_rule("/admin/audit/verify", "admin_verify", verify, methods=["POST"])
    server.add_url_rule("/admin/audit/export/<approval_id>", "admin_export", export, methods=["GET"])


def _search(desk: Desk) -> dict[str, Any]:
    """The newest entries that fit, and whether there are more."""
    given = request.args
    numbers = {
        name: int(given[name]) if _NUMBER.fullmatch(given.get(name, "")) else 0 for name in ("since", "until", "before")
    }
    found = audit.newest(
        desk.store, actor=given.get("actor", "")[:64], action=given.get("action", "")[:48],
        subject=given.get("subject", "")[:128], since_ms=numbers["since"], until_ms=numbers["until"],
        before=numbers["before"], most=PAGE + 1,
    )  # fmt: skip
    return {"entries": administration.entries(found[:PAGE]), "more": len(found) > PAGE}


def _no_administrator(desk: Desk, given: dict[str, Any], person: Person) -> str:
    """The account whose secret is set anew; an administrator's is set on the server itself: whoever could set it here
    could come in as them, and would be two administrators."""
    name = people.known_as(_text(given, "name"))
    if name != person.name and people.account(desk.store, name).roles & ADMINISTRATORS:
        raise AdministratorSecret(name)
    return name


def _person() -> Person:
    person = current_person()
    if person is None:
        raise Problem(401, "sign_in_required", "请先登录。", "Sign in first.")
    return person


def _role(given: dict[str, Any]) -> Role:
    role = _text(given, "role")
    if role not in {each.value for each in TITLES}:
        raise BadPayload("role")
    return Role(role)


def _text(given: dict[str, Any], name: str) -> str:
    return str(given.get(name, ""))[:400].strip()
