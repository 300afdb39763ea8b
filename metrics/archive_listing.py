"""What lies in the archive: of each strand its parts in force, their size and how far they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from metrics.archive import every_part, in_force, lives, strands, worlds
from metrics.stream import order


@dataclass(frozen=True, slots=True)
class Listed:
    """One strand of one life. `arrived_until`: real ms of its newest entry; `from_ms`, `until_ms`: the span of its
    times (window ends of values, event times of observations and alarms)."""

    world: str
    started_ms: int
    strand: str
    parts: int
    bytes: int
    arrived_until: int
    from_ms: int
    until_ms: int


def listed(root: Path) -> Iterator[Listed]:
    """Every strand that has parts, by world, life and name. Files that are merged away meanwhile count as nothing."""
    for world in worlds(root):
        for life in lives(root, world):
            for strand in strands(root, life):
                parts = in_force(every_part(strand.folder(root)))
                if not parts:
                    continue
                spans = [part for part in parts if part.first_ms <= part.last_ms]
                yield Listed(
                    world, life.started_ms, strand.name, len(parts), sum(_size(part.path) for part in parts),
                    order(parts[-1].last)[0], min((part.first_ms for part in spans), default=0),
                    max((part.last_ms for part in spans), default=0),
                )  # fmt: skip


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
