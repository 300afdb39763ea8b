"""Keys: the combinations of row columns that state is kept for, as dense codes that only expiry renumbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.measure import ENTITY
from metrics.observation import Dictionary
from metrics.plan import Key
from metrics.registry import Registry
from metrics.source import Source

Codes = NDArray[np.int32]
NULL_CODE = 0  # in the texts of a field, which begin with the empty text: a null is a group of its own, printed empty


class Keys:
    """The keys of one combination of columns, each a tuple of codes; `()` has the one key 0.

    The keys of `("entity",)` are the codes of the entities themselves.
    """

    def __init__(self, columns: Key, entities: Dictionary, texts: dict[str, Dictionary]) -> None:
        self.columns = columns
        self._entities = entities
        self._texts = texts
        self.rows: list[tuple[int, ...]] = []
        self._index: dict[tuple[int, ...], int] = {}

    def __len__(self) -> int:
        if not self.columns:
            return 1
        return len(self._entities) if self.columns == (ENTITY,) else len(self.rows)

    def append(self, row: tuple[int, ...]) -> int:
        """The code of a combination, a new one if it was never seen."""
        code = self._index.get(row)
        if code is None:
            code = self._index[row] = len(self.rows)
            self.rows.append(row)
        return code

    def codes(self, parts: Sequence[Codes], rows: int) -> Codes:
        """The key of each row from its code in each column."""
        if not parts:
            return np.zeros(rows, np.int32)
        if self.columns == (ENTITY,):
            return parts[0]
        if not rows:
            return np.empty(0, np.int32)
        joined = parts[0].astype(np.int64)
        for part in parts[1:]:
            joined = joined * (int(part.max()) + 1) + part
        _, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
        known = [self.append(tuple(int(part[at]) for part in parts)) for at in first]
        return np.array(known, np.int32)[inverse]

    def keep(self, kept: NDArray[np.int64], parts: Sequence[NDArray[np.int32]]) -> None:
        """Leave out all keys but these (ascending); `parts`: the new codes of each column, by old code."""
        if self.columns == (ENTITY,):
            return
        table = self.table()[kept]
        self.rows[:] = map(tuple, np.stack([new[table[:, at]] for at, new in enumerate(parts)], 1).tolist())
        self._index = {row: code for code, row in enumerate(self.rows)}

    def table(self) -> NDArray[np.int64]:
        """The keys that have rows, shape (keys, columns)."""
        return np.array(self.rows, np.int64).reshape(-1, len(self.columns))

    def part(self, column: str, since: int = 0) -> Codes:
        """The code in one column of each key from `since` on."""
        if self.columns == (ENTITY,):
            return np.arange(since, len(self), dtype=np.int32)
        at = self.columns.index(column)
        return np.array([row[at] for row in self.rows[since:]], np.int32)

    def dictionary(self, column: str) -> Dictionary:
        """What the codes of a column mean."""
        return self._entities if column == ENTITY else self._texts[column]


class Entities:
    """The entities of a source by code, and what its registry says of each."""

    def __init__(self, source: Source, registry: Registry | None) -> None:
        self.dictionary = Dictionary()
        self._registry = registry
        self._ids = list(registry.rows) if registry else []
        self._place = {entity: at for at, entity in enumerate(self._ids)}
        # Where each entity stands in the registry; the unknown ones at the row behind the last one, which is null.
        self._rows = np.empty(0, np.int32)
        self._source = source
        self._columns: dict[str, Column] = {}
        self._taken: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.dictionary)

    def ranks(self) -> NDArray[np.int64]:
        """The place of each entity among all in code point order of its id."""
        return self.dictionary.ranks()

    def keep(self, kept: NDArray[np.int64]) -> None:
        """Leave out all entities but these (ascending)."""
        self.dictionary.keep(kept)
        self._rows = np.empty(0, np.int32)
        self._taken.clear()

    def unregistered(self) -> NDArray[np.bool_] | None:
        """Which entities the registry lacks, shape (entities,); None if it knows all or there is none."""
        if self._registry is None:
            return None
        self._update()
        missing: NDArray[np.bool_] = self._rows == len(self._ids)
        return missing if missing.any() else None

    def column(self, name: str) -> Column:
        """A field of the registry for each entity, shape (entities,)."""
        self._update()
        found = self._taken.get(name)
        if found is None:
            whole = self._columns.get(name)
            if whole is None:
                assert self._registry is not None  # noqa: S101  # the definitions were checked
                whole = self._columns[name] = self._registry.column(name, [*self._ids, "\0"])
            valid = whole.known()[self._rows]
            found = replace(whole, values=whole.values[self._rows], valid=None if valid.all() else valid)
            self._taken[name] = found
        return found

    def _update(self) -> None:
        known = len(self._rows)
        if known < len(self.dictionary):
            unknown = len(self._ids)
            more = [self._place.get(entity, unknown) for entity in self.dictionary[known:]]
            self._rows = np.concatenate([self._rows, np.array(more, np.int32)])
            self._taken.clear()


def at_rows(column: Column, codes: NDArray[np.integer[Any]]) -> Column:
    """A column per code as a column per row."""
    return replace(column, values=column.values[codes], valid=None if column.valid is None else column.valid[codes])
