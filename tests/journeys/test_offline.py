"""A browser whose path to the centre is cut for a while: it says so, comes back by itself and has missed nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from metrics.value_form import unpack_values
from tests.centre import Centre, free_ports
from tests.conftest import wait_until
from tests.relay import Relay

pytestmark = pytest.mark.journey

OFFLINE_S = 30  # five minutes make no other case for the page: after ten seconds the gateway has let go of it
WINDOW_MS = 10_000  # of O1


@pytest.fixture
def path(tmp_path: Path) -> Iterator[tuple[Centre, Relay, Relay]]:
    """A centre that the browser reaches through two relays only: one to the web server, one to the gateway."""
    web, gateway = free_ports(2)
    with Relay(web) as to_web, Relay(gateway) as to_gateway:
        centre = Centre(
            tmp_path / "var",
            IOC_WEB_PORT=str(web),
            IOC_GATEWAY_PORT=str(gateway),
            IOC_SOURCES="cloud",
            IOC_PUBLIC_GATEWAY_URL=f"ws://127.0.0.1:{to_gateway.port}/live",
            IOC_ALLOWED_ORIGINS=f"http://127.0.0.1:{to_web.port}",
        )
        centre.url = f"http://127.0.0.1:{web}"
        with centre:
            centre.start()
            yield centre, to_web, to_gateway


def completed(centre: Centre, indicator: str) -> dict[int, float | None]:
    """Window end -> value, as the engine has published them complete."""
    entries = centre.redis().xrange("ioc:live:{engine}:completed")
    values = [value for _, fields in entries for value in unpack_values(fields[b"b"])]
    return {value.window_end: value.value for value in values if value.indicator == indicator and not value.dims}


def held(page: Page, indicator: str) -> dict[int, float | None]:
    """Window end -> value, as the page keeps them for its charts."""
    series: list[list[float]] = page.evaluate("(id) => ioc.state.series.get(`${id}||`) || []", indicator)
    return {int(end): value for end, value in series}


def offline(page: Page, centre: Centre, relays: tuple[Relay, Relay], seconds: float) -> dict[str, float]:
    """Cut the path for so long, mend it, and give what a watch would have shown, in seconds."""
    began = time.monotonic()
    for relay in relays:
        relay.cut()
    expect(page.locator("#overlay")).to_be_visible(timeout=5_000)
    overlay = time.monotonic() - began
    before = max(completed(centre, "O1"))
    wait_until(
        lambda: time.monotonic() - began >= seconds and max(completed(centre, "O1")) >= before + 2 * WINDOW_MS,
        "windows were completed while the browser was away", seconds + 60,
    )  # fmt: skip
    expect(page.locator("#overlay")).to_be_visible()
    assert max(held(page, "O1"), default=0) <= before
    mended = time.monotonic()
    for relay in relays:
        relay.mend()
    page.wait_for_function("() => document.documentElement.dataset.path === 'ok'", polling=50, timeout=5_000)
    return {"overlay": overlay, "away": mended - began, "back": time.monotonic() - mended}


def test_a_browser_that_was_off_line_says_so_comes_back_by_itself_and_has_no_gap(
    path: tuple[Centre, Relay, Relay], browser: Browser
) -> None:
    centre, *relays = path
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(centre.links()["leader"].replace(centre.url, f"http://127.0.0.1:{relays[0].port}"))
    page.goto(f"http://127.0.0.1:{relays[0].port}/wall/operations")
    expect(page.locator("html[data-path='ok']")).to_have_count(1, timeout=20_000)
    wait_until(lambda: len(completed(centre, "O1")) >= 2, "two windows are complete", 40)
    page.evaluate("window.sameDocument = true")
    offline(page, centre, (relays[0], relays[1]), OFFLINE_S)
    expect(page.locator("#overlay")).to_be_hidden()
    wait_until(lambda: held(page, "O1") == completed(centre, "O1"), "every completed window stands in the chart", 15)
    ends = sorted(held(page, "O1"))
    assert ends == list(range(ends[0], ends[-1] + WINDOW_MS, WINDOW_MS))
    expect(page.locator("#tile-O1 .number")).to_have_attribute("data-quality", "provisional", timeout=15_000)
    assert page.evaluate("window.sameDocument") is True
    page.close()
