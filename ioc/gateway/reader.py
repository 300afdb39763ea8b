"""The reader: follows the published values of every world, from a snapshot without a hole or an overlap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgpack
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from ioc.gateway.hub import Hub, Room
from ioc.gateway.tally import Tally
from metrics import keys
from metrics.value import Value
from metrics.value_form import UnknownValueVersion, unpack_values
from metrics.whereabouts_row import Row, unpack_row
from metrics.world import World

ENTRY_VERSION = b"1"
BEGINNING = b"0-0"
CHUNK = 200  # entries per read: a commit of a large world is 100 kB, so this stays in the tens of MB
ROWS = 2_000  # rows of a layer that are decoded before others get their turn: some 20 ms
BLOCK_MS = 250  # how long a new world or a reload may have to wait for the read in progress
PAUSE_S = 0.2  # between attempts while Valkey is away
AWAY = (RedisError, OSError, TimeoutError)


@dataclass(slots=True)
class Position:
    """How far the streams of a world have been read, as entry ids; `added` = entries `values` had ever had then."""

    values: bytes
    completed: bytes
    added: int
    moves: bytes = BEGINNING


@dataclass(slots=True)
class Reader:
    """Fills the hub. `follow` names the worlds; `distrust` has one read anew."""

    client: Redis
    hub: Hub
    tally: Tally
    positions: dict[str, Position] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # set when the hub has something to flush
    _wanted: set[str] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _log: Any = field(default_factory=structlog.get_logger)

    def follow(self, worlds: Iterable[str]) -> None:
        """The worlds there are now."""
        self._wanted = set(worlds)
        self._wake.set()

    def distrust(self, world: str | None = None) -> None:
        """The stream of this world (None: of all) may have a hole: read it anew and send everybody a snapshot."""
        for name in [world] if world is not None else list(self.positions):
            if self.positions.pop(name, None) is not None:
                self.tally.reloads += 1

    def check(self, world: str, info: Mapping[str, Any], before: Position) -> None:
        """Distrust a world whose stream `values` (XINFO STREAM) no longer continues from where it had been read.

        `before` is a copy of the position from before `info` was asked for.
        """
        last, gone = _id(info["last-generated-id"]), _id(info["max-deleted-entry-id"])
        at = _id(before.values)
        if last < at or gone > at or int(info["entries-added"]) < before.added:
            self._log.warning("stream_broken", world=world, position=before.values.decode(), last=str(last))
            if world in self.positions:
                self.distrust(world)
        elif world in self.positions:
            self.positions[world].added = int(info["entries-added"])

    async def run(self) -> None:
        """Read until cancelled. A server that is away is waited for."""
        away = False
        while True:
            try:
                await self._round()
                away = False
            except AWAY as problem:
                if not away:
                    self._log.warning("values_not_read", error=str(problem) or type(problem).__name__)
                away = True
                await asyncio.sleep(PAUSE_S)

    async def _round(self) -> None:
        for world in [world for world in self.hub.rooms if world not in self._wanted]:
            self.positions.pop(world, None)
            self.hub.remove(world)
        for world in [world for world in self._wanted if world not in self.positions]:
            await self._start(world)
        if not self.positions:
            self._wake.clear()
            await self._wake.wait()
            return
        await self._read()

    async def _start(self, world: str) -> None:
        """Read the newest values and the end of the stream in one instant, then the completed values up to there."""
        catalog = self.hub.catalog
        if catalog is None:
            return
        values, completed = keys.engine(world, "values"), keys.engine(world, "completed")
        pipe = self.client.pipeline(transaction=True)
        pipe.xrevrange(values, count=1)
        pipe.xrevrange(completed, count=1)
        pipe.hgetall(keys.engine(world, "latest"))
        pipe.xinfo_stream(values)
        pipe.xinfo_stream(completed)
        pipe.xrevrange(keys.engine(world, "moves"), count=1)
        pipe.xinfo_stream(keys.engine(world, "moves"))
        for layer in catalog.layers:
            pipe.hgetall(keys.engine(world, f"where:{layer}"))
        replies = await pipe.execute(raise_on_error=False)
        newest, newest_complete, latest, about, about_complete, newest_move, about_moves, *stood = replies
        for reply in (newest, newest_complete, latest, newest_move, *stood):
            if isinstance(reply, Exception):
                raise reply
        room = Room(catalog, self.tally)
        for layer, rows in zip(catalog.layers, stood, strict=True):
            told = list(rows.items())
            for first in range(0, len(told), ROWS):
                room.move({layer: self._rows(dict(told[first : first + ROWS]), packed=True)})
                await asyncio.sleep(0)  # tens of thousands of entities must not hold up the sockets
        for packed in latest.values():
            room.publish(self._unpack(packed))
        end = _end(newest_complete, about_complete)
        at = BEGINNING
        while _id(at) < _id(end):
            entries: Any = await self.client.xrange(completed, b"(" + at, end, count=CHUNK)
            if not entries:
                break
            for _, entry in entries:
                room.complete(self._entry(entry))
            at = entries[-1][0]
            await asyncio.sleep(0)  # decoding a day of values must not hold up the sockets
        if world not in self._wanted:
            return
        added = 0 if isinstance(about, Exception) else int(about["entries-added"])
        self.hub.install(world, room)
        self.positions[world] = Position(_end(newest, about), end, added, _end(newest_move, about_moves))
        self._log.info("world_loaded", world=world, scenes=sorted(room.boards))

    async def _read(self) -> None:
        streams: dict[bytes, tuple[str, str]] = {}
        since: dict[Any, Any] = {}
        for world, position in self.positions.items():
            places = (("values", position.values), ("completed", position.completed), ("moves", position.moves))
            for part, at in places:
                key = keys.engine(world, part)
                streams[key.encode()] = (world, part)
                since[key] = at
        reply: Any = await self.client.xread(since, count=CHUNK, block=BLOCK_MS)
        came: dict[str, dict[str, Any]] = {}
        for key, entries in reply:
            world, part = streams[key]
            came.setdefault(world, {})[part] = entries
        for world, parts in came.items():
            if world not in self.positions or world not in self.hub.rooms:  # distrusted while we waited
                continue
            position, published = self.positions[world], parts.get("values", [])
            if any(self._begun_anew(world, entry) for _, entry in published):
                continue  # all of it is read from the beginning
            for at, entry in published:
                self.hub.publish(world, self._entry(entry))
                self.hub.drop(world, self._gone(entry))
                position.values = at
            # What is published comes before what is complete: where more of the first waits, the second waits too.
            until = _id(published[-1][0])[0] if len(published) == CHUNK else None
            for at, entry in parts.get("completed", []):
                if until is not None and _id(at)[0] > until:
                    break
                self.hub.complete(world, self._entry(entry))
                position.completed = at
            for at, entry in parts.get("moves", []):
                if b"anew" in entry:  # layers were told anew as a whole: what stands is in their hashes
                    self.distrust(world)
                    break
                self.hub.move(world, self._moves(entry))
                position.moves = at
            self.changed.set()

    def _entry(self, entry: Mapping[bytes, bytes]) -> list[Value]:
        if entry.get(b"v") != ENTRY_VERSION or b"b" not in entry:
            self.tally.undecodable += 1
            self._log.error("value_entry_refused", version=str(entry.get(b"v")), speaks=ENTRY_VERSION.decode())
            return []
        self.tally.entries += 1
        return self._unpack(entry[b"b"])

    def _begun_anew(self, world: str, entry: Mapping[bytes, bytes]) -> bool:
        """Whether the world was begun anew with this entry, which then says what it is now: it is read anew at once,
        and nobody is told of one moment with the clock of another."""
        if b"anew" not in entry:
            return False
        try:
            now = World.from_json(entry[b"anew"])
        except (ValueError, KeyError, TypeError) as problem:
            self._log.error("anew_unreadable", error=repr(problem))
            self.tally.undecodable += 1
            return False
        self.hub.vitals = replace(self.hub.vitals, worlds={**self.hub.vitals.worlds, world: now})
        self.distrust(world)
        return True

    def _gone(self, entry: Mapping[bytes, bytes]) -> list[str]:
        """The series that were given up with this entry."""
        if b"gone" not in entry:
            return []
        try:
            names = msgpack.unpackb(entry[b"gone"])
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise TypeError("not a list of series")
        except (ValueError, TypeError) as problem:
            self._log.error("gone_unreadable", error=repr(problem))
            self.tally.undecodable += 1
            return []
        return names

    def _moves(self, entry: Mapping[bytes, bytes]) -> dict[str, dict[str, Row | None]]:
        """Rows by layer; layers that the definitions in force do not name are left out."""
        assert self.hub.catalog is not None  # noqa: S101 - worlds are read once there are definitions
        try:
            said = msgpack.unpackb(entry[b"b"])
            return {name: self._rows(rows) for name, rows in said.items() if name in self.hub.catalog.layers}
        except (KeyError, ValueError, TypeError, AttributeError) as problem:
            self._log.error("moves_unreadable", error=repr(problem))
            self.tally.undecodable += 1
            return {}

    def _rows(self, said: Mapping[Any, Any], *, packed: bool = False) -> dict[str, Row | None]:
        found: dict[str, Row | None] = {}
        for entity, row in said.items():
            name = entity.decode() if isinstance(entity, bytes) else entity
            try:
                found[name] = unpack_row(row) if packed else None if row is None else Row.of(row)
            except (ValueError, TypeError) as problem:
                self._log.error("row_refused", entity=name, error=str(problem))
                self.tally.undecodable += 1
        return found

    def _unpack(self, packed: bytes) -> list[Value]:
        try:
            values = unpack_values(packed)
            for value in values:
                if not (isinstance(value.window_end, int) and isinstance(value.value, float | int | None)):
                    raise TypeError(f"value of {value.indicator!r}")
        except UnknownValueVersion as problem:
            self._log.error("values_refused", error=str(problem))
        except (ValueError, TypeError, AttributeError) as problem:
            self._log.error("values_unreadable", error=repr(problem))
        else:
            self.tally.values += len(values)
            return values
        self.tally.undecodable += 1
        return []


def _end(newest: list[tuple[bytes, Any]], about: Any) -> bytes:
    """The id of the newest entry there ever was; of an empty or absent stream its last id, or the beginning."""
    if newest:
        return newest[0][0]
    if isinstance(about, ResponseError):  # no such key
        return BEGINNING
    if isinstance(about, Exception):
        raise about
    last: bytes = about["last-generated-id"]
    return last


def _id(text: bytes | str) -> tuple[int, int]:
    """An entry id as it is ordered."""
    ms, _, number = (text.decode() if isinstance(text, bytes) else text).partition("-")
    return int(ms), int(number or 0)
