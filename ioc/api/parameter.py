"""A parameter of a request: declared once, read by it, and told by it in the document. Pure."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ioc.api.problem import Problem
from metrics.numeral import FINE
from metrics.timestamp import parse_times

Kind = Literal["text", "int", "number", "time"]
Where = Literal["query", "path", "header"]
Value: TypeAlias = str | int | float | Mapping[str, str] | None
_GROUPED = re.compile(r"(\w+)\[([^\[\]]{1,64})\]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `low` and `high` are inclusive bounds of numbers; `grouped`: asked as `NAME[KEY]=text`, several.

    Times are ISO 8601 (without offset Asia/Shanghai) or epoch milliseconds; they are read as milliseconds UTC.
    """

    name: str
    zh: str
    en: str
    kind: Kind = "text"
    where: Where = "query"
    required: bool = False
    default: str | int | None = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    longest: int = 256  # characters
    pattern: str = ""
    grouped: bool = False
    example: str = ""

    def read(self, text: str) -> str | int | float:
        """The value of a text. Raises Problem 400."""
        if len(text) > self.longest:
            raise self._wrong("length", f"至多 {self.longest} 个字符", f"at most {self.longest} characters")
        if self.kind == "text":
            if self.choices and text not in self.choices:
                there = ", ".join(self.choices)
                raise self._wrong("choice", f"可选：{there}", f"one of {there}")
            if self.pattern and not re.fullmatch(self.pattern, text):
                raise self._wrong("pattern", f"须符合 {self.pattern}", f"must match {self.pattern}")
            return text
        if self.kind == "time":
            times, state = parse_times([text.encode("utf-8", "replace")])
            if state.size and state[0] != FINE:
                raise self._wrong("time", "须为 ISO 8601 时间或毫秒数", "an ISO 8601 time or epoch milliseconds")
            return int(times[0])
        number = _number(text, whole=self.kind == "int")
        if number is None:
            raise self._wrong("number", "须为整数" if self.kind == "int" else "须为数值", f"must be a {self._noun()}")
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            bounds = f"{self.low:g} .. {self.high:g}" if self.low is not None and self.high is not None else ""
            raise self._wrong("range", f"范围 {bounds}", f"must lie in {bounds}")
        return number

    def schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        if self.grouped:
            return {"type": "object", "additionalProperties": {"type": "string", "maxLength": self.longest}}
        schema: dict[str, Any] = {"type": {"int": "integer", "number": "number"}.get(self.kind, "string")}
        if self.kind in {"int", "number"}:
            schema |= {} if self.low is None else {"minimum": self.low}
            schema |= {} if self.high is None else {"maximum": self.high}
        else:
            schema["maxLength"] = self.longest
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.pattern:
            schema["pattern"] = f"^(?:{self.pattern})$"
        if self.default is not None:
            schema["default"] = self.default
        return schema

    def _noun(self) -> str:
        return "whole number" if self.kind == "int" else "number"

    def _wrong(self, rule: str, zh: str, en: str) -> Problem:
        return Problem(400, "bad_parameter", f"{self.name}：{zh}。", f"{self.name}: {en}.", field=self.name, rule=rule)


def read_all(declared: Sequence[Parameter], given: Sequence[tuple[str, str]], where: Where) -> dict[str, Value]:
    """The values of all declared parameters of a place. Raises Problem 400 for what is unknown, doubled, wrong, absent.

    In headers, what is not declared is somebody else's and left alone; names there have no case.
    """
    mine = {one.name if where != "header" else one.name.lower(): one for one in declared if one.where == where}
    values: dict[str, Value] = {one.name: {} if one.grouped else one.default for one in mine.values()}
    seen: set[str] = set()
    for spelled, text in given:
        name = spelled.lower() if where == "header" else spelled
        grouped = _GROUPED.fullmatch(name)
        one = mine.get(grouped[1] if grouped else name)
        if one is None or one.grouped != bool(grouped):
            if where == "header":
                continue
            raise _unknown(name, [f"{each.name}[NAME]" if each.grouped else each.name for each in mine.values()])
        if name in seen:
            raise Problem(400, "bad_parameter", f"{name} 给了两次。", f"{name} is given twice.", field=name, rule="repeated")  # fmt: skip # noqa: E501
        seen.add(name)
        if grouped:
            group = values[one.name]
            assert isinstance(group, dict)  # noqa: S101 - made above
            group[grouped[2]] = str(one.read(text))
        else:
            values[one.name] = one.read(text)
    for one in mine.values():
        if one.required and values[one.name] is None:
            raise Problem(400, "bad_parameter", f"缺少 {one.name}。", f"{one.name} is missing.", field=one.name, rule="missing")  # fmt: skip # noqa: E501
    return values


def _unknown(name: str, there: list[str]) -> Problem:
    near = difflib.get_close_matches(name, there, n=1)
    known = ", ".join(there) or "-"
    zh, en = f"没有参数 {name[:64]}；可用：{known}", f"there is no parameter {name[:64]}; there are: {known}"
    if near:
        zh, en = f"{zh}；是否为 {near[0]}", f"{en}; did you mean {near[0]}"
    return Problem(400, "bad_parameter", f"{zh}。", f"{en}.", field=name[:64], rule="unknown-name")


def _number(text: str, *, whole: bool) -> float | int | None:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
