"""A child process of the supervisor: how it is started, when it is ready, how often it had to be started again."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

from metrics.clock import monotonic_s

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.5, 30.0
STEADY_S = 60.0  # a child that lived this long starts its back-off anew


@dataclass(slots=True)
class Child:
    """`ready` answers whether it does its work; it may raise OSError or redis.RedisError while it cannot tell.

    `wanted`: it runs only while there is work, which this answers (it may raise redis.RedisError), and then ends well.
    """

    name: str
    command: list[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    restart_command: list[str] | None = None  # where a second start differs from the first
    wanted: Callable[[], bool] | None = None
    asked_again_at: float = 0.0  # when it is asked next whether it is wanted
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    backoff: float = FIRST_BACKOFF_S
    resume_at: float | None = None
    last_exit: int | None = None

    def start(self, log: IO[bytes]) -> None:
        """Start it, in a session of its own so that a Ctrl-C reaches the supervisor alone."""
        command = self.restart_command if self.restarts and self.restart_command else self.command
        self.process = subprocess.Popen(  # noqa: S603 - our own entry points
            command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.started, self.resume_at = monotonic_s(), None

    def restart(self, log: IO[bytes]) -> None:
        self.restarts += 1
        self.start(log)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def rests(self) -> bool:
        """Whether it has not been started yet, or ended well."""
        return self.process is None or self.process.returncode == 0

    def put_off(self) -> float:
        """Note that it ended; return the seconds until it is started again, doubled each time up to LAST_BACKOFF_S."""
        now = monotonic_s()
        self.last_exit = self.process.returncode if self.process else None
        if now - self.started > STEADY_S:
            self.backoff = FIRST_BACKOFF_S
        wait, self.backoff = self.backoff, min(2 * self.backoff, LAST_BACKOFF_S)
        self.resume_at = now + wait
        return wait

    def stop(self, patience_s: float) -> bool:
        """End it; False when it had to be killed."""
        if self.process is None or not self.alive():
            return True
        self.process.terminate()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


def answers(host: str, port: int) -> Callable[[], bool]:
    """A readiness check that asks /readyz on this port."""
    reachable = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
    url = f"http://{reachable}:{port}/readyz"

    def ready() -> bool:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)

    return ready
