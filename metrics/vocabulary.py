"""The vocabulary of declarations: every table of the language, its keys and what they mean.

The readers take their keys from here, and so do the JSON schema and the reference page: they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metrics.declared_key import WEEKDAYS, Key, TableKeys
from metrics.indicator_keys import FLAPPING, INDICATOR, LIMITS, MEASURE, ROLLUP, TARGET, THRESHOLDS, WINDOW
from metrics.source_keys import FIELD, REGION, SOURCE, VARIANT

TABLES: Final[Mapping[str, TableKeys]] = {
    "source": TableKeys("[source.NAME]", "数据源", "a source", SOURCE),
    "field": TableKeys("[source.NAME.fields]", "字段", "a field", FIELD),
    "region": TableKeys(
        "region = { ... }", "找到区域的方式(三选一)", "how a row finds its region: exactly one", REGION
    ),
    "variant": TableKeys("[source.NAME.variants.NAME]", "数据源的变体", "a variant of a source", VARIANT),
    "regions": TableKeys(
        "[regions]",
        "区域",
        "regions",
        (
            Key(
                "additive",
                "names",
                "可由下级相加的属性",
                "attributes that add up from the children",
                example='["population", "area_km2"]',
            ),
        ),
    ),
    "calendar": TableKeys(
        "[calendar.NAME]",
        "日历",
        "a calendar",
        (
            Key("week", "table", "每个星期几的时段", "open hours by weekday", of="week"),
            Key("daily", "hours", "每天的时段", "open hours of every day", example='["22:00-06:00"]'),
            Key("holidays", "dates", "全天关闭的日期", "dates that are closed", example='["2024-10-01"]'),
            Key(
                "workdays",
                "dates",
                "照常开放的日期",
                "dates with the hours of their weekday, or Monday's",
                example='["2024-10-12"]',
            ),
        ),
    ),
    "week": TableKeys(
        "week = { ... }",
        "一周",
        "a week",
        tuple(Key(day, "hours", "时段", "open hours", example='["09:00-12:00", "14:00-18:00"]') for day in WEEKDAYS),
    ),
    "indicator": TableKeys("[[indicator]]", "指标", "an indicator", INDICATOR),
    "window": TableKeys("window = { ... }", "窗口", "a window", WINDOW),
    "measure": TableKeys("[indicator.measures.NAME]", "度量", "a measure", MEASURE),
    "rollup": TableKeys("rollup = { ... }", "区域汇总", "a roll-up", ROLLUP),
    "target": TableKeys("target = { ... }", "目标(二选一)", "a target: exactly one", TARGET),
    "thresholds": TableKeys("[indicator.thresholds]", "预警阈值", "thresholds", THRESHOLDS),
    "limits_variant": TableKeys(
        "[[indicator.thresholds.variants]]",
        "某日历下的界限",
        "limits of a calendar",
        (
            Key("calendar", "name", "日历", "calendar", required=True, example='"night"'),
            *LIMITS,
        ),
    ),
    "flapping": TableKeys("flapping = { ... }", "跳变", "flapping", FLAPPING),
    "baseline": TableKeys(
        "[indicator.baseline]",
        "基线",
        "a baseline",
        (
            Key("weeks", "integer", "往前几周", "weeks back", "8"),
            Key("min", "integer", "至少几个值(≥2)", "at least so many values, 2 or more", "4"),
            Key("floor", "number", "标准差的下限", "least deviation", "1"),
        ),
    ),
    "top": TableKeys(
        "top = { ... }",
        "前几名",
        "the best",
        (
            Key("by", "name", "维度", "a dimension", required=True, example='"topic"'),
            Key("n", "integer", "几个", "how many", required=True, example="10"),
        ),
    ),
}


def keys(table: str) -> tuple[str, ...]:
    """The keys that a table may have."""
    return tuple(key.name for key in TABLES[table].keys)


def choices(table: str, key: str) -> tuple[str, ...]:
    """The only words of a key."""
    return next(one.choices for one in TABLES[table].keys if one.name == key)
