"""The desk: everything the door works with, put together once from the settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from ioc.door.compression import Compressed
from ioc.door.sessions import Sessions
from ioc.door.tokens import Tokens
from ioc.services import second_factor
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics.clock import real_ms

REDIS_TIMEOUT_S = 2.0  # a Redis that hangs must not hold the threads that serve pages


@dataclass(frozen=True, slots=True)
class Desk:
    """Settings, database, Redis, clock, sessions and tokens kept over them; `at_end` is called when it closes."""

    settings: Settings
    store: Store
    client: redis.Redis
    clock: Callable[[], int]
    sessions: Sessions
    tokens: Tokens
    compressed: Compressed
    at_end: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        for end in self.at_end:
            end()
        self.sessions.close()
        self.client.close()
        self.store.close()


def open_desk(settings: Settings, clock: Callable[[], int] = real_ms) -> Desk:
    """Bring the database up to date and connect. Redis may be away; it is asked again at each use.

    Raises ioc.store.schema.UnknownSchema, sqlalchemy.exc.SQLAlchemyError.
    """
    store = Store(settings.sql_url, settings.seal)
    schema.upgrade(store)
    second_factor.seal_all(store)
    client = redis.Redis.from_url(
        redis_url(settings), socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
    )
    return Desk(settings, store, client, clock, Sessions(store, client, clock), Tokens(store, clock), Compressed())


def redis_url(settings: Settings, user: str = "web") -> str:
    """The server in force: the named one, or the embedded one on this data directory; its socket if none ever ran."""
    if settings.redis_url:
        return settings.redis_url
    try:
        urls: dict[str, str] = json.loads((settings.data_path / "connections.json").read_text())
    except FileNotFoundError:
        return f"unix://{settings.data_path / 'valkey.sock'}"
    return urls[user]
