"""An indicator as declared: measures over sources, a formula, a window, groups, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from metrics.formula import Node
from metrics.measure import Measure
from metrics.region import PUBLISHED_LEVELS
from metrics.threshold import Thresholds
from metrics.window import Window

FILE = "indicators.toml"
Direction = Literal["up", "down", "context"]


@dataclass(frozen=True, slots=True)
class Rollup:
    """Regions above `level` fold the values of their descendants of that level; `weight`: attribute of `weighted`."""

    level: str
    how: Literal["max", "min", "sum", "mean", "worst", "best", "weighted"]
    weight: str = ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What `zscore` compares with: the values of the same local time and weekday of the last `weeks` weeks.

    Fewer than `min` of them: null. A smaller deviation than `floor` counts as `floor`. Whoever has `declared` one asks
    for band, forecast and anomalies too (`metrics.outlook`).
    """

    weeks: int = 8
    min: int = 4
    floor: float = 1.0
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Top:
    """Only the `n` best groups over the dimension `by` are sent to screens, and those that tie with the n-th."""

    by: str
    n: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """One version of an indicator. `valid_from_ms` None: always. `samples` empty: the largest of the measures.

    `rollup` None: merged states. `references` are the ids of `indicator('X')` in the formula, each once. The target is
    a number or a formula over region() and entered(), or absent.
    """

    id: str
    version: int
    formula: Node
    window: Window
    measures: tuple[Measure, ...]
    zh: str = ""
    en: str = ""
    scene: str = ""
    unit: str | None = None
    decimals: int = 0
    direction: Direction = "context"
    dimensions: tuple[str, ...] = ()
    levels: tuple[str, ...] = PUBLISHED_LEVELS
    constants: Mapping[str, float] | None = None
    min_samples: int = 0
    samples: str = ""
    thresholds: Thresholds | None = None
    target: float | None = None
    valid_from_ms: int | None = None
    tasks: tuple[int, ...] = ()
    rollup: Rollup | None = None
    baseline: Baseline = Baseline()
    top: Top | None = None
    target_formula: Node | None = None
    references: tuple[str, ...] = ()
    owner: str = ""
    tags: tuple[str, ...] = ()
    foresee: Literal["", "worst"] = ""  # of its groups: which comes to a limit within the hour (`metrics.climb`)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of its measures, each once."""
        return tuple(dict.fromkeys(measure.source for measure in self.measures))

    def of_sizes(self, sizes: Mapping[int, int]) -> Indicator:
        """With tumbling sizes replaced (ms to ms)."""
        if self.window.kind == "tumbling" and self.window.size_ms in sizes:
            return replace(self, window=self.window.resized(sizes[self.window.size_ms]))
        return self
