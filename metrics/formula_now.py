"""Where an expression may use now(): the places at which the clock alone may change an answer."""

from __future__ import annotations

from typing import Literal

from metrics.formula_syntax import COMPARISONS, Between, Binary, Call, FormulaError, Node, children, walk

Now = Literal["never", "flips", "free"]


def stray_nows(node: Node, now: Now) -> list[FormulaError]:
    """The uses of now() that the place does not allow.

    A `where` may compare now() as a term of a sum: then the instant at which the answer of a row flips is known.
    """
    allowed = set[int]()
    for part in walk(node) if now == "flips" else ():
        comparison = isinstance(part, Between) or (isinstance(part, Binary) and part.operator in COMPARISONS)
        terms = list(children(part)) if comparison else []
        while terms:
            term = terms.pop()
            if isinstance(term, Binary) and term.operator in ("+", "-"):
                terms.extend(children(term))
            elif isinstance(term, Call):
                allowed.add(id(term))
    errors = []
    for part in walk(node):
        if isinstance(part, Call) and part.function == "now" and id(part) not in allowed:
            if now == "never":
                en, zh = "now() may not be used here", "此处不能使用 now()"
            else:
                en = "here now() may only be compared: now() with a time, now() - time with a duration"
                zh = "此处 now() 只能用于比较:now() 与时刻,now() - 时刻 与时长"
            errors.append(FormulaError("window", part.column, en, zh))
    return errors
