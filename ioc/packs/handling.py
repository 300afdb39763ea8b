"""How incidents and cases are handled, of the shipped packs, read once: life cycles, calendars, ladders, responses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ioc.domain.audience import Audience
from ioc.domain.escalation import Ladder
from ioc.domain.life_cycle import LifeCycle
from ioc.domain.response import ResponsePlan
from ioc.packs.calendars import calendars
from ioc.packs.content import load
from ioc.packs.escalation import audiences, ladders, reminders
from ioc.packs.files import PACKS
from ioc.packs.life_cycles import life_cycles
from ioc.packs.responses import response_plans
from metrics.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Handling:
    """The tables by which dossiers go, by their names. `regions`: code -> (level, code of the parent).

    `reminders`: (every so many ms, so many times at most) for messages that want an answer.
    """

    cycles: Mapping[str, LifeCycle]
    calendars: Mapping[str, Calendar]
    ladders: Mapping[str, Ladder]
    audiences: Mapping[str, Audience]
    reminders: tuple[int, int]
    regions: Mapping[str, tuple[str, str]]
    plans: Mapping[str, ResponsePlan]

    def calendar(self, kind: str, stage: str) -> Calendar | None:
        """By which the time of a stage counts; None where no clock runs or the packs no longer have it."""
        found = self.cycles[kind].stages.get(stage) if kind in self.cycles else None
        return self.calendars.get(found.calendar) if found is not None and found.calendar else None

    def region_of(self, code: str, level: str) -> str:
        """The region of a level in which a region lies, itself too; empty where there is none.

        The district is that of every place, also of one that nobody has placed.
        """
        if level == "district":
            return next((name for name, (at, _) in self.regions.items() if at == level), "")
        while code in self.regions:
            at, parent = self.regions[code]
            if at == level or (level, at) == ("community", "committee"):
                return code
            code = parent
        return ""


@cache
def handling(root: Path = PACKS) -> Handling:
    """Of the packs below `root`. Raises PackErrors."""
    content = load(root)
    regions = {str(row["code"]): (str(row["level"]), str(row["parent"])) for row in content.region_rows()}
    return Handling(
        life_cycles(content),
        calendars(content),
        ladders(content),
        audiences(content),
        reminders(content),
        regions,
        response_plans(content),
    )
