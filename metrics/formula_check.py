"""The checker: names, types, units, arity and literals of a formula, before it ever runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from metrics import formula_units as units
from metrics.formula_now import Now, stray_nows
from metrics.formula_reference import MAX_REFERENCES
from metrics.formula_scope import NOWHERE, Scope, Side, Surroundings
from metrics.formula_syntax import (
    COMPARISONS,
    Between,
    Binary,
    Bool,
    Call,
    Duration,
    FormulaError,
    In,
    IsNull,
    Literal_,
    Name,
    Node,
    Null,
    Number,
    Text,
    Unary,
    children,
    start,
    text,
    walk,
)
from metrics.formula_types import (
    BOOL,
    DURATION,
    KIND_ZH,
    MAX_SCALE,
    MIXED,
    NULL,
    TEXT,
    Kind,
    Type,
    did_you_mean,
)


def check(
    node: Node,
    scope: Mapping[str, Type],
    side: Side,
    *,
    want: Kind | None = None,
    now: Now = "free",
    owner: str = "",
    around: Surroundings = NOWHERE,
) -> Type:
    """The type of an expression. Raises the first FormulaError; `problems` gives all of them.

    `scope` maps the names of `formula.names` to types. `side` is `row` for expressions over the rows of a source
    (`where`, `field`, `at`, `having`, `each`), `value` for formulas. `want` is the kind that the place needs. `now`
    tells how now() may be used: never (`at`), only in comparisons whose flip can be computed (`where`), or free.
    `owner` is the source that error messages name, `around` what else there is to refer to.
    """
    found, errors = problems(node, scope, side, want=want, now=now, owner=owner, around=around)
    if errors or found is None:
        raise errors[0]
    return found


def problems(
    node: Node,
    scope: Mapping[str, Type],
    side: Side,
    *,
    want: Kind | None = None,
    now: Now = "free",
    owner: str = "",
    around: Surroundings = NOWHERE,
) -> tuple[Type | None, list[FormulaError]]:
    """The type (None if it cannot be told) and every error, by column. Arguments as in `check`."""
    checker = _Checker(scope, side, owner, around)
    found = checker.type_of(node)
    if want is not None and found is not None and found.kind not in (want, "null"):
        checker.wrong_kind(node, found, want)
    errors = checker.errors + ([] if now == "free" else stray_nows(node, now)) + _too_many(node)
    return found, sorted(errors, key=lambda error: error.column)


def warnings(node: Node, scope: Mapping[str, Type]) -> list[FormulaError]:
    """Comparisons that silently drop null: `!=`, `not in` and `not between` on a field that may be null."""
    found: list[FormulaError] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        waiting.extend(children(part))
        negative = (isinstance(part, Binary) and part.operator == "!=") or (
            isinstance(part, In | Between) and part.negated
        )
        fields = [child for child in children(part) if isinstance(child, Name)] if negative else []
        for name in fields:
            if name.id in scope and scope[name.id].nullable:
                en = f"rows whose {name.id} is null are dropped"
                found.append(FormulaError("type", name.column, en, f"{name.id} 为空的行会被舍去"))
    return sorted(found, key=lambda error: error.column)


def _too_many(node: Node) -> list[FormulaError]:
    """The first reference to an indicator beyond the limit."""
    columns = sorted(part.column for part in walk(node) if isinstance(part, Call) and part.function == "indicator")
    if len(columns) <= MAX_REFERENCES:
        return []
    en, zh = f"more than {MAX_REFERENCES} references to indicators", f"引用指标超过 {MAX_REFERENCES} 处"
    return [FormulaError("limit", columns[MAX_REFERENCES], en, zh)]


class _Checker(Scope):
    """Types of expressions; what is wrong with them gathers in `errors`."""

    def type_of(self, node: Node) -> Type | None:
        """The type, or None after an error was noted (so that one mistake is told once)."""
        match node:
            case Number():
                return Type("number", scale=node.scale if node.scale <= MAX_SCALE else None)
            case Duration():
                return DURATION
            case Text():
                return TEXT
            case Bool():
                return BOOL
            case Null():
                return NULL
            case Name():
                return self.known(node.id, node.column)
            case Unary(operator="not"):
                self.expect(node.operand, "bool")
                return BOOL
            case Unary():
                return self.expect(node.operand, "number", "duration")
            case Binary(operator="and" | "or"):
                self.expect(node.left, "bool")
                self.expect(node.right, "bool")
                return BOOL
            case Binary() if node.operator in COMPARISONS:
                self._compare(node)
                return BOOL
            case Binary():
                return self._arithmetic(node)
            case In():
                self.member(node.operand, node.literals)
                return BOOL
            case Between():
                self.ordered((node.operand, node.low, node.high))
                return BOOL
            case IsNull():
                self.type_of(node.operand)
                return BOOL
            case Call():
                return self._call(node)

    def expect(self, node: Node, *kinds: Kind) -> Type | None:
        """The type of a part that must be one of `kinds`."""
        found = self.type_of(node)
        if found is None or found.kind == "null" or found.kind in kinds:
            return found
        self.wrong_kind(node, found, *kinds)
        return None

    def alike(self, nodes: Iterable[Node]) -> Type | None:
        """The one type and unit that all parts share; plain numbers and null fit anything."""
        joined: Type | None = NULL
        unit_known = True
        for node in nodes:
            found = self.type_of(node)
            if found is None or joined is None:
                joined, unit_known = None, False
                continue
            if found.kind == "null":
                continue
            if joined.kind == "null":
                joined = replace(found, values=None)
                continue
            if found.kind != joined.kind:
                self.wrong_kind(node, found, joined.kind)
                joined, unit_known = None, False
                continue
            if found.kind == "number":
                if unit_known and self._other_unit(node, found, joined):
                    unit_known = False
                scale = None if joined.scale is None or found.scale is None else max(joined.scale, found.scale)
                joined = replace(joined, scale=scale, unit=joined.unit or found.unit)
        return joined

    def _other_unit(self, node: Node, found: Type, wanted: Type) -> bool:
        """Whether two numbers have different units, which is an error at `node`; a plain number fits anything."""
        if found.unit is None or wanted.unit is None or units.same(found.unit, wanted.unit):
            return False
        en = f"{text(node)} is in {found.unit}, the other side in {wanted.unit}"
        self.error("unit", start(node), en, f"{text(node)} 的单位是 {found.unit},另一侧是 {wanted.unit}")
        return True

    def _compare(self, node: Binary) -> None:
        parts = (node.left, node.right)
        if node.operator in ("=", "!="):
            one, other = (self.type_of(part) for part in parts)
            self._known_values(one, (node.right,))
            self._known_values(other, (node.left,))
            self._equal(parts, one, other)
        else:
            self.ordered(parts)

    def _equal(self, parts: Sequence[Node], one: Type | None, other: Type | None) -> None:
        if one is None or other is None:
            return
        for part, found in zip(parts, (one, other), strict=True):
            if found.kind in ("point", "intervals"):
                self.wrong_kind(part, found, "number", "text", "time")
                return
        if "null" in (one.kind, other.kind):
            return
        if one.kind != other.kind:
            self.wrong_kind(parts[1], other, one.kind)
        else:
            self._other_unit(parts[1], other, one)

    def ordered(self, parts: Sequence[Node]) -> Type | None:
        found = self.alike(parts)
        if found is not None and found.kind in ("bool", "point", "intervals"):
            self.wrong_kind(parts[0], found, "number", "time", "duration", "text")
            return None
        return found

    def member(self, operand: Node, literals: Sequence[Literal_]) -> Type | None:
        """An operand compared for equality with literals; its type."""
        found = self.type_of(operand)
        if found is None:
            return None
        if found.kind in ("point", "intervals"):
            self.wrong_kind(operand, found, "number", "text", "time")
            return None
        self._known_values(found, literals)
        for literal in literals:
            other = self.type_of(literal)
            if other is not None and other.kind not in ("null", found.kind) and found.kind != "null":
                self.wrong_kind(literal, other, found.kind)
        return found

    def _known_values(self, found: Type | None, others: Iterable[Node]) -> None:
        if found is None or found.values is None:
            return
        for other in others:
            if isinstance(other, Text) and other.value not in found.values:
                near_en, near_zh = did_you_mean(other.value, found.values)
                en, zh = f"'{other.value}' never occurs{near_en}", f"不会出现 '{other.value}'{near_zh}"
                self.error("literal", other.column, en, zh)

    def _arithmetic(self, node: Binary) -> Type | None:
        if node.operator in "+-":
            wanted: tuple[Kind, ...] = ("number", "time", "duration")
        else:
            wanted = ("number", "duration")
        left, right = self.expect(node.left, *wanted), self.expect(node.right, *wanted)
        if left is None or right is None:
            return None
        if "null" in (left.kind, right.kind):
            return right if left.kind == "null" else left
        if left.kind == right.kind == "number":
            return self._numbers(node, left, right)
        result = MIXED.get((left.kind, node.operator, right.kind))
        if result is None:
            en = f"{left.kind} {node.operator} {right.kind} has no meaning"
            zh = f"{KIND_ZH[left.kind]} {node.operator} {KIND_ZH[right.kind]} 没有意义"
            self.error("type", node.column, en, zh)
        return result

    def _numbers(self, node: Binary, left: Type, right: Type) -> Type:
        scale: int | None = None
        if node.operator in "+-":
            unit = left.unit or right.unit
            self._other_unit(node.right, right, left)
            if left.scale is not None and right.scale is not None:
                scale = max(left.scale, right.scale)
        elif node.operator == "*":
            unit = units.product(left.unit, right.unit)
            if left.scale is not None and right.scale is not None and left.scale + right.scale <= MAX_SCALE:
                scale = left.scale + right.scale
        else:
            unit = units.quotient(left.unit, right.unit)
        return Type("number", scale=scale, unit=unit)

    def _call(self, node: Call) -> Type | None:
        signature = self.signature(node)
        if signature is None:
            return None
        if not signature.takes(len(node.arguments)):
            en = f"{node.function} is used as {signature.usage}, not with {len(node.arguments)} arguments"
            zh = f"{node.function} 的用法是 {signature.usage},现有 {len(node.arguments)} 个参数"
            self.error("arity", node.column, en, zh)
            return None
        return signature.result(self, node)

    def earlier(self, node: Node) -> Type | None:
        """The type of a measure or `indicator('..')`, the only things that have earlier values."""
        if isinstance(node, Name):
            found = self.known(node.id, node.column)
            if found is None or node.id in self._around.measures:
                return found
        elif isinstance(node, Call) and node.function == "indicator":
            return self.type_of(node)
        else:
            self.type_of(node)
        en = f"{text(node)} is neither a measure nor indicator('..')"
        self.error("type", start(node), en, f"{text(node)} 既不是度量也不是 indicator('..')")
        return None
