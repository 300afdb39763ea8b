"""Units for an incident: what its type and level need, and which of all units are proposed, each with the reason.

Travel time is the straight line times a road factor over the speed of the kind, plus the time until they move; what
a unit is on already and a shift that ends soon put it behind others. All units are judged at once, as arrays.
Lengths in metres, times in minutes, positions in degrees (WGS-84).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ioc.domain.routing import Why

_M_PER_DEGREE: Final = 111_195.0  # of a great circle, mean radius of the earth
_LAST: Final = 10_000.0  # minutes by which those who are asked last come after all others

Floats = NDArray[np.float64]
Names = Mapping[str, tuple[str, str]]  # id -> (Chinese, English)


@dataclass(frozen=True, slots=True)
class Force:
    """What units of a kind can, have with them, and how they move."""

    id: str
    zh: str
    en: str
    skills: frozenset[str]
    equipment: frozenset[str]
    kmh: float
    turnout: float


@dataclass(frozen=True, slots=True)
class Line:
    """So many units with a skill and this equipment. `number`: (from this level on, how many), ascending levels."""

    skill: str
    number: tuple[tuple[int, int], ...]
    equipment: frozenset[str] = frozenset()

    def wanted(self, level: int) -> int:
        """How many at a level: as the highest entry says that is not above it."""
        return next((many for least, many in reversed(self.number) if level >= least), 0)


@dataclass(frozen=True, slots=True)
class Need:
    """A type of incident: how it is known and what it takes."""

    id: str
    zh: str
    en: str
    lines: tuple[Line, ...]
    classes: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitRules:
    """All of it. `most_load`: open tasks from which on a unit takes no other; each counts as `load_minutes`."""

    forces: Mapping[str, Force]
    needs: tuple[Need, ...]
    skills: Names
    equipment: Names
    road_factor: float
    most_load: int
    load_minutes: float
    shift_minutes: float


@dataclass(frozen=True, slots=True)
class Pool:
    """All units of a world, each array of their number. `lon`, `lat` NaN: nobody knows where it is. `load`: open
    incidents that it was sent to. `shift`: minutes until its shift ends, infinite where nobody knows. `extra`:
    equipment that a unit has beside that of its kind, by its place."""

    names: Sequence[str]
    kinds: Sequence[str]
    lon: Floats
    lat: Floats
    on_post: NDArray[np.bool_]
    ready: NDArray[np.bool_]
    load: NDArray[np.int64]
    shift: Floats
    extra: Mapping[int, frozenset[str]]


class Judged(IntEnum):
    """What became of a unit; the first that is true of a refused one."""

    CHOSEN = 0
    FARTHER = 1  # it fits, others are there sooner
    UNFIT = 2  # nothing that is needed is a skill of it
    UNEQUIPPED = 3
    OFF = 4
    BUSY = 5
    LOADED = 6
    NOWHERE = 7


STATES: Final[Mapping[Judged, str]] = {
    Judged.CHOSEN: "ready", Judged.FARTHER: "ready", Judged.UNFIT: "unfit", Judged.UNEQUIPPED: "unfit",
    Judged.OFF: "off", Judged.BUSY: "busy", Judged.LOADED: "busy", Judged.NOWHERE: "unknown",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line of the need at the level of the incident. `found`: how many of `number` are proposed."""

    line: Line
    number: int
    found: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The need with why it is that one, and all units: their judgement, minutes to the scene (NaN: not known) and the
    line (its place) for which each was taken or would serve first, -1 for none."""

    need: Need
    why: Why
    level: int
    wanted: tuple[Wanted, ...]
    judged: NDArray[np.int64]
    minutes: Floats
    metres: Floats
    serves: NDArray[np.int64]

    @property
    def chosen(self) -> tuple[int, ...]:
        """The places of those who are proposed, line by line, the soonest first."""
        taken = np.flatnonzero(self.judged == Judged.CHOSEN)
        return tuple(sorted(taken.tolist(), key=lambda at: (self.serves[at], self.minutes[at])))

    def order(self) -> list[int]:
        """All units: those proposed, then who fits, then the others, each the soonest first."""
        minutes = np.where(np.isnan(self.minutes), np.inf, self.minutes)
        rest = np.lexsort((minutes, self.judged))
        return [*self.chosen, *(at for at in rest.tolist() if self.judged[at] != Judged.CHOSEN)]


def need_of(rules: UnitRules, class_: str, text: str) -> tuple[Need, Why]:
    """The type of an incident: the one with the most words, then the one of its class, then the last, which asks for
    nothing. A class that is known rules out the types of other classes."""
    best, rank, told = rules.needs[-1], (0, 0), Why("没有可辨的类型", "nothing tells its type")
    for need in rules.needs:
        if class_ and need.classes and class_ not in need.classes:
            continue
        words = [word for word in need.words if word in text]
        of_class = int(bool(class_) and class_ in need.classes)
        if (len(words), of_class) > rank:
            best, rank = need, (len(words), of_class)
            said = "、".join(words)
            told = Why(f"{need.zh}：提及{said}", f"{need.en}: {said} is mentioned") if words else Why(
                f"{need.zh}：按类别", f"{need.en}: by its class")  # fmt: skip
    return best, told


def choose(
    rules: UnitRules, pool: Pool, *, class_: str, level: int, text: str, at: tuple[float, float] | None
) -> Choice:
    """Propose units. `at`: longitude and latitude of the incident; None: nobody knows how far anybody is."""
    need, why = need_of(rules, class_, text)
    count, kinds = len(pool.names), {name: place for place, name in enumerate(rules.forces)}
    kind = np.array([kinds.get(name, -1) for name in pool.kinds], np.int64)
    forces = list(rules.forces.values())
    metres = _metres(pool, at)
    minutes = _minutes(rules, forces, kind, metres)
    cost = np.where(np.isnan(minutes), _LAST, minutes) + pool.load * rules.load_minutes
    cost += np.where(pool.shift - np.nan_to_num(minutes) < rules.shift_minutes, _LAST, 0.0)
    able, equipped = _fitting(need, forces, kind, pool.extra)
    judged = np.full(count, int(Judged.FARTHER), np.int64)
    for state, mask in (
        (Judged.NOWHERE, np.isnan(pool.lon)), (Judged.LOADED, pool.load >= rules.most_load), (Judged.BUSY, ~pool.ready),
        (Judged.OFF, ~pool.on_post), (Judged.UNEQUIPPED, ~equipped.any(axis=0)), (Judged.UNFIT, ~able.any(axis=0)),
    ):  # fmt: skip
        judged[mask] = int(state)
    free = judged == int(Judged.FARTHER)
    serves = np.where(able.any(axis=0), able.argmax(axis=0), -1)
    wanted = []
    for place, line in enumerate(need.lines):
        number = line.wanted(level)
        open_ = np.flatnonzero(free & equipped[place])
        taken = open_[np.argsort(cost[open_], kind="stable")[:number]]
        free[taken], judged[taken], serves[taken] = False, int(Judged.CHOSEN), place
        wanted.append(Wanted(line, number, len(taken)))
    return Choice(need, why, level, tuple(wanted), judged, minutes, metres, serves)


def _metres(pool: Pool, at: tuple[float, float] | None) -> Floats:
    if at is None:
        return np.full(len(pool.names), np.nan)
    east = (pool.lon - at[0]) * _M_PER_DEGREE * math.cos(math.radians(at[1]))
    found: Floats = np.hypot(east, (pool.lat - at[1]) * _M_PER_DEGREE)
    return found


def _minutes(rules: UnitRules, forces: Sequence[Force], kind: NDArray[np.int64], metres: Floats) -> Floats:
    speed = np.array([*(force.kmh for force in forces), np.nan]) * 1000.0 / 60.0
    turnout = np.array([*(force.turnout for force in forces), np.nan])
    found: Floats = metres * rules.road_factor / speed[kind] + turnout[kind]
    return found


def _fitting(
    need: Need, forces: Sequence[Force], kind: NDArray[np.int64], extra: Mapping[int, frozenset[str]]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(lines, units): whether a unit has the skill of a line, and its equipment too."""
    able = np.array([[*(line.skill in force.skills for force in forces), False] for line in need.lines], np.bool_)
    has = np.array([[*(line.equipment <= force.equipment for force in forces), False] for line in need.lines], np.bool_)
    can, fitted = able[:, kind], has[:, kind]
    for place, more in extra.items():
        own = forces[kind[place]].equipment if kind[place] >= 0 else frozenset()
        for row, line in enumerate(need.lines):
            fitted[row, place] = line.equipment <= own | more
    return can, can & fitted
