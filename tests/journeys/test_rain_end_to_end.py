"""A night of rain in Chromium, through the real streams and processes: from a reading to a closed incident."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from ioc.notify.receiver import Receiver
from ioc.queries.audit import verify
from ioc.services.api_tokens import add_token
from ioc.store.message_tables import MessageRow
from ioc.store.plan_tables import PlanRunRow
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.centre import Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

SLOW = 60_000  # ms; of a machine that does much else
POINT = {"water_point": "WP1", "kind": "flood", "zh": "东门老街", "community": "440303003"}
SEND = """async ([path, body]) => {
  const reply = await fetch(path, { method: "POST", credentials: "same-origin",
    headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return [reply.status, await reply.text()];
}"""


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """What reached people outside."""
    return []


@pytest.fixture
def centre(tmp_path: Path, told: list[dict[str, Any]]) -> Iterator[Centre]:
    receiver = Receiver(0, told.append)
    threading.Thread(target=receiver.serve, daemon=True).start()
    home = tmp_path / "var"
    home.mkdir(mode=0o700)
    url = f"http://127.0.0.1:{receiver.port}"
    (home / "channels.toml").write_text(
        f'[channel.trial]\nkind = "im"\nurl = "json://127.0.0.1:{receiver.port}/"\n'
        + "".join(f'[[reach]]\nwho = "{who}:*"\nchannels = ["trial"]\n' for who in ("role", "org", "post", "unit")),
        encoding="utf-8",
    )
    with Centre(home, IOC_SOURCES="cloud", IOC_NOTIFY_ALLOW=url) as one:
        one.start(120)
        yield one
    receiver.close()


@pytest.fixture
def store(centre: Centre) -> Iterator[Store]:
    found = Store(f"sqlite:///{centre.home}/ioc.sqlite3")
    yield found
    found.close()


def feed(centre: Centre, token: str, source: str, rows: list[dict[str, Any]]) -> None:
    asked = urllib.request.Request(
        f"{centre.url}/api/v1/observations/{source}", json.dumps(rows).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(asked, timeout=20) as answer:
        said = json.loads(answer.read())
    assert (said["accepted"], said["rejected"]) == (len(rows), 0), said


def opened(browser: Browser, centre: Centre, role: str, path: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    page = context.new_page()
    page.goto(centre.links()[role])
    page.goto(centre.url + path)
    return context, page


def send(page: Page, path: str, body: dict[str, Any]) -> Any:
    status, text = page.evaluate(SEND, [path, body])
    assert status == 200, (path, text)
    return json.loads(text)


def move(page: Page, incident: str, name: str, **said: Any) -> None:
    version = page.evaluate(f"fetch('/api/v1/incidents/{incident}').then((r) => r.json()).then((r) => r.row.version)")
    send(page, f"/api/v1/incidents/{incident}/moves", {"move": name, "version": version, "said": said})


def test_from_a_reading_to_a_closed_incident(
    centre: Centre, store: Store, browser: Browser, told: list[dict[str, Any]]
) -> None:
    wrong: list[str] = []
    leader_context, wall = opened(browser, centre, "leader", "/wall?screen=main")
    officer_context, officer = opened(browser, centre, "duty", "/duty")
    officer.on("pageerror", lambda error: wrong.append(str(error)))
    # signal: the water rises by 3 cm a minute at a point that floods easily
    token = add_token(store, "rain", real_ms(), feeds=["water", "water_point"], origin="simulated")[1]
    begin = real_ms() // 60_000 * 60_000 - 12 * 60_000
    feed(centre, token, "water_point", [POINT | {"changed_at": begin - 60_000}])
    rows = [{"time": begin + n * 20_000, "water_point": "WP1", "depth_cm": n + 2} for n in range(36)]
    feed(centre, token, "water", rows)
    # alarm -> incident
    card = officer.locator(".alarm-card").filter(has_text="积水深度").first
    expect(card).to_be_visible(timeout=2 * SLOW)
    card.locator("button", has_text="立为事件").click()
    # -> plan by rule, its first step done by the keyboard
    expect(officer.locator("#plan [data-step=verify] .plan-open")).to_be_visible(timeout=SLOW)
    with store.read() as unit:
        run = unit.scalars(select(PlanRunRow)).one()
    incident = str(run.dossier_id)
    assert (run.plan_id, run.cause) == ("flood", "incident")
    officer.locator("#plan [data-step=verify] .plan-open").focus()
    officer.keyboard.press("Enter")
    for text in ("38", "2", "东门老街"):
        officer.keyboard.type(text)
        officer.keyboard.press("Tab")
    officer.keyboard.press("Shift+Tab")
    officer.keyboard.press("Enter")
    expect(officer.locator("#plan [data-step=verify]")).to_have_class(re.compile("is-done"), timeout=SLOW)
    # -> orders outside, and their receipts end the steps
    wait_until(
        lambda: {"排涝力量出动", "封闭积水路段"} <= {each["title"].split("：")[0] for each in told}, "orders", 90
    )
    with store.read() as unit:
        asked = unit.execute(
            select(MessageRow.id, MessageRow.recipient).where(MessageRow.cause.startswith(f"plan:{run.id}:"))
        ).all()
    for name, recipient in asked:
        if recipient.startswith("org:"):
            send(officer, f"/messages/{name}/answer", {})
    for step in ("drain", "close_road"):
        expect(officer.locator(f"#plan [data-step={step}]")).to_have_class(re.compile("is-done"), timeout=SLOW)
    # -> the wall follows
    wall.wait_for_url(re.compile(r"/wall/emergency\?screen=main"), timeout=SLOW)
    # -> the response level is raised by who has the authority
    body = {"act": "start", "level": 1, "why": "积水 38 cm", "version": 0, "world": "live", "dossier": incident}
    send(wall, "/responses/flood", body)
    expect(officer.locator("#plan [data-step=respond]")).to_have_class(re.compile("is-done"), timeout=SLOW)
    # -> closed: the run ends, the walls are free
    move(officer, incident, "verify", **{"class": "natural", "level": 2})
    move(officer, incident, "dispatch", units=["排涝一队"])
    move(officer, incident, "arrive", unit="排涝一队")
    move(officer, incident, "control", report="积水已退")
    move(officer, incident, "close", report="恢复通行")
    expect(officer.locator("#plan .plan-open")).to_have_count(0, timeout=SLOW)
    move(officer, incident, "review", report="增设一台泵车")
    with store.read() as unit:
        assert unit.scalars(select(PlanRunRow.phase)).all() == ["cancelled"]
        causes = unit.execute(select(MessageRow.cause, MessageRow.recipient)).all()
    assert len(causes) == len(set(causes))
    assert (wrong, verify(store)[1]) == ([], [])
    for context in (leader_context, officer_context):
        context.close()
