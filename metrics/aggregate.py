"""Mergeable folds of fixed point integers on dense arrays: count, sum, min, max; a mean is a sum and a count; sketches.

Sums are exact: they are added as float64 only where every partial sum is a whole number below 2**53, as int64 only
where they cannot overflow, and as Python integers (object arrays) beyond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from metrics.sketch import NO_RANKS, NO_REGISTERS, Ranks, Registers

Fold = Literal["count", "sum", "min", "max", "ranks", "registers"]
FOLDS: dict[str, frozenset[Fold]] = {
    "count": frozenset({"count"}),
    "sum": frozenset({"count", "sum"}),
    "mean": frozenset({"count", "sum"}),
    "min": frozenset({"count", "min"}),
    "max": frozenset({"count", "max"}),
    "percentile_approx": frozenset({"count", "ranks"}),
    "distinct_approx": frozenset({"count", "registers"}),
}
Integers: TypeAlias = NDArray[Any]  # int64, or object (Python integers) where int64 would overflow
Codes: TypeAlias = NDArray[np.integer[Any]]

_EXACT_FLOAT = 1 << 53
_INT64 = 1 << 63
_SORT_BELOW = 4_000  # rows; under this argsort + reduceat beats ufunc.at (measured)


def bound(values: Integers) -> int:
    """The greatest absolute value, as a Python integer; 0 of nothing."""
    if not len(values):
        return 0
    return max(abs(int(values.max())), abs(int(values.min())))


def group_count(codes: Codes, size: int) -> NDArray[np.int64]:
    """Rows per code, shape (size,)."""
    return np.bincount(codes, minlength=size).astype(np.int64, copy=False)


def group_sum(values: Integers, codes: Codes, size: int) -> Integers:
    """Exact sum per code, shape (size,)."""
    most = bound(values) * len(values)
    if values.dtype != object and most < _EXACT_FLOAT:
        return np.bincount(codes, weights=values, minlength=size).astype(np.int64)
    total: Integers = np.zeros(size, np.int64)
    if values.dtype == object or most >= _INT64:
        total, values = total.astype(object), values.astype(object)
    np.add.at(total, codes, values)
    return demote(total)


def group_extreme(values: Integers, codes: Codes, size: int, fold: Literal["min", "max"]) -> Integers:
    """Least or greatest value per code, shape (size,); a code without rows keeps the neutral element."""
    out: Integers = np.full(size, neutral(fold), values.dtype)
    ufunc = np.minimum if fold == "min" else np.maximum
    if len(values) < _SORT_BELOW and len(values):
        order = np.argsort(codes, kind="stable")
        sorted_codes = codes[order]
        starts = np.flatnonzero(np.append(True, sorted_codes[1:] != sorted_codes[:-1]))
        out[sorted_codes[starts]] = ufunc.reduceat(values[order], starts)
    else:
        ufunc.at(out, codes, values)
    return out


def neutral(fold: Literal["min", "max"]) -> int:
    """What `fold` leaves unchanged."""
    return _INT64 - 1 if fold == "min" else -_INT64


def add(left: Integers, right: Integers) -> Integers:
    """Exact elementwise sum."""
    if object not in (left.dtype, right.dtype) and bound(left) + bound(right) < _INT64:
        return np.asarray(left + right)
    return demote(left.astype(object) + right.astype(object))


def demote(values: Integers) -> Integers:
    """As int64 again if everything fits."""
    if values.dtype == object and bound(values) < _INT64:
        return values.astype(np.int64)
    return values


@dataclass(slots=True)
class Folded:
    """The state of one scan for dense keys: arrays of one length; what the scan does not need is None.

    Merging is elementwise (`merge`) or by group (`regroup`); both are associative and commutative.
    """

    count: NDArray[np.int64]
    sum: Integers | None = None
    min: Integers | None = None
    max: Integers | None = None
    ranks: Ranks | None = None
    registers: Registers | None = None

    @staticmethod
    def empty(size: int, folds: frozenset[Fold]) -> Folded:
        """The state of no rows."""
        return Folded(
            np.zeros(size, np.int64),
            np.zeros(size, np.int64) if "sum" in folds else None,
            np.full(size, neutral("min"), np.int64) if "min" in folds else None,
            np.full(size, neutral("max"), np.int64) if "max" in folds else None,
            NO_RANKS if "ranks" in folds else None,
            NO_REGISTERS if "registers" in folds else None,
        )

    @staticmethod
    def of(
        values: Integers | None, codes: Codes, size: int, folds: frozenset[Fold], *, scale: int = 0,
        hashes: NDArray[np.uint64] | None = None,
    ) -> Folded:  # fmt: skip
        """Fold rows (values None: they are only counted) into `size` keys. `scale` of the values and `hashes` of what
        is told apart are asked for by sketches only."""
        if values is None:
            registers = None if hashes is None else Registers.of(hashes, np.asarray(codes, np.int64))
            return Folded(group_count(codes, size), registers=registers)
        return Folded(
            group_count(codes, size),
            group_sum(values, codes, size) if "sum" in folds else None,
            group_extreme(values, codes, size, "min") if "min" in folds else None,
            group_extreme(values, codes, size, "max") if "max" in folds else None,
            Ranks.of(to_float(values, scale), np.asarray(codes, np.int64)) if "ranks" in folds else None,
        )

    def __len__(self) -> int:
        return len(self.count)

    def grown(self, size: int) -> Folded:
        """The same with room for `size` keys; the new ones are empty."""
        more = size - len(self.count)
        if more <= 0:
            return self
        return Folded(
            np.concatenate([self.count, np.zeros(more, np.int64)]),
            None if self.sum is None else np.concatenate([self.sum, np.zeros(more, self.sum.dtype)]),
            None if self.min is None else np.concatenate([self.min, np.full(more, neutral("min"), self.min.dtype)]),
            None if self.max is None else np.concatenate([self.max, np.full(more, neutral("max"), self.max.dtype)]),
            self.ranks, self.registers,
        )  # fmt: skip

    def slice(self, start: int, size: int) -> Folded:
        """The state of `size` keys from `start` on, as copies."""
        part = slice(start, start + size)
        return Folded(
            self.count[part].copy(),
            None if self.sum is None else self.sum[part].copy(),
            None if self.min is None else self.min[part].copy(),
            None if self.max is None else self.max[part].copy(),
            None if self.ranks is None else self.ranks.part(start, size),
            None if self.registers is None else self.registers.part(start, size),
        )

    def kept(self, keys: NDArray[np.int64]) -> Folded:
        """The state of these keys (ascending), as far as it knows them."""
        known = keys[: np.searchsorted(keys, len(self))]
        codes = np.full(len(self), -1)
        codes[known] = np.arange(len(known))
        left = self.take(known)
        left.ranks = None if self.ranks is None else self.ranks.recoded(codes)
        left.registers = None if self.registers is None else self.registers.recoded(codes)
        return left

    def merge(self, other: Folded) -> Folded:
        """Rows of both; keys are the same, `other` may know fewer of them."""
        other = other.grown(len(self))
        return Folded(
            self.count + other.count,
            None if self.sum is None or other.sum is None else add(self.sum, other.sum),
            None if self.min is None or other.min is None else np.minimum(self.min, other.min),
            None if self.max is None or other.max is None else np.maximum(self.max, other.max),
            None if self.ranks is None or other.ranks is None else self.ranks.merge(other.ranks),
            None if self.registers is None or other.registers is None else self.registers.merge(other.registers),
        )

    def regroup(self, keys: NDArray[np.intp], codes: Codes, size: int) -> Folded:
        """State per code: key `keys[i]` belongs to code `codes[i]`; a key may belong to several codes."""
        present = self.count[keys] > 0
        keys, codes = keys[present], codes[present]
        return Folded(
            group_sum(self.count[keys], codes, size).astype(np.int64),
            None if self.sum is None else group_sum(self.sum[keys], codes, size),
            None if self.min is None else group_extreme(self.min[keys], codes, size, "min"),
            None if self.max is None else group_extreme(self.max[keys], codes, size, "max"),
            None if self.ranks is None else self.ranks.regroup(keys, np.asarray(codes, np.int64)),
            None if self.registers is None else self.registers.regroup(keys, np.asarray(codes, np.int64)),
        )

    def take(self, index: NDArray[np.intp]) -> Folded:
        """State of the keys at `index`, without sketches; -1 gives the empty state."""
        missing = index < 0
        at = np.where(missing, 0, index)

        def pick(values: Integers | None, empty: int) -> Integers | None:
            if values is None:
                return None
            if not len(values):
                return np.full(len(index), empty, np.int64)
            return np.where(missing, empty, values[at])

        count = pick(self.count, 0)
        assert count is not None  # noqa: S101  # counts are always there
        return Folded(count, pick(self.sum, 0), pick(self.min, neutral("min")), pick(self.max, neutral("max")))

    def result(
        self, agg: str, scale: int, empty_sum_is_null: bool, p: float | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The aggregate per key as float64, once, at the end, and which are not null. `p` of percentile_approx."""
        known = self.count > 0
        if agg == "percentile_approx":
            assert self.ranks is not None  # noqa: S101
            return self.ranks.percentile(50.0 if p is None else p, len(self)), known
        if agg == "distinct_approx":
            assert self.registers is not None  # noqa: S101
            return self.registers.counts(len(self)), np.ones(len(self), np.bool_)
        if agg == "count":
            return self.count.astype(np.float64), np.ones(len(self), np.bool_)
        if agg in ("sum", "mean"):
            assert self.sum is not None  # noqa: S101
            total = to_float(self.sum, scale)
            if agg == "sum":
                return total, known if empty_sum_is_null else np.ones(len(self), np.bool_)
            return _mean(self.sum, self.count, scale), known
        extreme = self.min if agg == "min" else self.max
        assert extreme is not None  # noqa: S101
        return np.where(known, to_float(np.where(known, extreme, 0), scale), 0.0), known


