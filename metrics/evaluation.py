"""Formulas on arrays: the value of a checked syntax tree for every row, with the null rules of SQL."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column
from metrics.formula_syntax import Node

__all__ = ["Column", "evaluate", "evaluate_exact", "evaluate_where", "published"]


def evaluate_exact(
    node: Node, columns: Mapping[str, Column], rows: int, scale: int, now_ms: int | None = None
) -> Column:
    """A number as fixed point of `scale` decimals: computed exactly, then rounded half to even."""
    raise NotImplementedError


def evaluate_where(
    node: Node, columns: Mapping[str, Column], rows: int, now_ms: int | None = None
) -> NDArray[np.bool_]:
    """Where a bool expression is true (null is not)."""
    raise NotImplementedError


def evaluate(node: Node, columns: Mapping[str, Column], rows: int, now_ms: int | None = None) -> Column:
    """Numbers in float64; times and durations in int64 ms; bools; texts as codes."""
    raise NotImplementedError


def published(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to the 12 significant digits of a published value."""
    raise NotImplementedError
