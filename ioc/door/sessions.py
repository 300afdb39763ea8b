"""Sessions at the door: who a cookie belongs to, looked up at most every CACHED_MS; activity; closing of sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ioc.security import identity
from ioc.security.session import SEEN_EVERY_MS
from ioc.services.sign_in import Visit, ended_since, find_visit, note_activity
from ioc.services.tickets import mark_session, unmark_sessions
from ioc.store.unit import Store

CACHED_MS = 2_000  # a revoked role takes effect within 5 s: this, or one sweep and one look of the gateway
SWEEP_S = 1.5
SWEPT_BACK_MS = 60_000  # a sweep looks this far back, so that a Redis that was away hears of what ended meanwhile
LARGEST_CACHE = 10_000


class Sessions:
    """Open sessions by cookie. Thread-safe. Raises SQLAlchemyError when the database cannot be read."""

    def __init__(self, store: Store, client: redis.Redis, clock: Callable[[], int]) -> None:
        self._store, self._client, self._clock = store, client, clock
        self._cache: dict[str, tuple[int, Visit | None]] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Thread | None = None
        self._closed = threading.Event()
        self._log = structlog.get_logger()

    def visit(self, token: str, *, fresh: bool = False) -> Visit | None:
        """The session of this cookie, or None; `fresh` asks the database now."""
        now, key = self._clock(), identity.digest(token)
        with self._lock:
            known = self._cache.get(key)
        if known is not None and not fresh and 0 <= now - known[0] < CACHED_MS:
            visit = known[1]
            return visit if visit is None or visit.lasts_ms(now) > 0 else None
        visit = find_visit(self._store, token, now)
        with self._lock:
            if len(self._cache) >= LARGEST_CACHE:
                self._cache.clear()
            self._cache[key] = (now, visit)
        return visit

    def note(self, token: str, visit: Visit) -> None:
        """The session is in use: its idle time begins anew. A database that is busy must not fail a page."""
        now = self._clock()
        if now - visit.seen_ms < SEEN_EVERY_MS:
            return
        try:
            note_activity(self._store, visit.session, now)
        except SQLAlchemyError as error:
            self._log.warning("activity_not_noted", session=visit.session[:12], error=str(error))
            return
        seen = replace(visit, seen_ms=now)
        with self._lock:
            self._cache[identity.digest(token)] = (now, seen)
        self.mark(seen)

    def mark(self, visit: Visit) -> None:
        """Let the sockets of the session live on; without Redis there are none."""
        try:
            mark_session(self._client, visit, self._clock())
        except redis.RedisError as error:
            self._log.warning("session_not_marked", session=visit.session[:12], error=str(error))

    def forget(self, token: str, session_id: str | None) -> None:
        """The session was ended here: no request and no socket of it goes on."""
        with self._lock:
            self._cache.pop(identity.digest(token), None)
        try:
            unmark_sessions(self._client, [session_id] if session_id else [])
        except redis.RedisError as error:
            self._log.warning("session_not_unmarked", error=str(error))

    def sweep(self) -> int:
        """Close the sockets of sessions that somebody ended elsewhere (an administrator, another process)."""
        ended = ended_since(self._store, self._clock() - SWEPT_BACK_MS)
        unmark_sessions(self._client, ended)
        return len(ended)

    def keep_sweeping(self) -> None:
        """Start sweeping in the background, once; called by requests, so that it runs where the requests are served."""
        if self._sweeper is not None:
            return
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self._run, name="session-sweeper", daemon=True)
                self._sweeper.start()

    def close(self) -> None:
        self._closed.set()

    def _run(self) -> None:
        failing = False  # one line per outage, not one per sweep
        while not self._closed.wait(SWEEP_S):
            try:
                self.sweep()
                failing = False
            except (SQLAlchemyError, redis.RedisError) as error:
                if not failing:
                    self._log.warning("sessions_not_swept", error=str(error))
                failing = True
