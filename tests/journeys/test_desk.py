"""The duty desk in Chromium: by keys from a new incident to dispatched, live on a second desk, and who was faster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ioc.packs.handling import handling
from ioc.services import dossiers, orders
from ioc.services.alarm_intake import take
from ioc.services.dossiers import Received
from ioc.services.orders import Order
from ioc.store.position_table import StreamPositionRow
from ioc.store.unit import Store
from metrics import keys
from metrics.clock import real_ms
from metrics.whereabouts_row import Row
from tests.centre import Centre
from tests.ioc.services.alarming import RULES, event

pytestmark = pytest.mark.journey

CYCLE = handling().cycles["incident"]
SLOW = 20_000  # ms; of a machine that does much else


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with Centre(tmp_path_factory.mktemp("centre") / "var", IOC_SOURCES="cloud") as one:
        one.start()
        yield one


@pytest.fixture(scope="module")
def desks(centre: Centre, browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """An officer's browser and a leader's."""
    made = {role: browser.new_context(viewport={"width": 1920, "height": 1080}) for role in ("duty", "leader")}
    for role, context in made.items():
        page = context.new_page()
        page.goto(centre.links()[role])
        page.close()
    yield made
    for context in made.values():
        context.close()


def store(centre: Centre) -> Store:
    return Store(f"sqlite:///{centre.home}/ioc.sqlite3")


def opened(page: Page, centre: Centre, path: str = "/duty") -> list[str]:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(centre.url + path)
    expect(page.locator("#mode")).not_to_have_text("正在连接", timeout=SLOW)
    return wrong


def test_by_keys_from_a_new_incident_to_dispatched_and_a_second_desk_sees_it_live(
    centre: Centre, desks: dict[str, BrowserContext]
) -> None:
    officer, leader = desks["duty"].new_page(), desks["leader"].new_page()
    wrong = [opened(officer, centre), opened(leader, centre)]
    expect(leader.locator("#desk-empty")).to_have_text("没有未结的事件和案卷", timeout=SLOW)
    expect(leader.locator("#desk-new")).to_have_count(0)
    officer.keyboard.press("n")
    expect(officer.locator("#desk-new [required]")).to_have_count(1)  # one field, two with a place: well within 20 s
    officer.keyboard.type("翠竹路树倒压车")
    officer.keyboard.press("Enter")
    expect(officer.locator(".dossier-title h2")).to_have_text("翠竹路树倒压车", timeout=SLOW)
    row = leader.locator("#desk-rows .desk-row")
    expect(row.locator(".of-title b")).to_have_text("翠竹路树倒压车", timeout=SLOW)
    expect(row.locator(".of-stage")).to_have_text("接报")
    officer.keyboard.press("Enter")  # what comes next: verify
    officer.locator("[data-said=class]").select_option("accident")
    officer.locator("[data-said=level]").select_option("3")
    officer.locator("[data-said=level]").press("Enter")
    expect(row.locator(".of-stage")).to_have_text("核实", timeout=SLOW)
    expect(row.locator(".chip")).to_have_text("橙")
    officer.locator("#desk-rows .desk-row").focus()
    officer.keyboard.press("d")
    officer.keyboard.type("消防02")
    officer.keyboard.press("Enter")
    expect(row.locator(".of-stage")).to_have_text("派遣", timeout=SLOW)
    expect(leader.locator("#dossier-steps li")).to_have_count(4, timeout=SLOW)
    expect(leader.locator("#dossier-moves button")).to_have_count(0)
    assert wrong == [[], []]
    officer.close()
    leader.close()


def test_who_is_slower_is_told_who_was_faster_and_keeps_what_was_typed(
    centre: Centre, desks: dict[str, BrowserContext]
) -> None:
    desk = store(centre)
    found = dossiers.receive(desk, CYCLE, Received("incident", "东门积水", real_ms()), by="wang", now_ms=real_ms())
    page = desks["duty"].new_page()
    wrong = opened(page, centre, f"/incident/{found.id}")
    page.locator("[data-move=void]").click(timeout=SLOW)
    page.locator("[data-said=reason]").fill("现场无积水")
    act(desk, found, "verify", level=2, **{"class": "natural"})
    # nobody tells this page, so that it is the server that refuses
    page.locator("[data-said=reason]").press("Enter")
    expect(page.locator("#dossier-faster")).to_contain_text("wang", timeout=SLOW)
    expect(page.locator("#dossier-faster")).to_contain_text("您填写的内容仍在")
    expect(page.locator("[data-said=reason]")).to_have_value("现场无积水")
    page.locator("[data-said=reason]").press("Enter")
    expect(page.locator(".ladder .is-now b")).to_have_text("误报", timeout=SLOW)
    assert wrong == []
    desk.close()
    page.close()


def test_markup_in_every_field_of_an_incident_is_text_everywhere(
    centre: Centre, desks: dict[str, BrowserContext]
) -> None:
    markup = '<img src=x onerror="window.hacked=1"><svg onload=window.hacked=1>'
    desk = store(centre)
    facts = {"address": markup, "text": markup, "caller": markup}
    what = Received("incident", markup, real_ms(), lon=114.12, lat=22.55, facts=facts)
    found = dossiers.receive(desk, CYCLE, what, by="wang", now_ms=real_ms())
    act(desk, found, "hold", reason=markup)
    dossiers.receive(desk, CYCLE, what, by="wang", now_ms=real_ms())  # the same again: proposed with its title
    orders.send(
        desk, handling(), Order(markup, ["duty"], "markup-0001", markup, True, found.id), by="x", now_ms=real_ms()
    )
    page = desks["duty"].new_page()
    for path, dialogs in (("/cases", ""), (f"/duty?incident={found.id}", "umlst"), (f"/incident/{found.id}", "uml")):
        page.goto(centre.url + path)
        expect(page.get_by_text("<img src=x").first).to_be_visible(timeout=SLOW)
        if dialogs:
            expect(page.locator("#dossier-around b").first).to_contain_text("<img src=x", timeout=SLOW)
            expect(page.locator("#dossier-notices")).to_contain_text("<img src=x", timeout=SLOW)
        for key in dialogs:
            page.keyboard.press(key)
            if key in "uml":
                expect(page.locator("#desk-box h2")).to_be_visible(timeout=SLOW)
            page.keyboard.press("Escape")
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("img[src='x']").count() == 0, path
    desk.close()
    page.close()


@pytest.mark.parametrize("size", [(1920, 1080), (1180, 820)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_of_the_desk_is_hidden_or_lies_on_another(
    centre: Centre, desks: dict[str, BrowserContext], size: tuple[int, int]
) -> None:
    desk = store(centre)
    for number in range(12):
        what = Received("incident", f"水贝小区停电 {number} 户，预计 21:58 恢复", real_ms(), level=1 + number % 4,
                        region="440303001", facts={"address": "水贝二路 8 号"})  # fmt: skip
        found = dossiers.receive(desk, CYCLE, what, by="wang", now_ms=real_ms())
    page = desks["duty"].new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(path=Path(__file__).with_name("wall_checks.js"))
    for path in ("/cases", "/duty", f"/incident/{found.id}"):
        for lang in ("", "?lang=en"):
            page.goto(f"{centre.url}{path}{lang}")
            place = ".of-title b" if path == "/cases" else ".dossier-title h2"
            expect(page.locator(place).first).to_contain_text("户", timeout=SLOW)
            faults = json.dumps(page.evaluate("checks.reading()"), ensure_ascii=False)
            assert faults == "[]", path + lang
    desk.close()
    page.close()


def test_an_alarm_is_dispatched_in_three_actions_with_the_units_that_are_proposed(
    centre: Centre, desks: dict[str, BrowserContext]
) -> None:
    told = {"J1": "fire", "J2": "rescue", "J3": "flood", "J4": "police", "J5": "medical", "J6": "fire", "J7": "warden"}
    for name, kind in told.items():
        row = Row(real_ms(), (1141200000, 225500000), "440303003", kind, hollow=False,
                  shows={"kind": kind, "on_post": True, "ready": True})  # fmt: skip
        centre.redis().hset(keys.engine("live", "where:emergency/units"), name, msgpack.packb(row.plain()))
    desk, at = store(centre), real_ms() + 60_000  # the newest of all red ones, so that it is the first
    with desk.write() as unit:
        place = unit.get(StreamPositionRow, ("live", "alarms"))
        take(unit, RULES, "live", place.life if place else 0, [event("red", at, region="440303003", begun=at)], at)
    page = desks["duty"].new_page()
    wrong = opened(page, centre)
    expect(page.locator("#alarm-cards .alarm-card").first).to_contain_text("东门", timeout=SLOW)
    page.keyboard.press("i")
    expect(page.locator("#dossier-around")).to_contain_text("关联告警", timeout=SLOW)
    page.keyboard.press("d")
    expect(page.locator(".units input:checked")).not_to_have_count(0, timeout=SLOW)
    sent = page.locator("[data-said=units]").input_value().split()
    page.keyboard.press("Enter")
    expect(page.locator(".ladder .is-now b")).to_have_text("派遣", timeout=SLOW)
    assert sent
    assert set(sent) <= set(told)
    assert wrong == []
    desk.close()
    page.close()


def test_duplicates_are_merged_a_message_is_sent_and_a_level_is_started_by_keys(
    centre: Centre, desks: dict[str, BrowserContext]
) -> None:
    desk = store(centre)
    kept, other = (
        dossiers.receive(
            desk, CYCLE, Received("incident", title, real_ms(), region="440303005", lon=114.15, lat=22.57), by="wang",
            now_ms=real_ms(),
        ) for title in ("莲塘口岸旅客滞留", "莲塘口岸有旅客滞留")
    )  # fmt: skip
    officer, leader = desks["duty"].new_page(), desks["leader"].new_page()
    wrong = [opened(officer, centre, f"/incident/{kept.id}"), opened(leader, centre, f"/incident/{kept.id}")]
    expect(officer.locator("#dossier-viewers")).to_be_visible(timeout=SLOW)
    expect(officer.locator("#tool-merge")).to_contain_text("1", timeout=SLOW)
    officer.keyboard.press("u")
    officer.keyboard.press("Enter")
    expect(officer.locator("#dossier-around")).to_contain_text("已并入本件", timeout=SLOW)
    assert dossiers.find(desk, other.id).ended_ms is not None
    officer.keyboard.press("m")
    officer.keyboard.type("请报人数")
    officer.keyboard.press("Enter")
    expect(officer.locator("#dossier-notices")).to_contain_text("莲塘口岸旅客滞留", timeout=SLOW)
    leader.keyboard.press("l")
    leader.locator("#desk-box input").fill("旅客滞留")
    leader.get_by_role("button", name="启动 Ⅳ级").first.click()
    expect(leader.locator("#desk-box .chip")).to_have_count(1, timeout=SLOW)
    expect(leader.get_by_role("button", name="终止")).to_have_count(1)
    assert wrong == [[], []]
    desk.close()
    officer.close()
    leader.close()


def act(desk: Store, found: dossiers.Dossier, move: str, **said: Any) -> None:
    dossiers.act(
        desk, CYCLE, found.id, move, said, version=found.version, permissions=["incident.handle"], by="wang",
        now_ms=real_ms(),
    )  # fmt: skip
