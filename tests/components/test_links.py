"""The link library lays out what it is told; what somebody typed is text, and a dead or unsafe address is no link."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.link_form import entered, link_form
from components.links import links
from components.moment import moment
from ioc.queries.home import Named
from ioc.queries.library import Entry, Health, seed
from ioc.queries.link_graph import LinkGraph, System, link_graph
from ioc.queries.tasks import indicators
from tests.components.test_wall import links as addresses
from tests.components.test_wall import parts

MARKUP = "<img src=x onerror=alert(1)>"
SHIPPED = {key: Entry(*key, body) for key, body in seed().items()}
GRAPH = link_graph(SHIPPED, {})
SYSTEM = System(
    Named("governance", "城市治理", "governance"), "parks", MARKUP, MARKUP, MARKUP, "https://parks.example/", (), (),
    True, "indicator.view", (25,), 1, None,
)  # fmt: skip


def page(graph: LinkGraph = GRAPH, **changes: Any) -> Any:
    return links(graph, dict(indicators()), "live", changes.pop("lang", "zh"), **changes)


def text(component: Any) -> str:
    return json.dumps(component, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def with_health(health: Health | None) -> Any:
    return page(replace(GRAPH, systems=(replace(SYSTEM, health=health),)))


def test_every_node_has_a_place_and_the_paths_travel_whole() -> None:
    found = [part["props"] for part in parts(page())]
    [paths] = [json.loads(each["data-paths"]) for each in found if "data-paths" in each]
    assert [tuple(path) for path in paths] == list(GRAPH.paths)
    nodes = {(each["data-column"], each["data-id"]) for each in found if "data-column" in each}
    assert nodes == {(column, node.id) for column, listed in GRAPH.nodes.items() for node in listed}


def test_every_indicator_leads_to_its_page() -> None:
    assert "/indicator/G4" in addresses(page())
    assert "/indicator/G4?world=replay&lang=en" in addresses(page(lang="en", asked="replay"))


def test_who_may_not_change_the_library_sees_no_way_to() -> None:
    assert not [each for each in addresses(page()) if each.startswith(("/links/edit", "/links/new"))]
    ways = addresses(page(edits=True))
    assert {"/links/new/system", "/links/edit/situation/governance/reports"} <= set(ways)


def test_markup_in_what_was_typed_stays_text_everywhere() -> None:
    made = with_health(None)
    assert MARKUP in text(made)
    assert {part["type"] for part in parts(made)}.isdisjoint({"Markdown", "DangerouslySetInnerHTML", "Iframe"})


def test_a_living_address_is_a_link_that_gives_nothing_away_and_a_dead_one_is_none() -> None:
    [link] = [part["props"] for part in parts(with_health(None)) if part["props"].get("target") == "_blank"]
    assert (link["href"], link["rel"]) == ("https://parks.example/", "noopener noreferrer")
    dead = with_health(Health("https://parks.example/", "dead", "HTTP 503", 3, 1_790_000_000_000, 1_790_000_060_000))
    assert "https://parks.example/" not in addresses(dead)
    assert "自 2026-09-21 22:14" in text(dead)
    assert "末次可达 2026-09-21 22:13" in text(dead)


def test_a_moment_is_written_in_shanghai() -> None:
    assert moment(1_790_000_000_000) == "2026-09-21 22:13"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"gives": "case, iot， traffic"}, ("gives", ["case", "iot", "traffic"])),
        ({"tasks": "19、25"}, ("tasks", [19, 25])),
        ({"tasks": "x"}, ("tasks", ["x"])),
        ({"sso": ["yes"]}, ("sso", True)),
        ({"sso": []}, ("sso", False)),
        ({"zh": "  园林 "}, ("zh", "园林")),
        ({"takes": None}, ("takes", [])),
    ],
)
def test_what_was_typed_becomes_an_entry(typed: dict[str, Any], found: tuple[str, Any]) -> None:
    assert entered("system", typed)[found[0]] == found[1]


def test_the_form_shows_what_the_entry_says_and_all_its_versions() -> None:
    key = ("governance", "system", "unified_cases")
    versions = [Entry(*key, None, 2, "sysadmin", 1_790_000_000_000), Entry(*key, seed()[key])]
    form = link_form("system", GRAPH.nodes["scene"], versions, "live", "zh")
    values = {
        part["props"]["id"]["entry"]: part["props"].get("value")
        for part in parts(form) if isinstance(part["props"].get("id"), dict)
    }  # fmt: skip
    assert values["takes"] == "G9, G12, report_surge"
    assert values["sso"] == ["yes"]
    assert "已删除" in text(form)
    assert "出厂" in text(form)


def test_the_library_says_where_connectors_may_connect_to() -> None:
    assert "允许连接：https://a.example, mqtts://b.example" in text(
        page(allowed=["https://a.example", "mqtts://b.example"])
    )
    assert "无（IOC_CONNECT_ALLOW 未设）" in text(page())
    assert [part["props"]["id"] for part in parts(page()) if part["props"].get("id") == "connectors"] == ["connectors"]
