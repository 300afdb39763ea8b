"""The sender: a keeper that takes what is due on each channel and has it carried out beside the duty process' loop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from ioc.domain.delivery import Outcome
from ioc.notify.letter import written
from ioc.services import deliveries
from ioc.services.deliveries import Batch
from ioc.services.messages import Ways
from ioc.store.unit import Store

AT_ONCE: Final = 4  # attempts of one channel that go on beside each other: a slow one does not hold up the rest
REST_MS: Final = 1_000  # a channel that is full is not asked at every turn


class Carried(Protocol):
    """How an attempt ended."""

    @property
    def outcome(self) -> Outcome: ...
    @property
    def why(self) -> str: ...


class Way(Protocol):
    """What carries a text out."""

    @property
    def per_minute(self) -> int: ...
    def send(self, batch: str, title: str, body: str) -> Carried: ...


class Sender:
    """`outlets`: the channels that are there now, asked for at each turn, as their file may have changed."""

    name = "messages"

    def __init__(
        self, store: Store, outlets: Callable[[], Mapping[str, Way]], ways: Callable[[], Ways], *, link_base: str,
        reminders: tuple[int, int],
    ) -> None:  # fmt: skip
        self._store, self._outlets, self._ways = store, outlets, ways
        self._link_base, self._reminders = link_base, reminders
        self._ended: queue.Queue[tuple[Batch, Outcome, str]] = queue.Queue()
        self._under_way: dict[str, int] = {}
        self._full: dict[str, int] = {}  # channel that takes no more this minute -> when it is asked again
        self._log = structlog.get_logger()

    def turn(self, now_ms: int) -> int:
        """Raises SQLAlchemyError. Never waits for a channel."""
        done = self.settle(now_ms)
        done += deliveries.expire(self._store, now_ms)
        done += deliveries.remind(self._store, self._ways(), *self._reminders, now_ms)
        due = deliveries.due_channels(self._store, now_ms)
        for name, outlet in self._outlets().items():
            free = AT_ONCE - self._under_way.get(name, 0)
            if name not in due or free <= 0 or now_ms < self._full.get(name, 0) <= now_ms + REST_MS:
                continue
            batches = deliveries.claim(self._store, name, outlet.per_minute, free, now_ms)
            if not batches:
                self._full[name] = now_ms + REST_MS
            for batch in batches:
                self._under_way[name] = self._under_way.get(name, 0) + 1
                threading.Thread(target=self._carry, args=(outlet, batch), name=f"send-{name}", daemon=True).start()
                done += 1
        return done

    def settle(self, now_ms: int) -> int:
        """Write down the attempts that have ended. How many."""
        count = 0
        while True:
            try:
                batch, outcome, why = self._ended.get_nowait()
            except queue.Empty:
                return count
            try:
                deliveries.finish(self._store, batch, outcome, why, now_ms)
            except Exception:
                self._ended.put((batch, outcome, why))  # it is known; it is written when the database is back
                raise
            self._under_way[batch.channel] -= 1
            self._log.info(
                "message_sent" if outcome == "sent" else "message_not_sent", channel=batch.channel, batch=batch.id,
                outcome=outcome, why=why, messages=len(batch.letters),
            )  # fmt: skip
            count += 1

    def _carry(self, outlet: Way, batch: Batch) -> None:
        try:
            found = outlet.send(batch.id, *written(batch, self._link_base))
            self._ended.put((batch, found.outcome, found.why))
        except Exception as error:  # the attempt must end, however it did
            self._ended.put((batch, "unknown", type(error).__name__))
