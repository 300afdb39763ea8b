"""Delivery: which of the messages that wait go out now, one by one or as a digest, and what comes after a failure.

A channel takes so many a minute. What would be one too many is not lost: it goes into a digest with what waits beside
it, or waits; another channel of the message comes due meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

MINUTE_MS: Final = 60_000
FALLBACK_MS: Final = 25_000  # after so long without success the next channel is tried; 30 s are promised
LEASE_MS: Final = 45_000  # an attempt that has not ended by then is one of which nobody knows how it ended
MOST_DIGEST: Final = 20  # messages in one digest: what a phone shows
BACKOFF_MS: Final = (5_000, 15_000, 60_000, 300_000, 900_000)
MOST_ATTEMPTS: Final = 30  # by one channel in one round: about six hours

Outcome = Literal["sent", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due on a channel."""

    id: str
    urgency: int
    due_ms: int


def batches(waiting: Sequence[Waiting], used: int, per_minute: int) -> tuple[tuple[Waiting, ...], ...]:
    """What goes out now: the most urgent one by one, and the rest as one digest where the channel cannot take all.

    `used`: attempts of the last minute. The number of batches never exceeds what is left of the minute.
    """
    ordered = sorted(waiting, key=lambda each: (-each.urgency, each.due_ms, each.id))
    free = per_minute - used
    if free <= 0:
        return ()
    if len(ordered) <= free:
        return tuple((each,) for each in ordered)
    single = ordered[: free - 1]
    return (*((each,) for each in single), tuple(ordered[free - 1 : free - 1 + MOST_DIGEST]))


def again_ms(attempts: int) -> int | None:
    """How long after a failed attempt (the `attempts`-th) the next one comes; None: that was the last one."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return BACKOFF_MS[min(attempts, len(BACKOFF_MS)) - 1]
