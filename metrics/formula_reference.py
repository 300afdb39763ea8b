"""References in a formula: what `previous(n)` or `indicator('G6')` asks its caller for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from metrics.formula_parser import parse
from metrics.formula_syntax import REFERENCES, Call, Name, Node, Text, walk

MAX_REFERENCES = 64  # to indicators, in one formula


@dataclass(frozen=True, slots=True)
class Reference:
    """`function` of a `target` named `id`; `shift` belongs to same_time ("1d", "1w", "1mo" or "1y").

    `region` and `entered` name an attribute and an entered value: there function and target are the same word.
    """

    function: Literal["region", "entered", "indicator", "previous", "same_time", "zscore", "rank"]
    target: Literal["measure", "indicator", "region", "entered"]
    id: str
    shift: str = ""


@lru_cache(maxsize=4096)
def reference(name: str) -> Reference:
    """What a name of `formula.names` that is a call refers to. Raises ValueError if it is no reference."""
    node = parse(name)
    if not isinstance(node, Call) or node.function not in REFERENCES or not node.arguments:
        raise ValueError(f"{name!r} is no reference")
    first = node.arguments[0]
    shift = node.arguments[1].value if len(node.arguments) > 1 and isinstance(node.arguments[1], Text) else ""
    if isinstance(first, Text):
        return Reference(node.function, node.function, first.value, shift)  # type: ignore[arg-type]
    if isinstance(first, Name):
        return Reference(node.function, "measure", first.id, shift)  # type: ignore[arg-type]
    if isinstance(first, Call) and first.function == "indicator" and isinstance(first.arguments[0], Text):
        return Reference(node.function, "indicator", first.arguments[0].value, shift)  # type: ignore[arg-type]
    raise ValueError(f"{name!r} is no reference")


def indicator_calls(node: Node) -> list[tuple[str, int]]:
    """Each `indicator('X')` in the order of the text, also inside of other references: X and the column of its text."""
    calls = [part for part in walk(node) if isinstance(part, Call) and part.function == "indicator"]
    texts = [call.arguments[0] for call in calls if call.arguments]
    return sorted(((one.value, one.column) for one in texts if isinstance(one, Text)), key=lambda call: call[1])
