"""Whether people who see or stand less can use the pages: the rules of axe-core, and no motion for who wants none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import ROOT, Centre
from tests.journeys import scripted
from tests.journeys.scripted import WALLS, Script

pytestmark = pytest.mark.journey

AXE = ROOT / ".make" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
LEADER = ["/", "/wall", *(f"/wall/{scene}" for scene in WALLS), "/map", "/coverage", "/indicator/T1", "/evaluation"]
DUTY = ["/duty", "/cases", "/roster", "/plans", "/plans/flood"]
SYSADMIN = ["/admin", "/screens", "/links", "/regions"]  # who manages sees every control
STRANGER = ["/sign-in", "/enrol"]
ENGLISH = [
    "/",
    "/duty",
    "/wall",
    "/indicator/T1",
    "/screens",
    "/sign-in",
    "/roster",
    "/plans",
    "/admin",
    "/evaluation",
]  # one page of each kind: the rules know no language
WHO = {
    path: who
    for who, paths in (("leader", LEADER), ("duty", DUTY), ("sysadmin", SYSADMIN), ("", STRANGER))
    for path in paths
}
# Best practices are advice, not rules; the rest are the levels A and AA of WCAG 2.2.
RUN = """async () => {
  const said = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] });
  return said.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} ${(node.any[0] || node.all[0] || node.none[0] || {}).message || ""}`));
}"""  # noqa: E501
MOVING = """() => {
  const spans = (text) => text.split(",").some((each) => parseFloat(each) > 0);
  const out = document.getAnimations().filter((each) => each.playState === "running" && each.effect.getComputedTiming().duration > 0).map((each) => `runs ${each.animationName || each.transitionProperty}`);
  for (const element of document.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    if (spans(style.transitionDuration) || (style.animationName !== "none" && spans(style.animationDuration))) out.push(`may move: ${element.tagName}.${element.className}#${element.id}`);
  }
  return [...new Set(out)];
}"""  # noqa: E501


@pytest.fixture(scope="module")
def pages(centre: Centre, browser: Browser) -> Iterator[dict[str, Page]]:
    """A page of each visitor, in the worst rain, so that every colour of a level is on it; motion is not wanted."""
    made: dict[str, Page] = {}
    contexts: list[BrowserContext] = []
    for who in ("leader", "duty", "sysadmin", ""):
        contexts.append(browser.new_context(reduced_motion="reduce", viewport={"width": 1920, "height": 1080}))
        if who:
            entrance = contexts[-1].new_page()
            entrance.goto(centre.links()[who])
            entrance.close()
        made[who] = scripted.scripted(contexts[-1], Script(worst="red", response=3))
    yield made
    for context in contexts:
        context.close()


def shown(page: Page, centre: Centre, path: str, lang: str) -> None:
    page.goto(f"{centre.url}{path}?lang={lang}")
    page.wait_for_function("() => document.querySelector('h1') && !document.querySelector('._dash-loading')")
    if path.startswith("/wall"):
        scripted.told(page)
        scripted.settled(page)


@pytest.mark.parametrize(("path", "lang"), [*((path, "zh") for path in WHO), *((path, "en") for path in ENGLISH)])
def test_no_rule_is_broken_and_nothing_moves_for_who_asks_for_no_motion(
    pages: dict[str, Page], centre: Centre, path: str, lang: str
) -> None:
    page = pages[WHO[path]]
    shown(page, centre, path, lang)
    assert page.evaluate(MOVING) == []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(RUN)
    assert found == []


def test_no_rule_is_broken_on_an_incident_nor_in_the_dialogs_of_the_desk(
    pages: dict[str, Page], centre: Centre
) -> None:
    store = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    what = Received(
        "incident", "翠竹路树倒压车", real_ms(), level=3, lon=114.13, lat=22.56, facts={"address": "翠竹路"}
    )
    found = dossiers.receive(store, handling().cycles["incident"], what, by="wang", now_ms=real_ms())
    store.close()
    page = pages["duty"]
    for path, keys in ((f"/incident/{found.id}", " umld?"), (f"/duty?incident={found.id}", " tsn")):
        page.goto(f"{centre.url}{path}")
        page.wait_for_selector("#tool-docx", timeout=20_000)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(500)  # a dialog may ask the server for what it shows
            assert (key, page.evaluate(RUN)) == (key, [])
            page.keyboard.press("Escape")
    for path, stands in ((f"/incident/{found.id}", "#tool-docx"), (f"/review/{found.id}", "#review-add form")):
        page.goto(f"{centre.url}{path}?lang=en")
        page.wait_for_selector(stands, timeout=20_000)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert (path, page.evaluate(RUN)) == (path, [])


def test_the_rules_see_a_picture_without_words_grey_on_grey_and_a_motion(pages: dict[str, Page]) -> None:
    page = pages[""]
    page.goto("about:blank")
    page.set_content(
        "<html lang=zh><title>t</title><main><h1>t</h1><img src=''><p style='color:#999;background:#aaa'>grey</p>"
        "<p style='transition:color 1s'>moves</p></main>"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert {rule.split(":")[0] for rule in page.evaluate(RUN)} == {"image-alt", "color-contrast"}
    assert page.evaluate(MOVING) == ["may move: P.#"]


def test_the_map_stays_where_it_is_let_go(pages: dict[str, Page], centre: Centre) -> None:
    page = pages["leader"]
    shown(page, centre, "/map", "zh")
    page.wait_for_function("() => window.ioc && ioc.layers && ioc.layers.map()")
    where = "() => ioc.layers.map().getCenter().toString()"
    before = page.evaluate(where)
    page.mouse.move(900, 500)
    page.mouse.down()
    page.mouse.move(500, 700, steps=4)
    page.mouse.up()
    left = page.evaluate(where)
    assert left != before
    page.wait_for_timeout(400)
    assert page.evaluate(where) == left
