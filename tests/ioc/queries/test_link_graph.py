"""The theme link library as a graph: from every theme to every source, through what the library says now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ioc.queries.indicator_page import UnknownIndicator, indicator_view
from ioc.queries.library import Entry, Health, Key, seed
from ioc.queries.link_graph import link_graph


@pytest.fixture
def shipped() -> dict[Key, Entry]:
    return {key: Entry(*key, body) for key, body in seed().items()}


def test_every_indicator_is_reached_from_a_theme_and_leads_to_a_source(shipped: dict[Key, Entry]) -> None:
    graph = link_graph(shipped, {})
    reached = {path[3] for path in graph.paths if all(path)}
    assert {node.id for node in graph.nodes["indicator"]} - reached == set()


def test_every_name_on_a_path_stands_in_its_column(shipped: dict[Key, Entry]) -> None:
    graph = link_graph(shipped, {})
    columns = list(graph.nodes.values())
    known = [{node.id for node in column} for column in columns]
    assert [path for path in graph.paths if any(name not in known[at] for at, name in enumerate(path))] == []


def test_a_path_goes_from_the_theme_through_the_base_count_to_the_source(shipped: dict[Key, Entry]) -> None:
    ways = [path for path in link_graph(shipped, {}).paths if path[3] == "G4"]
    assert ways == [
        ("governance", "governance/routing", "governance/dispatching", "G4", "case:准确派遣件数", "case"),
        ("governance", "governance/routing", "governance/dispatching", "G4", "case:应派遣件数", "case"),
    ]


def test_a_count_over_two_sources_together_leads_to_both(shipped: dict[Key, Entry]) -> None:
    assert {path[5] for path in link_graph(shipped, {}).paths if path[3] == "G12"} == {"case", "request"}


def test_an_indicator_that_no_situation_looks_at_any_more_stays_in_its_theme(shipped: dict[Key, Entry]) -> None:
    key = ("governance", "situation", "hot_spots")
    shipped[key] = replace(shipped[key], body=None)
    assert {path[:3] for path in link_graph(shipped, {}).paths if path[3] == "G12"} == {("governance", "", "")}


def test_a_linked_system_says_what_it_gives_and_takes_by_name_and_how_it_fares(shipped: dict[Key, Entry]) -> None:
    found = Health("https://x/", "dead", "HTTP 503", 3, 1, 2)
    systems = link_graph(shipped, {("governance", "unified_cases"): found}).systems
    [cases] = [each for each in systems if each.id == "unified_cases"]
    assert [each.zh for each in cases.gives] == ["社会治理案卷"]
    assert [each.id for each in cases.takes] == ["G9", "G12", "report_surge"]
    assert cases.health == found
    assert cases.tasks == (19,)


def test_the_page_of_an_indicator_says_all_that_its_declaration_says(shipped: dict[Key, Entry]) -> None:
    view = indicator_view("G4", shipped)
    assert (view.formula, view.facts["target"], view.limits) == (
        "pct(correct, should)", "97", {"yellow": "97", "orange": "95", "red": "90"},
    )  # fmt: skip
    assert [(each.zh, each.source) for each in view.bases] == [("准确派遣件数", "case"), ("应派遣件数", "case")]
    assert [each.zh for each in view.situations] == ["派遣态势"]
    assert [number for number, _, _ in view.tasks] == [19, 25]
    with pytest.raises(UnknownIndicator):
        indicator_view("X99", shipped)
