"""The keeper of screens: writes down what holds on them after each change and every two seconds, for the gateway.

So a data bus that was emptied, a change by a command, a right that was taken away are all known within two seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ioc.domain.screen_board import Board
from ioc.services.screens import publish
from ioc.store.unit import Store

EVERY_S = 2.0
END_S = 5.0  # a data bus that hangs is not waited for any longer


class ScreenKeeper:
    """Publishes the board. Thread-safe: one at a time, so that what is written last was read last."""

    def __init__(self, store: Store, client: redis.Redis, clock: Callable[[], int], worlds: tuple[str, ...]) -> None:
        self._store, self._client, self._clock, self._worlds = store, client, clock, worlds
        self._turn = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._closed = threading.Event()
        self._log = structlog.get_logger()

    def publish(self) -> Board:
        """Raises redis.RedisError, SQLAlchemyError."""
        with self._turn:
            return publish(self._store, self._client, self._clock(), self._worlds)

    def keep(self) -> None:
        """Start keeping in the background, once; called by requests, so that it runs where the requests are served."""
        if self._keeper is not None:
            return
        with self._turn:
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._run, name="screen-keeper", daemon=True)
                self._keeper.start()

    def close(self) -> None:
        """End it; what it is writing is written when this returns."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.join(END_S)

    def _run(self) -> None:
        failing = False  # one line per outage
        while not self._closed.is_set():
            try:
                self.publish()
                failing = False
            except (SQLAlchemyError, redis.RedisError) as error:
                if not failing:
                    self._log.warning("screens_not_published", error=str(error))
                failing = True
            self._closed.wait(EVERY_S)
