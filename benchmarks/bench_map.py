"""The map beside a bare canvas loop: 20,000 points of which 1,000 a second move, at 1920x1080 in one Chromium run.

Both draw every point at each of 5 and of 60 frames a second's worth of moves; the ratio of their times is what matters.
The bare loop walks through two arrays and copies one picture; the map takes the gateway's frames, looks up who moved,
projects, sorts out levels, keeps what a hit test needs and places labels.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.browser import centre_and_browser, signed_in

POINTS, MOVES_A_SECOND, FRAMES, ROUNDS = 20_000, 1_000, 60, 3
SCRIPT = (Path(__file__).parent / "map_bare.js").read_text(encoding="utf-8")


def main() -> None:
    """Print the time of a frame of each, and their ratio."""
    with centre_and_browser() as (centre, browser):
        page = signed_in(centre, browser, "leader")
        page.goto(f"{centre.url}/map?layers=none")
        while not page.evaluate("Boolean(window.ioc && ioc.layers && ioc.layers.canvas())"):
            time.sleep(0.2)
        page.wait_for_timeout(2_000)
        page.evaluate(SCRIPT)
        for rate in (5, 60):
            compare(page, rate)


def compare(page: Page, rate: int) -> None:
    """One line for `rate` frames a second, each with its share of the moves; the two take turns."""
    moves = MOVES_A_SECOND // rate
    bare: list[float] = []
    whole: list[float] = []
    for _ in range(ROUNDS):
        bare += page.evaluate("([p, m, f]) => bareMap(p, m, f)", [POINTS, moves, FRAMES])
        found = page.evaluate("([p, m, f]) => wholeMap(p, m, f)", [POINTS, moves, FRAMES])
        whole += found["times"]
        if found["drawn"] < 0.99 * POINTS:
            raise SystemExit(f"the map drew {found['drawn']} of {POINTS} points")
    floor, map_ = float(np.median(bare)), float(np.median(whole))
    busy = 100 * map_ * rate / 1000
    print(
        f"{rate:3d} frames/s of {moves:4d} moves   map {map_:6.2f} ms a frame, bare loop {floor:6.2f} ms: "
        f"{map_ / floor:4.2f} x (aim <= 1.5); p95 {np.percentile(whole, 95):.1f} ms; main thread {busy:.0f} %"
    )


if __name__ == "__main__":
    main()
