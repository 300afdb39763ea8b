"""The parser: text of at most 2,000 characters to a syntax tree, or a FormulaError and nothing else."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from metrics.formula_syntax import (
    COMPARISONS,
    PRECEDENCE,
    UNIT_MS,
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
)

MAX_CHARACTERS = 2_000
MAX_NODES = 1_000
MAX_DEPTH = 64
MAX_CHAIN = 200  # levels of the tree, in which `a + b + c` has three: bounds the recursion of everything that walks it
MAX_DURATION_MS = 2**53  # 285,000 years: sums with any time stay far inside int64

_KEYWORDS = frozenset({"and", "or", "not", "in", "between", "is", "null", "true", "false"})
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[A-Za-z_][A-Za-z0-9_]*)?"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<sign><=|>=|!=|[=<>+\-*/(),])"
)


class _Token(NamedTuple):
    kind: str  # number, duration, name, keyword, text, sign, end
    text: str
    column: int


def parse(source: str) -> Node:
    """The syntax tree of an expression. Raises FormulaError (rules `syntax`, `limit`, `literal`)."""
    if len(source) > MAX_CHARACTERS:
        raise FormulaError(
            "limit",
            MAX_CHARACTERS + 1,
            f"{len(source)} characters; at most {MAX_CHARACTERS:,} are allowed",
            f"共 {len(source)} 个字符,最多允许 {MAX_CHARACTERS} 个",
        )
    parser = _Parser(_tokens(source))
    node = parser.expression(0)
    if parser.token.kind != "end":
        parser.unexpected()
    _limit_depth(node)
    return node


def _tokens(source: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        column = position + 1
        if found is None:
            if source[position] == "'":
                raise FormulaError("syntax", column, "this text has no closing quote", "文本缺少右引号")
            character = source[position]
            raise FormulaError("syntax", column, f"unexpected character {character!r}", f"不认识的字符 {character!r}")
        position = found.end()
        kind = found.lastgroup or ""
        if kind == "unit":
            unit = found["unit"]
            if unit not in UNIT_MS or "." in found["number"]:
                word = found.group()
                raise FormulaError(
                    "syntax",
                    column,
                    f"{word!r} is neither a number nor a duration; durations are whole, in {', '.join(UNIT_MS)}",
                    f"{word!r} 既不是数字也不是时长;时长须为整数,单位为 {'、'.join(UNIT_MS)}",
                )
            tokens.append(_Token("duration", found.group(), column))
        elif kind == "name":
            tokens.append(_Token("keyword" if found.group() in _KEYWORDS else "name", found.group(), column))
        elif kind != "space":
            tokens.append(_Token(kind, found.group(), column))
    tokens.append(_Token("end", "", len(source) + 1))
    return tokens


def _limit_depth(root: Node) -> None:
    """A chain of operators that bind equally, such as `a + b - c`, is one level of depth."""
    waiting = [(root, 1, 1)]
    while waiting:
        node, depth, level = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(node.column)
        if level > MAX_CHAIN:
            en, zh = f"more than {MAX_CHAIN} operators in a chain", f"连续运算超过 {MAX_CHAIN} 个"
            columns = _operators(root)
            raise FormulaError("limit", columns[MAX_CHAIN - 1] if len(columns) >= MAX_CHAIN else node.column, en, zh)
        for child in children(node):
            chained = isinstance(node, Binary) and isinstance(child, Binary) and child is node.left
            same = chained and PRECEDENCE[child.operator] == PRECEDENCE[node.operator]  # type: ignore[union-attr]
            waiting.append((child, depth if same else depth + 1, level + 1))


def _operators(node: Node) -> list[int]:
    """The columns of the operators along the left side, in the order of the text."""
    found = []
    while isinstance(node, Binary):
        found.append(node.column)
        node = node.left
    return found[::-1]


def _too_deep(column: int) -> FormulaError:
    return FormulaError("limit", column, f"nested deeper than {MAX_DEPTH}", f"嵌套超过 {MAX_DEPTH} 层")


class _Parser:
    """Precedence climbing over the tokens of one text."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nodes = 0
        self._nesting = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._next]

    def _is(self, word: str) -> bool:
        return self.token.text == word and self.token.kind in ("sign", "keyword")

    def _take(self, word: str) -> bool:
        if not self._is(word):
            return False
        self._next += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            self.unexpected(word)

    def unexpected(self, wanted: str = "") -> NoReturn:
        token = self.token
        if token.kind == "end":
            en, zh = "the text ends too early", "表达式不完整"
        else:
            en, zh = f"unexpected {token.text!r}", f"此处不应出现 {token.text!r}"
        if wanted:
            en, zh = f"{en}; expected {wanted!r}", f"{zh},应为 {wanted!r}"
        raise FormulaError("syntax", token.column, en, zh)

    def _count(self, column: int) -> int:
        """One more node at `column`."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise FormulaError("limit", column, f"more than {MAX_NODES:,} nodes", f"超过 {MAX_NODES} 个节点")
        return column

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _too_deep(self.token.column)

    def expression(self, least: int) -> Node:
        """An expression whose outermost operator binds at least as tightly as `least`."""
        begins_with_not = self._is("not")
        left = self._prefix(least)
        # Comparisons do not chain, and a `not` is no operand: after either, only looser operators may follow.
        ceiling = PRECEDENCE["="] if begins_with_not else 99
        while True:
            token = self.token
            if token.kind not in ("sign", "keyword"):
                return left
            own = PRECEDENCE.get(token.text, PRECEDENCE["="] if token.text in ("not", "in", "between", "is") else -1)
            if own < least or own >= ceiling:
                return left
            self._next += 1
            column = self._count(token.column)
            if own == PRECEDENCE["="]:
                ceiling = own
                left = self._comparison(token, left, column)
            else:
                left = Binary(token.text, left, self.expression(own + 1), column=column)

    def _comparison(self, token: _Token, left: Node, column: int) -> Node:
        if token.text in COMPARISONS:
            return Binary(token.text, left, self.expression(PRECEDENCE["+"]), column=column)
        if token.text == "is":
            negated = self._take("not")
            self._expect("null")
            return IsNull(left, negated, column=column)
        negated = token.text == "not"
        word = self.token.text if negated else token.text
        if negated:
            if word not in ("in", "between"):
                self.unexpected("in")
            self._next += 1
        if word == "between":
            low = self.expression(PRECEDENCE["+"])
            self._expect("and")
            return Between(left, low, self.expression(PRECEDENCE["+"]), negated, column=column)
        self._expect("(")
        literals = [self._listed()]
        while self._take(","):
            literals.append(self._listed())
        self._expect(")")
        return In(left, tuple(literals), negated, column=column)

    def _listed(self) -> Literal_:
        column = self.token.column
        negative = self._take("-")
        literal = self._literal()
        if literal is None or (negative and not isinstance(literal, Number)):
            if negative and literal is not None:
                self._next -= 1
            self.unexpected()
        return (
            Number(-literal.digits, literal.scale, column=column)
            if isinstance(literal, Number) and negative
            else literal
        )

    def _prefix(self, least: int) -> Node:
        token = self.token
        if self._is("not") and least <= PRECEDENCE["="] - 1:
            operand_least = PRECEDENCE["="] - 1
        elif self._is("-"):
            operand_least = PRECEDENCE["*"] + 1
        else:
            return self._atom()
        self._enter()
        self._next += 1
        column = self._count(token.column)
        operand = self.expression(operand_least) if token.text == "not" else self._prefix(operand_least)
        self._nesting -= 1
        return Unary(token.text, operand, column=column)

    def _atom(self) -> Node:
        literal = self._literal()
        if literal is not None:
            return literal
        token = self.token
        if token.kind == "name":
            self._next += 1
            column = self._count(token.column)
            if not self._is("("):
                return Name(token.text, column=column)
            return Call(token.text, self._arguments(), column=column)
        if not self._is("("):
            self.unexpected()
        self._enter()
        self._next += 1
        inner = self.expression(0)
        self._expect(")")
        self._nesting -= 1
        return inner

    def _arguments(self) -> tuple[Node, ...]:
        self._enter()
        self._next += 1
        arguments: list[Node] = []
        if not self._is(")"):
            arguments.append(self.expression(0))
            while self._take(","):
                arguments.append(self.expression(0))
        self._expect(")")
        self._nesting -= 1
        return tuple(arguments)

    def _literal(self) -> Literal_ | None:
        token = self.token
        column = token.column
        literal: Literal_
        if token.kind == "number":
            whole, _, part = token.text.partition(".")
            literal = Number(int(whole + part), len(part), column=column)
        elif token.kind == "duration":
            digits = token.text.rstrip("abcdefghijklmnopqrstuvwxyz")
            literal = Duration(int(digits), token.text[len(digits) :], column=column)
            if literal.ms > MAX_DURATION_MS:
                raise FormulaError("literal", column, f"{token.text} is too long", f"时长 {token.text} 过长")
        elif token.kind == "text":
            literal = Text(token.text[1:-1].replace("''", "'"), column=column)
        elif token.kind == "keyword" and token.text in ("true", "false"):
            literal = Bool(token.text == "true", column=column)
        elif token.kind == "keyword" and token.text == "null":
            literal = Null(column=column)
        else:
            return None
        self._next += 1
        self._count(column)
        return literal
