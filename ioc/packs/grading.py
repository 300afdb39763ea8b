"""How class and level of an incident are computed, as data: `grading.toml`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from ioc.domain.grading import ClassRule, LevelRule, Rules
from ioc.packs.language import Closed, Text
from metrics.value import LEVELS, Level

if TYPE_CHECKING:
    from ioc.packs.content import Content

Class = Literal["natural", "accident", "health", "security"]
Limit = Annotated[float, Field(gt=0)] | Literal[""]


class ClassTable(Closed):
    id: Class
    zh: Text
    en: Text
    words: Annotated[list[Text], Field(min_length=1)]


class LevelTable(Closed):
    """A fact that tells a level, by numbers or by words."""

    fact: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    zh: Text
    en: Text
    unit_zh: str = ""
    unit_en: str = ""
    at_least: Annotated[list[Limit], Field(min_length=4, max_length=4)] | None = None
    words: dict[str, Annotated[int, Field(ge=1, le=4)]] | None = None
    classes: list[Class] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way_upwards(self) -> LevelTable:
        if (self.at_least is None) == (self.words is None):
            raise ValueError("a level is told by at_least or by words")
        limits = [limit for limit in self.at_least or () if limit != ""]
        if limits != sorted(limits):
            raise ValueError("what is graver begins at more: at_least goes from Ⅳ to Ⅰ")
        return self


class WarningTable(Closed):
    opens: Level


class GradingFile(Closed):
    """All of it."""

    warning: WarningTable
    class_: Annotated[list[ClassTable], Field(alias="class")]
    level: list[LevelTable]


def grading(content: Content) -> Rules:
    """Raises ValueError where the packs have no `grading.toml`."""
    if content.grading is None:
        raise ValueError("grading.toml: 缺少此文件 the packs have no such file")
    file = content.grading.model
    return Rules(
        1 + LEVELS.index(file.warning.opens),
        tuple(ClassRule(row.id, row.zh, row.en, tuple(row.words)) for row in file.class_),
        tuple(
            LevelRule(
                row.fact, row.zh, row.en, row.unit_zh, row.unit_en,
                tuple(None if limit == "" else float(limit) for limit in row.at_least or ()),
                row.words, frozenset(row.classes),
            )
            for row in file.level
        ),
    )  # fmt: skip


@cache
def shipped_grading() -> Rules:
    """Those of the packs as they lie here, read once. Raises PackErrors, ValueError."""
    from ioc.packs.content import load

    return grading(load())
