"""Reviews at the door: the page's sections, the same as a file, and what people add: notes and actions."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, jsonify, request

from ioc.api.problem import Problem
from ioc.door.desk import Desk
from ioc.door.incidents import attempt, seen_dossier, who_asks, world_now
from ioc.door.visitor import current_person
from ioc.packs.handling import handling
from ioc.queries.desk_page import desk_names
from ioc.queries.review import Review, review
from ioc.report.review import review_report
from ioc.report.situation import SituationReport
from ioc.services import reviews
from ioc.services.audit import record
from ioc.services.situation import WRITERS, Format


def register(server: Flask, desk: Desk) -> None:
    """Add the file and the acts below /incidents/<id>/review."""

    def file(name: str, kind: str) -> Response:
        if kind not in set(Format):
            raise Problem(404, "not_found", "没有此格式。", "There is no such format.")
        found = seen_dossier(desk, name)
        write, media = WRITERS[Format(kind)]
        made = write(_report(desk, name, english=request.args.get("lang") == "en")[1])
        with desk.store.write() as unit:
            record(unit, f"{found.kind}.review", name, desk.clock(), {"format": kind}, world=found.world)
        answer = Response(made, mimetype=media)
        answer.headers["Content-Disposition"] = f'attachment; filename="review-{name[:8]}.{kind}"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def act(name: str, what: str) -> Response:
        found, given = seen_dossier(desk, name), request.get_json(silent=True)
        said, by = given if isinstance(given, dict) else {}, who_asks()
        now = world_now(desk, found.world)
        due: Any = said.get("due_ms")
        if what == "note":
            attempt(lambda: reviews.add_note(desk.store, name, str(said.get("text", "")), by, now))
        elif what == "action":
            due = due if isinstance(due, int) and not isinstance(due, bool) else 0
            attempt(
                lambda: reviews.add_action(
                    desk.store, name, str(said.get("title", "")), str(said.get("owner", "")), due, by, now
                )
            )
        elif what == "done":
            attempt(lambda: reviews.finish(desk.store, name, str(said.get("action", "")), by, now))
        else:
            raise Problem(404, "not_found", "没有此操作。", "There is no such act.")
        return jsonify({"ok": True})

    server.add_url_rule("/incidents/<name>/review.<kind>", "review_file", file, methods=["GET"])
    server.add_url_rule("/incidents/<name>/review/<what>", "review_act", act, methods=["POST"])


def review_page(name: str, *, english: bool) -> tuple[Review, SituationReport]:
    """What the page of a review shows, for the visitor. Raises Problem where they may not see it."""
    desk: Desk = current_app.extensions["ioc"]
    seen_dossier(desk, name)
    return _report(desk, name, english=english)


def _report(desk: Desk, name: str, *, english: bool) -> tuple[Review, SituationReport]:
    person = current_person()
    now = world_now(desk, seen_dossier(desk, name).world)
    told: Review = attempt(
        lambda: review(desk.store, handling(), name, within=person.within if person else None, now_ms=now)
    )
    by = (person.title or person.name) if person else ""
    return told, review_report(told, desk_names(), by=by, now_ms=now, english=english)
