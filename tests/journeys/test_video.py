"""Video on the map in a real browser: streams play, pictures have an age, what is lost says so, who watches is told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page

from tests.centre import Centre
from tests.conftest import wait_until
from tests.journeys.media_server import MediaServer, serving
from tests.journeys.test_accessible import AXE, RUN

pytestmark = pytest.mark.journey
HOSTILE = '<img src=x onerror="window.hacked=1"><b>演练</b>'
CHECKS = (Path(__file__).parent / "map_checks.js").read_text(encoding="utf-8")
# The picture as the screen shows it, small: what is drawn, not what was received.
SHOWN = """(id) => {
  const media = document.querySelector(`[data-camera="${id}"] .video-media`);
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
  const pen = canvas.getContext("2d");
  pen.drawImage(media, 0, 0, 64, 36);
  return [...pen.getImageData(0, 0, 64, 36).data].join();
}"""

BOXES = """[...document.querySelectorAll(".video-tile")].map((each) => {
  const box = each.getBoundingClientRect();
  return [box.x, box.y, box.right, box.bottom];
})"""

# What of the map's own words the tiles lie on, in whole or in part, while it is shown.
COVERED = """[...document.querySelectorAll(".map-title, .map-legend, .legend")].filter((each) => {
  const a = document.querySelector(".video-dock").getBoundingClientRect(), b = each.getBoundingClientRect();
  const on = a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return b.width && on && getComputedStyle(each).visibility !== "hidden";
}).map((each) => each.className)"""

# Words of the tiles that their places cut off.
CUT = """[...document.querySelectorAll(".video-head *, .video-foot *, .video-bar *")]
  .filter((each) => each.clientWidth && each.scrollWidth > each.clientWidth + 1).map((each) => each.textContent)"""


@pytest.fixture(scope="module")
def media() -> Iterator[MediaServer]:
    with tempfile.TemporaryDirectory(prefix="ioc-") as home, serving(Path(home) / "clip") as server:
        yield server


@pytest.fixture(scope="module")
def centre(media: MediaServer) -> Iterator[Centre]:
    """A centre with a media server that gives HLS, and pictures for who wants no motion."""
    with (
        tempfile.TemporaryDirectory(prefix="ioc-") as home,
        Centre(
            Path(home) / "var", IOC_SOURCES="cloud", IOC_VIDEO_URL=f"{media.url}/hls/{{stream}}/index.m3u8",
            IOC_VIDEO_PICTURES_URL=f"{media.url}/pictures/{{stream}}", IOC_VIDEO_EVERY_S="1",
        ) as centre,
    ):  # fmt: skip
        centre.start()
        (centre.home / "video").mkdir()
        (centre.home / "video/clip").symlink_to(media.folder)
        for at in range(1, 11):
            tell(centre, f"CAM{at:02d}", zh=f"深南东路{at}号", point=f"{114.10 + 0.01 * at:.2f} 22.56")
        tell(centre, "CAM99", zh=HOSTILE, point="114.13 22.58")
        where = "ioc:live:{engine}:where:safety/cameras"
        wait_until(lambda: centre.redis().hexists(where, "CAM99"), "the engine tells where they stand", 30)
        yield centre


def tell(centre: Centre, camera: str, **fields: str) -> None:
    row: Any = {
        "t": str(int(time.time() * 1000)), "k": camera, "kind": "road", "active": "true", "community": "440303003",
        "stream": camera.lower(), **fields,
    }  # fmt: skip
    client: redis.Redis = centre.redis()
    client.xadd("ioc:live:{camera:0}:in", row)


@pytest.fixture(autouse=True)
def _as_it_was(centre: Centre, media: MediaServer) -> None:
    """Real cameras, all of whose streams come."""
    centre.redis().hset("ioc:live:origins", "camera", "real")
    media.gone.clear()
    media.frozen.clear()


def entered(browser: Browser, centre: Centre, role: str, **options: Any) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 820}, **options)
    context.add_cookies([{"name": "ioc_session", "value": cookie(browser, centre, role), "url": centre.url}])
    return context


COOKIES: dict[tuple[str, str], str] = {}


def cookie(browser: Browser, centre: Centre, role: str) -> str:
    """The session of a role; a link of a role works once."""
    if (centre.url, role) not in COOKIES:
        context = browser.new_context()
        context.new_page().goto(centre.links()[role])
        found = {each["name"]: each["value"] for each in context.cookies()}
        COOKIES[centre.url, role] = found["ioc_session"]
        context.close()
    return COOKIES[centre.url, role]


def opened(context: BrowserContext, address: str, errors: list[str]) -> Page:
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(address)
    return page


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """What pages of a test complained of; they may not."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def leader(browser: Browser, centre: Centre) -> Iterator[BrowserContext]:
    context = entered(browser, centre, "leader")
    yield context
    context.close()


