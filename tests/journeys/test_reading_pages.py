"""Task coverage and the link library in a real Chromium: live states, filters, columns that narrow, keys."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.packs import bundle as packs
from ioc.queries.composition import newest
from metrics import keys
from metrics.clock import real_ms
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


def test_the_command_that_an_indicators_page_shows_can_be_pasted_and_finds_the_value(
    centre: Centre, page: Page
) -> None:
    page.goto(f"{centre.url}/indicator/T2")
    shown = page.locator("[data-voucher=T2]")
    expect(shown).to_contain_text("ioc voucher 'T2/440303/", timeout=20_000)
    command = shlex.split(shown.inner_text())
    assert command[-2:] == ["--world", "live"]
    done = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", *command[1:]],
        env={**os.environ, "IOC_DATA_DIR": str(centre.home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("数字凭证 voucher   T2@")


@pytest.mark.parametrize(("size", "lang"), [((1180, 820), "zh"), ((1920, 1080), "en")], ids=["tablet", "desk"])
def test_a_number_opens_into_its_course_its_parts_and_its_voucher_and_the_address_says_what_is_shown(
    centre: Centre, page: Page, size: tuple[int, int], lang: str
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"{centre.url}/indicator/T2?lang={lang}")
    expect(page.locator("#drill-then .then-card")).to_have_count(4, timeout=20_000)
    expect(page.locator("#drill-then")).to_contain_text("无历史" if lang == "zh" else "no history")
    page.locator("[data-choice='7d']").first.click()
    expect(page.locator("[data-choose=span] [aria-pressed=true]")).to_have_attribute("data-choice", "7d")
    page.locator("[data-choose=against] [data-choice='1y']").click()
    assert "span=7d" in page.url
    assert "against=1y" in page.url
    page.reload()
    expect(page.locator("[data-choose=against] [aria-pressed=true]")).to_have_attribute("data-choice", "1y")
    expect(page.locator("[data-choose=span] [aria-pressed=true]")).to_have_attribute("data-choice", "7d")

    page.locator(".places-of a").nth(3).click()
    expect(page.locator(".crumbs")).to_contain_text("东门" if lang == "zh" else "Dongmen")
    page.go_back()
    expect(page.locator(".crumbs a")).to_have_count(2)
    page.locator("[data-check=T2]").click(timeout=20_000)
    expect(page.locator(".check [role=status]")).to_contain_text("相等：" if lang == "zh" else "Equal:", timeout=90_000)


def test_the_library_lists_the_connectors_with_what_came_of_them(centre: Centre, page: Page) -> None:
    told = {"kind": "mqtt", "state": "unreachable", "accepted": 1234, "rejected": {"range": 2}, "unread": 1,
            "error": "<b>refused</b>", "error_at": real_ms(), "last_at": None}  # fmt: skip
    beat = {"at": real_ms() + 600_000, "origin": "real", "newest": None, "connectors": {"sensors": told}}
    bus = redis.Redis.from_url(json.loads((centre.home / "connections.json").read_text())["admin"])
    page.goto(f"{centre.url}/links")
    expect(page.locator("#no-connector")).to_be_visible(timeout=20_000)
    bus.hset(keys.HEARTBEATS, "feed:live:iot", json.dumps(beat))
    try:
        cells = page.locator("[data-connector=sensors] span")
        expect(cells).to_have_count(10, timeout=20_000)
        said = cells.all_inner_texts()
        assert said[:4] == ["sensors", "mqtt", "iot", "连不上"]
        assert said[4:9] == ["—", "—", "1,234", "2", "1"]
        assert said[9].startswith("<b>refused</b> · ")
        expect(page.locator("#no-connector")).to_be_hidden()
    finally:
        bus.hdel(keys.HEARTBEATS, "feed:live:iot")


def test_a_head_says_up_to_when_the_data_are_while_the_engine_catches_up(centre: Centre, page: Page) -> None:
    page.goto(f"{centre.url}/coverage")
    expect(page.locator("#standing-at")).to_contain_text(":", timeout=20_000)
    noon = 1_717_214_400_000
    said = "([progress, now]) => ioc.lagging(progress, now)"
    behind = {"state": "catching up", "position": noon + 9_120_000}
    assert page.evaluate(said, [behind, noon + 9_300_000]) == "追赶中 · 数据至 14:32"
    assert page.evaluate(said, [behind, noon + 86_400_000]) == "追赶中 · 数据至 06-01 14:32"
    assert page.evaluate(said, [{"state": "restoring", "position": None}, noon]) == "恢复中"
    assert page.evaluate(said, [None, noon]) == ""
