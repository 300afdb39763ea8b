"""A deadline in words: what may be taken, what counted and what did not, and when it is due, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ioc.domain.deadline import Counted, Deadline
from metrics.calendar import ALWAYS, Calendar, Span, without
from metrics.window import LOCAL

MOST_DAYS: Final = 12  # dates that are named; of more the number is said
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str


def explain(found: Deadline, calendar: Calendar, now_ms: int) -> tuple[Words, ...]:
    """What is owed, each segment with what counted of it, what is still closed until it is due, and the outcome."""
    if not found.counted:
        return ()
    owed = duration(found.owed_ms)
    if calendar.name == ALWAYS:
        first = Words(f"可用 {owed.zh}，昼夜计时", f"{owed.en} are allowed, counted day and night")
    else:
        first = Words(
            f"可用 {owed.zh}，按日历 {calendar.name} 的工作时间计",
            f"{owed.en} are allowed, of the working time of the calendar {calendar.name}",
        )
    told = [first]
    for counted in found.counted:
        told += _segment(counted, calendar, now_ms)
    if found.due_ms is not None and found.due_ms > now_ms:
        told += _closed(calendar, now_ms, found.due_ms, "到期前", "before it is due ")
    return (*told, _outcome(found))


def duration(ms: int) -> Words:
    """`1 天 2 小时 5 分`; days of 24 hours; under a minute in seconds."""
    total_s = max(0, ms) // 1000
    if total_s < 60:
        return Words(f"{total_s} 秒", f"{total_s} s")
    minutes = total_s // 60
    parts = [(minutes // 1440, " 天", " d"), (minutes // 60 % 24, " 小时", " h"), (minutes % 60, " 分", " min")]
    return Words(*(" ".join(f"{part[0]}{part[which]}" for part in parts if part[0]) for which in (1, 2)))


def moment(at_ms: int, beside_ms: int | None = None) -> str:
    """`2026-11-23 09:05`, local time; only `09:05` beside an instant of the same day."""
    at = _local(at_ms)
    same = beside_ms is not None and _local(beside_ms).date() == at.date()
    return f"{at:%H:%M}" if same else f"{at:%Y-%m-%d %H:%M}"


def _segment(counted: Counted, calendar: Calendar, now_ms: int) -> Iterator[Words]:
    segment = counted.segment
    end_ms = now_ms if segment.end_ms is None else segment.end_ms
    since, until = moment(segment.start_ms), moment(end_ms, segment.start_ms)
    zh_until, en_until = (until, until) if segment.end_ms is not None else ("现在", "now")
    if not segment.running:
        why = f"（{segment.why}）" if segment.why else ""
        yield Words(
            f"{since} 至 {zh_until} 挂起{why}，不计",
            f"{since} to {en_until} on hold{f' ({segment.why})' if segment.why else ''}, not counted",
        )
        return
    spent = duration(counted.open_ms)
    yield Words(f"{since} 至 {zh_until} 计时 {spent.zh}", f"{since} to {en_until} counted {spent.en}")
    yield from _closed(calendar, segment.start_ms, end_ms, "其间", "of it ")


def _closed(calendar: Calendar, start_ms: int, end_ms: int, zh: str, en: str) -> Iterator[Words]:
    """What of a stretch is not working time: holidays by their dates, other time as a whole."""
    if end_ms <= start_ms or calendar.name == ALWAYS:
        return
    taken, added = calendar.exceptions(start_ms, end_ms)
    days = _dates(taken)
    if days:
        yield Words(f"{zh}节假日 {_listed(days)} 不计", f"{en}the holidays {_listed(days)} are not counted")
    extra = _dates(added)
    if extra:
        yield Words(f"{zh}调休上班日 {_listed(extra)} 计入", f"{en}the made-up working days {_listed(extra)} count")
    shut = without([(start_ms, end_ms)], calendar.spans(start_ms, end_ms))
    rest = sum(end - start for start, end in without(shut, taken))
    if rest >= _MINUTE_MS:
        spent = duration(rest)
        yield Words(f"{zh}非工作时间 {spent.zh} 不计", f"{en}{spent.en} outside working hours are not counted")


def _outcome(found: Deadline) -> Words:
    if found.due_ms is None:
        left = duration(found.owed_ms - found.used_ms)
        if found.counted[-1].segment.running:
            return Words("日历中不再有工作时间，无到期时间", "the calendar has no more working time: it is never due")
        return Words(f"挂起中，恢复后还有 {left.zh}", f"on hold; {left.en} are left once it goes on")
    due = moment(found.due_ms)
    if found.late_ms:
        late = duration(found.late_ms)
        return Words(f"应于 {due} 完成，已超期 {late.zh}", f"it was due at {due} and is {late.en} overdue")
    if found.counted[-1].segment.end_ms is not None:
        return Words(f"应于 {due} 完成，按时", f"it was due at {due} and was in time")
    left = duration(found.owed_ms - found.used_ms)
    return Words(f"{due} 到期，还有 {left.zh}", f"due at {due}; {left.en} are left")


def _dates(spans: Sequence[Span]) -> list[str]:
    return sorted({f"{_local(start):%Y-%m-%d}" for start, _ in spans})


def _listed(days: Sequence[str]) -> str:
    return ", ".join(days[:MOST_DAYS]) + (f" (+{len(days) - MOST_DAYS})" if len(days) > MOST_DAYS else "")


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, LOCAL)
