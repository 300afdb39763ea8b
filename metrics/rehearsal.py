"""Rehearsal: the alarms that thresholds would have given over values of the past; the same fold that runs live."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.alarm_desk import AlarmDesk, Member, Provenance, Scores, Subject
from metrics.alarm_event import AlarmEvent
from metrics.comparison import weeks_before, zscore
from metrics.conclude import QUALITY_NAMES
from metrics.indicator import Indicator
from metrics.measured import Counts, Mask, Numbers
from metrics.record import Record
from metrics.region import Regions
from metrics.threshold import Thresholds
from metrics.value import LEVELS
from metrics.window import parse_duration

IsOpen = Callable[[str, int], bool]
Dims = tuple[tuple[str, str], ...]
Place = tuple[str, Dims, str, str]  # region, dimensions, condition, level
DURATIONS = ("on_delay", "off_delay", "no_data_delay", "stale_delay")


class WrongThresholds(ValueError):
    """Thresholds that cannot be. `zh`, `en`: why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class Past:
    """Complete values of one indicator; arrays of shape (windows, groups). `present`: there was a value or the word
    that there is none. `quality` are places in QUALITY_NAMES."""

    members: Sequence[Member]
    ends: Sequence[int]
    value: Numbers
    known: Mask
    present: Mask
    samples: Counts
    quality: NDArray[np.int8]

    @staticmethod
    def of(table: Any) -> Past:
        """From columns `region, dims (name=value,...), window_end, value, quality, samples`, one row a window and
        series."""
        region, dims = table.column("region").to_pylist(), table.column("dims").to_pylist()
        series = list(zip(region, dims, strict=True))
        # the total and wholes come first: a group is covered by one that is known before it
        groups = {one: at for at, one in enumerate(sorted(set(series), key=lambda one: (one[1] != "", one[1], one[0])))}
        ends, row = np.unique(table.column("window_end").to_numpy(), return_inverse=True)
        column = np.array([groups[one] for one in series], np.int64)
        shape = (len(ends), len(groups))
        value, known, present = np.zeros(shape), np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        samples, quality = np.zeros(shape, np.int64), np.full(shape, QUALITY_NAMES.index("no_data"), np.int8)
        if series:
            cells = table.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
            known[row, column] = ~np.isnan(cells)
            value[row, column] = np.where(np.isnan(cells), 0.0, cells)
            samples[row, column] = table.column("samples").to_numpy()
            quality[row, column] = [QUALITY_NAMES.index(one) for one in table.column("quality").to_pylist()]
            present[row, column] = True
        return Past([_member(*one) for one in groups], ends.tolist(), value, known, present, samples, quality)


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one group and condition: how often a level was reached, and how long it stood, ms."""

    region: str
    dims: tuple[tuple[str, str], ...]
    condition: str
    level: str
    raised: int
    held_ms: int


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which something was over a limit: from the instant at which it was told until it was over, None while
    it goes on. `level` is the worst that was reached."""

    region: str
    dims: Dims
    level: str
    begun: int
    ended: int | None


def thresholds_of(text: str, today: Thresholds) -> Thresholds:
    """`yellow=30,red=20`, further `hysteresis=..., on_delay=10m, off_delay=10m, strict=true`: the limits replace
    today's and those of calendars; what is not named stays. Raises WrongThresholds."""
    found: dict[str, Any] = {}
    limits = []
    seen: set[str] = set()
    for part in text.split(","):
        name, sign, value = (one.strip() for one in part.partition("="))
        if not sign:
            raise WrongThresholds(f"{part!r} 不是 名称=值", "is not NAME=VALUE")
        if name in seen:
            raise WrongThresholds(f"{name} 写了两次", f"{name} is given twice")
        seen.add(name)
        try:
            if name in LEVELS:
                limits.append((LEVELS.index(name), _finite(name, value)))
            elif name == "hysteresis":
                found["hysteresis"] = _finite(name, value)
            elif name in DURATIONS:
                found[f"{name}_ms"] = 0 if value in ("0", "0s") else parse_duration(value)
            elif name == "strict" and value in ("true", "false"):
                found["strict"] = value == "true"
            else:
                raise WrongThresholds(f"{part!r} 不认识", "is neither a level nor a rule")
        except ValueError as error:
            raise WrongThresholds(f"{part!r} 的值不对", f"is no fit value: {error}") from error
    new = replace(today, limits=tuple((LEVELS[at], limit) for at, limit in sorted(limits)), variants=(), **found)
    if new.hysteresis < 0:
        raise WrongThresholds("hysteresis 不得为负", "hysteresis must not be negative")
    if not limits or not new.monotone:
        raise WrongThresholds(
            "界限须有且随级别加重", "limits are needed, and a worse level must not be easier to reach"
        )
    return new


