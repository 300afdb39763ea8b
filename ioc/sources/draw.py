"""Draws: numbers that look like chance and are pure functions of a key, a number and a stream.

A key (uint64) names who draws, the number says which draw it is (a cell of time, a place in a list), the stream what it
is for. The same three always give the same draw, so that the past of a simulation can be made again at any time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FEW = 30.0  # up to this mean a Poisson number is found by counting up; above, the normal law is as good
_STEP = np.uint64(0x9E3779B97F4A7C15)
_STREAM = 0xD1B54A32D192ED03
_MASK = 0xFFFFFFFFFFFFFFFF


def name_key(name: str, seed: int) -> int:
    """FNV-1a, 64 bit, of a name, begun from the seed."""
    value = (0xCBF29CE484222325 ^ seed) & _MASK
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & _MASK
    return value


def keys_of(name: str, seed: int, count: int) -> Keys:
    """Keys of `count` draws under one name, (count,)."""
    return mixed(np.full(count, name_key(name, seed), np.uint64), np.arange(count, dtype=np.int64), 0)


def mixed(key: Keys, number: Ints, stream: int) -> Keys:
    """The hash (splitmix64) of key, number and stream: a key for further draws."""
    with np.errstate(over="ignore"):
        found: Keys = key ^ (number.astype(np.uint64) * _STEP)
        found = found + np.uint64((stream * _STREAM) & _MASK)
        found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        found = found ^ (found >> np.uint64(31))
    return found


def uniform(key: Keys, number: Ints, stream: int) -> Floats:
    """[0, 1)."""
    share: Floats = (mixed(key, number, stream) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return share


def normal(key: Keys, number: Ints, stream: int) -> Floats:
    """Standard normal (Box and Muller)."""
    first, second = uniform(key, number, 2 * stream + 100_001), uniform(key, number, 2 * stream + 100_002)
    found: Floats = np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second)
    return found


def lasting(key: Keys, number: Ints, stream: int, median_ms: float | Floats, spread: float) -> Ints:
    """Durations of a lognormal law, whole ms, at least 1 s: `spread` 0.5 is ordinary, 1 has a long tail."""
    found = median_ms * np.exp(spread * np.clip(normal(key, number, stream), -3.0, 3.0))
    return np.maximum(1_000, np.rint(found)).astype(np.int64)


def poisson(key: Keys, number: Ints, stream: int, mean: Floats) -> Ints:
    """How many events of a mean number there are."""
    share = uniform(key, number, stream)
    few = np.minimum(mean, _FEW)
    term = np.exp(-few)
    below = term.copy()
    count = np.zeros(mean.shape, np.int64)
    for step in range(1, 100):  # beyond 100 lies nothing of a mean of 30
        more = share >= below
        if not more.any():
            break
        count += more
        term = term * few / step
        below = below + term
    many = mean + np.sqrt(np.maximum(mean, 0.0)) * normal(key, number, stream)
    found: Ints = np.where(mean > _FEW, np.maximum(0, np.rint(many)), count).astype(np.int64)
    return found


def wander(key: Keys, times: Ints, share: float, span_ms: int, stream: int) -> Floats:
    """Smooth noise in [-share, share]: hashed values at multiples of the span, joined by smooth steps."""
    cell = times // span_ms
    part = (times % span_ms) / span_ms
    smooth = part * part * (3.0 - 2.0 * part)
    low, high = uniform(key, cell, stream), uniform(key, cell + 1, stream)
    found: Floats = share * (2.0 * (low + (high - low) * smooth) - 1.0)
    return found


def chosen(key: Keys, number: Ints, stream: int, weights: Floats) -> NDArray[np.int32]:
    """Places in a list of weights, drawn by weight."""
    edges = np.cumsum(weights) / np.sum(weights)
    found = np.searchsorted(edges, uniform(key, number, stream), side="right")
    return np.minimum(found, len(weights) - 1).astype(np.int32)
