"""The review (复盘) of an incident or a case: its timeline, who knew what when, clocks, actions, notes. Pure.

Everything in it is text that was masked before; whoever writes it into a page or a file escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ioc.queries.review import Review
from ioc.report.situation import ROMAN, Said, Section, SituationReport, clean, moment
from ioc.security.masking import masked_text

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("复盘报告", "Review"), "made": ("生成于 {}（{}）", "made {} by {}"), "timeline": ("经过", "Timeline"),
    "knew": ("谁在何时知情", "Who knew what when"), "clocks": ("时限", "Clocks kept and missed"),
    "actions": ("整改事项", "Actions"), "notes": ("评议", "Notes"), "time": ("时间", "Time"), "what": ("事项", "What"),
    "who": ("经办", "Who"), "said": ("内容", "Said"), "to": ("对象", "To"), "told": ("发出", "Told"),
    "reached": ("送达", "Reached"), "answered": ("回执", "Answered"), "stage": ("阶段", "Stage"),
    "since": ("起", "From"), "until": ("止", "To"), "due": ("期限", "Due"), "outcome": ("结果", "Outcome"),
    "why": ("说明", "Why"), "owner": ("责任人", "Owner"), "state": ("状态", "State"), "none": ("无", "none"),
    "kept": ("按时", "kept"), "missed": ("超时 {} 分钟", "missed by {} min"), "held": ("挂起", "held"),
    "open": ("进行中", "open"), "done": ("按期完成", "done"), "late": ("逾期", "late"), "message": ("消息", "message"),
    "answer": ("回执", "answer"), "source": ("来源", "report"), "plan": ("预案", "plan"), "never": ("未", "never"),
    "done_late": ("逾期完成", "done late"),
}  # fmt: skip


def review_report(
    told: Review, names: Mapping[str, Any], *, by: str, now_ms: int, english: bool = False
) -> SituationReport:  # fmt: skip
    """The review as sections of tables, in Chinese or English."""
    line = told.view.line
    said = Said(names, line.kind, english=english)

    def word(key: str, *values: object) -> str:
        return WORDS[key][english].format(*values)

    sections = (
        Section(word("timeline"), _head(word, "time", "what", "who", "said"), _timeline(told, said, word)),
        Section(word("knew"), _head(word, "to", "what", "told", "reached", "answered"), _knew(told, word)),
        Section(
            word("clocks"), _head(word, "stage", "since", "until", "due", "outcome", "why"), _clocks(told, said, word)
        ),
        Section(word("actions"), _head(word, "what", "owner", "due", "state", "who"), _actions(told, word)),
        Section(
            word("notes"), _head(word, "time", "said", "who"),
            tuple((moment(each.at_ms), masked_text(each.text), each.by) for each in told.notes),
        ),
    )  # fmt: skip
    return SituationReport(
        word("title"), clean(f"{line.title} · {ROMAN[line.level]} · {line.id[:8]}"),
        (clean(word("made", moment(now_ms), by)),),
        tuple(Section(each.title, each.head, tuple(tuple(map(clean, row)) for row in each.rows)) for each in sections),
        word("none"),
    )  # fmt: skip


def _head(word: Any, *keys: str) -> tuple[str, ...]:
    return tuple(word(key) for key in keys)


def _timeline(told: Review, said: Said, word: Any) -> tuple[tuple[str, ...], ...]:
    """All that happened, in order of time; what has one time in the order in which one follows from the other."""
    found: list[tuple[int, int, tuple[str, str, str]]] = [
        (at, 0, (f"{word('source')} {kind}", "", masked_text(ref))) for kind, ref, at in told.sources
    ]
    found += [
        (step.at_ms, 1, (said.step(step.move, step.left, step.entered), step.title, said.all(step.said)))
        for step in told.view.steps
    ]
    found += [
        (each.at_ms, 2, (f"{word('plan')} {each.plan}", each.by, f"{each.event} {each.step}".strip()))
        for each in told.plans
    ]
    for each in told.view.messages:
        text = masked_text(f"{each.recipient} {each.title}")
        found.append((each.made_ms, 3, (word("message"), "", text)))
        if each.answered_ms is not None:
            found.append((each.answered_ms, 4, (word("answer"), each.answered_by, text)))
    return tuple((moment(at), *texts) for at, _, texts in sorted(found, key=lambda one: one[:2]))


def _knew(told: Review, word: Any) -> tuple[tuple[str, ...], ...]:
    def when(at: int | None, by: str = "") -> str:
        return word("never") if at is None else f"{moment(at)} {by}".strip()

    return tuple(
        (masked_text(each.recipient), masked_text(each.title), moment(each.made_ms), when(each.reached_ms),
         when(each.answered_ms, each.answered_by) if each.asks else "—")
        for each in reversed(told.view.messages)
    )  # fmt: skip


def _clocks(told: Review, said: Said, word: Any) -> tuple[tuple[str, ...], ...]:
    rows = []
    for each in told.clocks:
        due = each.deadline
        outcome = (
            word("missed", max(1, due.late_ms // 60_000))
            if due.late_ms
            else word("held") if due.due_ms is None else word("kept") if each.until_ms is not None else word("open")
        )  # fmt: skip
        why = "；".join(said.words(one) for one in each.words)
        rows.append(
            (each.stage_en if said.english else each.stage_zh, moment(each.since_ms),
             "" if each.until_ms is None else moment(each.until_ms), "" if due.due_ms is None else moment(due.due_ms),
             outcome, why)
        )  # fmt: skip
    return tuple(rows)


def _actions(told: Review, word: Any) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (each.title, each.owner, moment(each.due_ms),
         word("done_late" if each.state == "late" and each.done_ms is not None else each.state),
         "" if each.done_ms is None else f"{each.done_by} {moment(each.done_ms)}")
        for each in told.actions
    )  # fmt: skip
