"""The timeline of a replay: which recorded instant stands at which event time, looped or moved by whole weeks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS


class NoSuchMoment(ValueError):
    """The recording holds no moment with the weekday and time of day that is asked for."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`instants` of the recording, ms UTC ascending, (instants,); each lasts `period_ms`.

    `shift_ms` is added to each. With `loop` the last whole weeks of the recording follow it again and again, moved by
    their own length: weekdays and times of day stay, and there is no gap. A recording shorter than a week comes once a
    week.
    """

    instants: NDArray[np.int64]
    period_ms: int
    shift_ms: int = 0
    loop: bool = False

    @property
    def first_ms(self) -> int:
        return int(self.instants[0]) + self.shift_ms

    @property
    def end_ms(self) -> int | None:
        """The first event time behind the last instant; None: never ends."""
        return None if self.loop else self._recorded_end + self.shift_ms

    @property
    def lap_ms(self) -> int:
        """What a lap moves by: the whole weeks that the recording holds, at least one."""
        return max(1, (self._recorded_end - int(self.instants[0])) // WEEK_MS) * WEEK_MS

    def due(self, after_ms: int, until_ms: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Event times in (after_ms, until_ms] and, of each, the number of its recorded instant; both ascending."""
        times, numbers = [], []
        lap = self._lap_of(after_ms)
        while True:
            start, moved = self._lap(lap)
            low, high = np.searchsorted(self.instants[start:] + moved, [after_ms, until_ms], side="right") + start
            if high > low:
                times.append(self.instants[low:high] + moved)
                numbers.append(np.arange(low, high))
            lap += 1
            if not self.loop or int(self.instants[self._lap(lap)[0]]) + self._lap(lap)[1] > until_ms:
                break
        empty = np.empty(0, dtype=np.int64)
        return (np.concatenate(times), np.concatenate(numbers)) if times else (empty, empty)

    def next_ms(self, after_ms: int) -> int | None:
        """The first event time later than `after_ms`; None: there is none."""
        lap = self._lap_of(after_ms)
        for candidate in (lap, lap + 1) if self.loop else (0,):
            start, moved = self._lap(candidate)
            index = int(np.searchsorted(self.instants[start:] + moved, after_ms, side="right")) + start
            if index < len(self.instants):
                return int(self.instants[index]) + moved
        return None

    def recorded_ms(self, event_ms: int) -> int:
        """The time of the recording that stands at `event_ms`."""
        return event_ms - self._lap(self._lap_of(event_ms))[1]

    def moved_to(self, now_ms: int) -> Timeline:
        """The same recording moved by whole weeks so that `now_ms` lies inside it, if possible a day after its start.

        Raises NoSuchMoment when it holds no such weekday and time of day.
        """
        first, end = int(self.instants[0]), self._recorded_end
        for earliest in (first + DAY_MS, first):
            moment = earliest + (now_ms - earliest) % WEEK_MS
            if moment < end:
                return replace(self, shift_ms=now_ms - moment)
        raise NoSuchMoment("the recording holds no moment of this weekday and time of day")

    @property
    def _recorded_end(self) -> int:
        return int(self.instants[-1]) + self.period_ms

    def _lap_of(self, event_ms: int) -> int:
        if not self.loop:
            return 0
        return max(0, (event_ms - self.shift_ms - self._recorded_end) // self.lap_ms + 1)

    def _lap(self, lap: int) -> tuple[int, int]:
        """(number of the first instant, ms to add) of a lap; lap 0 is the whole recording."""
        start = 0 if lap == 0 else int(np.searchsorted(self.instants, self._recorded_end - self.lap_ms))
        return start, self.shift_ms + lap * self.lap_ms
