"""A centre and a Chromium of the benchmark's own, and what the first load of a page of it weighs."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.centre import Centre

FULL_HD = (1920, 1080)
LIVE = (
    "() => document.documentElement.dataset.path === 'ok' && ioc.state.settings.length"
    " && ioc.state.settings.every((each) => ioc.come(each))"
)


@contextmanager
def centre_and_browser(sources: str = "cloud") -> Iterator[tuple[Centre, Browser]]:
    """Both are gone afterwards."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory(prefix="ioc-") as home,
        sync_playwright() as playwright,
        Centre(Path(home) / "var", IOC_SOURCES=sources) as centre,
    ):
        centre.start(timeout_s=180)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield centre, browser
        finally:
            browser.close()


def signed_in(
    centre: Centre, browser: Browser, who: str, size: tuple[int, int] = FULL_HD, *, foreign: bool = False
) -> Page:
    """An empty page of somebody who is signed in, in a context of its own. A link is for once: the session is kept.

    `foreign`: on this page scripts run that are not of the product.
    """
    kept = centre.home.parent / f"{who}.json"
    if not kept.exists():
        first = browser.new_page()
        first.goto(centre.links()[who])
        first.context.storage_state(path=kept)
        first.context.close()
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, storage_state=kept, bypass_csp=foreign
    )
    return context.new_page()


@dataclass
class FirstLoad:
    """What a browser that knew nothing was sent, in bytes by kind (`Socket`: frames), how many answers, which hosts but
    our own were asked, the seconds until every number was live, and those of the main thread's CPU until then."""

    sizes: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    foreign: list[str] = field(default_factory=list)
    live_s: float = 0.0
    busy_s: float = 0.0

    @property
    def megabytes(self) -> float:
        return sum(self.sizes.values()) / 1e6


def first_load(page: Page, url: str, path: str) -> FirstLoad:
    """Load a page with an empty cache, until it is live and the network is still."""
    found, kinds = FirstLoad(), dict[str, str]()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def answered(event: dict[str, Any]) -> None:
        kinds[event["requestId"]] = event["type"]
        if not event["response"]["url"].startswith((url, "data:", "blob:", "ws:")):
            found.foreign.append(event["response"]["url"])

    def finished(event: dict[str, Any]) -> None:
        found.sizes[kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])
        found.answers += 1

    def heard(event: dict[str, Any]) -> None:
        said = event["response"]["payloadData"]
        if '"op":"delta"' not in said[:40]:  # what changes afterwards is no load
            found.sizes["Socket"] += len(said.encode())

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    session.on("Network.webSocketFrameReceived", heard)
    began = time.perf_counter()
    page.goto(url + path, wait_until="commit")
    page.wait_for_function(f"() => window.ioc && ioc.state && ({LIVE})()", timeout=120_000)
    found.live_s = time.perf_counter() - began
    spent = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    found.busy_s = spent["TaskDuration"]
    session.remove_listener("Network.webSocketFrameReceived", heard)
    page.wait_for_load_state("networkidle")
    session.detach()
    return found
