"""A wall that stands for weeks: it reloads itself softly at night, shows no pointer, never stands still on a pixel, and
outlives whatever dies behind it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.security.role import Role
from ioc.services.links import add_link
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

AWAY_MS = 60_000
SHIFT = "() => document.querySelector('.root').style.translate"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre that nothing feeds but its own machine: what happens in the district happens here."""
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud") as one:
        one.start()
        yield one


def visitor(browser: Browser, centre: Centre, role: Role) -> BrowserContext:
    store = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    token = add_link(store, role, real_ms())
    store.close()
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    entrance = context.new_page()
    entrance.goto(f"{centre.url}/enter/{token}")
    entrance.close()
    return context


@pytest.fixture
def wall(browser: Browser, centre: Centre) -> Iterator[Page]:
    context = visitor(browser, centre, Role.WALL)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def test_at_night_it_reloads_softly_keeps_its_picture_and_walks_by_pixels_without_a_pointer(
    wall: Page, centre: Centre, browser: Browser
) -> None:
    wall.clock.install(time=datetime.now(UTC))
    address = f"{centre.url}/wall?screen=main"
    wall.goto(address)
    expect(wall.locator("#wall-control")).to_have_text("固定画面", timeout=AWAY_MS)
    wall.evaluate("window.sameDocument = true")
    cursor = "() => getComputedStyle(document.querySelector('.wall')).cursor"
    wall.mouse.move(400, 400)
    wall.mouse.move(600, 500, steps=4)
    assert wall.evaluate(cursor) != "none"
    wall.clock.fast_forward(7_000)  # nobody points any more
    assert wall.evaluate(cursor) == "none"
    seen = set()
    for _ in range(3):
        wall.clock.fast_forward(180_000)
        seen.add(wall.evaluate(SHIFT))
    assert len(seen) == 3  # a step in three minutes
    assert all(abs(float(step)) <= 2 for each in seen for step in re.findall(r"-?\d+(?=px)", each))
    assert wall.evaluate("window.sameDocument") is True

    manager = visitor(browser, centre, Role.SYSADMIN)
    desk = manager.new_page()
    desk.goto(f"{centre.url}/screens")
    night = datetime.now(UTC) + timedelta(hours=8) - timedelta(minutes=5)  # Shanghai
    desk.locator(".screen-card").first.click(timeout=AWAY_MS)
    desk.fill("#set-reload_at", night.strftime("%H:%M"))
    desk.click("#screen-settings button[type=submit]")
    wait_until(lambda: wall.evaluate("ioc.screen().now.screen.reload_at") == night.strftime("%H:%M"), "the wall knows")
    with wall.expect_navigation(timeout=AWAY_MS):
        wall.clock.fast_forward(660_000)  # the page has stood long enough
    expect(wall.locator("#wall-control")).to_have_text("固定画面", timeout=AWAY_MS)
    assert wall.url == address
    assert wall.evaluate("window.sameDocument") is None
    wall.evaluate("window.sameDocument = true")
    wall.clock.fast_forward(660_000)
    expect(wall.locator("html[data-path='ok']")).to_have_count(1, timeout=AWAY_MS)
    wall.clock.fast_forward(6_000)
    assert wall.evaluate("window.sameDocument") is True  # once a night
    manager.close()


def test_gateway_engine_and_bus_are_killed_behind_the_overview_and_it_comes_back_by_itself(
    wall: Page, centre: Centre
) -> None:
    wall.goto(f"{centre.url}/wall")
    wait_until(lambda: wall.locator("html[data-path='ok']").count() == 1, "the wall is whole", 60)
    wall.evaluate("window.sameDocument = true")
    for victim, said in (("gateway", "与服务器断开"), ("engine", "计算引擎中断"), ("valkey", "中断")):
        os.kill(centre.pid(victim), signal.SIGKILL)
        expect(wall.locator("#overlay")).to_contain_text(said, timeout=AWAY_MS)
        wait_until(lambda: wall.locator("html[data-path='ok']").count() == 1, "the wall is whole again", 90)
        expect(wall.locator("#overlay")).to_be_hidden()
    assert wall.evaluate("window.sameDocument") is True
