"""Responses at the door: every plan with its level, and the command that starts, raises, lowers or ends one."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, jsonify
from flask import request as asked

from ioc.api.problem import Problem
from ioc.domain.response import ACTS
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.door.visitor import current_person
from ioc.packs.handling import handling
from ioc.queries.responses import Response as PlanResponse
from ioc.queries.responses import responses
from ioc.security.permission import GRANTED
from ioc.services.refusals import ResponseRefused
from ioc.services.responses import order

VERSION = 1
STEPS = 20  # of a plan, the newest
STATUS = {"permission": 403, "version": 409}


def register(server: Flask, desk: Desk) -> None:
    """Add /responses, and /responses/<plan>: `{act, level, why, version}`, `world`, and for one its `dossier`."""
    log = structlog.get_logger()

    def listed() -> Response:
        world = asked.args.get("world", desk.settings.world)
        now = world_now(desk, world)
        found = responses(desk.store, handling().plans, _permissions(), world)
        return jsonify({"v": VERSION, "world": world, "at": now, "responses": [_told(each) for each in found]})

    def change(plan: str) -> Response:
        person, given = current_person(), asked.get_json(silent=True)
        body: dict[str, Any] = given if isinstance(given, dict) else {}
        found = handling().plans.get(plan)
        if person is None or found is None:
            raise Problem(404, "unknown_plan", "没有此预案。", "There is no such plan.")
        level, version, act = body.get("level"), body.get("version"), body.get("act")
        if act not in ACTS:
            raise Problem(400, "bad_response", f"act 须为 {'、'.join(ACTS)}。", f"act is one of {', '.join(ACTS)}.",
                          field="act")  # fmt: skip
        world = str(body.get("world") or desk.settings.world)
        for name, value in (("level", level), ("version", version)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise Problem(400, "bad_response", f"{name} 须为整数。", f"{name} must be a whole number.", field=name)
        try:
            row = order(
                desk.store, found, level or 0, why=str(body.get("why", "")), version=version or 0,
                permissions=_permissions(), by=person.name, now_ms=world_now(desk, world), world=world, meant=act,
                dossier_id=str(body.get("dossier", ""))[:32],
            )  # fmt: skip
        except ResponseRefused as refused:
            status = STATUS.get(refused.field, 400)
            raise Problem(status, refused.code, refused.zh, refused.en, field=refused.field) from None
        log.info("response_changed", plan=plan, level=row.level, by=person.name)
        return jsonify({"plan": plan, "level": row.level, "version": row.version})

    server.add_url_rule("/responses", "responses", listed)
    server.add_url_rule("/responses/<plan>", "response_change", change, methods=["POST"])


def _told(of: PlanResponse) -> dict[str, Any]:
    return {
        "plan": of.plan, "name": [of.zh, of.en], "level": of.level, "mark": of.mark, "version": of.version,
        "since": of.since_ms, "by": of.by, "may": [list(each) for each in of.may],
        "steps": [{"zh": step.zh, "en": step.en, "by": step.by, "at": step.at_ms, "why": step.why}
                  for step in of.steps[-STEPS:]],
    }  # fmt: skip


def _permissions() -> set[str]:
    person = current_person()
    return {permission.value for role in person.roles for permission in GRANTED[role]} if person else set()
