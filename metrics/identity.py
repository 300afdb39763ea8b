"""Identities: each reading counts once, exactly, among all that could still be accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.identity_chunk import ENTITY_BITS, decode, encode
from metrics.watermark import BEGINNING

MAX_ENTITIES = 1 << ENTITY_BITS  # an identity is one int64: the entity's code under the milliseconds of its bucket
CHUNK = 16_384  # identities in a closed chunk of a checkpoint: 32 KB or some more, so that a commit rewrites little
BUCKETS_MS = (60_000, 600_000)  # the least and the greatest stretch of time that is forgotten at once
_ENTITY_MASK = np.int64(MAX_ENTITIES - 1)
_RADIX_ENTITIES = 1 << 16  # numpy sorts 16-bit keys by radix, six times as fast


@dataclass(slots=True)
class _Bucket:
    """The identities of one stretch of event time: `parts` in order of acceptance, `runs` sorted for lookups.

    Runs are made when first asked for, and merged so that each is more than twice as long as the next: a row is sorted
    again a logarithmic number of times, and a lookup asks a logarithmic number of runs.
    """

    parts: list[NDArray[np.int64]] = field(default_factory=list)
    runs: list[NDArray[np.int64]] = field(default_factory=list)
    unsorted: list[NDArray[np.int64]] = field(default_factory=list)  # parts that no run holds yet
    count: int = 0
    long: int = 0  # parts that are not joined again
    reported: int = 0  # identities that the last look at the changes has seen

    def add(self, keys: NDArray[np.int64]) -> None:
        self.parts.append(keys)
        self.unsorted.append(keys)
        self.count += len(keys)

    def contains(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the keys (sorted) were added before."""
        if self.unsorted:
            self.runs.append(np.sort(np.concatenate(self.unsorted)))
            self.unsorted = []
            while len(self.runs) > 1 and len(self.runs[-2]) <= 2 * len(self.runs[-1]):
                last = self.runs.pop()
                self.runs[-1] = np.sort(np.concatenate([self.runs[-1], last]))
        found = np.zeros(len(keys), np.bool_)
        for run in self.runs:
            if len(run):
                found |= run[np.minimum(np.searchsorted(run, keys), len(run) - 1)] == keys
        return found

    def join(self) -> None:
        """Join the short parts, so that many of them do not pile up; long ones are not copied."""
        parts, short = self.parts[: self.long], list[NDArray[np.int64]]()
        for part in self.parts[self.long :]:
            if len(part) < CHUNK:
                short.append(part)
                continue
            parts += [_joined(short)] if short else []
            parts.append(part)
            short = []
        self.parts = parts + ([_joined(short)] if short else [])
        self.long = len(parts)
        if not self.runs:  # nothing was looked up yet: do not keep the short parts beside their join
            self.unsorted = self.parts[:]

    def recode(self, codes: NDArray[np.int64]) -> None:
        """Give its entities their new codes, which have the order of the old ones: runs stay sorted."""
        renewed: dict[int, NDArray[np.int64]] = {}  # a part may stand in several lists
        for arrays in (self.parts, self.runs, self.unsorted):
            for at, keys in enumerate(arrays):
                if id(keys) not in renewed:
                    renewed[id(keys)] = (keys & ~_ENTITY_MASK) | codes[keys & _ENTITY_MASK]
                arrays[at] = renewed[id(keys)]
        self.reported = 0

    def chunks(self, first: int) -> Iterator[tuple[int, bytes]]:
        """The chunks from the number `first` on; all but the last one never change again."""
        number, skipped = first, first * CHUNK
        taken: list[NDArray[np.int64]] = []
        room = CHUNK
        for part in self.parts:
            rest, skipped = part[skipped:], max(0, skipped - len(part))
            while len(rest) >= room:
                yield number, encode(_joined([*taken, rest[:room]]))
                number, rest, taken, room = number + 1, rest[room:], [], CHUNK
            if len(rest):
                taken.append(rest)
                room -= len(rest)
        if taken:
            yield number, encode(_joined(taken))


