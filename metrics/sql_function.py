"""The functions of the language as SQL, built of the operations of an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Final

from metrics import sql_number as exact
from metrics.formula_syntax import UNIT_MS, Call, Number, Text, constant
from metrics.sql_expression import Expression
from metrics.sql_number import Rational, Term
from metrics.sql_part import NOTHING, Double, Nothing, Part, Spans, Truth, sql_of

_LOCAL_MS: Final = 8 * 3_600_000  # Asia/Shanghai
_MAX_MS: Final = 2**52  # further away there is no calendar
_STEP_TOLERANCE: Final = Fraction(1, 10**9)  # of steps(): a limit that is missed by rounding counts as reached


def _arguments(of: Expression, call: Call) -> list[Part]:
    return [of.named(of.part(argument)) for argument in call.arguments]


def _known(parts: list[Part]) -> str:
    return " AND ".join(f"{sql_of(part)} IS NOT NULL" for part in parts)


def _where_known(of: Expression, parts: list[Part], result: Part) -> Part:
    return of.choose(f"({_known(parts)})", result, NOTHING)


def _if(of: Expression, call: Call) -> Part:
    result = of.part(call.arguments[-1])
    pairs = list(zip(call.arguments[:-1:2], call.arguments[1::2], strict=True))
    for condition, value in reversed(pairs):
        result = of.choose(of.truth(condition), of.part(value), result)
    return result


def _coalesce(of: Expression, call: Call) -> Part:
    parts = _arguments(of, call)
    result = parts[-1]
    for part in reversed(parts[:-1]):
        result = of.choose(f"({sql_of(part)} IS NOT NULL)", part, result)
    return result


def _extreme(operator: str) -> Callable[[Expression, Call], Part]:
    def result(of: Expression, call: Call) -> Part:
        best, *others = _arguments(of, call)
        for other in others:
            best = of.named(_better(of, operator, best, other))
        return best

    return result


def _better(of: Expression, operator: str, one: Part, two: Part) -> Part:
    """The part for which `operator` holds; the known one where the other is null."""
    return of.choose(f"({of.compare(operator, one, two).sql} OR {sql_of(two)} IS NULL)", one, two)


def _abs(of: Expression, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if isinstance(part, Rational):
        return Rational(exact.absolute(part.above), part.below)
    return Double(f"abs({part.sql})", part.size) if isinstance(part, Double) else NOTHING


def _floor(of: Expression, call: Call) -> Part:
    return floor(of, of.part(call.arguments[0]))


def floor(of: Expression, part: Part) -> Part:
    if isinstance(part, Rational):
        return Rational(exact.floor(part, of.steps.bind))
    return Double(f"floor({part.sql})", part.size + 1) if isinstance(part, Double) else NOTHING


def _ceil(of: Expression, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if isinstance(part, Rational):
        turned = Rational(exact.negative(part.above), part.below)
        return Rational(exact.negative(exact.floor(turned, of.steps.bind)))
    return Double(f"ceil({part.sql})", part.size + 1) if isinstance(part, Double) else NOTHING


def _round(of: Expression, call: Call) -> Part:
    part = of.part(call.arguments[0])
    given = constant(call.arguments[1]) if len(call.arguments) == 2 else None
    digits = given.digits if isinstance(given, Number) else 0
    if isinstance(part, Rational):
        if digits >= 0:
            return Rational(exact.at_scale(part, digits, of.steps.bind), Term.literal(10**digits))
        tens = exact.times(part, Rational.literal(Fraction(1, 10**-digits)))
        return exact.times(Rational(exact.at_scale(tens, 0, of.steps.bind)), Rational.literal(Fraction(10**-digits)))
    return Double(f"round_even({part.sql}, {digits})") if isinstance(part, Double) else NOTHING


def _number(of: Expression, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if not isinstance(part, Truth):
        return NOTHING
    whole = Rational(Term(f"({part.sql})::BIGINT", 0, 1))
    return whole if of.is_exact else of.as_double(whole)


def _pct(of: Expression, call: Call) -> Part:
    # Of two durations: a duration times a float number would be cut to whole ms.
    one, two = (_plain(of, of.part(argument)) for argument in call.arguments)
    return of.arithmetic("/", of.arithmetic("*", of.literal(100), one), two)


def _plain(of: Expression, part: Part) -> Part:
    return of.as_double(part) if isinstance(part, Rational) and not of.is_exact else part


def _clamp(of: Expression, call: Call) -> Part:
    parts = _arguments(of, call)
    inner = of.named(_better(of, ">=", parts[0], parts[1]))
    return _where_known(of, parts, _better(of, "<=", inner, parts[2]))


def _bands(of: Expression, call: Call) -> Part:
    part = of.named(of.part(call.arguments[0]))
    result = of.part(call.arguments[1])
    for bound, value in zip(call.arguments[2::2], call.arguments[3::2], strict=True):
        result = of.choose(of.compare(">=", part, of.part(bound)).sql, of.part(value), result)
    return _where_known(of, [part], result)


def _steps(of: Expression, call: Call) -> Part:
    part, limit, size, each, cap = _arguments(of, call)
    over = of.arithmetic("/", of.arithmetic("-", part, limit), size)
    count = of.named(floor(of, of.arithmetic("+", over, of.literal(_STEP_TOLERANCE))))
    zero = of.literal(0)
    if isinstance(count, Nothing):
        return NOTHING
    count = _where_known(of, [count], of.choose(of.compare(">", count, zero).sql, count, zero))
    total = of.named(of.arithmetic("*", each, count))
    lowest, highest = _better(of, ">=", total, cap), _better(of, "<=", total, cap)
    limited = of.choose(of.compare("<", each, zero).sql, lowest, highest)
    return _where_known(of, [total, cap], of.choose(of.compare("=", each, zero).sql, total, limited))


def _interp(of: Expression, call: Call) -> Part:
    part, *points = _arguments(of, call)
    pairs = list(zip(points[::2], points[1::2], strict=True))
    result = pairs[-1][1]
    for (left, low), (right, high) in reversed(list(pairwise(pairs))):
        slope = of.arithmetic("/", of.arithmetic("-", high, low), of.arithmetic("-", right, left))
        line = of.arithmetic("+", low, of.arithmetic("*", of.arithmetic("-", part, left), slope))
        result = of.choose(of.compare("<", part, right).sql, line, result)
    result = of.choose(of.compare("<=", part, pairs[0][0]).sql, pairs[0][1], result)
    return _where_known(of, [part], result)


def _match(of: Expression, call: Call) -> Part:
    part = of.named(of.part(call.arguments[0]))
    result = of.part(call.arguments[-1])
    pairs = list(zip(call.arguments[1:-1:2], call.arguments[2:-1:2], strict=True))
    for key, value in reversed(pairs):
        result = of.choose(of.compare("=", part, of.part(key)).sql, of.part(value), result)
    return result


_CLOCK: Final = {"hour": 23, "minute": 59, "weekday": 7, "day": 31, "month": 12, "year": 200_000}  # highest values


def _part_of_time(of: Expression, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if not isinstance(part, Rational):
        return NOTHING
    ms = of.steps.bind(exact.floor(part, of.steps.bind))
    reach = "" if ms.size < _MAX_MS else f" CASE WHEN abs({ms.sql}) < {_MAX_MS} THEN {ms.sql} END"
    local = f"make_timestamp_ms(({reach or ms.sql})::BIGINT + {_LOCAL_MS})"
    function = "isodow" if call.function == "weekday" else call.function
    most = _CLOCK[call.function]
    found = Rational(Term(f"{function}({local})::BIGINT", -most, most))
    return found if of.is_exact else of.as_double(found)


def _span_in(unit_ms: int) -> Callable[[Expression, Call], Part]:
    def result(of: Expression, call: Call) -> Part:
        part = of.part(call.arguments[0])
        if not isinstance(part, Rational):
            return NOTHING
        found = exact.times(part, Rational.literal(Fraction(1, unit_ms)))
        return found if of.is_exact else of.as_double(found)

    return result


def _now(of: Expression, _call: Call) -> Part:
    if of.now is None:
        raise ValueError("now() in an expression that has no window")
    return Rational(of.now)


def _open_time(of: Expression, call: Call) -> Part:
    """worked() and after(): functions of the database, one pair per calendar (`metrics.sql_calendar`)."""
    calendar = call.arguments[2]
    assert isinstance(calendar, Text)  # noqa: S101  # the checker refuses anything else
    parts = [of.part(argument) for argument in call.arguments[:2]]
    if not all(isinstance(part, Rational) for part in parts):
        return NOTHING
    given = [f"({exact.floor(part, of.steps.bind).sql})::BIGINT" for part in parts if isinstance(part, Rational)]
    holds = of.part(call.arguments[3]) if len(call.arguments) == 4 else NOTHING
    given.append(holds.sql if isinstance(holds, Spans) else "NULL")
    sql = f"{call.function}_{of.calendars[calendar.value]}({', '.join(given)})"
    return Rational(of.steps.bind(Term(sql, 0 if call.function == "worked" else -_MAX_MS, _MAX_MS)))


FUNCTIONS: Mapping[str, Callable[[Expression, Call], Part]] = {
    "if": _if,
    "coalesce": _coalesce,
    "min": _extreme("<="),
    "max": _extreme(">="),
    "abs": _abs,
    "floor": _floor,
    "ceil": _ceil,
    "round": _round,
    "number": _number,
    "pct": _pct,
    "clamp": _clamp,
    "bands": _bands,
    "steps": _steps,
    "interp": _interp,
    "match": _match,
    **dict.fromkeys(_CLOCK, _part_of_time),
    "seconds": _span_in(UNIT_MS["s"]),
    "minutes": _span_in(UNIT_MS["m"]),
    "hours": _span_in(UNIT_MS["h"]),
    "days": _span_in(UNIT_MS["d"]),
    "now": _now,
    "worked": _open_time,
    "after": _open_time,
}
