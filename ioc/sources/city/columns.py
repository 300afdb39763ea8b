"""Columns of simulated rows: numbers, words and texts in the forms that stream entries carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.codec import RawColumn, coded

Mask = NDArray[np.bool_]


def numbers(values: NDArray[Any], scale: int = 0, valid: Mask | None = None) -> RawColumn:
    """Floats or ints rounded to `scale` decimals."""
    if scale:
        return RawColumn("fixed", np.rint(values * 10**scale).astype(np.int64), valid, scale)
    return RawColumn("int", np.rint(values).astype(np.int64), valid)


def times(values: NDArray[np.int64], valid: Mask | None = None) -> RawColumn:
    """Times, ms."""
    return RawColumn("int", values, valid)


def flags(values: Mask, valid: Mask | None = None) -> RawColumn:
    """Truth values."""
    return RawColumn("int", values.astype(np.int64), valid)


def words(codes: NDArray[np.integer[Any]], of: Sequence[str]) -> RawColumn:
    """Words by their place in a list; -1 is none."""
    return RawColumn("coded", codes.astype(np.int32), dictionary=of)


def texts(values: Sequence[str | None]) -> RawColumn:
    """One text for each row."""
    return coded(values)


def one(word: str, rows: int) -> RawColumn:
    """The same word in every row."""
    return RawColumn("coded", np.zeros(rows, np.int32), dictionary=(word,))
