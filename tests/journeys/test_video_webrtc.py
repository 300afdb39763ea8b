"""WebRTC by WHEP against a scripted media server: refused, then answered, hung up, asked for again, and ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.conftest import wait_until

pytestmark = pytest.mark.journey
ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("marks.js", "video_state.js", "video_whep.js", "video_players.js")
ADDRESS = "http://media.test/whep/cam1"
BEGIN = """(url) => {
  window.ioc.realNow = () => Date.now();
  window.ioc.english = () => false;
  window.noticed = { seen: 0, failed: 0 };
  const stage = document.body.appendChild(document.createElement("div"));
  const report = { seen: () => { noticed.seen += 1; }, failed: () => { noticed.failed += 1; }, answered: () => {} };
  window.player = ioc.videoPlayers.webrtc(stage, { url }, report);
}"""


class Server:
    """Notes what is asked; `refuses` that many offers first."""

    def __init__(self, peer: Page, refuses: int) -> None:
        self.peer, self.refuses = peer, refuses
        self.asked: list[tuple[str, str]] = []

    def answer(self, route: Route) -> None:
        request = route.request
        self.asked.append((request.method, request.url))
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Location"}
        if request.method == "DELETE":
            route.fulfill(status=200, headers=headers)
        elif self.refuses:
            self.refuses -= 1
            route.fulfill(status=503, headers=headers)
        else:
            assert request.headers["content-type"] == "application/sdp"
            answer = self.peer.evaluate("(offer) => scriptedPeer.answer(offer)", request.post_data)
            route.fulfill(status=201, headers={**headers, "Location": "/whep/cam1/session"}, body=answer)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.route("http://page.test/", lambda route: route.fulfill(content_type="text/html", body="<body></body>"))
    page.goto("http://page.test/")
    for name in SCRIPTS:
        page.evaluate((ROOT / "assets" / name).read_text(encoding="utf-8"))
    yield page
    context.close()


@pytest.fixture
def peer(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.evaluate((Path(__file__).parent / "scripted_peer.js").read_text(encoding="utf-8"))
    yield page
    page.close()


def noticed(page: Page, what: str) -> int:
    """What the player reported, counted. The page is asked, so that its routes are answered meanwhile."""
    page.wait_for_timeout(50)
    found: Any = page.evaluate("(what) => noticed[what]", what)
    return int(found)


def test_a_stream_that_is_refused_is_asked_for_again_plays_is_lost_and_comes_back(page: Page, peer: Page) -> None:
    server = Server(peer, refuses=1)
    page.route("http://media.test/**", server.answer)
    page.evaluate(BEGIN, ADDRESS)
    wait_until(lambda: noticed(page, "failed") == 1, "the refusal is reported")
    wait_until(lambda: noticed(page, "seen") > 1, "pictures come", 30)
    assert [method for method, _ in server.asked] == ["POST", "POST"]
    peer.evaluate("scriptedPeer.hangUp()")
    wait_until(lambda: noticed(page, "failed") == 2, "the end of the stream is reported", 40)
    ended = ("DELETE", "http://media.test/whep/cam1/session")
    wait_until(lambda: noticed(page, "seen") >= 0 and ended in server.asked, "the lost session is ended")
    before = noticed(page, "seen")
    wait_until(lambda: noticed(page, "seen") > before + 1, "pictures come again", 40)
    page.evaluate("player.stop()")
    wait_until(lambda: noticed(page, "seen") >= 0 and server.asked[-1][0] == "DELETE", "the session is ended")
    assert page.evaluate("document.querySelectorAll('video, canvas').length") == 0
