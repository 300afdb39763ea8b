"""A wall shows the past and comes back: at a moment, as known then and now, moved, followed, and unmistakable."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.packs.bundle import build
from metrics import keys
from metrics.definition import load
from metrics.value_form import unpack_values
from tests.centre import Centre
from tests.metrics.past_archive import HOUR, MINUTE, Archive, value
from tests.metrics.past_map import MapArchive

pytestmark = pytest.mark.journey
CHECKS = Path(__file__).with_name("wall_checks.js")
SLOW = 40_000  # ms: a condition is waited for, however busy the machine is
SIZES = [(3840, 2160), (1920, 1080), (1180, 820)]
NOW = int(time.time() * 1000)
EARLY = NOW // HOUR * HOUR - 5 * HOUR  # a full hour of the past; in the first hours of a day it is of the day before
BEGIN = EARLY - max(0, (EARLY // HOUR + 8) % 24 - 20) * HOUR  # three hours of one day in Shanghai: a bar shows a day
MOMENT = BEGIN + 22 * MINUTE


@pytest.fixture(scope="module")
def centre() -> Iterator[Centre]:
    """A centre whose archive has three hours of one indicator: 0, 5, 10 ... by its minutes; at 20 min it was 1 when it
    was said, and 30 min later it was corrected to 77."""
    with tempfile.TemporaryDirectory(prefix="ioc-") as home, Centre(Path(home) / "var") as centre:
        archive = Archive(Path(home) / "var" / "archive")
        for minute in range(0, 181, 5):
            end = BEGIN + minute * MINUTE
            archive.say(
                end + 20_000, value(end, 1.0 if minute == 20 else minute / 10), part=False, behind_ms=-5 * MINUTE
            )
            if minute == 50:
                archive.say(
                    end + 21_000, value(BEGIN + 20 * MINUTE, 7.7, revision=1), part=False, behind_ms=-5 * MINUTE
                )
        archive.say(BEGIN + 181 * MINUTE, value(BEGIN + 180 * MINUTE, 18.0))
        patrol(Path(home) / "var" / "archive")
        archive.alarm(BEGIN + 62 * MINUTE, BEGIN + 60 * MINUTE, "", 0, "orange")
        archive.alarm(NOW, NOW, "", 0, "yellow")  # of this day, also where its past is of the day before
        centre.start()
        yield centre


def patrol(root: Path) -> None:
    """Unit XF1 goes east, a hundredth of a degree every ten minutes; an incident stands for an hour from 0:40 on."""
    archive = MapArchive(root, load(build()).sources)
    archive.put(
        "unit",
        BEGIN,
        BEGIN,
        "XF1",
        kind="fire",
        on_post="true",
        ready="true",
        point="114.10 22.55",
        community="440303002",
    )
    for step in range(1, 18):
        at = BEGIN + 10 * step * MINUTE
        archive.put("track", at + 2_000, at, "XF1", point=f"{114.10 + step / 100:.2f} 22.55")
    what = {"class": "accident", "level": "4", "point": "114.12 22.55", "community": "440303003"}
    first, last = BEGIN + 40 * MINUTE, BEGIN + 100 * MINUTE
    archive.put("incident", first + 2_000, first, "SJ7", received_at=str(first), **what)
    archive.put("incident", last + 2_000, last, "SJ7", received_at=str(first), closed_at=str(last), **what)
    archive.write()


@pytest.fixture(scope="module")
def leader(centre: Centre, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(centre.links()["leader"])
    page.close()
    yield context
    context.close()


def past(context: BrowserContext, centre: Centre, query: str) -> Page:
    page = context.new_page()
    page.add_init_script(path=CHECKS)
    page.goto(f"{centre.url}/wall/traffic?{query}")
    expect(page.locator("#mode")).to_contain_text("回放", timeout=SLOW)
    return page


def number(page: Page) -> Any:
    return page.locator("[data-tile=T1] .number").first


def test_an_untouched_wall_has_no_bar_and_the_key_t_calls_it(leader: BrowserContext, centre: Centre) -> None:
    page = leader.new_page()
    page.goto(f"{centre.url}/wall/traffic")
    expect(page.locator("html[data-path='ok']")).to_have_count(1, timeout=SLOW)
    expect(page.locator("#time-bar")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.locator("#time-bar")).to_be_visible()
    expect(page.locator("#mode")).not_to_contain_text("回放")
    expect(page.locator("#bar-marks i")).not_to_have_count(0, timeout=SLOW)
    page.keyboard.press("t")
    expect(page.locator("#time-bar")).to_be_hidden()
    page.close()


def test_a_moment_is_shown_as_known_then_and_as_known_now_and_it_is_unmistakable(
    leader: BrowserContext, centre: Centre
) -> None:
    page = past(leader, centre, f"at={MOMENT}&speed=0&known=then")
    expect(page.locator("#mode")).to_have_text("回放 已暂停")
    expect(page.locator("#mode-note")).to_contain_text("当时所知")
    expect(number(page)).to_have_text("1.0", timeout=SLOW)
    clock = time.strftime("%H:%M:%S", time.gmtime(MOMENT / 1000 + 8 * 3600))
    expect(page.locator("#wall-clock")).to_have_text(clock, timeout=SLOW)
    expect(page.locator("#real-clock")).to_have_text(re.compile(r"实际 \d\d:\d\d:\d\d"))
    expect(page.locator("#wall")).to_have_class(re.compile("mode-playback"))
    expect(page.locator("[data-tile=T1] .tags")).to_contain_text("回放")
    page.click("[data-do=known-now]")
    expect(number(page)).to_have_text("7.7", timeout=SLOW)
    expect(page.locator("#mode-note")).to_contain_text("现在所知", timeout=SLOW)
    expect(page).to_have_url(re.compile("known=now"))
    page.close()


def test_it_is_moved_by_hand_plays_on_and_leads_back_to_a_live_that_went_on(
    leader: BrowserContext, centre: Centre
) -> None:
    client = centre.redis()
    before: Any = client.xinfo_stream(keys.engine("live", "values"))
    page = past(leader, centre, f"at={BEGIN + 12 * MINUTE}&speed=0&known=then")
    expect(number(page)).to_have_text("1.0", timeout=SLOW)
    day = page.evaluate("() => Number(document.querySelector('#bar-track').getAttribute('aria-valuenow'))")
    box = page.locator("#bar-track").bounding_box()
    assert box is not None
    wanted = day + 90 * 60 + 120  # an hour and a half and two minutes later
    page.mouse.click(box["x"] + box["width"] * wanted / 86_400, box["y"] + 10)
    expect(number(page)).to_have_text(re.compile(r"^(9\.5|10\.0|10\.5)$"), timeout=SLOW)
    page.keyboard.press("Shift+ArrowLeft")
    expect(number(page)).to_have_text(re.compile(r"^(3\.5|4\.0|4\.5)$"), timeout=SLOW)
    page.click("[data-do=speed-600]")
    expect(page.locator("#mode")).to_have_text("回放 ×600", timeout=SLOW)
    page.wait_for_function("() => ioc.cell('T1', '440303') && ioc.cell('T1', '440303').x > 8", timeout=SLOW)
    page.keyboard.press("Home")
    expect(page.locator("#mode")).not_to_contain_text("回放", timeout=SLOW)
    expect(page.locator("#time-bar")).to_be_hidden()
    assert "at=" not in page.url
    latest: Any = client.hget(keys.engine("live", "latest"), "T1|440303|")
    after: Any = client.xinfo_stream(keys.engine("live", "values"))
    assert after["entries-added"] > before["entries-added"]  # it went on meanwhile
    assert unpack_values(latest)[0].window_end > BEGIN + 4 * HOUR
    page.close()


def test_dragging_the_bar_finds_units_elsewhere_and_incidents_that_stood_then(
    leader: BrowserContext, centre: Centre
) -> None:
    page = leader.new_page()
    page.goto(f"{centre.url}/wall/emergency?at={BEGIN + 25 * MINUTE}&speed=0&known=then")
    expect(page.locator("#mode")).to_have_text("回放 已暂停", timeout=SLOW)

    def stands(longitude: float, further: float = 0.0) -> None:
        page.wait_for_function(
            """([lon, further]) => {
              const { points } = ioc.layers.all().get("units"), at = points.index.get("XF1");
              const beyond = at === undefined ? NaN : points.x[at] * 360 - 180 - lon;
              return beyond > -1e-5 && beyond < further + 1e-5; }""",
            arg=[longitude, further], timeout=SLOW,
        )  # fmt: skip

    stands(114.12)
    drawn = """() => ioc.layers.canvas() && [...document.querySelectorAll(".leaflet-container canvas")].some((each) => {
      const { data } = each.getContext("2d").getImageData(0, 0, each.width, each.height);
      return data.some((cell, at) => at % 4 === 3 && cell);
    })"""
    page.wait_for_function(drawn, timeout=SLOW)
    assert page.evaluate("() => ioc.layers.all().get('incidents').points.index.has('SJ7')") is False
    expect(page.locator("[data-do=play]")).to_be_enabled(timeout=SLOW)
    track, hand = page.locator("#bar-track").bounding_box(), page.locator("#bar-hand").bounding_box()
    assert track is not None
    assert hand is not None
    x, y = hand["x"] + hand["width"] / 2, track["y"] + track["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + track["width"] * 30 / 1440, y, steps=4)
    page.mouse.move(x + track["width"] * 60 / 1440, y, steps=4)
    page.mouse.up()
    stands(114.18)  # 1:25, give or take a pixel
    page.wait_for_function("() => ioc.layers.all().get('incidents').points.index.has('SJ7')", timeout=SLOW)
    expect(page.locator("#bar-track")).to_have_attribute("aria-valuetext", re.compile("已暂停 · 当时所知"))
    for key in ("Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowLeft"):  # each from where the one before leads
        page.keyboard.press(key)
    stands(114.12)
    page.wait_for_function("() => !ioc.layers.all().get('incidents').points.index.has('SJ7')", timeout=SLOW)
    page.keyboard.press(" ")
    expect(page.locator("#mode")).to_have_text("回放 ×1", timeout=SLOW)
    page.click("[data-do=speed-600]")
    stands(114.14, 0.2)  # it moves along
    page.close()


def test_a_wall_follows_a_playback_and_may_not_move_it(
    leader: BrowserContext, centre: Centre, browser: Browser
) -> None:
    first = past(leader, centre, f"at={MOMENT + 1000}&speed=0&known=then")
    world = first.evaluate("() => ioc.state.world.id")
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(centre.links()["wall"])
    page.goto(f"{centre.url}/wall/traffic?world={world}")
    expect(page.locator("#mode")).to_have_text("回放 已暂停", timeout=SLOW)
    expect(number(page)).to_have_text("1.0", timeout=SLOW)
    expect(page.locator("[data-do=play]")).to_be_disabled()
    first.click("[data-do=known-now]")
    expect(number(page)).to_have_text("7.7", timeout=SLOW)
    page.goto(f"{centre.url}/wall/traffic?at={MOMENT + 999_999}")  # one of its own is refused: it shows what is now
    expect(page.locator(".bar-notice")).to_contain_text("不可开始", timeout=SLOW)
    expect(page.locator("#mode")).not_to_contain_text("回放", timeout=SLOW)
    context.close()
    first.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_with_the_bar_nothing_is_cut_off_or_lies_on_another(
    leader: BrowserContext, centre: Centre, size: tuple[int, int]
) -> None:
    page = past(leader, centre, f"at={MOMENT + 2000}&speed=0&known=then")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    expect(number(page)).to_have_text("1.0", timeout=SLOW)
    page.wait_for_timeout(500)  # charts follow a change of size by a timer of their own
    for check in ("clipped", "outside"):
        assert page.evaluate(f"checks.{check}()") == [], check
    buttons = page.evaluate(
        "() => [...document.querySelectorAll('.bar-button')].map((b) => b.getBoundingClientRect().height)"
    )
    assert min(buttons) >= 44
    bar = page.locator("#time-bar").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= size[1] + 1
    page.close()
