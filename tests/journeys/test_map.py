"""The map in a real browser: what stands on it comes by the one way, is drawn, switched, read and reached by keys."""

from __future__ import annotations

import json
import math
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page

from tests.centre import Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey
HOSTILE = '<img src=x onerror="window.hacked=1"><b>演练</b>'
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360606000000004000140d8ac5e"
    "0000000049454e44ae426082"
)
CHECKS = (Path(__file__).parent / "map_checks.js").read_text(encoding="utf-8")


class Tiles(BaseHTTPRequestHandler):
    """A tile server that notes what it was asked for."""

    asked: list[str] = []  # noqa: RUF012 - of the one server of this module

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(PICTURE)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def tiles() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def centre(tiles: str) -> Iterator[Centre]:
    """A centre with nothing but its own machine as a source: what stands on the map comes from this test."""
    address = f"{tiles}/{{z}}/{{x}}/{{y}}.png?tk={{token}}"
    with (
        tempfile.TemporaryDirectory(prefix="ioc-") as home,
        Centre(
            Path(home) / "var", IOC_SOURCES="cloud", IOC_TILES_URL=address, IOC_TILES_TOKEN="very-secret-token",
            IOC_TILES_DATUM="gcj02",
        ) as centre,
    ):  # fmt: skip
        centre.start()
        yield centre


def tell(centre: Centre, source: str, entity: str, **fields: str) -> None:
    client: redis.Redis = centre.redis()
    row: Any = {"t": str(int(time.time() * 1000)), "k": entity, **fields}
    client.xadd(f"ioc:live:{{{source}:0}}:in", row)


@pytest.fixture(scope="module")
def stood(centre: Centre) -> Centre:
    tell(centre, "incident", "SJ1", **{"class": "accident"}, level="4", point="114.12 22.55", community="440303003")
    tell(centre, "incident", "SJ2", **{"class": "natural"}, level="2", point="114.16 22.57", community="440303008")
    tell(centre, "unit", "U1", kind="fire", on_post="true", ready="false", point="114.13 22.56", community="440303002")
    tell(centre, "hospital", "H1", zh=HOSTILE, beds="10", point="114.125 22.575", community="440303004")
    tell(centre, "warning", "W1", status="Actual", state="standing", level="3", event=HOSTILE, community="440303",
         polygon="22.54,114.10 22.54,114.14 22.57,114.14 22.57,114.10 22.54,114.10")  # fmt: skip
    where = "ioc:live:{engine}:where:livelihood/hospitals"
    wait_until(lambda: centre.redis().hexists(where, "H1"), "the engine tells where they stand", 30)
    return centre


@pytest.fixture(scope="module")
def leader(browser: Browser, stood: Centre) -> Iterator[BrowserContext]:
    """A leader who came in by a link, which works once."""
    context = browser.new_context(viewport={"width": 1280, "height": 820})
    context.new_page().goto(stood.links()["leader"])
    yield context
    context.close()


@pytest.fixture
def page(leader: BrowserContext) -> Iterator[Page]:
    page = leader.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    page.close()
    assert errors == []


def check(page: Page, name: str, *arguments: Any) -> Any:
    """Ask the page; not by `wait_for_function`, because the page may not evaluate texts."""
    return page.evaluate("([name, given]) => window.mapChecks[name](...given)", [name, list(arguments)])


def ready(page: Page) -> None:
    page.evaluate(CHECKS)
    wait_until(lambda: check(page, "ready"), "the map is there", 30)


def show(page: Page, centre: Centre, query: str = "") -> None:
    page.goto(f"{centre.url}/map{query}")
    ready(page)


def drawn(page: Page, layer: str, count: int) -> None:
    wait_until(lambda: check(page, "drawn", layer) == count, f"{count} of {layer} are drawn", 30)


def test_what_stands_is_drawn_and_what_moves_moves_without_a_new_map(page: Page, stood: Centre) -> None:
    show(page, stood)
    drawn(page, "incidents", 2)
    drawn(page, "units", 1)
    page.evaluate("window.first = ioc.layers.map()")
    before = check(page, "place", "U1")
    tell(stood, "track", "U1", point="114.15 22.56")
    wait_until(lambda: (check(page, "place", "U1") or [0])[0] > before[0] + 40, "U1 has moved", 30)
    tell(stood, "incident", "SJ2", **{"class": "natural"}, level="2", closed_at=str(int(time.time() * 1000)))
    drawn(page, "incidents", 1)
    tell(stood, "incident", "SJ2", **{"class": "natural"}, level="2", point="114.16 22.57", community="440303008")
    drawn(page, "incidents", 2)
    assert (
        page.evaluate("ioc.layers.map() === window.first && document.querySelectorAll('.leaflet-container').length")
        == 1
    )


