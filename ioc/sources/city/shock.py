"""A shock: one thing that happens to the city for a while, with its strength over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioc.sources.city.script import Script, offset_ms


@dataclass(frozen=True, slots=True)
class Shock:
    """Acts in [start, end); rises to `value` and falls within `ramp`. `targets` () is everywhere."""

    kind: str
    start_ms: int
    end_ms: int
    value: float
    ramp_ms: int = 0
    targets: tuple[str, ...] = ()

    def at(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Its strength at each time."""
        inside = (times >= self.start_ms) & (times < self.end_ms)
        if not self.ramp_ms:
            return np.where(inside, self.value, 0.0)
        edge = np.minimum(times - self.start_ms, self.end_ms - times) / self.ramp_ms
        return np.where(inside, self.value * np.clip(edge, 0.0, 1.0), 0.0)

    def touches(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the names it acts on; a subdistrict's code holds for the codes below it."""
        if not self.targets:
            return np.ones(len(names), np.bool_)
        regions = tuple(target for target in self.targets if target.isdigit())
        touched = [name in self.targets or (name.isdigit() and name.startswith(regions)) for name in names]
        return np.array(touched, np.bool_)


def scripted(script: Script) -> tuple[Shock, ...]:
    """The shocks of a script, at event times."""
    begin = script.begin_ms
    return tuple(
        Shock(
            one.kind,
            begin + offset_ms(one.since),
            begin + offset_ms(one.until),
            one.value,
            offset_ms(one.ramp),
            one.targets,
        )
        for one in script.force
    )
