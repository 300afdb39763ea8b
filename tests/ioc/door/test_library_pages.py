"""The pages of coverage, links and indicators behind the real door: who may look, and who may change what."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dash
import pytest
import redis
from dash import html

from ioc import web
from ioc.queries.library import library
from ioc.settings import Settings
from tests.ioc.door.conftest import Browser, Clock, Site, post

pytestmark = pytest.mark.service

PAGES = ("pages.coverage", "pages.links", "pages.indicator")
OUTPUT = "..link-said.children...link-place.data...link-history.children.."
TYPED = {
    "zh": "智慧园林", "en": "parks", "owner": "区城管局", "entry": "https://parks.example/", "gives": "case",
    "takes": "G9", "sso": [], "permission": "indicator.view", "tasks": "25", "scene": "governance", "id": "parks",
}  # fmt: skip


@pytest.fixture
def site(dash_registers: None, settings: Settings, redis_client: redis.Redis, tmp_path: Path) -> Iterator[Site]:
    app: Any = dash.Dash("pages", use_pages=True, pages_folder="", suppress_callback_exceptions=True)
    app.server.test_client_class = Browser
    app.layout = html.Div([dash.page_container])
    for name in PAGES:
        sys.modules.pop(name, None)  # a page declares itself when it is imported
        importlib.import_module(name)
    clock = Clock()
    desk = web.guard(app.server, settings, clock)
    yield Site(app, desk, clock)
    desk.close()
    for name in PAGES:
        sys.modules.pop(name)


def act(site: Site, role: str, action: str, version: int = 0, known: str = "", **changes: Any) -> Any:
    """Press a button of the form as somebody with a role."""
    typed = TYPED | changes
    place = {"kind": "system", "scene": "governance" if known else "", "id": known, "version": version, "lang": "en"}
    body = {
        "output": OUTPUT,
        "outputs": [{"id": "link-said", "property": "children"}, {"id": "link-place", "property": "data"},
                    {"id": "link-history", "property": "children"}],
        "inputs": [{"id": f"link-{name}", "property": "n_clicks", "value": int(name == action)}
                   for name in ("save", "remove", "undo")],
        "state": [
            {"id": "link-place", "property": "data", "value": place},
            [{"id": {"entry": name}, "property": "value", "value": value} for name, value in typed.items()],
            [{"id": {"entry": name}, "property": "id", "value": {"entry": name}} for name in typed],
        ],
        "changedPropIds": [f"link-{action}.n_clicks"],
    }  # fmt: skip
    return post(site.signed_in(role), "/_dash-update-component", body)


def said(answer: Any) -> str:
    return str(answer.get_json()["response"]["link-said"]["children"])


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("leader", [200, 200, 200, 403]),
        ("duty", [200, 200, 200, 403]),
        ("analyst", [200, 200, 200, 403]),
        ("sysadmin", [200, 200, 403, 200]),
        ("wall", [403, 403, 200, 403]),
    ],
)
def test_each_role_opens_exactly_the_pages_it_may(site: Site, role: str, statuses: list[int]) -> None:
    client = site.signed_in(role)
    paths = ("/coverage", "/links", "/indicator/G4", "/links/edit/system/governance/unified_cases")
    assert [client.get(path).status_code for path in paths] == statuses


def test_a_system_administrator_adds_changes_removes_and_undoes(site: Site) -> None:
    assert said(act(site, "sysadmin", "save")) == "Saved v1"
    assert said(act(site, "sysadmin", "save", 1, "parks", owner="乙")) == "Saved v2"
    assert said(act(site, "sysadmin", "remove", 2, "parks")) == "Removed v3"
    assert said(act(site, "sysadmin", "undo", 3, "parks")) == "Undone v4"
    found = library(site.desk.store)["governance", "system", "parks"]
    assert found.body is not None
    assert (found.body["owner"], found.version, found.by) == ("乙", 4, "sysadmin")


def test_who_is_no_system_administrator_changes_nothing_even_with_the_very_request(site: Site) -> None:
    for role in ("leader", "analyst", "secadmin"):
        assert act(site, role, "save").status_code == 403
    assert ("governance", "system", "parks") not in library(site.desk.store)


def test_a_refusal_is_said_with_its_fields_and_changes_nothing(site: Site) -> None:
    answer = act(site, "sysadmin", "save", entry="javascript:alert(1)", gives="nothing_such")
    assert "entry" in said(answer)
    assert "link-place" not in json.dumps(answer.get_json()["response"])
    assert ("governance", "system", "parks") not in library(site.desk.store)


def test_the_second_of_two_administrators_is_told_who_was_faster(site: Site) -> None:
    act(site, "sysadmin", "save")
    assert "was changed by sysadmin" in said(act(site, "sysadmin", "save", 0, "parks"))


def test_the_form_of_an_entry_and_that_of_a_new_one_are_two_pages(site: Site) -> None:
    shown = {page["path_template"]: page["layout"] for page in dash.page_registry.values() if page["path_template"]}
    routed = [
        dash._pages._parse_path_variables("links/edit/system/governance/parks", path.strip("/")) for path in shown
    ]
    assert [found for found in routed if found] == [{"kind": "system", "scene": "governance", "name": "parks"}]


def test_a_page_says_of_another_page_whether_it_is_built_and_may_be_opened(site: Site) -> None:
    with site.app.server.test_request_context("/"):
        assert web.page_state("/region/440303005?place=yumin") == "missing"
        assert web.page_state("/links?scene=governance") == "closed"  # nobody is signed in here
