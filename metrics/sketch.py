"""Sketches: what is kept of the values of a key where all of them would be too many; mergeable, nothing by chance.

`Ranks` answers percentiles with a rank error of at most 1 % in 99 of 100 cases, `Registers` counts different values
with a standard error of 2 %. What a sketch throws away is decided by what it holds: the same batches merged in the same
order give the same sketch, bit for bit, and a restart changes nothing. `Registers` are the same however values are cut
into batches. `Ranks` of more values than they can hold are not: cut otherwise, or merged in another order (another run,
another program), a percentile may differ, within the stated error. Percentiles of up to 400 values of a pane are exact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from metrics.column import Column

Keys = NDArray[np.int64]
Numbers = NDArray[np.float64]

_PENDING = 4_096  # items that may come to a sketch before all of it is sorted again
CAPACITY = 400  # items of the heaviest weight; k of the paper by Karnin, Lang and Liberty (2016): 0.8 % at 99 %
_SHRINK, _LEAST = 2 / 3, 8  # of the capacity from each weight to the one below
REGISTER_BITS = 12  # 4,096 registers: 1.04 / sqrt(4096) = 1.6 %
_RANK_BITS = 64 - REGISTER_BITS


@dataclass
class Sketch:
    """Items of many keys, `key[i]` the key of item i. The first `settled` items are reduced, the others came since.
    Not changed in place."""

    key: Keys
    settled: int

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """What each item says."""
        raise NotImplementedError

    def _with(self, key: Keys, columns: Iterable[NDArray[Any]], settled: int) -> Self:
        return type(self)(key, settled, *columns)

    def reduced(self) -> Self:
        """The same with no more items than a sketch of its keys needs."""
        raise NotImplementedError

    def merge(self, other: Self) -> Self:
        """Values of both."""
        columns = (np.concatenate(pair) for pair in zip(self.columns, other.columns, strict=True))
        joined = self._with(np.concatenate([self.key, other.key]), columns, self.settled)
        pending = len(joined.key) - joined.settled
        return joined.reduced() if pending > max(_PENDING, joined.settled // 2) else joined

    def only(self, mask: NDArray[np.bool_], key: Keys) -> Self:
        """Some of the items, under these keys."""
        return self._with(key, (column[mask] for column in self.columns), int(np.sum(mask[: self.settled])))

    def part(self, start: int, size: int) -> Self:
        """The keys from `start` on, `size` of them, as 0, 1, ..."""
        mask = (self.key >= start) & (self.key < start + size)
        return self.only(mask, self.key[mask] - start)

    def recoded(self, codes: Keys) -> Self:
        """Under other keys, -1: left out."""
        found = codes[self.key]
        return self.only(found >= 0, found[found >= 0])

    def regroup(self, keys: Keys, codes: Keys) -> Self:
        """The values of key `keys[i]` count under `codes[i]`; a key may belong to several codes."""
        order = np.argsort(keys, kind="stable")
        low, high = (np.searchsorted(keys[order], self.key, side) for side in ("left", "right"))
        times = high - low
        item = np.repeat(np.arange(len(self.key)), times)
        within = np.arange(len(item)) - np.repeat(np.cumsum(times) - times, times)
        key = np.asarray(codes, np.int64)[order[low[item] + within]]
        return self._with(key, (column[item] for column in self.columns), 0)

    @classmethod
    def placed(cls, parts: Sequence[tuple[Self, int]], empty: Self) -> Self:
        """Sketches side by side: the keys of each moved by its offset."""
        if not parts:
            return empty
        columns = (np.concatenate(column) for column in zip(*(one.columns for one, _ in parts), strict=True))
        return empty._with(np.concatenate([one.key + offset for one, offset in parts]), columns, 0)

    def stored(self) -> list[Any]:
        """As plain lists: kind, settled items, and the columns as bytes."""
        return [type(self).__name__, self.settled, *(column.tobytes() for column in (self.key, *self.columns))]


@dataclass
class Ranks(Sketch):
    """Values with weights: item i stands for 2 ** level[i] values near `value[i]`."""

    level: NDArray[np.int8]
    value: Numbers

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Level and value."""
        return self.level, self.value

    @staticmethod
    def of(values: Numbers, codes: Keys) -> Ranks:
        """Of rows."""
        return Ranks(codes.astype(np.int64), 0, np.zeros(len(codes), np.int8), values).merge(NO_RANKS)

    def reduced(self) -> Ranks:
        """Where a key has more items of a weight than it may, every second of them, in order of value, goes on with
        twice the weight. Which half it is follows from the values: over many, errors cancel out."""
        key, level, value = self.key, self.level, self.value
        while True:
            order = np.lexsort((value, level, key))
            key, level, value = key[order], level[order], value[order]
            heads = np.flatnonzero(np.append(True, (key[1:] != key[:-1]) | (level[1:] != level[:-1]))[: len(key)])
            counts = np.diff(np.append(heads, len(key)))
            owner = key[heads]
            last = np.append(owner[1:] != owner[:-1], True)[: len(owner)]
            runs = np.cumsum(np.append(False, last[:-1]))[: len(owner)]
            highest = level[heads][last][runs]
            room = np.maximum(_LEAST, np.ceil(CAPACITY * _SHRINK ** (highest - level[heads]).astype(np.float64)))
            over = counts > room
            if not over.any():
                return Ranks(key, len(key), level, value)
            bits = np.bitwise_xor.reduceat(value.view(np.uint64), heads) if len(heads) else np.empty(0, np.uint64)
            bits ^= (counts.astype(np.uint64) << np.uint64(8)) ^ level[heads].astype(np.uint64)
            odd = mixed(bits) >> np.uint64(63)
            group = np.repeat(np.arange(len(heads)), counts)
            place = np.arange(len(key)) - heads[group]
            pairs = over[group] & (place < counts[group] // 2 * 2)
            taken = pairs & (place % 2 == odd.astype(np.int64)[group])
            level = level + taken.astype(np.int8)
            stays = ~pairs | taken
            key, level, value = key[stays], level[stays], value[stays]

    def percentile(self, p: float, size: int) -> Numbers:
        """Linear between closest ranks, as `metrics.fold.percentile`; 0 for a key without values. Shape (size,)."""
        order = np.lexsort((self.value, self.key))
        key, value = self.key[order], self.value[order]
        weight = np.int64(1) << self.level[order].astype(np.int64)
        until = np.cumsum(weight)
        total = np.zeros(size, np.int64)
        np.add.at(total, key, weight)
        begin = np.cumsum(total) - total
        rank = np.maximum(total - 1, 0) * p / 100
        low = np.floor(rank).astype(np.int64)
        high = np.minimum(low + 1, np.maximum(total - 1, 0))
        if not len(value):
            return np.zeros(size)
        at_low, at_high = (
            value[np.minimum(np.searchsorted(until, begin + at, "right"), len(value) - 1)] for at in (low, high)
        )
        return np.where(total > 0, at_low + (rank - low) * (at_high - at_low), 0.0)


@dataclass
class Registers(Sketch):
    """HyperLogLog: of the values whose hash begins with `register[i]` the greatest number of leading zeros behind it,
    plus one. Registers without a value are not held."""

    register: NDArray[np.int16]
    rank: NDArray[np.uint8]

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Register and rank."""
        return self.register, self.rank

    @staticmethod
    def of(hashes: NDArray[np.uint64], codes: Keys) -> Registers:
        """Of rows, whose values have these hashes."""
        register = (hashes >> np.uint64(_RANK_BITS)).astype(np.int16)
        _, length = np.frexp((hashes & np.uint64((1 << _RANK_BITS) - 1)).astype(np.float64))  # 52 bits: exact
        return Registers(codes.astype(np.int64), 0, register, (_RANK_BITS + 1 - length).astype(np.uint8)).reduced()

    def reduced(self) -> Registers:
        """Each register of a key once."""
        slot = (self.key << REGISTER_BITS) | self.register
        order = np.argsort(slot, kind="stable")
        slot = slot[order]
        heads = np.flatnonzero(np.append(True, slot[1:] != slot[:-1])[: len(slot)])
        rank = np.maximum.reduceat(self.rank[order], heads) if len(heads) else self.rank[:0]
        slot = slot[heads]
        register = (slot & ((1 << REGISTER_BITS) - 1)).astype(np.int16)
        return Registers(slot >> REGISTER_BITS, len(slot), register, rank)

    def counts(self, size: int) -> Numbers:
        """How many different values each key has, whole numbers, shape (size,): the estimator of Ertl (2017), which is
        good over the whole range."""
        held = self.reduced()
        owners, key = np.unique(held.key, return_inverse=True)
        ranks, most = _RANK_BITS + 2, 1 << REGISTER_BITS
        seen = np.bincount(key * ranks + held.rank, minlength=len(owners) * ranks).reshape(-1, ranks).astype(np.float64)
        empty = most - seen.sum(axis=1)
        z = most * _tau(1 - seen[:, -1] / most)
        for rank in range(_RANK_BITS, 0, -1):
            z = 0.5 * (z + seen[:, rank])
        z += most * _sigma(empty / most)
        found = np.zeros(size)
        found[owners] = np.rint(most * most / (2 * np.log(2)) / z)
        return found


NO_RANKS = Ranks(np.empty(0, np.int64), 0, np.empty(0, np.int8), np.empty(0))
NO_REGISTERS = Registers(np.empty(0, np.int64), 0, np.empty(0, np.int16), np.empty(0, np.uint8))
_KINDS: dict[str, tuple[Sketch, tuple[type[np.generic], ...]]] = {
    "Ranks": (NO_RANKS, (np.int8, np.float64)), "Registers": (NO_REGISTERS, (np.int16, np.uint8)),
}  # fmt: skip


def read(raw: Sequence[Any]) -> Sketch:
    """The reverse of `stored`. Raises KeyError, ValueError, TypeError."""
    name, settled, key, *columns = raw
    empty, kinds = _KINDS[name]
    arrays = [np.frombuffer(part, kind).copy() for part, kind in zip(columns, kinds, strict=True)]
    return empty._with(np.frombuffer(key, np.int64).copy(), arrays, int(settled))


def mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of 64 bits (the finish of SplitMix64): every bit depends on every bit."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def hashed(column: Column) -> NDArray[np.uint64]:
    """A hash of each value, the same whatever the dictionary; of null any."""
    values = column.values
    if column.dictionary is not None:
        texts = np.array([_digest(repr(one)) for one in column.dictionary] or [0], np.uint64)
        return texts[np.where(column.known() & (values >= 0), values, 0)]
    if values.ndim == 2:
        return mixed(mixed(values[:, 0].astype(np.uint64)) ^ values[:, 1].astype(np.uint64))
    if values.dtype == object:
        return np.array([_digest(repr(value)) for value in values.tolist()], np.uint64)
    return mixed((values + 0.0).view(np.uint64) if values.dtype.kind == "f" else values.astype(np.uint64))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _sigma(share: Numbers) -> Numbers:
    """Of registers without a value: x + sum of x ** (2 ** k) * 2 ** (k - 1), k = 1, 2, ..."""
    share = np.minimum(share, 1 - 1e-12)  # a key without any value is not held
    found, factor = share.copy(), 1.0
    for _ in range(60):
        share = share * share
        found, factor = found + share * factor, 2 * factor
    return found


def _tau(share: Numbers) -> Numbers:
    """Of registers that are full: a third of 1 - x - sum of (1 - x ** (2 ** -k)) ** 2 * 2 ** -k, k = 1, 2, ..."""
    inside = (share > 0) & (share < 1)
    root = np.where(inside, share, 1.0)
    found, factor = 1 - root, 1.0
    for _ in range(60):
        root, factor = np.sqrt(root), 0.5 * factor
        found = found - (1 - root) ** 2 * factor
    return np.where(inside, found / 3, 0.0)
