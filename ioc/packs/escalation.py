"""Ladders and audiences as data: `escalation.toml`, checked against the life cycles, as the tables of the centre."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from ioc.domain.audience import Audience
from ioc.domain.escalation import Ladder, Rung, faults
from ioc.packs.files import line
from ioc.packs.language import Closed, Text
from ioc.packs.life_cycles import Id, Within, life_cycles
from ioc.security.role import Role
from metrics.window import parse_duration

if TYPE_CHECKING:
    from ioc.packs.content import Content

_AGE = re.compile(r"(?:([0-9]{1,3})%)?(?:(?:(?<=%)\+)?([0-9]+(?:s|m|h|d)))?")
KINDS: Final = ("im", "sms", "mail", "call", "web")  # of channels, besides the screen, which always shows it
Kind = Literal["im", "sms", "mail", "call", "web"]


def _age(text: str) -> str:
    if not text or _AGE.fullmatch(text) is None:
        raise ValueError("an age is 40%, 5m or 100%+10m")
    return text


def _role(text: str) -> str:
    return Role(text).value


class AudienceTable(Closed):
    """Who is meant by a name."""

    zh: Text
    en: Text
    is_: Literal["owner", "role", "units", "org", "post"] = Field(alias="is")
    role: Annotated[str, AfterValidator(_role)] | None = None
    level: Literal["community", "subdistrict", "district", "city"] | None = None
    asks: bool = False

    @model_validator(mode="after")
    def _fitting(self) -> AudienceTable:
        if (self.is_ == "role") != (self.role is not None) or (self.is_ == "post") != (self.level is not None):
            raise ValueError("a role is named for `role`, a level for `post`, and for nothing else")
        return self


class RungTable(Closed):
    id: Id
    zh: Text
    en: Text
    at: Annotated[str, AfterValidator(_age)]
    tells: Annotated[list[Id], Field(min_length=1)]
    by: Annotated[list[Kind], Field(min_length=1)]


class LadderTable(Closed):
    zh: Text
    en: Text
    kind: Id
    stages: list[Id] = Field(default_factory=list)
    level: Annotated[int, Field(ge=0, le=4)] = 0
    answers: list[Literal["claim", "receipt"]]
    rung: Annotated[list[RungTable], Field(min_length=1, max_length=20)]


class RemindTable(Closed):
    """How often a message that wants an answer is sent again, and how many times at most."""

    every: Within
    most: Annotated[int, Field(ge=0, le=100)]


class EscalationFile(Closed):
    audience: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")], AudienceTable]
    remind: RemindTable
    ladder: dict[Id, LadderTable] = Field(default_factory=dict)


def ladders(content: Content) -> Mapping[str, Ladder]:
    """The ladders by their ids; none where the packs have none."""
    if content.escalation is None:
        return {}
    return {name: _made(name, table) for name, table in content.escalation.model.ladder.items()}


def audiences(content: Content) -> Mapping[str, Audience]:
    """Who is meant by the names that moves and rungs tell."""
    if content.escalation is None:
        return {}
    return {
        name: Audience(name, table.zh, table.en, table.is_, table.role or table.level or "", table.asks)
        for name, table in content.escalation.model.audience.items()
    }


def reminders(content: Content) -> tuple[int, int]:
    """(every so many ms, so many times at most)."""
    if content.escalation is None:
        return 0, 0
    table = content.escalation.model.remind
    return parse_duration(table.every), table.most


def check_escalation(content: Content) -> Iterator[str]:
    """One line per audience or stage that is not there, and per ladder that cannot be climbed."""
    if content.escalation is None:
        return
    file, cycles = content.escalation.name, life_cycles(content)
    known = set(content.escalation.model.audience)
    for name, cycle in cycles.items():
        for move in cycle.moves.values():
            for audience in sorted(set(move.tells) - known):
                where = content.life_cycles.name if content.life_cycles else ""
                yield line(where, f"{name}.{move.id}.tells", "unknown-name", f"there is no audience '{audience}'")
    for name, ladder in ladders(content).items():
        if ladder.kind not in cycles:
            yield line(file, f"{name}.kind", "unknown-name", f"there is no life cycle '{ladder.kind}'")
            continue
        for rung in ladder.rungs:
            for audience in sorted(set(rung.tells) - known):
                yield line(file, f"{name}.{rung.id}.tells", "unknown-name", f"there is no audience '{audience}'")
        stages = {stage.id: bool(stage.calendar) for stage in cycles[ladder.kind].stages.values()}
        for sentence in faults(ladder, stages):
            yield line(file, name, "conflict", sentence)


def _made(name: str, table: LadderTable) -> Ladder:
    rungs = []
    for row in table.rung:
        matched = _AGE.fullmatch(row.at)
        share, after = matched.groups() if matched else (None, None)
        rungs.append(
            Rung(
                row.id, row.zh, row.en, int(share or 0) / 100, parse_duration(after) if after else 0,
                tuple(row.tells), tuple(row.by),
            )
        )  # fmt: skip
    return Ladder(
        name, table.zh, table.en, table.kind, frozenset(table.stages), table.level, frozenset(table.answers),
        tuple(rungs),
    )  # fmt: skip
