"""The lock-out: five failures in fifteen minutes close an account for the rest of those fifteen minutes."""

from __future__ import annotations

from collections.abc import Sequence

FAILURES = 5
WINDOW_MS = 15 * 60_000


def locked_until(failures_ms: Sequence[int], now_ms: int) -> int | None:
    """When an account opens again, or None when it is open; `failures_ms` are failures since the last success."""
    recent = sorted(at for at in failures_ms if at > now_ms - WINDOW_MS)
    if len(recent) < FAILURES:
        return None
    return recent[-FAILURES] + WINDOW_MS


def left(failures_ms: Sequence[int], now_ms: int) -> int:
    """How many more failures the account stands."""
    return max(0, FAILURES - sum(at > now_ms - WINDOW_MS for at in failures_ms))
