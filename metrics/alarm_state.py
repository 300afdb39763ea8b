"""The memory of an alarm rule: per group what is raised and what is pending, in arrays that grow and that a checkpoint
holds in small sparse chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

VERSION = 1
CHUNK = 1024  # groups in one chunk of a checkpoint
UNSET = -1  # nothing pending
NEVER = -(2**62)  # earlier than any event
PENDING_LEVELS = 4  # blue, yellow, orange, red
CONDITIONS = 3  # level, no_data, stale
SILENCES = 2  # no_data, stale

# name -> (type, rows, value at rest); rows 0: one value per group; rows -1: as many as the rule remembers changes
_TABLE: Mapping[str, tuple[Any, int, int]] = {
    "level": (np.int8, 0, 0),
    "said": (np.int8, CONDITIONS, 0),
    "begun": (np.int64, CONDITIONS, NEVER),
    "number": (np.int32, CONDITIONS, 0),
    "above": (np.int64, PENDING_LEVELS, UNSET),
    "below": (np.int64, PENDING_LEVELS, UNSET),
    "silent": (np.int64, SILENCES, UNSET),
    "calm": (np.int64, 0, UNSET),
    "change_at": (np.int64, -1, NEVER),
    "change_to": (np.int8, -1, 0),
    "seen": (np.bool_, 0, 0),
}
_LASTING = "seen"  # differs from rest for ever; a chunk holds it as bits


class UnknownAlarmVersion(ValueError):
    """The memory of alarms was written by another version of this program."""


@dataclass(slots=True)
class AlarmState:
    """What one rule remembers; arrays of shape (groups,) or (rows, groups), times in ms.

    `level`: the level after hysteresis and delays. `said`: what was told of level, no_data and stale (level numbers);
    it differs from `level` while the rule flaps. `begun`, `number`: the instant at which the episode that is told
    began, and how many events it has had. `above[i]`: for how long level i + 1 or worse has been reached, `below[i]`:
    for how long level i + 1 has been left; both only as far as their delay, UNSET: not at all. `silent`: for how long
    no_data and stale have held. `calm`: for how long a flapping rule has not changed, UNSET: it does not flap.
    `change_at`, `change_to`: its newest changes of level, the newest first. `seen`: the group had a value once.

    `judged_ms`: the newest complete window that was judged; `watched_ms`: the newest that was asked for silence;
    `late`: windows older than these that were corrected, and not judged again.
    """

    level: NDArray[np.int8]
    said: NDArray[np.int8]
    begun: NDArray[np.int64]
    number: NDArray[np.int32]
    above: NDArray[np.int64]
    below: NDArray[np.int64]
    silent: NDArray[np.int64]
    calm: NDArray[np.int64]
    change_at: NDArray[np.int64]
    change_to: NDArray[np.int8]
    seen: NDArray[np.bool_]
    awake: NDArray[np.bool_]  # groups that are not at rest; follows from the others
    judged_ms: int = NEVER
    watched_ms: int = NEVER
    late: int = 0

    @staticmethod
    def initial(changes: int, size: int = 0) -> AlarmState:
        """Nothing is raised or pending in any of `size` groups; `changes` of level are remembered."""
        arrays: dict[str, Any] = {
            name: np.full(_shape(rows, changes, size), rest, kind) for name, (kind, rows, rest) in _TABLE.items()
        }
        return AlarmState(**arrays, awake=np.zeros(size, np.bool_))

    def __len__(self) -> int:
        return len(self.level)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that a checkpoint holds, by name."""
        return {name: getattr(self, name) for name in _TABLE}

    def grown(self, size: int) -> AlarmState:
        """The same with room for `size` groups."""
        if size <= len(self):
            return self
        more = AlarmState.initial(len(self.change_at), size - len(self))
        joined: dict[str, Any] = {
            name: np.concatenate([array, getattr(more, name)], -1) for name, array in self.arrays().items()
        }
        awake = np.concatenate([self.awake, more.awake])
        return AlarmState(**joined, awake=awake, judged_ms=self.judged_ms, watched_ms=self.watched_ms, late=self.late)

    def take(self, codes: NDArray[np.int64]) -> AlarmState:
        """A copy of some groups."""
        taken: dict[str, Any] = {name: array[..., codes] for name, array in self.arrays().items()}
        return AlarmState(
            **taken, awake=self.awake[codes], judged_ms=self.judged_ms, watched_ms=self.watched_ms, late=self.late
        )

    def put(self, codes: NDArray[np.int64], part: AlarmState) -> tuple[AlarmState, NDArray[np.int64]]:
        """The state in which these groups are those of `part` (times and counts too); and the codes that differ."""
        differs = np.zeros(len(codes), np.bool_)
        joined: dict[str, Any] = {}
        for name, array in self.arrays().items():
            after = getattr(part, name)
            unequal = array[..., codes] != after
            differs |= unequal if unequal.ndim == 1 else unequal.any(axis=0)
            joined[name] = array
            if unequal.any():
                joined[name] = array.copy()
                joined[name][..., codes] = after
        awake = self.awake
        if differs.any():
            awake = awake.copy()
            awake[codes] = ~part.at_rest()
        state = AlarmState(**joined, awake=awake, judged_ms=part.judged_ms, watched_ms=part.watched_ms, late=part.late)
        return state, codes[differs]

    def at_rest(self) -> NDArray[np.bool_]:
        """Which groups have nothing raised, pending or remembered, shape (groups,)."""
        rest = np.ones(len(self), np.bool_)
        for name, (_, _, value) in _TABLE.items():
            if name != _LASTING:
                same = getattr(self, name) == value
                rest &= same if same.ndim == 1 else same.all(axis=0)
        return rest

    def moved(self, codes: NDArray[np.int64], size: int, changes: int) -> AlarmState:
        """The same memory where group i has the code codes[i] among `size` groups (< 0: it is gone) and `changes`
        changes are remembered."""
        state = AlarmState.initial(changes, size)
        kept = np.flatnonzero(codes >= 0)
        for name, array in self.arrays().items():
            target: NDArray[Any] = getattr(state, name)
            if array.ndim == 1:
                target[codes[kept]] = array[kept]
            else:
                rows = min(len(array), len(target))
                target[:rows, codes[kept]] = array[:rows, kept]
        state.awake = ~state.at_rest()
        state.judged_ms, state.watched_ms, state.late = self.judged_ms, self.watched_ms, self.late
        return state

    def pack_chunk(self, chunk: int) -> bytes:
        """One chunk of groups: those that are not at rest, and who has ever had a value."""
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, len(self))
        codes = np.flatnonzero(self.awake[first:last]) + first
        parts = [array[..., codes].tobytes() for name, array in self.arrays().items() if name != _LASTING]
        seen = np.packbits(self.seen[first:last]).tobytes()
        packed: bytes = msgpack.packb([codes.astype(np.int64).tobytes(), seen, *parts])
        return packed

    def pack_progress(self) -> bytes:
        """What is not of one group: form version, groups, remembered changes, times and counts."""
        packed: bytes = msgpack.packb(
            [VERSION, len(self), len(self.change_at), self.judged_ms, self.watched_ms, self.late]
        )
        return packed

    @staticmethod
    def unpack(progress: bytes, chunks: Mapping[int, bytes]) -> AlarmState:
        """Inverse of pack_progress and pack_chunk. Raises UnknownAlarmVersion, ValueError if it does not decode."""
        try:
            version, *numbers = msgpack.unpackb(progress)
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            raise ValueError("the memory of alarms does not decode") from error
        if version != VERSION:
            raise UnknownAlarmVersion(f"alarm memory version {version!r} is not {VERSION}")
        size, changes, judged_ms, watched_ms, late = numbers
        state = AlarmState.initial(changes, size)
        for chunk, payload in chunks.items():
            state._load_chunk(chunk, _decoded(payload))
        state.judged_ms, state.watched_ms, state.late = judged_ms, watched_ms, late
        return state

    def _load_chunk(self, chunk: int, raw: Sequence[bytes]) -> None:
        codes = np.frombuffer(raw[0], np.int64)
        first, last = chunk * CHUNK, min((chunk + 1) * CHUNK, len(self))
        if last <= first or (len(codes) and not (first <= codes.min() and codes.max() < last)):
            raise ValueError(f"chunk {chunk} of the alarms holds other groups")
        self.seen[first:last] = np.unpackbits(np.frombuffer(raw[1], np.uint8), count=last - first).astype(np.bool_)
        names: Iterable[str] = (name for name in _TABLE if name != _LASTING)
        for name, part in zip(names, raw[2:], strict=True):
            array: NDArray[Any] = getattr(self, name)
            values = np.frombuffer(part, array.dtype)
            array[..., codes] = values.reshape(*array.shape[:-1], len(codes))
        self.awake[codes] = True


def _shape(rows: int, changes: int, size: int) -> tuple[int, ...]:
    if rows == 0:
        return (size,)
    return (changes if rows < 0 else rows, size)


def _decoded(payload: bytes) -> list[bytes]:
    try:
        found: list[bytes] = msgpack.unpackb(payload)
    except (ValueError, msgpack.UnpackException) as error:
        raise ValueError("a chunk of the alarms does not decode") from error
    return found
