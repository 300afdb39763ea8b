"""The season of a series: where in the day an instant lies, in slots of one step, and of which type its day is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.clock import LOCAL_OFFSET_MS
from metrics.holiday import day_types
from metrics.local_time import DAY_MS

MIN_SLOT_MS = 300_000  # finer slots would learn from too few days what their neighbours know
SMOOTH_MS = 1_800_000  # what is normal at 08:00 says something about 08:30; standard deviation of the kernel


@dataclass(frozen=True, slots=True)
class Season:
    """Slots of a local day for a series that has a value every `step_ms`. A step of a day or more has one slot."""

    step_ms: int

    def __post_init__(self) -> None:
        if self.step_ms <= 0:
            raise ValueError("a step must be longer than nothing")

    @property
    def slot_ms(self) -> int:
        """The length of a slot."""
        return min(max(self.step_ms, MIN_SLOT_MS), DAY_MS)

    @property
    def slots(self) -> int:
        """Slots in a day; the last is shorter where the step does not divide the day."""
        return -(-DAY_MS // self.slot_ms)

    @property
    def steps_per_day(self) -> int:
        """Steps in a day, at least one."""
        return max(1, round(DAY_MS / self.step_ms))

    def slot(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Slots of instants in ms UTC."""
        return (times + LOCAL_OFFSET_MS) % DAY_MS // self.slot_ms

    def day_type(self, times: NDArray[np.int64]) -> NDArray[np.int8]:
        """`metrics.holiday.WORK` or `REST` of instants in ms UTC."""
        return day_types(times)[0]

    def kernel(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Offsets of the slots that speak for a slot, itself in the middle, and their weights, which sum up to 1."""
        reach = min(2 * SMOOTH_MS // self.slot_ms, (self.slots - 1) // 2)
        offsets = np.arange(-reach, reach + 1)
        weights = np.exp(-0.5 * (offsets * self.slot_ms / SMOOTH_MS) ** 2)
        return offsets, (weights / weights.sum()).astype(np.float32)
