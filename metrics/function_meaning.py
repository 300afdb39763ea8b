"""What each function of the language means, with an example; how it is called stands in its signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """In both languages, and an expression that uses it."""

    zh: str
    en: str
    example: str


_PARTS = {
    "hour": ("时", "hour"),
    "minute": ("分", "minute"),
    "weekday": ("星期几，周一为 1", "day of the week, Monday is 1"),
    "day": ("日", "day of the month"),
    "month": ("月", "month"),
    "year": ("年", "year"),
}
_SPANS = {"seconds": "秒", "minutes": "分钟", "hours": "小时", "days": "天"}

MEANINGS: Final[Mapping[str, Meaning]] = {
    "if": Meaning(
        "第一个成立的条件的值；空不算成立", "the first that is true; null is not true", "if(mm > 10, 2, mm > 0, 1, 0)"
    ),
    "coalesce": Meaning("第一个非空值", "the first that is not null", "coalesce(mm, 0)"),
    "min": Meaning("最小；忽略空", "least; nulls are ignored", "min(mm, 50)"),
    "max": Meaning("最大；忽略空", "greatest; nulls are ignored", "max(mm, 0)"),
    "abs": Meaning("绝对值", "absolute value", "abs(mm - 5)"),
    "floor": Meaning("向下取整", "rounded down", "floor(mm)"),
    "ceil": Meaning("向上取整", "rounded up", "ceil(mm)"),
    "round": Meaning("四舍六入五成双", "rounded half to even", "round(mm, 1)"),
    "number": Meaning("真为 1，假为 0", "1 for true, 0 for false", "number(mm > 10)"),
    "pct": Meaning("100 × a / b", "100 * a / b", "pct(n, total)"),
    "clamp": Meaning("限制在两界之间", "kept between two bounds", "clamp(mm, 0, 50)"),
    "bands": Meaning(
        "分档：x<b1 为 v0，b1≤x<b2 为 v1……", "v0 below b1, v1 from b1 on, ...", "bands(mm, 0, 10, 1, 25, 2)"
    ),
    "steps": Meaning(
        "超过 limit 后每 size 记 each，至 cap 为止",
        "each per whole size beyond limit, not beyond cap",
        "steps(n, 100, 50, -1, -10)",
    ),
    "interp": Meaning("折线插值，两端取平", "piecewise linear, constant outside", "interp(mm, 0, 10, 50, 0)"),
    "match": Meaning("等于哪个常数就取其值", "the value of the literal that it equals", "match(basin, 'north', 2, 1)"),
    **{part: Meaning(f"上海时间的{zh}", f"{en} in Shanghai", f"{part}(time)") for part, (zh, en) in _PARTS.items()},
    **{unit: Meaning(f"时长折成{zh}", f"a duration in {unit}", f"{unit}(now() - time)") for unit, zh in _SPANS.items()},
    "now": Meaning("窗口的终点", "the end of the window", "time < now() - 5m"),
    "worked": Meaning(
        "日历开放且不在 holds 内的时长；'always' 为全天候",
        "open time of the calendar outside of holds; 'always' is built in",
        "worked(time, until, 'office', holds)",
    ),
    "after": Meaning(
        "开放时间满 duration 的时刻；挂起未结束则为空",
        "when so much open time has passed; null while a hold is open",
        "after(time, 8h, 'office')",
    ),
    "region": Meaning("本组区域的属性", "an attribute of the group's region", "n / region('population')"),
    "entered": Meaning("人工录入值", "a value entered by hand", "n / entered('plan')"),
    "indicator": Meaning("另一指标的最新值", "the newest value of another indicator", "0.5 * indicator('E')"),
    "previous": Meaning("上一窗口(环比)", "of the window before", "n - previous(n)"),
    "same_time": Meaning(
        "同期：一天、一周、一月、一年前", "a day, week, month or year earlier", "n - same_time(n, '1w')"
    ),
    "zscore": Meaning("与基线相差几个标准差", "deviations from the baseline", "zscore(n)"),
    "rank": Meaning("名次，1 最好", "rank, 1 is best", "rank(n)"),
    "elapsed": Meaning("本期已过的比例", "share of the period that has passed", "n / elapsed('year')"),
}
