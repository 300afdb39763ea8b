"""A rehearsal of thresholds over archived values: what is compared, the table for people, the file by region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ioc.offline.answer_file import number_text, time_text, write_rows
from ioc.offline.backfill import Order
from ioc.offline.rehearsal_sheet import Ground
from metrics import archive_recomputed
from metrics.archive import Life
from metrics.archive_published import Published
from metrics.rehearsal import Past, Tally, tallies, thresholds_of, totals
from metrics.threshold import Thresholds
from metrics.value import LEVELS
from metrics.window import WEEK_MS

CONDITIONS = {"level": "级别", "no_data": "无数据", "stale": "陈旧"}
COLOURS = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
HEADER = ("thresholds", "region", "dims", "condition", "level", "raised", "minutes")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Tallies of today's thresholds and of those that were tried, over the windows of a span."""

    today: Thresholds
    tried: Thresholds
    with_today: Sequence[Tally]
    with_tried: Sequence[Tally]
    windows: int
    groups: int
    span: tuple[int, int]

    @staticmethod
    def of(order: Order, past: Past, text: str, span: tuple[int, int], world: str) -> Rehearsed:
        """Run both over the same values. Raises WrongThresholds."""
        indicator = order.indicator
        today = indicator.thresholds or Thresholds((), indicator.direction)
        tried = thresholds_of(text, today)

        ground = Ground(order, past, span, world, ())

        def run(thresholds: Thresholds) -> list[Tally]:
            return tallies(ground.told(thresholds), *span)

        inside = [end for end in past.ends if end > span[0]]
        return Rehearsed(today, tried, run(today), run(tried), len(inside), len(past.members), span)


def values(
    root: Path, life: Life, order: Order, span: tuple[int, int], published: Published, *, recomputed: bool
) -> Past:
    """Complete values, the newest revision of each window; for rules on z-scores also those of the weeks before."""
    indicator = order.indicator
    since = span[0]
    if indicator.thresholds is not None and indicator.thresholds.on == "z":
        since -= indicator.baseline.weeks * WEEK_MS
    if recomputed:
        return Past.of(archive_recomputed.read(root, life, (indicator.id, indicator.version), since, span[1]))
    return Past.of(published.complete(indicator.id, since, span[1]))


def table(order: Order, found: Rehearsed) -> Iterator[str]:
    """Both beside each other, Chinese first."""
    indicator = order.indicator
    begin, end = (time_text(at) for at in found.span)
    yield f"预演 rehearsal  {indicator.id}@{indicator.version} {indicator.zh} {indicator.en}".rstrip()
    yield f"  ({begin}, {end}]  窗口 windows {found.windows}  序列 series {found.groups}"
    yield f"  现行 today       {_limits(found.today)}"
    yield f"  预演 rehearsed   {_limits(found.tried)}"
    yield "  条件 condition     级别 level     现行次数 today   时长 h    预演次数 rehearsed   时长 h"
    today, tried = totals(found.with_today), totals(found.with_tried)
    for condition, zh in CONDITIONS.items():
        for level in LEVELS:
            one, other = today.get((condition, level), (0, 0)), tried.get((condition, level), (0, 0))
            if one[0] or other[0] or condition == "level":
                yield (
                    f"  {zh} {condition:<10} {COLOURS[level]} {level:<8}"
                    f" {one[0]:>10} {one[1] / 3_600_000:>12.2f} {other[0]:>16} {other[1] / 3_600_000:>14.2f}"
                )
    yield "  按区域 by region (级别 level):"
    for region in sorted({one.region for one in (*found.with_today, *found.with_tried)}):
        name = order.bundle.regions[region].zh if region in order.bundle.regions else region
        cells = [_region(tallies_, region) for tallies_ in (found.with_today, found.with_tried)]
        yield f"    {region} {name}  现行 today {cells[0]}  预演 rehearsed {cells[1]}"


def write(path: Path, found: Rehearsed) -> None:
    """Every tally of both, CSV: columns HEADER."""
    rows = [
        (which, one.region, ",".join(f"{name}={text}" for name, text in one.dims), one.condition, one.level, one.raised,
         number_text(one.held_ms / 60_000))
        for which, several in (("today", found.with_today), ("rehearsed", found.with_tried))
        for one in several
    ]  # fmt: skip
    write_rows(path, HEADER, rows)


def _limits(thresholds: Thresholds) -> str:
    limits = " ".join(f"{COLOURS[level]} {level}={number_text(limit)}" for level, limit in thresholds.limits)
    return f"{limits or '无 none'}  hysteresis={number_text(thresholds.hysteresis)}" + (
        f"  variants {len(thresholds.variants)}" if thresholds.variants else ""
    )


def _region(several: Sequence[Tally], region: str) -> str:
    mine = [one for one in several if one.region == region and one.condition == "level"]
    return f"{sum(one.raised for one in mine)} / {sum(one.held_ms for one in mine) / 3_600_000:.2f} h"
