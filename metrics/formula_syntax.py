"""The syntax tree of the formula language, its text form, and the error that points at a column of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

Rule = Literal[
    "syntax", "unknown-name", "unknown-function", "type", "unit", "arity", "limit", "literal", "window", "personal"
]

UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

# References get their column from the caller, under the text of the call: the caller knows regions, entries, other
# indicators and earlier values.
REFERENCES = frozenset({"region", "entered", "indicator", "previous", "same_time", "zscore", "rank"})


class FormulaError(ValueError):
    """A formula that cannot be used.

    `column` is the first character of the offending token, counted from 1; behind the last one if the text ends too
    early. `rule` is one of the rule names of the indicator language.
    """

    def __init__(self, rule: Rule, column: int, message_en: str, message_zh: str) -> None:
        super().__init__(f"{column}: {rule}: {message_en}")
        self.rule: Rule = rule
        self.column = column
        self.message_en = message_en
        self.message_zh = message_zh


@dataclass(frozen=True, slots=True)
class _Positioned:
    # Where the node's own token stands (the operator of a binary node). Two trees of different spacing are equal.
    column: int = field(default=0, compare=False, kw_only=True)

    def __str__(self) -> str:
        return text(self)  # type: ignore[arg-type]  # every subclass is a Node


@dataclass(frozen=True, slots=True)
class Number(_Positioned):
    """A decimal literal, `digits / 10**scale` with `scale` digits after the point. Negative only inside `in (...)`."""

    digits: int
    scale: int

    @property
    def fraction(self) -> Fraction:
        """The exact value."""
        return Fraction(self.digits, 10**self.scale)


@dataclass(frozen=True, slots=True)
class Duration(_Positioned):
    """A span of time: `count` times a unit of UNIT_MS."""

    count: int
    unit: str

    @property
    def ms(self) -> int:
        """Whole milliseconds."""
        return self.count * UNIT_MS[self.unit]


@dataclass(frozen=True, slots=True)
class Text(_Positioned):
    """A text literal; `value` without the quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Bool(_Positioned):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null(_Positioned):
    """`null`."""


@dataclass(frozen=True, slots=True)
class Name(_Positioned):
    """A field, measure or constant."""

    id: str


@dataclass(frozen=True, slots=True)
class Call(_Positioned):
    """A function applied to arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(_Positioned):
    """`-x` or `not x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(_Positioned):
    """`or`, `and`, a comparison, `+ - * /`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(_Positioned):
    """`operand [not] in (literals)`."""

    operand: Node
    literals: tuple[Literal_, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Between(_Positioned):
    """`operand [not] between low and high`, both ends included."""

    operand: Node
    low: Node
    high: Node
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull(_Positioned):
    """`operand is [not] null`."""

    operand: Node
    negated: bool


Literal_: TypeAlias = Number | Duration | Text | Bool | Null
Node: TypeAlias = Number | Duration | Text | Bool | Null | Name | Call | Unary | Binary | In | Between | IsNull

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_NOT, _COMPARISON, _SUM, _UNARY, _ATOM = 3, 4, 5, 7, 8
PRECEDENCE = {"or": 1, "and": 2, **dict.fromkeys(COMPARISONS, _COMPARISON), "+": 5, "-": 5, "*": 6, "/": 6}


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order of the text; the literals of `in` are not parts."""
    match node:
        case Call():
            return node.arguments
        case Unary() | In() | IsNull():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Between():
            return (node.operand, node.low, node.high)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


def names(node: Node) -> frozenset[str]:
    """The columns that an evaluation needs: fields, measures and constants by name, references as their text.

    A reference is listed as it is printed, e.g. `region('area_km2')` or `previous(n)`, without what stands in it.
    """
    found = set[str]()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Name):
            found.add(part.id)
        elif isinstance(part, Call) and part.function in REFERENCES:
            found.add(text(part))
        else:
            waiting.extend(children(part))
    return frozenset(found)


def used_names(node: Node) -> frozenset[str]:
    """Every name in the text, also those inside of references: `previous(n)` uses n."""
    return frozenset(part.id for part in walk(node) if isinstance(part, Name))


def uses_now(node: Node) -> bool:
    """Whether the value changes by the clock alone."""
    return any(isinstance(part, Call) and part.function in ("now", "elapsed") for part in walk(node))


def start(node: Node) -> int:
    """The column of the first character of a node's text (brackets around it left out)."""
    while isinstance(node, Binary | In | Between | IsNull):
        node = children(node)[0]
    return node.column


def constant(node: Node) -> Literal_ | None:
    """The literal that a node is, with a leading minus taken into it; None if it is not a literal."""
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Number):
        return Number(-node.operand.digits, node.operand.scale, column=node.column)
    return node if isinstance(node, Number | Duration | Text | Bool | Null) else None


def text(node: Node) -> str:
    """The canonical text, with the fewest brackets; it parses back to an equal tree."""
    match node:
        case Number():
            digits = str(abs(node.digits)).rjust(node.scale + 1, "0")
            whole, part = (digits[: -node.scale], "." + digits[-node.scale :]) if node.scale else (digits, "")
            return ("-" if node.digits < 0 else "") + whole + part
        case Duration():
            return f"{node.count}{node.unit}"
        case Text():
            return "'" + node.value.replace("'", "''") + "'"
        case Bool():
            return "true" if node.value else "false"
        case Null():
            return "null"
        case Name():
            return node.id
        case Call():
            return f"{node.function}({', '.join(text(argument) for argument in node.arguments)})"
        case Unary(operator="not"):
            return "not " + _inside(node.operand, _NOT)
        case Unary():
            return "-" + _inside(node.operand, _UNARY)
        case Binary():
            own = PRECEDENCE[node.operator]
            left = own + 1 if own == _COMPARISON else own  # comparisons do not chain
            return f"{_inside(node.left, left)} {node.operator} {_inside(node.right, own + 1)}"
        case In():
            literals = ", ".join(text(literal) for literal in node.literals)
            return f"{_inside(node.operand, _SUM)} {'not ' if node.negated else ''}in ({literals})"
        case Between():
            word = "not between" if node.negated else "between"
            return f"{_inside(node.operand, _SUM)} {word} {_inside(node.low, _SUM)} and {_inside(node.high, _SUM)}"
        case IsNull():
            return f"{_inside(node.operand, _SUM)} is {'not ' if node.negated else ''}null"


def _inside(node: Node, least: int) -> str:
    match node:
        case Binary():
            own = PRECEDENCE[node.operator]
        case In() | Between() | IsNull():
            own = _COMPARISON
        case Unary(operator="not"):
            own = _NOT
        case Unary():
            own = _UNARY
        case _:
            own = _ATOM
    return text(node) if own >= least else f"({text(node)})"
