"""Life cycles as data: `life_cycles.toml`, checked, as the tables by which incidents and cases go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, StringConstraints

from ioc.domain.life_cycle import LifeCycle, Move, Stage
from ioc.packs.files import line
from ioc.packs.language import Closed, Text
from ioc.security.permission import Permission
from metrics.formula_signatures import ALWAYS
from metrics.window import parse_duration

if TYPE_CHECKING:
    from ioc.packs.content import Content

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


def _duration(text: str) -> str:
    parse_duration(text)
    return text


def _permission(text: str) -> str:
    return Permission(text).value


Within = Annotated[str, AfterValidator(_duration)]
Level = Annotated[str, StringConstraints(pattern=r"^[0-4]$")]


class StageTable(Closed):
    """A stage. `within`: what it may take of the open time of `calendar`; without a calendar no clock runs.

    `{ 0 = "15m", 3 = "10m" }`: from level 3 (Ⅱ) on it may take ten minutes.
    """

    id: Id
    zh: Text
    en: Text
    calendar: Id | None = None
    within: Within | dict[Level, Within] | None = None
    final: bool = False

    def allowed(self) -> tuple[tuple[int, int], ...]:
        """(from this level on, ms), ascending; nothing where no clock runs."""
        by_level = {"0": self.within} if isinstance(self.within, str) else self.within or {}
        return tuple((int(level), parse_duration(text)) for level, text in sorted(by_level.items()))


class MoveTable(Closed):
    """A move from `from` (none: every stage that is not final) to a stage, "" (stays) or "<" (the stage before)."""

    id: Id
    zh: Text
    en: Text
    from_: list[Id] = Field(default_factory=list, alias="from")
    to: Id | Annotated[str, StringConstraints(pattern=r"^<?$")]
    permission: Annotated[str, AfterValidator(_permission)]
    needs: list[Id] = Field(default_factory=list)
    tells: list[Id] = Field(default_factory=list)
    held: bool = False


class LifeCycleTable(Closed):
    zh: Text
    en: Text
    stage: Annotated[list[StageTable], Field(min_length=2)]
    move: Annotated[list[MoveTable], Field(min_length=1)]


class LifeCyclesFile(Closed):
    """All life cycles, by what goes by them."""

    life_cycle: dict[str, LifeCycleTable]


def life_cycles(content: Content) -> Mapping[str, LifeCycle]:
    """The tables, by what goes by them; none where the packs have none."""
    if content.life_cycles is None:
        return {}
    return {name: _made(name, table) for name, table in content.life_cycles.model.life_cycle.items()}


def check_life_cycles(content: Content) -> Iterator[str]:
    """One line per id that stands twice, calendar that is not there, clock without a calendar, and per stage that
    nobody reaches or leaves."""
    if content.life_cycles is None:
        return
    file = content.life_cycles.name
    calendars = {ALWAYS}
    for pack in content.packs:
        calendars |= set(pack.sources.raw.get("calendar", {})) if pack.sources else set()
    for name, table in content.life_cycles.model.life_cycle.items():
        for kind, rows in (("stage", table.stage), ("move", table.move)):
            for row_id, count in Counter(row.id for row in rows).items():
                if count > 1:
                    yield line(file, f"{name}.{kind}.{row_id}", "duplicate", "it is declared more than once")
        for stage in table.stage:
            where = f"{name}.{stage.id}"
            if stage.calendar and stage.calendar not in calendars:
                there = ", ".join(sorted(calendars))
                yield line(
                    file, f"{where}.calendar", "unknown-name", f"there is no calendar '{stage.calendar}': {there}"
                )
            if (stage.calendar is None) != (stage.within is None):
                yield line(file, f"{where}.within", "missing-key", "a clock has a calendar and what it may take")
            allowed = stage.allowed()
            if allowed and allowed[0][0] != 0:
                yield line(file, f"{where}.within", "missing-key", "what it may take at level 0 is not said")
            if any(after[1] > one[1] for one, after in pairwise(allowed)):
                yield line(file, f"{where}.within", "conflict", "a higher level may not take longer than a lower one")
            if stage.final and stage.within:
                yield line(file, f"{where}.within", "conflict", "nothing is owed at a final stage")
        for what, sentence in _made(name, table).faults():
            yield line(file, f"{name}.{what}", "unreachable", sentence)


def _made(name: str, table: LifeCycleTable) -> LifeCycle:
    stages = {
        row.id: Stage(
            row.id, row.zh, row.en, row.calendar or "", dict(row.allowed()).get(0, 0), row.final, row.allowed()
        )
        for row in table.stage
    }
    moves = {
        row.id: Move(
            row.id, row.zh, row.en, frozenset(row.from_), row.to,
            row.permission, tuple(row.needs), tuple(row.tells), row.held,
        )
        for row in table.move
    }  # fmt: skip
    return LifeCycle(name, stages, moves)