class Identities:
    """The (entity, time) pairs accepted by one source within its lateness.

    A row newer than everything its entity ever sent is new without a look; only the others are searched for.
    """

    def __init__(self, lateness_ms: int) -> None:
        self.bucket_ms = min(max(lateness_ms // 8, BUCKETS_MS[0]), BUCKETS_MS[1])
        self._newest = np.full(1024, BEGINNING, np.int64)
        self._buckets: dict[int, _Bucket] = {}
        self._dropped: list[str] = []

    def admit(self, entity: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Which rows are no duplicates (of kept rows, or of an earlier row of this batch); None when all are new."""
        if not len(time):
            return None
        self._grow(int(entity.max()) + 1)
        if self._admit_rising(entity, time):
            return None
        compact = entity.astype(np.uint16) if len(self._newest) <= _RADIX_ENTITIES else entity
        order = np.argsort(compact, kind="stable")
        entities, times = entity[order], time[order]
        oldest = int(times.min())
        ramp = entities * np.int64(int(times.max()) - oldest + 1) + (times - oldest)
        highest = np.maximum.accumulate(ramp)
        # Within an entity the ramp rises with time, and the next entity starts above: a row that does not rise above
        # the highest so far is not newer than an earlier row of its own entity.
        doubtful = times <= self._newest[entities]
        doubtful[1:] |= ramp[1:] <= highest[:-1]
        if not doubtful.any():
            last = np.flatnonzero(entities[1:] != entities[:-1])
            last = np.append(last, len(entities) - 1)
            self._newest[entities[last]] = times[last]
            self._add(entities, times)
            return None
        certain = order[~doubtful]
        self._add(entity[certain], time[certain])
        np.maximum.at(self._newest, entity[certain], time[certain])
        suspects = np.sort(order[doubtful])  # back in order of arrival: the first of equal rows is the one that counts
        new = self._first_seen(entity[suspects], time[suspects])
        if new.all():
            return None
        admitted = np.ones(len(time), np.bool_)
        admitted[suspects[~new]] = False
        return admitted

    def _admit_rising(self, entity: NDArray[np.int32], time: NDArray[np.int64]) -> bool:
        """Admit a batch that rises by (time, entity) and is newer than all before: what a feed in order looks like."""
        first, last = int(time[0]) // self.bucket_ms, int(time[-1]) // self.bucket_ms
        if not 0 <= last - first < len(time) or (last - first + 1) * self.bucket_ms >= 1 << (63 - ENTITY_BITS):
            return False
        keys = self._keys(first, entity, time)
        if not (keys[1:] > keys[:-1]).all() or (time <= self._newest[entity]).any():
            return False
        self._newest[entity] = time  # times rise, and of equal targets the last assignment stays
        shift = np.int64(self.bucket_ms << ENTITY_BITS)
        cuts = np.searchsorted(keys, np.arange(1, last - first + 1) * shift)
        for bucket, part in enumerate(np.split(keys, cuts)):
            if len(part):
                self._buckets.setdefault(first + bucket, _Bucket()).add(part - bucket * shift)
        return True

    def forget(self, before_ms: int) -> None:
        """Drop what is older than the oldest row that can still be accepted."""
        for index in [index for index in self._buckets if (index + 1) * self.bucket_ms <= before_ms]:
            bucket = self._buckets.pop(index)
            self._dropped += [f"{index}/{chunk}" for chunk in range(-(-bucket.count // CHUNK))]

    def live(self, entities: int) -> NDArray[np.bool_]:
        """Which entities it holds an identity of, shape (entities,)."""
        found = np.zeros(entities, np.bool_)
        for bucket in self._buckets.values():
            for keys in bucket.parts:
                found[keys & _ENTITY_MASK] = True
        return found

    def keep(self, kept: NDArray[np.int64], codes: NDArray[np.int32]) -> None:
        """Leave out all entities but these (ascending); `codes`: the new ones, by old code."""
        newest = self._newest[kept[: np.searchsorted(kept, len(self._newest))]]
        self._newest = np.full(1 << max(10, (len(newest) - 1).bit_length()), BEGINNING, np.int64)
        self._newest[: len(newest)] = newest
        wide = codes.astype(np.int64)
        for bucket in self._buckets.values():
            bucket.recode(wide)

    def __len__(self) -> int:
        return sum(bucket.count for bucket in self._buckets.values())

    def changed(self) -> Iterator[tuple[str, bytes | None]]:
        """Chunks to write since the last call, by name `bucket/chunk`; None: delete."""
        for name in self._dropped:
            yield name, None
        self._dropped = []
        for index, bucket in self._buckets.items():
            if bucket.count > bucket.reported:
                bucket.join()
                yield from _named(index, bucket.chunks(bucket.reported // CHUNK))
                bucket.reported = bucket.count

    def snapshot(self) -> Iterator[tuple[str, bytes]]:
        """Everything, as chunks of the same names that `changed` uses."""
        for index, bucket in self._buckets.items():
            bucket.join()
            yield from _named(index, bucket.chunks(0))

    def load(self, chunks: dict[tuple[int, int], bytes]) -> None:
        """Take over the chunks of a snapshot, keyed by (bucket, chunk). Raises ValueError for damaged ones."""
        other = set()  # buckets whose chunks had another size: they are written anew
        for (index, chunk), payload in sorted(chunks.items()):
            keys = decode(payload)
            if len(keys) != CHUNK and (len(keys) > CHUNK or (index, chunk + 1) in chunks):
                other.add(index)
            bucket = self._buckets.setdefault(index, _Bucket())
            bucket.add(keys)
            entity = (keys & (MAX_ENTITIES - 1)).astype(np.int64)
            if len(keys):
                self._grow(int(entity.max()) + 1)
                np.maximum.at(self._newest, entity, (keys >> ENTITY_BITS) + index * self.bucket_ms)
        self._dropped += [f"{index}/{chunk}" for index, chunk in chunks if index in other]
        for index, bucket in self._buckets.items():
            if index not in other:
                bucket.join()
                bucket.reported = bucket.count

    def regroup(self, chunks: dict[tuple[int, int], bytes], bucket_ms: int) -> None:
        """Take over the chunks of a snapshot whose buckets had another length."""
        for (index, _), payload in sorted(chunks.items()):
            keys = decode(payload)
            entity, time = (keys & (MAX_ENTITIES - 1)).astype(np.int32), (keys >> ENTITY_BITS) + index * bucket_ms
            if len(keys):
                self._grow(int(entity.max()) + 1)
                np.maximum.at(self._newest, entity, time)
            self._add(entity, time)

    def _grow(self, entities: int) -> None:
        if entities > MAX_ENTITIES:
            raise ValueError(f"a source has at most {MAX_ENTITIES} entities")
        if entities > len(self._newest):
            room = 1 << (entities - 1).bit_length()
            self._newest = np.concatenate([self._newest, np.full(room - len(self._newest), BEGINNING, np.int64)])

    def _by_bucket(self, time: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.intp] | slice]]:
        first, last = int(time.min()) // self.bucket_ms, int(time.max()) // self.bucket_ms
        if first == last:
            yield first, slice(None)
            return
        index = time // self.bucket_ms - first
        dense = last - first < len(time)
        found = np.flatnonzero(np.bincount(index)) if dense else np.unique(index)
        for bucket in found.tolist():
            yield first + bucket, np.flatnonzero(index == bucket)

    def _keys(self, bucket: int, entity: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.int64]:
        keys: NDArray[np.int64] = ((time - bucket * self.bucket_ms) << ENTITY_BITS) | entity
        return keys

    def _add(self, entity: NDArray[np.int32], time: NDArray[np.int64]) -> None:
        if not len(time):
            return
        for index, rows in self._by_bucket(time):
            self._buckets.setdefault(index, _Bucket()).add(self._keys(index, entity[rows], time[rows]))

    def _first_seen(self, entity: NDArray[np.int32], time: NDArray[np.int64]) -> NDArray[np.bool_]:
        new = np.zeros(len(time), np.bool_)
        for index, rows in self._by_bucket(time):
            bucket = self._buckets.setdefault(index, _Bucket())
            keys, first = np.unique(self._keys(index, entity[rows], time[rows]), return_index=True)
            unseen = ~bucket.contains(keys)
            here = np.arange(len(time))[rows]
            new[here[first[unseen]]] = True
            bucket.add(keys[unseen])
        np.maximum.at(self._newest, entity[new], time[new])
        return new


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _named(bucket: int, chunks: Iterator[tuple[int, bytes]]) -> Iterator[tuple[str, bytes]]:
    return ((f"{bucket}/{number}", payload) for number, payload in chunks)
