"""Reading declarations: closed tables, and every fault of all of them as one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Literal

from metrics.formula import FormulaError, Node, Surroundings, Type, parse, problems, warnings
from metrics.formula_now import Now
from metrics.formula_scope import NOWHERE, Side
from metrics.formula_syntax import Name, walk
from metrics.formula_types import Kind, did_you_mean
from metrics.window import LOCAL, parse_duration


class DefinitionErrors(ValueError):
    """Definitions that cannot be used.

    `lines` has `FILE:ID.KEY:COLUMN: RULE: message` for each fault, in English; `lines_zh` the same in Chinese.
    """

    def __init__(self, lines: Iterable[str], lines_zh: Iterable[str] = ()) -> None:
        self.lines = tuple(lines)
        self.lines_zh = tuple(lines_zh) or self.lines
        super().__init__("\n".join(self.lines))

    @property
    def both(self) -> tuple[str, ...]:
        """Each line in English, with the Chinese message behind it."""
        said = []
        for en, zh in zip(self.lines, self.lines_zh, strict=True):
            message = zh.split(": ", 2)[-1]
            said.append(en if en == zh else f"{en} ({message})")
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong or doubtful: `place` is `FILE:ID.KEY`, `column` counts from 1 (0: no expression concerned)."""

    place: str
    rule: str
    en: str
    column: int = 0
    zh: str = ""

    def line(self, lang: Literal["en", "zh"] = "en") -> str:
        """`FILE:ID.KEY:COLUMN: RULE: message`."""
        return f"{self.place}:{self.column}: {self.rule}: {(self.zh or self.en) if lang == 'zh' else self.en}"


@dataclass(slots=True)
class Faults:
    """The faults and the warnings found so far, each once."""

    found: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)

    def add(self, place: str, rule: str, message: str, column: int = 0, zh: str = "") -> None:
        """`place` is `FILE:ID.KEY`; `column` counts from 1, 0 where no expression is concerned."""
        fault = Fault(place, rule, message, column, zh)
        if fault not in self.found:
            self.found.append(fault)

    def warn(self, place: str, rule: str, message: str, column: int = 0, zh: str = "") -> None:
        """Something that is allowed and perhaps not meant."""
        doubt = Fault(place, rule, message, column, zh)
        if doubt not in self.doubts:
            self.doubts.append(doubt)

    @property
    def lines(self) -> list[str]:
        """All faults in English."""
        return [fault.line() for fault in self.found]

    def raise_if_any(self) -> None:
        """Raises DefinitionErrors with every fault."""
        if self.found:
            raise DefinitionErrors(self.lines, [fault.line("zh") for fault in self.found])


