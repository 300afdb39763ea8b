"""Formulas of several indicators over the same columns: those that differ in numbers only are evaluated at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metrics.approximate import Approximate
from metrics.column import Column
from metrics.evaluation import evaluate
from metrics.formula import Node, names, uses_now
from metrics.formula_syntax import Binary, Call, Name, Number, Unary
from metrics.measured import Mask, Numbers

ARITHMETIC = frozenset(("if", "coalesce", "min", "max", "abs", "pct", "clamp"))  # functions to which any number will do
Given = Mapping[str, tuple[Numbers, Mask]]  # columns by name, shape (windows, groups)


@dataclass(frozen=True, slots=True)
class _Form:
    """Formulas that are alike: who has them, and the numbers that each puts in the places `#0`, `#1`, ..."""

    tree: Node
    members: NDArray[np.intp]
    numbers: Mapping[str, NDArray[np.float64]]  # shape (members,)
    columns: tuple[str, ...]  # beside the numbers
    each_window: bool  # it asks for now()


class Formulas:
    """A formula and its constants for each of some indicators."""

    def __init__(self, formulas: Sequence[tuple[Node, Mapping[str, float]]]) -> None:
        self._count = len(formulas)
        alike: dict[Node, tuple[list[int], list[dict[str, float]]]] = {}
        for at, (tree, constants) in enumerate(formulas):
            numbers: dict[str, float] = {}
            form = _form(tree, constants, numbers) if len(formulas) > 1 else tree
            members, given = alike.setdefault(form, ([], []))
            members.append(at)
            given.append(numbers if len(formulas) > 1 else dict(constants))
        self._forms = []
        for tree, (members, given) in alike.items():
            numbers_of = {name: np.array([one[name] for one in given], np.float64) for name in given[0]}
            wanted = names(tree)
            self._forms.append(
                _Form(
                    tree, np.array(members, np.intp), {name: numbers_of[name] for name in wanted & numbers_of.keys()},
                    tuple(sorted(wanted - numbers_of.keys())), uses_now(tree),
                )
            )  # fmt: skip

    def evaluate(self, given: Given, ends: Sequence[int], groups: int) -> tuple[Numbers, Mask]:
        """Formulas as float64 and where they are known, shape (indicators, windows, groups). Both may be written."""
        shape = (self._count, len(ends), groups)
        value, known = np.zeros(shape), np.zeros(shape, np.bool_)
        for form in self._forms:
            if not form.each_window:
                value[form.members], known[form.members] = _evaluated(form, given, (len(ends), groups), None)
                continue
            for at, end in enumerate(ends):
                row = {name: (given[name][0][at], given[name][1][at]) for name in form.columns}
                value[form.members, at], known[form.members, at] = _evaluated(form, row, (groups,), end)
        return value, known


def _evaluated(form: _Form, given: Given, shape: tuple[int, ...], now_ms: int | None) -> tuple[Numbers, Mask]:
    """Of each member of a form, arrays of shape (members, *shape)."""
    count, size = len(form.members), int(np.prod(shape))
    columns = {}
    for name in form.columns:
        value, known = given[name]
        columns[name] = Column(value.ravel(), known.ravel())
        if count > 1:
            columns[name] = Column(np.tile(columns[name].values, count), np.tile(known.ravel(), count))
    for name, numbers in form.numbers.items():
        columns[name] = Column(np.repeat(numbers, size), None)
    found = evaluate(form.tree, columns, count * size, now_ms)
    values = found.values if found.scale is None else found.values / 10.0**found.scale
    return (
        np.asarray(values, np.float64).reshape(count, *shape), np.asarray(found.known()).reshape(count, *shape),
    )  # fmt: skip


def _form(node: Node, constants: Mapping[str, float], numbers: dict[str, float]) -> Node:
    """The tree with names in the place of constants and of the numbers that arithmetic and comparisons use; what other
    functions are given stays: some want literals. `numbers` collects what the names stand for."""
    match node:
        case Name() if node.id in constants:
            return _name(constants[node.id], numbers)
        case Unary():
            return replace(node, operand=_operand(node.operand, constants, numbers))
        case Binary():
            return replace(
                node, left=_operand(node.left, constants, numbers), right=_operand(node.right, constants, numbers)
            )
        case Call() if node.function in ARITHMETIC:
            return replace(node, arguments=tuple(_operand(argument, constants, numbers) for argument in node.arguments))
        case _:
            # A constant that stands deeper keeps its name, and its number is part of what is given.
            for name in names(node) & constants.keys():
                numbers[name] = constants[name]
            return node


def _operand(node: Node, constants: Mapping[str, float], numbers: dict[str, float]) -> Node:
    if isinstance(node, Number):
        number = float(Approximate.literal(node.fraction).values)
        return _name(number, numbers) if np.isfinite(number) else node
    return _form(node, constants, numbers)


def _name(number: float, numbers: dict[str, float]) -> Node:
    name = f"#{len(numbers)}"
    numbers[name] = number
    return Name(name)
