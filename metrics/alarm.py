"""Alarms: when a level that values reach is raised, escalated, lowered and cleared; a pure fold over finished windows.

How a duty officer is spared false and repeated words:

- **Complete values only.** A level is judged when its window is complete, so that what is told is a function of the
  complete values and of nothing else: the watermark lags by seconds, and a restart, a batch or a recomputation tells
  the same. An incomplete window that is overdue is only asked for silence: a dead source may never complete one.
- **Null** reaches no level and ends none: time without a value counts for no delay. A **stale** value may reach a level
  (devices that fell silent are offline) but ends none and leaves none.
- **Delays** count event time between known values, from the first value that reached (or left) the level. While a rule
  is pending it must reach the level at every known value; the worst level that held through the delay is raised, and
  a level is lowered to the worst one that held at any time of the delay.
- **Flapping** is said once; the rule is then held at its worst level until it has not changed for as long.
- **Corrections.** Only the newest judged window may be judged again: as a second look at the same instant, at which no
  time passes. Corrections of older windows are counted, and tell nothing: history is not raised again.
- **No data** and **stale** are conditions of their own beside the level. They are told of a group that had a value once
  and of whose covering group the same cannot be said: a dead feed is told once for the district, not for each street.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metrics.alarm_rule import Rule
from metrics.alarm_state import NEVER, UNSET, AlarmState
from metrics.threshold import NEVER_MS, level_name, number

Kind = Literal["raised", "escalated", "lowered", "cleared", "flapping", "calmed", "withdrawn"]
Condition = Literal["level", "no_data", "stale", "anomaly"]
CONDITION_NAMES: tuple[Condition, ...] = ("level", "no_data", "stale")  # those that rules on levels tell
LEVEL, NO_DATA, STALE = range(3)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Look:
    """What was published of one finished window `[start, end)`; arrays of shape (groups,).

    `step_ms`: from the grid instant before. `complete`: the watermark has passed `end`. `judged` and `judged_known` are
    the values, or z-scores for rules on z. `watched`: groups of which silence is told; `cover`: the code of the group
    that covers a group (its parent region), -1: none. `calendars_open`: for each variant of the thresholds.
    """

    start: int
    end: int
    step_ms: int
    complete: bool
    known: Mask
    stale: Mask
    judged: NDArray[np.float64]
    judged_known: Mask
    watched: Mask
    cover: NDArray[np.int64]
    calendars_open: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing to tell of a group: `number` counts the turns of the episode that began at the instant `begun`.

    `before`, `after` are level numbers; nothing is wrong any more when `after` is 0. `limit`: the one that was crossed,
    None where there is none in force.
    """

    group: int
    condition: Condition
    kind: Kind
    before: int
    after: int
    limit: float | None
    begun: int
    number: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state after a look, what to tell (by condition, then group), and the groups whose memory differs."""

    state: AlarmState
    turns: list[Turn]
    touched: NDArray[np.int64]


@dataclass(slots=True)
class _News:
    """What was told before, shape (conditions, groups); where flapping starts and where it ends."""

    before: NDArray[np.int8]
    flaps: Mask
    calms: Mask


def step(state: AlarmState, rule: Rule, look: Look) -> Outcome:
    """Judge one window. The state given is not changed; groups that are new to it begin at rest."""
    state = state.grown(len(look.known))
    judging, watching = look.complete and look.end >= state.judged_ms, look.end >= state.watched_ms
    late = state.late + int(look.complete and not judging)
    if not judging and not watching:
        return Outcome(replace(state, late=late), [], np.empty(0, np.int64))
    reached = rule.thresholds.levels(look.judged, look.judged_known, look.calendars_open)
    silent = _silent(state, look)
    awake = state.awake | (look.known & ~state.seen)
    if judging:
        awake = awake | (reached > 0)
    if watching:
        awake = awake | silent.any(axis=0)
    codes = np.flatnonzero(awake)
    if not len(codes):  # the common case: nothing is wrong anywhere
        judged_ms = look.end if judging else state.judged_ms
        watched_ms = look.end if watching else state.watched_ms
        return Outcome(replace(state, judged_ms=judged_ms, watched_ms=watched_ms, late=late), [], codes)
    part, seen = state.take(codes), _part(look, codes)
    news = _News(part.said.copy(), *(np.zeros(len(codes), np.bool_) for _ in range(2)))
    rows: list[int] = []
    if judging:
        rows.append(LEVEL)
        passed_ms = look.step_ms if look.end > state.judged_ms else 0
        level = _level(part, rule, seen, reached[codes], passed_ms)
        news.flaps, news.calms = _flapping(part, rule, seen, level, passed_ms)
        part.judged_ms = look.end
    if watching:
        rows += [NO_DATA, STALE]
        passed_ms = look.step_ms if look.end > state.watched_ms else 0
        _silences(part, rule, seen, silent[:, codes], passed_ms)
        part.seen |= seen.known
        part.watched_ms = look.end
    part.late = late
    turns = _turns(part, rule, look, codes, news)
    for row in rows:
        over = (part.said[row] == 0) & (part.begun[row] < look.end)  # one of this very instant may be taken up again
        part.begun[row, over], part.number[row, over] = NEVER, 0
    state, touched = state.put(codes, part)
    return Outcome(state, turns, touched)


def fold(state: AlarmState, rule: Rule, looks: Iterable[Look]) -> tuple[AlarmState, list[list[Turn]]]:
    """Judge windows one after the other; what to tell of each."""
    turns = []
    for look in looks:
        outcome = step(state, rule, look)
        state = outcome.state
        turns.append(outcome.turns)
    return state, turns


def withdraw(state: AlarmState) -> tuple[AlarmState, list[Turn]]:
    """The rule is gone: end everything that was told, and remember nothing."""
    turns = []
    for condition, name in enumerate(CONDITION_NAMES):
        for group in np.flatnonzero(state.said[condition]).tolist():
            begun, told = int(state.begun[condition, group]), int(state.number[condition, group])
            turns.append(Turn(group, name, "withdrawn", int(state.said[condition, group]), 0, None, begun, told))
    fresh = AlarmState.initial(len(state.change_at), len(state))
    return replace(fresh, judged_ms=state.judged_ms, watched_ms=state.watched_ms, late=state.late), turns


def _part(look: Look, codes: NDArray[np.int64]) -> Look:
    return replace(
        look, known=look.known[codes], stale=look.stale[codes], judged=look.judged[codes],
        judged_known=look.judged_known[codes], watched=look.watched[codes], cover=look.cover[codes],
    )  # fmt: skip


def _level(part: AlarmState, rule: Rule, look: Look, reached: NDArray[np.int8], passed_ms: int) -> NDArray[np.int8]:
    """The level after hysteresis and delays; `above` and `below` go on."""
    held = rule.thresholds.held(part.level, look.judged, look.judged_known, look.calendars_open)
    firm = look.judged_known & ~look.stale  # only such a value says that something is better
    levels = np.arange(1, len(part.above) + 1, dtype=np.int8)[:, None]
    reaches, leaves = reached >= levels, held < levels
    part.above = _counted(part.above, reaches & look.judged_known, ~reaches & firm, passed_ms, rule.on_delay_ms)
    part.below = _counted(part.below, leaves & firm, ~leaves & look.judged_known, passed_ms, rule.off_delay_ms)
    raised = np.where(part.above >= rule.on_delay_ms, levels, 0).max(axis=0)
    kept = np.where((levels <= part.level) & (part.below < rule.off_delay_ms), levels, 0).max(axis=0)
    level = np.where(raised > part.level, raised, kept)
    level = np.where(look.judged_known, level, part.level).astype(np.int8)
    part.below[levels > level] = UNSET
    return level


def _flapping(part: AlarmState, rule: Rule, look: Look, level: NDArray[np.int8], passed_ms: int) -> tuple[Mask, Mask]:
    """Take the level over, and tell it unless the rule flaps; where flapping starts and where it ends."""
    changes = level != part.level
    part.level = level
    part.change_at[1:, changes] = part.change_at[:-1, changes]
    part.change_to[1:, changes] = part.change_to[:-1, changes]
    part.change_at[0, changes] = look.end
    part.change_to[0, changes] = level[changes]
    past = part.change_at <= look.end - rule.flapping_ms
    part.change_at[past], part.change_to[past] = NEVER, 0
    flapped = part.calm >= 0
    starts = changes & ~flapped & (part.change_at[-1] > NEVER)
    quiet = flapped & ~changes & look.judged_known & ~look.stale
    part.calm[quiet] = np.minimum(part.calm[quiet] + passed_ms, rule.flapping_ms)
    part.calm[starts | (flapped & changes)] = 0
    ends = flapped & (part.calm >= rule.flapping_ms)
    part.calm[ends] = UNSET
    worst = np.maximum(part.said[LEVEL], level)
    worst[starts] = np.maximum(worst[starts], part.change_to[:, starts].max(axis=0))
    part.said[LEVEL] = np.where(part.calm >= 0, worst, level)
    return starts, ends


def _silent(state: AlarmState, look: Look) -> Mask:
    """Where no_data and stale hold, shape (2, groups): of watched groups that had a value, and not of their cover."""
    nothing = ~look.known
    covered = look.cover >= 0
    asked = look.watched & state.seen
    return np.stack(
        [
            nothing & asked & ~(covered & nothing[look.cover]),
            look.stale & look.known & asked & ~(covered & look.stale[look.cover]),
        ]
    )


def _silences(part: AlarmState, rule: Rule, look: Look, silent: Mask, passed_ms: int) -> None:
    """Tell no_data and stale after their delays; they end with the first value that shows the opposite."""
    over = (look.known, look.known & ~look.stale)
    severity = number(rule.thresholds.silence)
    for row, (condition, delay_ms) in enumerate(zip((NO_DATA, STALE), rule.silence_ms, strict=True)):
        if delay_ms >= NEVER_MS:
            continue
        part.silent[row] = _counted(part.silent[row], silent[row], over[row], passed_ms, delay_ms)
        part.said[condition][silent[row] & (part.silent[row] >= delay_ms)] = severity
        part.said[condition][over[row]] = 0


def _counted(held: NDArray[np.int64], goes_on: Mask, ends: Mask, passed_ms: int, most_ms: int) -> NDArray[np.int64]:
    """Durations that go on, end, or stand still; they stop at `most_ms`, so that what has been told is at rest."""
    longer = np.where(held >= 0, np.minimum(held + passed_ms, most_ms), 0)
    return np.where(goes_on, longer, np.where(ends, UNSET, held))


def _turns(part: AlarmState, rule: Rule, look: Look, codes: NDArray[np.int64], news: _News) -> list[Turn]:
    """What to tell; opens episodes and counts their turns."""
    told = part.said != news.before
    told[LEVEL] |= news.flaps | news.calms
    opens = told & (news.before == 0) & (part.begun != look.end)
    part.begun[opens] = look.end
    part.number[opens] = 0
    limits = dict(rule.thresholds.in_force(look.calendars_open))
    turns = []
    for condition, name in enumerate(CONDITION_NAMES):
        for at in np.flatnonzero(told[condition]).tolist():
            before, after = int(news.before[condition, at]), int(part.said[condition, at])
            kind, limit = _kind(before, after), None
            if condition == LEVEL:
                crossed = level_name(after if after >= before else before)
                limit = limits.get(crossed) if crossed is not None else None
                kind = "flapping" if news.flaps[at] else "calmed" if news.calms[at] else kind
            begun, count = int(part.begun[condition, at]), int(part.number[condition, at])
            turns.append(Turn(int(codes[at]), name, kind, before, after, limit, begun, count))
    part.number[told] += 1
    return turns


def _kind(before: int, after: int) -> Kind:
    if after > before:
        return "escalated" if before else "raised"
    return "lowered" if after else "cleared"
