"""Other systems report over HTTP: each report once, graded, and what is wrong with it named by its field."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.queries.audit import newest
from ioc.services import dossiers
from ioc.services.api_tokens import add_token

from .conftest import T0, Site, post

pytestmark = pytest.mark.service

PATH = "/api/v1/incidents"
GAS: dict[str, Any] = {"ref": "GAS-17", "title": "春风路燃气泄漏", "facts": {"evacuated": 320}, "region": "440303005"}


def send(site: Site, body: Any, **scopes: Any) -> Any:
    scopes = scopes or {"feeds": ["incident"], "origin": "real"}
    text = add_token(site.desk.store, "燃气公司", site.clock(), **scopes)[1]
    return site.anonymous().post(PATH, json=body, headers={"Authorization": f"Bearer {text}"})


def test_a_report_opens_an_incident_graded_by_rules_and_sent_again_no_second_one(site: Site):
    text = add_token(site.desk.store, "燃气公司", site.clock(), feeds=["incident"], origin="real")[1]
    sender = site.anonymous()
    first, again = (sender.post(PATH, json=GAS, headers={"Authorization": f"Bearer {text}"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    told = first.json
    assert (told["class"], told["level"], told["stage"], told["fresh"]) == ("accident", 2, "reported", True)
    assert told["grounds"] == [{"zh": "转移 320 人，达到 300 人：Ⅲ级", "en": "to be moved: 320, at least 300: level Ⅲ"}]
    assert again.json == told | {"fresh": False}
    found = dossiers.find(site.desk.store, told["id"])
    assert (found.title, found.region, found.received_ms) == ("春风路燃气泄漏", "440303005", T0)
    (entry,) = newest(site.desk.store, subject=found.id)
    assert (entry.action, entry.actor[:6]) == ("incident.receive", "token:")


def test_the_same_number_of_another_sender_is_another_report(site: Site):
    assert [send(site, GAS).status_code for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(
    ("wrong", "field", "rule"),
    [
        ({"ref": " "}, "ref", "missing"),
        ({"ref": 7}, "ref", "type"),
        ({"title": "x" * 201}, "title", "length"),
        ({"title": "a\nb"}, "title", "length"),
        ({"colour": "red"}, "colour", "unknown"),
        ({"kind": "party"}, "kind", "scope"),
        ({"channel": "hand"}, "channel", "choice"),
        ({"class": "war"}, "class", "choice"),
        ({"level": 5}, "level", "range"),
        ({"level": True}, "level", "range"),
        ({"region": "999"}, "region", "choice"),
        ({"lon": 114.1}, "lat", "missing"),
        ({"lon": "x", "lat": 1}, "lon", "type"),
        ({"lon": 114.1, "lat": 91}, "lat", "range"),
        ({"at": "noon"}, "at", "type"),
        ({"at": T0 + 60_000}, "at", "range"),
        ({"facts": []}, "facts", "type"),
        ({"world": "nowhere"}, "world", "scope"),
    ],
)
def test_what_is_wrong_is_named_by_field_and_rule_and_nothing_is_opened(
    site: Site, wrong: dict[str, Any], field: str, rule: str
):
    answer = send(site, GAS | wrong)
    error = answer.json["error"]
    assert (answer.status_code, error["field"], error["rule"]) == (403 if rule == "scope" else 400, field, rule)
    assert newest(site.desk.store, subject="")[0].action == "token.add"


@pytest.mark.parametrize("body", ["x", [], None])
def test_a_body_that_is_no_object_is_refused(site: Site, body: Any):
    assert send(site, body).status_code == 400


def test_a_token_reports_what_it_may_feed_and_no_more(site: Site):
    assert send(site, GAS, feeds=["traffic"], origin="real").status_code == 403
    assert send(site, GAS | {"kind": "case"}).json["error"]["field"] == "kind"
    assert send(site, GAS | {"kind": "case"}, feeds=["case"], origin="real").status_code == 201


def test_who_handles_incidents_may_report_too_and_who_looks_may_not(site: Site):
    assert post(site.signed_in("duty"), PATH, GAS | {"channel": "hotline"}).status_code == 201
    assert post(site.signed_in("leader"), PATH, GAS).status_code == 403
    assert site.anonymous().post(PATH, json=GAS).status_code == 401
