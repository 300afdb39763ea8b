"""News of the desk: which incidents, cases and alarms a transaction changed, told once it holds.

A service notes what it changes in its unit; nothing is told of a unit that left no trace. What is told are names and
versions only: who may see a thing fetches it. News that is lost on the way is made good by who listens: it looks at
everything anew when the way is there again.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import redis
import structlog
from sqlalchemy.orm import Session

from ioc.store.unit import Store
from metrics import keys

VERSION: Final = 1
MOST: Final = 200  # changes of a message; of more at once everything is looked at anew
WAITING: Final = 10_000
END_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Change:
    """Something of a world that is another than before; `kind`: incident, case or alarm."""

    world: str
    kind: str
    id: str
    version: int
    region: str = ""


def note(unit: Session, change: Change) -> None:
    """Say within a unit what it changes."""
    unit.info.setdefault("news", []).append(change)


def message(changes: Iterable[Change]) -> str:
    """What is published: by world, `[kind, id, version, region]` of each, or null for more than MOST at once."""
    worlds: dict[str, list[list[Any]] | None] = {}
    for each in changes:
        told = worlds.setdefault(each.world, [])
        if told is not None:
            told.append([each.kind, each.id, each.version, each.region])
            if len(told) > MOST:
                worlds[each.world] = None
    return json.dumps({"v": VERSION, "changed": worlds})


class DeskNews:
    """Publishes what units of a store changed, from a thread of its own: a bus that hangs holds nobody up."""

    def __init__(self, store: Store, client: redis.Redis) -> None:
        self._client = client
        self._waiting: queue.Queue[Change | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self._log = structlog.get_logger()
        store.held.append(self.hear)

    def hear(self, info: Mapping[str, Any]) -> None:
        """A unit holds."""
        for change in info.get("news", ()):
            try:
                self._waiting.put_nowait(change)
            except queue.Full:  # whoever listens has lost the bus for long: it will look anew
                return
        if info.get("news"):
            self._start()

    def close(self) -> None:
        """End it; what waits is told before."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(END_S)

    def _start(self) -> None:
        if self._thread is None:
            with self._turn:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="desk-news", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        failing = False  # one line per outage
        while True:
            found = [self._waiting.get()]
            while not self._waiting.empty():
                found.append(self._waiting.get())
            changes = [each for each in found if each is not None]
            try:
                if changes:
                    self._client.publish(keys.DESK_SAID, message(changes))
                failing = False
            except redis.RedisError as error:
                if not failing:
                    self._log.warning("desk_news_not_told", error=str(error))
                failing = True
            if len(changes) < len(found):
                return
