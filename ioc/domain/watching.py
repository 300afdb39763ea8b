"""Who watches which camera: a page that shows tiles of video holds a lease on them and renews it while it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = 1
RENEW_MS: Final = 5_000  # how often a page says that it still watches
LEASE_MS: Final = 20_000  # after so long without a word nobody watches there


class UnknownLeaseVersion(ValueError):
    """A lease was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What one open page watches. `by`: account, `title`: the name as shown, `screen`: of a device, the screen that it
    shows. `cameras`: `world/layer/id` -> since when, ms. `until_ms`: the lease's end."""

    by: str
    title: str
    screen: str
    cameras: Mapping[str, int]
    until_ms: int

    def to_json(self) -> str:
        return json.dumps(
            {"v": VERSION, "by": self.by, "title": self.title, "screen": self.screen, "cameras": dict(self.cameras),
             "until": self.until_ms},
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who watches a camera, since when; several pages of one account are one watcher."""

    by: str
    title: str
    screen: str
    since_ms: int


def camera(world: str, layer: str, name: str) -> str:
    """What a lease calls a camera; neither world nor layer has a slash."""
    return f"{world}/{layer}/{name}"


def lease(text: str | bytes) -> Lease:
    """A lease that was written down. Raises UnknownLeaseVersion, ValueError, KeyError, TypeError."""
    raw: Any = json.loads(text)
    if not isinstance(raw, dict) or raw.get("v") != VERSION:
        raise UnknownLeaseVersion("a lease of another version")
    cameras = {str(name): int(since) for name, since in raw["cameras"].items()}
    return Lease(str(raw["by"]), str(raw["title"]), str(raw["screen"]), cameras, int(raw["until"]))


def renewed(
    before: Lease | None, *, by: str, title: str, screen: str, cameras: Iterable[str], now_ms: int
) -> tuple[Lease, tuple[str, ...], tuple[str, ...]]:
    """The lease from now on, the cameras that it opens and those that it closes. What was watched before keeps its
    beginning; a lease that has run out, or was somebody else's, begins anew."""
    held = before.cameras if before is not None and before.by == by and before.until_ms > now_ms else {}
    watched = {name: held.get(name, now_ms) for name in cameras}
    opened = tuple(name for name in watched if name not in held)
    closed = tuple(name for name in held if name not in watched)
    return Lease(by, title, screen, watched, now_ms + LEASE_MS), opened, closed


def watchers(leases: Iterable[Lease], now_ms: int) -> dict[str, tuple[Watcher, ...]]:
    """Camera -> who watches it now, who came first first."""
    found: dict[str, dict[str, Watcher]] = {}
    for each in leases:
        if each.until_ms <= now_ms:
            continue
        for name, since in each.cameras.items():
            here = found.setdefault(name, {})
            if each.by not in here or since < here[each.by].since_ms:
                here[each.by] = Watcher(each.by, each.title, each.screen, since)
    return {
        name: tuple(sorted(here.values(), key=lambda one: (one.since_ms, one.by)))
        for name, here in sorted(found.items())
    }
