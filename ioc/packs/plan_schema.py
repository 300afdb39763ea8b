"""The tables of a plan file as closed models."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, model_validator

from ioc.domain.plan import Condition, Start, Value
from ioc.packs.escalation import Kind
from ioc.packs.language import Closed, Text
from ioc.packs.life_cycles import Id, Level, Within
from metrics.calendar import ALWAYS
from metrics.window import parse_duration

Told = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Recipient = Annotated[
    str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,31}|(person|role|unit|org|post):[^\s*]{1,100})$")
]
Screen = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31})?$")]
Alarm = Literal["blue", "yellow", "orange", "red"]
ALARMS: Final[tuple[Alarm, ...]] = ("blue", "yellow", "orange", "red")
HOWS: Final = ("is", "not", "at_least", "at_most", "has")


class ChoiceTable(Closed):
    id: Id
    zh: Text
    en: Text


class EvidenceTable(Closed):
    name: Id
    zh: Text
    en: Text
    kind: Literal["text", "number", "choice", "photo", "receipt"] = "text"
    unit: Annotated[str, StringConstraints(max_length=16)] = ""
    choices: list[ChoiceTable] = Field(default_factory=list)
    least: int | float | None = None
    most: int | float | None = None
    required: bool = True


class TestTable(Closed):
    """One of `fact`, `input`, `level`, and one comparison."""

    fact: Id | None = None
    input: Id | None = None
    level: Annotated[int, Field(ge=0, le=4)] | None = None
    is_: Value | None = Field(default=None, alias="is")
    not_: Value | None = Field(default=None, alias="not")
    at_least: int | float | None = None
    at_most: int | float | None = None
    has: Text | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> TestTable:
        if sum(each is not None for each in (self.fact, self.input, self.level)) != 1:
            raise ValueError("exactly one of fact, input, level")
        if self.level is None and len(self._compared()) != 1:
            raise ValueError(f"exactly one of {', '.join(HOWS)}")
        if self.level is not None and self._compared():
            raise ValueError("`level` is the least level, nothing is compared with it")
        return self

    def _compared(self) -> dict[str, Value]:
        given = {"is": self.is_, "not": self.not_, "at_least": self.at_least, "at_most": self.at_most, "has": self.has}
        return {how: value for how, value in given.items() if value is not None}

    def made(self) -> Condition:
        if self.level is not None:
            return Condition("level", "level", "at_least", self.level)
        ((how, value),) = self._compared().items()
        return Condition("fact" if self.fact else "input", self.fact or self.input or "", how, value)  # type: ignore[arg-type]


class ActionTable(Closed):
    kind: Literal["order", "scene", "conference", "signal_plan", "notice", "response"]
    to: list[Recipient] = Field(default_factory=list)
    by: list[Kind] = Field(default_factory=list)
    zh: Told | None = None
    en: Told | None = None
    scene: Id | None = None
    screens: list[Screen] = Field(default_factory=list)
    level: Annotated[int, Field(ge=1, le=4)] | None = None


class FallbackTable(Closed):
    step: Id | None = None
    tells: list[Recipient] = Field(default_factory=list)
    escalate: Literal["community", "subdistrict", "district", "city"] | None = None
    by: list[Kind] = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> FallbackTable:
        if not (self.step or self.tells or self.escalate):
            raise ValueError("at least one of step, tells, escalate")
        return self


class StepTable(Closed):
    """A step. `within` as in life_cycles.toml; without it no clock runs."""

    id: Id
    zh: Text
    en: Text
    owner: Id
    after: list[Id] = Field(default_factory=list)
    when: list[TestTable] = Field(default_factory=list)
    waits: bool = False
    within: Within | dict[Level, Within] | None = None
    calendar: Id = ALWAYS
    evidence: list[EvidenceTable] = Field(default_factory=list)
    takes: list[Id] = Field(default_factory=list)
    action: ActionTable | None = None
    late: FallbackTable | None = None
    refused: FallbackTable | None = None

    def allowed(self) -> tuple[tuple[int, int], ...]:
        """(from this level on, ms), ascending; nothing where no clock runs."""
        by_level = {"0": self.within} if isinstance(self.within, str) else self.within or {}
        return tuple((int(level), parse_duration(text)) for level, text in sorted(by_level.items()))


class StartTable(Closed):
    """A rule by which it begins, or `by = "hand"`."""

    by: Literal["hand", "incident", "alarm", "response"]
    class_: Id | None = Field(default=None, alias="class")
    level: Annotated[int, Field(ge=0, le=4)] | Alarm | None = None
    words: list[Text] = Field(default_factory=list)
    indicator: Text | None = None
    plan: Id | None = None

    @model_validator(mode="after")
    def _fitting(self) -> StartTable:
        wants = {"incident": "class_", "alarm": "indicator", "response": "plan"}
        for by, key in wants.items():
            if (getattr(self, key) is not None) != (self.by == by):
                raise ValueError(f'`{key.rstrip("_")}` belongs to by = "{by}", and only to it')
        if self.words and self.by != "incident":
            raise ValueError('`words` belong to by = "incident"')
        if self.level is not None and (isinstance(self.level, str) != (self.by == "alarm") or self.by == "hand"):
            raise ValueError("the level of an alarm is a colour, any other one 0 to 4")
        return self

    def made(self) -> Start:
        level = ALARMS.index(self.level) + 1 if isinstance(self.level, str) else self.level or 0
        return Start(self.by, self.class_ or "", level, tuple(self.words), self.indicator or "", self.plan or "")


class HeadTable(Closed):
    id: Id
    zh: Text
    en: Text
    classes: list[Id] = Field(default_factory=list)
    levels: list[Annotated[int, Field(ge=0, le=4)]] = Field(default_factory=lambda: [0, 1, 2, 3, 4])
    response: Id | None = None


class PlanFile(Closed):
    """One plan."""

    plan: HeadTable
    start: Annotated[list[StartTable], Field(min_length=1, max_length=20)]
    step: Annotated[list[StepTable], Field(min_length=1, max_length=60)]
