"""The keeper of the audit: each hour an anchor of its chain, outside the database."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ioc.door.desk import Desk
from ioc.queries.audit import head
from ioc.store.audit_anchors import Anchors, BadAnchors
from ioc.store.unit import Store

EVERY_S = 3600.0
END_S = 5.0


def register(server: Flask, desk: Desk) -> None:
    """Keep the audit of this desk while requests are served."""
    keeper = AuditKeeper(desk.store, Anchors(desk.settings.data_path), desk.clock)
    desk.at_end.append(keeper.close)
    server.before_request(keeper.keep)


class AuditKeeper:
    """Anchors at its start, every hour, and at its end."""

    def __init__(self, store: Store, anchors: Anchors, clock: Callable[[], int]) -> None:
        self._store, self._anchors, self._clock = store, anchors, clock
        self._lock = threading.Lock()
        self._keeper: threading.Thread | None = None
        self._closed = threading.Event()
        self._log = structlog.get_logger()

    def keep(self) -> None:
        """Start keeping in the background, once; called by requests, so that it runs where the requests are served."""
        if self._keeper is not None:
            return
        with self._lock:
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._run, name="audit-keeper", daemon=True)
                self._keeper.start()

    def anchor(self) -> None:
        """Write down how far the chain has come; what prevents it is said in the log."""
        try:
            reached = head(self._store)
            if reached is not None and (made := self._anchors.add(reached, self._clock())) is not None:
                self._log.info("audit_anchored", seq=made.seq, digest=made.digest)
        except (SQLAlchemyError, BadAnchors, OSError) as error:
            self._log.error("audit_not_anchored", error=str(error))

    def close(self) -> None:
        """Anchor once more and end."""
        self._closed.set()
        if self._keeper is not None:
            self._keeper.join(END_S)

    def _run(self) -> None:
        while not self._closed.is_set():
            self.anchor()
            self._closed.wait(EVERY_S)
        self.anchor()
