"""A plan (预案): steps with owners, conditions, clocks, evidence and fallbacks, joined by what each comes after.

The plan itself never changes while it runs: `ioc.domain.plan_run` says what follows from what happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Final, Literal

from metrics.calendar import ALWAYS, Calendar

Value = str | int | float | bool
EvidenceKind = Literal["text", "number", "choice", "photo", "receipt"]
ActionKind = Literal["none", "order", "scene", "conference", "signal_plan", "notice", "response"]
StartKind = Literal["hand", "incident", "alarm", "response"]
Comparison = Literal["is", "not", "at_least", "at_most", "has"]

MESSAGES: Final[frozenset[ActionKind]] = frozenset({"order", "conference", "signal_plan", "notice", "response"})
KNOWN: Final = ("title", "level", "region", "address", "class")  # what a text may say of the incident


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is entered when a step is done, under a name by which later steps know it.

    `receipt`: nobody types it, it is there once everybody who was told has answered. `least`, `most` of a number.
    """

    name: str
    zh: str
    en: str
    kind: EvidenceKind
    unit: str = ""
    choices: tuple[tuple[str, str, str], ...] = ()  # id, zh, en
    least: float | None = None
    most: float | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """`source`: a fact of the incident, what was entered earlier, or the level; what is not there fulfils nothing."""

    source: Literal["fact", "input", "level"]
    name: str
    how: Comparison
    value: Value


@dataclass(frozen=True, slots=True)
class Action:
    """What the centre does when the step begins. `to`: audiences or recipients (`org:水务局`); `zh`, `en`: what they
    are told, with `{title}` or the names of what was entered. `scene`, `screens` (empty: every wall): of a wall scene.
    `level`: of the response that is asked for."""

    kind: ActionKind = "none"
    to: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    zh: str = ""
    en: str = ""
    scene: str = ""
    screens: tuple[str, ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True)
class Fallback:
    """What happens when a step is late, or cannot be done: another `step`, `tells` somebody, `escalate`s to a post of
    the chain of command, which must answer."""

    step: str = ""
    tells: tuple[str, ...] = ()
    escalate: str = ""
    by: tuple[str, ...] = ()


NOTHING: Final = Fallback()


@dataclass(frozen=True, slots=True)
class Step:
    """`within`: (from this level on, ms of the calendar's open time), ascending; empty: no clock. `when`: all must hold
    once what it comes after has ended, else it is left out, or `waits` until they do. `takes`: what of earlier steps it
    shows."""

    id: str
    zh: str
    en: str
    owner: str
    after: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    waits: bool = False
    within: tuple[tuple[int, int], ...] = ()
    calendar: str = ALWAYS
    evidence: tuple[Evidence, ...] = ()
    takes: tuple[str, ...] = ()
    action: Action = field(default_factory=Action)
    late: Fallback = NOTHING
    refused: Fallback = NOTHING

    def owed_ms(self, level: int) -> int | None:
        """What it may take at a level; None where no clock runs."""
        return next((owed for least, owed in reversed(self.within) if level >= least), None)

    @property
    def typed(self) -> tuple[Evidence, ...]:
        """What a person enters."""
        return tuple(each for each in self.evidence if each.kind != "receipt")

    @property
    def wants_receipts(self) -> bool:
        return any(each.kind == "receipt" for each in self.evidence)

    @property
    def by_itself(self) -> bool:
        """Whether it needs nobody: it ends when its action was done, its receipts came or its level is reached."""
        return self.action.kind != "none" and not any(each.required for each in self.typed)


@dataclass(frozen=True, slots=True)
class Start:
    """A rule by which it begins. incident: of a class from a level on, with one of these words; alarm: of an indicator
    from a level on (1 blue .. 4 red); response: of a plan of responses from a level on."""

    by: StartKind
    class_: str = ""
    level: int = 0
    words: tuple[str, ...] = ()
    indicator: str = ""
    response: str = ""


