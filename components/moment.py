"""How an instant is written on a page: date and minute in Shanghai."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SHANGHAI = timedelta(hours=8)  # no daylight saving


def moment(at_ms: int) -> str:
    """`2026-11-23 11:05` of an instant in ms UTC."""
    return (datetime.fromtimestamp(at_ms / 1000, UTC) + SHANGHAI).strftime("%Y-%m-%d %H:%M")
