"""Unmasking at the door: one field of a dossier as it was told, with a reason, in the audit before it leaves; all of
them only once a second person lets it (`personal.unmask`)."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, jsonify, request

from ioc.api.problem import Problem
from ioc.door.desk import Desk
from ioc.door.incidents import seen_dossier, who_asks
from ioc.services import approvals
from ioc.services.audit import record
from ioc.services.refusals import Refusal, UnknownApproval

MOST_REASON: Final = 200


def register(server: Flask, desk: Desk) -> None:
    """Add POST /incidents/<name>/unmask: `field` and `reason`, or `approval`."""

    def unmask(name: str) -> Response:
        found, given = seen_dossier(desk, name), request.get_json(silent=True)
        said = given if isinstance(given, dict) else {}
        field, reason = str(said.get("field", ""))[:64], str(said.get("reason", "")).strip()
        facts = dict(found.facts)
        if approval := str(said.get("approval", "")):
            try:
                let = approvals.let(desk.store, approval, "personal.unmask", by=who_asks(), now_ms=desk.clock())
            except Refusal as refused:
                status = 404 if isinstance(refused, UnknownApproval) else 409
                raise Problem(status, refused.code, refused.zh, refused.en) from None
            if let["dossier"] != name:
                raise Problem(404, "unknown_approval", "没有这项审批。", "There is no such approval.")
        elif field not in facts:
            raise Problem(404, "no_field", "没有这一字段。", "There is no such field.", field="field")
        elif not 0 < len(reason) <= MOST_REASON:
            zh, en = f"理由 1 至 {MOST_REASON} 字。", f"A reason of 1 to {MOST_REASON} characters."
            raise Problem(400, "bad_request", zh, en, field="reason")
        else:
            facts = {field: facts[field]}
        with desk.store.write() as unit:
            what = {"fields": sorted(facts), "reason": reason, "approval": approval}
            record(unit, "personal.unmask", name, desk.clock(), what, world=found.world)
        answer = jsonify({"facts": facts})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    server.add_url_rule("/incidents/<name>/unmask", "unmask", unmask, methods=["POST"])
