"""A feed: what the engine's edge has counted of one source since its world began, kept with the checkpoint."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT_GAPS = 20  # the newest; `missing` counts them all


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
