"""A published value: what the engine says of one indicator, group and window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from metrics.series import series_id

Quality = Literal["complete", "provisional", "stale", "no_data"]
Level = Literal["blue", "yellow", "orange", "red"]
LEVELS: tuple[Level, ...] = get_args(Level)  # from the least to the worst
QUALITIES: tuple[Quality, ...] = get_args(Quality)
ORIGINS = ("simulated", "recorded", "real")  # the least real first


@dataclass(frozen=True, slots=True)
class Value:
    """One value as published.

    `region` is a region code, or empty: the ungrouped total when the definition has no regions, else the rows whose
    region is unknown. `dims` are the values of the extra dimensions, in declared order, each as (name, value). Times
    are ms UTC, the window is [start, end). `value` is None exactly when `quality` is `no_data`. `same_time_1d` is the
    complete value one local day earlier, None where there is none. `origin` is the least real of the sources it was
    computed from (simulated < recorded < real).
    """

    indicator: str
    version: int
    region: str
    dims: tuple[tuple[str, str], ...]
    window_start: int
    window_end: int
    value: float | None
    quality: Quality
    samples: int
    revision: int = 0
    level: Level | None = None
    same_time_1d: float | None = None
    origin: str = "real"

    @property
    def series(self) -> str:
        """The name of the line this value belongs to, e.g. `T2r|440303|road=深南东路`."""
        return _series(self.indicator, self.region, self.dims)


_series = lru_cache(maxsize=1 << 16)(series_id)  # readers ask a value for it more than once; when full, some 20 MB
