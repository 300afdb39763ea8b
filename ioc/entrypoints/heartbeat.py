"""The heartbeat: a process says each second that it lives, and with which facts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import redis
import structlog

from ioc.version import VERSION
from metrics import keys
from metrics.clock import real_ms

PERIOD_S = 1.0  # the contract: absence must show within 5 s


class Heartbeat:
    """Writes `ioc:heartbeats[name]` each second from a thread, until closed. A server that is away is waited for."""

    def __init__(self, client: redis.Redis, name: str, facts: Callable[[], Mapping[str, Any]] = dict) -> None:
        self._client, self._name, self._facts = client, name, facts
        self._started = real_ms()
        self._stop = threading.Event()
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{name}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=2 * PERIOD_S)

    def beat(self) -> None:
        """Write one heartbeat. Raises redis.RedisError."""
        fact = {"at": real_ms(), "pid": os.getpid(), "started": self._started, "version": VERSION, **self._facts()}
        self._client.hset(keys.HEARTBEATS, self._name, json.dumps(fact, ensure_ascii=False))

    def _run(self) -> None:
        lost = False
        while True:
            try:
                self.beat()
                lost = False
            except redis.RedisError as error:
                if not lost:
                    self._log.warning("heartbeat_not_written", name=self._name, error=str(error))
                lost = True
            if self._stop.wait(PERIOD_S):
                return
