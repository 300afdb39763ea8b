"""The worker: one loop that serves all worlds of the registry and outlives whatever happens to the server."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import structlog

from metrics.checkpoint import NotOwner, StoredStateChanged
from metrics.clock import monotonic_s, real_ms
from metrics.engine import UnknownStateVersion
from metrics.field_type import UnsupportedField
from metrics.generation import UnknownCheckpointVersion
from metrics.progress import Progress
from metrics.registrar import Registrar
from metrics.replenishing import Replenishing
from metrics.serving import Serving
from metrics.stream import ANSWER_S, BLOCK_MS, Place, Reader, connect
from metrics.world import World

CALM_S = 0.02  # after a small reply: what comes meanwhile shares one reply, so that a trickle costs 50 reads a second
LOOK_S = 1.0  # how often registry, bundle, lags and gaps are looked at, and streams trimmed
HELD_ENTRIES = 16_384  # received entries are given to the engine at the latest when there are so many
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0  # between attempts while the server is away: back within 5 s
RETRY_S = 5.0  # a world that failed, or that another engine holds, is tried again so much later


def ease_collection() -> None:
    """Let the cycle collector run seldom; for a process that is a worker and nothing else.

    Plain entries come as hundreds of thousands of short-lived lists without cycles, which the collector would walk
    again and again: with its defaults plain entries are half as fast.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@dataclass(slots=True)
class Tally:
    """What the worker has done since it was started."""

    entries: int = 0
    commits: int = 0
    outages: int = 0
    takeovers: int = 0
    failures: int = 0
    commit_s: float = 0.0  # spent on commits, from preparing them to the server's answers


