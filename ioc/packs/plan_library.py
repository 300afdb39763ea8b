"""The shipped plans as text and as plans, read once; and plans that were written here, checked against the packs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from ioc.domain.plan import Plan
from ioc.packs.calendars import calendars
from ioc.packs.content import Content, load
from ioc.packs.files import PACKS
from ioc.packs.plan_schema import PlanFile
from ioc.packs.plans import made, plans, read_text
from ioc.toml_file import parse


@dataclass(frozen=True, slots=True)
class Written:
    """A plan and the text that says it."""

    plan: Plan
    text: str


@cache
def shipped_plans() -> Mapping[str, Written]:
    """By their ids, in order. Raises PackErrors."""
    content = _content()
    read = {file.model.plan.id: (PACKS / file.name).read_text(encoding="utf-8") for file in content.plans}
    return {name: Written(plan, read[name]) for name, plan in plans(content).items()}


@lru_cache(maxsize=64)
def checked_plan(text: str, name: str) -> Plan:
    """A plan that somebody wrote. Raises PackErrors with every fault."""
    return read_text(text, _content(), name)


@lru_cache(maxsize=256)
def kept_plan(text: str) -> Plan:
    """A plan that was checked when it was kept; what the packs have lost since is no fault of a run under way."""
    return made(PlanFile.model_validate(parse(text, "plan")), calendars(_content()))


@cache
def _content() -> Content:
    return load()
