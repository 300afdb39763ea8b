"""The player: starts, turns, steps and ends all playbacks as their orders say, in one loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import redis
import structlog

from ioc.gateway.catalog import Catalog, UnknownBundleVersion
from ioc.playback.order import Order
from ioc.playback.showing import Showing
from ioc.sources import worlds
from metrics import keys
from metrics.archive import lives
from metrics.archive_history import ArchiveHistory
from metrics.definition import Bundle, DefinitionErrors, load
from metrics.definition import UnknownBundleVersion as UnknownVersion
from metrics.world import UnknownWorldVersion, World

TICK_S: Final = 0.2  # between two steps: so long a screen may wait for what appears
LOOK_S: Final = 1.0  # between two looks at orders and listeners
FORESEE_S: Final = 0.1  # of every turn at most, while outlooks are learnt: steps and orders come first
BUSY_S: Final = 0.01  # to wait for an order meanwhile
UNHEARD_MS: Final = 120_000  # a playback that nobody has listened to for so long ends
PAUSE_S: Final = 0.5  # after the server was away
_FAULTS: Final = (OSError, ValueError, KeyError)  # damaged files: pa.ArrowInvalid is a ValueError


@dataclass(slots=True)
class Player:
    """Plays what the orders of `ioc:playbacks` ask for, from the archive below `root`. After a restart each goes on
    where it stood. `clock` gives real ms, `monotonic` seconds."""

    client: redis.Redis
    root: Path
    clock: Callable[[], int]
    monotonic: Callable[[], float]
    showings: dict[str, Showing] = field(default_factory=dict)
    sought: int = 0
    ended: int = 0
    longest_ms: int = 0  # the slowest way to a moment so far
    _failed: dict[str, int] = field(default_factory=dict)  # id -> number of the order that cannot be shown
    _heard: dict[str, int] = field(default_factory=dict)  # id -> real time at which somebody listened last
    _definitions: tuple[bytes, Catalog, Bundle] | None = None
    _kept: dict[str, dict[int, bytes]] = field(default_factory=dict)  # rows of maps, as they were packed last
    _look_at: float = 0.0
    _busy: bool = False  # outlooks are being learnt
    _history: ArchiveHistory | None = None
    _log: Any = field(default_factory=structlog.get_logger)

    def run(self, stop: threading.Event) -> None:
        """Play until `stop` is set. A server that is away is waited for."""
        away = False
        while not stop.is_set():
            try:
                self.turn(self._called())
                away = False
            except (redis.RedisError, UnknownBundleVersion) as error:
                if not away:
                    self._log.warning("playback_waits", error=str(error) or type(error).__name__)
                away = True
                stop.wait(PAUSE_S)

    def turn(self, called: bool) -> None:
        """Look at the orders when somebody called or it is time, then step all that run. Raises redis.RedisError."""
        now_s = self.monotonic()
        if called or now_s >= self._look_at:
            self._look()
            self._look_at = now_s + LOOK_S
        for name, showing in list(self.showings.items()):
            try:
                showing.step(self.monotonic())
            except _FAULTS as error:
                self._give_up(name, showing.order.number, error)
        self._foresee()

    def _foresee(self) -> None:
        """What was to come, behind the numbers; one that cannot be told takes nothing else with it."""
        until_s, self._busy = self.monotonic() + FORESEE_S, False
        for name, showing in self.showings.items():
            try:
                self._busy = showing.foresee(until_s, self.monotonic) or self._busy
            except (*_FAULTS, duckdb.Error) as error:
                self._log.error("foresight_failed", playback=name, error=repr(error))

    def facts(self) -> Mapping[str, object]:
        """For the heartbeat."""
        shown = {name: {"of": one.base.id, "moment": one.moment, "speed": one.order.speed, "known": one.order.known}
                 for name, one in list(self.showings.items())}  # fmt: skip
        return {"playbacks": shown, "sought": self.sought, "ended": self.ended, "longest_seek_ms": self.longest_ms}

    def _called(self) -> bool:
        """Wait a tick, or less if an order changes."""
        answer: Any = self.client.blpop([keys.PLAYBACKS_CALLED], timeout=BUSY_S if self._busy else TICK_S)
        if answer is None:
            return False
        self.client.delete(keys.PLAYBACKS_CALLED)  # all orders are looked at now
        return True

    def _look(self) -> None:
        told: Any = self.client.hgetall(keys.PLAYBACKS)
        orders = {order.id: order for order in map(Order.from_json, told.values())}
        for name in [name for name in self.showings if name not in orders]:
            self._end(name)
        for name, order in orders.items():
            if self._failed.get(name) == order.number:
                continue
            try:
                self._follow(order)
            except _FAULTS as error:
                self._give_up(name, order.number, error)
        for name, showing in self.showings.items():
            asked: Any = self.client.smembers(keys.engine(name, "outlook_asked"))
            showing.asked = frozenset(each.decode() for each in asked)
        self._let_go()

    def _follow(self, order: Order) -> None:
        showing = self.showings.get(order.id)
        if showing is None:
            showing = self._begun(order)
            if showing is None:
                return
            shown: Any = self.client.hget(keys.PLAYBACKS_SHOWN, order.id)
            self._seek(showing, order, order.at_ms if shown is None else int(shown))
            self.showings[order.id] = showing
            self._heard[order.id] = self.clock()
        elif order.number != showing.order.number:
            if order.seek > showing.order.number:
                self._seek(showing, order, order.at_ms)
            else:
                showing.step(self.monotonic())
                showing.turn(order)

    def _seek(self, showing: Showing, order: Order, at_ms: int) -> None:
        began = self.monotonic()
        showing.seek(order, at_ms)
        took = round((self.monotonic() - began) * 1000)
        self.sought, self.longest_ms = self.sought + 1, max(self.longest_ms, took)
        self._log.info("playback_sought", playback=order.id, world=order.world, known=order.known, took_ms=took)

    def _begun(self, order: Order) -> Showing | None:
        defined = self._defined()
        told: Any = self.client.hget(keys.WORLDS, order.world)
        if defined is None:
            return None  # nothing is defined yet
        try:
            base = World.from_json(told) if told else None
        except UnknownWorldVersion:
            base = None
        if base is None:  # a world that is no more may still be archived
            known = lives(self.root, order.world)
            base = World(order.world, "exercise", started_ms=known[-1].started_ms if known else 0)
        self._history = self._history or ArchiveHistory(self.root)
        return Showing(self.client, self.root, order, base, *defined, self.clock, self._kept, history=self._history)

    def _defined(self) -> tuple[Catalog, Bundle] | None:
        """The definitions in force; None while there are none."""
        told: Any = self.client.get(keys.BUNDLE)
        if told is not None and (self._definitions is None or self._definitions[0] != told):
            try:
                raw = json.loads(told)
                of_map = load(raw if raw.get("layers") else {"v": raw["v"]})  # nothing else is asked of it
                self._definitions = told, Catalog.from_bundle(told), of_map
            except (DefinitionErrors, UnknownVersion) as error:
                raise UnknownBundleVersion(str(error)) from None
        return self._definitions[1:] if self._definitions else None

    def _let_go(self) -> None:
        """End what nobody has listened to for a while. A gateway that is away hears nobody: then nothing is ended."""
        told: Any = self.client.hget(keys.HEARTBEATS, "gateway")
        now = self.clock()
        beat = json.loads(told) if told else {}
        alive = beat and now - int(beat["at"]) < 2 * LOOK_S * 1000 + 2_000
        heard = {str(topic).partition("/")[0] for topic in beat.get("topics", {})}
        for name in list(self.showings):
            if not alive or name in heard:
                self._heard[name] = now
            elif now - self._heard.get(name, now) >= UNHEARD_MS:
                self.client.hdel(keys.PLAYBACKS, name)
                self._end(name)

    def _end(self, name: str) -> None:
        self.showings.pop(name, None)
        self._heard.pop(name, None)
        self.client.hdel(keys.PLAYBACKS_SHOWN, name)
        worlds.remove(self.client, name)
        self.ended += 1
        self._log.info("playback_ended", playback=name)

    def _give_up(self, name: str, number: int, error: Exception) -> None:
        """An archive that cannot be read must not end the other playbacks; the next order is tried again."""
        self._failed[name] = number
        self._log.error("playback_failed", playback=name, error=repr(error))
        self.client.hdel(keys.PLAYBACKS, name)
        self._end(name)
