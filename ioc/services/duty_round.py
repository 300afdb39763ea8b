"""The duty round: the chores of the duty process, one after the other, none of which can hold up the others for long.

A keeper whose database or data bus is away, or which fails, is asked again after a while; the rest go on meanwhile.
What a keeper has done must hold by itself: the process may be killed between any two of its statements.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

REST_MS: Final = 200  # between two rounds in which nothing was to be done: what a page may wait for
FIRST_BACKOFF_MS, LAST_BACKOFF_MS = 500, 5_000


class Keeper(Protocol):
    """A small chore. One transaction a turn at most is lost when the process is killed, and then done again."""

    name: str

    def turn(self, now_ms: int) -> int:
        """Do what is due at this real time; returns how many things were done, 0 for nothing."""
        ...


@dataclass(slots=True)
class Chore:
    """A keeper with how it fares: `trouble` is why its last turn failed, empty when it did not."""

    keeper: Keeper
    done: int = 0
    failures: int = 0
    trouble: str = ""
    resume_ms: int = 0
    backoff_ms: int = FIRST_BACKOFF_MS


class DutyRound:
    """Gives each keeper its turn, again and again. `clock`: real ms."""

    def __init__(self, keepers: Sequence[Keeper], clock: Callable[[], int]) -> None:
        self.chores = tuple(Chore(keeper) for keeper in keepers)
        self._clock = clock
        self._log = structlog.get_logger()

    def once(self) -> int:
        """One turn of each keeper that is not put off; returns how many things were done."""
        return sum(self._turn(chore) for chore in self.chores)

    def run(self, stop: threading.Event) -> None:
        """Go round until told to stop."""
        while not stop.is_set():
            if not self.once():
                stop.wait(REST_MS / 1000)

    def facts(self) -> Mapping[str, Any]:
        """What the heartbeat says: `state` is `keeping`, or `waiting` where a keeper fails, and `trouble` why."""
        troubled = [chore for chore in self.chores if chore.trouble]
        return {
            "state": "waiting" if troubled else "keeping",
            "trouble": "; ".join(f"{chore.keeper.name}: {chore.trouble}" for chore in troubled),
            "keepers": {
                chore.keeper.name: {"done": chore.done, "failures": chore.failures, "trouble": chore.trouble}
                for chore in self.chores
            },
        }

    def _turn(self, chore: Chore) -> int:
        now_ms = self._clock()
        # a clock that was set back must not put a keeper off for as long as it was set back
        if now_ms < chore.resume_ms <= now_ms + LAST_BACKOFF_MS:
            return 0
        try:
            done = chore.keeper.turn(now_ms)
        except (RedisError, SQLAlchemyError, OSError) as error:
            self._put_off(chore, now_ms, error)
            return 0
        except Exception as error:  # one keeper's fault must not stop the clocks of the others; it is said and shown
            self._log.exception("keeper_failed", keeper=chore.keeper.name)
            self._put_off(chore, now_ms, error)
            return 0
        if chore.trouble:
            self._log.info("keeper_goes_on", keeper=chore.keeper.name, failures=chore.failures)
        chore.done += done
        chore.trouble, chore.resume_ms, chore.backoff_ms = "", 0, FIRST_BACKOFF_MS
        return done

    def _put_off(self, chore: Chore, now_ms: int, error: Exception) -> None:
        trouble = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
        if not chore.trouble:
            self._log.warning("keeper_waits", keeper=chore.keeper.name, error=trouble)
        chore.failures += 1
        chore.trouble = trouble
        chore.resume_ms = now_ms + chore.backoff_ms
        chore.backoff_ms = min(2 * chore.backoff_ms, LAST_BACKOFF_MS)
