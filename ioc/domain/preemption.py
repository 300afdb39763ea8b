"""Pre-emption: when a condition of the city takes the screens. A function of published values, not a memory of ours.

So it is the same in every process and after every restart, and it ends by evidence: a value below the limit. Silence
is no evidence of calm; only an hour without any value ends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LINGERS_MS: Final = 5 * 60_000  # after the condition has ended: nobody loses the picture in mid-sentence
SILENT_MS: Final = 60 * 60_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`indicator` of the whole district, at least `at_least`, takes every screen for `scene`."""

    id: str
    indicator: str
    at_least: float
    scene: str
    zh: str
    en: str


def standing(points: Iterable[tuple[int, float | None]], at_least: float, now_ms: int) -> tuple[int, int | None] | None:
    """(since, until) of the condition at `now_ms`, or None while the screens are free.

    `points` are complete values (window end ms, value or None for no data) in ascending order; times are the world's.
    `until` is None while the condition holds. One that comes back before its time is over goes on.
    """
    since: int | None = None
    until: int | None = None
    seen = 0
    for end, value in points:
        if value is None or end > now_ms:
            continue
        if since is not None and end >= (seen + SILENT_MS if until is None else until):
            since, until = None, None
        if value >= at_least:
            since, until = end if since is None else since, None
        elif since is not None and until is None:
            until = end + LINGERS_MS
        seen = end
    if since is None or now_ms >= (seen + SILENT_MS if until is None else until):
        return None
    return since, until
