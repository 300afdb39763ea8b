"""Connectors: which other systems are connected, how each is, and what has come of it.

They say so themselves in the heartbeats of the feeds that they share; one of which nothing was heard lately is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ioc.gateway.vitals import LOST_MS
from metrics.world import LIVE_WORLD

FED = f"feed:{LIVE_WORLD.id}:"  # connectors feed this world alone


@dataclass(frozen=True, slots=True)
class ConnectorLine:
    """A connector. `state`: `live`, `unreachable`, `failed`, or `lost`. `newest_ms`: event time of the newest row of
    its feed; `last_at_ms`: when its last accepted row came (real), None: none did since it was started."""

    name: str
    kind: str
    source: str
    origin: str
    state: str
    accepted: int
    rejected: int
    unread: int
    error: str
    error_at_ms: int | None
    last_at_ms: int | None
    newest_ms: int | None


def connectors(heartbeats: Mapping[str, Mapping[str, Any]], real_now_ms: int) -> list[ConnectorLine]:
    """By source and name."""
    return sorted(_lines(heartbeats, real_now_ms), key=lambda one: (one.source, one.name))


def _lines(heartbeats: Mapping[str, Mapping[str, Any]], real_now_ms: int) -> Iterator[ConnectorLine]:
    for beat, facts in heartbeats.items():
        if not beat.startswith(FED):
            continue
        away = real_now_ms - int(facts.get("at", 0)) > LOST_MS
        for name, told in facts.get("connectors", {}).items():
            yield ConnectorLine(
                name, str(told.get("kind", "")), beat.removeprefix(FED), str(facts.get("origin", "real")),
                "lost" if away else str(told.get("state", "")), int(told.get("accepted", 0)),
                sum((told.get("rejected") or {}).values()), int(told.get("unread", 0)), str(told.get("error") or ""),
                told.get("error_at"), told.get("last_at"), facts.get("newest"),
            )  # fmt: skip
