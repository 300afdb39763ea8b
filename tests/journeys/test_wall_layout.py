"""The wall in a real Chromium: nothing is cut off, nothing comes from another host, every number is traceable.

Every wall is laid out in every size, language and weather; its pictures are kept in the folder that WALL_SHOTS names,
`.make/shots` unless it does.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.centre import ROOT, Centre
from tests.journeys import scripted
from tests.journeys.scripted import WALLS as SCENES
from tests.journeys.scripted import Script

pytestmark = pytest.mark.journey

SIZES = [(3840, 2160), (1920, 1080), (1180, 820), (7680, 2160)]
EVERY_SIZE = [(7680, 2160), (3840, 2160), (1920, 1080), (1180, 820), (1024, 768)]
EVERY_WALL = ["/wall?", "/wall?beside=emergency&", *(f"/wall/{scene}?" for scene in SCENES)]
DENIED = """() => (document.querySelector("#response:not([hidden])") && document.querySelector("#course-bands.none")
  ? ["the timeline knows nothing of the response in force"] : [])"""
WEATHER: dict[str, tuple[str | None, int]] = {"calm": (None, 0), "rain": ("red", 3)}  # the worst level, the response
KEPT = {(7680, 2160), (3840, 2160), (1920, 1080)}  # sizes of which a picture is kept, in Chinese
SHOTS = Path(os.environ.get("WALL_SHOTS", ROOT / ".make" / "shots"))
WALLS = ["/wall/traffic", "/wall/operations", "/wall/traffic?lang=en"]
PAGES = [*WALLS, "/", "/?lang=en"]
FIRST_LOAD_BYTES = 1_300_000

CHECKS = Path(__file__).with_name("wall_checks.js")


@pytest.fixture(scope="module")
def signed_in(centre: Centre, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(centre.links()["leader"])
    page.close()
    yield context
    context.close()


def open_wall(context: BrowserContext, centre: Centre, path: str, size: tuple[int, int] = (1920, 1080)) -> Page:
    """A wall that has its numbers and its charts."""
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(path=CHECKS)
    page.goto(centre.url + path)
    expect(page.locator("html[data-path='ok']")).to_have_count(1, timeout=20_000)
    page.wait_for_function("() => ioc.state.feeds.length > 0 && ioc.state.cells.size > 0")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile .number')].every((n) => /[0-9]/.test(n.textContent))"
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.plot')].every("
        "(plot) => !plot.clientWidth || plot.querySelector('.main-svg'))"
    )
    return page


@pytest.fixture(scope="module")
def stage(signed_in: BrowserContext) -> Iterator[tuple[Script, Page]]:
    """One page for all walls, and what it is told."""
    script = Script()
    page = scripted.scripted(signed_in, script)
    SHOTS.mkdir(parents=True, exist_ok=True)
    yield script, page
    page.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", EVERY_WALL)
def test_nothing_is_cut_off_and_nothing_lies_on_another_in_any_size_and_weather(
    stage: tuple[Script, Page], centre: Centre, path: str, lang: str
) -> None:
    script, page = stage
    found: dict[str, Any] = {}
    for weather, (script.worst, script.response) in WEATHER.items():
        if weather == "calm":
            scripted.opened(page, centre, f"{path}lang={lang}", EVERY_SIZE[0])
        else:
            script.say()
            scripted.told(page)
        for size in EVERY_SIZE:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            scripted.settled(page)
            wrong = page.evaluate("checks.layout()") + page.evaluate(DENIED)
            if size == (3840, 2160):
                wrong += page.evaluate("checks.small(22)")
            if wrong:
                found[f"{weather} {size[0]}x{size[1]}"] = wrong[:8]
            if wrong or (lang == "zh" and size in KEPT):
                name = path.strip("/?&").replace("/", "-").replace("?beside=", "-beside-")
                page.screenshot(path=SHOTS / f"{name}-{lang}-{weather}-{size[0]}x{size[1]}.png")
    assert found == {}


@pytest.mark.parametrize("kind", ["exercise", "playback"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_longest_line_of_an_exercise_stands_whole_in_the_head(
    signed_in: BrowserContext, centre: Centre, lang: str, kind: str
) -> None:
    line = "Rain of 7 September 2023 · 22:40 380.8 mm over Luohu in 13 hours; schools closed, people asked to stay in"
    script = Script(kind=kind, origin="simulated", label=("2023 年 9 月 7 日特大暴雨 · 22:40 " + "暴雨持续" * 8, line))
    page = scripted.scripted(signed_in, script)
    found: dict[str, Any] = {}
    for path in ("/wall?", "/wall/emergency?"):
        scripted.opened(page, centre, f"{path}lang={lang}", EVERY_SIZE[0])
        for size in EVERY_SIZE:
            page.set_viewport_size({"width": size[0], "height": size[1]})
            scripted.settled(page)
            wrong = page.evaluate("checks.layout()")
            if wrong:
                found[f"{path} {size[0]}x{size[1]}"] = wrong[:8]
    assert found == {}
    page.close()


DRESSES: dict[str, tuple[dict[str, Any], str, str]] = {  # change, and what the wall then says in Chinese and English
    "orange": ({"cell": {"lv": "orange", "q": "provisional", "o": "simulated"}}, "橙", "orange"),
    "yellow": ({"cell": {"lv": "yellow", "q": "provisional", "o": "recorded"}}, "黄", "yellow"),
    "late": ({"cell": {"q": "stale", "o": "simulated"}, "feed": {"state": "late"}}, "迟到", "late"),
    "lost": ({"cell": {"o": "simulated"}, "feed": {"state": "lost"}}, "数据中断", "feed lost"),
    "no data": ({"cell": {"x": None, "q": "no_data", "last": None, "o": "simulated"}}, "无数据", "no data"),
    "few": ({"cell": {"lv": "orange", "q": "provisional", "o": "simulated"}, "roads": 1}, "样本不足", "few samples"),
}


def resize(page: Page, size: tuple[int, int]) -> None:
    """Another window, as whoever moves the page to another screen has it; the charts have followed."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_function(
        "() => [...document.querySelectorAll('.plot')].every((plot) => {"
        " if (!plot.clientWidth || !plot.clientHeight) return true;"
        " const drawn = plot.querySelector('.main-svg').getBoundingClientRect();"
        " return Math.abs(drawn.width - plot.clientWidth) < 2 && Math.abs(drawn.height - plot.clientHeight) < 2; })"
    )


