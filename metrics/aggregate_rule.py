"""Aggregates as an analyst writes them: which keys each one takes, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AggregateRule:
    """`field`: none, optional (anything is counted), any (of any kind, or a list), or number. `keys` are those that
    belong to it alone; `plain`: the result has no unit."""

    field: Literal["none", "optional", "any", "number"]
    zh: str
    en: str
    empty: str
    keys: tuple[str, ...] = ()
    readings_only: bool = False
    needs_entity: bool = False
    plain: bool = False


_SUM_EMPTY = "readings null, records 0"

AGGREGATES: Mapping[str, AggregateRule] = {
    "count": AggregateRule(
        "optional", "行数；有 field 时为非空数", "rows, or values that are not null", "0", plain=True
    ),
    "sum": AggregateRule("number", "合计", "sum", _SUM_EMPTY),
    "mean": AggregateRule("number", "平均", "mean", "null"),
    "min": AggregateRule("number", "最小", "least", "null"),
    "max": AggregateRule("number", "最大", "greatest", "null"),
    "first": AggregateRule("number", "最早一行的值", "of the first row", "null"),
    "last": AggregateRule("number", "最晚一行的值", "of the last row", "null"),
    "percentile": AggregateRule("number", "百分位(线性插值)", "percentile, linear between ranks", "null", keys=("p",)),
    "percentile_approx": AggregateRule(
        "number", "近似百分位", "approximate percentile", "null", keys=("p",), readings_only=True
    ),
    "distinct": AggregateRule("any", "不同值的个数", "number of different values", "0", plain=True),
    "distinct_approx": AggregateRule(
        "any", "不同值的近似个数", "approximate number of different values", "0", readings_only=True, plain=True
    ),
    "online": AggregateRule(
        "none",
        "有读数的登记实体数",
        "registered entities with a reading",
        "0",
        keys=("within",),
        readings_only=True,
        plain=True,
    ),
    "dwell": AggregateRule(
        "none", "where 成立的秒数", "seconds during which where held", "0", keys=("hold", "calendar"), plain=True
    ),
    "delta": AggregateRule("number", "末减首", "last - first", "null", readings_only=True, needs_entity=True),
    "rate": AggregateRule(
        "number", "每单位时间的变化", "delta per time", "null", keys=("unit",), readings_only=True, needs_entity=True
    ),
}
