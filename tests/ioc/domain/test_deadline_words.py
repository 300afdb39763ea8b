"""A deadline says in words what counted, what did not and why, and when it is due."""

from __future__ import annotations

from ioc.domain.deadline import Segment, deadline, hold, resume, stop
from ioc.domain.deadline_words import Words, duration, explain
from metrics.calendar import Calendar

MINUTE, HOUR = 60_000, 3_600_000
MONDAY = 1789920000000  # 2026-09-21 00:00 in Shanghai
HOURS = ["09:00-12:00", "14:00-18:00"]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), HOURS)
OFFICE = Calendar.read({"week": WEEK, "holidays": ["2026-10-01", "2026-10-02"], "workdays": ["2026-09-27"]}, "office")


def at(day: int, hour: float) -> int:
    return MONDAY + int((24 * day + hour) * HOUR)


def begun(at_ms: int) -> tuple[Segment, ...]:
    return (Segment(at_ms, None, running=True),)


def told(owed_ms: int, segments: tuple[Segment, ...], now_ms: int, calendar: Calendar = OFFICE) -> list[str]:
    return [words.zh for words in explain(deadline(owed_ms, segments, calendar, now_ms), calendar, now_ms)]


def test_a_lunch_and_a_night_are_named_with_what_they_take():
    assert told(5 * HOUR, begun(at(0, 10)), at(0, 15)) == [
        "可用 5 小时，按日历 office 的工作时间计",
        "2026-09-21 10:00 至 现在 计时 3 小时",
        "其间非工作时间 2 小时 不计",
        "2026-09-21 17:00 到期，还有 2 小时",
    ]


def test_holidays_until_it_is_due_are_named_by_their_dates():
    assert told(2 * HOUR, begun(at(9, 17)), at(9, 17))[2:] == [
        "到期前节假日 2026-10-01, 2026-10-02 不计",
        "到期前非工作时间 4 天 1 小时 不计",
        "2026-10-05 10:00 到期，还有 2 小时",
    ]


def test_a_sunday_that_is_worked_counts_and_is_said():
    assert "到期前调休上班日 2026-09-27 计入" in told(9 * HOUR, begun(at(4, 16)), at(4, 16))


def test_a_hold_is_told_with_its_reason_and_what_is_left_after_it():
    held = hold(begun(at(0, 9)), at(0, 10), "等设备")
    assert told(2 * HOUR, held, at(0, 11))[1:] == [
        "2026-09-21 09:00 至 10:00 计时 1 小时",
        "2026-09-21 10:00 至 现在 挂起（等设备），不计",
        "挂起中，恢复后还有 1 小时",
    ]
    going = resume(held, at(0, 11))
    assert told(2 * HOUR, going, at(0, 11.5))[-1] == "2026-09-21 12:00 到期，还有 30 分"


def test_what_is_late_says_since_when_and_by_how_much_in_both_languages():
    now = at(0, 9) + 20 * MINUTE
    always = Calendar.always()
    found = explain(deadline(15 * MINUTE, begun(at(0, 9)), always, now), always, now)
    assert found == (
        Words("可用 15 分，昼夜计时", "15 min are allowed, counted day and night"),
        Words("2026-09-21 09:00 至 现在 计时 20 分", "2026-09-21 09:00 to now counted 20 min"),
        Words("应于 2026-09-21 09:15 完成，已超期 5 分", "it was due at 2026-09-21 09:15 and is 5 min overdue"),
    )


def test_a_stage_that_was_left_in_time_says_so():
    assert told(HOUR, stop(begun(at(0, 9)), at(0, 9.5)), at(3, 9))[-1] == "应于 2026-09-21 10:00 完成，按时"


def test_a_calendar_that_never_opens_is_never_due():
    closed = Calendar.read({"week": {}}, "closed")
    assert told(HOUR, begun(at(0, 9)), at(0, 10), closed)[-1] == "日历中不再有工作时间，无到期时间"


def test_durations_are_said_in_days_hours_and_minutes():
    assert duration(26 * HOUR + 5 * MINUTE) == Words("1 天 2 小时 5 分", "1 d 2 h 5 min")
    assert duration(42_000) == Words("42 秒", "42 s")
