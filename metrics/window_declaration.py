"""Reading a window: that of an indicator, or one that a measure has of its own."""

from __future__ import annotations

from math import gcd
from typing import Any

from metrics.declaration import Table
from metrics.declared_key import WINDOWS
from metrics.vocabulary import keys
from metrics.window import DAY_MS, Window, parse_duration

_KEYS_OF = {"tumbling": ("size",), "sliding": ("size", "every"), "now": ("every", "max_age"), "all": ("every",)}


def read_window(owner: Table) -> Window | None:
    """The window of an indicator; None if it has a fault."""
    table = owner.table("window", keys("window"))
    if table is None:
        owner.missing("window")
        return None
    kind = table.choice("kind", WINDOWS, required=True)
    if not kind or not _own_keys_only(table, kind):
        return None
    if kind == "tumbling":
        return _tumbling(table)
    every = _every(table)
    if "every" not in table:
        table.missing("every")
    size = _size(table) if kind == "sliding" else 0
    if every is None or size is None:
        return None
    if kind == "sliding" and size % every:
        table.fault("size", "window", "a sliding size is a multiple of every", zh="sliding 的 size 须是 every 的整数倍")
        return None
    return _built(table, kind, size, every)


def read_own_window(owner: Table, of_indicator: Window | None) -> Window | None:
    """The window of a measure, which shares `end` with that of its indicator; None if absent or wrong."""
    table = owner.table("window", keys("window"))
    if table is None:
        return None
    kind = table.choice("kind", WINDOWS, required=True)
    if kind == "tumbling":
        en = "a measure may have a window sliding, to-date, now or all"
        table.fault("kind", "window", en, zh="度量自己的窗口只能是 sliding、*_to_date、now、all")
        return None
    if not kind or not _own_keys_only(table, kind):
        return None
    every, size = _every(table), _size(table) if kind == "sliding" else 0
    grid = of_indicator.every_ms if of_indicator is not None else 0
    if "every" in table and every is not None and of_indicator is not None and every != grid:
        en = "a measure shares the grid of its indicator"
        table.fault("every", "window", en, zh="度量与其指标共用时间格")
        return None
    if size is None or ("every" in table and every is None):
        return None
    if every is not None and kind == "sliding" and size % every:
        table.fault("size", "window", "a sliding size is a multiple of every", zh="sliding 的 size 须是 every 的整数倍")
        return None
    if kind == "sliding":
        # Panes of this length divide its ends as well as its size; the grid of its ends is the indicator's.
        return Window("sliding", size, gcd(size, grid or DAY_MS))
    return _built(table, kind, 0, grid or DAY_MS)


def _built(table: Table, kind: str, size: int, every: int) -> Window | None:
    if kind == "sliding":
        return Window.sliding(size, every)
    if kind == "all":
        return Window.all(every)
    if kind == "now":
        oldest = table.duration("max_age")
        if oldest == 0:
            table.fault("max_age", "window", "max_age is longer than 0", zh="max_age 须大于 0")
            return None
        return Window.now(every, oldest)
    period: Any = kind.removesuffix("_to_date")
    return Window.to_date(period, every)


def _tumbling(table: Table) -> Window | None:
    if table.raw.get("size") in ("1mo", "1y"):
        return Window("tumbling", 0, 0, "month" if table.raw["size"] == "1mo" else "year")
    size = _size(table)
    if size is None:
        return None
    try:
        return Window.tumbling(size)
    except ValueError as error:
        table.fault("size", "window", str(error), zh="tumbling 的 size 须整除一天，或为 1d、1w、1mo、1y")
        return None


def _size(table: Table) -> int | None:
    text = table.text("size", required=True)
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        table.fault("size", "literal", str(error), zh=f"{text!r} 不是时长，例如 5m、2h、7d")
        return None


def _every(table: Table) -> int | None:
    every = table.duration("every")
    if every is not None and (every <= 0 or DAY_MS % every):
        table.fault("every", "window", "every divides one day", zh="every 须整除一天")
        return None
    return every


def _own_keys_only(table: Table, kind: str) -> bool:
    """Whether the keys fit the kind."""
    fine = True
    for key in ("size", "every", "max_age"):
        if key in table and key not in _KEYS_OF.get(kind, ("every",)):
            table.fault(key, "window", f"a {kind} window has no {key}", zh=f"{kind} 窗口没有 {key}")
            fine = False
    return fine
