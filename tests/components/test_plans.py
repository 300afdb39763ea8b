"""The pages of plans: who may only look finds no button that changes anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import html

from components import plans, ways
from ioc.queries.desk_page import DeskView, desk_view


@pytest.fixture
def view(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> DeskView:
    monkeypatch.setattr(ways, "person_may", lambda _: True)
    return desk_view("live", tmp_path, 0, mapped=False)


def ids(page: html.Div) -> set[str]:
    found: set[str] = set()

    def walk(each: Any) -> None:
        if isinstance(each, dict):
            found.add(str(each.get("props", {}).get("id", "")))
            for value in each.values():
                walk(value)
        elif isinstance(each, list):
            for value in each:
                walk(value)

    walk(json.loads(json.dumps(page.to_plotly_json(), default=lambda part: part.to_plotly_json())))
    return found


def test_buttons_stand_for_who_may_press_them(view: DeskView):
    looks = ids(plans.plan(view, "flood", "zh", edits=False, publishes=False))
    edits = ids(plans.plan(view, "flood", "en", edits=True, publishes=False))
    both = ids(plans.plan(view, "flood", "zh", edits=True, publishes=True))
    acts = {"plan-check", "plan-draft", "plan-discard", "plan-publish"}
    assert (looks & acts, edits & acts, both & acts) == (set(), acts - {"plan-publish"}, acts)
    assert {"plans-rows", "plans-runs"} <= ids(plans.plans(view, "zh"))
