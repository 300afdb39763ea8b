"""The hub: which topics there are, who listens, and the one encoded frame that all listeners of a topic share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ioc.gateway.catalog import Catalog
from ioc.gateway.desks import Desks
from ioc.gateway.screens import Screens
from ioc.gateway.tally import Tally
from ioc.gateway.vitals import Vitals
from ioc.live import frame
from ioc.live.diff import Board, Delta
from ioc.live.points import Moves, Points, columns
from ioc.live.topic import DESK, OVERVIEW, SCREENS, Topic
from metrics.value import Value
from metrics.whereabouts_row import Row

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
    """All boards of one world, by scene and one of the overview, and its layers, by scene and layer. A room is filled
    apart and then installed as a whole."""

    catalog: Catalog
    tally: Tally
    boards: dict[str, Board] = field(default_factory=dict)
    layers: dict[str, Points] = field(default_factory=dict)

    def move(self, changes: Mapping[str, Mapping[str, Row | None]]) -> None:
        """Rows of layers (`scene/layer`)."""
        for name, rows in changes.items():
            self.points(name).move(rows)

    def points(self, layer: str) -> Points:
        if layer not in self.layers:
            self.layers[layer] = Points()
        return self.layers[layer]

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
        if OVERVIEW in self.boards:
            self.boards[OVERVIEW].drop(name for names in sorted_out.values() for name in names)
        for scene, own in sorted_out.items():
            if scene in self.boards:
                self.tally.dropped += self.boards[scene].drop(own)

    def by_scene(self, values: Iterable[Value]) -> dict[str, list[Value]]:
        """The values of each scene, and once more those that the overview shows."""
        sorted_out: dict[str, list[Value]] = {}
        for value in values:
            scene = self.catalog.scenes.get(value.indicator)
            if scene is None:
                self.tally.unplaced += 1
            elif not self.catalog.shown(value):
                self.tally.deeper += 1
            else:
                sorted_out.setdefault(scene, []).append(value)
                if self.catalog.briefly(value):
                    sorted_out.setdefault(OVERVIEW, []).append(value)
        return sorted_out

    def board(self, scene: str) -> Board:
        if scene not in self.boards:
            self.boards[scene] = Board(self.catalog.keep_brief if scene == OVERVIEW else self.catalog.keep)
        return self.boards[scene]


@dataclass(slots=True)
class Channel:
    """A topic for one audience: its board or layer, its listeners and the newest snapshot as encoded."""

    topic: Topic
    audience: Audience
    board: Board | Points
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
    screens: Screens = field(init=False)
    desks: Desks = field(init=False)
    _channels: dict[tuple[Topic, Audience], Channel] = field(default_factory=dict)
    _topics: dict[Listener, set[Topic]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.screens = Screens(self.encode)
        self.desks = Desks(self.encode)

    def enter(self, listener: Listener) -> None:
        """From now on the listener gets heartbeats."""
        self._topics[listener] = set()

    def exit(self, listener: Listener) -> None:
        for topic in list(self._topics.pop(listener, ())):
            self._part(listener, topic)
        self.screens.leave(listener)
        self.desks.leave(listener)

    def join(self, listener: Listener, topic: Topic) -> None:
        """Owe a snapshot of the topic, then send its deltas. A topic of a world that is not there yet comes with it."""
        self._topics[listener].add(topic)
        if topic.world == SCREENS:
            self.screens.follow(listener, topic.scene)
        elif topic.scene == DESK:
            self.desks.follow(listener, topic.world, listener.regions)
        elif topic.world in self.rooms:
            self._channel(topic, self._audience(listener)).listeners.add(listener)
        listener.owe(str(topic))

    def leave(self, listener: Listener, topic: Topic) -> None:
        self._topics[listener].discard(topic)
        self._part(listener, topic)
        if topic.world == SCREENS:
            self.screens.leave(listener, topic.scene)
        elif topic.scene == DESK:
            self.desks.leave(listener, topic.world)

    def install(self, world: str, room: Room) -> None:
        """Put a world's room in place of the one it had: whoever listens to it is owed a snapshot."""
        old = self.rooms.get(world)
        for scene, board in room.boards.items():
            board.flush()
            before = old.boards.get(scene) if old is not None else None
            board.seq = 1 if before is None else before.seq + 1
        for name, layer in room.layers.items():
            layer.flush()
            stood = old.layers.get(name) if old is not None else None
            layer.seq = 1 if stood is None else stood.seq + 1
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
        for board, own in self._restricted(world, room, values):
            board.publish(own)

    def complete(self, world: str, values: list[Value]) -> None:
        """Values of complete windows of a commit, in order."""
        room = self.rooms[world]
        room.complete(values)
        for board, own in self._restricted(world, room, values):
            board.complete(own)

    def move(self, world: str, changes: Mapping[str, Mapping[str, Row | None]]) -> None:
        """Rows of layers (`scene/layer`), as the engine told them."""
        self.rooms[world].move(changes)
        for channel in self._channels.values():
            name = f"{channel.topic.scene}/{channel.topic.layer}"
            own = isinstance(channel.board, Points) and channel.audience is not None
            if own and channel.topic.world == world and name in changes:
                channel.board.move(changes[name])  # type: ignore[union-attr]

    def drop(self, world: str, series: list[str]) -> None:
        """Series that were given up: they leave every board, and the next delta says so."""
        self.rooms[world].drop(series)
        for channel in self._channels.values():
            if isinstance(channel.board, Board) and channel.audience is not None and channel.topic.world == world:
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
            wire = self.encode(_delta(name, change, real_now_ms))
            for listener in channel.listeners:
                listener.deliver(name, wire)
        for room in self.rooms.values():  # boards nobody listens to must not pile up what is pending
            held: list[Board | Points] = [*room.boards.values(), *room.layers.values()]
            for board in held:
                if id(board) not in flushed:
                    board.flush()
                self.tally.merged += board.coalesced
                board.coalesced = 0

    def snapshot(self, listener: Listener, name: str, real_now_ms: int) -> bytes | None:
        """The snapshot of a topic for this listener, or None while its world is not there."""
        topic = Topic.parse(name)
        if topic.world == SCREENS:
            joined = topic in self._topics.get(listener, ())
            return self.screens.snapshot(topic.scene, real_now_ms) if joined else None
        if topic.scene == DESK:
            return self.desks.snapshot(topic.world, listener.regions, real_now_ms)
        room = self.rooms.get(topic.world)
        if room is None or topic not in self._topics.get(listener, ()):
            return None
        channel = self._channel(topic, self._audience(listener))
        world = self.vitals.worlds.get(topic.world)
        about: frame.Frame = (
            {"id": topic.world} if world is None else frame.world(world, self.vitals.origins.get(world.id, {}))
        )
        if channel.wire is None or channel.wire_of != (channel.board.seq, about):
            channel.wire = self.encode(_snapshot(name, channel.board, real_now_ms, about))
            channel.wire_of = (channel.board.seq, about)
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
        counts: dict[str, int] = {**self.screens.following(), **self.desks.following()}
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
            channel = self._channels[topic, audience] = Channel(topic, audience, _seen(room, topic, audience))
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
                if topic.world == world and topic.scene != DESK:
                    self._channel(topic, self._audience(listener)).listeners.add(listener)
                    listener.owe(str(topic))

    def _restricted(self, world: str, room: Room, values: list[Value]) -> Iterable[tuple[Board, list[Value]]]:
        channels = [
            (channel.board, channel.audience, channel.topic.scene)
            for channel in self._channels.values()
            if channel.audience is not None and channel.topic.world == world and isinstance(channel.board, Board)
        ]
        if not channels:
            return
        scenes = room.by_scene(values)
        for board, audience, scene in channels:
            allowed = [value for value in scenes.get(scene, ()) if room.catalog.within(audience, value)]
            if allowed:
                yield board, allowed


def _seen(room: Room, topic: Topic, audience: Audience) -> Board | Points:
    """The board or layer of a topic, as an audience may see it."""
    catalog = room.catalog
    if topic.layer:
        layer = room.points(f"{topic.scene}/{topic.layer}")
        return layer if audience is None else layer.restricted(lambda code: catalog.holds(audience, code))
    board = room.board(topic.scene)
    return board if audience is None else board.restricted(lambda value: catalog.within(audience, value))


def _delta(name: str, change: Delta | Moves, at_ms: int) -> frame.Frame:
    if isinstance(change, Moves):
        return frame.moves(name, change.seq, at_ms, points=columns(change.rows), left=change.left)
    cells = list(change.cells.values())
    return frame.delta(name, change.seq, at_ms, cells=cells, series=change.series, gone=change.gone)


def _snapshot(name: str, board: Board | Points, at_ms: int, world: frame.Frame) -> frame.Frame:
    if isinstance(board, Points):
        stand = board.snapshot()
        return frame.stand(name, stand.seq, at_ms, world=world, points=columns(stand.rows))
    now = board.snapshot()
    return frame.snapshot(name, now.seq, at_ms, world=world, cells=list(now.cells.values()), series=now.series)
