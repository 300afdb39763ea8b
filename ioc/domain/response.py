"""Response levels Ⅳ to Ⅰ: how one is started, raised, lowered and ended, and whose authority that takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

MARKS: Final = ("", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ")  # by level, 0 is none
LEVELS: Final = range(5)
Act = Literal["start", "raise", "lower", "end"]
ACTS: Final[Mapping[Act, tuple[str, str]]] = {
    "start": ("启动", "start"), "raise": ("提升", "raise"), "lower": ("降低", "lower"), "end": ("终止", "end"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """A kind of plan; `authority[level - 1]` is the permission that its level takes. `tells`: the audiences that hear
    of each change."""

    id: str
    zh: str
    en: str
    authority: tuple[str, str, str, str]
    tells: tuple[str, ...] = ()
    by: tuple[str, ...] = ()  # kinds of channels


class NotThat(Exception):
    """The change is none: `before` stands already, or the level is no level."""

    def __init__(self, before: int, level: int) -> None:
        super().__init__(f"from {before} to {level}")
        self.before, self.level = before, level


class NoAuthority(Exception):
    """Whoever wants it may not: `permission` is what it takes."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


def act_of(before: int, level: int) -> Act:
    """What a change from one level to another is. Raises NotThat."""
    if isinstance(level, bool) or level not in LEVELS or level == before:
        raise NotThat(before, level)
    if before == 0:
        return "start"
    return "end" if level == 0 else "raise" if level > before else "lower"


def required(plan: ResponsePlan, before: int, level: int) -> str:
    """The permission of a change: that of the higher of both levels, so that nobody takes back what is above them."""
    return plan.authority[max(before, level) - 1]


def change(plan: ResponsePlan, before: int, level: int, permissions: Collection[str]) -> Act:
    """What is done. Raises NotThat, NoAuthority."""
    act = act_of(before, level)
    if (permission := required(plan, before, level)) not in permissions:
        raise NoAuthority(permission)
    return act


def open_levels(plan: ResponsePlan, before: int, permissions: Collection[str]) -> tuple[int, ...]:
    """The levels that somebody with these permissions may bring it to."""
    return tuple(level for level in LEVELS if level != before and required(plan, before, level) in permissions)
