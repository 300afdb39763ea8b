"""A play: a city's deliveries go through the real serving of a world, on a simulated server, as its schedule says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import redis

from metrics import keys
from metrics.checkpoint import NotOwner
from metrics.definition import Bundle, load
from metrics.serving import Serving
from metrics.stream import order
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.world import World
from tests.simulation.admission import Admission
from tests.simulation.city import City
from tests.simulation.deliveries import Sent, closing, deliveries, packed, plain
from tests.simulation.schedule import Turn, schedule
from tests.simulation.span import HOUR, MINUTE
from tests.simulation.world import Client, Server

WORLD = World("sim", "exercise", started_ms=1)
Alter = Callable[[Serving], None]  # puts a defect into an engine that has just begun


class Surprise(AssertionError):
    """Something happened that must not."""


@dataclass
class Life:
    """One engine: it dies as a whole."""

    serving: Serving
    client: Client
    heads: dict[str, str]  # stream -> the newest entry it was seen to hold
    outstanding: bool = False  # the answer to its last commit did not come


@dataclass
class Played:
    """What is left when the curtain falls. `published`, `completed`: (number of the commit, value) in order."""

    city: City
    admission: Admission
    published: list[tuple[int, Value]]
    completed: list[tuple[int, Value]]
    watermarks: list[dict[str, int]]
    feeds: dict[str, dict[str, Any]]
    dead: list[dict[str, str]]
    alarms: list[dict[str, Any]]
    crashes: int
    refused: int


class Play:
    """The stage of one run."""

    def __init__(
        self,
        city: City,
        *,
        faults: bool = True,
        alter: Alter | None = None,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.city = city
        self.server = Server()
        self.admission = Admission(city)
        self._bundle: Bundle = load(city.bundle)
        self._turns = schedule(city, faults=faults)
        self._draw = Random(f"play {city.seed} {faults}")
        self._alter = alter
        self._told = told
        self._streams = {keys.observations(WORLD.id, name): name for name, feed in city.feeds.items() if not feed.parts}
        self._sent: dict[str, dict[str, list[Sent]]] = {stream: {} for stream in self._streams}  # entry id -> its rows
        self._committed = self.admission.saved()
        self._pending = self._committed
        self._sleepers: list[Life] = []
        self.crashes = self.refused = 0
        self._life = self._begin()

    def run(self) -> Played:
        """From the first turn to the last window."""
        waiting = deliveries(self.city)
        for turn in self._turns:
            count = sum(one.arrives <= turn.true_time for one in waiting)
            self._deliver(waiting[:count])
            del waiting[:count]
            self._play(turn)
        self._close(waiting)
        return self._played()

    # ---- the outside world ----

    def _deliver(self, rows: list[Sent]) -> None:
        for source, run in itertools.groupby(rows, lambda one: one.source):
            stream, left = keys.observations(WORLD.id, source), list(run)
            while left:
                if self._draw.random() < 0.5:
                    several = left[: self._draw.choice((3, 40))]
                    self.server.append(stream, packed(several))
                else:
                    several = left[:1]
                    self.server.append(stream, plain(left[0], self._draw))
                self._sent[stream][self.server.head(stream)] = several
                del left[: len(several)]

    def _close(self, waiting: list[Sent]) -> None:
        """The rest arrives, then a last row of each source; the engine reads all of it and commits."""
        self._deliver(waiting)
        until = max([*(turn.clock for turn in self._turns), *(one.arrives for one in waiting)])
        last = until + HOUR
        calm = Turn(last, until, 1.0, 1, False, True, True, True, "committed")
        self._play(calm)
        self._deliver(closing(self.city, last))
        for minutes in (0, 1, 2):
            self._play(Turn(last, last + minutes * MINUTE, 1.0, 1, False, True, True, False, "committed"))

    # ---- the engine ----

    def _begin(self) -> Life:
        client = Client(self.server)
        ticks = itertools.count()
        # a clock that shows 1 ms more at each look: what is left over is continued after so many looks
        serving = Serving(cast(redis.Redis, client), WORLD, self._bundle, lambda: next(ticks) / 1000)
        damaged = serving.begin(self.city.base)
        if damaged:
            raise Surprise(f"the checkpoint was damaged: {damaged}")
        if self.city.seed % 3 == 0:  # idle codes are given up at once, not when there are thousands of them
            expiry = serving._state.expiry
            expiry.floor, expiry.idle_share, expiry.every_ms = 1, 0.0, 0
        if self._alter is not None:
            self._alter(serving)
        self.admission.restore(self._committed)
        return Life(serving, client, self._heads())

    def _play(self, turn: Turn) -> None:
        self._told(f"{turn.fate}, clock {turn.clock - self.city.base:+d} ms, reads {turn.reads:.0%}")
        if turn.wakes:
            self._wake(turn)
        life = self._life
        if turn.looks:
            self._look(life, turn.clock)
        for stream, name in self._streams.items():
            entries = self.server.after(stream, life.serving.places[stream].id)
            entries = entries[: round(turn.reads * len(entries))]
            read: list[Sent] = []
            size = max(1, -(-len(entries) // turn.cuts))
            for cut in range(0, len(entries), size):
                part = entries[cut : cut + size]
                life.serving.receive(stream, part)
                if turn.fate == "killed after reading":
                    return self._die()
                read += [row for entry in part for row in self._sent[stream][entry[0].decode()]]
                if turn.absorbs or cut + size >= len(entries):
                    life.serving.absorb(turn.clock)
                    self.admission.sources[name].take(read, turn.clock)
                    read = []
        if turn.fate == "killed after absorbing":
            return self._die()
        self._advance(life, turn)
        if turn.fate == "killed after the step":
            return self._die()
        self._commit(life, turn)
        if turn.tidies and life is self._life:
            life.serving.tidy(turn.clock)
        return None

    def _look(self, life: Life, clock: int) -> None:
        life.serving.refresh(clock)
        life.heads = self._heads()

    def _heads(self) -> dict[str, str]:
        return {stream: self.server.head(stream) for stream in self._streams}

    def _advance(self, life: Life, turn: Turn) -> None:
        places = {stream: life.serving.places[stream].id for stream in self._streams}
        unread = [stream for stream in self._streams if turn.reads < 1 and self.server.after(stream, places[stream])]
        life.serving.unread(unread)
        for stream, name in self._streams.items():
            behind = stream in unread or order(places[stream]) < order(life.heads[stream])
            self.admission.sources[name].tick(turn.clock, behind)
        life.serving.advance(turn.clock)

    def _commit(self, life: Life, turn: Turn) -> None:
        if not life.outstanding:
            self._pending = self.admission.saved()
        fate, applied = turn.fate, self.server.applied
        life.client.line = {
            "answer lost": "mute", "killed as the commit arrives": "mute", "not arrived": "deaf",
            "killed as the commit is lost": "deaf",
        }.get(fate, "sound")  # type: ignore[assignment]  # fmt: skip
        try:
            life.serving.commit(turn.clock)
            life.outstanding = False
        except (redis.ConnectionError, redis.TimeoutError):
            life.outstanding = True
        life.client.line = "sound"
        if self.server.applied > applied:
            self._committed = self._pending
        if fate.startswith("killed"):
            self._die()
        elif fate == "taken over":
            self._sleepers.append(life)
            self._life = self._begin()
            self._told(f"epoch {self._life.serving.checkpoint.epoch} takes over")

    def _die(self) -> None:
        self.crashes += 1
        self._life = self._begin()

    def _wake(self, turn: Turn) -> None:
        """Those that lost the world go on: they read, step and commit, and must be refused as a whole."""
        for life in self._sleepers:
            before = self.server.image()
            for stream in self._streams:
                entries = self.server.after(stream, life.serving.places[stream].id)
                if entries:
                    life.serving.receive(stream, entries)
            life.serving.advance(turn.clock + 2_000)  # it has something to say: its last commit is a second old
            try:
                said = life.serving.commit(turn.clock + 2_000)
            except NotOwner:
                self.refused += 1
            else:
                if said:
                    raise Surprise("an engine that had lost the world wrote a commit")
            if self.server.image() != before:
                raise Surprise("a refused commit left something behind")
        self._sleepers = []

    # ---- what is left ----

    def _played(self) -> Played:
        frames = {
            name: [(entry[0], _table(entry[1])) for entry in self.server.streams.get(keys.engine(WORLD.id, name), [])]
            for name in ("values", "completed", "dead", "alarms")
        }
        told = {
            name: [
                (self.server.wrote[key], value) for key, frame in frames[name] for value in unpack_values(frame[b"b"])
            ]
            for name in ("values", "completed")
        }
        feeds = self.server.hashes.get(keys.engine(WORLD.id, "feeds"), {})
        return Played(
            self.city, self.admission, told["values"], told["completed"],
            [json.loads(frame[b"watermarks"]) for _, frame in frames["values"]],
            {name.decode(): json.loads(line) for name, line in feeds.items()},
            [{name.decode(): text.decode() for name, text in letter.items()} for _, letter in frames["dead"]],
            [json.loads(frame[b"e"]) for _, frame in frames["alarms"]],
            self.crashes, self.refused,
        )  # fmt: skip


def _table(cells: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(cells[::2], cells[1::2], strict=True))
