"""Plans at the door: those in force, runs as checklists, their steps, drafts and versions. What is read is no activity
of a person; what is done is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from ioc.api.operation import JSON
from ioc.api.parameter import read_all
from ioc.api.plan_operations import PLAN_OPERATIONS
from ioc.api.problem import Problem
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.door.visitor import current_person, person_may
from ioc.packs.handling import handling
from ioc.queries import plan_runs as read_runs
from ioc.queries import plans as read_plans
from ioc.queries.dossiers import may_see
from ioc.security.permission import Permission
from ioc.services import dossiers, plan_library, plan_runs
from ioc.services.refusals import DossierRefused, PlanRefused, Refusal, UnknownDossier, UnknownPlan

BY_ID = {one.id: one for one in PLAN_OPERATIONS}
CONFLICTS = frozenset({"state", "over", "undo", "gone_on", "revision", "base", "plan"})  # somebody was faster


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.plan_operations says who may ask."""

    def listed() -> Response:
        given = _query("plans")
        world = str(given["world"] or desk.settings.world)
        if given["dossier"]:
            _seen_dossier(desk, str(given["dossier"]))
            return _json({"world": world, "plans": read_runs.offers(desk.store, str(given["dossier"]))})
        return _json({"world": world, "at": world_now(desk, world), "plans": read_plans.listed(desk.store, world)})

    def runs() -> Response:
        given = _query("plan-runs")
        world = str(given["world"] or desk.settings.world)
        now = world_now(desk, world)
        found = read_runs.runs(
            desk.store, handling().audiences, world=world, now_ms=now, dossier_id=str(given["dossier"] or ""),
            state=str(given["state"] or ""), within=_within(),
        )  # fmt: skip
        return _json({"world": world, "at": now, "may": person_may(Permission.PLAN_STEP), "runs": found})

    def run(run: str) -> Response:
        return _run(desk, _path("plan-run", run=run)["run"])

    def start(plan: str) -> Response:
        name, body = _path("plan-start", plan=plan)["plan"], _body("plan-start")
        found = _seen_dossier(desk, body["dossier"])
        run_id = _told(
            lambda: plan_runs.start(
                desk.store, handling(), name, found.id, by=_me(), now_ms=world_now(desk, found.world),
                real_ms=desk.clock(),
            )
        )  # fmt: skip
        return _run(desk, run_id)

    def step(run: str, step: str) -> Response:
        names, body = _path("plan-step", run=run, step=step), _body("plan-step")
        run_id, now = _seen(desk, names["run"])
        times: dict[str, Any] = {"by": _me(), "now_ms": now, "real_ms": desk.clock()}
        of = (desk.store, handling(), run_id, names["step"])
        why, said = str(body.get("why", "")), body.get("said", {})
        acts: Mapping[str, Callable[[], None]] = {
            "complete": lambda: plan_runs.complete(*of, said, **times),
            "skip": lambda: plan_runs.skip(*of, why, **times),
            "fail": lambda: plan_runs.fail(*of, why, **times),
            "take_back": lambda: plan_runs.take_back(*of, **times),
        }
        if body["do"] not in acts:
            raise Problem(400, "bad_request", "没有这一操作。", "There is no such act.", field="do", rule="choice")
        _told(acts[body["do"]])
        return _run(desk, run_id)

    def cancel(run: str) -> Response:
        run_id, now = _seen(desk, _path("plan-cancel", run=run)["run"])
        why = _body("plan-cancel")["why"]
        _told(
            lambda: plan_runs.cancel(
                desk.store, handling(), run_id, why, by=_me(), now_ms=now, real_ms=desk.clock()
            )
        )  # fmt: skip
        return _run(desk, run_id)

    def one(plan: str) -> Response:
        name, given = _path("plan", plan=plan)["plan"], _query("plan")
        return _plan(desk, name, given["version"])

    def check(plan: str) -> Response:
        name, text = _path("plan-check", plan=plan)["plan"], _body("plan-check")["text"]
        return _json(_told(lambda: read_plans.looked_over(desk.store, name, text)))

    def draft(plan: str) -> Response:
        name, body = _path("plan-draft", plan=plan)["plan"], _body("plan-draft")
        _told(
            lambda: plan_library.save(
                desk.store, name, body["text"], body["revision"], by=_me(), now_ms=desk.clock()
            )
        )  # fmt: skip
        return _plan(desk, name)

    def discard(plan: str) -> Response:
        name, body = _path("plan-discard", plan=plan)["plan"], _body("plan-discard")
        _told(lambda: plan_library.discard(desk.store, name, body["revision"], by=_me(), now_ms=desk.clock()))
        return _plan(desk, name)

    def publish(plan: str) -> Response:
        name, body = _path("plan-publish", plan=plan)["plan"], _body("plan-publish")
        _told(
            lambda: plan_library.publish(
                desk.store, name, body["revision"], note=body["note"], by=_me(), now_ms=desk.clock()
            )
        )  # fmt: skip
        return _plan(desk, name)

    def restore(plan: str) -> Response:
        name, body = _path("plan-restore", plan=plan)["plan"], _body("plan-restore")
        _told(
            lambda: plan_library.restore(
                desk.store, name, body["version"], body["newest"], by=_me(), now_ms=desk.clock()
            )
        )  # fmt: skip
        return _plan(desk, name)

    answers: Mapping[str, Any] = {
        "plans": listed, "plan-runs": runs, "plan-run": run, "plan-start": start, "plan-step": step,
        "plan-cancel": cancel, "plan": one, "plan-check": check, "plan-draft": draft, "plan-discard": discard,
        "plan-publish": publish, "plan-restore": restore,
    }  # fmt: skip
    for name, answer in answers.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, answer, methods=[operation.method])


