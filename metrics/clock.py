"""The clock: the only place that reads real time, and the clock of a world."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

LOCAL_OFFSET_MS = 8 * 3_600_000  # Asia/Shanghai is UTC+8 all year; there is no daylight saving


def real_ms() -> int:
    """Real time now, whole milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


def local_day() -> date:
    """The day it is in Asia/Shanghai."""
    return datetime.fromtimestamp((real_ms() + LOCAL_OFFSET_MS) / 1000, UTC).date()


def monotonic_s() -> float:
    """Seconds of a clock that never steps; only differences mean anything."""
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class WorldClock:
    """Event time of a world as a straight line over real time.

    At real time `real_ms` the world's time is `event_ms`; from there it runs `speed` times as fast as real time. The
    world `live` is the identity.
    """

    event_ms: int = 0
    real_ms: int = 0
    speed: float = 1.0

    def now_ms(self, real_now_ms: int) -> int:
        """The world's time at `real_now_ms`, whole milliseconds."""
        return self.event_ms + int((real_now_ms - self.real_ms) * self.speed)


LIVE = WorldClock()
