"""Session rules: when a session ends by itself. Times are milliseconds; bounds are exclusive (at the limit it ends)."""

from __future__ import annotations

from typing import Literal

MINUTE_MS = 60_000
IDLE_MS = 15 * MINUTE_MS
ABSOLUTE_MS = 12 * 60 * MINUTE_MS
# Nobody touches a wall: it is a device that shows and changes nothing, it ends by revocation or with this term.
DEVICE_ABSOLUTE_MS = 30 * 24 * 60 * MINUTE_MS
SEEN_EVERY_MS = 20_000  # activity is written down at most this often: one small write instead of one per request

End = Literal["idle", "absolute"]


def ended(created_ms: int, seen_ms: int, now_ms: int, *, device: bool) -> End | None:
    """Why a session that nobody ended is over at `now_ms`, or None while it lasts."""
    if now_ms - created_ms >= (DEVICE_ABSOLUTE_MS if device else ABSOLUTE_MS):
        return "absolute"
    if not device and now_ms - seen_ms >= IDLE_MS:
        return "idle"
    return None


def lasts_ms(created_ms: int, seen_ms: int, now_ms: int, *, device: bool) -> int:
    """How much longer the session lasts when nothing happens any more; at least 0."""
    absolute = created_ms + (DEVICE_ABSOLUTE_MS if device else ABSOLUTE_MS)
    end = absolute if device else min(absolute, seen_ms + IDLE_MS)
    return max(0, end - now_ms)
