"""The functions of the formula language: how each is called, and the type of its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from metrics.formula_syntax import Call, Literal_, Node, Number, Rule, Text, constant, start, text
from metrics.formula_types import DURATION, INTEGER, NUMBER, TIME, Kind, Type

ALWAYS = "always"  # the calendar that is always open
SHIFTS = ("1d", "1w", "1mo", "1y")
PERIODS = ("day", "week", "month", "year")
MAX_ROUND = 9  # round(x, d): |d|


class Checks(Protocol):
    """What a signature may ask of the checker."""

    def error(self, rule: Rule, column: int, en: str, zh: str) -> None: ...
    def wrong_kind(self, node: Node, found: Type, *wanted: Kind) -> None: ...
    def type_of(self, node: Node) -> Type | None: ...
    def expect(self, node: Node, *kinds: Kind) -> Type | None: ...
    def alike(self, nodes: Iterable[Node]) -> Type | None: ...
    def ordered(self, parts: Sequence[Node]) -> Type | None: ...
    def member(self, operand: Node, literals: Sequence[Literal_]) -> Type | None: ...
    def reference(self, node: Call) -> Type | None: ...
    def earlier(self, node: Node) -> Type | None: ...
    def calendar(self, node: Node) -> None: ...


@dataclass(frozen=True, slots=True)
class Signature:
    """A function: its usage as shown in errors, the numbers of arguments it takes, and the type it gives."""

    usage: str
    result: Callable[[Checks, Call], Type | None]
    least: int
    most: int | None = None  # None: as many as wanted
    step: int = 1
    formula_only: bool = False

    def takes(self, count: int) -> bool:
        """Whether it can be called with `count` arguments."""
        fits = count >= self.least and (self.most is None or count <= self.most)
        return fits and (count - self.least) % self.step == 0


def _if(check: Checks, call: Call) -> Type | None:
    for condition in call.arguments[:-1:2]:
        check.expect(condition, "bool")
    return check.alike([*call.arguments[1::2], call.arguments[-1]])


def _coalesce(check: Checks, call: Call) -> Type | None:
    return check.alike(call.arguments)


def _extreme(check: Checks, call: Call) -> Type | None:
    return check.ordered(call.arguments)


def _abs(check: Checks, call: Call) -> Type | None:
    return check.expect(call.arguments[0], "number")


def _whole(check: Checks, call: Call) -> Type | None:
    found = check.expect(call.arguments[0], "number")
    return None if found is None else replace(NUMBER, unit=found.unit)


def _round(check: Checks, call: Call) -> Type | None:
    if len(call.arguments) == 2:
        digits = constant(call.arguments[1])
        if not isinstance(digits, Number) or digits.scale or abs(digits.digits) > MAX_ROUND:
            _want_literal(check, call.arguments[1], f"a whole number up to {MAX_ROUND}", f"不超过 {MAX_ROUND} 的整数")
    return _whole(check, call)


def _number(check: Checks, call: Call) -> Type | None:
    check.expect(call.arguments[0], "bool")
    return INTEGER


def _pct(check: Checks, call: Call) -> Type | None:
    one = check.expect(call.arguments[0], "number", "duration")
    other = check.expect(call.arguments[1], "number", "duration")
    if one is not None and other is not None and "null" not in (one.kind, other.kind) and one.kind != other.kind:
        check.wrong_kind(call.arguments[1], other, one.kind)
    return Type("number", unit="%")


def _clamp(check: Checks, call: Call) -> Type | None:
    return _numeric(check, call.arguments)


def _numeric(check: Checks, parts: Sequence[Node]) -> Type | None:
    """Numbers of one unit; the scale does not follow."""
    found = check.alike(parts)
    if found is not None and found.kind not in ("number", "null"):
        check.wrong_kind(parts[0], found, "number")
        return None
    return None if found is None else replace(NUMBER, unit=found.unit)


def _bands(check: Checks, call: Call) -> Type | None:
    bounds = call.arguments[2::2]
    _numeric(check, [call.arguments[0], *bounds])
    _want_ascending(check, bounds)
    return _numeric(check, call.arguments[1::2])


def _interp(check: Checks, call: Call) -> Type | None:
    places = call.arguments[1::2]
    _numeric(check, [call.arguments[0], *places])
    _want_ascending(check, places)
    return _numeric(check, call.arguments[2::2])


def _steps(check: Checks, call: Call) -> Type | None:
    _numeric(check, call.arguments[:3])
    return _numeric(check, call.arguments[3:])


def _match(check: Checks, call: Call) -> Type | None:
    keys = []
    for argument in call.arguments[1:-1:2]:
        key = constant(argument)
        if key is None:
            _want_literal(check, argument, "a literal", "常数")
        else:
            keys.append(key)
    check.member(call.arguments[0], keys)
    found = check.alike([*call.arguments[2:-1:2], call.arguments[-1]])
    return None if found is None else replace(found, scale=None)


def _want_ascending(check: Checks, arguments: Sequence[Node]) -> None:
    """Each argument must be a number literal greater than the one before."""
    before: Number | None = None
    for argument in arguments:
        literal = constant(argument)
        if not isinstance(literal, Number):
            _want_literal(check, argument, "a number literal", "数字常数")
            continue
        if before is not None and literal.fraction <= before.fraction:
            en, zh = f"{text(literal)} must be greater than {text(before)}", f"{text(literal)} 必须大于 {text(before)}"
            check.error("literal", literal.column, en, zh)
        before = literal


def _want_literal(check: Checks, node: Node, en: str, zh: str) -> None:
    check.error("literal", start(node), f"{text(node)} must be {en}", f"{text(node)} 必须是{zh}")


def _part_of_time(check: Checks, call: Call) -> Type | None:
    check.expect(call.arguments[0], "time")
    return NUMBER


def _span_in(unit: str) -> Callable[[Checks, Call], Type | None]:
    def result(check: Checks, call: Call) -> Type | None:
        check.expect(call.arguments[0], "duration")
        return Type("number", unit=unit)

    return result


def _now(_check: Checks, _call: Call) -> Type | None:
    return TIME


def _reference(check: Checks, call: Call) -> Type | None:
    if not isinstance(call.arguments[0], Text):
        _want_literal(check, call.arguments[0], "a text literal", "文本常数")
        return None
    return check.reference(call)


def _elapsed(check: Checks, call: Call) -> Type | None:
    period = call.arguments[0]
    if not isinstance(period, Text) or period.value not in PERIODS:
        _want_literal(check, period, f"one of {', '.join(PERIODS)}", f"以下之一:{'、'.join(PERIODS)}")
    return NUMBER


def _worked(check: Checks, call: Call) -> Type | None:
    check.expect(call.arguments[0], "time")
    check.expect(call.arguments[1], "time")
    _calendar_and_holds(check, call)
    return DURATION


def _after(check: Checks, call: Call) -> Type | None:
    check.expect(call.arguments[0], "time")
    check.expect(call.arguments[1], "duration")
    _calendar_and_holds(check, call)
    return TIME


def _calendar_and_holds(check: Checks, call: Call) -> None:
    check.calendar(call.arguments[2])
    if len(call.arguments) > 3:
        check.expect(call.arguments[3], "intervals")


def _earlier(check: Checks, call: Call) -> Type | None:
    return check.earlier(call.arguments[0])


def _same_time(check: Checks, call: Call) -> Type | None:
    shift = call.arguments[1]
    if not isinstance(shift, Text) or shift.value not in SHIFTS:
        _want_literal(check, shift, f"one of {', '.join(SHIFTS)} in quotes", f"以下之一(加引号):{'、'.join(SHIFTS)}")
    return check.earlier(call.arguments[0])


def _plain_of_earlier(check: Checks, call: Call) -> Type | None:
    return None if check.earlier(call.arguments[0]) is None else NUMBER


SIGNATURES: Mapping[str, Signature] = {
    "if": Signature("if(condition, value, ..., otherwise)", _if, least=3, step=2),
    "coalesce": Signature("coalesce(a, ...)", _coalesce, least=1),
    "min": Signature("min(a, ...)", _extreme, least=1),
    "max": Signature("max(a, ...)", _extreme, least=1),
    "abs": Signature("abs(x)", _abs, least=1, most=1),
    "floor": Signature("floor(x)", _whole, least=1, most=1),
    "ceil": Signature("ceil(x)", _whole, least=1, most=1),
    "round": Signature("round(x[, digits])", _round, least=1, most=2),
    "number": Signature("number(condition)", _number, least=1, most=1),
    "pct": Signature("pct(part, whole)", _pct, least=2, most=2),
    "clamp": Signature("clamp(x, low, high)", _clamp, least=3, most=3),
    "bands": Signature("bands(x, v0, b1, v1, ...)", _bands, least=4, step=2),
    "steps": Signature("steps(x, limit, size, each, cap)", _steps, least=5, most=5),
    "interp": Signature("interp(x, x1, y1, ...)", _interp, least=3, step=2),
    "match": Signature("match(x, k1, v1, ..., default)", _match, least=4, step=2),
    **{
        part: Signature(f"{part}(time)", _part_of_time, least=1, most=1)
        for part in ("hour", "minute", "weekday", "day", "month", "year")
    },
    "seconds": Signature("seconds(duration)", _span_in("s"), least=1, most=1),
    "minutes": Signature("minutes(duration)", _span_in("min"), least=1, most=1),
    "hours": Signature("hours(duration)", _span_in("h"), least=1, most=1),
    "days": Signature("days(duration)", _span_in("d"), least=1, most=1),
    "now": Signature("now()", _now, least=0, most=0),
    "worked": Signature("worked(from, to, 'calendar'[, holds])", _worked, least=3, most=4),
    "after": Signature("after(time, duration, 'calendar'[, holds])", _after, least=3, most=4),
    "region": Signature("region('attribute')", _reference, least=1, most=1, formula_only=True),
    "entered": Signature("entered('name')", _reference, least=1, most=1, formula_only=True),
    "indicator": Signature("indicator('id')", _reference, least=1, most=1, formula_only=True),
    "previous": Signature("previous(x)", _earlier, least=1, most=1, formula_only=True),
    "same_time": Signature("same_time(x, '1d')", _same_time, least=2, most=2, formula_only=True),
    "zscore": Signature("zscore(x)", _plain_of_earlier, least=1, most=1, formula_only=True),
    "rank": Signature("rank(x)", _plain_of_earlier, least=1, most=1, formula_only=True),
    "elapsed": Signature("elapsed('year')", _elapsed, least=1, most=1, formula_only=True),
}