def _finite(name: str, text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise WrongThresholds(f"{name}={text} 须为有限的数", f"{name}={text} must be a finite number")
    return value


def rehearse(
    indicator: Indicator, thresholds: Thresholds, past: Past, regions: Regions, is_open: IsOpen, *, world: str,
    heard: Callable[[int], None] = lambda _at: None,
) -> list[AlarmEvent]:  # fmt: skip
    """What would have been told, window by window, oldest first. `heard` is told the place of each window in turn; what
    it raises ends the rehearsal."""
    desk = AlarmDesk(Subject(indicator.id, indicator.version, thresholds, indicator.window, regions, is_open, 0))
    events: list[AlarmEvent] = []
    place = {end: at for at, end in enumerate(past.ends)}
    for at, end in enumerate(past.ends):
        heard(at)
        scores = None
        if thresholds.on == "z":
            scores = _scores(
                indicator, past, at, [place.get(one) for one in weeks_before(end, indicator.baseline.weeks)]
            )
        record = Record(
            past.present[at], past.known[at], past.value[at], past.value[at], past.samples[at], past.quality[at],
            np.zeros(len(past.members), np.int8), np.zeros(len(past.members), np.int32), completed=True,
        )  # fmt: skip
        events += desk.judge(end, record, past.members, Provenance(world, "real"), scores=scores)
    return events


def tallies(events: Iterable[AlarmEvent], after_ms: int, until_ms: int) -> list[Tally]:
    """How often each level was reached and how long it stood within (after, until], by group, condition and level."""
    found: dict[Place, tuple[int, int]] = {}  # times raised, ms held
    standing: dict[tuple[str, Dims, str], tuple[str, int]] = {}

    def add(place: Place, count: int, held_ms: int) -> None:
        before = found.get(place, (0, 0))
        found[place] = (before[0] + count, before[1] + max(0, held_ms))

    def end(key: tuple[str, Dims, str], at: int) -> None:
        if key in standing:
            level, since = standing.pop(key)
            add((*key, level), 0, min(at, until_ms) - max(since, after_ms))

    for event in events:
        key = (event.region, event.dims, str(event.condition))
        if event.level_after is not None and event.level_after == standing.get(key, ("", 0))[0]:
            continue  # flapping, at the level at which it stood
        end(key, event.at)
        if event.level_after is not None:
            standing[key] = (event.level_after, event.at)
            add((*key, event.level_after), int(event.at > after_ms), 0)
    for key in list(standing):
        end(key, until_ms)
    return [Tally(*place, *both) for place, both in sorted(found.items()) if any(both)]


def episodes(events: Iterable[AlarmEvent], after_ms: int, until_ms: int) -> list[Episode]:
    """The episodes of the condition `level` that were told within (after, until], in the order of their beginnings."""
    found: list[Episode] = []
    standing: dict[tuple[str, Dims], Episode] = {}
    for event in events:
        if event.condition != "level" or event.at > until_ms:
            continue
        key = (event.region, event.dims)
        now = standing.pop(key, None)
        if event.level_after is None:
            if now is not None:
                found.append(replace(now, ended=event.at))
        elif now is None:
            standing[key] = Episode(*key, event.level_after, event.at, None)
        else:
            standing[key] = replace(now, level=max(now.level, event.level_after, key=LEVELS.index))
    found += standing.values()
    return sorted(
        (one for one in found if one.begun > after_ms), key=lambda one: (one.begun, one.region, one.dims, one.level)
    )


def totals(found: Iterable[Tally]) -> Mapping[tuple[str, str], tuple[int, int]]:
    """(condition, level) -> how often and how long, over all groups."""
    whole: dict[tuple[str, str], tuple[int, int]] = {}
    for one in found:
        count, held_ms = whole.get((one.condition, one.level), (0, 0))
        whole[one.condition, one.level] = (count + one.raised, held_ms + one.held_ms)
    return whole


def _scores(indicator: Indicator, past: Past, at: int, earlier: Sequence[int | None]) -> Scores:
    nothing = np.zeros(len(past.members)), np.zeros(len(past.members), np.bool_)
    before = [nothing if one is None else (past.value[one], past.known[one]) for one in earlier]
    stacked = np.stack([one for one, _ in before]), np.stack([one for _, one in before])
    now = past.value[at], past.known[at]
    return zscore(now, stacked, indicator.baseline.min, indicator.baseline.floor)


def _member(region: str, dims: str) -> Member:
    pairs = tuple(part.partition("=") for part in dims.split(",")) if dims else ()
    return region, tuple((name, value) for name, _, value in pairs)
