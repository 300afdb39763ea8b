"""Feeding: one simulated source runs behind the clock of its world, from where its stream ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ioc.sources import resume
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS
from ioc.sources.feed import Feed
from metrics.clock import real_ms
from metrics.world import Origin

LOOK_S = 1.0  # rows are sent once a second
HISTORY_MS = 26 * HOUR_MS  # a day to compare with and two hours of trend before it
HISTORY_ROWS = 250_000  # but no more readings of the past than so many
STEP_ROWS = 20_000  # rows of one step while the past is sent, about
LONGEST_STEP_MS = 6 * HOUR_MS


class Simulated:
    """Marked simulated, the past it makes up included. Goes on where its stream ends, so that nothing is sent twice.

    `now` is the time of the world, ms; `begin_ms` is when the world begins, None: so long before now that there is a
    past to show. Rows are sent each `look_s` seconds. `sent_ms` is how far everything was given to the feed.
    """

    origin: Origin = "simulated"

    def __init__(
        self,
        model: Model,
        now: Callable[[], int] = real_ms,
        begin_ms: int | None = None,
        look_s: float = LOOK_S,
    ) -> None:
        self._model, self._now, self._begin, self._look_s = model, now, begin_ms, look_s
        self.sent_ms: int | None = None

    def run(self, feed: Feed, stop: threading.Event) -> None:
        """Send the past that is missing, then each row when its time has come, until `stop`."""
        model, now = self._model, self._now()
        sent = resume.newest_sent(feed.client, feed.place)
        begin = now - history_ms(model) if self._begin is None else self._begin
        after = begin if sent is None else max(min(sent, now), begin)
        # a world that was left before its opening was whole has nothing but that; a model that changes at that very
        # millisecond has gone on
        if sent is None or sent < begin or model.rows(after - 1, after) is None:
            standing = model.opening(after)
            if standing is not None and not feed.put(standing, stop):
                return
        step = step_ms(model)
        while not stop.is_set():
            now = self._now()
            until = max(after, min(now, after + step))  # the clock may be set back
            rows = model.rows(after, until)
            if rows is not None and not feed.put(rows, stop):
                return
            self.sent_ms = after = until
            feed.beat(state="catching up" if now - after > MINUTE_MS else "live")
            if after >= now:
                stop.wait(self._look_s)


def history_ms(model: Model) -> int:
    """How far before now a world begins for this source."""
    return int(min(HISTORY_MS, max(2.0 * MINUTE_MS, HISTORY_ROWS / max(model.per_s, 1e-9) * 1000.0)))


def step_ms(model: Model) -> int:
    """Event time of one step while catching up: hours of a quiet source, seconds of a loud one."""
    return int(min(LONGEST_STEP_MS, max(1_000.0, STEP_ROWS / max(model.per_s, 1e-9) * 1000.0)))
