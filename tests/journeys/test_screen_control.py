"""Screens in real browsers: two tablets and a wall; a device from its code to its revocation, through restarts."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.services.api_tokens import add_token
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

AWAY_MS = 60_000  # a busy machine loads a wall slowly; on a quiet one it is two seconds
TOO_SMALL = """() => [...document.querySelectorAll('button, select, input')]
    .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44).map((each) => each.id)"""


@pytest.fixture
def people(browser: Browser, centre: Centre) -> Iterator[dict[str, BrowserContext]]:
    """A browser for each role; the links work once."""
    made: dict[str, BrowserContext] = {}
    for role in ("wall", "leader", "duty", "sysadmin"):
        made[role] = browser.new_context(viewport={"width": 1180, "height": 820})
        page = made[role].new_page()
        page.goto(f"{centre.url}/enter/{token(centre, role)}")
        page.close()
    yield made
    for context in made.values():
        context.close()


def token(centre: Centre, role: str) -> str:
    from ioc.security.role import Role
    from ioc.services.links import add_link

    store = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    made = add_link(store, Role(role), real_ms())
    store.close()
    return made


def tablet(context: BrowserContext, centre: Centre) -> Page:
    page = context.new_page()
    page.goto(f"{centre.url}/screens")
    expect(page.locator(".screen-card").first).to_be_visible(timeout=AWAY_MS)
    return page


def test_two_tablets_and_a_wall(centre: Centre, people: dict[str, BrowserContext]) -> None:
    wall = people["wall"].new_page()
    failures: list[str] = []
    wall.on("pageerror", lambda error: failures.append(str(error)))
    wall.goto(f"{centre.url}/wall?screen=main")
    expect(wall.locator("#wall-control")).to_have_text("固定画面", timeout=AWAY_MS)
    leader, duty = tablet(people["leader"], centre), tablet(people["duty"], centre)

    leader.click("[data-choose=scene][data-value=operations]")
    expect(leader.locator("#screen-state")).to_contain_text("已选定")
    leader.click("#take-leader")
    wall.wait_for_url(re.compile(r"/wall/operations\?screen=main"), timeout=AWAY_MS)
    expect(wall.locator("#wall-control")).to_have_text(re.compile(r"领导 领导 至 \d\d:\d\d"), timeout=AWAY_MS)
    expect(duty.locator(".screen-card .who").first).to_contain_text("领导", timeout=AWAY_MS)

    duty.click("[data-choose=scene][data-value=traffic]")
    duty.click("#take-duty")
    wall.wait_for_url(re.compile(r"/wall/traffic\?screen=main"), timeout=AWAY_MS)
    expect(wall.locator("#wall-control")).to_contain_text("值班", timeout=AWAY_MS)
    pad = duty.locator("#place-pad").bounding_box()
    duty.mouse.click(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] * 0.6)
    duty.fill("#choose-label", "<b>国贸</b>")
    duty.keyboard.press("Tab")
    drawn = wall.evaluate("performance.timeOrigin")
    wall.wait_for_url(re.compile(r"/wall/traffic\?screen=main&place=114\..*%3Cb%3E"), timeout=AWAY_MS)
    assert wall.evaluate("performance.timeOrigin") == drawn  # marked without leaving

    pad = duty.locator("#pointer-pad").bounding_box()
    duty.mouse.move(pad["x"] + pad["width"] / 4, pad["y"] + pad["height"] / 2)
    duty.mouse.down()
    duty.mouse.move(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2, steps=5)
    duty.mouse.up()
    expect(wall.locator(".screen-pointer")).to_have_count(1, timeout=AWAY_MS)
    expect(wall.locator(".screen-pointer")).to_have_count(0, timeout=AWAY_MS)  # gone by itself

    duty.click("#release")  # the leader's claim is still there
    wall.wait_for_url(re.compile(r"/wall/operations\?screen=main"), timeout=AWAY_MS)
    leader.click("#release")
    wall.wait_for_url(re.compile(r"/wall\?screen=main"), timeout=AWAY_MS)
    expect(wall.locator("#wall-control")).to_have_text("固定画面", timeout=AWAY_MS)
    assert failures == []
    assert duty.evaluate(TOO_SMALL) == []
    assert duty.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for page in (wall, leader, duty):
        page.close()


def test_walls_rotate_by_the_clock_and_letters_follow_the_distance(
    centre: Centre, people: dict[str, BrowserContext]
) -> None:
    admin = tablet(people["sysadmin"], centre)
    admin.fill("#add-name", "hall")
    admin.click("#screen-add button")
    expect(admin.locator("#set-zh")).to_have_value("hall", timeout=AWAY_MS)
    admin.fill("#set-zh", "大厅")
    admin.fill("#set-distance_mm", "8000")
    admin.fill("#set-rotation", "operations:20, traffic:20")
    admin.click("#screen-settings button[type=submit]")
    expect(admin.locator(".screen-card", has_text="大厅")).to_contain_text("轮播", timeout=AWAY_MS)
    expect(admin.locator("#settings-note")).to_have_text(
        "8.0 米过远：字已放到最大，最远 7.8 米可读（逐路、逐街道的场景 7.0 米）", timeout=AWAY_MS
    )
    wall = people["wall"].new_page()
    wall.set_viewport_size({"width": 1920, "height": 1080})
    wall.goto(f"{centre.url}/wall?screen=hall")
    for scene in ("operations", "traffic"):  # whichever's turn it is
        wall.wait_for_url(re.compile(rf"/wall/{scene}\?screen=hall"), timeout=2 * AWAY_MS, wait_until="commit")
    expect(wall.locator("#wall-control")).to_have_text("轮播", timeout=AWAY_MS)
    walk = wall.evaluate("[...Array(26)].map((_, step) => ioc.screenShift(step * 180000))")
    assert walk[0] == walk[25] == [0, 0]  # round and round: a step of a pixel each three minutes, two away at most
    assert max(abs(each) for spot in walk for each in spot) == 2
    steps = [max(abs(a - c), abs(b - d)) for (a, b), (c, d) in itertools.pairwise(walk)]
    assert set(steps) == {1}
    night = "at:'03:30', mode:'rotation', lost:false, open:3600000, done:false"
    due = f"(hm) => ioc.screenDue({{{night}, ms: Date.parse('2026-11-23T' + hm + ':00+08:00')}})"
    assert [wall.evaluate(due, hm) for hm in ("03:29", "03:30", "04:59", "05:00", "15:30")] == [
        False, True, True, False, False,
    ]  # fmt: skip
    for change in ("mode:'duty'", "mode:'emergency'", "lost:true", "done:true", "open:1000", "at:''"):
        assert not wall.evaluate(f"ioc.screenDue({{{night}, ms: Date.parse('2026-11-23T03:31:00+08:00'), {change}}})")
    facts = "[location.pathname, parseFloat(getComputedStyle(document.documentElement).fontSize)]"
    path, size = wall.evaluate(facts)  # read from 8 m; the wall of the roads has no room for larger letters
    assert size == pytest.approx({"/wall/operations": 11.2, "/wall/traffic": 10.0}[path], abs=0.05)
    wall.close()
    admin.close()


def test_an_emergency_takes_the_wall_from_whoever_has_it_and_keeps_it(browser: Browser) -> None:
    with tempfile.TemporaryDirectory(prefix="ioc-") as home, Centre(Path(home) / "var", IOC_SOURCES="cloud") as centre:
        centre.start()
        contexts = [browser.new_context(viewport={"width": 1920, "height": 1080}) for _ in range(2)]
        for context, role in zip(contexts, ("wall", "leader"), strict=True):
            context.new_page().goto(f"{centre.url}/enter/{token(centre, role)}")
        wall, leader = contexts[0].pages[0], tablet(contexts[1], centre)
        wall.goto(f"{centre.url}/wall?screen=main")
        leader.click("[data-choose=scene][data-value=traffic]")
        leader.click("#take-leader")
        wall.wait_for_url(re.compile(r"/wall/traffic\?screen=main"), timeout=AWAY_MS)

        say_level(centre, 3)  # a response of level II
        wall.wait_for_url(re.compile(r"/wall/emergency\?screen=main"), timeout=4 * AWAY_MS)
        expect(wall.locator("#wall-control")).to_contain_text("应急抢占 应急响应", timeout=AWAY_MS)
        expect(leader.locator(".screen-card .who").first).to_contain_text("应急", timeout=AWAY_MS)  # before the leader
        for context in contexts:
            context.close()


def say_level(centre: Centre, level: int) -> None:
    """A row of the response level, as a system of the district sends it."""
    store = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    _, text = add_token(store, "drill", real_ms(), feeds=["response"], origin="simulated")
    store.close()
    row = {"plan": "flood", "changed_at": datetime.now(UTC).isoformat(), "level": level}
    request = urllib.request.Request(
        f"{centre.url}/api/v1/observations/response", json.dumps([row]).encode(),
        {"Authorization": f"Bearer {text}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer)["accepted"] == 1


def test_a_device_from_its_code_through_restarts_to_its_revocation(
    browser: Browser, centre: Centre, people: dict[str, BrowserContext]
) -> None:
    device = browser.new_context(viewport={"width": 1280, "height": 720})
    wall = device.new_page()
    seen: list[str] = []
    wall.on("framenavigated", lambda frame: seen.append(frame.url))
    wall.goto(f"{centre.url}/enrol")
    code = wall.locator("#code").inner_text()
    admin = tablet(people["sysadmin"], centre)
    admin.locator(".device", has_text=code).locator("b").click()  # chosen instead of typed
    expect(admin.locator("#device-code")).to_have_value(code)
    admin.select_option("#device-screen", "main")
    admin.click("#device-approve button")
    wall.wait_for_url(re.compile(r"/wall\?screen=main"), timeout=AWAY_MS)
    expect(wall.locator("#wall-control")).to_be_visible(timeout=AWAY_MS)
    wait_until(lambda: wall.evaluate("navigator.serviceWorker.controller !== null"), "the worker is there", 30)

    web = centre.pid("web")
    os.kill(web, signal.SIGSTOP)  # a server that hangs, then one that is gone, while the browser starts anew
    os.kill(web, signal.SIGKILL)
    wall.goto(f"{centre.url}/wall?screen=main", wait_until="commit")
    expect(wall.locator("#away").or_(wall.locator("#wall-control"))).to_be_visible(timeout=AWAY_MS)
    expect(wall.locator("#wall-control")).to_be_visible(timeout=60_000)
    os.kill(centre.pid("gateway"), signal.SIGKILL)
    wait_until(lambda: wall.locator("html[data-path='lost']").count() == 1, "the wall says that it is cut off", 15)
    wait_until(lambda: wall.locator("html[data-path='ok']").count() == 1, "and comes back by itself", 60)
    device.clear_cookies(name="ioc_session")  # the session is gone: its cookie of a device brings a new one
    wall.goto(f"{centre.url}/wall/operations?screen=main")
    expect(wall.locator("#wall-control")).to_be_visible(timeout=AWAY_MS)

    began = time.monotonic()
    admin.reload()
    row = admin.locator(".device").first.locator("button")
    row.click(timeout=AWAY_MS)
    row.click()
    wall.wait_for_url(re.compile(r"/enrol$"), timeout=AWAY_MS)
    assert time.monotonic() - began < 60
    expect(wall.locator("#code")).to_be_visible()
    assert wall.locator("#code").inner_text() != code
    assert not [url for url in seen if "sign-in" in url or url.startswith("chrome-error")]
    device.close()
    admin.close()
