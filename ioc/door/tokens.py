"""Tokens at the door: which program asks, looked up at most every CACHED_MS, and how often it still may."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from ioc.security import identity
from ioc.security.allowance import Allowance
from ioc.services.api_tokens import ApiToken, find_token, note_use
from ioc.store.unit import Store

CACHED_MS = 2_000  # a revoked token is refused after this at the latest
USED_EVERY_MS = 60_000  # use is written down at most this often
LARGEST_CACHE = 10_000


class Tokens:
    """Tokens by their text, of which only the digest is kept. Thread-safe.

    Allowances are counted in this process: there is one web server, as for sessions. Raises SQLAlchemyError when the
    database cannot be read.
    """

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store, self._clock = store, clock
        self._cache: dict[str, tuple[int, ApiToken | None]] = {}
        self._allowances: dict[str, Allowance] = {}
        self._noted: dict[str, int] = {}
        self._lock = threading.Lock()
        self._log = structlog.get_logger()

    def find(self, text: str) -> ApiToken | None:
        """The open token of this text, or None."""
        now, key = self._clock(), identity.digest(text)
        with self._lock:
            known = self._cache.get(key)
        if known is not None and 0 <= now - known[0] < CACHED_MS:
            token = known[1]
        else:
            token = find_token(self._store, text, now)
            with self._lock:
                if len(self._cache) >= LARGEST_CACHE:
                    self._cache.clear()
                self._cache[key] = (now, token)
        return token if token is not None and token.state(now) == "open" else None

    def take(self, token: ApiToken) -> int:
        """Count one request: 0, or how many ms the program has to wait."""
        now = self._clock()
        with self._lock:
            allowance = self._allowances.get(token.id)
            if allowance is None or allowance.per_minute != token.per_minute:
                allowance = self._allowances[token.id] = Allowance.full(token.per_minute, now)
            wait_ms = allowance.take(now)
        return wait_ms

    def note(self, token: ApiToken) -> None:
        """The token was used. A database that is busy must not fail a request."""
        now = self._clock()
        with self._lock:
            if now - self._noted.get(token.id, token.used_ms or 0) < USED_EVERY_MS:
                return
            self._noted[token.id] = now
        try:
            note_use(self._store, token.id, now)
        except SQLAlchemyError as error:
            self._log.warning("token_use_not_noted", token=token.id, error=type(error).__name__)
