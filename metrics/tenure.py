"""Tenure: from when until when each row of an entity is the one that stands.

A row takes its place when it appears (`at`), unless one that ranks higher had appeared by then; it loses it to the next
one that does. Rows rank by their time, equal ones by arrival.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

FOREVER: Final = 2**62  # until when the newest row stands
FROM: Final = "from"
UNTIL: Final = "until"

Index = NDArray[np.int64]


def tenured(table: pa.Table, at: Index) -> pa.Table:
    """The rows that ever stand, by the instant from which they do, in the columns `from` and `until` (half-open, ms).

    `table`: rows with entity `k`, time `t` and their place in the stream (`_ms`, `_seq`, `_row`), in any order."""
    place = [table.column(name).to_numpy() for name in ("_row", "_seq", "_ms")]
    key, time = codes(table.column("k")), table.column("t").to_numpy()
    order = np.lexsort((*place, time, at, key))
    rank = np.unique(time, return_inverse=True)[1].reshape(-1)[order]
    key, at = key[order], at[order]
    risen = key * (len(key) + 1) + rank  # the greatest rank so far, entity by entity
    stands = np.maximum.accumulate(risen) == risen
    order, key, at = order[stands], key[stands], at[stands]
    until = np.full(len(order), FOREVER, np.int64)
    until[:-1] = np.where(key[1:] == key[:-1], at[1:], FOREVER)[: len(until) - 1] if len(until) else until
    lasts = until > at
    order, at, until = order[lasts], at[lasts], until[lasts]
    by = np.argsort(at, kind="stable")
    found = table.take(pa.array(order[by]))
    for name, column in ((FROM, at[by]), (UNTIL, until[by])):
        found = found.set_column(found.column_names.index(name), name, pa.array(column, pa.int64()))
    return found


def codes(column: pa.ChunkedArray) -> Index:
    """A number for each text of a column."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    whole = column.unify_dictionaries().combine_chunks()
    one = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole
    if isinstance(one, pa.ChunkedArray):
        return np.empty(0, np.int64)
    found: Index = one.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
