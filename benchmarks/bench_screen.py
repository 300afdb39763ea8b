"""From XADD to the pixel: how long an observation takes to stand in the DOM; what the first load of the wall weighs.

A probe road is observed once a second with rising speeds, so that its mean after k probes of a window, (k + 1) / 2,
names the probe; a MutationObserver notes when each text stands in the DOM. Meanwhile plain producers feed the others.
"""

from __future__ import annotations

import threading
import time

import numpy as np
import redis
from playwright.sync_api import Page

from benchmarks.browser import centre_and_browser, first_load, signed_in

SECONDS = 40
RATE = 2_000  # plain observations a second beside the probe
STREAM = "ioc:live:{traffic:0}:in"
WINDOW_MS = 300_000
PROBE = "LH001"
WATCH = """road => {
  window.seen = [];
  const spot = () => document.querySelector(`[data-indicator="T2r"][data-dims="road=${road}"]`);
  const note = () => { const at = spot(); if (at) window.seen.push([at.textContent.trim(), Date.now()]); };
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
  return Boolean(spot());
}"""


def feed(socket: str, stop: threading.Event, sent: list[int]) -> None:
    """Plain observations at RATE, in pipelines of 50 ms, each with its own identity."""
    client = redis.Redis(unix_socket_path=socket)
    chunk = RATE // 20
    due = time.monotonic()
    while not stop.is_set():
        now = time.time_ns() // 1_000_000
        pipe = client.pipeline(transaction=False)
        for number in range(chunk):
            road = f"LH{2 + number % 38:03d}"
            pipe.xadd(STREAM, {"t": now + number // 38, "k": road, "speed": f"{20 + number % 30}.5", "vehicles": "5"})
        pipe.execute()
        sent[0] += chunk
        due += 0.05
        stop.wait(max(0.0, due - time.monotonic()))


def probe(socket: str) -> dict[str, int]:
    """One probe a second; returns the text each must lead to and when it was sent (ms)."""
    client = redis.Redis(unix_socket_path=socket)
    sent: dict[str, int] = {}
    window, k, round_ = 0, 0, 0
    for _ in range(SECONDS):
        now = time.time_ns() // 1_000_000
        if now // WINDOW_MS != window:
            window, k, round_ = now // WINDOW_MS, 0, round_ + 1
        k += 1
        if round_ == 1:  # a text names a probe only within one window; the rest would be ambiguous
            sent[f"{(k + 1) / 2:.1f}"] = now
        client.xadd(STREAM, {"t": now, "k": PROBE, "speed": str(k), "vehicles": "1"})
        time.sleep(1.0)
    return sent


def main() -> None:
    with centre_and_browser() as (centre, browser):
        page = signed_in(centre, browser, "wall")
        load = first_load(page, centre.url, "/wall/traffic")
        print(f"first load of the wall      {load.megabytes:6.2f} MB compressed, {load.answers} answers (aim <= 1.3)")
        print(f"requests to other hosts     {len(load.foreign)}")
        measure(page, str(centre.home / "valkey.sock"))


def measure(page: Page, socket: str) -> None:
    while time.time() % 300 > 300 - SECONDS - 5:  # let all probes fall into one window
        time.sleep(1)
    redis.Redis(unix_socket_path=socket).xadd(
        STREAM, {"t": time.time_ns() // 1_000_000 - WINDOW_MS, "k": PROBE, "speed": "9", "vehicles": "1"}
    )
    page.wait_for_selector(f'[data-indicator="T2r"][data-dims="road={PROBE}"]', timeout=15_000)
    page.evaluate(WATCH, PROBE)
    stop, fed = threading.Event(), [0]
    feeder = threading.Thread(target=feed, args=(socket, stop, fed))
    began = time.monotonic()
    feeder.start()
    # the browser runs in a process of its own; this thread only probes
    sent = probe(socket)
    stop.set()
    feeder.join()
    rate = fed[0] / (time.monotonic() - began)
    page.wait_for_timeout(1_500)
    seen: dict[str, int] = {}
    for text, at in page.evaluate("window.seen"):
        seen.setdefault(text, at)
    delays = np.array([seen[text] - at for text, at in sent.items() if text in seen and seen[text] >= at])
    p50, p99 = np.percentile(delays, [50, 99])
    print(f"beside                      {rate:6.0f} plain observations/s")
    named = f"{len(delays)}/{len(sent)} probes (aim p99 <= 1000)"
    print(f"XADD -> DOM                 p50 {p50:.0f} ms, p99 {p99:.0f} ms, {named}")


if __name__ == "__main__":
    main()
