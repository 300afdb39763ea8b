"""The rules of a screen in a real Chromium, without a centre: spans of charts, words for numbers, names of groups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.journey

ASSETS = Path(__file__).parents[2] / "assets"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_795_420_800_000  # 2026-11-23 16:00 in Shanghai
ADDRESS = "http://centre.test/"

STAGE = """
<div id="wall" data-settings><section data-trend="X1"><span class="trend-span"></span>
<div class="plot" style="width:600px;height:200px"></div></section></div>
<script>
  window.drawn = [];
  window.Plotly = { react: (element, traces, layout) => drawn.push({ traces, layout }), purge: () => {} };
  window.ioc = { state: { series: new Map(), settings: [] }, schedule: () => {} };
</script>
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.route(ADDRESS, lambda route: route.fulfill(body=STAGE, content_type="text/html; charset=utf-8"))
    page.goto(ADDRESS)
    for name in ("words", "marks", "names", "spans", "history", "outlook", "charts"):
        page.add_script_tag(path=ASSETS / f"{name}.js")
    yield page
    context.close()


def chart(page: Page, step_ms: int, points: list[list[float]], **more: Any) -> dict[str, Any]:
    """What is drawn of an indicator of this step with these points."""
    indicator = {"id": "X1", "step_ms": step_ms, "limits": [], "unit": "", "decimals": 0, "on": "value", "says": {}}
    stage = {"indicator": indicator | more, "points": points, "now": NOW}
    drawn: dict[str, Any] = page.evaluate(
        """({ indicator, points, now }) => {
          const end = points.length ? points[points.length - 1] : [now, null];
          const [we, x] = end;
          const cell = { i: "X1", r: "440303", ws: we - indicator.step_ms, we, x, q: "complete", seen: now };
          Object.assign(ioc, {
            worldNow: () => now, worldOf: () => "live", indicator: () => indicator, districtCell: () => cell,
            verdict: () => ({ is: "complete" }),
          });
          ioc.state.settings = [{ district: "440303", indicators: { X1: indicator } }];
          ioc.state.series.set("X1|440303|", points);
          ioc.charts.enter(document);
          ioc.charts.draw(new Set(), true);
          while (ioc.charts.draw(new Set(), false) || !drawn.length) { /* one chart a frame */ }
          const { traces, layout } = drawn[drawn.length - 1];
          return { today: traces[1], dot: traces[2],
                   traces: traces.map(({ x, y, fill, name }) => ({ x, y, fill, name })),
                   range: layout.xaxis.range, heights: layout.yaxis.range,
                   ticks: layout.annotations.filter((note) => note.name === "time").map((note) => note.text),
                   said: layout.annotations.filter((note) => note.name !== "time").map((note) => note.text),
                   span: document.querySelector(".trend-span").textContent };
        }""",
        stage,
    )
    return drawn


def test_a_chart_that_is_not_shown_does_not_make_the_others_be_drawn_again(page: Page) -> None:
    chart(page, MINUTE, course(MINUTE, 30))
    drawn = page.evaluate(
        """() => {
          const hidden = document.querySelector("section").cloneNode(true);
          hidden.dataset.trend = "X2";
          hidden.hidden = true;
          document.getElementById("wall").append(hidden);
          ioc.charts.enter(document);
          const turn = (series) => {
            drawn.length = 0;
            ioc.charts.draw(new Set(series), false); // what has come is written first
            for (let frame = 0; frame < 5; frame += 1) ioc.charts.draw(new Set(), false);
            return drawn.length;
          };
          ioc.charts.draw(new Set(), true);
          return [turn([]), turn(["X1|440303|", "X2|440303|"]), turn(["X2|440303|"]), ioc.charts.due()];
        }"""
    )
    assert drawn == [1, 0, 0, False]  # within the pause between two drawings


def course(step_ms: int, count: int) -> list[list[float]]:
    return [[NOW - step_ms * (count - at), 10.0 + at % 3] for at in range(count)]


