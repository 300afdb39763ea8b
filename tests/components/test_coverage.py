"""The coverage page names everything that serves a task, and says of each page whether it exists."""

from __future__ import annotations

import json
from typing import Any

from components.coverage import coverage
from ioc.queries.home import Named
from ioc.queries.tasks import Feed, Measured, PageLink, TaskView
from ioc.web import CoverageView
from tests.components.test_wall import links, of_class, parts

SCENE = Named("safety", "公共安全", "public safety")
FEED = Feed("iot", "感知读数", "devices", "safety")
INDICATOR = Measured("P12", "设备在线率", "devices online", "P12", "safety", "%", 1, True, ("iot",))
TASK = TaskView(
    5, "物联感知", "sensing", (SCENE,), (FEED,), (INDICATOR,), (Named("devices", "设备", "devices"),), (),
    (PageLink("大屏", "wall", "/wall?scene=safety"), PageLink("未建", "not there", "/region")), (),
)  # fmt: skip
PAGES = {"/wall?scene=safety": "open", "/region": "missing"}


def page(lang: Any = "zh", task: TaskView = TASK, pages: dict[str, str] = PAGES) -> Any:
    return coverage(CoverageView("live", (task,), (SCENE,), pages, 1, 1), lang)


def text(component: Any) -> str:
    return json.dumps(component, default=lambda part: part.to_plotly_json(), ensure_ascii=False)


def test_a_page_that_is_not_built_is_named_and_is_no_link() -> None:
    assert "/region" not in links(page())
    assert "/wall?scene=safety" in links(page())
    assert "/wall?scene=safety&lang=en" in links(page("en"))
    [missing] = of_class(page(), "page-missing")
    assert missing["children"] == "未建"


def test_a_page_that_the_visitor_may_not_open_is_no_link() -> None:
    closed = page(pages={"/wall?scene=safety": "closed", "/region": "missing"})
    assert "/wall?scene=safety" not in links(closed)
    assert "无权打开" in text(closed)


def test_every_feed_and_value_has_a_place_and_none_is_written_by_hand() -> None:
    found = [part["props"] for part in parts(page())]
    assert [each["data-feed"] for each in found if "data-feed" in each] == ["iot"]
    assert [each["data-value"] for each in found if "data-value" in each] == ["P12"]
    [row] = [each for each in found if "data-task" in each]
    assert (row["data-feeds"], row["data-indicators"], row["data-scenes"]) == ("iot", "P12", "safety")


def test_what_serves_a_task_with_nothing_is_said_to_be_nothing() -> None:
    assert "没有事件类型" in text(page())
    assert "没有关联系统" in text(page())


def test_markup_in_a_name_stays_text() -> None:
    named = TaskView(5, "<img src=x onerror=alert(1)>", "x", (SCENE,), (), (), (), (), (), ())
    assert "<img src=x onerror=alert(1)>" in text(page(task=named, pages={}))
    assert {part["type"] for part in parts(page(task=named, pages={}))}.isdisjoint({"Markdown"})
