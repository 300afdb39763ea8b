"""An occasion: what one step of the engine brings to each publication besides state."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.entered import NOTHING, Entered
from metrics.series import Lines, Series
from metrics.watermark import BEGINNING
from metrics.window import HOUR_MS

# Complete values are kept for 49 h of world time: a silent instant before that would be published for nobody.
SILENT_PAST_MS = 49 * HOUR_MS

# The values of some lines in the windows that end at an instant, NaN where there is none or it is null.
History = Callable[[Series, Lines, int], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step knows of time for one indicator. `clock_ms`: instants up to here are passed. `mark_ms`: the least
    watermark of its sources. `closed_ms`: windows that end at or before this change no more. `newest_ms`: the newest
    row of any source. `lateness_ms`: the longest of the sources. `begin_ms`: of windows that end before nothing can be
    said, because a source that it counts beside others had not been heard of (`metrics.beginning`)."""

    clock_ms: int
    mark_ms: int
    closed_ms: int
    newest_ms: int
    lateness_ms: int
    begin_ms: int = BEGINNING


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a step brings besides state: time, earlier values, how real the sources are, and whose world it is."""

    moment: Moment
    history: History
    origin: str
    world: str = "live"
    entered: Entered = NOTHING
    changed: Mapping[str, frozenset[int]] = field(default_factory=dict)  # ends of other indicators said anew
    derived: dict[Hashable, Any] = field(default_factory=dict)  # measures that this step has derived already
