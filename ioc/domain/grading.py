"""Grading: the class and the level of an incident computed from facts, with the rule that said so in words.

The worst rule counts. Without a fact that a rule knows the level is Ⅳ. A person may decide otherwise, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LEVEL_NAMES: Final = ("", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ")
LEAST: Final = 1


@dataclass(frozen=True, slots=True)
class LevelRule:
    """A fact that tells a level: a number from which on each level is reached (`at_least`, from Ⅳ to Ⅰ, None: never),
    or a word for each (`words`). `classes`: of which it is told, empty for all."""

    fact: str
    zh: str
    en: str
    unit_zh: str = ""
    unit_en: str = ""
    at_least: tuple[float | None, ...] = ()
    words: Mapping[str, int] | None = None
    classes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ClassRule:
    """Words by which a class is known."""

    id: str
    zh: str
    en: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them; classes in the order in which they are asked. `opens`: the level (1 blue .. 4 red) from which on a
    warning opens an incident by itself."""

    opens: int
    classes: tuple[ClassRule, ...]
    levels: tuple[LevelRule, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What spoke for a class or a level."""

    zh: str
    en: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Grade:
    """The class (empty: nothing tells it) and the level, 1 Ⅳ .. 4 Ⅰ, each with its grounds, the weightiest first."""

    class_: str
    class_ground: Ground
    level: int
    grounds: tuple[Ground, ...]


def graded(rules: Rules, facts: Mapping[str, Any], text: str = "", class_: str = "") -> Grade:
    """The grade of what is known; `class_`: the class that somebody has said already, which stays."""
    kind, ground = _class(rules.classes, text, class_)
    grounds = [
        told
        for rule in rules.levels
        if not rule.classes or not kind or kind in rule.classes
        if (told := _level(rule, facts.get(rule.fact))) is not None
    ]
    grounds.sort(key=lambda each: -each.level)
    if not grounds:
        grounds = [Ground("没有加重的情形：Ⅳ级", "nothing that makes it graver: level IV", LEAST)]
    return Grade(kind, ground, grounds[0].level, tuple(grounds))


def _class(rules: Sequence[ClassRule], text: str, said: str) -> tuple[str, Ground]:
    for rule in rules:
        if rule.id == said:
            return rule.id, Ground(f"{rule.zh}：已指明", f"{rule.en}: as said")
    found = [(sum(word in text for word in rule.words), -at, rule) for at, rule in enumerate(rules)]
    hits, _, best = max(found, key=lambda each: each[:2], default=(0, 0, None))
    if best is None or not hits:
        return "", Ground("文字中没有可辨的类别", "no class is told by the text")
    words = "、".join(word for word in best.words if word in text)
    return best.id, Ground(f"{best.zh}：提及{words}", f"{best.en}: {words} is mentioned")


def _level(rule: LevelRule, value: Any) -> Ground | None:
    if value is None or isinstance(value, bool):
        return None
    if rule.words is not None:
        level = rule.words.get(str(value), 0)
        said = str(value)
        return _told(rule, said, said, level) if level else None
    if not isinstance(value, int | float):
        return None
    level = max((at for at, least in enumerate(rule.at_least, 1) if least is not None and value >= least), default=0)
    if not level:
        return None
    least = rule.at_least[level - 1]
    unit = f" {rule.unit_en}" if rule.unit_en else ""
    zh = f"{value:,}{rule.unit_zh}，达到 {least:,.0f}{rule.unit_zh}"
    return _told(rule, zh, f"{value:,}{unit}, at least {least:,.0f}{unit}", level)


def _told(rule: LevelRule, zh: str, en: str, level: int) -> Ground:
    name = LEVEL_NAMES[level]
    return Ground(f"{rule.zh} {zh}：{name}级", f"{rule.en} {en}: level {name}", level)
