"""The wall with everything on: each number of the overview and 2,000 points change at 2 and 5 Hz, beside a bare page.

Main-thread share and the longest task at 3840x2160 and, with the wall of a scene beside it (8 charts), at 7680x2160;
the first load; from XADD to the pixel meanwhile. `--soak SECONDS`: the heap after collections over so long, and nothing
else. The bare page parses the same frames, writes each number as text and copies each point onto a canvas.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError

from benchmarks.bench_screen import measure
from benchmarks.browser import LIVE, centre_and_browser, first_load, signed_in
from benchmarks.main_thread import Busy, watch
from benchmarks.size import sized
from benchmarks.wall_feed import LAYER, POINTS, Feed
from tests.centre import Centre

SECONDS = sized(8, 20, 60)
PACES = (2.0, 5.0)
WALLS = (("/wall", (3840, 2160)), ("/wall?beside=operations", (7680, 2160)))
BESIDE = (3840, 1600)  # the least of 4K that has room for a scene beside the overview: its roads show the probe
TOPICS = ["live/overview", *(f"live/emergency/{name}" for name in ("incidents", "warnings", "units", "flood_points"))]
BARE = (Path(__file__).parent / "wall_bare.js").read_text(encoding="utf-8")
DRAWN = "() => [...document.querySelectorAll('.plot')].every((e) => !e.clientWidth || e.querySelector('.main-svg'))"
SHOWN = """() => [
  [...document.querySelectorAll(".number")].filter((e) => e.offsetParent && /[0-9]/.test(e.textContent)).length,
  [...document.querySelectorAll(".plot")].filter((e) => e.clientWidth && e.querySelector(".main-svg")).length,
]"""
SAMPLES = 60  # of the heap in a soak
WARM_SHARE = 0.1  # of a soak: what is made once is made by then


def main() -> None:
    with centre_and_browser() as (centre, browser):
        if "--soak" in sys.argv:
            soak(centre, browser, float(sys.argv[sys.argv.index("--soak") + 1]))
            return
        with Feed(centre):
            weigh(centre, browser)
        for path, size in WALLS:
            for pace in PACES:
                with Feed(centre, pace):
                    compare(centre, browser, path, size, pace)
        with Feed(centre):
            page = opened(centre, browser, "/wall?beside=traffic", BESIDE)
            print(f"with everything on at {BESIDE[0]}x{BESIDE[1]}, the wall of a scene beside:")
            measure(page, str(centre.home / "valkey.sock"))
            page.close()


def opened(centre: Centre, browser: Browser, path: str, size: tuple[int, int]) -> Page:
    """A wall that shows it all."""
    page = signed_in(centre, browser, "wall", size)  # a person's session would fall idle in a soak
    page.goto(centre.url + path)
    page.wait_for_function(f"() => window.ioc && ({LIVE})()", timeout=120_000)
    page.wait_for_function(f"() => ioc.layers.all().get('{LAYER.split('/')[1]}').points.n >= {POINTS}", timeout=60_000)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(3_000)
    return page


def bare(centre: Centre, browser: Browser, size: tuple[int, int]) -> Page:
    page = signed_in(centre, browser, "leader", size, foreign=True)
    page.goto(f"{centre.url}/healthz")
    page.evaluate(f"(topics) => {{ {BARE}; return bareWall(topics); }}", TOPICS)
    page.wait_for_function("() => window.seen.size > 50")
    page.wait_for_timeout(1_000)
    return page


def weigh(centre: Centre, browser: Browser) -> None:
    """The first load, twice: what the first visitor waits for is compressed then."""
    for which in ("first visitor", "every other"):
        page = signed_in(centre, browser, "leader", (3840, 2160))
        load = first_load(page, centre.url, "/wall")
        sizes = ", ".join(f"{kind} {size / 1000:.0f} kB" for kind, size in load.sizes.most_common(6))
        print(
            f"first load, {which:13} {load.megabytes:5.2f} MB (aim <= 1.3), live in {load.live_s:4.1f} s (aim <= 2.5;"
            f" {load.busy_s:.1f} s of the main thread);"
            f" {sizes}"
        )
        page.context.close()
    page = signed_in(centre, browser, "leader", (3840, 2160))
    began = time.perf_counter()
    page.goto(f"{centre.url}/reading")
    print(f"a plain page of the same server in {time.perf_counter() - began:.1f} s")
    page.context.close()


def compare(centre: Centre, browser: Browser, path: str, size: tuple[int, int], pace: float) -> None:
    """One line: the wall, the bare page, their ratio."""
    page = opened(centre, browser, path, size)
    shown = page.evaluate(SHOWN)
    whole = watch(browser, page, SECONDS)
    page.context.close()
    page = bare(centre, browser, size)
    floor = watch(browser, page, SECONDS)
    page.context.close()
    print(
        f"{size[0]}x{size[1]} at {pace:g} Hz, {shown[0]} numbers, {shown[1]} charts, {POINTS:,} points: {said(whole)}"
        f" (aim at 2 Hz: <= 30 %, none over 50 ms); bare page {said(floor)}; ratio {whole.share / floor.share:.1f}",
        flush=True,
    )


def said(busy: Busy) -> str:
    long = f"{busy.long} of {busy.tasks} over 50 ms ({busy.by_clock} by the clock)"
    return f"main thread {busy.share:.0f} %, longest task {busy.longest_ms:.0f} ms, {long}"


def soak(centre: Centre, browser: Browser, seconds: float) -> None:
    """The slope of the heap after collections, in percent of its mean an hour."""
    with Feed(centre):
        page = opened(centre, browser, "/wall?beside=traffic", (3840, 2160))  # seconds would fill their lines for hours
        session = page.context.new_cdp_session(page)
        began, at, used, away = time.monotonic(), list[float](), list[float](), 0
        while time.monotonic() - began < seconds:
            page.wait_for_timeout(1000 * seconds / SAMPLES)
            session.send("HeapProfiler.collectGarbage")
            at.append((time.monotonic() - began) / 3600)
            used.append(session.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
            if page.evaluate(f"() => Boolean(window.ioc && ({LIVE})())"):
                continue
            away += 1  # a machine that is busy with others may be late for a moment
            try:
                page.wait_for_function(f"() => window.ioc && ({LIVE})()", timeout=60_000)
            except PlaywrightError as error:
                raise SystemExit(f"after {at[-1] * 60:.0f} min this is no live wall any more: {page.url}") from error
        page.context.close()
    settled = np.array(at) > WARM_SHARE * at[-1]
    hours, heap = np.array(at)[settled], np.array(used)[settled]
    slope = np.polyfit(hours, heap, 1)[0]
    print(f"heap after collections over {seconds / 3600:.2f} h: {heap[0]:.2f} MB, then {heap[-1]:.2f} MB, "
          f"{100 * slope / heap.mean():+.2f} %/h (aim < 1); {away} of {len(at)} looks found it late")  # fmt: skip


if __name__ == "__main__":
    main()
