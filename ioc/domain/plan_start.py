"""Which rule starts a plan for an incident, or for a response that nobody tied to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ioc.domain.plan import Plan, Start


@dataclass(frozen=True, slots=True)
class Matter:
    """What the rules look at. `alarms`: the worst level of each indicator's alarms of it, 1 blue .. 4 red; `responses`:
    the levels that were ordered for it."""

    class_: str = ""
    level: int = 0
    text: str = ""
    alarms: Mapping[str, int] = field(default_factory=dict)
    responses: Mapping[str, int] = field(default_factory=dict)


def rule(plan: Plan, matter: Matter) -> Start | None:
    """The first rule of a plan that holds; None where a person decides."""
    return next((start for start in plan.starts if _holds(start, matter)), None)


def _holds(start: Start, matter: Matter) -> bool:
    match start.by:
        case "incident":
            named = not start.words or any(word in matter.text for word in start.words)
            return start.class_ == matter.class_ and matter.level >= start.level and named
        case "alarm":
            return matter.alarms.get(start.indicator, 0) >= max(1, start.level)
        case "response":
            return matter.responses.get(start.response, 0) >= max(1, start.level)
        case _:
            return False


def offered(plan: Plan, class_: str, level: int) -> bool:
    """Whether it is for incidents of this class and level: it is proposed first."""
    return (not plan.classes or class_ in plan.classes) and level in (plan.levels or (level,))