@pytest.mark.parametrize(
    ("step_ms", "count", "behind_h", "span"),
    [(5 * MINUTE, 300, 21, "近 21 小时"), (HOUR, 60, 68, "近 3 天"), (DAY, 50, 58 * 24, "近 58 天")],
)
def test_the_span_of_a_chart_follows_the_step_of_its_indicator(
    page: Page, step_ms: int, count: int, behind_h: int, span: str
) -> None:
    page.route("**/api/v1/values?*", lambda route: route.fulfill(json={"rows": []}))
    drawn = chart(page, step_ms, course(step_ms, count))
    assert (NOW + 8 * HOUR - drawn["range"][0]) / HOUR == behind_h
    assert drawn["span"] == span
    assert len([value for value in drawn["today"]["y"] if value is not None]) > 45


def test_days_stand_below_a_chart_of_several_days_and_clock_times_below_one_day(page: Page) -> None:
    page.route("**/api/v1/values?*", lambda route: route.fulfill(json={"rows": []}))
    assert chart(page, HOUR, course(HOUR, 60))["ticks"] == ["11-21", "12:00", "11-22", "12:00", "11-23"]
    assert chart(page, 5 * MINUTE, course(5 * MINUTE, 300))["ticks"] == ["00:00", "06:00", "12:00"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "尚无历史"),
        (1, "历史不足：<br>仅 1 个时段（每 1 小时一个）"),
        (2, "历史不足：<br>仅 2 个时段（每 1 小时一个）"),
    ],
)
def test_too_little_history_is_said_and_no_dot_is_drawn(page: Page, count: int, said: str) -> None:
    page.route("**/api/v1/values?*", lambda route: route.fulfill(json={"rows": []}))
    drawn = chart(page, HOUR, course(HOUR, count))
    assert said in drawn["said"]
    assert drawn["dot"]["x"] == []
    assert chart(page, HOUR, course(HOUR, 3))["dot"]["y"] == [12.0]


