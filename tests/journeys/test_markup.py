"""Markup in whatever a producer, a record or a person writes is text on every page that shows it, and runs nowhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page

from tests.centre import Centre
from tests.conftest import wait_until
from tests.journeys import scripted
from tests.journeys.scripted import WALLS, Script

pytestmark = pytest.mark.journey

RUN = "window.hacked=(window.hacked||0)+1"
CORPUS = (
    f'<img src=x onerror="{RUN}">',
    f"<script>{RUN}</script>",
    f"<svg onload={RUN}>",
    f"'\"><iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"</title><body onload={RUN}>",
    f"javascript:{RUN}",
    f"{{{{constructor.constructor('{RUN}')()}}}}${{{RUN}}}",
    f"<a href=javascript:{RUN}>x</a><math><mtext><style><img src=x onerror={RUN}>",
)
MADE = """() => [...document.querySelectorAll("iframe, object, embed, math, img[src='x'], script")].filter((each) => each.tagName !== "SCRIPT" || each.textContent.includes("hacked"))
  .map((each) => each.outerHTML.slice(0, 90))
  .concat([...document.querySelectorAll("*")].flatMap((each) => [...each.attributes].filter((one) => /^on/i.test(one.name) || (one.name === "href" && /^javascript:/i.test(one.value))).map((one) => `${each.tagName} ${one.name}`)))"""  # noqa: E501
PAGES = ["/", "/wall", *(f"/wall/{scene}" for scene in WALLS), "/screens", "/coverage", "/links", "/regions"]


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that is fed by hand."""
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud") as one:
        one.start()
        yield one