class Worker:
    """Serves the worlds of the registry (or only those named) until stopped.

    A lost, frozen or full server is waited for: nothing is read while a commit is outstanding, so that memory stays
    as it is; then the commit is sent again, or what the server no longer has is loaded and read again.
    """

    def __init__(
        self, url: str, commit_ms: int = 500, worlds: Collection[str] | None = None, archive: Path | None = None
    ) -> None:
        self._url, self._archive = url, archive
        self._client = redis.Redis.from_url(url, protocol=2, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
        self._reader = Reader(self._client)
        self._registrar = Registrar(self._client, worlds)
        self._commit_s = commit_ms / 1000
        self._log = structlog.get_logger()
        self.servings: dict[str, Serving] = {}
        self.refused: dict[str, str] = {}  # world -> why it is not served at the moment
        self.tally = Tally()
        self.connected = False
        self._again_at: dict[str, float] = {}
        self._lost: dict[tuple[str, int], Mapping[str, Place]] = {}  # (world, started_ms) -> how far it had read
        self._doubtful = False  # the connection was lost: what the server holds must be asked before going on
        self._look_at = self._read_at = self._tick_at = 0.0

    @property
    def ready(self) -> bool:
        """Whether the server answers, definitions are in force and every world is served and was committed once."""
        return self.connected and self._registrar.bundle is not None and not self.refused and not self.restoring

    @property
    def progress(self) -> dict[str, Progress]:
        """How far each world of the registry is; may be asked from any thread. One that is not served yet is restored,
        or waits for that."""
        real, servings = real_ms(), dict(self.servings)
        return {
            name: servings[name].progress(real) if name in servings else Progress("restoring", world.clock.now_ms(real))
            for name, world in self._registrar.worlds.items()
        }

    @property
    def restoring(self) -> bool:
        """Whether it has not said anything yet of some world that it is to serve."""
        return self._registrar.bundle is None or any(one.state == "restoring" for one in self.progress.values())

    @property
    def in_force(self) -> str:
        """The hash of the definitions in force; empty while there are none."""
        return self._registrar.bundle.hash if self._registrar.bundle else ""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then commit what is there and return."""
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                self._turn(stop)
                self.connected, pause = True, FIRST_PAUSE_S
            except (redis.RedisError, OSError) as error:
                self._outage(error)
                stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        try:
            if not self._doubtful:
                self._tick()
        except (redis.RedisError, OSError) as error:
            self._log.warning("last_commit_not_written", error=str(error))
        self._reader.close()
        self._client.close()

    # ---- one round ----

    def _turn(self, stop: threading.Event) -> None:
        """Look, read, count and commit, each when it is due."""
        if self._doubtful:
            self._recover()
        now = monotonic_s()
        if now >= self._look_at:
            self._look()
            self._look_at = now + LOOK_S
        wake = min(self._look_at, self._tick_at)
        if self.servings and not self._reader.asked:
            if now >= self._read_at:
                self._ask()
            wake = min(wake, self._read_at)
        if self._reader.asked:
            self._take(max(0.0, wake - monotonic_s()))
        else:
            stop.wait(max(0.0, wake - now))
        if monotonic_s() >= self._tick_at:
            self._tick()

    def _ask(self, block_ms: int | None = BLOCK_MS) -> None:
        places = {key: place.id for serving in self.servings.values() for key, place in serving.places.items()}
        self._reader.ask(places, block_ms)

    def _take(self, timeout_s: float) -> None:
        reply = self._reader.take(timeout_s)
        if reply is None:
            return
        holder = {key: serving for serving in self.servings.values() for key in serving.places}
        for key, entries in reply:
            holder[key].receive(key, entries)
            self.tally.entries += len(entries)
        full = self._reader.full
        for serving in self.servings.values():
            serving.unread(full)
        if full:
            self._ask()  # the server answers while the engine works on what has just come
        else:
            self._read_at = monotonic_s() + CALM_S
        for world, serving in list(self.servings.items()):
            if serving.waiting >= HELD_ENTRIES or (full and serving.waiting):
                self._guarded(world, serving.absorb, real_ms())

    def _tick(self) -> None:
        """Count what has come, tell the engine the time, publish: at most once in `commit_ms`."""
        self._tick_at = monotonic_s() + self._commit_s
        if not self.servings:
            return
        if not self._reader.asked:
            self._ask(block_ms=None)
            self._take(ANSWER_S)
        else:
            self._take(0.0)
        for world, serving in list(self.servings.items()):
            self._guarded(world, self._publish, serving)

    def _publish(self, serving: Serving) -> None:
        now_ms = real_ms()
        serving.advance(now_ms)
        began = monotonic_s()
        self.tally.commits += serving.commit(now_ms)
        self.tally.commit_s += monotonic_s() - began

    # ---- worlds come and go ----

    def _look(self) -> None:
        """Take over what the registry says now, and look after the streams of each world."""
        changed = self._registrar.read()
        bundle, worlds = self._registrar.bundle, self._registrar.worlds
        for name, serving in list(self.servings.items()):
            world = worlds.get(name)
            if world is None or world.started_ms != serving.world.started_ms:
                self._log.info("world_dropped", world=name)
                self._drop(name)
            elif bundle is not None and (changed or world.variants != serving.world.variants):
                serving.world = world
                self._reader.close()
                self._guarded(name, serving.use, bundle, real_ms())
            else:
                serving.world = world  # its clock may have been set
        self.refused = {name: why for name, why in self.refused.items() if name in worlds}
        present = {(name, world.started_ms) for name, world in worlds.items()}
        self._lost = {life: places for life, places in self._lost.items() if life in present}
        now = monotonic_s()
        for name, world in worlds.items():
            if bundle is not None and name not in self.servings and now >= self._again_at.get(name, 0.0):
                self._guarded(name, self._start, world)
        for name, serving in list(self.servings.items()):
            self._guarded(name, self._look_after, serving)

    def _look_after(self, serving: Serving) -> None:
        now_ms = real_ms()
        if serving.refresh(now_ms):
            self._reader.close()
        serving.tidy(now_ms)

    def _start(self, world: World) -> None:
        bundle = self._registrar.bundle
        if bundle is None:
            return
        own = None
        if self._archive is not None:
            own = Replenishing(self._archive, world, lambda: connect(self._url))
        serving = Serving(self._client, world, bundle, replenishing=own)
        if world.id in self.refused and serving.checkpoint.leased():
            self._again_at[world.id] = monotonic_s() + RETRY_S
            return
        self._reader.close()
        damaged = serving.begin(real_ms(), self._lost.pop((world.id, world.started_ms), None))
        self.servings[world.id] = serving
        self.refused.pop(world.id, None)
        self._again_at.pop(world.id, None)
        self.tally.takeovers += 1
        for damage in damaged:
            self._log.error("checkpoint_damaged", world=world.id, damage=damage)
        self._log.info(
            "world_served", world=world.id, epoch=serving.checkpoint.epoch, commit=serving.checkpoint.sequence
        )

    def _drop(self, name: str) -> None:
        self._reader.close()  # an answer to the old life must not reach a new one
        serving = self.servings.pop(name, None)
        if serving is not None and serving.replenishing is not None:
            serving.replenishing.close()

    # ---- what goes wrong ----

    def _guarded(self, name: str, work: Callable[..., Any], *args: Any) -> None:
        """Do something for one world; what is wrong with it does not reach the others."""
        try:
            work(*args)
        except NotOwner as refusal:
            if refusal.owner is None or refusal.owner < refusal.epoch:
                self._go_back(name)  # the world was removed, or the server lost what we wrote
            else:
                self._put_off(name, f"epoch {refusal.owner} owns it", refusal)
        except StoredStateChanged:
            self._go_back(name)
        except (UnknownCheckpointVersion, UnknownStateVersion, UnsupportedField) as refusal:
            self._put_off(name, str(refusal), refusal)
        except (redis.RedisError, OSError):
            raise
        except Exception as defect:
            # A defect in one world's data or definitions must not end the others; it is tried again from its
            # checkpoint, and the process says that it is not well.
            self.tally.failures += 1
            self._log.exception("world_failed", world=name)
            self._put_off(name, f"{type(defect).__name__}: {defect}", defect)

    def _put_off(self, name: str, why: str, error: Exception) -> None:
        if self.refused.get(name) != why:
            self._log.warning("world_refused", world=name, why=str(error))
        self._drop(name)
        self.refused[name] = why
        self._again_at[name] = monotonic_s() + RETRY_S

    def _go_back(self, name: str) -> None:
        """Go on from what the server holds of this world, if it is still in the registry."""
        serving = self.servings.get(name)
        if serving is not None:
            self._log.warning("stored_state_changed", world=name, commit=serving.checkpoint.sequence)
            self._lost[name, serving.world.started_ms] = serving.reached
        self._drop(name)
        self._look_at = 0.0

    def _outage(self, error: Exception) -> None:
        if not self._doubtful:
            self.tally.outages += 1
            self._log.warning("server_away", error=str(error))
        self.connected, self._doubtful = False, True
        self._reader.close()

    def _recover(self) -> None:
        """The server answers again: find out what it still holds before anything is read or written."""
        self._client.ping()
        for name, serving in list(self.servings.items()):
            standing = serving.checkpoint.standing()
            if standing == "lost":
                self._go_back(name)
            elif standing == "intact":
                serving.refresh(real_ms())
        self._doubtful, self._look_at = False, 0.0
        self._log.info("server_back", worlds=sorted(self.servings))
