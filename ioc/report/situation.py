"""The situation report (态势简报) of an incident or a case: what it says, before it is any file. Pure.

Everything in it is text that was masked before; whoever writes it into a file escapes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ioc.domain.deadline_words import Words
from ioc.queries.dossier_page import DossierView
from ioc.queries.messages import Message
from ioc.security.masking import masked_text
from metrics.clock import LOCAL_OFFSET_MS
from metrics.world import LIVE_WORLD

ROMAN: Final = ("—", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ")
_UNPRINTABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("态势简报", "Situation report"), "drill": ("演练 · 世界 {}", "exercise, world {}"),
    "made": ("生成于 {}（{}）", "made {} by {}"), "basics": ("基本情况", "The incident"), "facts": ("事实", "Facts"),
    "clock": ("时限", "Clock"), "steps": ("经过", "What was done"), "orders": ("指令与通知", "Orders and notices"),
    "number": ("编号", "Id"), "kind": ("类别", "Kind"), "class": ("事件类别", "Class"), "level": ("级别", "Level"),
    "stage": ("阶段", "Stage"), "region": ("区域", "Region"), "place": ("坐标", "Place"),
    "received": ("接报", "Received"), "owner": ("承办", "Owner"), "org": ("单位", "Organisation"),
    "time": ("时间", "Time"), "what": ("事项", "What"), "who": ("经办", "Who"), "said": ("内容", "Said"),
    "audience": ("对象", "To"), "sent": ("送出", "Sent"), "not_sent": ("未送达", "not yet"),
    "answered": ("{} {} 已回执", "{} answered by {}"), "none": ("无", "none"),
    "whole": ("全区", "whole district"), "receive": ("接报", "received"), "claim": ("接手", "taken"),
}  # fmt: skip
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "address": ("地址", "Address"), "caller": ("报告人", "Caller"), "phone": ("电话", "Telephone"),
    "text": ("描述", "Text"), "level": ("级别", "Level"), "class": ("事件类别", "Class"), "units": ("力量", "Units"),
    "unit": ("力量", "Unit"), "report": ("情况", "Report"), "reason": ("理由", "Reason"),
    "org": ("单位", "Organisation"), "minutes": ("分钟", "Minutes"), "title": ("标题", "Title"),
    "graded": ("定级依据", "Graded by"), "deaths": ("死亡", "Deaths"), "injured": ("受伤", "Injured"),
    "owner": ("承办人", "the owner"),
    "leaders": ("领导", "leaders"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """A part: a table with a head, or (no head) pairs of a name and what it is. No rows: there is nothing to say."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SituationReport:
    """A report. `none` is what stands where a part has nothing to say."""

    title: str
    subject: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    none: str


def situation_report(
    view: DossierView, world: str, names: Mapping[str, Any], *, by: str, now_ms: int, english: bool = False
) -> SituationReport:
    """The report of a dossier as `ioc.queries.desk_page.desk_names` calls things, in Chinese or English."""
    said = Said(names, view.line.kind, english=english)
    line = view.line
    notes = [said.word("made", moment(now_ms), by)]
    if world != LIVE_WORLD.id:
        notes.insert(0, said.word("drill", world))
    place = "" if line.lon is None or line.lat is None else f"{line.lon:.5f}, {line.lat:.5f}"
    basics = {
        "number": line.id, "kind": said.kind(), "class": said.class_(line.class_), "level": ROMAN[line.level],
        "stage": said.stage(line.stage), "region": said.region(line.region), "place": place,
        "received": moment(line.received_ms), "owner": view.owner_title, "org": line.org,
    }  # fmt: skip
    pairs = tuple((said.word(key), text) for key, text in basics.items() if text)
    facts = tuple((said.field(key), said.value(key, value)) for key, value in view.facts.items())
    steps = tuple(
        (moment(step.at_ms), said.step(step.move, step.left, step.entered), step.title, said.all(step.said))
        for step in view.steps
    )
    orders = tuple(
        (moment(each.made_ms), masked_text(f"{each.recipient} {each.title}"), said.receipt(each))
        for each in reversed(view.messages)
    )
    stage = said.stage(line.stage)
    clock = tuple((stage if not at else "", said.words(each)) for at, each in enumerate(view.words))
    sections = (
        Section(said.word("basics"), (), pairs),
        Section(said.word("facts"), (), facts),
        Section(said.word("clock"), (), clock),
        Section(said.word("steps"), tuple(said.word(key) for key in ("time", "what", "who", "said")), steps),
        Section(said.word("orders"), tuple(said.word(key) for key in ("time", "audience", "sent")), orders),
    )
    return SituationReport(
        said.word("title"),
        clean(line.title),
        tuple(map(clean, notes)),
        tuple(map(_cleaned, sections)),
        said.word("none"),
    )


def clean(text: str) -> str:
    """The text without what no document can hold."""
    return _UNPRINTABLE.sub("", text)


@dataclass(frozen=True, slots=True)
class Said:
    """What things are called."""

    names: Mapping[str, Any]
    of: str
    english: bool

    def word(self, key: str, *parts: object) -> str:
        return WORDS[key][self.english].format(*parts)

    def field(self, key: str) -> str:
        return FIELDS[key][self.english] if key in FIELDS else key

    def kind(self) -> str:
        return self._named(self.names["cycles"][self.of])

    def stage(self, name: str) -> str:
        stages = {each["id"]: each for each in self.names["cycles"][self.of]["stages"]}
        return self._named(stages[name]) if name in stages else name

    def step(self, move: str, left: str, entered: str) -> str:
        moves = self.names["cycles"][self.of]["moves"]
        name = self._named(moves[move]) if move in moves else self.word(move) if move in WORDS else move
        return name if not left or left == entered or name == self.stage(entered) else f"{name} → {self.stage(entered)}"

    def words(self, of: Words) -> str:
        return of.en if self.english else of.zh

    def receipt(self, of: Message) -> str:
        if of.answered_ms is not None:
            return self.word("answered", moment(of.answered_ms), of.answered_by)
        return self.word("not_sent") if of.reached_ms is None else moment(of.reached_ms)

    def class_(self, name: str) -> str:
        return next((self._named(each) for each in self.names["classes"] if each["id"] == name), name)

    def region(self, code: str) -> str:
        found = self.names["regions"].get(code) or self.names["regions"].get(code[:9])
        return self._named(found) if found else code or self.word("whole")

    def value(self, key: str, value: Any) -> str:
        if key == "level" and value in range(1, 5):
            return ROMAN[value]
        if key == "class":
            return self.class_(str(value))
        if isinstance(value, list | tuple):
            return (", " if self.english else "、").join(str(each) for each in value)
        if key == "graded" and isinstance(value, Mapping):
            grounds = [value.get("class") or {}, *value.get("grounds", ())]
            return ("; " if self.english else "；").join(self._named(each) for each in grounds if each)
        return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | bool | None) else str(value)

    def all(self, said: Mapping[str, Any]) -> str:
        told = [f"{self.field(key)} {self.value(key, value)}" for key, value in said.items() if value not in ("", 0)]
        return ("; " if self.english else "；").join(told)

    def _named(self, of: Mapping[str, str]) -> str:
        return of["en" if self.english else "zh"]


def _cleaned(section: Section) -> Section:
    return Section(section.title, section.head, tuple(tuple(map(clean, row)) for row in section.rows))


def moment(ms: int) -> str:
    """`2026-11-23 09:05`, Beijing time."""
    return f"{datetime.fromtimestamp((ms + LOCAL_OFFSET_MS) / 1000, UTC):%Y-%m-%d %H:%M}"
