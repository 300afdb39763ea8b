"""Wrong settings: which variable, which value, which rule; for people, without a secret in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import annotated_types
from pydantic import ValidationError
from pydantic.fields import FieldInfo

SECRETS = frozenset(
    {"redis_url", "database_url", "metrics_token", "second_factor_key"}
)  # whose values may hold a password
_KINDS = {
    "int_parsing": ("须为整数", "a whole number is needed"),
    "int_type": ("须为整数", "a whole number is needed"),
    "int_from_float": ("须为整数", "a whole number is needed"),
    "float_parsing": ("须为数", "a number is needed"),
    "float_type": ("须为数", "a number is needed"),
    "finite_number": ("须为有限的数", "a finite number is needed"),
    "bool_parsing": ("须为 true 或 false", "true or false is needed"),
}


class WrongSettings(ValueError):
    """Variables that break a rule. `lines`: one sentence each, `VARIABLE=VALUE: rule`, Chinese first."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))

    @staticmethod
    def of(error: ValidationError, prefix: str, fields: Mapping[str, FieldInfo]) -> WrongSettings:
        """From what pydantic found of settings with these fields."""
        lines = []
        for fault in error.errors():
            name = str(fault["loc"][0])
            shown = "（不显示 not shown）" if name in SECRETS else repr(fault["input"])
            lines.append(f"{prefix}{name.upper()}={shown}: {_rule(fault, fields[name])}")
        return WrongSettings(lines)


def _rule(fault: Mapping[str, Any], field: FieldInfo) -> str:
    kind, limits = str(fault["type"]), _limits(field)
    if kind in _KINDS:
        zh, en = _KINDS[kind]
        return f"{zh} {en}" + (f", {limits}" if limits else "")
    if kind == "literal_error":
        return f"可选 one of {fault['ctx']['expected']}"
    return limits if kind.startswith(("greater", "less")) else str(fault["msg"]).removeprefix("Value error, ")


def _limits(field: FieldInfo) -> str:
    """What its bounds say: `1 到 65535 1 to 65535`."""
    parts = []
    for bound in field.metadata:
        match bound:
            case annotated_types.Ge(limit):
                parts.append(f">= {limit}")
            case annotated_types.Gt(limit):
                parts.append(f"> {limit}")
            case annotated_types.Le(limit):
                parts.append(f"<= {limit}")
    return f"范围 range {' , '.join(parts)}".replace(" , ", ", ") if parts else ""
