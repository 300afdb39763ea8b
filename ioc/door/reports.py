"""Reports of other systems at the door: a body that is read field by field, and the dossier that it opens, once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from flask import Flask, Response, g, request
from pydantic import TypeAdapter

from ioc.api.operation import JSON
from ioc.api.problem import Problem
from ioc.api.report_operations import CHANNELS, MOST_BYTES, REPORT_OPERATIONS, ReportGround, ReportTaken
from ioc.door.desk import Desk
from ioc.door.incidents import triage_in_use, world_now
from ioc.door.visitor import current_person
from ioc.geo.region import shipped
from ioc.packs.grading import shipped_grading
from ioc.packs.handling import handling
from ioc.queries.dossiers import may_see
from ioc.security.permission import Permission, may
from ioc.services import intake
from ioc.services.api_tokens import ApiToken
from ioc.services.intake import Opened, Report
from ioc.services.refusals import DossierRefused
from metrics.timestamp import parse_times
from metrics.world import LIVE_WORLD

TEXTS: Final[Mapping[str, int]] = {
    "ref": 100, "title": 200, "world": 64, "kind": 16, "channel": 16, "class": 16, "region": 16, "text": 2_000,
}  # fmt: skip
CLASSES: Final = ("", "natural", "accident", "health", "security")
KEYS: Final = frozenset({*TEXTS, "at", "level", "lon", "lat", "facts"})


def register(server: Flask, desk: Desk) -> None:
    """Add the route; ioc.api.report_operations says who may ask."""
    (operation,) = REPORT_OPERATIONS

    def report() -> Response:
        body = _body()
        world, kind = str(body.get("world", LIVE_WORLD.id)), str(body.get("kind", "incident"))
        sender, by = _sender(kind, world)
        now = world_now(desk, world)
        given = _report(body, world, kind, sender, now)
        person = current_person()
        if person is not None and not may_see(given.region, person.within):
            raise Problem(403, "forbidden", "不在您的辖区。", "It is of another region.", field="region", rule="scope")
        try:
            opened = intake.open_report(
                desk.store, handling().cycles[kind], shipped_grading(), given, by=by, now_ms=now,
                triage=triage_in_use(desk),
            )  # fmt: skip
        except DossierRefused as refused:
            field = {"received_ms": "at", "said": "facts"}.get(refused.field, refused.field)
            raise Problem(400, refused.code, refused.zh, refused.en, field=field, rule="range") from None
        status = 201 if opened.fresh else 200
        return Response(_adapter().dump_json(_taken(opened), by_alias=True), status, mimetype=JSON)

    server.add_url_rule(operation.path, operation.id, report, methods=[operation.method])


def _sender(kind: str, world: str) -> tuple[str, str]:
    """Who reports, for the name of the report, and by what name. Raises Problem where that is not permitted."""
    token: ApiToken | None = g.get("token")
    if token is not None:
        if not token.may_feed(kind):
            raise _forbidden("kind", f"令牌不可写 {kind}。", f"The token may not feed {kind}.")
        if not token.may_enter(world):
            raise _forbidden("world", f"令牌不可进入世界 {world}。", f"The token may not enter {world}.")
        return f"token:{token.id}", f"token:{token.id}"
    person = current_person()
    if person is None or not may(person.roles, Permission.INCIDENT_HANDLE):
        raise _forbidden("", "无此权限。", "Not permitted.")
    return "desk", person.name


def _body() -> Mapping[str, Any]:
    """The body as an object without unknown keys, texts of their lengths. Raises Problem that names the field."""
    request.max_content_length = MOST_BYTES
    if (request.content_length or 0) > MOST_BYTES:
        raise Problem(413, "too_large", f"正文至多 {MOST_BYTES} 字节。", f"At most {MOST_BYTES} bytes.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "bad_request", "正文须为 JSON 对象。", "The body must be a JSON object.", rule="type")
    for name in body:
        if name not in KEYS:
            raise _bad(str(name)[:64], "unknown", "没有这一字段", "there is no such field")
    for name, most in TEXTS.items():
        value = body.get(name, "")
        if not isinstance(value, str):
            raise _bad(name, "type", "须为文字", "it must be a text")
        if len(value) > most or (name != "text" and not value.isprintable()):
            raise _bad(name, "length", f"至多 {most} 字，无控制字符", f"at most {most} characters, none of control")
    for name in ("ref", "title"):
        if not str(body.get(name, "")).strip():
            raise _bad(name, "missing", "不可缺", "it is missing")
    return body


def _report(body: Mapping[str, Any], world: str, kind: str, sender: str, now_ms: int) -> Report:
    channel, region, facts = str(body.get("channel", "partner")), str(body.get("region", "")), body.get("facts", {})
    for name, value, among in (
        ("kind", kind, tuple(handling().cycles)), ("channel", channel, CHANNELS),
        ("class", str(body.get("class", "")), CLASSES),
    ):  # fmt: skip
        if value not in among:
            raise _bad(
                name, "choice", f"须为 {'、'.join(filter(None, among))}", f"one of {', '.join(filter(None, among))}"
            )
    if region and region not in shipped():
        raise _bad("region", "choice", "没有这个区域", "there is no such region")
    if not isinstance(facts, dict):
        raise _bad("facts", "type", "须为对象", "it must be an object")
    level = body.get("level", 0)
    if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level <= 4:
        raise _bad("level", "range", "须为 0 至 4", "it is 0 to 4")
    for name in ("lon", "lat"):
        if isinstance(body.get(name), bool) or not isinstance(body.get(name, 0.0), int | float):
            raise _bad(name, "type", "须为数", "it must be a number")
    if ("lon" in body) != ("lat" in body):
        raise _bad("lat" if "lon" in body else "lon", "missing", "经纬度须同时给出", "lon and lat belong together")
    said = {"text": body["text"]} if body.get("text") else {}
    return Report(
        channel, f"{sender}:{body['ref']}", str(body["title"]).strip(), _time(body.get("at"), now_ms), world, kind,  # type: ignore[arg-type]
        str(body.get("class", "")), level, region, body.get("lon"), body.get("lat"), {**facts, **said},
    )  # fmt: skip


def _time(said: Any, now_ms: int) -> int:
    if said is None:
        return now_ms
    if isinstance(said, bool) or not isinstance(said, str | int):
        raise _bad("at", "type", "须为 ISO 8601 或毫秒", "ISO 8601 or milliseconds")
    times, state = parse_times([str(said).encode()])
    if state[0]:
        raise _bad("at", "type", "须为 ISO 8601 或毫秒", "ISO 8601 or milliseconds")
    return int(times[0])


def _taken(opened: Opened) -> ReportTaken:
    found = opened.dossier
    grounds = found.facts.get("graded", {}).get("grounds", [])
    return ReportTaken(
        found.id, opened.fresh, found.world, found.kind, found.stage, found.version, found.class_, found.level,
        [ReportGround(each["zh"], each["en"]) for each in grounds],
    )  # fmt: skip


def _bad(field: str, rule: str, zh: str, en: str) -> Problem:
    return Problem(400, "bad_request", f"{field}：{zh}。", f"{field}: {en}.", field=field, rule=rule)


def _forbidden(field: str, zh: str, en: str) -> Problem:
    return Problem(403, "forbidden", zh, en, field=field, rule="scope")


@cache
def _adapter() -> TypeAdapter[ReportTaken]:
    return TypeAdapter(ReportTaken)
