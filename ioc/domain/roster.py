"""The duty roster: who is on duty in which role, from when to when, and who hands over to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_MS: Final = 36 * 3_600_000  # of one shift: what is longer was mistyped
SHORTEST_MS: Final = 15 * 60_000


@dataclass(frozen=True, slots=True)
class Shift:
    """A person in a role from `start_ms` to `end_ms` (exclusive). `post`: the seat, empty for any."""

    id: str
    person: str
    role: str
    post: str
    start_ms: int
    end_ms: int
    note: str = ""

    def at(self, now_ms: int) -> bool:
        return self.start_ms <= now_ms < self.end_ms


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a shift, by its field."""

    field: str
    zh: str
    en: str


def on_duty(shifts: Iterable[Shift], now_ms: int) -> Mapping[str, tuple[str, ...]]:
    """Role -> who has it now, each person once, who began first before others. Roles that nobody has are not there."""
    found: dict[str, dict[str, None]] = {}
    for shift in sorted(shifts, key=lambda each: (each.start_ms, each.person)):
        if shift.at(now_ms):
            found.setdefault(shift.role, {})[shift.person] = None
    return {role: tuple(people) for role, people in found.items()}


def fault(shift: Shift, others: Sequence[Shift], roles: Mapping[str, frozenset[str]]) -> Fault | None:
    """Why a shift cannot stand beside others; `roles`: of each person. Nobody is in two shifts at once."""
    held = roles.get(shift.person)
    if held is None:
        return Fault("person", f"没有此人：{shift.person[:40]}。", f"There is nobody called {shift.person[:40]}.")
    if shift.role not in held:
        return Fault("role", f"{shift.person} 没有此角色。", f"{shift.person} does not hold this role.")
    if not SHORTEST_MS <= shift.end_ms - shift.start_ms <= LONGEST_MS:
        return Fault("end", "一班 15 分钟至 36 小时。", "A shift takes 15 minutes to 36 hours.")
    for other in others:
        same = other.id != shift.id and other.person == shift.person
        if same and other.start_ms < shift.end_ms and shift.start_ms < other.end_ms:
            return Fault("start", f"{shift.person} 该时段已有班次。", f"{shift.person} has a shift then.")
    return None
