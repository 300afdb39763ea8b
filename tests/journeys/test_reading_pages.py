"""Task coverage and the link library in a real Chromium: live states, filters, columns that narrow, keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.centre import Centre

pytestmark = pytest.mark.journey


@pytest.fixture
def page(centre: Centre, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(centre.url + "/sign-in")
    link = centre.links()["leader"]
    page.goto(link)
    yield page
    context.close()


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
    expect(shown).to_have_count(134)
    page.locator("#links-search").fill("重复投诉")
    expect(page.locator(".node[data-id=G12]")).to_be_visible()
    expect(page.locator(".node[data-id=T2]")).to_be_hidden()
    assert wrong == []
