"""Steps of a query: expressions get names, and each layer of a nested select may use the names of the layers below."""

from __future__ import annotations

import re
from typing import Final

from metrics.sql_number import Term

_SIMPLE: Final = re.compile(r'"?\w+"?(::\w+)?')
_NAME: Final = re.compile(r"_x[0-9]+")


def quoted(name: str) -> str:
    """A name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as SQL literal."""
    return "'" + text.replace("'", "''") + "'"


class Steps:
    """Names for what an expression needs more than once.

    SQL text would otherwise double with every level that mentions its operand twice.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._layers: list[list[str]] = []
        self._depth: dict[str, int] = {}

    def name(self, sql: str) -> str:
        """A short text with the value of `sql`: itself, or the name of a column of a lower layer."""
        if _SIMPLE.fullmatch(sql):
            return sql
        if sql not in self._names:
            depth = max((self._depth.get(used, 0) for used in _NAME.findall(sql)), default=0)
            name = f"_x{len(self._names) + 1}"
            if depth == len(self._layers):
                self._layers.append([])
            self._layers[depth].append(f"{sql} AS {name}")
            self._names[sql], self._depth[name] = name, depth + 1
        return self._names[sql]

    def bind(self, term: Term) -> Term:
        """A whole number under a name."""
        return term if term.fixed else Term(self.name(term.sql), term.low, term.high)

    def over(self, relation: str) -> str:
        """A relation with all named columns; `relation` is a table name or a select in brackets."""
        for layer in self._layers:
            relation = f"(SELECT *, {', '.join(layer)} FROM {relation})"  # noqa: S608  # of checked trees
        return relation
