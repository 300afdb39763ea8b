"""The checkpoint: state, positions and outputs in one fenced commit, so that nothing is counted or published twice.

Two generations, `a` and `b`, are written in turn: each holds a whole state, the newer one of the last commit, the
other of the one before. A damaged generation is left for the other; what it lacks is read again from the streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgpack
import redis

from metrics import keys
from metrics.commit import DIGEST, SCRIPT, TAKE_OVER
from metrics.generation import META, SEQUENCE, CheckpointError, Damaged, Loaded, checksum, digest, number, read, seal
from metrics.stream import Place, order

LEASE_MS = 5_000  # an owner that has not committed for so long may be replaced; it commits each second
DEAD_LETTERS = 10_000
ALARMS = 100_000  # alarm events that their stream keeps, about: weeks of a bad district
_GENERATIONS = ("a", "b")
Standing = Literal["intact", "lost", "taken"]


class NotOwner(CheckpointError):
    """Another engine has taken the world over (or the world is gone): this commit was refused as a whole."""

    def __init__(self, world: str, epoch: int, owner: int | None) -> None:
        super().__init__(f"world {world}: epoch {epoch} no longer owns it, {owner} does")
        self.world, self.epoch, self.owner = world, epoch, owner


class StoredStateChanged(CheckpointError):
    """The stored checkpoint is not the one this commit builds on: the server has lost its last writes. Load again."""

    def __init__(self, world: str, sequence: int) -> None:
        super().__init__(f"world {world}: commit {sequence} builds on a checkpoint that is no longer stored")
        self.world, self.sequence = world, sequence


@dataclass(frozen=True, slots=True)
class Content:
    """What a commit stores. `changed`: the state's fields that differ from the last commit (None: gone); `snapshot`:
    all of them, needed while `Checkpoint.whole` is true; `edge`: what the worker keeps beside the state."""

    changed: Mapping[str, bytes | None]
    snapshot: Mapping[str, bytes] | None
    places: Mapping[str, Place]
    edge: Mapping[str, Any]
    started_ms: int


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a commit publishes with the state. Payloads are the fields of one stream entry each; None: no entry."""

    values: Mapping[str, str | bytes] | None = None
    completed: Mapping[str, str | bytes] | None = None
    latest: Mapping[str, bytes] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)
    dead: Sequence[Sequence[str]] = ()  # (source, shard, entry, row, field, rule, value)
    values_from_ms: int = 0  # older entries of `values` (by real time) are trimmed
    completed_from_ms: int = 0
    alarms: Sequence[Sequence[str]] = ()  # (id, fingerprint, JSON) of metrics.alarm_event.AlarmEvent
    intake: Mapping[str, str | bytes] | None = None  # trimmed as `completed`
    outlook: Mapping[str, bytes] = field(default_factory=dict)
    gone: Sequence[str] = ()  # series that leave `latest`


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit ready to be sent, again and again if need be: the server applies it once."""

    sequence: int
    keys: tuple[str, ...]
    arguments: list[Any]
    generation: str
    places: Mapping[str, Place]


class Checkpoint:
    """The checkpoint of one world in the hands of one owner."""

    def __init__(self, client: redis.Redis, world: str) -> None:
        self._client = client
        self.world = world
        self.epoch = 0
        self.sequence = 0
        self._pending: dict[str, dict[str, bytes | None]] = {"a": {}, "b": {}}
        self._sums: dict[str, dict[str, int]] = {"a": {}, "b": {}}
        self._stored: dict[str, int | None] = {"a": None, "b": None}  # sequence; None: nothing of ours
        self._places: dict[str, Mapping[str, Place] | None] = {"a": None, "b": None}
        self._whole = {"a", "b"}  # generations that are next written from a snapshot
        self._next = "a"
        self._back_to: int | None = None  # the commit that was gone back to, while later ones have said something
        self.damaged: list[str] = []

    def take_over(self) -> int:
        """Become the owner: from now on every other owner's commits are refused. Returns the epoch."""
        names = (keys.engine(self.world, "owner"), keys.engine(self.world, "lease"))
        epoch: Any = self._client.eval(TAKE_OVER, len(names), *names, LEASE_MS)
        self.epoch = int(epoch)
        return self.epoch

    def leased(self) -> bool:
        """Whether some owner has committed lately."""
        return bool(self._client.exists(keys.engine(self.world, "lease")))

    def load(self, started_ms: int) -> Loaded | None:
        """The newest intact generation, or None for a fresh start; `damaged` then names those that were not intact.

        A checkpoint of another world of the same id (another `started_ms`) counts as none. Raises
        UnknownCheckpointVersion.
        """
        self.damaged = []
        self._stored, self._places = {"a": None, "b": None}, {"a": None, "b": None}
        best: Loaded | None = None
        newest = 0
        for generation in _GENERATIONS:
            raw: Any = self._client.execute_command("HGETALL", self._key(generation))  # type: ignore[no-untyped-call]
            table: dict[bytes, bytes] = raw if isinstance(raw, dict) else dict(zip(raw[::2], raw[1::2], strict=True))
            if not table:
                continue
            newest = max(newest, number(table.get(SEQUENCE)))
            try:
                loaded, started = read(self.world, table)
            except Damaged as damage:
                self.damaged.append(f"{generation}: {damage}")
                continue
            if started == started_ms and (best is None or loaded.sequence > best.sequence):
                best, self._next = loaded, "b" if generation == "a" else "a"
        # beyond every number ever stored, so that a repeated commit can be told from a new one
        self.sequence = newest
        if best is not None:
            kept = "a" if self._next == "b" else "b"
            self._stored[kept], self._places[kept] = best.sequence, best.places
            self._sums[kept] = {name: checksum(name, value) for name, value in best.fields.items()}
        self._back_to = best.sequence if best is not None and best.sequence < newest else None
        self._pending = {"a": {}, "b": {}}
        self._whole = {name for name, stored in self._stored.items() if stored is None}
        return best

    def rewrite(self) -> None:
        """Write both generations as a whole the next time: the state was put together anew."""
        self._whole = {"a", "b"}

    def prepare(self, content: Content, outputs: Outputs) -> Prepared:
        """Build the next commit. One at a time: the next one is prepared when this one is committed."""
        changed, snapshot, places = content.changed, content.snapshot, content.places
        target = self._next
        other = "b" if target == "a" else "a"
        for pending in self._pending.values():
            pending.update(changed)
        whole = target in self._whole
        if whole:
            if snapshot is None:
                raise ValueError("this generation must be written as a whole")
            writes: Mapping[str, bytes | None] = dict(snapshot)
            self._sums[target] = {}
        else:
            writes = self._pending[target]
        sums = self._sums[target]
        deletes: list[str] = []
        sets: list[Any] = []
        for name, payload in writes.items():
            if payload is None:
                deletes.append(name)
                sums.pop(name, None)
            else:
                sums[name] = checksum(name, payload)
                sets += [name, seal(sums[name], payload)]
        sequence = self.sequence + 1
        meta: bytes = msgpack.packb(
            {
                "seq": sequence,
                "started": content.started_ms,
                "places": {key: [place.id, place.read, place.added] for key, place in places.items()},
                "edge": content.edge,
                "fields": len(sums),
                "digest": digest(sums),
            }
        )
        sets += [META, seal(checksum("#", meta), meta), SEQUENCE, sequence]
        stored, beside = self._stored[target], self._stored[other]
        body: list[Any] = [*deletes, *sets, *outputs.gone]
        for table in (
            outputs.latest, outputs.feeds, outputs.outlook, outputs.values or {}, outputs.completed or {},
        ):  # fmt: skip
            for pair in table.items():
                body.extend(pair)
        for letter in outputs.dead:
            body.extend(letter)
        for alarm in outputs.alarms:
            body.extend(alarm)
        for pair in (outputs.intake or {}).items():
            body.extend(pair)
        arguments: list[Any] = [
            self.epoch,
            sequence,
            "" if whole or stored is None else stored,
            "" if beside is None else beside,
            LEASE_MS,
            outputs.values_from_ms,
            outputs.completed_from_ms,
            DEAD_LETTERS,
            len(deletes),
            len(sets),
            2 * len(outputs.latest),
            2 * len(outputs.feeds),
            2 * len(outputs.values or {}),
            2 * len(outputs.completed or {}),
            len(outputs.dead),
            len(outputs.alarms),
            ALARMS,
            2 * len(outputs.intake or {}),
            2 * len(outputs.outlook),
            "" if self._back_to is None else self._back_to,
            len(outputs.gone),
            *body,
        ]
        names = (
            keys.engine(self.world, "owner"),
            self._key(target),
            self._key(other),
            *(
                keys.engine(self.world, part)
                for part in (
                    "values",
                    "completed",
                    "latest",
                    "feeds",
                    "dead",
                    "lease",
                    "alarms",
                    "intake",
                    "outlook",
                    "said",
                )
            ),
        )
        return Prepared(sequence, names, arguments, target, dict(places))

    @property
    def whole(self) -> bool:
        """Whether the next commit needs a snapshot of the whole state."""
        return self._next in self._whole

    def commit(self, prepared: Prepared) -> None:
        """Send a commit. Raises NotOwner, StoredStateChanged (nothing was written), or redis.RedisError (unknown
        whether it was: send the same one again)."""
        answer = self._run(prepared)
        if answer[0] == b"FENCED":
            raise NotOwner(self.world, self.epoch, number(answer[1]) or None)
        if answer[0] == b"CHANGED":
            raise StoredStateChanged(self.world, prepared.sequence)
        generation = prepared.generation
        self._back_to = None
        self.sequence = prepared.sequence
        self._stored[generation], self._places[generation] = prepared.sequence, prepared.places
        self._pending[generation] = {}
        self._whole.discard(generation)
        self._next = "b" if generation == "a" else "a"

    def standing(self) -> Standing:
        """What the server holds of us, asked after a lost connection: all (`intact`), less than we committed
        (`lost`: it lost its last writes, or the world is gone), or another owner's (`taken`)."""
        raw: Any = self._client.get(keys.engine(self.world, "owner"))
        owner = number(raw)
        if owner != self.epoch:
            return "taken" if owner > self.epoch else "lost"
        for generation, stored in self._stored.items():
            if stored is not None:
                have: Any = self._client.execute_command("HGET", self._key(generation), SEQUENCE)  # type: ignore[no-untyped-call]
                if number(have) not in (stored, self.sequence + 1):  # + 1: the answer to it was lost
                    return "lost"
        return "intact"

    def floors(self) -> dict[str, str]:
        """For each stream the id below which no kept checkpoint needs it; empty until both generations are kept."""
        first, second = self._places["a"], self._places["b"]
        if first is None or second is None:
            return {}
        return {key: min(first[key].id, second[key].id, key=order) for key in first.keys() & second.keys()}

    def _key(self, generation: str) -> str:
        return keys.engine(self.world, f"checkpoint:{generation}")

    def _run(self, prepared: Prepared) -> list[bytes]:
        names, arguments = prepared.keys, prepared.arguments
        try:
            answer: Any = self._client.evalsha(DIGEST, len(names), *names, *arguments)
        except redis.exceptions.NoScriptError:
            answer = self._client.eval(SCRIPT, len(names), *names, *arguments)
        result: list[bytes] = answer
        return result
