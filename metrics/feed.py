"""A feed: what the engine's edge has counted of one source since its world began, kept with the checkpoint."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT_GAPS = 20  # the newest; `missing` counts them all
PAST_MS = 120_000  # rows that are older than this when they come are of the past
PAST_REAL_MS = 10_000  # in a world that goes fast: what passes there in so much real time
FLOWS_MS = 2_000  # real time: who has sent nothing for so long, and does not say so, sends no past any more


@dataclass(slots=True)
class Feed:
    """`rows`: rows read, accepted or not; `newest_ms`: greatest event time accepted; `arrived_ms`: real time of the
    last row; `missing`: stream entries that went by unread, in all gaps."""

    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    newest_ms: int | None = None
    arrived_ms: int | None = None
    missing: int = 0
    gaps: list[dict[str, Any]] = field(default_factory=list)

    def heard(self, rows: int, newest_ms: int | None, arrived_ms: int) -> None:
        """Rows came in; `newest_ms` is None if none of them was accepted."""
        self.rows += rows
        if rows:
            self.arrived_ms = arrived_ms
        if newest_ms is not None and (self.newest_ms is None or newest_ms > self.newest_ms):
            self.newest_ms = newest_ms

    def sends_the_past(self, now_ms: int, since_ms: int, speed: float) -> bool:
        """Whether rows come, have come but lately before `since_ms` (real), and are still old at the world's time
        `now_ms`: the source catches up with the clock, which goes at that speed."""
        flows = self.arrived_ms is not None and since_ms - self.arrived_ms <= FLOWS_MS
        return flows and self.is_of_the_past(now_ms, speed)

    def is_of_the_past(self, now_ms: int, speed: float) -> bool:
        """Whether its newest row is old at the world's time."""
        return self.newest_ms is not None and now_ms - self.newest_ms > max(PAST_MS, PAST_REAL_MS * speed)

    def missed(self, at_ms: int, why: str, missing: int, shard: int) -> None:
        """Note a gap: `missing` entries of a shard were not read, seen at real time `at_ms`."""
        self.missing += missing
        self.gaps = [*self.gaps, {"at": at_ms, "missing": missing, "why": why, "shard": shard}][-KEPT_GAPS:]

    def stored(self) -> dict[str, Any]:
        """What the checkpoint keeps."""
        return {
            "rows": self.rows,
            "rejected": dict(self.rejected),
            "newest_ms": self.newest_ms,
            "arrived_ms": self.arrived_ms,
            "missing": self.missing,
            "gaps": self.gaps,
        }

    @staticmethod
    def of(stored: Mapping[str, Any]) -> Feed:
        """Inverse of `stored`."""
        return Feed(**{**stored, "rejected": Counter(stored["rejected"])})

    def published(self, lag: int, watermark_ms: int | None, counts: Mapping[str, int]) -> str:
        """The JSON of the `feeds` hash. `counts`: late, duplicate and unregistered rows, which the engine knows."""
        table = {
            "newest_ms": self.newest_ms,
            "watermark_ms": watermark_ms,
            "arrived_ms": self.arrived_ms,
            "rows": self.rows,
            "late": counts.get("late", 0),
            "duplicate": counts.get("duplicate", 0),
            "unregistered": counts.get("unregistered", 0),
            "rejected": dict(self.rejected),
            "lag": lag,
            "missing": self.missing,
            "gaps": self.gaps,
        }
        return json.dumps(table, ensure_ascii=False)
