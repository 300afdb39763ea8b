"""Incidents and cases at the door: lists, one of them, taking it, moving it along. What is read of the desk is no
activity of a person; what is done there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any, cast

import redis
import structlog
from flask import Flask, Response, g, request
from pydantic import TypeAdapter

from ioc.api.incident_operations import INCIDENT_OPERATIONS
from ioc.api.incident_shapes import IncidentDetail, Incidents, incident, incidents
from ioc.api.operation import JSON
from ioc.api.parameter import Value, read_all
from ioc.api.problem import Problem
from ioc.domain.grading import graded
from ioc.domain.life_cycle import MoveRefused
from ioc.domain.triage import Triage
from ioc.door.desk import Desk
from ioc.door.visitor import current_person
from ioc.geo.region import shipped
from ioc.offline.triage_file import NoTriageFile
from ioc.packs.alarm_desk import shipped_rules
from ioc.packs.grading import shipped_grading
from ioc.packs.handling import handling
from ioc.queries.desk_page import desk_names
from ioc.queries.dossier_page import dossier_view
from ioc.queries.dossiers import Sort, State, Wish, dossiers, may_see
from ioc.queries.worlds import worlds
from ioc.security.permission import GRANTED, Permission
from ioc.services import dossiers as service
from ioc.services.api_tokens import ApiToken
from ioc.services.desk_news import DeskNews
from ioc.services.intake import Report, open_card, open_report
from ioc.services.refusals import DossierRefused, DossierTaken, OutdatedDossier, Refusal, UnknownDossier
from ioc.services.situation import WRITERS, Format, report_file
from ioc.services.triage import in_use
from ioc.store.alarm_tables import AlarmCardRow
from metrics.world import LIVE_WORLD

SCENE = "emergency"  # what a token must be allowed to read
MOST_IDS = 100
BY_ID = {one.id: one for one in INCIDENT_OPERATIONS}
BY_HAND: Mapping[str, Any] = {
    "world": str, "kind": str, "title": str, "class": str, "level": int, "region": str, "lon": int | float,
    "lat": int | float, "facts": dict, "ref": str,
}  # fmt: skip
WHY: Mapping[str, tuple[int, str, str]] = {
    "unknown": (400, "没有这一操作。", "There is no such move."),
    "stage": (409, "此阶段不能这样办理。", "It cannot be done at this stage."),
    "held": (409, "已挂起，先恢复。", "It is on hold: resume it first."),
    "permission": (403, "无权这样办理。", "You may not do this."),
    "missing": (400, "还须填写。", "Something must be said with it."),
}


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.incident_operations says who may ask. What changes is told to every open desk."""
    desk_names()  # of the packs, read once before anybody waits for a page
    desk.at_end.append(DeskNews(desk.store, desk.client).close)

    def listed() -> Response:
        given = read_all(BY_ID["incidents"].parameters, list(request.args.items(multi=True)), "query")
        world = _world(desk, given["world"])
        me, now = who_asks(), world_now(desk, world)
        ids = [each for each in str(given["ids"]).split(",") if each] if given["ids"] is not None else None
        if ids is not None and len(ids) > MOST_IDS:
            raise Problem(
                400, "bad_parameter", f"至多 {MOST_IDS} 个。", f"At most {MOST_IDS}.", field="ids", rule="length"
            )
        wish = Wish(
            world, cast(State, given["state"]), str(given["kind"] or ""), cast("int | None", given["level"]),
            str(given["stage"] or ""), str(given["region"] or ""), me if given["mine"] else "",
            str(given["org"] or ""), bool(given["overdue"]), str(given["q"] or ""),
            cast(Sort, given["sort"]), cast(int, given["start"]), cast(int, given["limit"]), ids, _within(),
        )  # fmt: skip
        return shaped(incidents(dossiers(desk.store, handling(), wish, now), wish, me=me, now_ms=now), Incidents)

    def one(id: str) -> Response:
        return shaped(detail_of(desk, _path("incident", id)), IncidentDetail)

    def claim(id: str) -> Response:
        name, by = _path("incident-claim", id), who_asks()
        found = seen_dossier(desk, name)
        attempt(lambda: service.claim(desk.store, name, by=by, now_ms=world_now(desk, found.world)))
        return shaped(detail_of(desk, name), IncidentDetail)

    def move(id: str) -> Response:
        name, by = _path("incident-move", id), who_asks()
        wanted, version, said = _move(request.get_json(silent=True))
        found = seen_dossier(desk, name)
        cycle = handling().cycles[found.kind]
        attempt(
            lambda: service.act(
                desk.store, cycle, name, wanted, said, version=version, permissions=may_do(), by=by,
                now_ms=world_now(desk, found.world),
            )
        )  # fmt: skip
        return shaped(detail_of(desk, name), IncidentDetail)

    def report(id: str) -> Response:
        name = _path("incident-report", id)
        given = read_all(BY_ID["incident-report"].parameters, list(request.args.items(multi=True)), "query")
        found, person = seen_dossier(desk, name), current_person()
        chosen, english = Format(str(given["format"])), given["lang"] == "en"
        by, now = person.title or person.name if person else "", world_now(desk, found.world)
        made = attempt(
            lambda: report_file(desk.store, name, chosen, by=by, now_ms=now, english=english, within=_within())
        )  # fmt: skip
        answer = Response(made, mimetype=WRITERS[chosen][1])
        answer.headers["Content-Disposition"] = f'attachment; filename="incident-{name[:8]}.{chosen}"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def by_hand() -> Response:
        what, by = _received(request.get_json(silent=True)), who_asks()
        now = world_now(desk, what.world)
        if not may_see(what.region, _within()):
            raise Problem(403, "forbidden", "不在您的辖区。", "It is of another region.", field="region", rule="scope")
        cycle = handling().cycles[what.kind]
        report = replace(what, at_ms=now)
        opened = attempt(
            lambda: open_report(
                desk.store, cycle, shipped_grading(), report, by=by, now_ms=now, triage=triage_in_use(desk)
            )
        )  # fmt: skip
        if opened.fresh:
            attempt(lambda: service.claim(desk.store, opened.dossier.id, by=by, now_ms=now))
        answer = shaped(detail_of(desk, opened.dossier.id), IncidentDetail)
        answer.status_code = 201 if opened.fresh else 200
        return answer

    def of_card(card: str) -> Response:
        with desk.store.read() as unit:
            row = unit.get(AlarmCardRow, card)
            if row is None or not may_see(row.place, _within()):
                raise Problem(404, "unknown_card", "没有这张告警卡。", "There is no such card.", field="card")
            world = row.world
        now, by = world_now(desk, world), who_asks()
        cycle = handling().cycles["incident"]
        opened = attempt(
            lambda: open_card(desk.store, cycle, shipped_grading(), shipped_rules(), card, by=by, now_ms=now)
        )  # fmt: skip
        answer = shaped(detail_of(desk, opened.dossier.id), IncidentDetail)
        answer.status_code = 201 if opened.fresh else 200
        return answer

    def grade() -> Response:
        given = read_all(BY_ID["incident-grade"].parameters, list(request.args.items(multi=True)), "query")
        text = f"{given['title'] or ''} {given['text'] or ''}"
        found = graded(shipped_grading(), {}, text, str(given["class"] or ""))
        told = {"class": found.class_, "level": found.level, "grounds": [asdict(each) for each in found.grounds]}
        return Response(json.dumps(told, ensure_ascii=False), mimetype=JSON)

    answers: Mapping[str, Any] = {
        "incident-of-card": of_card, "incident-grade": grade,
        "incidents": listed, "incident": one, "incident-report": report, "incident-by-hand": by_hand,
        "incident-claim": claim, "incident-move": move,
    }  # fmt: skip
    for name, answer in answers.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, answer, methods=[operation.method])


