"""The outlook of the past: band and forecast of an indicator as they stood at a moment of its archive.

Nothing of them is archived, and a world whose history was written later never had them. So they are told anew by the
program that the engine runs (`metrics.outlook`), from the windows that the archive gives for the moment and nothing
that was known later. It takes in the windows that end at the steps of the forecast, of the one region that is shown:
the engine learns from all regions together and from finer windows too, so the numbers are near to what it said, not
equal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np

from metrics.alarm_desk import Provenance
from metrics.indicator import Indicator
from metrics.normal import STEP_MS
from metrics.outlook import Outlook
from metrics.outlook_entry import OutlookEntry
from metrics.outlook_line import Line
from metrics.record import Record
from metrics.window import DAY_MS, HOUR_MS, Window

REACH_MS: Final = 14 * DAY_MS  # learnt from so much: the half-life of the shape of a day is ten days
_NOBODY: Final = Provenance("playback", "real")  # anomalies are told as they were told then, not again

Point = tuple[int, float | None]  # window end, value


def step_ms(indicator: Indicator) -> int:
    """The distance of the windows that are taken in: a quarter of an hour or an hour, as roll-ups have them."""
    return STEP_MS if indicator.window.every_ms <= STEP_MS else HOUR_MS


class PastOutlook:
    """One indicator version in one region. Windows are given in the order of their ends, each once."""

    def __init__(self, indicator: Indicator, region: str) -> None:
        self.step_ms = step_ms(indicator)
        window = Window.sliding(self.step_ms, self.step_ms)
        line = Line(indicator.id, indicator.version, window, "", (region,), ())
        self._outlook = Outlook(line, np.zeros(1, np.int64))
        self._waiting: deque[Point] = deque()
        self._given_ms: int | None = None

    @property
    def learnt(self) -> bool:
        """Whether all that was given has been taken in."""
        return not self._waiting

    def give(self, points: Iterable[Point]) -> None:
        """Windows to take in; those between steps and those that are not newer than what was given are left out."""
        for end, value in points:
            if end % self.step_ms == 0 and (self._given_ms is None or end > self._given_ms):
                self._waiting.append((end, value))
                self._given_ms = end

    def work(self, most: int) -> None:
        """Take in so many of the windows that wait."""
        for _ in range(min(most, len(self._waiting))):
            end, value = self._waiting.popleft()
            record = Record.empty((1,))
            record.shown[0], record.known[0] = True, value is not None
            record.value[0] = record.raw[0] = 0.0 if value is None else value
            self._outlook.take(end, record, _NOBODY)

    def entry(self, origin: str) -> OutlookEntry | None:
        """What is normal and what comes, since the last window that was taken in; None: nothing new."""
        return next(iter(self._outlook.tell(origin).entries.values()), None)
