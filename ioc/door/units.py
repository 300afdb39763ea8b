"""Units for incidents at the door: who is proposed and why, and sending them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import redis
from flask import Flask, Response, request

from ioc.api.incident_shapes import IncidentDetail, Told
from ioc.api.parameter import read_all
from ioc.api.problem import Problem
from ioc.api.unit_operations import UNIT_OPERATIONS, IncidentUnits, UnitLine, UnitsType, UnitsWanted
from ioc.domain.routing import Why
from ioc.domain.unit_choice import STATES, Choice, Judged, Pool, choose
from ioc.domain.unit_words import needs, why
from ioc.door.desk import Desk
from ioc.door.incidents import attempt, detail_of, may_do, seen_dossier, shaped, who_asks, world_now
from ioc.packs.dispatch import shipped_unit_rules
from ioc.packs.handling import handling
from ioc.queries.unit_pool import place_of, pool
from ioc.services import routing, unit_orders
from ioc.services.dossiers import Dossier
from ioc.services.unit_orders import Sent

BY_ID = {one.id: one for one in UNIT_OPERATIONS}


@dataclass(frozen=True, slots=True)
class _Proposed:
    pool: Pool
    choice: Choice
    place: str


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.unit_operations says who may ask."""

    def units(id: str) -> Response:
        name = _path("incident-units", id)
        given = read_all(BY_ID["incident-units"].parameters, list(request.args.items(multi=True)), "query")
        found = seen_dossier(desk, name)
        try:
            proposed = _propose(desk, found)
        except redis.RedisError:
            raise Problem(503, "unavailable", "数据总线暂不可用。", "The data bus does not answer.") from None
        now = world_now(desk, found.world)
        return shaped(_units(found, proposed, cast(int, given["limit"]), now), IncidentUnits)

    def send(id: str) -> Response:
        name = _path("incident-units-send", id)
        body = _body(request.get_json(silent=True))
        found = seen_dossier(desk, name)
        try:
            at = _propose(desk, found)
            kinds: Mapping[str, str] = dict(zip(at.pool.names, at.pool.kinds, strict=True))
            proposed, told_why = [at.pool.names[each] for each in at.choice.chosen], at.choice.need.id
        except redis.RedisError:  # whom a person names is sent, whether or not anybody knows where they are
            kinds, proposed, told_why = {}, [], ""
        what = Sent(
            body["units"], body.get("proposed", proposed), {"type": told_why}, kinds, body.get("said", {}),
            body.get("key", ""),
        )  # fmt: skip
        attempt(
            lambda: unit_orders.send(
                desk.store, handling(), name, what, version=body["version"], permissions=may_do(), by=who_asks(),
                now_ms=world_now(desk, found.world),
            )
        )  # fmt: skip
        return shaped(detail_of(desk, name), IncidentDetail)

    def refuse(id: str) -> Response:
        name, body = _path("incident-office-refuse", id), request.get_json(silent=True)
        if not isinstance(body, dict) or set(body) - {"why"} or not isinstance(body.get("why"), str):
            raise Problem(400, "bad_request", "正文须为 why。", "The body has why.", field="why", rule="type")
        found = seen_dossier(desk, name)
        attempt(
            lambda: routing.refuse(desk.store, name, body["why"], by=who_asks(), now_ms=world_now(desk, found.world))
        )
        return shaped(detail_of(desk, name), IncidentDetail)

    for operation_id, work in {
        "incident-units": units, "incident-units-send": send, "incident-office-refuse": refuse,
    }.items():  # fmt: skip
        operation = BY_ID[operation_id]
        server.add_url_rule(operation.path, operation_id, work, methods=[operation.method])


def _propose(desk: Desk, of: Dossier) -> _Proposed:
    """Raises redis.RedisError."""
    point, known = place_of(of.lon, of.lat, of.region)
    units = pool(desk.store, desk.client, of.world, but=of.id)
    text = " ".join([of.title, *(str(of.facts[name]) for name in ("text", "address") if of.facts.get(name))])
    choice = choose(shipped_unit_rules(), units, class_=of.class_, level=of.level, text=text, at=point)
    return _Proposed(units, choice, "point" if known else "none" if point is None else "region")


def _units(of: Dossier, at: _Proposed, limit: int, now_ms: int) -> IncidentUnits:
    rules, choice, units = shipped_unit_rules(), at.choice, at.pool
    listed = choice.order()[: len(choice.chosen) + limit]
    states = Counter(STATES[Judged(int(each))] for each in choice.judged.tolist())
    return IncidentUnits(
        world=of.world, at=now_ms, id=of.id, version=of.version, level=of.level,
        type_=UnitsType(choice.need.id, choice.need.zh, choice.need.en, _said(choice.why)), place=at.place,
        requires=[
            UnitsWanted(skill, equipment.split(",") if equipment else [], number, found, line.zh, line.en)
            for skill, equipment, number, found, line in needs(rules, choice)
        ],
        units=[_line(units, choice, each) for each in listed], total=len(units.names), states=dict(states),
    )  # fmt: skip


def _line(units: Pool, choice: Choice, at: int) -> UnitLine:
    rules, judged = shipped_unit_rules(), Judged(int(choice.judged[at]))
    kind, minutes = units.kinds[at], float(choice.minutes[at])
    force = rules.forces.get(kind)
    name = Told(f"{force.zh if force else kind} {units.names[at]}", f"{force.en if force else kind} {units.names[at]}")
    return UnitLine(
        units.names[at], name, kind, STATES[judged], None if np.isnan(minutes) else round(minutes, 1),
        int(units.load[at]), judged is Judged.CHOSEN, _said(why(rules, units, choice, at)),
    )  # fmt: skip


def _said(of: Why) -> Told:
    return Told(of.zh, of.en)


def _path(operation: str, name: str) -> str:
    return str(read_all(BY_ID[operation].parameters, [("id", name)], "path")["id"])


def _body(body: Any) -> dict[str, Any]:
    """What is sent. Raises Problem that names the field."""
    if not isinstance(body, dict) or set(body) - {"units", "version", "proposed", "key", "said"}:
        raise Problem(400, "bad_request", "正文须为 units、version。", "The body has units and version.")
    kinds = {
        "units": _texts(body.get("units")), "proposed": _texts(body.get("proposed", [])),
        "version": isinstance(body.get("version"), int) and not isinstance(body.get("version"), bool),
        "key": isinstance(body.get("key", ""), str), "said": isinstance(body.get("said", {}), dict),
    }  # fmt: skip
    for field, right in kinds.items():
        if not right:
            raise Problem(400, "bad_request", f"{field} 不合规。", f"{field} is wrong.", field=field, rule="type")
    return body


def _texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(each, str) for each in given)
