"""An allowance: so many requests a minute, a minute's worth at once at most. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(slots=True)
class Allowance:
    """A bucket that fills evenly; `left` are the requests that may come at `at_ms`."""

    per_minute: int
    left: float
    at_ms: int

    @staticmethod
    def full(per_minute: int, now_ms: int) -> Allowance:
        return Allowance(per_minute, float(per_minute), now_ms)

    def take(self, now_ms: int) -> int:
        """Take one request: 0, or how many ms to wait until there is one. A clock that goes back fills nothing."""
        grown = max(0, now_ms - self.at_ms) * self.per_minute / MINUTE_MS
        self.left = min(float(self.per_minute), self.left + grown)
        self.at_ms = now_ms
        if self.left >= 1:
            self.left -= 1
            return 0
        return max(1, round((1 - self.left) * MINUTE_MS / self.per_minute))
