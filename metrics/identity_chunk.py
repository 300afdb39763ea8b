"""A chunk of identities in a checkpoint: steps of time and codes of entities, each in as few bytes as they need.

Identities are most of what a commit writes. Readings need two or three bytes instead of eight, and hardly any where
devices report in turn.
"""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
from numpy.typing import NDArray

ENTITY_BITS = 24  # an identity is a time above the code of its entity
_ENTITY_MASK = (1 << ENTITY_BITS) - 1
_HEAD = struct.Struct("<BBBBIq")  # form, bytes of a step, of a code, of filling at the end; identities; first time
_CODEC = "lz4_raw"  # 4 us for a chunk that shrinks, and no more for one that does not
_FORM = 1
_STEPS: tuple[type[np.signedinteger], ...] = (np.int8, np.int16, np.int32, np.int64)
_CODES: tuple[type[np.unsignedinteger], ...] = (np.uint8, np.uint16, np.uint32)


def encode(keys: NDArray[np.int64]) -> bytes:
    """One byte longer than whole words, so that it is never taken for the form of before: the identities themselves."""
    time = keys >> ENTITY_BITS
    steps = np.diff(time, prepend=time[:1])
    codes = keys & _ENTITY_MASK
    low, high = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    step = next(kind for kind in _STEPS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    most = int(codes.max()) if len(codes) else 0
    code = next(kind for kind in _CODES if most <= np.iinfo(kind).max)
    first = int(time[0]) if len(time) else 0
    body: bytes = pa.compress(steps.astype(step).tobytes() + codes.astype(code).tobytes(), codec=_CODEC, asbytes=True)
    filling = -(_HEAD.size + len(body) - 1) % 8
    head = _HEAD.pack(_FORM, np.dtype(step).itemsize, np.dtype(code).itemsize, filling, len(keys), first)
    return head + body + bytes(filling)


def decode(payload: bytes) -> NDArray[np.int64]:
    """The identities in their order. Raises ValueError for what `encode` does not write."""
    if len(payload) % 8 == 0:
        return np.frombuffer(payload, np.int64)
    kinds = {np.dtype(kind).itemsize: kind for kind in _STEPS}, {np.dtype(kind).itemsize: kind for kind in _CODES}
    try:
        form, step, code, filling, count, first = _HEAD.unpack_from(payload)
        if form != _FORM:
            raise ValueError(f"identities of form {form}, not {_FORM}")
        body = pa.decompress(payload[_HEAD.size : len(payload) - filling], count * (step + code), _CODEC, asbytes=True)
        steps = np.frombuffer(body, kinds[0][step], count)
        codes = np.frombuffer(body, kinds[1][code], count, count * step)
    except (struct.error, KeyError, OSError, pa.ArrowException) as error:
        raise ValueError("identities that are cut or damaged") from error
    time = np.cumsum(steps, dtype=np.int64) + first
    keys: NDArray[np.int64] = (time << ENTITY_BITS) | codes
    return keys