@pytest.mark.parametrize("path", ["/wall/traffic", "/wall/traffic?lang=en", "/wall/operations?lang=en", "/"])
def test_nothing_is_cut_off_in_any_state_of_the_values_on_any_screen(
    signed_in: BrowserContext, centre: Centre, path: str
) -> None:
    page = open_wall(signed_in, centre, path, SIZES[0])
    found: dict[str, Any] = {}
    for size in [*SIZES, (1920, 1080)]:  # from the largest back to full HD: nothing of a size stays behind
        resize(page, size)
        for name, (change, *says) in DRESSES.items():
            if name == "few" and "operations" in path:
                continue
            seen = page.evaluate("(change) => checks.dressed(change)", change)
            assert says["lang=en" in path] in seen["said"], name
            if seen["found"]:
                found[f"{name} {size}"] = seen["found"]
    assert found == {}
    page.close()


@pytest.mark.parametrize("path", ["/wall/traffic", "/wall/operations", "/"])
def test_every_number_can_be_traced(signed_in: BrowserContext, centre: Centre, path: str) -> None:
    page = open_wall(signed_in, centre, path)
    assert page.evaluate("checks.untraced()") == []
    assert page.evaluate("checks.unpublished()") == []
    counts = page.locator("[data-count]")
    assert counts.evaluate_all("all => all.every((one) => one.dataset.derived === 'count' && !one.dataset.dims)")
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_text_on_4k_is_smaller_than_22_pixels(signed_in: BrowserContext, centre: Centre, path: str) -> None:
    page = open_wall(signed_in, centre, path, (3840, 2160))
    assert page.evaluate("checks.small(22)") == []
    page.close()


@pytest.mark.parametrize("path", ["/", "/wall/traffic", "/wall/operations"])
def test_nothing_is_asked_of_another_host_and_no_policy_is_broken(
    signed_in: BrowserContext, centre: Centre, path: str
) -> None:
    page = signed_in.new_page()
    page.add_init_script(path=CHECKS)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(centre.url + path)
    expect(page.locator("html[data-path='ok']")).to_have_count(1, timeout=20_000)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((f"{centre.url}/", "data:", "blob:"))] == []
    assert page.evaluate("violations") == []
    assert wrong == []
    page.close()


