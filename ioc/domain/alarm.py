"""The life of an alarm in the duty room, by the states of ISA-18.2: one table says what may follow what.

What a process says (`raise`, `worsen`, `ease`, `clear`) is heard in every state. What a person, a rule or the time
does (`acknowledge`, `undo`, covers that are laid over an alarm and taken away) is refused where the table has no entry.
Under a cover the alarm goes on, and is what it has become when the cover is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

CRITICAL: Final = 4  # red: it is never shelved, and no shelf holds it
BENEATH: Final = "<"  # to what the alarm is below its cover


class State(StrEnum):
    """NORM: nothing is wrong, or all that was is known. UNACK, ACKED: it stands. RTNUN: it is over, and nobody has said
    that it was seen. SHLVD: laid aside for a while; DSUPR: suppressed by design; OOSRV: out of service."""

    NORM = "NORM"
    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"
    OOSRV = "OOSRV"


class Signal(StrEnum):
    """What can happen to an alarm."""

    RAISE = "raise"
    WORSEN = "worsen"
    EASE = "ease"
    CLEAR = "clear"
    ACKNOWLEDGE = "acknowledge"
    UNDO = "undo"
    SHELVE = "shelve"
    UNSHELVE = "unshelve"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    RETIRE = "retire"
    RESTORE = "restore"


N, U, A, R = State.NORM, State.UNACK, State.ACKED, State.RTNUN
COVERED: Final = (State.SHLVD, State.DSUPR, State.OOSRV)  # from the weakest to the strongest
COVERS: Final = {State.SHLVD: Signal.SHELVE, State.DSUPR: Signal.SUPPRESS, State.OOSRV: Signal.RETIRE}
TAKEN_AWAY: Final = {
    State.SHLVD: Signal.UNSHELVE, State.DSUPR: Signal.UNSUPPRESS, State.OOSRV: Signal.RESTORE,
}  # fmt: skip

NEXT: Final[Mapping[tuple[State, Signal], State | Literal["<"]]] = {
    (N, Signal.RAISE): U,
    (N, Signal.UNDO): R,
    (U, Signal.WORSEN): U,
    (U, Signal.EASE): U,
    (U, Signal.CLEAR): R,
    (U, Signal.ACKNOWLEDGE): A,
    (A, Signal.WORSEN): U,  # what was known was less
    (A, Signal.EASE): A,
    (A, Signal.CLEAR): N,
    (A, Signal.UNDO): U,
    (R, Signal.RAISE): U,
    (R, Signal.ACKNOWLEDGE): N,
    **{(state, COVERS[cover]): cover for state in (N, U, A, R) for cover in COVERED},
    (State.SHLVD, Signal.SUPPRESS): State.DSUPR,
    (State.SHLVD, Signal.RETIRE): State.OOSRV,
    (State.DSUPR, Signal.RETIRE): State.OOSRV,
    **{
        (cover, signal): cover
        for cover in COVERED
        for signal in (Signal.RAISE, Signal.WORSEN, Signal.EASE, Signal.CLEAR)
    },
    **{(cover, TAKEN_AWAY[cover]): "<" for cover in COVERED},
}

Why = Literal["state", "critical"]


class AlarmRefused(Exception):
    """What the table does not allow: `state`, or `critical`: nobody lays a red alarm aside."""

    def __init__(self, signal: Signal, state: State, why: Why) -> None:
        super().__init__(f"{signal} of an alarm that is {state}: {why}")
        self.signal, self.state, self.why = signal, state, why


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm: its state, and what it is beneath: whether it stands, at which level (1 blue .. 4 red; that of its end
    when it stands no more), and whether somebody has acknowledged it as it is."""

    state: State = State.NORM
    stands: bool = False
    acked: bool = False
    level: int = 0

    @property
    def beneath(self) -> State:
        """What it would be without a cover. Who lays something aside knows of it: when it is over there, it is over."""
        if not self.stands:
            return State.NORM
        return State.ACKED if self.acked else State.UNACK


def heard(alarm: Alarm, level: int) -> Signal | None:
    """What it means that a process says this level (0: nothing is wrong any more); None for nothing new."""
    if level == 0:
        return Signal.CLEAR if alarm.stands else None
    if not alarm.stands:
        return Signal.RAISE
    if level == alarm.level:
        return None
    return Signal.WORSEN if level > alarm.level else Signal.EASE


def after(alarm: Alarm, signal: Signal, level: int = 0) -> Alarm:
    """The alarm after a signal; `level` comes with what a process says. Raises AlarmRefused."""
    state = NEXT.get((alarm.state, signal))
    if state is None or (signal is Signal.UNDO and not alarm.acked):
        raise AlarmRefused(signal, alarm.state, "state")
    if signal is Signal.SHELVE and alarm.level == CRITICAL and alarm.stands:
        raise AlarmRefused(signal, alarm.state, "critical")
    match signal:
        case Signal.RAISE | Signal.WORSEN:
            changed = replace(alarm, stands=True, acked=False, level=level)
        case Signal.EASE:
            changed = replace(alarm, level=level)
        case Signal.CLEAR:
            changed = replace(alarm, stands=False)
        case Signal.ACKNOWLEDGE:
            changed = replace(alarm, acked=True)
        case Signal.UNDO:
            changed = replace(alarm, acked=False)
        case _:
            changed = alarm
    return replace(changed, state=changed.beneath if state == BENEATH else state)


def may(alarm: Alarm, signal: Signal) -> bool:
    """Whether the table allows it now."""
    try:
        after(alarm, signal, alarm.level)
    except AlarmRefused:
        return False
    return True


def breaks_out(alarm: Alarm) -> bool:
    """Whether an alarm has become worse than a shelf may hold: it is to be unshelved at once."""
    return alarm.state is State.SHLVD and alarm.stands and alarm.level == CRITICAL
