"""The functions of the formula language on arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from metrics import local_time
from metrics.calendar import NEVER, Calendar, Times
from metrics.evaluator import Evaluator
from metrics.exact import Exact, Truth
from metrics.formula_syntax import UNIT_MS, Call, Number, Text, constant
from metrics.intervals import Intervals
from metrics.part import NULL, Part, all_known, choose, compare, join, meet, opposite, truth
from metrics.worked import after_ms, worked_ms

_STEP_TOLERANCE = Fraction(1, 10**9)  # of steps(): a limit reached by float64 arithmetic counts as reached


def _if(of: Evaluator, call: Call) -> Part:
    result = of.part(call.arguments[-1])
    pairs = list(zip(call.arguments[:-1:2], call.arguments[1::2], strict=True))
    for condition, value in reversed(pairs):
        result = choose(of.truth(condition), of.part(value), result)
    return result


def _coalesce(of: Evaluator, call: Call) -> Part:
    result = of.part(call.arguments[0])
    for argument in call.arguments[1:]:
        if result.valid is True:
            break
        result = choose(result.valid, result, of.part(argument))
    return result


def _extreme(operator: str) -> Callable[[Evaluator, Call], Part]:
    def result(of: Evaluator, call: Call) -> Part:
        best = of.part(call.arguments[0])
        for argument in call.arguments[1:]:
            best = _better(operator, best, of.part(argument))
        return best

    return result


def _better(operator: str, one: Part, two: Part) -> Part:
    """The part for which `operator` holds; the known one where the other is null."""
    keep = join(truth(compare(operator, one, two)), meet(one.valid, opposite(two.valid)))
    return choose(keep, one, two)


def _abs(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    return NULL if part.values is None else Part(abs(part.values), part.valid)


def _floor(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    return NULL if part.values is None else Part(part.values.floor(), part.valid)


def _ceil(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    return NULL if part.values is None else Part(part.values.ceil(), part.valid)


def _round(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    literal = constant(call.arguments[1]) if len(call.arguments) == 2 else None
    digits = literal.digits if isinstance(literal, Number) else 0
    return NULL if part.values is None else Part(part.values.round(digits), part.valid)


def _number(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if part.values is None:
        return NULL
    answer = truth(part)
    ones = int(answer) if isinstance(answer, bool) else answer.astype(np.int64)
    return Part(of.number(Exact.whole(ones)), part.valid)


def _pct(of: Evaluator, call: Call) -> Part:
    one, two = (of.part(argument) for argument in call.arguments)
    if one.values is None or two.values is None:
        return NULL
    # Of two durations: a duration times a number would be cut to whole ms.
    one, two = _as_number(of, one), _as_number(of, two)
    return of.arithmetic("/", of.arithmetic("*", _literal(of, 100), one), two)


def _as_number(of: Evaluator, part: Part) -> Part:
    return Part(of.number(part.values), part.valid) if isinstance(part.values, Exact) else part


def _literal(of: Evaluator, value: int | Fraction) -> Part:
    return Part(of.number(Exact.literal(Fraction(value))))


def _clamp(of: Evaluator, call: Call) -> Part:
    part, low, high = (of.part(argument) for argument in call.arguments)
    valid = all_known((part, low, high))
    result = _better("<=", _better(">=", part, low), high)
    return Part(result.values, meet(result.valid, valid))


def _bands(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    result = of.part(call.arguments[1])
    for bound, value in zip(call.arguments[2::2], call.arguments[3::2], strict=True):
        result = choose(truth(compare(">=", part, of.part(bound))), of.part(value), result)
    return Part(result.values, meet(result.valid, part.valid))


def _steps(of: Evaluator, call: Call) -> Part:
    part, limit, size, each, cap = (of.part(argument) for argument in call.arguments)
    over = of.arithmetic("/", of.arithmetic("-", part, limit), size)
    over = of.arithmetic("+", over, _literal(of, _STEP_TOLERANCE))
    if over.values is None or each.values is None or cap.values is None:
        return NULL
    zero = _literal(of, 0)
    count = Part(over.values.floor(), over.valid)
    count = Part(choose(truth(compare(">", count, zero)), count, zero).values, count.valid)
    total = of.arithmetic("*", each, count)
    beyond = choose(truth(compare("<", each, zero)), compare("<", total, cap), compare(">", total, cap))
    capped = choose(meet(truth(beyond), truth(compare("!=", each, zero))), cap, total)
    return Part(capped.values, all_known((total, cap)))


def _interp(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    places = [of.part(argument) for argument in call.arguments[1::2]]
    heights = [of.part(argument) for argument in call.arguments[2::2]]
    result = heights[-1]
    for left in reversed(range(len(places) - 1)):
        rise = of.arithmetic("-", heights[left + 1], heights[left])
        slope = of.arithmetic("/", rise, of.arithmetic("-", places[left + 1], places[left]))
        line = of.arithmetic("+", heights[left], of.arithmetic("*", of.arithmetic("-", part, places[left]), slope))
        result = choose(truth(compare("<", part, places[left + 1])), line, result)
    result = choose(truth(compare("<=", part, places[0])), heights[0], result)
    return Part(result.values, meet(result.valid, part.valid))


def _match(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    result = of.part(call.arguments[-1])
    pairs = list(zip(call.arguments[1:-1:2], call.arguments[2:-1:2], strict=True))
    for key, value in reversed(pairs):
        result = choose(truth(compare("=", part, of.part(key))), of.part(value), result)
    return result


def _part_of_time(of: Evaluator, call: Call) -> Part:
    part = of.part(call.arguments[0])
    if not isinstance(part.values, Exact):
        return NULL
    ms = part.values.floor().above.narrowed()
    if ms.scalar is not None:
        fits = abs(ms.scalar) < local_time.MAX_MS
        found = int(local_time.part(call.function, np.array(ms.scalar if fits else 0)))
        return Part(of.number(Exact.whole(found)), meet(part.valid, fits))
    inside = abs(np.asarray(ms.values)) < local_time.MAX_MS
    times = np.where(inside, ms.values, 0).astype(np.int64)
    return Part(of.number(Exact.whole(local_time.part(call.function, times))), meet(part.valid, inside))


def _span_in(unit_ms: int) -> Callable[[Evaluator, Call], Part]:
    def result(of: Evaluator, call: Call) -> Part:
        part = of.part(call.arguments[0])
        if not isinstance(part.values, Exact):
            return NULL
        return Part(of.number(part.values * Exact.literal(Fraction(1, unit_ms))), part.valid)

    return result


def _now(of: Evaluator, _call: Call) -> Part:
    return Part(Exact.whole(of.now_ms))


def _elapsed(of: Evaluator, call: Call) -> Part:
    period = call.arguments[0]
    assert isinstance(period, Text)  # noqa: S101  # the checker refuses anything else
    return Part(of.number(Exact.literal(local_time.elapsed(period.value, of.now_ms))))


def _worked(of: Evaluator, call: Call) -> Part:
    start, end = (_instants(of.part(argument)) for argument in call.arguments[:2])
    if start is None or end is None:
        return NULL
    spent = worked_ms(_calendar(of, call), start[0], end[0], holds_of(of, call))
    return Part(Exact.whole(_whole(spent)), meet(start[1], end[1]))


def _after(of: Evaluator, call: Call) -> Part:
    start, amount = (_instants(of.part(argument)) for argument in call.arguments[:2])
    if start is None or amount is None:
        return NULL
    found = after_ms(_calendar(of, call), start[0], amount[0], holds_of(of, call))
    comes = found < NEVER
    valid = meet(meet(start[1], amount[1]), bool(comes) if comes.ndim == 0 else comes)
    return Part(Exact.whole(_whole(np.where(comes, found, 0))), valid)


def _instants(part: Part) -> tuple[Times, Truth] | None:
    """Times or durations as whole ms and where they are known; one that no calendar reaches is unknown."""
    if not isinstance(part.values, Exact):
        return None
    ms = np.asarray(part.values.at_scale(0).narrowed().values)
    inside = abs(ms) < local_time.MAX_MS
    times = np.where(inside, ms, 0).astype(np.int64)
    return times, meet(part.valid, bool(inside) if inside.ndim == 0 else inside.astype(np.bool_))


def _whole(values: Times) -> int | Times:
    return values if values.ndim else int(values)


def _calendar(of: Evaluator, call: Call) -> Calendar:
    name = call.arguments[2]
    assert isinstance(name, Text)  # noqa: S101  # the checker refuses anything else
    return of.calendar(name.value)


def holds_of(of: Evaluator, call: Call) -> Intervals | None:
    """The holds of each row; a null has none."""
    if len(call.arguments) < 4:
        return None
    part = of.part(call.arguments[3])
    if not isinstance(part.values, Intervals) or part.valid is False:
        return None
    if part.valid is True:
        return part.values
    return Intervals(np.where(part.valid, part.values.codes, np.int32(-1)), part.values.dictionary)


FUNCTIONS: Mapping[str, Callable[[Evaluator, Call], Part]] = {
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
    **dict.fromkeys(("hour", "minute", "weekday", "day", "month", "year"), _part_of_time),
    "seconds": _span_in(UNIT_MS["s"]),
    "minutes": _span_in(UNIT_MS["m"]),
    "hours": _span_in(UNIT_MS["h"]),
    "days": _span_in(UNIT_MS["d"]),
    "now": _now,
    "worked": _worked,
    "after": _after,
    "elapsed": _elapsed,
}
