"""Where an expression may use now(): the places at which the clock alone may change an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from metrics.formula_syntax import COMPARISONS, Between, Binary, Call, FormulaError, Node, Unary, walk

Now = Literal["never", "flips", "free"]


@dataclass(frozen=True, slots=True)
class Moving:
    """A comparison `left operator right` of which one term moves with the clock: now(), or worked(t, now(), ...).

    `sign` is the sign of that term in `left - right`.
    """

    operator: str
    left: Node
    right: Node
    term: Call
    sign: int

    @property
    def now(self) -> Call:
        """The now() itself."""
        found = self.term if self.term.function == "now" else self.term.arguments[1]
        assert isinstance(found, Call)  # noqa: S101  # only such terms are taken
        return found


def moving_comparisons(node: Node) -> Iterator[Moving]:
    """The comparisons whose answer flips at instants that can be computed: exactly one term moves."""
    for part in walk(node):
        pairs: tuple[tuple[str, Node, Node], ...] = ()
        if isinstance(part, Between):
            pairs = ((">=", part.operand, part.low), ("<=", part.operand, part.high))
        elif isinstance(part, Binary) and part.operator in COMPARISONS:
            pairs = ((part.operator, part.left, part.right),)
        for operator, left, right in pairs:
            terms = [(sign, term) for sign, term in (*_terms(left, 1), *_terms(right, -1)) if _has_now(term)]
            if len(terms) == 1 and (moving := _moving(terms[0][1])) is not None:
                yield Moving(operator, left, right, moving, terms[0][0])


def stray_nows(node: Node, now: Now) -> list[FormulaError]:
    """The uses of now() that the place does not allow.

    A `where` may compare now() as a term of a sum, or the time worked until now(): then the instant at which the answer
    of a row flips is known.
    """
    allowed = {id(moving.now) for moving in moving_comparisons(node)} if now == "flips" else set[int]()
    # Between is two comparisons: both must be computable.
    for part in walk(node):
        if isinstance(part, Between):
            mine = [id(one) for side in (part.operand, part.low, part.high) for one in walk(side) if _is_now(one)]
            both = (_computable(part.operand, part.low), _computable(part.operand, part.high))
            if mine and not all(both):
                allowed -= set(mine)
    errors = []
    for part in walk(node):
        if isinstance(part, Call) and part.function == "now" and id(part) not in allowed:
            if now == "never":
                en, zh = "now() may not be used here", "此处不能使用 now()"
            else:
                en = "here now() may only be compared: now() with a time, now() - time or worked(time, now(), ...)"
                en += " with a duration"
                zh = "此处 now() 只能用于比较:now() 与时刻,now() - 时刻 或 worked(时刻, now(), ...) 与时长"
            errors.append(FormulaError("window", part.column, en, zh))
    return errors


def _computable(left: Node, right: Node) -> bool:
    terms = [term for _, term in (*_terms(left, 1), *_terms(right, -1)) if _has_now(term)]
    return not terms or (len(terms) == 1 and _moving(terms[0]) is not None)


def _terms(node: Node, sign: int) -> Iterator[tuple[int, Node]]:
    """The terms of a sum with their signs."""
    if isinstance(node, Binary) and node.operator in ("+", "-"):
        yield from _terms(node.left, sign)
        yield from _terms(node.right, sign if node.operator == "+" else -sign)
    elif isinstance(node, Unary) and node.operator == "-":
        yield from _terms(node.operand, -sign)
    else:
        yield sign, node


def _is_now(node: Node) -> bool:
    return isinstance(node, Call) and node.function == "now"


def _has_now(node: Node) -> bool:
    return any(_is_now(part) for part in walk(node))


def _moving(term: Node) -> Call | None:
    """The term if it is now(), or worked(t, now(), ...) with no other now() in it."""
    if not isinstance(term, Call):
        return None
    if term.function == "now":
        return term
    if term.function == "worked" and len(term.arguments) >= 3 and _is_now(term.arguments[1]):
        return None if any(_has_now(part) for at, part in enumerate(term.arguments) if at != 1) else term
    return None
