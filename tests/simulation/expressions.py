"""Expressions of small worlds: each as an analyst writes it, and what the page says it is of one row, in plain Python.

Rows are mappings of field names; numbers are Fractions, times ms, null is None. A condition is True, False or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.simulation.span import MINUTE

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Number:
    """A numeric expression; `scale` by the rules of fixed point."""

    text: str
    of: Callable[[Fields], Fraction | None]
    scale: int


@dataclass(frozen=True)
class Condition:
    """`of` gets the row and the instant `end`, which is now()."""

    text: str
    of: Callable[[Fields, int], bool | None]


@dataclass(frozen=True)
class Instant:
    """A time expression."""

    text: str
    of: Callable[[Fields], int | None]


@dataclass(frozen=True)
class Formula:
    """Of the measures named m0, m1, ... as floats."""

    text: str
    of: Callable[[list[float | None]], float | None]


def lifted(operate: Callable[..., Any]) -> Callable[..., Any]:
    """Null in, null out."""
    return lambda *given: None if any(one is None for one in given) else operate(*given)


def divided(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or b == 0 else a / b


times, plus, minus, less, above = (
    lifted(operate)
    for operate in (lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a > b)
)

READING_NUMBERS = (
    Number("speed", lambda f: f["speed"], 1),
    Number("level", lambda f: f["level"], 0),
    Number("speed * 3", lambda f: times(f["speed"], 3), 1),
    Number("speed * level", lambda f: times(f["speed"], f["level"]), 1),
    Number("coalesce(level, 0) + 1", lambda f: (f["level"] or Fraction(0)) + 1, 0),
    Number("speed / 7", lambda f: times(f["speed"], Fraction(1, 7)), 6),
    Number("level - speed", lambda f: minus(f["level"], f["speed"]), 1),
    Number("if(speed > 5, level, 0.25)", lambda f: f["level"] if above(f["speed"], 5) else Fraction(1, 4), 2),
)
REGISTERED_NUMBERS = (
    *READING_NUMBERS,
    Number("speed * weight", lambda f: times(f["speed"], f["weight"]), 2),
    Number("weight", lambda f: f["weight"], 1),
)
READING_CONDITIONS = (
    Condition("speed > 5", lambda f, _: above(f["speed"], 5)),
    Condition("not (speed < 3)", lambda f, _: None if f["speed"] is None else f["speed"] >= 3),
    Condition("speed between 2 and 8", lambda f, _: None if f["speed"] is None else 2 <= f["speed"] <= 8),
    Condition("level is not null", lambda f, _: f["level"] is not None),
    Condition("zone = 'north' or zone is null", lambda f, _: f["zone"] in ("north", None)),
    Condition("zone != 'north'", lambda f, _: None if f["zone"] is None else f["zone"] != "north"),
    Condition("zone in ('north', 'south') and level >= 1",
              lambda f, _: f["zone"] is not None and f["level"] is not None and f["level"] >= 1),
)  # fmt: skip
REGISTERED_CONDITIONS = (*READING_CONDITIONS, Condition("kind = 'loop'", lambda f, _: f["kind"] == "loop"))
DWELL_CONDITIONS = (READING_CONDITIONS[0], READING_CONDITIONS[2], READING_CONDITIONS[4])
READING_MARKS = (
    (("zone",), lambda f: f["zone"]),
    (("speed",), lambda f: f["speed"]),
    (("zone", "level"), lambda f: None if f["zone"] is None or f["level"] is None else (f["zone"], f["level"])),
)

RECORD_NUMBERS = (
    Number("amount", lambda f: f["amount"], 2),
    Number("amount * 2", lambda f: times(f["amount"], 2), 2),
    Number("minutes(closed - created)", lambda f: times(minus(f["closed"], f["created"]), Fraction(1, MINUTE)), 6),
)
RECORD_CONDITIONS = (
    Condition("closed is null", lambda f, _: f["closed"] is None),
    Condition("closed <= deadline", lambda f, _: lifted(lambda a, b: a <= b)(f["closed"], f["deadline"])),
    Condition("status = 'filed'", lambda f, _: lifted(lambda a: a == "filed")(f["status"])),
    Condition("status != 'closed' or amount > 3", lambda f, _: f["status"] not in (None, "closed")
              or (f["amount"] is not None and f["amount"] > 3)),
)  # fmt: skip
STOCK_CONDITIONS = (
    *RECORD_CONDITIONS,
    Condition("closed is null and deadline < now()",
              lambda f, end: f["closed"] is None and f["deadline"] is not None and f["deadline"] < end),
    Condition("now() - created > 40m", lambda f, end: lifted(lambda a: end - a > 40 * MINUTE)(f["created"])),
    Condition("deadline between now() and now() + 30m",
              lambda f, end: lifted(lambda a: end <= a <= end + 30 * MINUTE)(f["deadline"])),
)  # fmt: skip
RECORD_INSTANTS = (
    Instant("created", lambda f: f["created"]),
    Instant("deadline", lambda f: f["deadline"]),
    Instant("created + 30m", lambda f: plus(f["created"], 30 * MINUTE)),
)
RECORD_MARKS = (
    (("org",), lambda f: f["org"]),
    (("org", "status"), lambda f: None if f["org"] is None or f["status"] is None else (f["org"], f["status"])),
)

ONE = (
    Formula("m0", lambda m: m[0]),
    Formula("m0", lambda m: m[0]),
    Formula("m0 * 10 - 1", lambda m: minus(times(m[0], 10.0), 1.0)),
    Formula("coalesce(m0, 0 - 1)", lambda m: -1.0 if m[0] is None else m[0]),
    Formula("if(m0 > 3, m0, 0)", lambda m: m[0] if m[0] is not None and m[0] > 3 else 0.0),
)
TWO = (
    Formula("pct(m0, m1)", lambda m: divided(times(m[0], 100.0), m[1])),
    Formula("m0 - m1", lambda m: minus(m[0], m[1])),
    Formula("m0 / m1", lambda m: divided(m[0], m[1])),
    Formula("coalesce(m0, 0) + coalesce(m1, 0)", lambda m: (m[0] or 0.0) + (m[1] or 0.0)),
    Formula("max(m0, m1)", lambda m: max((one for one in m if one is not None), default=None)),
)
