"""Looks at windows of one minute, written as short timelines."""

import numpy as np

from metrics.alarm import Look, step
from metrics.alarm_rule import Rule
from metrics.alarm_state import AlarmState
from metrics.threshold import Flapping, Thresholds
from metrics.window import Window

MINUTE = 60_000
SLOW = (("yellow", 4.0), ("orange", 6.0), ("red", 8.0))


def rule(**more):
    """A rule on SLOW, direction down, that flaps at five changes within 12 minutes."""
    thresholds = Thresholds(**{"limits": SLOW, "direction": "down", **more})
    return Rule.of(thresholds, Window.tumbling(MINUTE))


def never_flapping(**more):
    return rule(flapping=Flapping(1000, MINUTE), **more)


def look(minute, values, *, stale=None, complete=True, calendars_open=(), cover=None, z=None):
    """One window; None is null. `stale`: codes of stale groups."""
    known = np.array([value is not None for value in values], np.bool_)
    numbers = np.array([0.0 if value is None else value for value in values], np.float64)
    judged = numbers if z is None else np.array([0.0 if one is None else one for one in z], np.float64)
    old = np.zeros(len(values), np.bool_)
    old[list(stale or ())] = True
    return Look(
        (minute - 1) * MINUTE,
        minute * MINUTE,
        MINUTE,
        complete,
        known,
        old,
        judged,
        known if z is None else np.array([one is not None for one in z], np.bool_),
        np.ones(len(values), np.bool_),
        np.full(len(values), -1, np.int64) if cover is None else np.array(cover, np.int64),
        calendars_open,
    )


def timeline(judged_by, looks):
    """The state after the looks, and (minute, kind, level after) of every turn of group 0."""
    state, told = AlarmState.initial(judged_by.changes), []
    for one in looks:
        outcome = step(state, judged_by, one)
        state = outcome.state
        told += [(one.end // MINUTE, turn) for turn in outcome.turns]
    return state, told


def story(judged_by, values, **more):
    """(minute, kind, level after) for values of consecutive minutes of one group, from minute 1."""
    _, told = timeline(judged_by, [look(minute, [value], **more) for minute, value in enumerate(values, 1)])
    return [(minute, turn.kind, turn.after) for minute, turn in told if turn.condition == "level"]


def same(one, other):
    """Whether two memories are equal to the bit."""
    mine, its = one.arrays(), other.arrays()
    scalars = (one.judged_ms, one.watched_ms, one.late) == (other.judged_ms, other.watched_ms, other.late)
    return (
        scalars
        and all(np.array_equal(mine[name], its[name]) for name in mine)
        and np.array_equal(one.awake, other.awake)
    )
