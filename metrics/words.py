"""Words: which of many values are the newest word on their window, and on their series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.series import Numbering
from metrics.values import Values

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Words:
    """Rows of values that came one behind the other. `newest`: the last row of each series and window; `completed`:
    the same of those whose window is complete; `latest`: of each series the last row of its last window."""

    newest: Rows
    completed: Rows
    latest: Rows

    @staticmethod
    def of(values: Values) -> Words:
        """Told apart by the names of series: versions of an indicator go on with the same ones."""
        numbering = Numbering()
        series = numbering.of(values.series)[values.line]
        # By window first: values come so, and what is in order already is sorted in one go.
        order = np.lexsort((series, values.end)) if len(values) else np.zeros(0, np.intp)
        done = order[values.done[order]]
        newest = order[_last(series[order], values.end[order])]
        latest = np.full(len(numbering), -1)
        latest[series[newest]] = newest  # of each series the last one stays
        return Words(np.sort(newest), np.sort(done[_last(series[done], values.end[done])]), latest[latest >= 0])


def _last(*keys: NDArray[np.integer]) -> NDArray[np.bool_]:
    """The last of each run of equal keys."""
    last = np.ones(len(keys[0]), np.bool_)
    if len(last):
        last[:-1] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return last