def check(page: Page, name: str, *given: Any) -> Any:
    """Ask the map of a page."""
    page.evaluate(CHECKS)
    return page.evaluate("([name, given]) => window.mapChecks[name](...given)", [name, list(given)])


def tile(page: Page, camera: str, part: str = "") -> Any:
    return page.locator(f'[data-camera="{camera}"] {part}'.strip())


def state(page: Page, camera: str, wanted: str, timeout_s: float = 25) -> None:
    wait_until(lambda: tile(page, camera).get_attribute("data-state") == wanted, f"{camera} is {wanted}", timeout_s)


def minutes_ago(*minutes: int) -> set[str]:
    """Clock times of Shanghai, so many minutes ago."""
    return {time.strftime("%H:%M", time.gmtime(time.time() + 8 * 3600 - 60 * each)) for each in minutes}


def names(page: Page) -> list[str]:
    found: list[str] = page.evaluate("[...document.querySelectorAll('.video-tile')].map((each) => each.dataset.camera)")
    return found


def test_the_stream_of_a_media_server_plays_and_its_pictures_change(
    leader: BrowserContext, centre: Centre, media: MediaServer, errors: list[str]
) -> None:
    page = opened(leader, f"{centre.url}/map?video=CAM01", errors)
    state(page, "CAM01", "playing")
    moment = "document.querySelector('[data-camera=CAM01] video').currentTime"
    first = page.evaluate(moment)
    wait_until(lambda: page.evaluate(moment) > first + 2, "the video moves")
    assert tile(page, "CAM01", ".video-facts").inner_text() == "HLS 直播"
    assert tile(page, "CAM01", ".video-id").inner_text() == "CAM01"
    assert not tile(page, "CAM01", ".video-origin").is_visible()  # a real one
    assert media.asked["/hls/cam01/index.m3u8"] >= 2


