"""The overview in Chromium: what it says in every state, and that it never lies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, expect

from metrics import keys
from tests.centre import Centre
from tests.journeys import scripted
from tests.journeys.scripted import Script

pytestmark = pytest.mark.journey

DAYS = {"calm": Script(), "rain": Script(worst="red", response=3)}
COLOURS = (
    "() => [...document.querySelectorAll('.response')].map((e) => [e.hidden, getComputedStyle(e).backgroundColor])"
)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """The web server as it runs; what its page is told is scripted."""
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud") as one:
        one.start()
        yield one


@pytest.fixture(scope="module")
def signed_in(centre: Centre, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(centre.links()["leader"])
    page.close()
    yield context
    context.close()


def opened(
    context: BrowserContext, centre: Centre, script: Script, path: str = "/wall", size: tuple[int, int] = (1920, 1080)
) -> Page:
    """The overview that has been told everything once, and stays where it is."""
    page = told(context, centre, script, path, size)
    scripted.settled(page)
    return page


def told(
    context: BrowserContext, centre: Centre, script: Script, path: str, size: tuple[int, int] = (1920, 1080)
) -> Page:
    """Any page with live numbers that has been told everything once."""
    page = scripted.scripted(context, script)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(centre.url + path)
    scripted.told(page)
    return page


def test_the_response_is_the_only_filled_block_and_calm_is_written_out(
    signed_in: BrowserContext, centre: Centre
) -> None:
    page = opened(signed_in, centre, DAYS["calm"])
    expect(page.locator("#response")).to_be_hidden()
    expect(page.locator("#district-word")).to_have_text("平稳")
    expect(page.locator("#district-line")).to_contain_text("未启动应急响应")
    expect(page.locator("#attention-none")).to_have_text("无")
    page.close()
    page = opened(signed_in, centre, DAYS["rain"])
    expect(page.locator("#response-level")).to_have_text("Ⅱ级")
    assert page.evaluate(COLOURS) == [[False, "rgb(255, 159, 28)"]]
    expect(page.locator("#attention .matter").first).to_contain_text("待派遣")
    page.close()


STATES: dict[str, tuple[Script, str, str]] = {  # what is said, where it shows, and what stands there
    "live": (Script(), "#mode", "实时"),
    "exercise": (Script(kind="exercise"), "#mode", "演练"),
    "simulated": (Script(origin="simulated"), "#mode", "演练"),
    "replay": (Script(kind="replay", origin="recorded"), "#mode", "回放"),
    "provisional": (Script(cell={"q": "provisional"}), "#district-line", "待时段完整"),
    "late": (
        Script(cell={"q": "stale"}, feed={"state": "late", "newest": 1_790_000_000_000}),
        "#scene-traffic",
        "迟到",
    ),
    "no data": (Script(cell={"x": None, "q": "no_data"}), "#scene-traffic .scene-count", "无数据"),
    "feed lost": (Script(feeds={"case": {"state": "lost"}}), "#scene-governance", "中断"),
    "engine lost": (Script(processes={"engine": {"age": 90_000, "ok": False}}), "#overlay", "计算引擎中断"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_said(signed_in: BrowserContext, centre: Centre, state: str) -> None:
    script, place, said = STATES[state]
    page = opened(signed_in, centre, script)
    expect(page.locator(place)).to_contain_text(said)
    if state not in {"live", "exercise", "simulated", "replay"}:
        assert page.locator("#district-word").inner_text() != "平稳" or state == "feed lost"
    page.close()


def test_a_lost_feed_takes_all_that_is_computed_of_it_and_nothing_else(
    signed_in: BrowserContext, centre: Centre
) -> None:
    page = opened(signed_in, centre, Script(feeds={"case": {"state": "lost", "arrived": 1}}))
    states = page.evaluate(
        "() => Object.fromEntries(['G15', 'G6', 'T1', 'L3'].map("
        "(id) => [id, ioc.verdict(ioc.indicator(id), ioc.districtCell(id)).is]))"
    )
    assert states == {"G15": "lost", "G6": "lost", "T1": "complete", "L3": "complete"}  # G15 is a formula over others
    expect(page.locator("#scene-governance .slot .number").first).to_contain_text("中断")
    expect(page.locator("#scene-governance .slot .chip:visible")).to_have_count(0)
    expect(page.locator("#district-line")).to_contain_text("数据中断")
    page.close()


def test_drafted_borders_say_so(signed_in: BrowserContext, centre: Centre) -> None:
    page = opened(signed_in, centre, Script())
    expect(page.locator(".map-title")).to_contain_text("示意")
    page.close()


def test_a_scene_stands_beside_the_overview_in_one_document_with_one_socket(
    signed_in: BrowserContext, centre: Centre
) -> None:
    page = opened(signed_in, centre, Script(), "/wall?beside=traffic", (7680, 2160))
    expect(page.locator(".scene-beside #tile-T1")).to_be_visible()
    expect(page.locator(".scenes")).to_be_visible()
    assert page.evaluate("checks.twice()") == []
    size = page.evaluate("() => getComputedStyle(document.querySelector('.scene .number')).fontSize")
    page.set_viewport_size({"width": 3840, "height": 2160})
    assert page.evaluate("() => getComputedStyle(document.querySelector('.scene .number')).fontSize") == size
    expect(page.locator(".scene-beside")).to_be_hidden()
    page.close()


def test_a_scene_is_the_same_on_the_overview_on_its_own_wall_and_at_home(
    signed_in: BrowserContext, centre: Centre
) -> None:
    admin = redis.Redis.from_url(json.loads((centre.home / "connections.json").read_text())["admin"])
    admin.hset(keys.origins("live"), mapping=dict.fromkeys(("weather", "incident", "unit", "water"), "real"))
    script = Script(
        over={"E9": "orange", "G6": "yellow"}
    )  # the emergency wall has no tile of E9, governance has one of G6
    page = opened(signed_in, centre, script)
    said = {
        scene: page.locator(f"#scene-{scene} .scene-head .chip").inner_text() for scene in ("emergency", "governance")
    }
    assert said == {"emergency": "橙", "governance": "黄"}
    expect(page.locator("#scene-emergency .slot").first).to_contain_text("橙")
    page.close()
    for scene, level, word in (("emergency", "橙", "告警"), ("governance", "黄", "关注")):
        page = told(signed_in, centre, script, f"/wall/{scene}")
        expect(page.locator("#verdict .verdict-word .chip")).to_have_text(level)
        expect(page.locator("#verdict-word")).to_have_text(word)
        page.close()
    page = told(signed_in, centre, script, "/")
    expect(page.locator('[data-scene="emergency"] .chip').first).to_have_text("橙")
    page.close()


def test_what_a_forecast_reaches_is_said_with_its_time_unless_it_stands_already(
    signed_in: BrowserContext, centre: Centre
) -> None:
    watch = "#district-watch"
    page = opened(signed_in, centre, Script(coming=(("T1", "yellow", 50), ("P3", "orange", 20))))
    expect(page.locator(watch)).to_have_text(
        re.compile(r"^关注 人流密度预计 \d\d:\d\d 到橙线 3\.5；交通运行指数预计 \d\d:\d\d 到黄线 4$")
    )
    page.close()
    page = opened(signed_in, centre, Script(over={"T1": "orange"}, coming=(("T1", "yellow", 50), ("P3", "orange", -1))))
    expect(page.locator(watch)).to_have_text("没有指标越线")
    page.close()
    silent = Script(feeds={"traffic": {"state": "lost", "arrived": 1}}, coming=(("T1", "yellow", 50),))
    page = opened(signed_in, centre, silent)
    expect(page.locator(watch)).not_to_contain_text("预计")
    page.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sentence_of_a_large_wall_takes_one_line_whatever_it_has_to_say(
    signed_in: BrowserContext, centre: Centre, lang: str
) -> None:
    lines = "() => ['#district-line', '#district-watch'].map((name) => { const e = document.querySelector(name);" \
            " return Math.round(e.scrollHeight / parseFloat(getComputedStyle(e).lineHeight)); })"  # fmt: skip
    mixed = Script(worst="yellow", feeds={"case": {"state": "lost", "arrived": 1}, "crowd": {"state": "late"}})
    for script in (*DAYS.values(), mixed, replace(mixed, cell={"q": "provisional"})):
        page = opened(signed_in, centre, script, f"/wall?lang={lang}", (3840, 2160))
        headline, watched = page.evaluate(lines)
        assert headline == 1
        assert watched <= 2
        page.close()


def test_a_pinned_incident_stands_first_is_framed_and_has_two_rings_on_the_map(
    signed_in: BrowserContext, centre: Centre
) -> None:
    page = opened(signed_in, centre, DAYS["rain"], "/wall?incident=SJ1")
    first = page.locator("#attention .matter").first
    expect(first).to_have_class(re.compile("pinned"))
    expect(first.locator(".matter-name")).to_contain_text("【已钉】")
    assert page.locator("#attention .matter.pinned").count() == 1
    marks = page.evaluate("ioc.layers.canvas().scene.marks.filter((mark) => mark.pinned).map((mark) => mark.label)")
    assert [label[:1] for label in marks] == ["1"]
    page.close()


def test_a_pinned_incident_that_is_over_is_said_to_be_gone_as_text(signed_in: BrowserContext, centre: Centre) -> None:
    page = opened(signed_in, centre, DAYS["rain"], "/wall?incident=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    expect(page.locator("#attention-note")).to_contain_text("钉住的事件 <img src=x onerror=alert(1)> 已不在列")
    assert page.locator("#attention-note img").count() == 0
    page.close()
