"""People and means in Chromium: a shift planned, taken back and imported, a handover signed, stock issued and low."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.services import means, roster
from ioc.services.means import Means, Moved
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import Centre
from tests.journeys.test_markup import CORPUS, MADE

pytestmark = pytest.mark.journey
HOUR = 3_600_000
SLOW = 20_000  # ms; of a machine that does much else


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud") as one:
        one.start()
        yield one


@pytest.fixture(scope="module")
def duty(centre: Centre, browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = made.new_page()
    page.goto(centre.links()["duty"])
    page.close()
    yield made
    made.close()


def opened(duty: BrowserContext, centre: Centre, path: str) -> tuple[Page, list[str]]:
    page, wrong = duty.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(centre.url + path)
    return page, wrong


def press(page: Page, name: str) -> None:
    page.locator("#roster-acts button", has_text=name).first.click()


def test_a_shift_is_planned_refused_undone_and_imported(centre: Centre, duty: BrowserContext) -> None:
    page, wrong = opened(duty, centre, "/roster")
    expect(page.locator("#roster-main .empty")).to_contain_text("还没有排班", timeout=SLOW)
    expect(page.locator("#roster-now")).to_contain_text("无人排班")
    for _ in range(2):
        press(page, "排班")
        page.locator("#desk-box input").first.fill("应急值班席")
        page.locator("#desk-box button[type=submit]").click()
        expect(page.locator("button.roster-shift")).to_have_count(1, timeout=SLOW)
    expect(page.locator("#desk-box .form-fault")).to_contain_text("已有班次", timeout=SLOW)
    page.keyboard.press("Escape")
    page.locator("button.roster-shift").click()
    expect(page.locator("#desk-box h2")).to_have_text("更改班次")
    page.keyboard.press("Escape")
    press(page, "撤销")
    expect(page.locator("button.roster-shift")).to_have_count(0, timeout=SLOW)
    press(page, "导入")
    day = page.locator("#roster-note").inner_text()[:10]
    box = page.locator("#desk-box textarea")
    box.fill(f"person,role,start,end\nduty,duty,{day} 08:00,{day} 07:00\nnobody,duty,{day} 08:00,{day} 12:00")
    page.locator("#desk-box button[type=submit]").click()
    expect(page.locator("#desk-box .form-fault")).to_contain_text("2.person", timeout=SLOW)
    box.fill(f"person,role,start,end\nduty,duty,{day} 08:00,{day} 12:00\nleader,leader,{day} 08:00,{day} 20:00")
    page.locator("#desk-box button[type=submit]").click()
    expect(page.locator("button.roster-shift")).to_have_count(2, timeout=SLOW)
    press(page, "交班")
    page.locator("#desk-box textarea").fill("<b>泵车在路上</b>")
    page.locator("#desk-box button[type=submit]").click()
    expect(page.locator("#roster-side li b").first).to_have_text("<b>泵车在路上</b>", timeout=SLOW)
    assert wrong == []
    page.close()


def test_stock_is_issued_never_below_nothing_and_low_is_said(centre: Centre, duty: BrowserContext) -> None:
    page, wrong = opened(duty, centre, "/roster?tab=supply")
    expect(page.locator("#roster-main .empty")).to_contain_text("还没有登记", timeout=SLOW)
    press(page, "导入")
    page.locator("#desk-box textarea").fill("kind,zh,unit,planned,least,amount\nsupply,沙袋,个,500,200,210")
    page.locator("#desk-box button[type=submit]").click()
    row = page.locator(".means-row:not(.titles)")
    expect(row.locator(".means-number").first).to_have_text("210 个", timeout=SLOW)
    row.get_by_text("变动").click()
    page.locator("#desk-box input[type=number]").fill("211")
    page.keyboard.press("Enter")
    expect(page.locator("#desk-box .form-fault")).to_have_text("只有 210。", timeout=SLOW)
    page.locator("#desk-box input[type=number]").fill("20")
    page.keyboard.press("Enter")
    expect(row.locator(".means-low")).to_have_text("低于最低库存", timeout=SLOW)
    expect(page.locator("#roster-side li .means-delta")).to_have_text(["−20", "+210"], timeout=SLOW)
    assert wrong == []
    page.close()


@pytest.mark.parametrize("size", [(1920, 1080), (1180, 820)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_of_the_page_is_hidden_or_lies_on_another(
    centre: Centre, duty: BrowserContext, size: tuple[int, int]
) -> None:
    filled(centre)
    page, wrong = opened(duty, centre, "/roster")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(path=Path(__file__).with_name("wall_checks.js"))
    for tab, place in (("", ".roster-week"), ("?tab=supply", ".means-row"), ("?tab=shelter", ".means-row")):
        for lang in ("", "lang=en"):
            mark = ("&" if tab else "?") + lang if lang else ""
            page.goto(f"{centre.url}/roster{tab}{mark}")
            expect(page.locator(place).first).to_be_visible(timeout=SLOW)
            faults = json.dumps(page.evaluate("checks.reading()"), ensure_ascii=False)
            assert faults == "[]", tab + lang
    assert wrong == []
    page.close()


def filled(centre: Centre) -> None:
    """Supplies and shelters with long names and large amounts, and a week of shifts."""
    store = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    with store.read() as unit:
        there = len(means.amounts(unit)) > 12 and len(roster.between(unit, 0, 2**53)) > 5
    if not there:
        now = real_ms()
        hall: dict[str, Any] = {"en": "Dongmen sports hall", "sort": "", "unit": "人", "region": "440303003"}
        items = [
            Means(id="", kind="shelter", zh=f"东门街道文体中心应急避难场所 {at} 号", place="深南东路", lon=114.12,
                  lat=22.55, planned=1200, least=0, **hall)
            for at in range(12)
        ]  # fmt: skip
        for made in means.put(store, items, by="li", now_ms=now):
            means.move(store, Moved(made, "admit", 1200, "admit-0001"), by="li", now_ms=now)
        bags = Means(id="", kind="supply", zh="防汛吸水膨胀沙袋（仓库三排）", place="深南东路", lon=114.1, lat=22.55,
                     planned=50_000, least=20_000, **hall | {"en": "sandbags that swell", "unit": "个"})  # fmt: skip
        for made in means.put(store, [bags], by="li", now_ms=now):
            means.move(store, Moved(made, "receive", 12_000, "receive-0001"), by="li", now_ms=now)
        start = (now + 8 * 3_600_000) // 86_400_000 * 86_400_000 - 8 * 3_600_000
        stretch = [(person, start + day * 86_400_000 + begin * 3_600_000) for day in range(-6, 7) for begin in (8, 16)
                   for person in ("duty", "leader")]  # fmt: skip
        shifts = [
            roster.Shift("", person, person, "区应急指挥中心三防值班席", at, at + 7 * 3_600_000)
            for person, at in stretch
        ]
        with store.read() as unit:
            known = roster.between(unit, 0, 2**53)
        free = [each for each in shifts if not any(one.person == each.person and one.start_ms < each.end_ms
                and each.start_ms < one.end_ms for one in known)]  # fmt: skip
        roster.put(store, free, by="li", now_ms=now)
    store.close()


def test_markup_in_posts_notes_handovers_and_names_of_means_is_text(centre: Centre, duty: BrowserContext) -> None:
    store, now = Store(f"sqlite:///{centre.home}/ioc.sqlite3"), real_ms()
    midnight = (now + 8 * HOUR) // (24 * HOUR) * 24 * HOUR - 8 * HOUR
    shifts = [
        roster.Shift("", "leader", "leader", payload[:64], midnight + at * HOUR, midnight + (at + 1) * HOUR, payload)
        for at, payload in enumerate(CORPUS)
    ]
    roster.put(store, shifts, by="li", now_ms=now)
    for payload in CORPUS:
        roster.hand_over(store, "leader", payload, world="live", by="duty", now_ms=now)
    named: dict[str, Any] = {"sort": "", "region": "440303003", "lon": 114.12, "lat": 22.55, "planned": 9, "least": 1}
    items = [
        Means(id="", kind=kind, zh=payload[:60], en=payload[:60], unit=payload[:8], place=payload[:60], **named)
        for payload in CORPUS for kind in ("supply", "shelter")
    ]  # fmt: skip
    for at, made in enumerate(means.put(store, items, by="li", now_ms=now)):
        movement = "receive" if items[at].kind == "supply" else "admit"
        means.move(store, Moved(made, movement, 1, f"markup-{at:04}", CORPUS[0]), by="li", now_ms=now)
    store.close()
    for path, place in (("", ".roster-week"), ("?tab=supply", ".means-row"), ("?tab=shelter", ".means-row")):
        page, wrong = opened(duty, centre, f"/roster{path}")
        expect(page.locator(place).first).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("<img src=x").first).to_be_attached(timeout=SLOW)
        assert (page.evaluate("window.hacked"), page.evaluate(MADE), wrong) == (None, [], [])
        page.close()
