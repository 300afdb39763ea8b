"""Why a unit is proposed or is not, in words: skill, way, time, load and shift, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ioc.domain.routing import Why
from ioc.domain.unit_choice import Choice, Judged, Names, Pool, UnitRules


def why(rules: UnitRules, pool: Pool, choice: Choice, at: int) -> Why:
    """Of the unit at a place."""
    match Judged(int(choice.judged[at])):
        case Judged.CHOSEN | Judged.FARTHER as state:
            return _fits(rules, pool, choice, at, chosen=state is Judged.CHOSEN)
        case Judged.UNFIT:
            return Why("没有所需技能", "has no skill that is needed")
        case Judged.UNEQUIPPED:
            line = choice.need.lines[int(choice.serves[at])]
            zh, en = _said(line.equipment, rules.equipment)
            return Why(f"缺装备：{zh}", f"lacks {en}")
        case Judged.OFF:
            return Why("不在岗", "is not on post")
        case Judged.BUSY:
            return Why("不可用：正在出动", "is out on a task")
        case Judged.LOADED:
            many = int(pool.load[at])
            return Why(f"已承担 {many} 起未结事件", f"is on {many} open incidents already")
        case _:
            return Why("位置不明", "nobody knows where it is")


def needs(rules: UnitRules, choice: Choice) -> tuple[tuple[str, str, int, int, Why], ...]:
    """(skill, equipment by comma, wanted, found, told) of each line that the level asks for."""
    found = []
    for each in choice.wanted:
        if not each.number:
            continue
        skill_zh, skill_en = rules.skills[each.line.skill]
        zh, en = _said(each.line.equipment, rules.equipment)
        with_zh, with_en = (f"（带{zh}）", f" (with {en})") if each.line.equipment else ("", "")
        short = each.number - each.found
        told = Why(
            f"{skill_zh}{with_zh} {each.number} 支" + (f"，尚缺 {short} 支" if short else ""),
            f"{each.number} for {skill_en}{with_en}" + (f", {short} missing" if short else ""),
        )
        found.append((each.line.skill, ",".join(sorted(each.line.equipment)), each.number, each.found, told))
    return tuple(found)


def _fits(rules: UnitRules, pool: Pool, choice: Choice, at: int, *, chosen: bool) -> Why:
    line = choice.need.lines[int(choice.serves[at])]
    zh, en = [rules.skills[line.skill][0]], [rules.skills[line.skill][1]]
    if line.equipment:
        equipped_zh, equipped_en = _said(line.equipment, rules.equipment)
        zh, en = [*zh, f"有{equipped_zh}"], [*en, f"has {equipped_en}"]
    if np.isnan(choice.minutes[at]):
        zh, en = [*zh, "事发位置不明，未计路程"], [*en, "the place of the incident is not known"]
    else:
        far, minutes = choice.metres[at] * rules.road_factor / 1000.0, float(choice.minutes[at])
        zh, en = [*zh, f"约 {far:.1f} km、{minutes:.0f} 分到场"], [*en, f"about {far:.1f} km, {minutes:.0f} min"]
    if load := int(pool.load[at]):
        zh, en = [*zh, f"另有 {load} 起未结"], [*en, f"on {load} open incident already"]
    arrives = 0.0 if np.isnan(choice.minutes[at]) else float(choice.minutes[at])
    if pool.shift[at] - arrives < rules.shift_minutes:
        zh, en = (
            [*zh, f"{max(0.0, pool.shift[at]):.0f} 分后交班"],
            [*en, f"shift ends in {max(0.0, pool.shift[at]):.0f} min"],
        )
    if not chosen:
        zh, en = [*zh, "已有更快或更合适者"], [*en, "others are sooner or fit better"]
    return Why("；".join(zh), "; ".join(en))


def _said(ids: Iterable[str], names: Names) -> tuple[str, str]:
    known = [names[each] for each in sorted(ids)]
    return "、".join(zh for zh, _ in known), ", ".join(en for _, en in known)
