"""Drill: an indicator of a region, what it was then, and which of its parts moved it since.

The number and its parts are those of one complete window; what they are compared with is the nearest complete window
at or before the same time, and says its own end. Nothing is told in place of what the archive does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import redis

from ioc.api.definitions import Definitions, away
from ioc.api.drill_operations import Against, By, Drill, DrillPart, DrillThen
from ioc.api.problem import Problem
from ioc.api.values import MOST_ROWS, Question, ValueReader, instant
from metrics import keys
from metrics.clock import LOCAL_OFFSET_MS
from metrics.contribution import Part, contribution, method_of
from metrics.indicator import Indicator
from metrics.region import Region
from metrics.value_form import unpack_values
from metrics.window import DAY_MS, HOUR_MS

AGAINST: Final[tuple[Against, ...]] = ("1d", "7d", "1y")
MOST_GROUPS: Final = 16
SCAN: Final = 5_000  # lines of one step of a scan
MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class _Cell:
    """A complete value."""

    end: int
    value: float
    samples: int
    quality: str
    level: str | None
    origin: str


class DrillReader:
    """Thread-safe. Raises Problem."""

    def __init__(
        self, client: redis.Redis, values: ValueReader, definitions: Definitions, clock: Callable[[], int]
    ) -> None:
        self._client, self._values, self._definitions, self._clock = client, values, definitions, clock

    def read(self, name: str, world: str, region: str, against: Against, by: By) -> Drill:
        """`region` empty: the whole. `against` of AGAINST; `by`: `region` or `group`."""
        indicator = self._definitions.indicator(name)
        regions = self._definitions.bundle().regions
        if region and region not in regions:
            raise Problem(404, "unknown_region", f"没有区域 {region}。", f"There is no region {region}.",
                          field="region", rule="unknown-name")  # fmt: skip
        code = region or next((each.code for each in regions.values() if not each.parent), "")
        below = [each for each in regions.values() if each.parent == code and each.level in indicator.levels]
        now_ms = self._definitions.world(world).clock.now_ms(self._clock())
        back = max(3 * _step_ms(indicator), 40 * MINUTE_MS)
        places = [code, *([] if region else [""]), *(each.code for each in below)]
        fine = "1m" if back <= 14 * DAY_MS else "1h"
        seen = self._cells(indicator, world, places, now_ms - back, now_ms, step=fine)
        whole = code if code in seen or region else ""
        stands = _newest(seen.get(whole, ()), now_ms)
        if stands is None:
            return Drill(indicator.id, indicator.version, world, code, None, None, 0, "no_data", None, None,
                         indicator.target, [], against, by, "none", [], 0, None, None)  # fmt: skip
        befores = {each: _before(stands.end, each) for each in AGAINST}
        wide = {
            each: self._cells(
                indicator, world, places if each == against else [whole], end - _reach(indicator, each), end
            )
            for each, end in befores.items()
        }
        then = {each: _newest(wide[each].get(whole, ()), end) for each, end in befores.items()}
        stood = then[against]
        ended = stood.end if stood else befores[against]
        if by == "group":
            groups = self._groups(indicator, world, whole, stands.end)
            shown = list(groups.items())[:MOST_GROUPS]
            there = self._archived(indicator, world, whole, stands.end, "1d") if not all(groups.values()) else {}
            old_groups = self._archived(indicator, world, whole, ended, against) if shown else {}
            parts = [
                _part(indicator, text, now or there.get(text, ()), old_groups.get(text, ()), stands, ended)
                for text, now in shown
            ]
            more = max(0, len(groups) - MOST_GROUPS)
        else:
            old = wide[against]
            parts = [
                _part(indicator, each, seen.get(each.code, ()), old.get(each.code, ()), stands, ended) for each in below
            ]
            more = 0
        method = method_of(indicator, by_dimension=by == "group")
        found = contribution(
            method, Part("", stood.value if stood else None, stands.value),
            [Part(each.code, each.then, each.now, each.samples_then, each.samples) for each in parts],
        )  # fmt: skip
        if found is not None:
            parts = [replace(part, by=moved.by, inside=moved.inside, mix=moved.mix)
                     for part, moved in zip(parts, found.moved, strict=True)]  # fmt: skip
        return Drill(
            indicator.id, indicator.version, world, whole, instant(stands.end), stands.value, stands.samples,
            stands.quality, stands.level, stands.origin,  # type: ignore[arg-type]
            indicator.target,
            [_then(each, cell, stands) for each, cell in then.items()],
            against, by, method, parts, more, found.change if found else None, found.rest if found else None,
        )  # fmt: skip

    def _cells(  # noqa: PLR0917 - a question
        self, indicator: Indicator, world: str, regions: Sequence[str], from_ms: int, to_ms: int, step: str = ""
    ) -> dict[str, list[_Cell]]:
        asked = Question(indicator.id, world, tuple(regions), from_ms, to_ms, step, {}, MOST_ROWS)
        said, found = self._values.read(asked), dict[str, list[_Cell]]()
        for row in said.rows:
            if row.value is not None and row.window_end is not None:
                cell = _Cell(_ms(row.window_end), row.value, row.samples, row.quality, row.level, row.origin)
                found.setdefault(row.region, []).append(cell)
        for late in said.latest:
            if late.value is not None and late.quality == "complete" and from_ms < _ms(late.window_end) <= to_ms:
                cell = _Cell(_ms(late.window_end), late.value, late.samples, late.quality, late.level, late.origin)
                found.setdefault(late.region, []).append(cell)
        return found

    def _archived(
        self, indicator: Indicator, world: str, region: str, end: int, against: str
    ) -> dict[str, list[_Cell]]:
        """What the archive says of the groups at the end of a window, or shortly before it."""
        return {
            row["dims"]: [
                _Cell(row["window_end"], row["value"], row["samples"], row["quality"], row["level"], row["origin"])
            ]
            for row in self._values.groups(indicator.id, world, region, end - _reach(indicator, against), end)
            if row["value"] is not None and row["window_end"] is not None
        }

    def _groups(self, indicator: Indicator, world: str, region: str, end: int) -> dict[str, list[_Cell]]:
        """The groups there are with what stands of them at the end of a window, those with most rows first."""
        found: list[tuple[int, str, list[_Cell]]] = []
        before = f"{indicator.id}|{region}|"
        lines: Any = ()
        try:
            if indicator.dimensions:
                name = keys.engine(world, "latest")
                lines = list(self._client.hscan_iter(name, match=f"{before}?*", count=SCAN))
        except redis.RedisError:
            raise away() from None
        for name, packed in lines:
            [*_, value] = unpack_values(packed)
            text = name.decode().removeprefix(before)
            cells = []
            if value.value is not None and value.window_end <= end:
                told = (value.value, value.samples, value.quality, value.level, value.origin)
                cells.append(_Cell(value.window_end, *told))
            found.append((-value.samples, text, cells))
        return {text: cells for _, text, cells in sorted(found, key=lambda each: each[:2])}


def _part(  # noqa: PLR0917 - both instants
    indicator: Indicator, of: Region | str, now: Sequence[_Cell], then: Sequence[_Cell], stands: _Cell, ended: int
) -> DrillPart:
    """A region, or a group by its dimensions, at the windows of the whole: a much older one of its own is not told."""
    here, there = _newest(now, stands.end), _newest(then, ended)
    if here is not None and here.end < stands.end - max(_step_ms(indicator), MINUTE_MS):
        here = None
    if there is not None and there.end < ended - max(_step_ms(indicator), HOUR_MS):
        there = None
    code, zh, en, dims = (of, "", "", dict(_pairs(of))) if isinstance(of, str) else (of.code, of.zh, of.en, {})
    return DrillPart(
        code, zh, en, dims, here.value if here else None, here.samples if here else 0,
        here.level if here else None,  # type: ignore[arg-type]
        there.value if there else None, there.samples if there else 0,
    )  # fmt: skip


def _newest(cells: Sequence[_Cell], until: int) -> _Cell | None:
    return max((cell for cell in cells if cell.end <= until), key=lambda cell: cell.end, default=None)


def _then(against: Against, cell: _Cell | None, stands: _Cell) -> DrillThen:
    if cell is None:
        return DrillThen(against, None, None, None)
    return DrillThen(against, instant(cell.end), cell.value, stands.value - cell.value)


def _before(end: int, against: str) -> int:
    """The same local time a day, a week or a year earlier; of 29 February the 28th."""
    if against != "1y":
        return end - {"1d": 1, "7d": 7}[against] * DAY_MS
    at = datetime.fromtimestamp((end + LOCAL_OFFSET_MS) / 1000, UTC)
    last = at.replace(year=at.year - 1) if (at.month, at.day) != (2, 29) else (at - timedelta(days=366))
    return int(last.timestamp() * 1000) - LOCAL_OFFSET_MS


def _reach(indicator: Indicator, against: str) -> int:
    """How long before the same time the window may end that stands for it: what is long ago is kept more coarsely."""
    return max(2 * _step_ms(indicator), 26 * HOUR_MS if against == "1y" else 2 * HOUR_MS)


def _step_ms(indicator: Indicator) -> int:
    return indicator.window.every_ms or indicator.window.size_ms or 31 * DAY_MS  # a month, or a year


def _pairs(text: str) -> list[tuple[str, str]]:
    """`a=x,b=y` as pairs; a comma within a value stays in it."""
    found: list[tuple[str, str]] = []
    for piece in text.split(",") if text else ():
        name, equal, value = piece.partition("=")
        if equal or not found:
            found.append((name, value))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]},{piece}")
    return found


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