def records(payload: str, at: int) -> list[tuple[str, str, dict[str, str]]]:
    """(source, entity, fields) of every kind of record that a wall, a list, a layer or a popup shows a text of."""
    place = {"point": f"{114.09 + 0.008 * at:.4f} 22.56", "community": "440303003"}
    now = str(int(time.time() * 1000))
    name = {"zh": payload, "en": payload}
    return [
        ("incident", f"SJ{at}{payload}"[:120], {"class": "accident", "level": "3", "received_at": now, **place}),
        ("warning", f"YJ{at}", {
            "status": "Actual", "state": "standing", "level": "3", "event": payload, "headline": payload,
            "sender": payload, "area": payload, "sent_at": now, "community": "440303",
            "polygon": "22.54,114.10 22.54,114.14 22.57,114.14 22.54,114.10"}),
        ("unit", f"U{at}{payload}"[:120], {"kind": "fire", "on_post": "true", "ready": "true", **place}),
        ("case", f"AJ{at}", {
            "kind": "safety", "status": "filed", "channel": "public", "org": payload, "place": payload,
            "reported_at": now, **place}),
        ("project", f"GX{at}", {"stage": "signing", "name": payload, **place}),
        ("site_duty", f"GD{at}", {"required": "2", "active": "true", **name, **place}),
        ("hall", f"DT{at}", {"capacity_30m": "10", **name, **place}),
        ("hospital", f"YY{at}", {"beds": "10", "er_beds": "2", **name, **place}),
        ("school", f"XX{at}", {"enrolled": "10", **name, **place}),
        ("zone", f"QY{at}", {"kind": "plaza", "area_m2": "100", "capacity": "100", **name, **place}),
        ("lot", f"TC{at}", {"bays": "10", **name, **place}),
        ("water_point", f"SW{at}", {"kind": "flood", **name, **place}),
        ("shelter", f"BN{at}", {"capacity": "10", "occupied": "1", **name, **place}),
        ("camera", f"SX{at}", {"kind": "road", "active": "true", "zh": payload, **place}),
        ("device", f"SB{at}", {"kind": "smoke", "active": "true", **name, **place}),
        ("cloud", f"process:{at}", {"process": payload, "rss_mb": "3.0"}),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def told(centre: Centre) -> Centre:
    """The corpus, through every field, has come to where the layers stand."""
    client: redis.Redis = centre.redis()
    for at, payload in enumerate(CORPUS):
        for source, entity, fields in records(payload, at):
            row: Any = {"t": str(int(time.time() * 1000)), "k": entity, **fields}
            client.xadd(f"ioc:live:{{{source}:0}}:in", row)
    last = f"YY{len(CORPUS) - 1}"
    wait_until(lambda: client.hexists("ioc:live:{engine}:where:livelihood/hospitals", last), "the layers stand", 120)
    return centre


@pytest.fixture(scope="module")
def leader(browser: Browser, told: Centre) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    entrance = context.new_page()
    entrance.goto(told.links()["leader"])
    entrance.close()
    yield context
    context.close()


def harmless(page: Page, where: str, asked: list[str]) -> None:
    assert page.evaluate("window.hacked") is None, where
    assert page.evaluate(MADE) == [], where
    assert [url for url in asked if url.endswith("/x")] == [], where


def test_records_of_every_kind_are_text_on_every_page(leader: BrowserContext, told: Centre) -> None:
    page = leader.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for path in PAGES:
        page.goto(f"{told.url}{path}")
        page.wait_for_function("() => document.querySelector('h1') && !document.querySelector('._dash-loading')")
        if path.startswith("/wall"):
            page.wait_for_function("() => ioc.state.settings.every((each) => ioc.come(each))", timeout=60_000)
        page.wait_for_timeout(500)  # lists are asked for and drawn
        harmless(page, path, asked)
    page.close()


def test_every_popup_of_the_map_writes_text(leader: BrowserContext, told: Centre) -> None:
    page = leader.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    layers = "incidents,warnings,units,cases,projects,sites,halls,hospitals,schools,crowd,parking,flood_points,cameras"
    page.goto(f"{told.url}/map?layers={layers}&place=114.12,22.55,{CORPUS[0]}")
    wait_until(lambda: page.evaluate("Boolean(window.ioc && ioc.layers && ioc.layers.canvas())"), "the map", 60)
    wait_until(lambda: page.evaluate("ioc.layers.canvas().frame.n") > 8 * len(CORPUS), "what stands is drawn", 60)
    opened = page.evaluate(
        """async () => {
          const canvas = ioc.layers.canvas(), said = [];
          for (let at = 0; at < canvas.frame.n; at += 1) {
            const found = canvas.thing(at);
            if (found.count) continue;
            ioc.mapPanel.select(found, ioc.layers.map());
            for (let turn = 0; turn < 100 && !document.querySelector(".map-popup-rows dd"); turn += 1)
              await new Promise((done) => setTimeout(done, 20));
            said.push(document.querySelector(".map-popup").textContent);
          }
          return said;
        }"""
    )
    for payload in CORPUS:
        assert any(payload in text for text in opened), payload
    harmless(page, "/map", asked)
    page.close()


def test_frames_and_answers_that_hold_markup_make_no_element_of_it(leader: BrowserContext, told: Centre) -> None:
    for payload in CORPUS:
        page = scripted.scripted(leader, Script(worst="red", response=3, called=payload))
        for path in ("/wall/emergency", "/wall"):
            scripted.opened(page, told, path)
            assert payload in page.locator("#wall").inner_text(), path
            harmless(page, path, [])
        page.close()


def test_a_person_who_writes_markup_on_a_screen_reads_it_as_text(leader: BrowserContext, told: Centre) -> None:
    page = leader.new_page()
    page.goto(f"{told.url}/screens")
    page.locator(".screen-card").first.wait_for(timeout=60_000)
    view = {"scene": "traffic", "place": {"lon": 114.12, "lat": 22.55, "label": CORPUS[0][:40]}}
    answer = page.request.post(
        f"{told.url}/screens/main/claim", data=json.dumps({"right": "leader", "view": view}),
        headers={"Content-Type": "application/json", "Origin": told.url},
    )  # fmt: skip
    assert answer.ok, answer.text()
    page.wait_for_function("() => document.querySelector('#choose-label').value.startsWith('<img')")
    harmless(page, "/screens", [])
    page.goto(f"{told.url}/wall/traffic?screen=main&place=114.12,22.55,{CORPUS[0][:40]}")
    page.wait_for_function("() => ioc.layers.canvas() && ioc.layers.canvas().scene.marks.length")
    harmless(page, "the wall", [])
    page.close()