def test_a_layer_is_switched_and_the_address_says_so(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=units")
    drawn(page, "units", 1)
    drawn(page, "incidents", 0)
    page.click('[data-layer="incidents"]')
    drawn(page, "incidents", 2)
    assert "layers=incidents,units" in page.url
    page.click('[data-layer="units"]')
    drawn(page, "units", 0)
    page.reload()
    ready(page)
    drawn(page, "incidents", 2)
    assert page.get_attribute('[data-layer="units"]', "aria-checked") == "false"


def test_a_popup_writes_what_came_as_text_and_makes_no_element_of_it(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=hospitals,warnings")
    drawn(page, "hospitals", 1)
    page.mouse.click(*check(page, "place", "H1"))
    page.wait_for_selector(".map-popup-rows dd", timeout=20_000)
    assert page.inner_text(".map-popup-head b") == HOSTILE
    assert page.evaluate("document.querySelectorAll('.map-popup img, .map-popup b b, .map-legend img').length") == 0
    assert page.evaluate("window.hacked") is None
    page.click(".map-popup-close")
    assert page.query_selector(".map-popup") is None


def test_a_warning_lies_on_its_polygon(page: Page, stood: Centre) -> None:
    show(page, stood)
    wait_until(lambda: check(page, "areas", "orange") == 1, "the area of the warning", 30)


def test_keys_go_from_symbol_to_symbol_and_open_what_is_known(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=incidents")
    drawn(page, "incidents", 2)
    page.focus("#map")
    page.keyboard.press("ArrowLeft")
    wait_until(lambda: "SJ1" in page.inner_text("#map-said"), "the western incident is told")
    page.keyboard.press("ArrowRight")
    wait_until(lambda: "SJ2" in page.inner_text("#map-said"), "the eastern incident is told")
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-popup")
    assert page.evaluate("document.activeElement.className") == "map-popup-close"
    page.keyboard.press("Escape")
    assert page.query_selector(".map-popup") is None
    assert page.evaluate("document.activeElement.id") == "map"


def test_what_nobody_knows_is_hatched_and_says_so(page: Page, stood: Centre) -> None:
    show(page, stood, "?by=T1")
    wait_until(lambda: check(page, "areas", None) == 10, "all subdistricts are hatched", 30)
    assert "斜线：无数据" in page.inner_text("#map-shade")


def test_an_address_names_a_region_and_a_place(page: Page, stood: Centre) -> None:
    show(page, stood, "?region=440303003&place=114.117,22.5485,集合点")
    wait_until(lambda: page.evaluate("ioc.layers.map().getZoom()") > 13.5, "the region fills the map", 30)
    assert page.evaluate("ioc.layers.canvas().scene.marks.map((mark) => mark.label)") == ["集合点"]


def test_pictures_of_the_tile_server_lie_below_moved_to_where_they_belong(page: Page, stood: Centre) -> None:
    Tiles.asked.clear()
    show(page, stood)
    wait_until(lambda: page.evaluate("ioc.tiles.shown()"), "a picture came", 30)
    assert Tiles.asked
    assert all("tk=very-secret-token" in path for path in Tiles.asked)
    moved = page.evaluate("new DOMMatrix(getComputedStyle(ioc.layers.map().getPane('pictures')).transform)")
    assert moved["m41"] < -20  # GCJ-02 draws some 500 m too far east
    assert moved["m42"] < 0  # and some 300 m too far south, which is down
    said = "".join(path.read_text(errors="replace") for path in (stood.home / "logs").glob("*.log")) + stood.said()
    assert "very-secret-token" not in said


def test_names_never_lie_on_each_other(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=none")
    boxes = check(page, "names")
    assert len(boxes) > 5
    assert not [
        (a, b)
        for number, a in enumerate(boxes)
        for b in boxes[number + 1 :]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]


def test_clusters_count_what_they_hide_and_hide_no_level(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=none")
    found = check(page, "clusters")
    assert found["counted"] + found["single"] == 5000
    assert found["levels"] == 3
    assert found["counted"] > 4000


def test_discs_of_all_layers_keep_off_names_and_one_another_and_count_everything(page: Page, stood: Centre) -> None:
    show(page, stood, "?layers=none")
    wait_until(lambda: len(check(page, "crowded")["names"]) > 5, "the names of subdistricts stand on the map", 30)
    found = check(page, "crowded")
    assert (found["devices"], found["cameras"], found["levels"]) == (4000, 2000, 10)
    assert found["mixed"]
    discs, names = found["discs"], found["names"]
    assert len(discs) > 10
    assert not [(a, b) for at, a in enumerate(discs) for b in discs[at + 1 :] if math.dist(a[:2], b[:2]) < a[2] + b[2]]
    assert not [
        (x, y) for x, y, radius in discs for left, top, right, bottom in names
        if left - radius < x < right + radius and top - radius < y < bottom + radius
    ]  # fmt: skip


def test_the_settings_of_the_page_hold_no_field_of_an_entity(page: Page, stood: Centre) -> None:
    show(page, stood)
    layers = json.loads(page.get_attribute("[data-settings]", "data-settings") or "[]")[0]["map"]["layers"]
    assert {key for layer in layers for key in layer}.isdisjoint({"fields", "where", "shows"})