@pytest.mark.parametrize(
    ("path", "topics"),
    [
        ("/wall/traffic", {"live/traffic"}),
        ("/wall", {"live/overview"}),
        ("/wall?beside=traffic", {"live/overview", "live/traffic"}),
    ],
)
def test_the_first_load_of_a_wall_is_light_and_it_asks_for_what_it_shows(
    signed_in: BrowserContext, centre: Centre, path: str, topics: set[str]
) -> None:
    page = signed_in.new_page()
    network = signed_in.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    asked: set[str] = set()

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda text: asked.update(json.loads(text).get("topics", ())))
        socket.on("framereceived", lambda text: sizes.append(len(text.encode() if isinstance(text, str) else text)))

    page.on("websocket", listen)
    page.goto(f"{centre.url}{path}")
    page.wait_for_function("() => document.querySelectorAll('.plot .main-svg').length >= 3")
    page.wait_for_function("() => ioc.state.settings.every((each) => ioc.come(each))")
    page.wait_for_load_state("networkidle")
    assert {topic for topic in asked if topic.count("/") == 1} == topics  # beside the layers of its map
    assert 100_000 < sum(sizes) <= FIRST_LOAD_BYTES
    page.close()


def test_the_picture_of_4k_and_full_hd_is_one_picture(signed_in: BrowserContext, centre: Centre) -> None:
    page = open_wall(signed_in, centre, "/wall/traffic", (3840, 2160))
    large = page.evaluate("checks.shares()")
    resize(page, (1920, 1080))
    small = page.evaluate("checks.shares()")
    assert large.keys() == small.keys()
    for panel in large:
        assert large[panel] == pytest.approx(small[panel], abs=1), panel
    page.close()


def test_a_road_of_no_registry_is_no_row_and_counts_as_unregistered(signed_in: BrowserContext, centre: Centre) -> None:
    page = open_wall(signed_in, centre, "/wall/traffic")
    roads = page.locator("#roads .road").count()
    unregistered = page.locator("#feed-live-traffic [data-of=unregistered]")
    rejected = page.locator("#feed-live-traffic [data-of=rejected]").inner_text()
    expect(unregistered).to_have_text("0")
    producer = redis.Redis(unix_socket_path=str(centre.home / "valkey.sock"))
    now = page.evaluate("String(Math.round(ioc.worldNow()))")
    producer.xadd("ioc:live:{traffic:0}:in", {"t": now, "k": "no-such-road", "speed": "33.0", "vehicles": "2"})
    expect(unregistered).to_have_text("1", timeout=10_000)
    page.wait_for_function(
        "() => [...ioc.state.cells.values()].some((cell) => cell.d && cell.d.road === 'no-such-road')"
    )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator("#roads .road").count() == roads
    assert page.locator("#road-count").inner_text() == str(roads)
    counts = page.locator("#facts .number").all_inner_texts()
    assert sum(int(count) for count in counts) <= roads
    assert page.locator("#feed-live-traffic [data-of=rejected]").inner_text() == rejected
    page.close()


def test_markup_from_a_producer_is_text_on_the_wall(signed_in: BrowserContext, centre: Centre) -> None:
    page = open_wall(signed_in, centre, "/wall/operations")
    producer = redis.Redis(unix_socket_path=str(centre.home / "valkey.sock"))
    name = "<script>document.title</script>"
    now = page.evaluate("String(Math.round(ioc.worldNow()))")
    producer.xadd("ioc:live:{cloud:0}:in", {"t": now, "k": "process:x", "process": name, "rss_mb": "90000.0"})
    row = page.locator(".row-name", has_text="<script>")
    expect(row).to_have_text(name, timeout=10_000)
    assert page.locator(".rows script").count() == 0
    page.close()


def test_a_wall_whose_gateway_says_nothing_strikes_its_numbers_and_comes_back_by_itself(
    signed_in: BrowserContext, centre: Centre
) -> None:
    page = open_wall(signed_in, centre, "/wall/traffic")
    page.evaluate("window.sameDocument = true")
    gateway = centre.pid("gateway")
    os.kill(gateway, signal.SIGSTOP)
    try:
        expect(page.locator("html[data-path='lost']")).to_have_count(1, timeout=5_000)
        expect(page.locator("#overlay")).to_be_visible()
        expect(page.locator("#tile-T2 s")).to_have_count(1)
        expect(page.locator("#tile-T2 .number")).to_have_attribute("data-quality", "stale")
        expect(page.locator("#tile-T2 .chip")).to_be_hidden()
        expect(page.locator("#reconnecting")).to_be_visible()
        expect(page.locator("#mode")).to_have_text("演练")
    finally:
        os.kill(gateway, signal.SIGCONT)
    expect(page.locator("html[data-path='ok']")).to_have_count(1, timeout=10_000)
    expect(page.locator("#overlay")).to_be_hidden()
    assert page.evaluate("window.sameDocument") is True
    page.close()
