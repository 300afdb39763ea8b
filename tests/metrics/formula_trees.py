"""Random formulas and rows for properties: well-typed trees over a fixed set of nullable fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from metrics.column import Column
from metrics.formula_syntax import (
    Between,
    Binary,
    Bool,
    Call,
    Duration,
    In,
    IsNull,
    Name,
    Node,
    Null,
    Number,
    Text,
    Unary,
)
from metrics.formula_types import BOOL, INTEGER, TEXT, TIME, Type

SCOPE: Mapping[str, Type] = {
    "speed": Type("number", scale=2),
    "lanes": INTEGER,
    "road": TEXT,
    "twin": TEXT,
    "opened": TIME,
    "closed": TIME,
    "simulated": BOOL,
}
WORDS = ("", "arterial", "expressway", "it's", "主干道")
SCALES = {"speed": 2, "lanes": 0}

numbers = st.builds(Number, st.integers(0, 99_999), st.integers(0, 4))
signed = st.builds(lambda literal, minus: Unary("-", literal) if minus else literal, numbers, st.booleans())
durations = st.builds(Duration, st.integers(0, 99), st.sampled_from(["ms", "s", "m", "h", "d", "w"]))
texts = st.builds(Text, st.sampled_from(WORDS))
bools = st.builds(Bool, st.booleans())
null = st.just(Null())


def _names(*names: str) -> st.SearchStrategy[Node]:
    return st.sampled_from([Name(name) for name in names])


def _call(function: str, *arguments: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(lambda *parts: Call(function, parts), *arguments)


@st.composite
def _points(draw: st.DrawFn, function: str, of: st.SearchStrategy[Node], values: st.SearchStrategy[Node]) -> Node:
    bounds = sorted(draw(st.lists(st.integers(-500, 500), min_size=1, max_size=4, unique=True)))
    places: list[Node] = [Unary("-", Number(-bound, 1)) if bound < 0 else Number(bound, 1) for bound in bounds]
    heights = [draw(values) for _ in places]
    pairs = [part for pair in zip(places, heights, strict=True) for part in pair]
    return Call(function, (draw(of), *([draw(values)] if function == "bands" else []), *pairs))


def _tree(depth: int) -> dict[str, st.SearchStrategy[Node]]:
    leaf = {
        "number": _names("speed", "lanes") | signed | null,
        "time": _names("opened", "closed"),
        "duration": durations,
        "text": _names("road", "twin") | texts | null,
        "bool": _names("simulated") | bools,
    }
    if depth == 0:
        return leaf
    below = _tree(depth - 1)
    number, time, duration, text, boolean = (below[kind] for kind in ("number", "time", "duration", "text", "bool"))
    compared = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    alike = [st.tuples(kind, kind) for kind in (number, time, duration, text)]
    spans = ["seconds", "minutes", "hours", "days"]
    calendar = ["hour", "minute", "weekday", "day", "month", "year"]
    keyed = st.sampled_from(["expressway", "arterial"]).map(Text)
    functions = [
        _call("if", boolean, number, number),
        _call("if", boolean, number, boolean, number, number),
        *(_call(name, number, number, number) for name in ("min", "max", "coalesce", "clamp")),
        *(_call(name, number) for name in ("abs", "floor", "ceil", "round")),
        _call("round", number, st.integers(0, 3).map(lambda digits: Number(digits, 0))),
        _call("number", boolean),
        _call("pct", number, number),
        _points("bands", number, number),
        _points("interp", number, signed),
        _call("steps", number, number, signed, signed, signed),
        _call("match", text, keyed, number, keyed, number, number),
        *(_call(name, duration) for name in spans),
        *(_call(name, time) for name in calendar),
        st.builds(Binary, st.just("/"), duration, duration),
    ]
    return {
        "number": leaf["number"]
        | st.builds(Binary, st.sampled_from("+-*/"), number, number)
        | st.builds(Unary, st.just("-"), number)
        | st.one_of(functions),
        "time": leaf["time"]
        | st.builds(Binary, st.sampled_from("+-"), time, duration)
        | _call("min", time, time)
        | _call("coalesce", time, time),
        "duration": leaf["duration"]
        | st.builds(Binary, st.just("-"), time, time)
        | st.builds(Binary, st.sampled_from("+-"), duration, duration),
        "text": leaf["text"]
        | _call("if", boolean, text, text)
        | _call("coalesce", text, text)
        | _call("max", text, text),
        "bool": leaf["bool"]
        | st.one_of(st.builds(lambda o, pair: Binary(o, *pair), compared, pairs) for pairs in alike)
        | st.builds(Binary, st.sampled_from(["=", "!="]), boolean, boolean)
        | st.builds(Binary, st.sampled_from(["and", "or"]), boolean, boolean)
        | st.builds(Unary, st.just("not"), boolean)
        | st.builds(In, number, st.lists(numbers | null, min_size=1, max_size=3).map(tuple), st.booleans())
        | st.builds(In, text, st.lists(texts | null, min_size=1, max_size=3).map(tuple), st.booleans())
        | st.builds(Between, number, number, number, st.booleans())
        | st.builds(Between, time, time, time, st.booleans())
        | st.builds(IsNull, st.one_of(number, text, time, boolean), st.booleans()),
    }


TREES = _tree(3)
trees = st.one_of(TREES.values())

_times = st.integers(-(10**12), 4 * 10**12).map(Fraction)
_ROW = {
    "speed": st.integers(-20_000, 20_000).map(lambda digits: Fraction(digits, 100)),
    "lanes": st.integers(-3, 12).map(Fraction),
    "road": st.sampled_from(WORDS),
    "twin": st.sampled_from(WORDS),
    "opened": _times,
    "closed": _times,
    "simulated": st.booleans(),
}
rows = st.lists(st.fixed_dictionaries({name: st.none() | kind for name, kind in _ROW.items()}), min_size=1, max_size=5)


def columns(table: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Rows as columns; a column without null has no mask."""
    return {name: _column(name, [row[name] for row in table]) for name in SCOPE}


def _column(name: str, cells: list[Any]) -> Column:
    known = np.array([cell is not None for cell in cells])
    valid = None if known.all() else known
    kind = SCOPE[name].kind
    if kind == "text":
        dictionary = sorted({cell for cell in cells if cell is not None}, reverse=name == "twin")
        codes = np.array([-1 if cell is None else dictionary.index(cell) for cell in cells], dtype=np.int32)
        return Column(codes, valid, dictionary=dictionary)
    if kind == "bool":
        return Column(np.array([cell is True for cell in cells], dtype=np.int8), valid)
    scale = SCALES.get(name)
    digits = [0 if cell is None else int(cell * 10 ** (scale or 0)) for cell in cells]
    return Column(np.array(digits, dtype=np.int64), valid, scale)
