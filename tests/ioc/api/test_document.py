"""The document is what the program does: its routes, its access, its parameters, the shapes of its answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from ioc.api.document import document, path_of
from ioc.api.operation import Bearer
from ioc.api.operations import OPERATIONS
from ioc.door.guard import ROUTES
from ioc.security.permission import Permission

from .conftest import T0, Caller, Site

Make = Callable[..., Caller]


def test_every_route_below_api_stands_in_the_document_and_no_other(site: Site):
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in site.app.server.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert told == there
    assert len(told) == 76


def test_the_access_that_is_told_is_the_one_the_guard_asks_for():
    for one in OPERATIONS:
        ways = [name for way in document()["paths"][path_of(one)][one.method.lower()]["security"] for name in way]
        access = ROUTES[one.path]
        assert access is one.access
        expected = ["session"]
        if isinstance(access, Bearer):
            expected = ["token"] if access.permission is None else ["token", "session"]
        assert isinstance(access, Bearer | Permission)
        assert ways == expected


def test_every_status_that_the_guard_can_give_is_told():
    for one in OPERATIONS:
        assert {401, 503} <= set(one.answers)
        assert (429 in one.answers) == isinstance(one.access, Bearer)


def test_the_document_is_sound_and_refers_to_nothing_that_is_not_in_it():
    told = document()
    assert told["openapi"] == "3.1.0"
    names = set(told["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/(\w+)", repr(told))) <= names
    for name, schema in told["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), name
    ids = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


def fits(answer: Any, path: str, method: str) -> None:
    """The answer is of the shape that the document promises for its status and media type."""
    told = document()
    promised = told["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    schema = promised[answer.mimetype]["schema"]
    jsonschema.validate(answer.json, {**schema, "components": told["components"]}, jsonschema.Draft202012Validator)


@pytest.mark.service
def test_answers_are_of_the_shapes_that_the_document_promises(site: Site, caller: Make):
    feed, read = caller(), caller(reads=["*"])
    observations = "/api/v1/observations/{source}"
    right, wrong = {"time": T0, "road": "a"}, {"road": "a"}
    answers = [feed.post("/api/v1/observations/traffic", rows) for rows in ([right], [right, wrong], [wrong], [])]
    answers += [feed.post("/api/v1/observations/none", [right]), read.post("/api/v1/observations/traffic", [right])]
    answers += [
        feed.post("/api/v1/observations/traffic", "x", "text/plain"),
        site.anonymous().post("/api/v1/observations/x"),
    ]
    assert [one.status_code for one in answers] == [202, 202, 422, 400, 403, 403, 415, 401]
    for one in answers:
        fits(one, observations, "post")
    for query, status in (("indicator=T1", 200), ("indicator=X", 404), ("", 400)):
        answer = read.get(f"/api/v1/values?{query}")
        assert answer.status_code == status
        fits(answer, "/api/v1/values", "get")
    fits(read.get("/api/v1/regions/resolve?lon=114.1&lat=22.55"), "/api/v1/regions/resolve", "get")
    fits(site.signed_in("duty").get("/api/v1/session"), "/api/v1/session", "get")
    ticket = site.signed_in("duty").post("/api/v1/ticket", json={}, headers={"Origin": "http://127.0.0.1:8050"})
    fits(ticket, "/api/v1/ticket", "post")


@pytest.mark.service
def test_the_document_is_served_to_tokens_and_people_and_the_page_to_people(site: Site, caller: Make):
    assert caller().get("/api/v1/openapi.json").json == document()
    browser = site.signed_in("auditor")
    assert browser.get("/api/v1/openapi.json").json == document()
    assert site.anonymous().get("/api/v1/openapi.json").status_code == 401
    page = browser.get("/api/v1/docs")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert site.anonymous().get("/api/v1/docs").status_code == 302


@pytest.mark.service
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_shows_every_operation_and_loads_nothing_from_anywhere(site: Site, lang: str):
    page = site.signed_in("duty").get(f"/api/v1/docs?lang={lang}")
    for one in OPERATIONS:
        assert path_of(one) in page.text
        assert one.zh in page.text
        assert one.en.replace("'", "&#39;") in page.text
    assert ("访问" in page.text) == (lang == "zh")
    assert not re.search(r"<script|<link rel=.stylesheet|src=|https?://", page.text)
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
