"""The pages of the desk lay out their places, name what the life cycles have, and carry text, never markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.cases import cases
from components.incident import incident
from components.words import Lang
from ioc.queries.desk_page import DeskView, desk_view
from tests.components.test_wall import parts

T0 = 1_790_000_000_000


@pytest.fixture(scope="module")
def listed() -> DeskView:
    return desk_view("live", Path("/nowhere"), T0, mapped=False)


@pytest.fixture(scope="module")
def mapped() -> DeskView:
    return desk_view("live", Path("/nowhere"), T0, mapped=True)


def props(page: Any) -> list[dict[str, Any]]:
    return [part["props"] for part in parts(page)]


def test_the_page_is_told_of_changes_over_the_live_socket(listed: DeskView) -> None:
    [settings] = json.loads(listed.settings("zh"))
    assert (settings["topics"], settings["map"]) == (["live/desk"], None)


def test_the_map_of_a_desk_shows_units_and_colours_nothing(mapped: DeskView) -> None:
    [settings] = json.loads(mapped.settings("zh"))
    assert (settings["map"]["on"], settings["map"]["areas"], settings["map"]["roads"]) == (["units"], "", None)


def test_every_filter_of_the_list_has_its_place(listed: DeskView) -> None:
    asked = {each["data-ask"] for each in props(cases(listed, "zh")) if "data-ask" in each}
    assert asked == {"state", "kind", "level", "stage", "region", "org", "overdue", "mine", "sort"}


@pytest.mark.parametrize(("lang", "name"), [("zh", "核实"), ("en", "verify")])
def test_names_come_from_the_life_cycles_in_both_languages(listed: DeskView, lang: Lang, name: str) -> None:
    [told] = [json.loads(each["data-names"]) for each in props(cases(listed, lang)) if "data-names" in each]
    assert told["cycles"]["incident"]["moves"]["verify"][lang] == name
    assert [each["id"] for each in told["classes"]] == ["natural", "accident", "health", "security"]


def test_who_may_not_see_personal_data_has_no_place_to_unmask_them(mapped: DeskView) -> None:
    def places(unmasks: bool) -> set[str]:
        return {each["id"] for each in props(incident(mapped, "a", "zh", unmasks=unmasks)) if "id" in each}

    assert places(unmasks=True) - places(unmasks=False) == {"desk-unmask-ok"}


def test_the_offices_of_the_filter_are_named_as_dossiers_name_them(listed: DeskView) -> None:
    named = {each["zh"]: each["en"] for each in listed.names["offices"]}
    assert named["区水务局"] == "Water Bureau"
    assert "桂园街道办" in named
    assert len(named) == 22


def test_the_page_of_a_dossier_says_which_it_is_of(mapped: DeskView) -> None:
    markup = "<img src=x onerror=alert(1)>"
    found = props(incident(mapped, markup, "zh"))
    assert [each["data-dossier"] for each in found if "data-dossier" in each] == [markup]
    assert {"dossier-head", "dossier-ladder", "dossier-moves", "dossier-steps", "map"} <= {
        each["id"] for each in found if "id" in each
    }


def test_options_of_the_list_are_said_once_in_each_language(listed: DeskView) -> None:
    for lang in ("zh", "en"):
        page = cases(listed, lang)  # type: ignore[arg-type]
        [stages] = [each for each in props(page) if each.get("data-ask") == "stage"]
        values = [part["props"]["value"] for part in parts(stages["children"])]
        assert len(values) == len(set(values))
