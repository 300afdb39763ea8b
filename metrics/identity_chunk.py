"""A chunk of identities in a checkpoint: steps of time and codes of entities, each in as few bytes as they need.

Devices that report in turn need two bytes a reading instead of eight, which is most of what a commit writes.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

ENTITY_BITS = 24  # an identity is a time above the code of its entity
_ENTITY_MASK = (1 << ENTITY_BITS) - 1
_HEAD = struct.Struct("<BBBxIq")  # form, bytes of a step, bytes of a code, identities, first time
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
    head = _HEAD.pack(_FORM, np.dtype(step).itemsize, np.dtype(code).itemsize, len(keys), first)
    body = head + steps.astype(step).tobytes() + codes.astype(code).tobytes()
    return body + bytes(-(len(body) - 1) % 8)


def decode(payload: bytes) -> NDArray[np.int64]:
    """The identities in their order. Raises ValueError for what `encode` does not write."""
    if len(payload) % 8 == 0:
        return np.frombuffer(payload, np.int64)
    try:
        form, step, code, count, first = _HEAD.unpack_from(payload)
        kinds = {np.dtype(kind).itemsize: kind for kind in _STEPS}, {np.dtype(kind).itemsize: kind for kind in _CODES}
        steps = np.frombuffer(payload, kinds[0][step], count, _HEAD.size)
        codes = np.frombuffer(payload, kinds[1][code], count, _HEAD.size + count * step)
    except (struct.error, KeyError) as error:
        raise ValueError("identities that are cut or of no known form") from error
    if form != _FORM:
        raise ValueError(f"identities of form {form}, not {_FORM}")
    time = np.cumsum(steps, dtype=np.int64) + first
    keys: NDArray[np.int64] = (time << ENTITY_BITS) | codes
    return keys
