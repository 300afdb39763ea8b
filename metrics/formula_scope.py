"""The scope of an expression: fields, measures, regions, indicators and calendars that its names may mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from metrics.formula_signatures import ALWAYS, SIGNATURES, Signature
from metrics.formula_syntax import Call, FormulaError, Node, Rule, Text, start, text
from metrics.formula_types import KIND_ZH, NUMBER, Kind, Type, did_you_mean

Side = Literal["row", "value"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an expression may refer to besides the names of its scope.

    `calendars` besides 'always'. For formulas: the numbers that regions have (`attributes`, None: any name), the types
    of the indicators, which names of the scope are measures, and the functions of formulas that are allowed (None:
    all of them).
    """

    calendars: frozenset[str] = frozenset()
    attributes: frozenset[str] | None = frozenset()
    indicators: Mapping[str, Type] = field(default_factory=dict)
    measures: frozenset[str] = frozenset()
    functions: frozenset[str] | None = None


NOWHERE = Surroundings()


class Scope:
    """The names that an expression may use, and the errors found so far: by column, each with its rule, en and zh."""

    def __init__(self, scope: Mapping[str, Type], side: Side, owner: str, around: Surroundings) -> None:
        self._around = around
        self.errors: list[FormulaError] = []
        self._scope = scope
        self._side = side
        self._owner = owner

    def error(self, rule: Rule, column: int, en: str, zh: str) -> None:
        self.errors.append(FormulaError(rule, column, en, zh))

    def wrong_kind(self, node: Node, found: Type, *wanted: Kind) -> None:
        en = f"{text(node)} is a {found.kind}; a {' or '.join(wanted)} is needed"
        zh = f"{text(node)} 是{KIND_ZH[found.kind]},此处需要{'或'.join(KIND_ZH[kind] for kind in wanted)}"
        self.error("type", start(node), en, zh)

    def known(self, name: str, column: int) -> Type | None:
        found = self._scope.get(name)
        if found is not None:
            return found
        what_en = "a field" if self._side == "row" else "a measure or constant"
        what_zh = "字段" if self._side == "row" else "度量或常量"
        of_en, of_zh = (f" of {self._owner}", f"{self._owner} 的") if self._owner else ("", "")
        near_en, near_zh = did_you_mean(name, self._scope)
        self.error(
            "unknown-name",
            column,
            f"'{name}' is not {what_en}{of_en}{near_en}",
            f"'{name}' 不是{of_zh}{what_zh}{near_zh}",
        )
        return None

    def signature(self, node: Call) -> Signature | None:
        """What the function of a call takes and gives; None after an error: unknown, or not allowed here."""
        signature = SIGNATURES.get(node.function)
        allowed = self._side == "value" and (self._around.functions is None or node.function in self._around.functions)
        if signature is None or (signature.formula_only and not allowed):
            if signature is None:
                near_en, near_zh = did_you_mean(node.function, SIGNATURES)
                en, zh = f"there is no function '{node.function}'{near_en}", f"没有函数 '{node.function}'{near_zh}"
            elif self._side == "row":
                en, zh = f"'{node.function}' may be used in a formula only", f"'{node.function}' 只能用于 formula"
            else:
                en, zh = f"'{node.function}' may not be used here", f"此处不能使用 '{node.function}'"
            self.error("unknown-function", node.column, en, zh)
            return None
        return signature

    def reference(self, node: Call) -> Type | None:
        """The type of a column that the caller provides under the text of the call, `f('name')`."""
        name, around = text(node), self._around
        if name in self._scope:
            return self._scope[name]
        argument = node.arguments[0]
        id_ = argument.value if isinstance(argument, Text) else ""
        if node.function == "entered" or (node.function == "region" and around.attributes is None):
            return NUMBER
        if node.function == "indicator" and id_ in around.indicators:
            return around.indicators[id_]
        known = set(around.indicators) if node.function == "indicator" else set(around.attributes or ())
        if node.function == "region" and id_ in known:
            return NUMBER
        known |= {one[8:-2] for one in self._scope if one.startswith("region('") and node.function == "region"}
        what_en, what_zh = (
            ("an indicator", "指标") if node.function == "indicator" else ("a number of regions", "区域属性")
        )
        near_en, near_zh = did_you_mean(id_, known)
        self.error(
            "unknown-name", start(argument), f"'{id_}' is not {what_en}{near_en}", f"'{id_}' 不是{what_zh}{near_zh}"
        )
        return None

    def calendar(self, node: Node) -> None:
        """The name of a calendar as a text literal."""
        if not isinstance(node, Text):
            en, zh = f"{text(node)} must be the name of a calendar in quotes", f"{text(node)} 必须是加引号的日历名"
            self.error("literal", start(node), en, zh)
        elif node.value != ALWAYS and node.value not in self._around.calendars:
            near_en, near_zh = did_you_mean(node.value, {ALWAYS, *self._around.calendars})
            self.error(
                "unknown-name", node.column, f"'{node.value}' is not a calendar{near_en}",
                f"'{node.value}' 不是日历{near_zh}",
            )  # fmt: skip
