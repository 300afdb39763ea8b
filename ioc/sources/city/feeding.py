"""Feeding: one simulated source runs behind the clock of its world, from where its stream ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ioc.sources import resume
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import HOUR_MS, MINUTE_MS
from ioc.sources.feed import Feed, Place
from metrics.clock import monotonic_s, real_ms
from metrics.world import Origin

LOOK_S = 1.0  # rows are sent once a second
PATIENCE_S = 30.0  # an engine that has not read a register by then is not there
NOTE_S = 5.0  # how often is noted how far everything was written
HISTORY_MS = 26 * HOUR_MS  # a day to compare with and two hours of trend before it
HISTORY_ROWS = 250_000  # but no more readings of the past than so many
STEP_ROWS = 20_000  # rows of one step while the past is sent, about
LONGEST_STEP_MS = 6 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Opened:
    """What stands was written: where, and how many rows the feed had then."""

    place: Place
    rows: int


class Simulated:
    """Marked simulated, the past it makes up included. Goes on where it was, so that nothing is sent twice.

    `now` is the time of the world, ms; `begin_ms` is when the world begins, None: so long before now that there is a
    past to show. Rows are sent each `look_s` seconds. `sent_ms` is how far everything was given to the feed.
    `register`: who feeds the register that the rows name entries of; what stands there is read before they come.
    """

    origin: Origin = "simulated"

    def __init__(
        self,
        model: Model,
        now: Callable[[], int] = real_ms,
        begin_ms: int | None = None,
        look_s: float = LOOK_S,
        register: Simulated | None = None,
    ) -> None:
        self._model, self._now, self._begin, self._look_s = model, now, begin_ms, look_s
        self._register = register
        self.sent_ms: int | None = None
        self.opened: Opened | None = None
        self._given: int | None = None

    def run(self, feed: Feed, stop: threading.Event) -> None:
        """Send the past that is missing, then each row when its time has come, until `stop`."""
        model, now = self._model, self._now()
        feed.beat(state="catching up")
        begin = now - history_ms(model) if self._begin is None else self._begin
        # what was given to the feed is its business; only a new process asks how far the one before came
        after = self._left_off(feed, begin, now) if self._given is None else self._given
        if after is None:
            after = begin
            while self._now() < after:  # the clock of an exercise stands before its script until the script begins
                self.sent_ms = self._now()
                feed.beat(state="live")
                if stop.wait(self._look_s):
                    return
            self._await_register(feed, stop)
            standing = model.opening(after)
            if standing is not None and not feed.put(standing, stop):
                return
            self._given = after
        if self.opened is None:
            if not feed.drain(stop):
                return
            resume.note(feed.client, feed.place, after)
            self.opened = Opened(feed.place, feed.tally.rows)
        step, noted = step_ms(model), monotonic_s()
        while not stop.is_set():
            now = self._now()
            until = max(after, min(now, after + step))  # the clock may be set back
            rows = model.rows(after, until)
            if rows is not None and not feed.put(rows, stop):
                return
            self.sent_ms = self._given = after = until
            feed.beat(state="catching up" if now - after > MINUTE_MS else "live")
            if not feed.pending_rows and monotonic_s() - noted >= NOTE_S:
                resume.note(feed.client, feed.place, after)
                noted = monotonic_s()
            if after >= now:
                stop.wait(self._look_s)

    def _await_register(self, feed: Feed, stop: threading.Event) -> None:
        """Wait until an engine has read what stands in the register, if there is one that reads."""
        until = monotonic_s() + PATIENCE_S
        while self._register is not None and not stop.is_set() and monotonic_s() < until:
            opened = self._register.opened
            if opened is not None and resume.rows_read(feed.client, opened.place) >= opened.rows:
                return
            feed.beat(state="catching up")
            stop.wait(min(self._look_s, 0.25))

    def _left_off(self, feed: Feed, begin: int, now: int) -> int | None:
        """Up to when everything was sent; None: what stands is to be sent first, because nothing was sent, because that
        was cut off, or because more is missing than is ever sent of the past."""
        noted, sent = resume.noted(feed.client, feed.place), resume.newest_sent(feed.client, feed.place)
        if noted is None and (sent is None or self._model.opening(begin) is not None):
            return None  # rows that lie there may be a part of what stands
        upto = max(one for one in (noted, sent) if one is not None)
        return min(upto, now) if upto >= begin else None


def history_ms(model: Model) -> int:
    """How far before now a world begins for this source."""
    return int(min(HISTORY_MS, max(2.0 * MINUTE_MS, HISTORY_ROWS / max(model.per_s, 1e-9) * 1000.0)))


def step_ms(model: Model) -> int:
    """Event time of one step while catching up: hours of a quiet source, seconds of a loud one."""
    return int(min(LONGEST_STEP_MS, max(1_000.0, STEP_ROWS / max(model.per_s, 1e-9) * 1000.0)))