def world_now(desk: Desk, world: str) -> int:
    """The time of a world, by which its clocks run. Raises Problem where it is no world, or nobody can say."""
    real = desk.clock()
    if world == LIVE_WORLD.id:
        return real
    try:
        known = worlds(desk.client).get(world)
    except redis.RedisError:
        raise Problem(503, "unavailable", "数据总线暂不可用。", "The data bus does not answer.") from None
    if known is None:
        raise Problem(404, "no_world", "没有这个世界。", "There is no such world.", field="world")
    return known.clock.now_ms(real)


def triage_in_use(desk: Desk) -> Triage | None:
    """The model that sorts messages; None without one, or where its file cannot be read: rules and people decide."""
    try:
        return in_use(desk.settings.data_path)
    except (NoTriageFile, OSError) as error:
        structlog.get_logger().warning("triage_unusable", why=str(error))
        return None


def detail_of(desk: Desk, name: str) -> IncidentDetail:
    """A dossier as its page is told, for who asks. Raises Problem."""
    found = seen_dossier(desk, name)
    now = world_now(desk, found.world)
    view = attempt(
        lambda: dossier_view(
            desk.store, handling(), name, permissions=may_do(), within=_within(), now_ms=now
        )
    )  # fmt: skip
    return incident(view, found.world, me=who_asks(), now_ms=now)


