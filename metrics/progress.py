"""Progress: how far an engine is with a world; nobody takes values of hours ago for those of now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from metrics.feed import Feed

State = Literal["restoring", "catching up", "live"]


@dataclass(frozen=True, slots=True)
class Progress:
    """`restoring`: nothing was committed yet by this engine. `catching up`: rows come and are older than two minutes.

    Times are ms of the world. `position_ms`: up to when data are there of the source that lies back most, None: not
    known, or it lies back no more; `goal_ms`: the world's clock; `unread`: entries of streams that wait.
    """

    state: State
    goal_ms: int
    position_ms: int | None = None
    unread: int = 0

    @property
    def behind_ms(self) -> int:
        """How far the position lies behind the goal."""
        return 0 if self.position_ms is None else max(0, self.goal_ms - self.position_ms)

    def told(self) -> dict[str, Any]:
        """As heartbeats say it."""
        return asdict(self) | {"behind_ms": self.behind_ms}


def progress(
    feeds: Mapping[str, Feed],
    lags: Mapping[str, int],
    now_ms: int,
    since_ms: int,
    *,
    said: Collection[str] = (),
    speed: float,
    committed: bool,
) -> Progress:
    """How far a world is whose feeds these are, with the entries of each that wait unread; `since_ms`: the real time of
    the last look, `speed` that of the world's clock. `said`: sources whose feeds say that they catch up. `committed`:
    this engine has published something of it.

    One entry that waits is what comes just now: a source that seldom speaks is not behind for it.
    """
    past = [
        feed.newest_ms
        for name, feed in feeds.items()
        if feed.newest_ms is not None
        and feed.is_of_the_past(now_ms, speed)
        and (name in said or lags.get(name, 0) > 1 or feed.sends_the_past(now_ms, since_ms, speed))
    ]
    unread = sum(lags.values())
    position = min(past, default=None)
    state: State = "restoring" if not committed else "live" if position is None else "catching up"
    return Progress(state, now_ms, position, unread)


def worst(states: Mapping[str, Mapping[str, Any]]) -> State:
    """What an engine as a whole is at, by what it says of each world."""
    found = {one["state"] for one in states.values()}
    return "restoring" if "restoring" in found else "catching up" if "catching up" in found else "live"
