"""The duty desk with 500 open incidents: how long until its queue stands, and how long a change takes to stand on it.

A change is timed from the moment that its step carries, which is before its transaction, to the DOM of a desk; the
queue from the beginning of the navigation, beside a plain page of the same server.
"""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
from playwright.sync_api import Page

from benchmarks.browser import centre_and_browser, signed_in
from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import Centre

OPEN = 500
LOADS = 7
CHANGES = 40
STANDS = """wanted => {
  window.stands = null;
  const look = () => { if (window.stands === null && document.querySelectorAll(wanted).length) window.stands = performance.now(); };
  new MutationObserver(look).observe(document, {subtree: true, childList: true});
}"""  # noqa: E501 - a script of the page
WATCH = """() => {
  window.seen = {};
  const note = (line) => { const key = `${line.dataset.key} ${line.dataset.version}`; window.seen[key] = window.seen[key] || Date.now(); };
  new MutationObserver((all) => all.forEach((each) => { if (each.target.dataset && each.target.dataset.version) note(each.target); }))
    .observe(document.getElementById("desk-rows"), {subtree: true, attributes: true, attributeFilter: ["data-version"]});
}"""  # noqa: E501 - a script of the page


def fill(centre: Centre) -> list[dossiers.Dossier]:
    """OPEN incidents of the last hour, of all levels."""
    draw = random.Random(7)
    store, cycle = Store(f"sqlite:///{centre.home}/ioc.sqlite3"), handling().cycles["incident"]
    made = []
    for number in range(OPEN):
        at = real_ms() - draw.randrange(3_600_000)
        what = Received("incident", f"事件 {number}", at, level=1 + number % 4, region="440303003", class_="natural")
        made.append(dossiers.receive(store, cycle, what, by="bench", now_ms=at))
    store.close()
    return made


def loads(page: Page, address: str, wanted: str) -> list[float]:
    """Milliseconds from navigation until it stands, of several loads."""
    page.add_init_script(f"({STANDS})({json.dumps(wanted)})")
    found = []
    for _ in range(LOADS):
        page.goto(address)
        page.wait_for_function("() => window.stands !== null", timeout=60_000)
        found.append(float(page.evaluate("window.stands")))
    return found


def change(centre: Centre, made: list[dossiers.Dossier], page: Page) -> list[float]:
    """Another officer extends what stands on the queue, one after the other, over HTTP; ms until it is seen."""
    page.wait_for_function("() => document.documentElement.dataset.path === 'ok' && ioc.state.seq.size", timeout=60_000)
    page.evaluate(WATCH)
    shown = set(page.evaluate("[...document.querySelectorAll('#desk-rows .desk-row')].map((each) => each.dataset.key)"))
    delays = []
    request = page.context.request
    for each in [one for one in made if one.id in shown][:CHANGES]:
        body = {"move": "extend", "version": each.version, "said": {"minutes": 1, "reason": "bench"}}
        answer = request.post(
            f"{centre.url}/api/v1/incidents/{each.id}/moves", data=body, headers={"Origin": centre.url}
        )
        told: Any = answer.json()
        at = told["steps"][-1]["at"]
        key = f"{each.id} {told['row']['version']}"
        page.wait_for_function("key => window.seen[key]", arg=key, timeout=20_000)
        delays.append(float(page.evaluate("key => window.seen[key]", key)) - at)
    return delays


def main() -> None:
    with centre_and_browser() as (centre, browser):
        made = fill(centre)
        plain = loads(signed_in(centre, browser, "duty"), f"{centre.url}/coverage", ".task-rows .task-row")
        page = signed_in(centre, browser, "duty")
        desk = loads(page, f"{centre.url}/duty", "#desk-rows .desk-row")
        print(f"open incidents              {OPEN}")
        print(
            f"desk: the queue stands      first {desk[0]:.0f} ms, then p50 {np.median(desk[1:]):.0f} ms (aim <= 1500)"
        )
        print(f"beside: /coverage stands    first {plain[0]:.0f} ms, then p50 {np.median(plain[1:]):.0f} ms")
        delays = change(centre, made, page)
        p50, p95 = np.percentile(delays, [50, 95])
        print(
            f"a change stands on a desk   p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(delays)}, with its transaction"
            " (aim <= 200)"
        )


if __name__ == "__main__":
    main()