@dataclass(frozen=True)
class Plan:
    """`classes`, `levels`: of the incidents for which it is offered. `response`: the plan of responses whose levels its
    steps ask for. `calendars`: those that its steps name."""

    id: str
    zh: str
    en: str
    classes: tuple[str, ...]
    levels: tuple[int, ...]
    response: str
    starts: tuple[Start, ...]
    steps: Mapping[str, Step]
    calendars: Mapping[str, Calendar] = field(compare=False)

    @cached_property
    def reserve(self) -> Mapping[str, str]:
        """Steps that only begin where another one is late or cannot be done -> that one."""
        return {
            fallback.step: step.id
            for step in self.steps.values()
            for fallback in (step.late, step.refused)
            if fallback.step
        }

    @cached_property
    def before(self) -> Mapping[str, frozenset[str]]:
        """Step -> every step that has ended before it begins. A circle counts each of its steps before itself."""
        found: dict[str, frozenset[str]] = {}
        for step in self.steps.values():
            seen: set[str] = set()
            fresh = list(self._direct(step.id))
            while fresh:
                one = fresh.pop()
                if one not in seen and one in self.steps:
                    seen.add(one)
                    fresh.extend((*self._direct(one), *self._helpers(one)))
            found[step.id] = frozenset(seen)
        return found

    def _helpers(self, step: str) -> tuple[str, ...]:
        """The steps in reserve that do its work: what comes after it comes after them."""
        return tuple(name for name in (self.steps[step].late.step, self.steps[step].refused.step) if name)

    def _direct(self, step: str) -> tuple[str, ...]:
        """What it comes after; a step in reserve comes after what its caller does, and the caller is late itself."""
        caller = self.reserve.get(step)
        return self.steps[step].after if caller is None else (*self.steps[step].after, *self._callers_after(caller))

    def _callers_after(self, caller: str) -> tuple[str, ...]:
        return self.steps[caller].after if caller in self.steps else ()

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """(step, key, what is wrong with it); nothing for one that can be walked to its end."""
        yield from self._joins()
        if not any(not step.after and step.id not in self.reserve for step in self.steps.values()):
            yield "", "after", "没有可先开始的步骤 no step can begin"
        owners: dict[str, str] = {}
        for step in self.steps.values():
            for each in step.evidence:
                if each.name in owners or each.name in KNOWN:
                    told = owners.get(each.name, "事件 the incident")
                    yield step.id, f"evidence.{each.name}", f"此名已用于 {told} the name is taken by {told}"
                owners[each.name] = step.id
        for step in self.steps.values():
            yield from self._inputs(step, owners)
            yield from _soundness(step)

    def _joins(self) -> Iterator[tuple[str, str, str]]:
        callers: dict[str, set[str]] = {}
        for step in self.steps.values():
            for key, fallback in (("late.step", step.late), ("refused.step", step.refused)):
                if fallback.step and fallback.step not in self.steps:
                    yield step.id, key, f"没有步骤 {fallback.step} there is no step {fallback.step}"
                elif fallback.step:
                    callers.setdefault(fallback.step, set()).add(step.id)
                    if self.steps[fallback.step].after:
                        yield fallback.step, "after", f"它由 {step.id} 唤起，不列先后 it is called by {step.id}"
            for name in step.after:
                if name not in self.steps:
                    yield step.id, "after", f"没有步骤 {name} there is no step {name}"
                elif name in self.reserve:
                    caller = self.reserve[name]
                    yield step.id, "after", f"{name} 是备用步骤，应列 {caller} {name} is in reserve: name {caller}"
            if step.id in self.before[step.id] or self._calls_itself(step.id):
                yield step.id, "after", "步骤互相等待 the steps wait for each other"
        for name, found in callers.items():
            if len(found) > 1:
                yield name, "", "由多个步骤唤起 it is called by more than one step"

    def _calls_itself(self, step: str) -> bool:
        seen: set[str] = set()
        one: str | None = step
        while one is not None and one not in seen:
            seen.add(one)
            one = self.reserve.get(one)
        return one == step

    def _inputs(self, step: Step, owners: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
        used = [("takes", name) for name in step.takes]
        used += [("when", test.name) for test in step.when if test.source == "input"]
        for key, text in (("action.zh", step.action.zh), ("action.en", step.action.en)):
            try:
                used += [(key, name) for name in names_in(text) if name not in KNOWN]
            except ValueError:
                yield step.id, key, "花括号不成对 the braces do not match"
        for key, name in used:
            if name not in owners:
                yield step.id, key, f"没有步骤填写 {name} no step enters {name}"
            elif owners[name] not in self.before[step.id]:
                yield (
                    step.id,
                    key,
                    f"{name} 由 {owners[name]} 填写，它不在此步之前 {owners[name]} enters {name} and is not before",
                )


def names_in(text: str) -> tuple[str, ...]:
    """The names in braces of a text. Raises ValueError."""
    found = []
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(name)
        found.append(name)
    return tuple(found)


def _soundness(step: Step) -> Iterator[tuple[str, str, str]]:
    """What does not fit together within a step."""
    action = step.action
    if action.kind in MESSAGES and not (action.zh and action.en):
        yield step.id, "action", "须写明告知内容 what is told must be said"
    if action.kind in MESSAGES - {"response"} and not action.to:
        yield step.id, "action.to", "须写明告知谁 whom it tells must be said"
    if action.kind == "scene" and not action.scene:
        yield step.id, "action.scene", "须写明场景 the scene must be said"
    if (action.kind == "response") != bool(action.level):
        yield step.id, "action.level", "响应动作写明级别，其他动作不写 a level belongs to a response, and only to it"
    if step.wants_receipts and action.kind not in MESSAGES:
        yield step.id, "evidence", "只有发出消息的步骤才有回执 only what sends messages has receipts"
    if step.late != NOTHING and not step.within:
        yield step.id, "late", "不计时的步骤不会超时 without a clock it is never late"
    for each in step.evidence:
        if (each.kind == "choice") != bool(each.choices):
            yield step.id, f"evidence.{each.name}", "选项用于选择题，且必有 choices belong to a choice, and only to it"