def seen_dossier(desk: Desk, name: str) -> service.Dossier:
    """A dossier that the asker may see; for anybody else there is none. Raises Problem."""
    found: service.Dossier = attempt(lambda: service.find(desk.store, name))
    token: ApiToken | None = g.get("token")
    if not may_see(found.region, _within()) or (token is not None and not token.may_enter(found.world)):
        raise _problem(UnknownDossier(name))
    _readable()
    return found


def _world(desk: Desk, asked: Value) -> str:
    world, token = str(asked or desk.settings.world), g.get("token")
    _readable()
    if token is not None and not token.may_enter(world):
        zh, en = f"令牌不可进入世界 {world}。", f"The token may not enter {world}."
        raise Problem(403, "forbidden", zh, en, field="world", rule="scope")
    return world


def _readable() -> None:
    token: ApiToken | None = g.get("token")
    if token is not None and not token.may_read(SCENE):
        raise Problem(403, "forbidden", f"令牌不可读场景 {SCENE}。", f"The token may not read the scene {SCENE}.",
                      rule="scope")  # fmt: skip


def _within() -> frozenset[str] | None:
    """The regions that the asker may see; None for all."""
    person = current_person()
    return person.within if person else None


def who_asks() -> str:
    """The account of who asks, empty for a token."""
    person = current_person()
    return person.name if person else ""


def may_do() -> frozenset[Permission]:
    """What who asks may do."""
    person = current_person()
    return frozenset().union(*(GRANTED[role] for role in person.roles)) if person else frozenset()


def _path(operation: str, name: str) -> str:
    return str(read_all(BY_ID[operation].parameters, [("id", name)], "path")["id"])


def _move(body: Any) -> tuple[str, int, dict[str, Any]]:
    """A move as it was sent. Raises Problem that names the field."""
    if not isinstance(body, dict) or set(body) - {"move", "version", "said"}:
        raise Problem(400, "bad_request", "正文须为 move、version、said。", "The body has move, version, said.")
    wanted, version, said = body.get("move"), body.get("version"), body.get("said")
    kinds = {"move": isinstance(wanted, str), "said": isinstance(said, dict),
             "version": isinstance(version, int) and not isinstance(version, bool)}  # fmt: skip
    for field, right in kinds.items():
        if not right:
            raise Problem(400, "bad_request", f"{field} 不合规。", f"{field} is wrong.", field=field, rule="type")
    return cast(str, wanted), cast(int, version), cast("dict[str, Any]", said)


def _received(body: Any) -> Report:
    """What an officer enters by hand. Raises Problem that names the field."""
    if not isinstance(body, dict) or set(body) - BY_HAND.keys():
        raise Problem(400, "bad_request", "正文不合规。", "The body is no incident.")
    for field, kind in BY_HAND.items():
        given = body.get(field)
        absent = given is None and field not in {"world", "kind", "title"}
        if not absent and (not isinstance(given, kind) or isinstance(given, bool)):
            raise Problem(400, "bad_request", f"{field} 不合规。", f"{field} is wrong.", field=field, rule="type")
    if body["kind"] not in handling().cycles:
        raise Problem(400, "bad_request", "kind 不合规。", "There is no such kind.", field="kind", rule="choice")
    if body.get("region") and body["region"] not in shipped():
        raise Problem(400, "bad_request", "没有这个区域。", "There is no such region.", field="region", rule="choice")
    return Report(
        "hand", body.get("ref") or "", body["title"], 0, body["world"], body["kind"], str(body.get("class") or "")[:32],
        body.get("level") or 0, str(body.get("region") or "")[:16], body.get("lon"), body.get("lat"),
        body.get("facts") or {},
    )  # fmt: skip


def attempt(work: Any) -> Any:
    """What the work gives, or why not in the one shape of errors."""
    try:
        return work()
    except MoveRefused as refused:
        status, zh, en = WHY[refused.why]
        field = ", ".join(refused.fields) if refused.why == "missing" else ""
        raise Problem(status, f"move_{refused.why}", zh, en, field=field, rule=refused.why) from None
    except (UnknownDossier, DossierTaken, OutdatedDossier, DossierRefused) as refused:
        raise _problem(refused) from None


def _problem(refused: Refusal) -> Problem:
    status = {UnknownDossier: 404, DossierTaken: 409, OutdatedDossier: 409}.get(type(refused), 400)
    return Problem(status, refused.code, refused.zh, refused.en, field=getattr(refused, "field", ""))


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def shaped(told: Any, shape: Any) -> Response:
    """What is told as JSON of its shape."""
    return Response(_adapter(shape).dump_json(told, by_alias=True), mimetype=JSON)
