"""What surrounds a dossier, at the door: duplicates with reasons, its alarms and ladders, who looks; merge, split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import redis
from flask import Flask, Response, jsonify, request

from ioc.api.incident_shapes import IncidentDetail
from ioc.api.problem import Problem
from ioc.api.relation_operations import RELATION_OPERATIONS
from ioc.domain.deadline_words import Words
from ioc.door.desk import Desk
from ioc.door.incidents import attempt, detail_of, seen_dossier, shaped, who_asks, world_now
from ioc.door.visitor import current_person
from ioc.packs.alarm_desk import shipped_rules
from ioc.packs.handling import handling
from ioc.queries.ladder import Coming
from ioc.queries.relations import LinkedAlarm, Other, Relations, relations
from ioc.security.masking import masked_text
from ioc.services.dossier_merge import merge, split
from ioc.services.viewing import Viewer, look

VERSION: Final = 1
BY_ID: Final = {one.id: one for one in RELATION_OPERATIONS}


def register(server: Flask, desk: Desk) -> None:
    """Add the routes; ioc.api.relation_operations says who may ask."""

    def around(id: str) -> Response:
        found, person = seen_dossier(desk, id), current_person()
        within, now = person.within if person else None, world_now(desk, found.world)
        of = attempt(lambda: relations(desk.store, handling(), shipped_rules(), id, within=within, now_ms=now))
        return jsonify({"v": VERSION, "world": found.world, "at": now, "id": id, **body(of)})

    def viewers(id: str) -> Response:
        found, person = seen_dossier(desk, id), current_person()
        me = Viewer(person.name, person.title) if person else Viewer("", "")
        try:
            others = look(desk.client, found.id, me, desk.clock())
        except redis.RedisError:
            others = ()  # nobody is named, and nothing depends on it
        return jsonify({"v": VERSION, "viewers": [asdict(each) for each in others]})

    def merged(id: str) -> Response:
        given = _given({"version": int, "merged": str, "merged_version": int})
        kept, other = seen_dossier(desk, id), seen_dossier(desk, given["merged"])
        by, now = who_asks(), world_now(desk, kept.world)
        attempt(
            lambda: merge(
                desk.store, kept.id, given["version"], other.id, given["merged_version"], by=by, now_ms=now
            )
        )  # fmt: skip
        return shaped(detail_of(desk, id), IncidentDetail)

    def parted(id: str) -> Response:
        given, found = _given({"version": int}), seen_dossier(desk, id)
        by, now = who_asks(), world_now(desk, found.world)
        attempt(lambda: split(desk.store, found.id, given["version"], by=by, now_ms=now))
        return shaped(detail_of(desk, id), IncidentDetail)

    answers: Mapping[str, Any] = {
        "incident-relations": around, "incident-viewers": viewers, "incident-merge": merged, "incident-split": parted,
    }  # fmt: skip
    for name, answer in answers.items():
        operation = BY_ID[name]
        server.add_url_rule(operation.path, name, answer, methods=[operation.method])


def body(of: Relations) -> dict[str, Any]:
    """What surrounds a dossier as plain JSON; texts are masked."""
    return {
        "version": of.version, "alike": [_other(each) for each in of.alike],
        "into": None if of.into is None else _other(of.into), "merged": [_other(each) for each in of.merged],
        "alarms": [_alarm(each) for each in of.alarms], "more_alarms": of.more_alarms,
        "told": [
            {"ladder": each.ladder, "rung": each.rung, "zh": each.zh, "en": each.en, "at": each.at_ms,
             "late": each.late}
            for each in of.told
        ],
        "coming": [_coming(each) for each in of.coming],
    }  # fmt: skip


def _other(of: Other) -> dict[str, Any]:
    why = [] if of.likeness is None else [[masked_text(each.zh), masked_text(each.en)] for each in of.likeness.reasons]
    return {
        "id": of.id, "version": of.version, "title": masked_text(of.title), "stage": of.stage, "level": of.level,
        "owner": of.owner, "received": of.received_ms, "score": of.likeness.score if of.likeness else None, "why": why,
    }  # fmt: skip


def _alarm(of: LinkedAlarm) -> dict[str, Any]:
    return {
        "id": of.id, "name": list(of.name), "unit": of.unit, "place": list(of.place), "dims": dict(of.dims),
        "condition": of.condition, "state": of.state, "stands": of.stands, "level": of.level, "value": of.value,
        "limit": of.limit, "raised": of.raised_ms,
    }  # fmt: skip


def _coming(of: Coming) -> dict[str, Any]:
    return {
        "ladder": of.ladder, "rung": of.rung, "name": [of.zh, of.en], "tells": [_words(each) for each in of.tells],
        "due": of.due_ms, "silent": of.silent, "why": _words(of.why),
    }  # fmt: skip


def _words(of: Words) -> list[str]:
    return [of.zh, of.en]


def _given(kinds: Mapping[str, type]) -> dict[str, Any]:
    """The body of a command. Raises Problem that names the field."""
    given: Any = request.get_json(silent=True)
    if not isinstance(given, dict) or set(given) - kinds.keys():
        raise Problem(400, "bad_request", "正文不合规。", "The body is wrong.")
    for field, kind in kinds.items():
        if not isinstance(given.get(field), kind) or isinstance(given[field], bool):
            raise Problem(400, "bad_request", f"{field} 不合规。", f"{field} is wrong.", field=field, rule="type")
    return given
