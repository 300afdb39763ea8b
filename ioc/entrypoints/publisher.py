"""Publisher: keeps in force, from within the engine's process, what packs, map layers and database declare.

Only the engine may write the bundle. What a person changes elsewhere, on a page or by a command, is in the database;
here it is noticed within `EVERY_S` and published. A new local day may put another version of a map layer in force.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import date
from typing import Any

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ioc.packs.bundle import publish
from ioc.queries.regions import NUMBERS, YEAR_AND_SOURCE, entered_numbers, newest
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics import clock, keys

EVERY_S = 2.0
RETRY_S = 0.5

Numbers = Mapping[str, Mapping[str, Any]]


class Publisher:
    """Publishes at `start`, then from a thread of its own whatever has changed."""

    def __init__(self, client: redis.Redis, settings: Settings, log: structlog.stdlib.BoundLogger) -> None:
        self._client, self._settings, self._log = client, settings, log
        self._store = Store(settings.sql_url)
        self._prepared = False
        self._away = False
        self._said: tuple[int | None, date] | None = None  # what was published: edition of the numbers, local day

    def start(self, stop: threading.Event) -> None:
        """Publish, as soon as the bus answers; then go on looking until `stop`. Raises PackErrors."""
        while not stop.is_set():
            try:
                self.look()
            except (redis.RedisError, SQLAlchemyError) as error:
                self._log.warning("bundle_not_published", error=str(error))
                stop.wait(RETRY_S)
            else:
                threading.Thread(target=self._go_on, args=(stop,), name="publisher", daemon=True).start()
                return

    def look(self) -> bool:
        """Publish if anything is different; says whether it did. A database that is away changes nothing.

        Raises PackErrors, RedisError.
        """
        today = clock.local_day()
        edition = self._edition()
        if self._said is not None and self._said[1] == today and edition in (None, self._said[0]):
            return False
        edition, numbers = (None, _in_force(self._client)) if edition is None else entered_numbers(self._store)
        told = publish(self._client, data_dir=self._settings.data_path, today=today, numbers=numbers)
        self._said = (edition, today)
        self._log.info("bundle_published", hash=told, numbers=edition)
        return True

    def _edition(self) -> int | None:
        """That of the numbers in the database; None while it does not answer, which is told once."""
        try:
            if not self._prepared:
                schema.upgrade(self._store)
                self._prepared = True
            with self._store.read() as unit:
                return newest(unit, "numbers")
        except (SQLAlchemyError, schema.UnknownSchema) as error:
            if not self._away:
                self._log.warning("numbers_of_regions_not_read", error=str(error))
            self._away = True
            return None

    def _go_on(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY_S):
            try:
                self.look()
            except (redis.RedisError, SQLAlchemyError):
                continue  # the bus: the engine itself says so; the database: it is asked again
            except Exception as error:  # wrong packs, a broken layer: the definitions that stand go on
                self._log.warning("bundle_not_published", error=str(error))
        self._store.close()


def _in_force(client: redis.Redis) -> Numbers:
    told: Any = client.get(keys.BUNDLE)
    if not told:
        return {}
    names = {name for fact in NUMBERS for name in (fact, *YEAR_AND_SOURCE[fact])}
    return {row["code"]: {name: row.get(name) for name in names} for row in json.loads(told).get("regions", ())}
