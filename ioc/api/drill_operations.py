"""The operation that takes a number apart, and the shapes of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ioc.api.operation import JSON, Answer, Bearer, Operation
from ioc.api.parameter import Parameter
from ioc.api.shapes import Time
from ioc.api.usual import MISSING, USUAL, WORLD
from ioc.security.permission import Permission
from metrics.contribution import Method
from metrics.value import Level, Quality
from metrics.world import Origin

Against = Literal["1d", "7d", "1y"]
By = Literal["region", "group"]


@dataclass(frozen=True, slots=True)
class DrillThen:
    """The number at the same local time a day, a week or a year before: the window that ended at `at`, or null."""

    against: Against
    at: Time | None
    value: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class DrillPart:
    """A region below (`code`, `zh`, `en`), or a group (`dims`). `by`: so much of the change of the whole is its, as
    `method` says; of a share `inside` and `mix` add up to it."""

    code: str
    zh: str
    en: str
    dims: dict[str, str]
    now: float | None
    samples: int
    level: Level | None
    then: float | None
    samples_then: int
    by: float | None = None
    inside: float | None = None
    mix: float | None = None


@dataclass(frozen=True, slots=True)
class Drill:
    """An indicator of a region in its newest complete window (ending `at`), and its parts. `more`: groups not told.
    `change` is since the window of `against`; `rest`: what no part accounts for, null where parts do not add up."""

    indicator: str
    version: int
    world: str
    region: str
    at: Time | None
    value: float | None
    samples: int
    quality: Quality
    level: Level | None
    origin: Origin | None
    target: float | None
    then: list[DrillThen]
    against: Against
    by: By
    method: Method
    parts: list[DrillPart]
    more: int
    change: float | None
    rest: float | None


DRILL_OPERATIONS: Final = (
    Operation(
        "GET",
        "/api/v1/indicators/<indicator>/drill",
        "drill",
        "指标的对比、下级与变化来自何处",
        "an indicator compared, by its parts, and which of them moved it",
        Bearer(Permission.INDICATOR_VIEW),
        about_zh="取最近完整时段；对比取同一时刻（昨日、上周、去年）或其前最近的完整时段，并给出该时段。"
        "method：sum 为可加，逐项相加即总变化；share 为比率或均值，按样本数加权分为自身变化与占比变化；"
        "none 为不可加，只给各项自身变化。rest 为各项之外的部分。",
        about_en="Of the newest complete window, compared with the one that ended at the same time, or last before it,"
        " a day, a week and a year ago. `method`: `sum` adds up; `share` is weighted by rows, into what changed inside"
        " of a part and by its weight; with `none` only the own change of each part is told.",
        parameters=(
            Parameter("indicator", "指标编号", "indicator id", where="path", required=True, longest=64, example="G6"),
            Parameter(
                "region", "区域代码；缺省为全区", "region code; default: the whole", longest=64, example="440303"
            ),
            Parameter("against", "对比", "compared with", default="1d", choices=("1d", "7d", "1y")),
            Parameter(
                "by",
                "按下级区域或按维度",
                "by the regions below, or by groups",
                default="region",
                choices=("region", "group"),
            ),
            WORLD,
        ),
        answers={200: Answer("对比与各项", "comparisons and parts", {JSON: Drill}), **USUAL, 404: MISSING},
    ),
)
