"""How busy the main thread of a page is: its tasks in a trace of Chromium, by CPU time and by the clock."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Browser, Page

LONG_MS = 50.0


@dataclass(frozen=True)
class Busy:
    """`share`: CPU of the main thread, percent of a core; `longest_ms`, `long`: of the tasks in CPU time, those over 50
    ms; `by_clock` the same counted by the clock, waiting for a core included."""

    share: float
    longest_ms: float
    long: int
    tasks: int
    by_clock: int


def watch(browser: Browser, page: Page, seconds: float) -> Busy:
    """Trace the page for so long."""
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline", "__metadata"])
    page.wait_for_timeout(1000 * seconds)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {(each["pid"], each["tid"]) for each in events
             if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"}  # fmt: skip
    tasks: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for each in events:
        thread = each["pid"], each["tid"]
        if each["name"].endswith("RunTask") and each.get("ph") == "X" and thread in mains:
            tasks[thread].append((each.get("tdur", each["dur"]) / 1000, each["dur"] / 1000))
    found = np.array(max(tasks.values(), key=lambda each: sum(cpu for cpu, _ in each)))
    cpu, clock = found[:, 0], found[:, 1]
    return Busy(
        float(cpu.sum() / seconds / 10), float(cpu.max()), int((cpu > LONG_MS).sum()), len(cpu),
        int((clock > LONG_MS).sum()),
    )  # fmt: skip
