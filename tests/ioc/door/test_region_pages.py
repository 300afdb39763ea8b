"""The pages of regions behind the real door: everyone may look, who may change, and how a change is taken back."""

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
from ioc.queries.regions import book_facts, editions
from ioc.settings import Settings
from tests.ioc.door.conftest import Browser, Clock, Site, post

pytestmark = pytest.mark.service

COMMITTEE = "440303001001"
SAVE = "..region-said.children...region-place.data...region-past.children.."
UNDO = (
    "..regions-said.children...regions-seen.data...region-rows.children...region-books.children"
    "...region-summary.children.."
)
FIELDS = {"zh": "甲社区", "code": "S1", "en": ""}
NUMBERS = {
    "population_value": "9,100", "population_year": "2020", "population_source": "七普", "area_km2_value": "",
    "area_km2_year": "", "area_km2_source": "",
}  # fmt: skip


@pytest.fixture
def site(dash_registers: None, settings: Settings, redis_client: redis.Redis, tmp_path: Path) -> Iterator[Site]:
    app: Any = dash.Dash("pages", use_pages=True, pages_folder="", suppress_callback_exceptions=True)
    app.server.test_client_class = Browser
    app.layout = html.Div([dash.page_container])
    sys.modules.pop("pages.regions", None)  # a page declares itself when it is imported
    importlib.import_module("pages.regions")
    clock = Clock()
    desk = web.guard(app.server, settings, clock)
    yield Site(app, desk, clock)
    desk.close()
    sys.modules.pop("pages.regions")


def outputs(text: str) -> list[dict[str, str]]:
    names = [part.split(".") for part in text.strip(".").split("...")]
    return [{"id": name, "property": prop} for name, prop in names]


def save(site: Site, role: str, book: str, seen: int = 0, region: str = COMMITTEE, **changes: str) -> Any:
    """Press the button of a book as somebody with a role."""
    typed = FIELDS | NUMBERS | changes
    place = {"code": region, "seen": {"communities": seen, "numbers": seen}, "lang": "en"}
    books = ("communities", "numbers")
    pressed = json.dumps({"region-save": book}, separators=(",", ":"))
    body = {
        "output": SAVE,
        "outputs": outputs(SAVE),
        "inputs": [
            [{"id": {"region-save": each}, "property": "n_clicks", "value": int(each == book)} for each in books]
        ],
        "state": [
            {"id": "region-place", "property": "data", "value": place},
            [{"id": {"region": name}, "property": "value", "value": value} for name, value in typed.items()],
            [{"id": {"region": name}, "property": "id", "value": {"region": name}} for name in typed],
        ],
        "changedPropIds": [f"{pressed}.n_clicks"],
    }
    return post(site.signed_in(role), "/_dash-update-component", body)


def undo(site: Site, role: str, book: str, seen: int) -> Any:
    body = {
        "output": UNDO,
        "outputs": outputs(UNDO),
        "inputs": [[{"id": {"region-undo": book}, "property": "n_clicks", "value": 1}]],
        "state": [
            {"id": "regions-seen", "property": "data",
             "value": {"seen": {"communities": seen, "numbers": seen}, "lang": "zh"}},
        ],
        "changedPropIds": [json.dumps({"region-undo": book}, separators=(",", ":")) + ".n_clicks"],
    }  # fmt: skip
    return post(site.signed_in(role), "/_dash-update-component", body)


def take_over(site: Site, role: str, action: str, text: str, seen: int = 0) -> Any:
    body = {
        "output": "..table-said.children...table-place.data..",
        "outputs": outputs("..table-said.children...table-place.data.."),
        "inputs": [{"id": f"table-{each}", "property": "n_clicks", "value": int(each == action)}
                   for each in ("check", "save")],
        "state": [
            {"id": "table-place", "property": "data", "value": {"book": "communities", "seen": seen, "lang": "en"}},
            {"id": "table-text", "property": "value", "value": text},
        ],
        "changedPropIds": [f"table-{action}.n_clicks"],
    }  # fmt: skip
    return post(site.signed_in(role), "/_dash-update-component", body)


def said(answer: Any, name: str = "region-said") -> str:
    return str(answer.get_json()["response"][name]["children"])


def shown(site: Site, role: str, path: str) -> str:
    """What the layout of a page says, as JSON text."""
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
        "inputs": [{"id": "_pages_location", "property": "pathname", "value": path},
                   {"id": "_pages_location", "property": "search", "value": "?lang=en"}],
        "changedPropIds": ["_pages_location.pathname"], "state": [],
    }  # fmt: skip
    return json.dumps(post(site.signed_in(role), "/_dash-update-component", body).get_json(), ensure_ascii=False)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("leader", [200, 403]), ("duty", [200, 403]), ("analyst", [200, 200]), ("sysadmin", [200, 200]),
        ("secadmin", [200, 403]), ("auditor", [200, 403]), ("wall", [403, 403]),
    ],
)  # fmt: skip
def test_each_role_opens_exactly_the_pages_it_may(site: Site, role: str, statuses: list[int]) -> None:
    client = site.signed_in(role)
    assert [client.get(path).status_code for path in ("/regions", f"/regions/edit/{COMMITTEE}")] == statuses


