"""A stage: the sources of one exercise, each in a thread with a feed of its own; and the stages of all that run."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import redis
import structlog

from ioc.entrypoints.source import Runner
from ioc.sources import exercise
from ioc.sources.city.city import City
from ioc.sources.city.feeding import Simulated
from ioc.sources.city.inject import Injected, InjectError
from ioc.sources.city.script import Script, ScriptError
from ioc.sources.feed import Feed, Place
from metrics import keys
from metrics.clock import monotonic_s, real_ms
from metrics.world import World

LOOK_S = 0.5  # how often the registry is looked at
STEP_MS = 30_000  # of the world's time from one sending to the next, if that is possible
YIELDS = 0.6  # an exercise waits above this share of the bus's memory: below the one at which the archive yields (0.7)
PATIENCE_S = 60.0  # an engine that has not read what stands by then is not there
QUICKEST_S, SLOWEST_S = 0.1, 1.0
UNPLAYABLE = (ScriptError, InjectError, KeyError)  # a script that has gone or changed since its world began


class Stage:
    """One exercise that runs. Goes on where its streams end, whoever fed them before."""

    def __init__(self, url: str, world: World, script: Script, bundle: Mapping[str, Any]) -> None:
        """Raises InjectError, RedisError."""
        self.world, self.script = world, script
        self._since_s = monotonic_s()
        self._released = exercise.OPENING not in world.label  # else what stands comes first
        self._stop, self._stack = threading.Event(), ExitStack()
        speed = float(world.label["speed"])
        city = City(
            bundle, seed=int(world.label["seed"]), rate=float(world.label["rate"]) / speed, script=script
        )  # a rate of real seconds
        look_s = min(SLOWEST_S, max(QUICKEST_S, STEP_MS / 1000 / speed))
        models = {name: Injected(one, script, bundle["sources"][name]) for name, one in city.models.items()}
        self._sources: list[Simulated] = []
        self._runners: list[Runner] = []
        for name, model in models.items():
            begin = script.begin_ms - exercise.lead_ms(model)
            source = Simulated(model, self._now, begin, look_s)
            place = Place(world.id, name, "simulated", int(bundle["sources"][name].get("shards", 1)))
            self._sources.append(source)
            self._runners.append(Runner(name, source, self._stack.enter_context(Feed(url, place, yields=YIELDS))))
        self._threads = [
            threading.Thread(target=one.run, args=(self._stop,), name=f"{world.id}-{one.name}") for one in self._runners
        ]
        for thread in self._threads:
            thread.start()

    def _now(self) -> int:
        now = exercise.time_in(self.world, real_ms())
        return now if self._released else min(now, self.script.begin_ms - exercise.LEAD_MS)

    @property
    def over(self) -> bool:
        """Whether everything up to the end of the script was written."""
        end = self.script.end_ms
        sent = all(one.sent_ms is not None and one.sent_ms >= end for one in self._sources)
        return sent and not any(one.feed.pending_rows for one in self._runners)

    def opened(self, client: redis.Redis) -> bool:
        """Whether the engine has read what stands in the city; not waited for without end. Raises RedisError."""
        told: Any = client.hgetall(keys.engine(self.world.id, "feeds"))
        read = {name.decode(): int(json.loads(text).get("rows", 0)) for name, text in told.items()}
        sent = all(one.sent_ms is not None for one in self._sources)
        written = not any(one.feed.pending_rows for one in self._runners)
        heard = all(read.get(one.name, 0) >= one.feed.tally.rows for one in self._runners)
        return (sent and written and heard) or self._patience_ends()

    def begin(self, client: redis.Redis) -> None:
        """The script begins. Raises RedisError."""
        exercise.begin(client, self.world, real_ms())
        self._since_s = monotonic_s()

    def release(self, client: redis.Redis) -> None:
        """Let rows go once the engine goes by the clock of the script: before, they are of the future. RedisError."""
        if self._released:
            return
        said: Any = client.xrevrange(keys.engine(self.world.id, "values"), count=1)
        now = int(said[0][1][b"now"]) if said else 0
        self._released = now >= self.script.begin_ms or self._patience_ends()

    def _patience_ends(self) -> bool:
        return monotonic_s() - self._since_s > PATIENCE_S

    @property
    def rows(self) -> int:
        """How many rows were written."""
        return sum(one.feed.tally.rows for one in self._runners)

    def close(self) -> None:
        """Write what is waiting and end the feeds."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._stack.close()


class Stages:
    """The exercises that run, or only the one that is named: opened, told what their timeline says, and let stand."""

    def __init__(self, url: str, client: redis.Redis, bundle: Callable[[], Mapping[str, Any]], data_dir: Path) -> None:
        self._url, self._client, self._bundle, self._data_dir = url, client, bundle, data_dir
        self._log = structlog.get_logger()
        self._away = ""
        self.open: dict[str, Stage] = {}

    def run(self, stop: threading.Event, only: str = "") -> None:
        """Feed until nothing runs any more, or `stop` is set; what still runs then goes on with the next who feeds."""
        try:
            while not stop.is_set():
                try:
                    if not self._look(only):
                        return
                    self._away = ""
                except redis.RedisError as error:  # away: the feeds hold their rows meanwhile
                    if self._away != str(error):
                        self._log.warning("exercise_waits_for_valkey", error=str(error))
                    self._away = str(error)
                stop.wait(LOOK_S)
        finally:
            for stage in self.open.values():
                stage.close()
            self.open = {}

    def _look(self, only: str) -> bool:
        """Do what the registry asks for; whether anything runs."""
        known = [one for one in exercise.exercises(self._client) if only in ("", one.id) and not exercise.stands(one)]
        running = {one.id: one for one in known}
        for name, stage in list(self.open.items()):
            now = running.get(name)
            if now is None or now.started_ms != stage.world.started_ms:
                self.open.pop(name).close()
                self._log.info("exercise_left", world=name, rows=stage.rows)
        for name, world in running.items():
            try:
                stage = self.open.get(name) or self._opened(world)
            except UNPLAYABLE as error:
                exercise.stand(self._client, world, real_ms())
                self._log.error("exercise_refused", world=name, error=repr(error))
                continue
            stage.world = world
            if exercise.ASKED in world.label or stage.over:
                self.open.pop(name).close()
                exercise.stand(self._client, world, real_ms())
                self._log.info("exercise_stands", world=name, rows=stage.rows)
            elif exercise.OPENING in world.label:
                if stage.opened(self._client):
                    stage.begin(self._client)
                    self._log.info("exercise_begins", world=name, rows=stage.rows)
            else:
                stage.release(self._client)
                exercise.say(self._client, world, stage.script, real_ms())
        return bool(self.open)

    def _opened(self, world: World) -> Stage:
        script = exercise.find(world.label["exercise"], self._data_dir)
        self.open[world.id] = stage = Stage(self._url, world, script, self._bundle())
        self._log.info("exercise_runs", world=world.id, exercise=script.head.id, speed=world.clock.speed)
        return stage