def to_float(values: Integers, scale: int) -> NDArray[np.float64]:
    """Fixed point integers as float64, each correctly rounded."""
    if values.dtype != object and bound(values) < _EXACT_FLOAT:
        return np.asarray(values / 10.0**scale, np.float64)  # both exact, so the quotient is rounded once
    return np.array([int(value) / 10**scale for value in values], np.float64)  # Python divides integers exactly


def _mean(total: Integers, count: NDArray[np.int64], scale: int) -> NDArray[np.float64]:
    divisor = np.maximum(count, 1)
    if total.dtype != object and bound(total) < _EXACT_FLOAT and bound(divisor) * 10**scale < _EXACT_FLOAT:
        return np.asarray(total / (divisor * 10**scale), np.float64)
    pairs = zip(total.tolist(), divisor.tolist(), strict=True)
    return np.array([value / (rows * 10**scale) for value, rows in pairs], np.float64)


def stack(states: Sequence[Folded], size: int, folds: frozenset[Fold]) -> Folded:
    """States one behind the other, each grown to `size` keys: key k of state i becomes i * size + k."""
    if not states:
        return Folded.empty(0, folds)
    grown = [state.grown(size) for state in states]

    def joined(name: str) -> Integers | None:
        parts = [getattr(state, name) for state in grown]
        return None if parts[0] is None else np.concatenate(parts)

    ranks = [(one.ranks, at * size) for at, one in enumerate(states) if one.ranks is not None]
    registers = [(one.registers, at * size) for at, one in enumerate(states) if one.registers is not None]
    return Folded(
        np.concatenate([state.count for state in grown]), joined("sum"), joined("min"), joined("max"),
        Ranks.placed(ranks, NO_RANKS) if "ranks" in folds else None,
        Registers.placed(registers, NO_REGISTERS) if "registers" in folds else None,
    )  # fmt: skip
