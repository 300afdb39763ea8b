"""A model of one source: its rows as a pure function of time, and what stands at the beginning of a world."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city.rhythm import HOUR_MS
from ioc.sources.rows import Rows, joined

KEPT_HOURS = 4  # blocks that a clock that goes on steadily needs again


class Model(Protocol):
    """What feeds one source. `rows(a, c)` is `rows(a, b)` and then `rows(b, c)`, in time order."""

    @property
    def source(self) -> str: ...

    @property
    def per_s(self) -> float:
        """About how many rows a second come; what is sent of the past is bounded by it."""
        ...

    def opening(self, at_ms: int) -> Rows | None:
        """The records that stand at the beginning of a world, all changed at that time; None: nothing stands."""
        ...

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """The rows with time in (after, until]; None: there are none."""
        ...


class Hourly(ABC):
    """A model that makes its rows an hour at a time: what is asked for is cut out of hours, and these are kept."""

    def __init__(self, source: str, per_s: float) -> None:
        self.source, self.per_s = source, per_s
        self._hours: OrderedDict[int, Rows | None] = OrderedDict()
        self._lock = threading.Lock()

    @abstractmethod
    def hour(self, start_ms: int) -> Rows | None:
        """The rows with time in [start, start + 1 h), in time order."""

    def opening(self, at_ms: int) -> Rows | None:  # noqa: ARG002
        """Nothing stands, unless a kind of model says otherwise."""
        return None

    def rows(self, after_ms: int, until_ms: int) -> Rows | None:
        """See Model."""
        parts = []
        for number in range((after_ms + 1) // HOUR_MS, until_ms // HOUR_MS + 1):
            whole = self._hour(number)
            if whole is None:
                continue
            first, last = np.searchsorted(whole.time, [after_ms, until_ms], side="right").tolist()
            if last > first:
                parts.append(whole.take(np.arange(first, last)) if last - first < len(whole) else whole)
        return joined(parts) if parts else None

    def _hour(self, number: int) -> Rows | None:
        with self._lock:
            if number not in self._hours:
                self._hours[number] = self.hour(number * HOUR_MS)
                if len(self._hours) > KEPT_HOURS:
                    self._hours.popitem(last=False)
            return self._hours[number]


def in_order(time: NDArray[np.int64]) -> NDArray[np.intp]:
    """The order by time; rows of one time stay as they are."""
    return np.argsort(time, kind="stable")
