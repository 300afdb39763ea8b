"""Plans as data: one TOML file each (`plans/*.toml`, or as edited on the page), checked, as plans that can run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from ioc.domain.audience import Audience
from ioc.domain.plan import Action, Evidence, Fallback, Plan, Step
from ioc.packs.calendars import calendars
from ioc.packs.escalation import audiences
from ioc.packs.files import PackErrors, line, sentence
from ioc.packs.plan_schema import ActionTable, EvidenceTable, FallbackTable, PlanFile, StepTable
from ioc.packs.responses import response_plans
from ioc.toml_file import NotToml, parse
from metrics.calendar import Calendar

if TYPE_CHECKING:
    from ioc.packs.content import Content

LONGEST: Final = 64_000  # characters of a plan as text


def plans(content: Content) -> Mapping[str, Plan]:
    """The shipped plans by their ids, in order of their files."""
    found = calendars(content) if content.plans else {}
    return {file.model.plan.id: made(file.model, found) for file in content.plans}


def read_text(text: str, content: Content, name: str) -> Plan:
    """A plan that somebody wrote, checked against the packs. Raises PackErrors with every fault."""
    if len(text) > LONGEST:
        raise PackErrors([line(name, "", "too-long", f"longer than {LONGEST} characters")])
    try:
        raw = parse(text, name)
        model = PlanFile.model_validate(raw)
    except NotToml as error:
        raise PackErrors([str(error)]) from None
    except ValidationError as error:
        faults = [sentence(name, PlanFile, raw, fault) for fault in cast(list[dict[str, Any]], error.errors())]
        raise PackErrors(sorted(set(faults))) from None
    if wrong := list(_faults(name, model, content)):
        raise PackErrors(wrong)
    return made(model, calendars(content))


def check_plans(content: Content) -> Iterator[str]:
    """One line per name that is not there, step that cannot be walked, and plan that stands twice."""
    seen: dict[str, str] = {}
    for file in content.plans:
        name = file.model.plan.id
        if name in seen:
            yield line(file.name, "plan.id", "duplicate", f"'{name}' is the plan of {seen[name]} too")
        seen.setdefault(name, file.name)
        if Path(file.name).stem != name:
            yield line(file.name, "plan.id", "conflict", f"the file of the plan '{name}' is {name}.toml")
        yield from _faults(file.name, file.model, content)


def made(model: PlanFile, known: Mapping[str, Calendar]) -> Plan:
    """The plan of a checked file."""
    head = model.plan
    steps = {row.id: _step(row) for row in model.step}
    used = {row.calendar: known[row.calendar] for row in model.step if row.calendar in known}
    return Plan(
        head.id, head.zh, head.en, tuple(head.classes), tuple(head.levels), head.response or "",
        tuple(row.made() for row in model.start), steps, used,
    )  # fmt: skip


def _step(row: StepTable) -> Step:
    return Step(
        row.id, row.zh, row.en, row.owner, tuple(row.after), tuple(test.made() for test in row.when), row.waits,
        row.allowed(), row.calendar, tuple(_evidence(each) for each in row.evidence), tuple(row.takes),
        _action(row.action), _fallback(row.late), _fallback(row.refused),
    )  # fmt: skip


def _evidence(row: EvidenceTable) -> Evidence:
    choices = tuple((each.id, each.zh, each.en) for each in row.choices)
    return Evidence(row.name, row.zh, row.en, row.kind, row.unit, choices, row.least, row.most, row.required)


def _action(row: ActionTable | None) -> Action:
    if row is None:
        return Action()
    return Action(
        row.kind, tuple(row.to), tuple(row.by), row.zh or "", row.en or "", row.scene or "", tuple(row.screens),
        row.level or 0,
    )  # fmt: skip


def _fallback(row: FallbackTable | None) -> Fallback:
    return Fallback() if row is None else Fallback(row.step or "", tuple(row.tells), row.escalate or "", tuple(row.by))


def _faults(file: str, model: PlanFile, content: Content) -> Iterator[str]:
    """What is wrong with a plan beside the rest of the packs."""
    for step, count in Counter(row.id for row in model.step).items():
        if count > 1:
            yield line(file, step, "duplicate", "it is declared more than once")
    known = calendars(content)
    yield from _head(file, model, content)
    there = audiences(content)
    walls = {pack.scene for pack in content.packs if pack.wall}
    for row in model.step:
        yield from _names(file, row, there, walls)
        if row.calendar not in known:
            yield line(file, f"{row.id}.calendar", "unknown-name", f"there is no calendar '{row.calendar}'")
        allowed = row.allowed()
        if allowed and allowed[0][0] != 0:
            yield line(file, f"{row.id}.within", "missing-key", "what it may take at level 0 is not said")
        if any(after[1] > one[1] for one, after in pairwise(allowed)):
            yield line(file, f"{row.id}.within", "conflict", "a higher level may not take longer than a lower one")
        if row.action and row.action.kind == "response" and not model.plan.response:
            yield line(file, f"{row.id}.action", "missing-key", "the plan names no `response`")
    for step, key, told in made(model, known).faults():
        yield line(file, ".".join(part for part in (step, key) if part), "conflict", told)


def _head(file: str, model: PlanFile, content: Content) -> Iterator[str]:
    classes = {row.id for row in content.grading.model.class_} if content.grading else set()
    responses = response_plans(content)
    indicators = {row.id for pack in content.packs if pack.indicators for row in pack.indicators.model.indicator}
    for name in model.plan.classes:
        if name not in classes:
            yield line(file, "plan.classes", "unknown-name", f"there is no class '{name}'")
    if model.plan.response and model.plan.response not in responses:
        yield line(file, "plan.response", "unknown-name", f"there is no plan of responses '{model.plan.response}'")
    for number, row in enumerate(model.start, 1):
        if row.class_ and row.class_ not in classes:
            yield line(file, f"start.{number}.class", "unknown-name", f"there is no class '{row.class_}'")
        if row.indicator and row.indicator not in indicators:
            yield line(file, f"start.{number}.indicator", "unknown-name", f"there is no indicator '{row.indicator}'")
        if row.plan and row.plan not in responses:
            yield line(file, f"start.{number}.plan", "unknown-name", f"there is no plan of responses '{row.plan}'")


def _names(file: str, row: StepTable, there: Mapping[str, Audience], walls: set[str]) -> Iterator[str]:
    named = [("owner", row.owner)]
    named += [("action.to", name) for name in (row.action.to if row.action else [])]
    for key, fallback in (("late", row.late), ("refused", row.refused)):
        named += [(f"{key}.tells", name) for name in (fallback.tells if fallback else [])]
        named += [(f"{key}.escalate", fallback.escalate)] if fallback and fallback.escalate else []
    for key, name in named:
        if ":" not in name and name not in there:
            yield line(file, f"{row.id}.{key}", "unknown-name", f"there is no audience '{name}'")
    if row.action and row.action.scene and row.action.scene not in walls | {"overview"}:
        yield line(file, f"{row.id}.action.scene", "unknown-name", f"no wall shows the scene '{row.action.scene}'")
