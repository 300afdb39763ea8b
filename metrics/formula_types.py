"""What an expression is: its kind, decimals and unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Kind = Literal["number", "bool", "text", "time", "duration", "point", "intervals", "null"]

MAX_SCALE = 9  # decimals that a fixed point number may follow from an expression; more need a declared scale
KIND_ZH: dict[Kind, str] = {
    "number": "数字",
    "bool": "是否",
    "text": "文本",
    "time": "时刻",
    "duration": "时长",
    "point": "位置",
    "intervals": "时段",
    "null": "空值",
}


@dataclass(frozen=True, slots=True)
class Type:
    """What an expression is.

    `scale` is the number of decimals of a fixed point number that follows from the expression (ints 0), None where it
    does not follow (float64, division, functions): there a measure's own scale decides, 6 by default. `unit` is None
    for a plain number, which takes the unit of whatever it meets. `values` are the only texts of a closed category.
    What is `personal` may be compared and counted, and never shown.
    """

    kind: Kind
    scale: int | None = None
    unit: str | None = None
    values: frozenset[str] | None = None
    nullable: bool = False
    personal: bool = False


NUMBER = Type("number")
INTEGER = Type("number", scale=0)
BOOL = Type("bool")
TEXT = Type("text")
TIME = Type("time")
DURATION = Type("duration")
NULL = Type("null", scale=0)

# Sums and products of different kinds; nothing else mixes.
MIXED: dict[tuple[Kind, str, Kind], Type] = {
    ("time", "-", "time"): DURATION,
    ("time", "-", "duration"): TIME,
    ("time", "+", "duration"): TIME,
    ("duration", "+", "time"): TIME,
    ("duration", "+", "duration"): DURATION,
    ("duration", "-", "duration"): DURATION,
    ("duration", "*", "number"): DURATION,
    ("number", "*", "duration"): DURATION,
    ("duration", "/", "duration"): NUMBER,
}


def did_you_mean(name: str, known: Iterable[str]) -> tuple[str, str]:
    """`; did you mean X?` in English and Chinese, or nothing."""
    near = get_close_matches(name, sorted(known), n=1)
    return (f"; did you mean {near[0]}?", f";是否指 {near[0]}?") if near else ("", "")
