"""A column: equally long values of one kind, with a mask of those that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one kind, shape (rows,).

    | kind | `values` | `scale` | `dictionary` |
    |---|---|---|---|
    | fixed point number | int64, or object of ints beyond it: value * 10**scale | decimals, ints 0 | None |
    | float number | float64 | None | None |
    | time, duration | int64, ms | None | None |
    | bool | bool, or int8 of 0 and 1 | None | None |
    | text | int32 codes into the dictionary | None | distinct texts |
    | intervals | int32 codes into the dictionary | None | distinct `metrics.intervals.Spans` (tuples) |
    | point | int64, shape (rows, 2): longitude and latitude in WGS-84 * 10**7 | 7 | None |

    `valid` is False where the value is null; None means that every value is known (the fast path). What stands in
    `values` under a null is never read, except that it must be a number (0 keeps fixed point arithmetic in int64) and,
    for text, -1 or a code.
    """

    values: Values
    valid: Mask | None = None
    scale: int | None = None
    dictionary: Sequence[Any] | None = None

    def known(self) -> Mask:
        """The mask of known values, written out."""
        return np.ones(len(self.values), dtype=np.bool_) if self.valid is None else self.valid
