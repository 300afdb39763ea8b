"""A registry: what is known of each entity, as columns; it turns entity codes into class, length, region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from metrics.column import Column
from metrics.formula_types import BOOL, MAX_SCALE, TEXT, Type
from metrics.observation import Dictionary

ENTITY = "id"
ASSUMED = "assumed"  # lists the keys of a row that are assumptions; no field of the entity


class RegistryError(ValueError):
    """A registry whose rows do not agree; `key` names the field."""

    def __init__(self, key: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Registry:
    """Rows by entity id, and the type of each field (a field that a row lacks is null there)."""

    name: str
    rows: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, Type]

    @staticmethod
    def of(name: str, rows: Iterable[Mapping[str, Any]]) -> Registry:
        """Raises RegistryError for a row without id, an id that stands twice, or a field of two types."""
        found: dict[str, Mapping[str, Any]] = {}
        values: dict[str, list[Any]] = {}
        for row in rows:
            entity = row.get(ENTITY)
            if not isinstance(entity, str) or not entity:
                raise RegistryError(ENTITY, "missing-key", "a row has no id")
            if entity in found:
                raise RegistryError(ENTITY, "duplicate", f"'{entity}' stands twice")
            found[entity] = row
            for key, value in row.items():
                if key not in (ENTITY, ASSUMED) and value is not None and not isinstance(value, list):
                    values.setdefault(key, []).append(value)
        types = {key: _type_of(key, column) for key, column in values.items()}
        return Registry(name, found, {ENTITY: TEXT, **types})

    def column(self, key: str, entities: Sequence[str], like: Type | None = None) -> Column:
        """The field of each entity, shape (entities,); null where the entity or its field is not known.

        `like` is the type the definitions were checked with, where this registry stands in for another.
        """
        kind = self.types.get(key) or like or TEXT
        cells = [self.rows.get(entity, {}).get(key) for entity in entities]
        valid = np.array([cell is not None for cell in cells], np.bool_)
        mask = None if valid.all() else valid
        if kind.kind == "bool":
            return Column(np.array([bool(cell) for cell in cells], np.bool_), mask)
        if kind.kind == "number":
            scale = kind.scale or 0
            fixed = [0 if cell is None else int(_decimal(cell).scaleb(scale)) for cell in cells]
            return Column(np.array(fixed, np.int64), mask, scale)
        dictionary = Dictionary()
        codes = [-1 if cell is None else dictionary.code(cell) for cell in cells]
        return Column(np.array(codes, np.int32), mask, None, dictionary)


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _type_of(key: str, values: list[Any]) -> Type:
    if all(isinstance(value, bool) for value in values):
        return BOOL
    if all(isinstance(value, str) for value in values):
        return Type("text", nullable=True)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        scale = max(0, *(-int(_decimal(value).normalize().as_tuple().exponent) for value in values))
        if scale > MAX_SCALE:
            raise RegistryError(key, "limit", f"more than {MAX_SCALE} decimals")
        return Type("number", scale, nullable=True)
    raise RegistryError(key, "type", "the rows mix texts, numbers or truth values")
