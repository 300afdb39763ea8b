"""Reading declarations: closed tables, and every fault of all of them as one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from metrics.formula import FormulaError, Node, Type, parse, problems
from metrics.formula_check import Side
from metrics.formula_now import Now
from metrics.formula_types import Kind, did_you_mean
from metrics.window import LOCAL, parse_duration


class DefinitionErrors(ValueError):
    """A bundle that cannot be used; `lines` has `FILE:ID.KEY:COLUMN: RULE: message` for each fault."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(slots=True)
class Faults:
    """The faults found so far."""

    lines: list[str] = field(default_factory=list)

    def add(self, place: str, rule: str, message: str, column: int = 0) -> None:
        """`place` is `FILE:ID.KEY`; `column` counts from 1, 0 where no expression is concerned."""
        line = f"{place}:{column}: {rule}: {message}"
        if line not in self.lines:
            self.lines.append(line)


class Table:
    """One table of a declaration: reads keys by type and notes what is wrong; a wrong key reads as its default."""

    def __init__(self, faults: Faults, file: str, name: str, raw: Any, keys: Iterable[str]) -> None:
        self.faults = faults
        self.file = file
        self.name = name
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        if not isinstance(raw, Mapping):
            self.fault("", "type", "a table is needed")
        known = set(keys)
        for key in self.raw:
            if key not in known:
                self.fault(key, "unknown-key", f"'{key}' is not a key here{did_you_mean(str(key), known)[0]}")

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def place(self, key: str) -> str:
        """`FILE:ID.KEY`."""
        return f"{self.file}:{'.'.join(part for part in (self.name, key) if part)}"

    def fault(self, key: str, rule: str, message: str, column: int = 0) -> None:
        self.faults.add(self.place(key), rule, message, column)

    def not_built(self, key: str, what: str) -> None:
        """A construct of the language that this engine does not run yet."""
        self.fault(key, "limit", f"not built yet: {what}")

    def table(self, key: str, keys: Iterable[str]) -> Table | None:
        if key not in self:
            return None
        return Table(self.faults, self.file, f"{self.name}.{key}" if self.name else key, self.raw[key], keys)

    def tables(self, key: str, keys: Iterable[str]) -> dict[str, Table]:
        """The tables below `key` by name."""
        raw = self.raw.get(key)
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            self.fault(key, "type", "a table of tables is needed")
            return {}
        known = tuple(keys)
        prefix = f"{self.name}.{key}" if self.name else key
        return {name: Table(self.faults, self.file, f"{prefix}.{name}", one, known) for name, one in raw.items()}

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.raw.get(key)
        if value is None:
            if required:
                self.fault(key, "missing-key", f"'{key}' is needed")
            return default
        if not isinstance(value, str) or not value:
            self.fault(key, "type", "a text is needed")
            return default
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str = "", *, required: bool = False) -> str:
        value = self.text(key, default, required=required)
        known = tuple(allowed)
        if value and value not in known:
            self.fault(key, "literal", f"'{value}' is none of {', '.join(known)}")
            return default
        return value

    def integer(self, key: str, default: int = 0, low: int = 0, high: int = 2**31) -> int:
        value = self.raw.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fault(key, "type", f"a whole number from {low} to {high} is needed")
            return default
        return value

    def number(self, key: str) -> float | None:
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
            self.fault(key, "type", "a number is needed")
            return None
        return value

    def flag(self, key: str) -> bool:
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, "type", "true or false is needed")
            return False
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
            self.fault(key, "type", "a list of texts is needed")
            return ()
        return tuple(value)

    def duration(self, key: str) -> int | None:
        """Whole milliseconds; `0s` is allowed."""
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, str) and value in ("0ms", "0s", "0m", "0h", "0d", "0w"):
            return 0
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fault(key, "literal", str(error))
            return None

    def instant(self, key: str) -> int | None:
        """ISO 8601 as ms UTC; without offset it is Asia/Shanghai."""
        value = self.raw.get(key)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault(key, "literal", f"{value!r} is not an ISO 8601 time")
            return None
        return int((at if at.tzinfo else at.replace(tzinfo=LOCAL)).timestamp() * 1000)

    def expression(
        self, key: str, scope: Mapping[str, Type], side: Side, want: Kind, *, owner: str = "", now: Now = "never"
    ) -> tuple[Node, Type] | None:
        """The checked expression under `key` and its type; None if the key is absent or wrong."""
        text = self.raw.get(key)
        if text is None:
            return None
        if not isinstance(text, str):
            self.fault(key, "type", "an expression is needed")
            return None
        try:
            node = parse(text)
        except FormulaError as error:
            self.fault(key, error.rule, error.message_en, error.column)
            return None
        found, errors = problems(node, scope, side, want=want, now=now, owner=owner)
        for one in errors:
            self.fault(key, one.rule, one.message_en, one.column)
        return None if errors or found is None else (node, found)
