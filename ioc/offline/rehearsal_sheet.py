"""The sheet of a rehearsal: the thresholds in force and those that were tried, over the same values, as plain data.

What two people look at before thresholds change is this one sheet; nothing on it is computed a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import numpy as np

from ioc.offline.backfill import Order
from metrics.alarm_event import AlarmEvent
from metrics.archive import day_of
from metrics.region import Regions
from metrics.rehearsal import Episode, Past, episodes, rehearse, tallies, thresholds_of, totals
from metrics.threshold import Thresholds
from metrics.value import LEVELS

VERSION: Final = 1
EARLY_MS: Final = 2 * 3_600_000  # an alarm this long before an incident was received is still taken for its herald
MOST_EPISODES: Final = 400  # of each, the newest, that a sheet lists; all are counted
MINUTE_MS: Final = 60_000
STEP: Final = 64  # windows between two words on how far it is


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident on file: where, when it was received, and when it was over (None: it goes on)."""

    id: str
    title: str
    region: str
    received_ms: int
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Ground:
    """What both run over: complete values of one indicator within the span (from, until], and the incidents of then."""

    order: Order
    past: Past
    span: tuple[int, int]
    world: str
    incidents: Sequence[Incident]

    @property
    def regions(self) -> Regions:
        return self.order.bundle.regions

    def told(
        self, thresholds: Thresholds, heard: Callable[[int], None] = lambda _at: None
    ) -> list[AlarmEvent]:  # fmt: skip
        """What these thresholds would have told."""
        calendars = self.order.bundle.calendars

        def is_open(calendar: str, at_ms: int) -> bool:
            return bool(calendars[calendar].is_open(np.array([at_ms], np.int64))[0])

        return rehearse(
            self.order.indicator, thresholds, self.past, self.regions, is_open, world=self.world, heard=heard
        )


def sheet(ground: Ground, text: str, heard: Callable[[float], None] = lambda _share: None) -> dict[str, Any]:
    """Run both and lay them side by side; times are ms UTC, durations minutes.

    `heard` is told the share that is done, 0 to 1; what it raises ends the run. Raises WrongThresholds.
    """
    indicator, span, past = ground.order.indicator, ground.span, ground.past
    today = indicator.thresholds or Thresholds((), indicator.direction)
    tried = thresholds_of(text, today)
    whole = max(1, 2 * len(past.ends))

    def told(thresholds: Thresholds, done: int) -> list[AlarmEvent]:
        return ground.told(thresholds, lambda at: heard((done + at) / whole) if at % STEP == 0 else None)

    now, then = told(today, 0), told(tried, len(past.ends))
    standing = [episodes(events, *span) for events in (now, then)]
    windows = [end for end in past.ends if end > span[0]]
    return {
        "v": VERSION, "indicator": indicator.id, "version": indicator.version, "unit": indicator.unit,
        "direction": today.direction, "on": today.on, "from": span[0], "until": span[1], "windows": len(windows),
        "first": windows[0] if windows else None, "series": len(past.members), "incidents": len(ground.incidents),
        "today": _side(ground, today, now, standing[0]), "tried": _side(ground, tried, then, standing[1]),
        "regions": _by_region(standing, ground.regions), "days": _by_day(standing),
    }  # fmt: skip


def _side(
    ground: Ground, thresholds: Thresholds, events: Sequence[AlarmEvent], standing: Sequence[Episode]
) -> dict[str, Any]:
    counted = totals(tallies(events, *ground.span))
    early = [_earliest(ground, one, standing) for one in ground.incidents]
    ahead = [
        (one.received_ms - at) / MINUTE_MS for one, at in zip(ground.incidents, early, strict=True) if at is not None
    ]
    return {
        "limits": dict(thresholds.limits),
        "rules": {
            "hysteresis": thresholds.hysteresis, "on_delay": thresholds.on_delay_ms / MINUTE_MS,
            "off_delay": thresholds.off_delay_ms / MINUTE_MS,
        },
        "variants": len(thresholds.variants),
        "alarms": len(standing),
        "levels": {level: counted.get(("level", level), (0, 0))[0] for level in LEVELS},
        "minutes": {level: round(counted.get(("level", level), (0, 0))[1] / MINUTE_MS, 1) for level in LEVELS},
        "during": sum(any(_meets(ground, one, each) for each in ground.incidents) for one in standing),
        "met": len(ahead),
        "missed": len(ground.incidents) - len(ahead),
        "ahead": round(median(ahead), 1) if ahead else None,
        "episodes": [
            {"region": one.region, "dims": [list(pair) for pair in one.dims], "level": one.level, "begun": one.begun,
             "ended": one.ended}
            for one in standing[-MOST_EPISODES:]
        ],
    }  # fmt: skip


def _meets(ground: Ground, alarm: Episode, incident: Incident) -> bool:
    """Whether an alarm stood in the place of an incident while that was open, or shortly before it was received."""
    until = ground.span[1]
    return (
        alarm.begun <= (incident.ended_ms or until)
        and (alarm.ended or until) >= incident.received_ms - EARLY_MS
        and _one_place(alarm.region, incident.region, ground.regions)
    )


def _earliest(ground: Ground, incident: Incident, standing: Iterable[Episode]) -> int | None:
    """When the first alarm was told that meets an incident."""
    return min((one.begun for one in standing if _meets(ground, one, incident)), default=None)


def _one_place(one: str, other: str, regions: Regions) -> bool:
    """Whether one region lies in the other. What has no region lies anywhere."""
    return not one or not other or one in regions.path(other) or other in regions.path(one)


def _by_region(standing: Sequence[Sequence[Episode]], regions: Regions) -> list[dict[str, Any]]:
    """Of those in force and those that were tried, the region with most of both first."""
    now, then = (Counter(one.region for one in several) for several in standing)
    codes = sorted(now.keys() | then.keys(), key=lambda code: (-now[code] - then[code], code))
    return [
        {"code": code, "zh": regions[code].zh if code in regions else code,
         "en": regions[code].en if code in regions else code, "today": now[code], "tried": then[code]}
        for code in codes
    ]  # fmt: skip


def _by_day(standing: Sequence[Sequence[Episode]]) -> list[dict[str, Any]]:
    """Days of Shanghai on which anything was told, with the counts by level."""
    now, then = (Counter((day_of(one.begun), one.level) for one in several) for several in standing)
    days = sorted({day for day, _ in (*now, *then)})
    return [
        {"day": day, "today": {level: now[day, level] for level in LEVELS if now[day, level]},
         "tried": {level: then[day, level] for level in LEVELS if then[day, level]}}
        for day in days
    ]  # fmt: skip
