"""The watermark: how far a source is believed complete. It follows the data, or the clock in silence; never back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEGINNING = -(2**62)  # earlier than any event: nothing is known to be complete


@dataclass(slots=True)
class Watermark:
    """Progress of one source. Times are ms UTC of the world.

    `disorder_ms`: the watermark lags the newest accepted event by this much. `lateness_ms`: rows older than the
    watermark minus this are late. `idle_ms`: after so much silence the clock takes over; None: never.
    """

    disorder_ms: int
    lateness_ms: int
    idle_ms: int | None
    newest_ms: int = BEGINNING
    mark_ms: int = BEGINNING
    heard_ms: int | None = None

    def late(self, time: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        """Which rows are too late, as if they came one by one; None when none is. Does not advance anything."""
        if not len(time):
            return None
        mark = max(self.mark_ms, int(time.max()) - self.disorder_ms)
        if int(time.min()) >= mark - self.lateness_ms:
            return None
        # A row is judged by what came before it, so that the cut of the stream into batches does not matter. A late
        # row never advances the watermark, but neither can it: it is older than the newest.
        late: NDArray[np.bool_] = time < self.marks(time) - self.lateness_ms
        return late if late.any() else None

    def marks(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """The watermark at each of these rows, as if they came one by one."""
        found: NDArray[np.int64] = np.maximum(np.maximum.accumulate(time) - self.disorder_ms, self.mark_ms)
        return found

    def heard(self, newest_ms: int, now_ms: int) -> None:
        """Accepted rows came in at world time `now_ms`; the newest has this event time."""
        self.newest_ms = max(self.newest_ms, newest_ms)
        self.mark_ms = max(self.mark_ms, self.newest_ms - self.disorder_ms)
        self.heard_ms = now_ms if self.heard_ms is None else max(self.heard_ms, now_ms)

    def tick(self, now_ms: int, behind: bool = False) -> None:
        """The clock shows now_ms. `behind`: entries wait unread, so silence says nothing about the source."""
        if self.heard_ms is None or behind:
            # Silence is counted from the first look at the source, and never while it may be our own.
            self.heard_ms = now_ms if self.heard_ms is None else max(self.heard_ms, now_ms)
            return
        if self.idle_ms is not None and now_ms - self.heard_ms >= self.idle_ms:
            self.mark_ms = max(self.mark_ms, now_ms - self.disorder_ms)

    @property
    def spoken_ms(self) -> int:
        """The newest event, or the first look at a source that has none."""
        return self.newest_ms if self.newest_ms > BEGINNING or self.heard_ms is None else self.heard_ms

    @property
    def closed_ms(self) -> int:
        """Windows that end at or before this can change no more."""
        return self.mark_ms - self.lateness_ms if self.mark_ms > BEGINNING else BEGINNING