def test_what_the_live_path_has_let_go_of_comes_from_the_archive(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        ends = [NOW - 60 * HOUR + at * HOUR for at in range(57)]
        rows = [
            {"region": "440303", "window_end": page.evaluate(f"new Date({end}).toISOString()"), "value": 5}
            for end in ends
        ]
        route.fulfill(json={"rows": rows})

    page.route("**/api/v1/values?*", answer)
    chart(page, HOUR, course(HOUR, 4))
    page.wait_for_function(
        "() => ioc.history.points(ioc.indicator(), ioc.districtCell(), 'live', 0, () => {}).length > 0"
    )
    values = chart(page, HOUR, course(HOUR, 4))["today"]["y"]
    assert len(values) == 60
    assert values[:2] == [5, 5]
    assert len(asked) == 1
    assert "step=1h" in asked[0]
    assert "region=440303" in asked[0]


def outlook(at: int) -> dict[str, Any]:
    """A band from 8 to 12, and a forecast of 12, 13 ... in the next hours."""
    rows = [{"end": at + step * HOUR, "low": 8, "high": 12, "cold": False} for step in range(-20, 7)]
    ahead = [{"end": at + hour * HOUR, "value": 11 + hour, "low": 10, "high": 16} for hour in (1, 2, 3)]
    return {"state": "here", "at": at, "band": rows, "forecast_at": at, "forecast": ahead,
            "member": None, "value": None, "leads": False}  # fmt: skip


def foreseen(page: Page, at: int) -> dict[str, Any]:
    """The chart of a followed indicator once its outlook, of the moment `at`, has come."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        said = outlook(at)
        for row in (said, *said["band"], *said["forecast"]):
            for name in ("at", "end", "forecast_at"):
                if name in row:
                    row[name] = datetime.fromtimestamp(row[name] / 1000, UTC).isoformat()
        route.fulfill(json=said)

    page.route("**/api/v1/outlook?*", answer)
    limits = [{"level": "yellow", "value": 13}, {"level": "red", "value": 20}]
    shown = {"outlook": True, "limits": limits, "direction": "down"}
    page.evaluate("() => { window.came = 0; ioc.schedule = () => { came += 1; }; }")
    chart(page, 5 * MINUTE, course(5 * MINUTE, 300), **shown)
    page.wait_for_function("() => came > 0")
    drawn = chart(page, 5 * MINUTE, course(5 * MINUTE, 300), **shown)
    assert len(asked) == 1
    assert "region=440303" in asked[0]
    return drawn


def test_band_and_forecast_are_drawn_and_when_it_reaches_a_level(page: Page) -> None:
    drawn = foreseen(page, NOW - 5 * MINUTE)
    band, fan = [each for each in drawn["traces"] if each.get("fill") == "toself"]
    assert (min(band["y"]), max(band["y"])) == (8, 12)
    assert min(band["x"]) >= drawn["range"][0]
    assert max(fan["y"]) == 16
    [forecast] = [each for each in drawn["traces"] if each.get("name") == "forecast"]
    assert forecast["y"][1:] == [12, 13, 14]
    assert "17:55" in drawn["said"]  # 13 reaches the yellow limit


def test_what_was_foreseen_at_a_later_moment_than_is_shown_is_not_drawn(page: Page) -> None:
    drawn = foreseen(page, NOW + 5 * MINUTE)
    assert [each for each in drawn["traces"] if each.get("fill") or each.get("name")] == []


def test_shares_near_a_hundred_do_not_lie_at_the_top_of_an_empty_chart(page: Page) -> None:
    limits = [{"level": "yellow", "value": 99}, {"level": "orange", "value": 97}, {"level": "red", "value": 95}]
    drawn = chart(page, 5 * MINUTE, [[at, 98.0] for at, _ in course(5 * MINUTE, 300)], unit="%", limits=limits)
    assert drawn["heights"][0] >= 90
    assert drawn["heights"][1] >= 99


E1 = {"id": "E1", "decimals": 0, "unit": "级", "says": {"0": ["未启动", "none", None], "1": ["Ⅳ级", "IV", "blue"],
      "4": ["Ⅰ级", "I", "red"]}}  # fmt: skip
SETTINGS = {
    "world": "live", "scene": "emergency", "registers": ["hall"],
    "names": {
        "level": {"1": ["Ⅳ 一般", "IV ordinary", "blue"], "4": ["Ⅰ 特别重大", "I extraordinary", "red"]},
        "class": {"accident": ["事故灾难", "accident", None]},
    },
}  # fmt: skip


def test_a_response_level_is_said_and_its_number_never_shown(page: Page) -> None:
    said = page.evaluate(f"[0, 1, 4].map((value) => ioc.valued({json.dumps(E1)}, value))")
    assert said == ["未启动", "Ⅳ级", "Ⅰ级"]
    assert page.evaluate(f"ioc.limitSaid({json.dumps(E1)}, 4)") == "Ⅰ级"


def test_a_group_of_several_dimensions_is_said_in_words_with_the_colour_of_its_level(page: Page) -> None:
    parts = page.evaluate(f"ioc.groupParts({json.dumps(SETTINGS)}, {{ d: {{ level: '1', class: 'accident' }} }})")
    assert [part["text"] for part in parts] == ["Ⅳ 一般", "事故灾难"]
    assert [part["level"] for part in parts] == ["blue", None]


def test_an_id_that_its_register_does_not_know_is_marked_as_one(page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json={"v": 1, "names": {"H7": ["桂园政务大厅", "Guiyuan hall"]}})

    page.route("**/api/v1/names?*", answer)
    say = f"(value) => ioc.group({json.dumps(SETTINGS)}, {{ d: {{ hall: value }} }})"
    assert page.evaluate(say, "H7") == "H7"  # nobody has answered yet
    assert page.evaluate(say, "H8") == "H8"
    page.wait_for_function(f"() => ({say})('H7') === '桂园政务大厅'")
    assert page.evaluate(say, "H8") == "编号 H8"
    assert len(asked) == 1
    page.evaluate("ioc.language('en')")
    assert page.evaluate(say, "H7") == "Guiyuan hall"
    assert page.evaluate(say, "H8") == "id H8"


def test_points_are_kept_as_long_as_a_chart_shows_them_and_of_seconds_no_longer_than_four_hours(page: Page):
    steps = [10_000, MINUTE, 15 * MINUTE, HOUR, DAY]
    kept = page.evaluate("(steps) => steps.map((step) => ioc.spanKept(step))", steps)
    shown = page.evaluate("(steps) => steps.map((step) => ioc.spanBehind(step))", steps)
    assert kept[0] == 4 * HOUR
    assert kept[1:3] == [46 * HOUR, 46 * HOUR]  # of the day before as much as now
    assert kept[3:] == [49 * HOUR, 49 * HOUR]  # the archive has what such a chart shows of earlier days
    assert all(k >= min(s, 49 * HOUR) for k, s in zip(kept, shown, strict=True))
