"""A connector: one way in from another system, as a source that a process runs. Each kind has a module of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Protocol

from ioc.sources.connect.landing import Landing, Stopped
from ioc.sources.feed import Feed
from metrics.clock import monotonic_s
from metrics.source import Source
from metrics.world import Origin

PATIENCE_S = 60.0  # longer than any one question may take


class Way(Protocol):
    """A kind of connector: reads what the other system says and lands it until `landing.stop`; may raise anything."""

    kind: str

    def run(self, landing: Landing) -> None: ...


@dataclass(frozen=True, slots=True)
class Connector:
    """Runs its way into the feed of its source. `told` is shared by the connectors of one source."""

    name: str
    source: Source
    origin: Origin
    way: Way
    told: dict[str, dict[str, Any]]

    def run(self, feed: Feed, stop: threading.Event) -> None:
        """Until `stop`. What it raises is told in the heartbeat until the next attempt."""
        landing = Landing(self.name, self.way.kind, self.source, feed, stop, self.told)
        before = self.told.get(self.name, {})
        landing.accepted, landing.unread = before.get("accepted", 0), before.get("unread", 0)
        landing.rejected.update(before.get("rejected", {}))
        landing.last_ms = before.get("last_at")
        done = threading.Event()
        threading.Thread(target=_pulse, args=(landing, feed, done), name=f"pulse-{self.name}", daemon=True).start()
        try:
            self.way.run(landing)
        except Stopped:
            return
        except Exception as error:
            landing.away("failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            done.set()


def _pulse(landing: Landing, feed: Feed, done: threading.Event) -> None:
    """A connector that waits for another system for some seconds is not silent; one that hangs is."""
    while not done.wait(1.0):
        if monotonic_s() - landing.spoke_s < PATIENCE_S:
            feed.beat()
