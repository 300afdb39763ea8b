"""Marks of the time bar: which levels of the district changed when, from the archive of a world's alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from metrics.alarm_event import AlarmEvent
from metrics.archive import Life
from metrics.archive_alarms import events
from metrics.past import Past
from metrics.value import LEVELS
from metrics.world import World

MOST: Final = 240  # marks that one bar can show; of more the worst
LONGEST_MS: Final = 2 * 86_400_000  # asked for at once


@dataclass(frozen=True, slots=True)
class Marks:
    """`first`, `last`: the first and last moment of the archive, None while there is none; `marks` in order of time."""

    first: int | None
    last: int | None
    marks: tuple[Mapping[str, Any], ...]


def marks(root: Path, world: World, names: Mapping[str, tuple[str, str]], from_ms: int, until_ms: int) -> Marks:
    """The changes of alarm levels with event time in [from, until). `names`: indicator -> (Chinese, English).

    Raises OSError, pa.ArrowException when a file is damaged."""
    life = Life(world.id, world.started_ms)
    span = Past(root, life).span()
    told = [one for one in events(root, life, from_ms, until_ms) if one.condition == "level"]
    worst = sorted(told, key=lambda one: (-_weight(one), bool(one.dims), one.at))[:MOST]
    chosen = tuple(_mark(one, names) for one in sorted(worst, key=lambda one: one.at))
    first, last = span or (None, None)
    return Marks(first, last, chosen)


def _weight(event: AlarmEvent) -> int:
    level = event.level_after or event.level_before
    return (LEVELS.index(level) + 1 if level else 0) * 2 + (event.level_after is not None)


def _mark(event: AlarmEvent, names: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    zh, en = names.get(event.indicator, (event.indicator, event.indicator))
    return {
        "at": event.at, "level": event.level_after, "before": event.level_before, "kind": event.kind,
        "indicator": event.indicator, "zh": zh, "en": en, "region": event.region, "dims": dict(event.dims),
    }  # fmt: skip
