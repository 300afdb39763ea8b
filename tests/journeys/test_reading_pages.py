"""Task coverage and the link library in a real Chromium: live states, filters, columns that narrow, keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.packs import bundle as packs
from ioc.queries.composition import newest
from tests.centre import Centre

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def signed_in(centre: Centre, browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(centre.url + "/sign-in")
    page.goto(centre.links()["leader"])
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()


def test_coverage_and_links_show_what_is_live_and_follow_keys_and_clicks(centre: Centre, page: Page) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{centre.url}/coverage")
    traffic = page.locator("#task-15")
    expect(traffic.locator(".state")).to_have_text("部分接入", timeout=20_000)
    expect(traffic.locator(".fed")).to_have_text("1")
    page.locator("[data-filter=state][data-choice=part]").click()
    expect(page.locator("#task-11")).to_be_hidden()
    expect(traffic).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("[data-detail='15']")).to_be_visible()
    assert "state=part" in page.url
    assert "task=15" in page.url

    page.locator("[data-detail='15'] .scenes a").click()
    expect(page.locator("#links")).to_be_visible()
    shown = page.locator(".node[data-column=indicator]:visible")
    expect(page.locator(".node[data-column=indicator][data-id=G4]")).to_be_hidden()
    page.locator(".node[data-id=T2] .choose").click()
    expect(shown).to_have_count(1)
    expect(page.locator(".node[data-column=source]:visible")).to_have_text([r"路段车速traffic模拟正常"])
    page.keyboard.press("Escape")
    expect(shown).to_have_count(len(newest(packs.build()["indicators"])))
    page.locator("#links-search").fill("重复投诉")
    expect(page.locator(".node[data-id=G12]")).to_be_visible()
    expect(page.locator(".node[data-id=T2]")).to_be_hidden()
    assert wrong == []


@pytest.mark.parametrize("size", [(3840, 2160), (1920, 1080), (1180, 820)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("path", ["/coverage", "/links", "/regions", "/indicator/T1"])
def test_nothing_on_a_page_is_hidden_or_lies_on_another(
    centre: Centre, page: Page, path: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(path=Path(__file__).with_name("wall_checks.js"))
    for address in (path, f"{path}?lang=en"):
        page.goto(centre.url + address)
        expect(page.locator("[data-standing] #standing-at")).to_contain_text(":", timeout=20_000)
        assert page.evaluate("checks.reading()") == [], address