def plan_exists(name: str) -> bool:
    """Whether there is a plan of this name: every one has a shipped version or one that was published here."""
    desk: Desk = current_app.extensions["ioc"]
    try:
        with desk.store.read() as unit:
            return name in plan_library.in_force(unit)
    except SQLAlchemyError:  # the page is shown and says so itself
        return True


def _run(desk: Desk, run_id: str) -> Response:
    run_id, now = _seen(desk, run_id)
    found = read_runs.run(desk.store, handling().audiences, run_id, now_ms=now, within=_within())
    if found is None:
        raise _problem(UnknownPlan(run_id))
    return _json({"at": now, "world": found["world"], "run": found})


def _plan(desk: Desk, name: str, version: Any = None) -> Response:
    return _json(_told(lambda: read_plans.plan_page(desk.store, name, handling().audiences, version)))


def _seen(desk: Desk, run_id: str) -> tuple[str, int]:
    """A run that the asker may see, and the time of its world. Raises Problem."""
    world, dossier = _told(lambda: plan_runs.world_of(desk.store, run_id))
    if dossier:
        _seen_dossier(desk, dossier)
    return run_id, world_now(desk, world)


def _seen_dossier(desk: Desk, name: str) -> dossiers.Dossier:
    found: dossiers.Dossier = _told(lambda: dossiers.find(desk.store, name))
    if not may_see(found.region, _within()):
        raise _problem(UnknownDossier(name))
    return found


def _within() -> frozenset[str] | None:
    person = current_person()
    return person.within if person else None


def _me() -> str:
    person = current_person()
    return person.name if person else ""


def _query(operation: str) -> Mapping[str, Any]:
    parameters = [each for each in BY_ID[operation].parameters if each.where == "query"]
    return read_all(tuple(parameters), list(request.args.items(multi=True)), "query")


def _path(operation: str, **names: str) -> Mapping[str, str]:
    parameters = tuple(each for each in BY_ID[operation].parameters if each.where == "path")
    return {name: str(value) for name, value in read_all(parameters, list(names.items()), "path").items()}


KINDS: Mapping[str, type] = {"string": str, "integer": int, "object": dict}


def _body(operation: str) -> dict[str, Any]:
    """The body as its operation says it is. Raises Problem that names the field."""
    wanted = BY_ID[operation].body
    assert wanted is not None  # noqa: S101 - for the type checker: whoever asks has one
    schema = wanted.schemas[JSON]
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) - set(schema["properties"]):
        names = "、".join(schema["properties"])
        raise Problem(400, "bad_request", f"正文须为 {names}。", f"The body has {', '.join(schema['properties'])}.")
    for name, kind in schema["properties"].items():
        value = body.get(name)
        wants = KINDS[kind.get("type", "string")]
        if name in schema["required"] or name in body:
            if not isinstance(value, wants) or isinstance(value, bool):
                raise Problem(400, "bad_request", f"{name} 不合规。", f"{name} is wrong.", field=name, rule="type")
            if isinstance(value, str) and "maxLength" in kind and len(value) > kind["maxLength"]:
                raise Problem(400, "bad_request", f"{name} 过长。", f"{name} is too long.", field=name, rule="length")
    return body


def _told(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (UnknownPlan, UnknownDossier, PlanRefused, DossierRefused) as refused:
        raise _problem(refused) from None


def _problem(refused: Refusal) -> Problem:
    field = getattr(refused, "field", "")
    status = 404 if isinstance(refused, UnknownPlan | UnknownDossier) else 409 if field in CONFLICTS else 400
    more = "".join(f"\n{each}" for each in getattr(refused, "faults", ()))
    return Problem(status, refused.code, refused.zh + more, refused.en + more, field=field)


def _json(told: Any) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), mimetype=JSON)
