"""What a plan knows: conditions on it, what may be entered as evidence, and the texts that tell of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from ioc.domain.plan import Condition, Evidence, Step, Value

LONGEST: Final = 2_000  # characters of a text that is entered
NOT_KNOWN: Final = "—"
Why = Literal["missing", "unknown", "type", "range", "choice", "long"]


class EvidenceRefused(Exception):
    """What was entered is not what the step asks for: `field` and why."""

    def __init__(self, field: str, why: Why) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


def holds(tests: Iterable[Condition], level: int, facts: Mapping[str, Any], values: Mapping[str, Value]) -> bool:
    """Whether all of them hold. What is not known holds nothing, nor does a number against a text."""
    return all(_holds(test, level, facts, values) for test in tests)


def _holds(test: Condition, level: int, facts: Mapping[str, Any], values: Mapping[str, Value]) -> bool:
    found: Any = {"level": level, "fact": facts.get(test.name), "input": values.get(test.name)}[test.source]
    if found is None:
        return False
    match test.how:
        case "is":
            return bool(found == test.value and isinstance(found, bool) == isinstance(test.value, bool))
        case "not":
            return bool(found != test.value)
        case "has":
            return isinstance(found, str | list) and test.value in found
        case _:
            both = (found, test.value)
            if any(isinstance(each, bool) or not isinstance(each, int | float) for each in both):
                return False
            return bool(found >= test.value if test.how == "at_least" else found <= test.value)


def checked(step: Step, said: Mapping[str, Any]) -> dict[str, Value]:
    """The evidence of a step as it was entered, without what was left empty. Raises EvidenceRefused."""
    wanted = {each.name: each for each in step.typed}
    for name in said:
        if name not in wanted:
            raise EvidenceRefused(name, "unknown")
    found: dict[str, Value] = {}
    for each in wanted.values():
        value = said.get(each.name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if each.required:
                raise EvidenceRefused(each.name, "missing")
            continue
        found[each.name] = _number(each, value) if each.kind == "number" else _text(each, value)
    return found


def _number(of: Evidence, value: Any) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise EvidenceRefused(of.name, "type")
    if (of.least is not None and value < of.least) or (of.most is not None and value > of.most):
        raise EvidenceRefused(of.name, "range")
    return value


def _text(of: Evidence, value: Any) -> Value:
    if not isinstance(value, str) or not value.replace("\n", "").isprintable():
        raise EvidenceRefused(of.name, "type")
    if len(value) > LONGEST:
        raise EvidenceRefused(of.name, "long")
    if of.choices and value not in {choice for choice, _, _ in of.choices}:
        raise EvidenceRefused(of.name, "choice")
    return value.strip()


def told(text: str, values: Mapping[str, Any]) -> str:
    """A text with its names in braces replaced; what nobody entered is said to be unknown."""
    return text.format_map(_Known(values))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return NOT_KNOWN
