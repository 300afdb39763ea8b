"""The cadence of a table of instants: how long a step between its rows is, and how many steps lie between two rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.local_time import DAY_MS

NEAR = 0.02  # of the step; the usual distance of rows is a median, which jitter of single rows does not move
OFF = 0.25  # of the step: a row further off does not lie on the cadence
FEW = 0.1  # of the rows; where so many are one step apart, rows are missing between the others
LONGEST_GAP_DAYS = 16  # what was two weeks ago is all that is remembered step by step; a longer gap is as good as that


class NotTheStep(ValueError):
    """Rows are not a step apart, nor a whole part of it. `usual_ms`: how far apart they are; `row`: the first that
    shows it, from 0."""

    def __init__(self, usual_ms: int, row: int) -> None:
        super().__init__(f"rows are {usual_ms} ms apart")
        self.usual_ms, self.row = usual_ms, row


@dataclass(frozen=True, slots=True)
class Cadence:
    """A step of `step_ms`, of which `per_horizon` make one step of the forecast."""

    step_ms: int
    per_horizon: int

    def gaps(self, times: NDArray[np.int64], before_ms: int | None) -> NDArray[np.int64]:
        """Steps from each row to the next, at least 1, (rows,); the first counts from `before_ms`, or is 1.

        Rows a little off the cadence count as if on it; what is missing between two rows is counted.
        """
        first = int(times[0]) - self.step_ms if before_ms is None else before_ms
        between = np.diff(times, prepend=first)
        longest = max(LONGEST_GAP_DAYS * DAY_MS // self.step_ms, LONGEST_GAP_DAYS)
        return np.clip(np.rint(between / self.step_ms).astype(np.int64), 1, longest)

    def off(self, times: NDArray[np.int64]) -> NDArray[np.intp]:
        """Which rows, from 0, do not lie a whole number of steps after the row before."""
        steps = np.diff(times) / self.step_ms
        found: NDArray[np.intp] = 1 + np.flatnonzero(np.abs(steps - np.maximum(np.rint(steps), 1)) > OFF)
        return found


def cadence(times: NDArray[np.int64], horizon_step_ms: int) -> Cadence:
    """The cadence of rows (ms UTC, ascending) for a forecast in steps of `horizon_step_ms`.

    Rows that lie closer together than the step, as their median tells, are steps of their own, a whole number of which
    makes one step of the forecast. Missing rows leave steps empty. Raises NotTheStep.
    """
    between = np.diff(times)
    if not len(between):
        return Cadence(horizon_step_ms, 1)
    usual = float(np.median(between))
    per_horizon = max(1, round(horizon_step_ms / usual))
    if horizon_step_ms % per_horizon == 0 and abs(usual * per_horizon - horizon_step_ms) <= NEAR * horizon_step_ms:
        return Cadence(horizon_step_ms // per_horizon, per_horizon)
    other = np.abs(between - horizon_step_ms) > NEAR * horizon_step_ms
    if other.mean() > 1 - FEW:
        raise NotTheStep(round(usual), 1 + int(np.flatnonzero(other)[0]))
    return Cadence(horizon_step_ms, 1)


def local_iso(time_ms: int) -> str:
    """An instant in Shanghai time: `2015-01-01T00:15:00+08:00`; parts of a second only where there are any."""
    text = str(np.datetime64(time_ms + LOCAL_OFFSET_MS, "ms"))
    return text.removesuffix(".000") + "+08:00"
