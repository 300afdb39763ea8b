"""The workbench at the door: rehearsals of thresholds, asked for, followed, cancelled and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import redis
from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError

from ioc.api.operation import JSON
from ioc.api.parameter import read_all
from ioc.api.problem import Problem
from ioc.api.workbench_operations import WORKBENCH_OPERATIONS
from ioc.door.desk import Desk
from ioc.door.incidents import world_now
from ioc.door.visitor import current_person
from ioc.queries.catalogue import definition
from ioc.queries.composition import UnknownIndicator
from ioc.services import rehearsals
from ioc.services.refusals import RehearsalRefused, UnknownRehearsal
from metrics import keys
from metrics.rehearsal import WrongThresholds, thresholds_of
from metrics.threshold import Thresholds

BY_ID = {one.id: one for one in WORKBENCH_OPERATIONS}


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.workbench_operations says who may ask."""

    def listed(indicator: str) -> Response:
        name = _known(_path("rehearsals", indicator=indicator)["indicator"])
        found = rehearsals.newest(desk.store, _world(desk, "rehearsals"), name)
        return _json({"rehearsals": [_told(one) for one in found]})

    def ask(indicator: str) -> Response:
        name, world = _known(_path("rehearsal-ask", indicator=indicator)["indicator"]), _world(desk, "rehearsal-ask")
        text, days = _asked(name)
        person = current_person()
        made = _attempt(
            lambda: rehearsals.ask(
                desk.store, world, name, text, days, by=person.name if person else "", now_ms=desk.clock(),
                until_ms=world_now(desk, world),
            )
        )  # fmt: skip
        _call(desk)
        return _json(_told(made))

    def one(rehearsal: str) -> Response:
        found = _attempt(lambda: rehearsals.one(desk.store, _path("rehearsal", rehearsal=rehearsal)["rehearsal"]))
        if found.state in rehearsals.OPEN:
            _call(desk)  # whoever waits sees to it that somebody works
        return _json(_told(found))

    def cancel(rehearsal: str) -> Response:
        name = _path("rehearsal-cancel", rehearsal=rehearsal)["rehearsal"]
        return _json(_told(_attempt(lambda: rehearsals.cancel(desk.store, name, now_ms=desk.clock()))))

    answers: Mapping[str, Any] = {
        "rehearsals": listed, "rehearsal-ask": ask, "rehearsal": one, "rehearsal-cancel": cancel,
    }  # fmt: skip
    for name, answer in answers.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, answer, methods=[operation.method])


def _call(desk: Desk) -> None:
    """There is work for `ioc rehearsals`."""
    with suppress(redis.RedisError):  # what was asked for is kept; whoever looks at it calls again
        desk.client.set(keys.REHEARSALS, "1")


def _known(name: str) -> str:
    try:
        definition(name)
    except UnknownIndicator:
        raise Problem(404, "not_found", f"没有指标 {name}。", f"There is no indicator {name}.") from None
    return name


def _asked(name: str) -> tuple[str, int]:
    """The thresholds and the days of the body, sound. Raises Problem that names the field."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != {"thresholds", "days"}:
        raise Problem(400, "bad_request", "正文须为 thresholds、days。", "The body has thresholds and days.")
    text, days = body["thresholds"], body["days"]
    if not isinstance(text, str):
        raise Problem(400, "bad_request", "thresholds 须为文字。", "A text.", field="thresholds", rule="type")
    if not isinstance(days, int) or isinstance(days, bool):
        raise Problem(400, "bad_request", "days 须为整数。", "A whole number.", field="days", rule="type")
    found = definition(name)[0]
    try:
        thresholds_of(text, Thresholds((), "context" if found.on_z else "up" if found.below else "down",
                                       on="z" if found.on_z else "value"))  # fmt: skip
    except WrongThresholds as wrong:
        raise Problem(400, "wrong_thresholds", wrong.zh, wrong.en, field="thresholds", rule="limits") from None
    return text, days


def _attempt(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (RehearsalRefused, UnknownRehearsal) as refused:
        status = 404 if isinstance(refused, UnknownRehearsal) else 400
        raise Problem(status, refused.code, refused.zh, refused.en, field=getattr(refused, "field", "")) from None
    except SQLAlchemyError:
        raise Problem(503, "unavailable", "数据库暂不可用。", "The database does not answer.") from None


def _told(found: rehearsals.Rehearsal) -> dict[str, Any]:
    told = asdict(found)
    return told if found.sheet is not None else {key: told[key] for key in told if key != "sheet"}


def _world(desk: Desk, operation: str) -> str:
    parameters = tuple(each for each in BY_ID[operation].parameters if each.where == "query")
    return str(read_all(parameters, list(request.args.items(multi=True)), "query")["world"] or desk.settings.world)


def _path(operation: str, **names: str) -> Mapping[str, str]:
    parameters = tuple(each for each in BY_ID[operation].parameters if each.where == "path")
    return {name: str(value) for name, value in read_all(parameters, list(names.items()), "path").items()}


def _json(told: Any) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), mimetype=JSON)
