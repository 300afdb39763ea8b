"""What the stream benchmarks compute: count and sum of a minute, sliding windows, or a shipped pack as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.readings import NAMES
from ioc.packs.bundle import build

MINUTE = 60_000
SOURCE = {
    "kind": "readings", "time": "time", "entity": "road", "period": "1s", "disorder": "2s", "lateness": "1m",
    "future": "1m",
    "fields": {"time": {"type": "time"}, "road": {"type": "text"},
               "speed": {"type": "decimal", "scale": 2, "unit": "km/h", "range": [0, 150], "missing": ["0"]},
               "vehicles": {"type": "int", "range": [0, 10000]}},
}  # fmt: skip


@dataclass(frozen=True)
class Definitions:
    """A bundle, and how to tell that its values are right: the indicator that is published last has a value per road,
    of the line `line` with the road behind it, every `every_ms`, and its samples are the readings of that road."""

    bundle: dict[str, Any]
    line: str
    every_ms: int

    @property
    def indicators(self) -> int:
        return len(self.bundle["indicators"])


def _both(window: dict[str, str], every_ms: int) -> Definitions:
    """Count and sum of speed per road."""
    shared = {"source": "traffic", "window": window, "dimensions": ["road"]}
    indicators = [
        {"id": "N", **shared, "formula": "n", "measures": {"n": {"agg": "count"}}},
        {"id": "S", **shared, "formula": "total", "measures": {"total": {"agg": "sum", "field": "speed"}}},
    ]
    bundle = {"v": 1, "hash": "bench", "sources": {"traffic": SOURCE}, "indicators": indicators}
    return Definitions(bundle, "S||road=", every_ms)


def minute() -> Definitions:
    """Count and sum per road in windows of 60 s, as the peers compute them."""
    return _both({"kind": "tumbling", "size": "1m"}, MINUTE)


def sliding(size_s: int, every_s: int) -> Definitions:
    """The same in sliding windows."""
    return _both({"kind": "sliding", "size": f"{size_s}s", "every": f"{every_s}s"}, every_s * 1000)


def traffic() -> Definitions:
    """The traffic pack's indicators of road speeds with its own contract; its roads stand for those of the readings."""
    bundle = build()
    known = bundle["registries"]["roads"]
    bundle["registries"] = {
        "roads": [dict(known[at % len(known)], id=name) for at, name in enumerate(NAMES)],
        "corridors": bundle["registries"]["corridors"],
    }
    bundle["indicators"] = [
        table
        for table in bundle["indicators"]
        if table.get("source") == "traffic" and table["window"].get("size") == "5m"
    ]
    source = dict(bundle["sources"]["traffic"], variants={})
    bundle["sources"] = {"traffic": source}
    return Definitions({**bundle, "hash": "bench"}, "T3r|440303|road=", 5 * MINUTE)