class Table:
    """One table of a declaration: reads keys by type and notes what is wrong; a wrong key reads as its default."""

    def __init__(self, faults: Faults, file: str, name: str, raw: Any, keys: Iterable[str]) -> None:
        self.faults = faults
        self.file = file
        self.name = name
        self.raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        if not isinstance(raw, Mapping):
            self.fault("", "type", "a table is needed", zh="此处需要一个表")
        known = set(keys)
        for key in self.raw:
            if key not in known:
                near_en, near_zh = did_you_mean(str(key), known)
                self.fault(key, "unknown-key", f"'{key}' is not a key here{near_en}", zh=f"此处没有键 '{key}'{near_zh}")

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def place(self, key: str) -> str:
        """`FILE:ID.KEY`."""
        return f"{self.file}:{'.'.join(part for part in (self.name, key) if part)}"

    def fault(self, key: str, rule: str, message: str, column: int = 0, *, zh: str = "") -> None:
        self.faults.add(self.place(key), rule, message, column, zh)

    def missing(self, key: str, why: str = "", why_zh: str = "") -> None:
        """A key that is needed and is not there."""
        self.fault(key, "missing-key", f"'{key}' is needed{why}", zh=f"缺少 '{key}'{why_zh}")

    def foreign(self, key: str, where: str, where_zh: str) -> None:
        """A key that does not belong to what this table declares."""
        self.fault(key, "unknown-key", f"'{key}' does not belong to {where}", zh=f"'{key}' 不属于{where_zh}")

    def unknown(self, key: str, name: str, what: str, what_zh: str, known: Iterable[str]) -> None:
        """A name that nothing has, outside of an expression."""
        near_en, near_zh = did_you_mean(name, known)
        self.fault(key, "unknown-name", f"'{name}' is not {what}{near_en}", zh=f"'{name}' 不是{what_zh}{near_zh}")

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
            self.fault(key, "type", "a table of tables is needed", zh="此处需要由表组成的表")
            return {}
        known = tuple(keys)
        prefix = f"{self.name}.{key}" if self.name else key
        return {name: Table(self.faults, self.file, f"{prefix}.{name}", one, known) for name, one in raw.items()}

    def text(self, key: str, default: str = "", *, required: bool = False) -> str:
        value = self.raw.get(key)
        if value is None:
            if required:
                self.missing(key)
            return default
        if not isinstance(value, str) or not value:
            self.fault(key, "type", "a text is needed", zh="此处需要文本")
            return default
        return value

    def choice(self, key: str, allowed: Iterable[str], default: str = "", *, required: bool = False) -> str:
        value = self.text(key, default, required=required)
        known = tuple(allowed)
        if value and value not in known:
            near_en, near_zh = did_you_mean(value, known)
            words = ", ".join(known)
            self.fault(
                key, "literal", f"'{value}' is none of {words}{near_en}", zh=f"'{value}' 不在 {words} 之中{near_zh}"
            )
            return default
        return value

    def integer(self, key: str, default: int = 0, low: int = 0, high: int = 2**31) -> int:
        value = self.raw.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fault(
                key, "type", f"a whole number from {low} to {high} is needed", zh=f"此处需要 {low} 到 {high} 的整数"
            )
            return default
        return value

    def number(self, key: str) -> float | None:
        value = self.raw.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
            self.fault(key, "type", "a number is needed", zh="此处需要数字")
            return None
        return value

    def flag(self, key: str) -> bool:
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, "type", "true or false is needed", zh="此处需要 true 或 false")
            return False
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
            self.fault(key, "type", "a list of texts is needed", zh="此处需要文本列表")
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
            self.fault(key, "literal", str(error), zh=f"{value!r} 不是时长，例如 30s、5m、2h、1d")
            return None

    def instant(self, key: str) -> int | None:
        """ISO 8601 as ms UTC; without offset it is Asia/Shanghai."""
        value = self.raw.get(key)
        if value is None:
            return None
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault(key, "literal", f"{value!r} is not an ISO 8601 time", zh=f"{value!r} 不是 ISO 8601 时间")
            return None
        return int((at if at.tzinfo else at.replace(tzinfo=LOCAL)).timestamp() * 1000)

    def expression(
        self,
        key: str,
        scope: Mapping[str, Type],
        side: Side,
        want: Kind | None,
        *,
        owner: str = "",
        now: Now = "never",
        around: Surroundings = NOWHERE,
        counted: bool = False,
    ) -> tuple[Node, Type] | None:
        """The checked expression under `key` and its type; None if the key is absent or wrong.

        `counted`: the value is filtered by or counted only, so that personal fields may be used.
        """
        found = self.raw.get(key)
        return None if found is None else self.checked(
            key, found, scope, side, want, owner=owner, now=now, around=around, counted=counted
        )  # fmt: skip

    def checked(
        self,
        key: str,
        written: Any,
        scope: Mapping[str, Type],
        side: Side,
        want: Kind | None,
        *,
        owner: str = "",
        now: Now = "never",
        around: Surroundings = NOWHERE,
        counted: bool = False,
    ) -> tuple[Node, Type] | None:
        """As `expression`, of a text that stands under `key`."""
        if not isinstance(written, str):
            self.fault(key, "type", "an expression is needed", zh="此处需要表达式")
            return None
        try:
            node = parse(written)
        except FormulaError as error:
            self.fault(key, error.rule, error.message_en, error.column, zh=error.message_zh)
            return None
        found, errors = problems(node, scope, side, want=want, now=now, owner=owner, around=around)
        for name in () if counted else walk(node):
            if isinstance(name, Name) and name.id in scope and scope[name.id].personal:
                en, zh = personal(name.id)
                errors.append(FormulaError("personal", name.column, en, zh))
        for one in sorted(errors, key=lambda error: error.column):
            self.fault(key, one.rule, one.message_en, one.column, zh=one.message_zh)
        for doubt in warnings(node, scope):
            self.faults.warn(self.place(key), doubt.rule, doubt.message_en, doubt.column, doubt.message_zh)
        return None if errors or found is None else (node, found)


def personal(name: str) -> tuple[str, str]:
    """What is said of a personal field where it would be shown."""
    return f"'{name}' is personal: it may only be filtered by and counted", f"'{name}' 是个人信息：只可筛选和计数"