def test_a_simulated_camera_shows_the_clip_of_this_server_and_says_so(
    leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    centre.redis().hset("ioc:live:origins", "camera", "simulated")
    page = opened(leader, f"{centre.url}/map?video=CAM02", errors)
    state(page, "CAM02", "playing")
    assert tile(page, "CAM02", ".video-origin").inner_text() == "演练"
    assert page.evaluate("document.querySelector('[data-camera=CAM02] video').src").startswith(centre.url)
    before = page.evaluate(SHOWN, "CAM02")
    wait_until(lambda: page.evaluate(SHOWN, "CAM02") != before, "the picture that is drawn changes")


def test_a_stream_that_is_lost_says_since_when_and_comes_back_by_itself(
    leader: BrowserContext, centre: Centre, media: MediaServer, errors: list[str]
) -> None:
    page = opened(leader, f"{centre.url}/map?video=CAM03", errors)
    state(page, "CAM03", "playing")
    media.gone.add("cam03")
    state(page, "CAM03", "lost", 40)
    said = tile(page, "CAM03", ".video-said").inner_text()
    assert said.startswith("信号中断 · 自 ")
    assert said.removeprefix("信号中断 · 自 ")[:5] in minutes_ago(0, 1)
    still = "document.querySelectorAll('[data-camera=CAM03] canvas').length"
    wait_until(lambda: page.evaluate(still) == 1, "its last picture stays while it is asked for again")
    media.gone.clear()
    state(page, "CAM03", "playing", 40)
    assert tile(page, "CAM03", ".video-said").is_hidden()


def test_pictures_have_an_age_stand_still_are_lost_and_come_back(
    browser: Browser, centre: Centre, media: MediaServer, errors: list[str]
) -> None:
    context = entered(browser, centre, "leader", reduced_motion="reduce")
    page = opened(context, f"{centre.url}/map?video=CAM04", errors)
    state(page, "CAM04", "playing")
    assert page.locator(".video-tile video").count() == 0
    assert tile(page, "CAM04", ".video-facts").inner_text().startswith("图片 ")
    media.freeze("cam04")
    state(page, "CAM04", "stale")
    assert tile(page, "CAM04", ".video-said").inner_text().startswith("画面停在 ")
    media.gone.add("cam04")
    state(page, "CAM04", "lost")
    assert tile(page, "CAM04", ".video-said").inner_text().startswith("信号中断 · 自 ")
    media.gone.clear()
    media.frozen.clear()
    state(page, "CAM04", "playing")
    context.close()


def test_a_camera_of_the_map_opens_by_click_and_by_enter_and_closes_by_keys(
    leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    page = opened(leader, f"{centre.url}/map?layers=cameras", errors)
    wait_until(lambda: check(page, "drawn", "cameras") == 11, "the cameras are drawn", 30)
    page.mouse.click(*check(page, "place", "CAM99"))
    wait_until(lambda: names(page) == ["CAM99"], "a click opens")
    assert page.url.endswith("video=CAM99")
    wait_until(lambda: tile(page, "CAM99", ".video-name").inner_text() == HOSTILE, "its name is text")
    assert page.evaluate("document.querySelectorAll('.video-dock img, .video-dock b b').length") == 0
    assert page.evaluate("window.hacked") is None
    page.keyboard.press("Escape")
    page.focus("#map")
    page.keyboard.press("ArrowLeft")  # CAM99
    page.keyboard.press("ArrowDown")  # one of the row south of it
    page.keyboard.press("Enter")
    wait_until(lambda: len(names(page)) == 2, "Enter opens")
    tile(page, "CAM99").focus()
    page.keyboard.press("Delete")
    assert len(names(page)) == 1
    assert page.evaluate("document.activeElement.dataset.camera") == names(page)[0]
    page.keyboard.press("Escape")
    assert names(page) == []
    assert "video=" not in page.url
    assert page.evaluate("document.activeElement.id") == "map"


def in_a_grid(page: Page, columns: int, rows: int) -> None:
    """Tiles lie in so many columns and rows inside the panel of the map, and on none of its words that are shown."""
    boxes = page.evaluate(BOXES)
    assert (len({round(box[0]) for box in boxes}), len({round(box[1]) for box in boxes})) == (columns, rows)
    panel = page.locator(".map-panel").bounding_box()
    assert panel is not None
    assert max(box[2] for box in boxes) <= panel["x"] + panel["width"]
    assert max(box[3] for box in boxes) <= panel["y"] + panel["height"]
    assert page.evaluate(COVERED) == []
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize(("wide", "high"), [(1920, 1080), (1180, 820)])
def test_a_wall_has_room_for_nine(
    leader: BrowserContext, centre: Centre, errors: list[str], wide: int, high: int
) -> None:
    page = leader.new_page()
    page.set_viewport_size({"width": wide, "height": high})
    page.goto(f"{centre.url}/wall/traffic?video={','.join(f'CAM{at:02d}' for at in range(1, 10))}")
    wait_until(lambda: len(names(page)) == 9, "nine tiles", 30)
    wait_until(lambda: page.evaluate("Boolean(ioc.layers.canvas())"), "the map is there", 30)
    page.wait_for_timeout(1000)  # the legend is looked at each half second
    in_a_grid(page, 3, 3)
    page.close()


def test_nine_tiles_lie_in_a_grid_and_the_tenth_is_told_why_not(
    leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    nine = [f"CAM{at:02d}" for at in range(1, 10)]
    page = opened(leader, f"{centre.url}/map?video={','.join(nine)}&lang=en", errors)
    for name in nine:
        state(page, name, "playing", 40)
    in_a_grid(page, 3, 3)
    page.evaluate("ioc.video.open('CAM10')")
    assert names(page) == nine
    assert page.locator(".video-note").inner_text() == "9 at most: close one first"
    page.click('[data-camera="CAM05"] .video-close')
    page.evaluate("ioc.video.open('CAM10')")
    assert names(page) == [*(name for name in nine if name != "CAM05"), "CAM10"]


def test_everybody_who_watches_is_told_and_who_leaves_is_gone(
    browser: Browser, leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    page = opened(leader, f"{centre.url}/map?video=CAM06", errors)
    watchers = tile(page, "CAM06", ".video-watchers")
    wait_until(lambda: watchers.inner_text() == "仅此处在看", "one watches")
    context = entered(browser, centre, "duty")
    other = opened(context, f"{centre.url}/map?video=CAM06", errors)
    wait_until(lambda: watchers.inner_text() == "2 人在看", "two watch")
    watchers.click()
    lines = page.locator("[data-camera=CAM06] .video-who li").all_inner_texts()
    assert [line.partition(" 自 ")[0] for line in lines] == ["领导", "值班员"]
    other.close()
    wait_until(lambda: watchers.inner_text() == "仅此处在看", "one has left")
    context.close()


def test_who_may_not_watch_gets_no_tile_and_what_is_not_there_is_said(
    browser: Browser, leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    context = entered(browser, centre, "analyst")
    page = opened(context, f"{centre.url}/map?video=CAM01&layers=cameras", errors)
    wait_until(lambda: check(page, "drawn", "cameras") == 11, "the cameras are drawn", 30)
    page.evaluate("ioc.video.open('CAM01')")
    assert names(page) == []
    context.close()
    page = opened(leader, f"{centre.url}/map?video=CAM77", errors)
    state(page, "CAM77", "off")
    assert tile(page, "CAM77", ".video-said").inner_text() == "没有这台摄像机"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tiles_break_no_rule_of_accessibility(
    leader: BrowserContext, centre: Centre, media: MediaServer, errors: list[str], lang: str
) -> None:
    media.gone.add("cam08")
    page = opened(leader, f"{centre.url}/map?video=CAM01,CAM08,CAM77&lang={lang}", errors)
    state(page, "CAM01", "playing")
    state(page, "CAM08", "lost")
    state(page, "CAM77", "off")
    tile(page, "CAM01", ".video-watchers").click()
    page.click(".video-send")
    page.wait_for_selector(".video-menu button")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN) == []


def test_a_right_that_is_taken_away_ends_the_video(leader: BrowserContext, centre: Centre, errors: list[str]) -> None:
    page = opened(leader, f"{centre.url}/map?video=CAM07", errors)
    state(page, "CAM07", "playing")
    page.route("**/api/v1/video", lambda route: route.fulfill(status=403, json={"error": {}}))
    state(page, "CAM07", "off")
    assert tile(page, "CAM07", ".video-said").inner_text() == "无权观看视频"
    assert page.locator(".video-tile video").count() == 0


def test_a_tablet_sends_its_tiles_to_a_wall_which_keeps_its_page_and_its_view(
    leader: BrowserContext, centre: Centre, errors: list[str]
) -> None:
    wall = opened(leader, f"{centre.url}/wall?screen=main", errors)
    wait_until(lambda: wall.evaluate("Boolean(window.ioc && ioc.screen && ioc.screen().now)"), "the wall is told", 30)
    page = opened(leader, f"{centre.url}/map?video=CAM01,CAM02", errors)
    page.click(".video-send")
    page.click('[data-screen="main"]')
    wait_until(lambda: "已送到" in page.locator(".video-note").inner_text(), "it is said")
    wait_until(lambda: names(wall) == ["CAM01", "CAM02"], "the wall shows both", 30)
    state(wall, "CAM02", "playing")
    wall.evaluate("window.first = true")
    page.click('[data-camera="CAM01"] .video-close')
    page.click(".video-send")
    page.click('[data-screen="main"]')
    wait_until(lambda: names(wall) == ["CAM02"], "one is closed", 30)
    assert wall.evaluate("window.first") is True  # without leaving the page
    watched = opened(leader, f"{centre.url}/screens", errors)
    wait_until(lambda: watched.locator("#video-watching .video-row").count() == 1, "the page of the screens says who")
    assert watched.inner_text("#video-watching b") == "CAM02"
