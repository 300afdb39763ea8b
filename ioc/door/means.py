"""People and means at the door: the roster, handovers, supplies and shelters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import Flask, Response, request

from ioc.api.means_operations import MEANS_OPERATIONS
from ioc.api.operation import JSON
from ioc.api.parameter import read_all
from ioc.api.problem import Problem
from ioc.domain.roster import Shift
from ioc.door.desk import Desk
from ioc.door.incidents import may_do, who_asks
from ioc.queries import means_page
from ioc.security.permission import Permission
from ioc.services import means, roster
from ioc.services.means import Means, Moved
from ioc.services.refusals import BadEntry, MeansRefused, OutdatedEntry, Refusal
from metrics.clock import LOCAL_OFFSET_MS
from metrics.world import LIVE_WORLD

DAY_MS = 24 * 3_600_000
BY_ID = {one.id: one for one in MEANS_OPERATIONS}
SHIFT: Mapping[str, Any] = {"id": str, "person": str, "role": str, "post": str, "start": int, "end": int, "note": str}
ITEM: Mapping[str, Any] = {
    "id": str, "kind": str, "zh": str, "en": str, "sort": str, "unit": str, "region": str, "place": str,
    "lon": (int, float, type(None)), "lat": (int, float, type(None)), "planned": int, "least": int,
}  # fmt: skip
MOVE: Mapping[str, Any] = {"movement": str, "amount": int, "key": str, "note": str, "dossier": str}


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.means_operations says who may ask. Times are real: duty is of people."""

    def shown() -> Response:
        given = read_all(BY_ID["roster"].parameters, list(request.args.items(multi=True)), "query")
        now = desk.clock()
        start = cast("int | None", given["from"])
        if start is None:
            start = (now + LOCAL_OFFSET_MS) // DAY_MS * DAY_MS - LOCAL_OFFSET_MS
        page = means_page.roster_page(desk.store, start, start + cast(int, given["days"]) * DAY_MS, now)
        return _json({**page, "me": who_asks(), "may_edit": _may(Permission.ROSTER_EDIT),
                      "may_hand_over": _may(Permission.INCIDENT_HANDLE)})  # fmt: skip

    def shift() -> Response:
        body = _fields(SHIFT, {"person", "role", "start", "end"})
        given = Shift(body.get("id", ""), body["person"].strip(), body["role"], body.get("post", "").strip()[:64],
                      body["start"], body["end"], body.get("note", "").strip()[:400])  # fmt: skip
        return _json({"shifts": list(roster.put(desk.store, [given], by=who_asks(), now_ms=desk.clock()))})

    def remove_shift(id: str) -> Response:
        roster.remove(desk.store, id[:32], by=who_asks(), now_ms=desk.clock())
        return _json({"removed": 1})

    def undo_roster() -> Response:
        return _json({"undone": roster.undo(desk.store, by=who_asks(), now_ms=desk.clock())})

    def import_roster() -> Response:
        shifts = roster.read_csv(_fields({"csv": str}, {"csv"})["csv"])
        return _json({"shifts": len(roster.put(desk.store, shifts, by=who_asks(), now_ms=desk.clock()))})

    def hand_over() -> Response:
        body = _fields({"taker": str, "note": str}, {"taker", "note"})
        made = roster.hand_over(
            desk.store, body["taker"], body["note"], world=LIVE_WORLD.id, by=who_asks(), now_ms=desk.clock()
        )  # fmt: skip
        return _json({"id": made})

    def sign(id: str) -> Response:
        roster.sign(desk.store, id[:32], by=who_asks(), now_ms=desk.clock())
        return _json({"signed": 1})

    def listed() -> Response:
        page = means_page.means_page(desk.store, desk.clock())
        return _json({**page, "may_edit": _may(Permission.MEANS_EDIT), "me": who_asks()})

    def item() -> Response:
        body = _fields(ITEM, {"kind", "zh", "planned"})
        texts = {name: str(body.get(name, "")).strip() for name in ("id", "kind", *means.TEXTS)}
        given = Means(**texts, lon=body.get("lon"), lat=body.get("lat"), planned=body["planned"],
                      least=body.get("least", 0))  # fmt: skip
        return _json({"items": list(means.put(desk.store, [given], by=who_asks(), now_ms=desk.clock()))})

    def remove_item(id: str) -> Response:
        means.remove(desk.store, id[:32], by=who_asks(), now_ms=desk.clock())
        return _json({"removed": 1})

    def moved(id: str) -> Response:
        body = _fields(MOVE, {"movement", "amount", "key"})
        what = Moved(id[:32], body["movement"], body["amount"], body["key"], body.get("note", "").strip(),
                     body.get("dossier", ""))  # fmt: skip
        return _json({"amount": means.move(desk.store, what, by=who_asks(), now_ms=desk.clock())})

    def movements(id: str) -> Response:
        return _json({"movements": means_page.movements(desk.store, id[:32])})

    def undo_means() -> Response:
        return _json({"undone": means.undo(desk.store, by=who_asks(), now_ms=desk.clock())})

    def import_means() -> Response:
        items, counted = means.read_csv(_fields({"csv": str}, {"csv"})["csv"])
        made = means.put(desk.store, items, by=who_asks(), now_ms=desk.clock(), amounts=counted)
        return _json({"items": len(made)})

    works: Mapping[str, Callable[..., Response]] = {
        "roster": shown, "roster-shift": shift, "roster-remove": remove_shift, "roster-undo": undo_roster,
        "roster-import": import_roster, "roster-hand-over": hand_over, "roster-sign": sign, "means": listed,
        "means-item": item, "means-remove": remove_item, "means-move": moved, "means-movements": movements,
        "means-undo": undo_means, "means-import": import_means,
    }  # fmt: skip
    for name, work in works.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, _answered(work), methods=[operation.method])


def _answered(work: Callable[..., Response]) -> Callable[..., Response]:
    """The work with its refusals in the one shape of errors."""

    def answer(**path: str) -> Response:
        try:
            return work(**path)
        except MeansRefused as refused:
            status = 404 if refused.field == "id" else 400
            raise Problem(status, refused.code, refused.zh, refused.en, field=refused.field) from None
        except BadEntry as refused:
            told = "\n".join(refused.faults[:50])
            raise Problem(400, refused.code, told, told, field=refused.faults[0].partition(":")[0]) from None
        except Refusal as refused:
            status = 409 if isinstance(refused, OutdatedEntry) else 400
            raise Problem(status, refused.code, refused.zh, refused.en) from None

    return answer


def _fields(known: Mapping[str, Any], needed: set[str]) -> dict[str, Any]:
    """The body, with the fields that are known and of their types. Raises Problem that names the field."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Problem(400, "bad_request", "正文须为 JSON 对象。", "The body must be a JSON object.", rule="type")
    for name in [*body, *needed]:
        if name not in known:
            raise Problem(400, "bad_request", "没有这一字段。", "There is no such field.", field=str(name)[:64],
                          rule="unknown")  # fmt: skip
        value = body.get(name)
        if name not in body or not isinstance(value, known[name]) or isinstance(value, bool):
            raise Problem(400, "bad_request", f"{name} 不合规。", f"{name} is wrong.", field=name, rule="type")
    return body


def _may(permission: Permission) -> bool:
    return permission in may_do()


def _json(told: Any) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), mimetype=JSON)
