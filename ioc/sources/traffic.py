"""The simulated traffic source: the past day at once, then each reading when its time has come."""

from __future__ import annotations

import threading

from ioc.sources import resume
from ioc.sources.feed import Feed
from ioc.sources.simulation import RoadModel
from metrics.clock import real_ms
from metrics.world import Origin

LOOK_S = 0.5  # readings are sent twice a second
HISTORY_MS = 26 * 3_600_000  # a day to compare with and two hours of trend before it
STEP_MS = 3_600_000  # event time per `put` while the past is sent; 59 roads: about 7,000 rows


class SimulatedTraffic:
    """Marked simulated, the past it makes up included. Goes on where its stream ends, so that nothing is sent twice."""

    origin: Origin = "simulated"

    def __init__(self, model: RoadModel) -> None:
        self._model = model

    def run(self, feed: Feed, stop: threading.Event) -> None:
        now = real_ms()
        sent = resume.newest_sent(feed.client, feed.place)
        after = now - HISTORY_MS if sent is None else max(min(sent, now), now - HISTORY_MS)
        while not stop.is_set():
            until = max(after, min(real_ms(), after + STEP_MS))  # the clock may be set back
            rows = self._model.rows(after, until)
            if len(rows) and not feed.put(rows, stop):
                return
            after = until
            feed.beat(state="catching up" if real_ms() - after > STEP_MS else "live")
            if real_ms() - after < LOOK_S * 1000:
                stop.wait(LOOK_S)
