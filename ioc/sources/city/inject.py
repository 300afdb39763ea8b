"""Injects: single rows that a script puts between those of a model, as if their source had sent them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ioc.sources.city.model import Model, in_order
from ioc.sources.city.script import Inject, Script, offset_ms
from ioc.sources.rows import Rows, joined
from metrics.codec import RawColumn, coded

OFFSET_TYPES, TEXT_TYPES = ("time",), ("text", "category", "point")


class InjectError(ValueError):
    """An inject does not fit its source; the message says how."""


class Injected:
    """A model with further rows. Nothing of the model changes."""

    def __init__(self, model: Model, script: Script, declaration: Mapping[str, Any]) -> None:
        """Raises InjectError."""
        self._model = model
        self.source, self.per_s = model.source, model.per_s
        mine = sorted((one for one in script.inject if one.into == model.source), key=lambda one: offset_ms(one.at))
        self._rows = [row(one, script, declaration) for one in mine]

    def opening(self, at_ms: int) -> Rows | None:
        """See Model."""
        return self._model.opening(at_ms)

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """See Model."""
        due = [row for row in self._rows if after_ms < row.newest_ms <= until_ms]
        own = self._model.rows(after_ms, until_ms)
        if not due:
            return own
        found = together([*([] if own is None else [own]), *due])
        return found.take(in_order(found.time))


def together(parts: Sequence[Rows]) -> Rows:
    """Rows one behind the other; what a part does not have is null, numbers have the finest scale of all."""
    kinds: dict[str, RawColumn] = {}
    for part in parts:
        for name, column in part.fields.items():
            if name not in kinds or column.scale > kinds[name].scale:
                kinds[name] = column
    return joined(
        [
            Rows(part.time, part.entity, {name: _like(part, name, kind) for name, kind in kinds.items()})
            for part in parts
        ]
    )


def _like(part: Rows, name: str, kind: RawColumn) -> RawColumn:
    column = part.fields.get(name)
    if column is None:
        if kind.kind == "coded":
            return RawColumn("coded", np.full(len(part), -1, np.int32), dictionary=[])
        none = np.zeros(len(part), np.bool_)
        return RawColumn(kind.kind, np.zeros(len(part), np.int64), none, kind.scale)
    if column.scale == kind.scale:
        return RawColumn(kind.kind, column.values, column.valid, kind.scale, column.dictionary)
    return RawColumn(kind.kind, column.values * 10 ** (kind.scale - column.scale), column.valid, kind.scale)


def row(inject: Inject, script: Script, declaration: Mapping[str, Any]) -> Rows:
    """The row of an inject, typed as its source declares. Raises InjectError."""
    fields = declaration["fields"]
    unknown = [name for name in inject.fields if name not in fields]
    if unknown:
        raise InjectError(f"{inject.into}/{inject.key}: the source has no field {unknown[0]}")
    columns = {name: _column(inject, name, script, fields[name]) for name in inject.fields}
    return Rows(np.array([script.at(inject.at)], np.int64), coded([inject.key]), columns)


def _column(inject: Inject, name: str, script: Script, declared: Mapping[str, Any]) -> RawColumn:
    value, kind = inject.fields[name], declared["type"]
    try:
        if kind in OFFSET_TYPES:
            return RawColumn("int", np.array([script.at(str(value))], np.int64))
        if kind in TEXT_TYPES:
            return coded([str(value)])
        if kind == "decimal":
            scale = int(declared["scale"])
            return RawColumn("fixed", np.array([round(float(value) * 10**scale)], np.int64), scale=scale)
        return RawColumn("int", np.array([int(value)], np.int64))
    except ValueError:
        raise InjectError(f"{inject.into}/{inject.key}: {name} = {value!r} is no {kind}") from None
