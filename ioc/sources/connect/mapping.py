"""Mapping: what another system calls things, as the fields of a source: a declaration turned into rows. Pure.

Values stay the texts that they were written as; the contract of the source reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]


class Unmapped(ValueError):
    """The content has not the form that the mapping expects; the text says where."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where a field comes from: one of `paths` (of the content, several are joined by a space), `topic` (a level of the
    topic, from 1) and `const`. Then, in this order: `format` (a time as strptime reads it, of Shanghai unless it has an
    offset), `map` (texts for other texts; what it does not name is kept), `times` (a factor)."""

    paths: tuple[str, ...] = ()
    topic: int = 0
    const: str | None = None
    format: str = ""
    map: Mapping[str, str] | None = None
    times: Decimal | None = None

    def value(self, content: Any, topic: Sequence[str]) -> Any:
        """The cell of one row; None where there is nothing."""
        if self.const is not None:
            return self.const
        if self.topic:
            found: Any = topic[self.topic - 1] if self.topic <= len(topic) else None
        elif len(self.paths) == 1:
            found = at(content, self.paths[0])
        else:
            parts = [at(content, path) for path in self.paths]
            found = " ".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None
        return self._changed(found) if isinstance(found, str | bool) else found

    def _changed(self, found: str | bool) -> str | bool:
        text: str | bool = found
        if self.format and isinstance(text, str):
            try:
                text = datetime.strptime(text.strip(), self.format).isoformat(timespec="milliseconds")  # noqa: DTZ007
            except ValueError:
                return text  # the contract will say that this is no time
        if self.map is not None:
            key = text if isinstance(text, str) else str(text).lower()
            text = self.map.get(key, text)
        if self.times is not None and isinstance(text, str):
            try:
                text = format(Decimal(text) * self.times, "f")
            except InvalidOperation:
                return text  # the contract will say that this is no number
        return text


@dataclass(frozen=True, slots=True)
class Shape:
    """Fields of the source and where they come from; none: the content is named as declared. `rows`: the path to a
    list in the content of which each member is a row; "": the content is a row, or a list of them."""

    fields: Mapping[str, Where]
    rows: str = ""

    def of(self, content: Any, topic: Sequence[str] = ()) -> list[Any]:
        """The rows of a content: maps of field to cell, or what is no row as it is. Raises Unmapped."""
        found = at(content, self.rows) if self.rows else content
        if self.rows and not isinstance(found, list):
            raise Unmapped(f"no list at '{self.rows}'")
        rows = found if isinstance(found, list) else [found]
        return [self.row(one, topic) for one in rows]

    def row(self, content: Any, topic: Sequence[str] = ()) -> Any:
        """One row."""
        if not self.fields:
            return content
        if not isinstance(content, dict):  # a bare number or text: fields may still come from the topic
            content = {"": content}
        return {name: where.value(content, topic) for name, where in self.fields.items()}


def at(content: Any, path: str) -> Any:
    """What lies at `a.b.0.c`, None if there is nothing. A name that holds dots itself comes first; "" is the content,
    where it is neither map nor list."""
    if isinstance(content, dict) and path in content:
        return content[path]
    for step in path.split("."):
        if isinstance(content, dict):
            content = content.get(step)
        elif isinstance(content, list) and step.isdecimal() and int(step) < len(content):
            content = content[int(step)]
        else:
            return None
    return content
