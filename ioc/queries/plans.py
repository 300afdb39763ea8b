"""Plans for their page: what is in force, one as its steps and branches, its versions, and what differs in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import func, select

from ioc.domain.audience import Audience
from ioc.domain.plan import Condition, Fallback, Plan, Start
from ioc.packs.grading import shipped_grading
from ioc.packs.handling import handling
from ioc.packs.plan_library import checked_plan, kept_plan
from ioc.services.plan_library import draft, faults, in_force, versions
from ioc.store.plan_tables import PlanDraftRow, PlanRunRow
from ioc.store.unit import Store

Json = dict[str, Any]
HOW: Final[Mapping[str, tuple[str, str]]] = {
    "is": ("为", "is"), "not": ("不为", "is not"), "at_least": ("≥", "≥"), "at_most": ("≤", "≤"), "has": ("含", "has"),
}  # fmt: skip
ALARMS: Final = (("", ""), ("蓝色", "blue"), ("黄色", "yellow"), ("橙色", "orange"), ("红色", "red"))
LEVELS: Final = ("", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ")


def listed(store: Store, world: str) -> list[Json]:
    """Every plan in force, with how many of its runs go on and how many there were in a world."""
    with store.read() as unit:
        plans = in_force(unit)
        drafts = set(unit.scalars(select(PlanDraftRow.plan_id)))
        counted = {
            (name, phase): count
            for name, phase, count in unit.execute(
                select(PlanRunRow.plan_id, PlanRunRow.phase, func.count())
                .where(PlanRunRow.world == world)
                .group_by(PlanRunRow.plan_id, PlanRunRow.phase)
            )
        }
    return [
        {
            "id": name, "zh": each.plan.zh, "en": each.plan.en, "version": each.version, "steps": len(each.plan.steps),
            "classes": list(each.plan.classes), "starts": [_start(one) for one in each.plan.starts],
            "draft": name in drafts, "running": counted.get((name, "running"), 0),
            "runs": sum(count for (one, _), count in counted.items() if one == name),
        }
        for name, each in plans.items()
    ]  # fmt: skip


def plan_page(store: Store, plan_id: str, audiences: Mapping[str, Audience], version: int | None = None) -> Json:
    """One plan: the version that is asked for, or the newest, as steps; all versions; the draft. Raises UnknownPlan."""
    all_ = versions(store, plan_id)
    chosen = next((each for each in all_ if each.version == version), all_[0])
    work = draft(store, plan_id)
    plan = kept_plan(chosen.text)
    return {
        "id": plan_id, "zh": plan.zh, "en": plan.en, "version": chosen.version, "newest": all_[0].version,
        "text": chosen.text, "starts": [_start(one) for one in plan.starts], "steps": steps(plan, audiences),
        "versions": [
            {"version": each.version, "note": each.note, "by": each.by, "at": each.at_ms, "restores": each.restores}
            for each in all_
        ],
        "draft": {"text": work.text, "revision": work.revision, "base": work.base, "by": work.by, "at": work.at_ms},
    }  # fmt: skip


def looked_over(store: Store, plan_id: str, text: str) -> Json:
    """A text beside the version in force: its faults with the lines where they are, else what differs in words."""
    wrong = faults(plan_id, text)
    newest = versions(store, plan_id)[0]
    differs = [] if wrong else words(kept_plan(newest.text), checked_plan(text, f"{plan_id}.toml"))
    return {"faults": [{"line": place(text, each), "text": each} for each in wrong], "differs": differs}


def place(text: str, fault: str) -> int:
    """The line of a text that a fault speaks of, from 1: that of its key within its step, else of the step."""
    key = fault.split(":")[1] if fault.count(":") > 1 else ""
    if key.isdecimal():
        return int(key)
    lines = text.split("\n")
    step, *rest = key.split(".")
    begin = next((number for number, each in enumerate(lines) if each.strip() == f'id = "{step}"'), 0)
    if step == "plan":
        begin = next((number for number, each in enumerate(lines) if each.strip() == "[plan]"), 0)
    for part in rest:
        for number in range(begin + 1, len(lines)):
            if lines[number].startswith("[["):
                break
            if lines[number].lstrip().startswith((f"{part} ", f"{part}=")):
                return number + 1
    return begin + 1


def words(old: Plan, new: Plan) -> list[Json]:
    """What a plan says otherwise than another, step by step, in both languages."""
    found: list[Json] = []
    for name in [*old.steps, *(name for name in new.steps if name not in old.steps)]:
        if name not in new.steps:
            found.append(_words(old.steps[name], "删去步骤", "the step is taken out"))
        elif name not in old.steps:
            found.append(_words(new.steps[name], "增加步骤", "a new step"))
        elif old.steps[name] != new.steps[name]:
            keys = [key for key in KEYS if getattr(old.steps[name], key) != getattr(new.steps[name], key)]
            zh, en = ("、".join(KEYS[key][0] for key in keys), ", ".join(KEYS[key][1] for key in keys))
            found.append(_words(new.steps[name], f"改变{zh}", f"other {en}"))
    order = difflib.SequenceMatcher(None, list(old.steps), list(new.steps)).ratio()
    if not found and order < 1:
        found.append({"zh": "步骤次序不同", "en": "the steps are in another order"})
    for key, (zh, en) in HEAD.items():
        if getattr(old, key) != getattr(new, key):
            found.append({"zh": f"改变{zh}", "en": f"other {en}"})
    return found


KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "zh": ("名称", "name"), "en": ("英文名称", "English name"), "owner": ("责任方", "owner"),
    "after": ("先后", "what it comes after"), "when": ("条件", "condition"), "waits": ("是否等待", "waiting"),
    "within": ("时限", "clock"), "calendar": ("日历", "calendar"), "evidence": ("凭据", "evidence"),
    "takes": ("所用信息", "inputs"), "action": ("动作", "action"), "late": ("超时后", "what follows when late"),
    "refused": ("未完成后", "what follows when refused"),
}  # fmt: skip
HEAD: Final[Mapping[str, tuple[str, str]]] = {
    "zh": ("预案名称", "name of the plan"), "en": ("预案英文名称", "English name of the plan"),
    "classes": ("适用类别", "classes"), "levels": ("适用级别", "levels"), "response": ("响应", "response"),
    "starts": ("启动规则", "rules of its start"),
}  # fmt: skip


def steps(plan: Plan, audiences: Mapping[str, Audience]) -> list[Json]:
    """The steps with the column in which each is drawn: one behind all that it comes after."""
    columns: dict[str, int] = {}

    def column(name: str) -> int:
        if name not in columns:
            caller = plan.reserve.get(name)
            behind = [caller] if caller else list(plan.steps[name].after)
            columns[name] = 1 + max((column(one) for one in behind), default=-1)
        return columns[name]

    found = []
    for name, step in plan.steps.items():
        owner = audiences.get(step.owner)
        found.append(
            {
                "id": name, "zh": step.zh, "en": step.en, "column": column(name), "after": list(step.after),
                "for": plan.reserve.get(name), "action": step.action.kind, "waits": step.waits,
                "owner": {"zh": owner.zh if owner else step.owner, "en": owner.en if owner else step.owner},
                "within": [list(each) for each in step.within], "when": [_condition(plan, each) for each in step.when],
                "evidence": [{"zh": each.zh, "en": each.en, "unit": each.unit} for each in step.evidence],
                "to": [_whom(each, audiences) for each in step.action.to],
                "tells": {"zh": step.action.zh, "en": step.action.en},
                "late": _fallback(step.late, audiences), "refused": _fallback(step.refused, audiences),
            }
        )  # fmt: skip
    return found


def _fallback(of: Fallback, audiences: Mapping[str, Audience]) -> Json | None:
    told = {
        "step": of.step, "tells": [_whom(each, audiences) for each in of.tells],
        "escalate": _whom(of.escalate, audiences) if of.escalate else None,
    }  # fmt: skip
    return told if any(told.values()) else None


def _whom(name: str, audiences: Mapping[str, Audience]) -> Json:
    """An audience by its names, a recipient by what it is called."""
    found = audiences.get(name)
    plain = name.rpartition(":")[2]
    return {"zh": found.zh if found else plain, "en": found.en if found else plain}


def _condition(plan: Plan, test: Condition) -> Json:
    if test.source == "level":
        at = LEVELS[int(test.value)]
        return {"zh": f"级别 {at} 及以上", "en": f"from level {at} on"}
    named = next((each for one in plan.steps.values() for each in one.evidence if each.name == test.name), None)
    value = next(((z, e) for c, z, e in (named.choices if named else ()) if c == test.value), (test.value, test.value))
    how = HOW[test.how]
    unit = f" {named.unit}" if named and named.unit else ""
    return {"zh": f"{named.zh if named else test.name} {how[0]} {value[0]}{unit}",
            "en": f"{named.en if named else test.name} {how[1]} {value[1]}{unit}"}  # fmt: skip


def _start(start: Start) -> Json:
    words = "、".join(start.words)
    class_ = next((each for each in shipped_grading().classes if each.id == start.class_), start)
    response = handling().plans.get(start.response, start)
    match start.by:
        case "incident":
            at = LEVELS[start.level]
            zh = f"{_zh(class_)}事件" + (f"，{at} 级及以上" if at else "") + (f"，含 {words}" if words else "")
            en = f"incidents of {_en(class_)}" + (f" from {at} on" if at else "") + (f" with {words}" if words else "")
        case "alarm":
            colour = ALARMS[start.level]
            zh, en = f"指标 {start.indicator} 达{colour[0]}", f"{start.indicator} reaches {colour[1]}"
        case "response":
            zh = f"{_zh(response)}响应达 {LEVELS[start.level]} 级"
            en = f"the response {_en(response)} reaches {LEVELS[start.level]}"
        case _:
            zh, en = "人工启动", "by hand"
    return {"by": start.by, "zh": zh, "en": en}


def _zh(of: Any) -> str:
    return str(getattr(of, "zh", "") or of.class_ or of.response)


def _en(of: Any) -> str:
    return str(getattr(of, "en", "") or of.class_ or of.response)


def _words(step: Any, zh: str, en: str) -> Json:
    return {"step": step.id, "zh": f"{step.zh}：{zh}", "en": f"{step.en}: {en}"}
