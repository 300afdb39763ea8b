"""What a city declares: sources, measures and indicators as an analyst writes them, beside what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation import expressions as ex
from tests.simulation.span import DAY, HOUR, MINUTE, Span

REGIONS = [
    {"code": "D", "parent": "", "zh": "罗湖", "en": "Luohu", "level": "district"},
    {"code": "S1", "parent": "D", "zh": "桂园", "en": "Guiyuan", "level": "subdistrict"},
    {"code": "S2", "parent": "D", "zh": "黄贝", "en": "Huangbei", "level": "subdistrict"},
    {"code": "C1", "parent": "S1", "zh": "人民桥", "en": "Renminqiao", "level": "committee"},
    {"code": "C2", "parent": "S2", "zh": "文华", "en": "Wenhua", "level": "committee"},
]
PATHS = {"D": ("D",), "S1": ("S1", "D"), "S2": ("S2", "D"), "C1": ("C1", "S1", "D"), "C2": ("C2", "S2", "D")}
LEVEL = {row["code"]: row["level"] for row in REGIONS}
SENSORS = [
    {"id": "a", "code": "C1", "weight": 1.5, "kind": "loop"},
    {"id": "b", "code": "S2", "weight": 2.0, "kind": "radar"},
    {"id": "c", "code": "C2", "weight": 0.5, "kind": "loop"},
    {"id": "d", "code": "nowhere", "weight": 1.0, "kind": "radar"},
]
ENTITIES = ("a", "b", "c", "d", "stranger")


@dataclass(frozen=True)
class Feed:
    """A source as declared, and what of it the oracle needs. `region`: none, field or registry."""

    id: str
    raw: dict[str, Any]
    kind: str
    disorder: int
    lateness: int
    idle: int | None
    future: int | None
    stale_after: int | None
    region: str = ""
    named: bool = False  # rows carry an identity of their own
    parts: tuple[str, ...] = ()
    of: Indicator | None = None  # whose complete values are its rows


@dataclass
class Row:
    """An accepted row: its time (of a version that came too late: the watermark), entity, fields and region."""

    time: int
    entity: str
    fields: dict[str, Any]
    region: str
    deleted: bool = False


@dataclass(frozen=True, eq=False)
class Measure:
    """A measure as declared, and what it means."""

    source: str
    agg: str
    raw: dict[str, Any]
    span: Span
    number: ex.Number | None = None
    marks: Callable[[ex.Fields], Any] | None = None
    where: ex.Condition | None = None
    at: ex.Instant | None = None
    p: float = 50.0
    hold: int = 0
    per: Callable[[ex.Fields], Any] | None = None
    having: Callable[[float], bool] | None = None
    each: Callable[[float], float] | None = None
    then: str = ""
    then_p: float = 50.0


@dataclass(frozen=True, eq=False)
class Indicator:
    """An indicator as declared, and what it means."""

    id: str
    raw: dict[str, Any]
    span: Span
    measures: tuple[Measure, ...]
    formula: ex.Formula
    dimension: str
    regions: bool
    levels: tuple[str, ...]
    min_samples: int
    exact: bool  # the value is one count, sum or the like: equal to the last digit


_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1_000, "s"))


def written(duration: int) -> str:
    """A duration as declared."""
    return next((f"{duration // size}{unit}" for size, unit in _UNITS if duration and not duration % size), "0s")
