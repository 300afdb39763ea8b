"""The hub: which topics there are, who listens, and the one encoded frame that all listeners of a topic share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ioc.gateway.catalog import Catalog
from ioc.gateway.tally import Tally
from ioc.gateway.vitals import Vitals
from ioc.live import frame
from ioc.live.diff import Board
from ioc.live.topic import Topic
from metrics.value import Value

Audience: TypeAlias = frozenset[str] | None  # regions that may be seen, with all below them; None: everything


class Listener(Protocol):
    """Somebody who gets frames. `wire` is a frame as it goes over the socket, shared with all other listeners."""

    @property
    def regions(self) -> frozenset[str]: ...
    def deliver(self, topic: str, wire: bytes) -> None: ...
    def owe(self, topic: str) -> None: ...
    def pulse(self, wire: bytes) -> None: ...


@dataclass(slots=True)
class Room:
    """All boards of one world, by scene. A room is filled apart and then installed as a whole."""

    catalog: Catalog
    tally: Tally
    boards: dict[str, Board] = field(default_factory=dict)

    def publish(self, values: Iterable[Value]) -> None:
        for scene, own in self.by_scene(values).items():
            self.board(scene).publish(own)

    def complete(self, values: Iterable[Value]) -> None:
        for scene, own in self.by_scene(values).items():
            self.board(scene).complete(own)

    def drop(self, series: Iterable[str]) -> None:
        """Let go of series that the engine gave up."""
        sorted_out: dict[str, list[str]] = {}
        for name in series:
            sorted_out.setdefault(self.catalog.scenes.get(name.partition("|")[0], ""), []).append(name)
        for scene, own in sorted_out.items():
            if scene in self.boards:
                self.tally.dropped += self.boards[scene].drop(own)

    def by_scene(self, values: Iterable[Value]) -> dict[str, list[Value]]:
        sorted_out: dict[str, list[Value]] = {}
        for value in values:
            scene = self.catalog.scenes.get(value.indicator)
            if scene is None:
                self.tally.unplaced += 1
            elif not self.catalog.shown(value):
                self.tally.deeper += 1
            else:
                sorted_out.setdefault(scene, []).append(value)
        return sorted_out

    def board(self, scene: str) -> Board:
        if scene not in self.boards:
            self.boards[scene] = Board(self.catalog.keep)
        return self.boards[scene]


@dataclass(slots=True)
class Channel:
    """A topic for one audience: its board, its listeners and the newest snapshot as encoded."""

    topic: Topic
    audience: Audience
    board: Board
    listeners: set[Listener] = field(default_factory=set)
    wire: bytes | None = None
    wire_of: tuple[int, frame.Frame] | None = None  # the seq and the world that `wire` shows


@dataclass(slots=True)
class Hub:
    """Everything the gateway knows that is not a socket. `encode` makes the wire form of a frame."""

    encode: Callable[[frame.Frame], bytes]
    tally: Tally
    vitals: Vitals = field(default_factory=Vitals)
    catalog: Catalog | None = None
    rooms: dict[str, Room] = field(default_factory=dict)
    _channels: dict[tuple[Topic, Audience], Channel] = field(default_factory=dict)
    _topics: dict[Listener, set[Topic]] = field(default_factory=dict)

    def enter(self, listener: Listener) -> None:
        """From now on the listener gets heartbeats."""
        self._topics[listener] = set()

    def exit(self, listener: Listener) -> None:
        for topic in list(self._topics.pop(listener, ())):
            self._part(listener, topic)

    def join(self, listener: Listener, topic: Topic) -> None:
        """Owe a snapshot of the topic, then send its deltas. A topic of a world that is not there yet comes with it."""
        self._topics[listener].add(topic)
        if topic.world in self.rooms:
            self._channel(topic, self._audience(listener)).listeners.add(listener)
        listener.owe(str(topic))

    def leave(self, listener: Listener, topic: Topic) -> None:
        self._topics[listener].discard(topic)
        self._part(listener, topic)

    def install(self, world: str, room: Room) -> None:
        """Put a world's room in place of the one it had: whoever listens to it is owed a snapshot."""
        old = self.rooms.get(world)
        for scene, board in room.boards.items():
            board.flush()
            before = old.boards.get(scene) if old is not None else None
            board.seq = 1 if before is None else before.seq + 1
        self.rooms[world] = room
        self._rejoin(world)

    def remove(self, world: str) -> None:
        """A world ended: its topics fall silent; they come back with it."""
        self.rooms.pop(world, None)
        for key in [key for key in self._channels if key[0].world == world]:
            del self._channels[key]

    def publish(self, world: str, values: list[Value]) -> None:
        """Values of a commit, in order."""
        room = self.rooms[world]
        room.publish(values)
        for channel, own in self._restricted(world, room, values):
            channel.board.publish(own)

    def complete(self, world: str, values: list[Value]) -> None:
        """Values of complete windows of a commit, in order."""
        room = self.rooms[world]
        room.complete(values)
        for channel, own in self._restricted(world, room, values):
            channel.board.complete(own)

    def drop(self, world: str, series: list[str]) -> None:
        """Series that were given up: they leave every board, and the next delta says so."""
        self.rooms[world].drop(series)
        for channel in self._channels.values():
            if channel.audience is not None and channel.topic.world == world:
                channel.board.drop(series)

    def flush(self, real_now_ms: int) -> None:
        """Send one delta of each topic that changed to everybody who listens to it."""
        flushed: set[int] = set()
        for channel in list(self._channels.values()):
            change = channel.board.flush()
            flushed.add(id(channel.board))
            if change is None or not channel.listeners:
                continue
            name = str(channel.topic)
            cells = list(change.cells.values())
            wire = self.encode(
                frame.delta(name, change.seq, real_now_ms, cells=cells, series=change.series, gone=change.gone)
            )
            for listener in channel.listeners:
                listener.deliver(name, wire)
        for room in self.rooms.values():  # boards nobody listens to must not pile up what is pending
            for board in room.boards.values():
                if id(board) not in flushed:
                    board.flush()
                self.tally.merged += board.coalesced
                board.coalesced = 0

    def snapshot(self, listener: Listener, name: str, real_now_ms: int) -> bytes | None:
        """The snapshot of a topic for this listener, or None while its world is not there."""
        topic = Topic.parse(name)
        room = self.rooms.get(topic.world)
        if room is None or topic not in self._topics.get(listener, ()):
            return None
        channel = self._channel(topic, self._audience(listener))
        world = self.vitals.worlds.get(topic.world)
        about: frame.Frame = (
            {"id": topic.world} if world is None else frame.world(world, self.vitals.origins.get(world.id, {}))
        )
        if channel.wire is None or channel.wire_of != (channel.board.seq, about):
            now = channel.board.snapshot()
            channel.wire = self.encode(
                frame.snapshot(
                    name, now.seq, real_now_ms, world=about, cells=list(now.cells.values()), series=now.series
                )
            )
            channel.wire_of = (now.seq, about)
        return channel.wire

    def heartbeat(self, real_now_ms: int) -> Callable[[Listener], None]:
        """The state of the path as it is now: what this gives tells it to a listener, for the worlds it listens to."""
        wires: dict[frozenset[str], bytes] = {}

        def tell(listener: Listener) -> None:
            topics = self._topics.get(listener)
            if topics is None:
                return  # it left since
            worlds = frozenset(topic.world for topic in topics)
            if worlds not in wires:
                wires[worlds] = self.encode(self.vitals.frame(worlds, self.catalog, real_now_ms))
            listener.pulse(wires[worlds])

        return tell

    def topics(self) -> Mapping[str, int]:
        """How many listen to each topic."""
        counts: dict[str, int] = {}
        for channel in self._channels.values():
            counts[str(channel.topic)] = counts.get(str(channel.topic), 0) + len(channel.listeners)
        return {topic: count for topic, count in counts.items() if count}

    def _audience(self, listener: Listener) -> Audience:
        regions = listener.regions
        return None if self.catalog is None or self.catalog.sees_all(regions) else regions

    def _channel(self, topic: Topic, audience: Audience) -> Channel:
        channel = self._channels.get((topic, audience))
        if channel is None:
            room = self.rooms[topic.world]
            board = room.board(topic.scene)
            if audience is not None:
                catalog, regions = room.catalog, audience
                board = board.restricted(lambda value: catalog.within(regions, value))
            channel = self._channels[topic, audience] = Channel(topic, audience, board)
        return channel

    def _part(self, listener: Listener, topic: Topic) -> None:
        for key in [(topic, None), (topic, listener.regions)]:
            channel = self._channels.get(key)
            if channel is not None:
                channel.listeners.discard(listener)
                if not channel.listeners:
                    del self._channels[key]

    def _rejoin(self, world: str) -> None:
        for key in [key for key in self._channels if key[0].world == world]:
            del self._channels[key]
        for listener, topics in self._topics.items():
            for topic in topics:
                if topic.world == world:
                    self._channel(topic, self._audience(listener)).listeners.add(listener)
                    listener.owe(str(topic))

    def _restricted(self, world: str, room: Room, values: list[Value]) -> Iterable[tuple[Channel, list[Value]]]:
        channels = [
            channel
            for channel in self._channels.values()
            if channel.audience is not None and channel.topic.world == world
        ]
        if not channels:
            return
        scenes = room.by_scene(values)
        for channel in channels:
            assert channel.audience is not None  # noqa: S101 - chosen so above; for the type checker
            allowed = [v for v in scenes.get(channel.topic.scene, ()) if room.catalog.within(channel.audience, v)]
            if allowed:
                yield channel, allowed