def test_an_empty_table_says_that_the_district_has_not_filled_it_and_only_who_may_sees_ways_to_change(
    site: Site,
) -> None:
    page = shown(site, "analyst", "/regions")
    assert "The district has not filled the community table yet" in page
    assert page.count("/regions/edit/") == 120
    assert "1,143,801" in page
    assert "/regions/edit/" not in shown(site, "leader", "/regions")


def test_an_analyst_says_the_community_and_a_number_and_the_page_tells_both(site: Site) -> None:
    assert said(save(site, "analyst", "communities")) == "Saved v1"
    assert said(save(site, "sysadmin", "numbers")) == "Saved v1"
    page = shown(site, "leader", "/regions")
    assert "甲社区 S1" in page
    assert "9,100" in page
    assert "Community table: 1 / 109" in page
    form = shown(site, "analyst", f"/regions/edit/{COMMITTEE}")
    assert "甲社区" in form
    (made,) = editions(site.desk.store, "communities")
    assert (made.by, made.at_ms, made.facts) == ("analyst", site.clock(), 1)


def test_what_was_said_is_taken_back_and_the_page_is_drawn_anew(site: Site) -> None:
    save(site, "analyst", "communities")
    answer = undo(site, "analyst", "communities", 1)
    assert said(answer, "regions-said") == "已撤销 v2"
    assert "辖区尚未填报社区对照表" in said(answer, "region-summary")
    assert book_facts(site.desk.store, "communities")[1][COMMITTEE, "community"].body is None
    assert "没有更早的版本" in said(undo(site, "analyst", "communities", 2), "regions-said")


def test_a_cleared_form_takes_away_and_an_unchanged_one_says_so(site: Site) -> None:
    save(site, "analyst", "communities")
    assert said(save(site, "analyst", "communities", 1)) == "Nothing is different"
    assert said(save(site, "analyst", "communities", 1, zh="", code="")) == "Saved v2"
    assert [each.number for each in editions(site.desk.store, "communities")] == [2, 1]


def test_a_refusal_is_said_with_its_fields_and_changes_nothing(site: Site) -> None:
    answer = save(site, "analyst", "numbers", population_value="many", population_source="")
    assert "whole number" in said(answer)
    assert "who says so" in said(answer)
    assert "region-place" not in answer.get_json()["response"]
    assert editions(site.desk.store, "numbers") == []


def test_the_second_of_two_is_told_who_was_faster(site: Site) -> None:
    save(site, "analyst", "communities")
    assert "was changed by analyst" in said(save(site, "sysadmin", "communities", 0, zh="乙社区"))


def test_who_may_not_changes_nothing_even_with_the_very_request(site: Site) -> None:
    for role in ("leader", "duty", "secadmin", "auditor"):
        assert save(site, role, "communities").status_code == 403
        assert undo(site, role, "communities", 0).status_code == 403
    assert editions(site.desk.store, "communities") == []


def test_a_form_of_a_region_that_there_is_not_says_so(site: Site) -> None:
    assert "There is no such region" in shown(site, "analyst", "/regions/edit/440304")


def test_a_whole_table_is_checked_and_then_taken_over_pasted_or_as_it_was_shown(site: Site) -> None:
    assert f"{COMMITTEE},".encode() in shown(site, "analyst", "/regions/table/communities").encode()
    pasted = f"committee\tcommunity_code\tcommunity\n{COMMITTEE}\tS1\t甲社区\n440303001002\tS1\t甲社区\n"
    told = take_over(site, "analyst", "check", pasted)
    assert said(told, "table-said") == "added 2, changed 0, removed 0, same 0"
    assert editions(site.desk.store, "communities") == []
    assert said(take_over(site, "analyst", "save", pasted), "table-said").startswith("Saved v1")
    assert said(take_over(site, "analyst", "save", pasted, seen=1), "table-said") == "Nothing is different"
    assert "2 / 109" in shown(site, "leader", "/regions")


def test_a_wrong_table_is_refused_with_its_lines_and_changes_nothing(site: Site) -> None:
    told = take_over(site, "analyst", "save", f"committee,community\n{COMMITTEE},甲\n{COMMITTEE},乙\n")
    assert "line 3: it stands twice" in said(told, "table-said")
    assert take_over(site, "leader", "save", "committee,community\n").status_code == 403
    assert site.signed_in("analyst").get("/regions/table/nothing").status_code == 404
    assert editions(site.desk.store, "communities") == []
