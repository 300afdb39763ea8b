"""The plan: definitions become shared scans; each distinct (source, field, where, pane, key) is folded once.

What folds into panes (counts, sums, extremes of readings) is kept as folded panes; for everything else the source keeps
the rows themselves, each column once, however many measures read it.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from metrics.aggregate import Fold
from metrics.calendar import Calendar
from metrics.formula import Node, text
from metrics.indicator import Indicator
from metrics.measure import Measure
from metrics.outline import Outlines
from metrics.region import Regions
from metrics.registry import Registry
from metrics.source import Source
from metrics.window import Window

Key = tuple[str, ...]  # row columns whose combinations are the keys of a fold, e.g. ("entity",) or ("entity", "org")
REGION = "@region"  # the key column of a region that no field of the row holds: by point, or by a registry of records


@dataclass(frozen=True, slots=True)
class Scan:
    """One fold over the rows of a source, per pane and key. `field` None: rows are counted.

    `id` depends on what is folded only, so that a later version of a definition finds the state of the parts that did
    not change.
    """

    source: str
    field: Node | None
    scale: int
    where: Node | None
    pane_ms: int
    key: Key
    folds: frozenset[Fold]
    marks: tuple[Node, ...] = ()  # what different values are told apart by; a row where one is null is left out
    ever: bool = False  # its windows have no beginning: panes that are no window's end any more become one
    id: str = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        parts = (
            self.source, "" if self.field is None else text(self.field), str(self.scale),
            "" if self.where is None else text(self.where), str(self.pane_ms), ",".join(self.key),
            ",".join(sorted(self.folds)), *map(text, self.marks), *(("all",) if self.ever else ()),
        )  # fmt: skip
        object.__setattr__(self, "id", hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Raw:
    """A field as the rows have it; `kind` and `scale` are those of its type in expressions."""

    name: str
    kind: str
    scale: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The columns that a source keeps of its rows, each distinct expression once.

    `truths`: conditions; `numbers`: fixed point fields with their scale; `marks`: values that are told apart only;
    `instants`: the times that place a record; `raws`: fields that expressions with now() read later. `reach_ms`: how
    long before a window's end rows are asked for beyond the window itself; `current`: the last row of each entity is
    needed whatever its age; `whole`: rows are needed for ever.
    """

    truths: tuple[Node, ...] = ()
    numbers: tuple[tuple[Node, int], ...] = ()
    marks: tuple[Node, ...] = ()
    instants: tuple[Node, ...] = ()
    raws: tuple[Raw, ...] = ()
    keys: tuple[Key, ...] = ()
    reach_ms: int = 0
    current: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class MeasurePlan:
    """Where a measure finds its state, and which groups its rows can tell apart.

    `scan` is empty where the measure is folded from kept rows. `source` is the source whose rows are grouped: that of
    the measure, but for `online`, which groups the records of the registry. `region` is the key column that tells the
    region, `dimensions` are those of the indicator that the source has.
    """

    measure: Measure
    source: str
    scan: str
    key: Key
    region: str | None
    dimensions: tuple[str, ...]
    window: Window

    @property
    def has_region(self) -> bool:
        return self.region is not None


@dataclass(frozen=True, slots=True)
class IndicatorPlan:
    """An indicator with the state it reads.

    `sources`: all that its value depends on, those of referenced indicators too; `watched`: those of its own measures,
    which make it stale. `patience_ms`: how long after its end a window may be incomplete before that is worth a word.
    `until_ms`: the last window end at which this version is in force.
    """

    indicator: Indicator
    measures: tuple[MeasurePlan, ...]
    has_region: bool
    sources: tuple[str, ...]
    watched: tuple[str, ...] = ()
    patience_ms: int = 0
    until_ms: int | None = None
    inner: bool = False  # its values are rows of a derived source, and are not published

    @property
    def id(self) -> str:
        return f"{self.indicator.id}@{self.indicator.version}{'~rows' if self.inner else ''}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The sources whose state it reads, derived ones too."""
        return tuple(dict.fromkeys((*self.sources, *(part.source for part in self.measures))))

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of regions that it is computed for: those published, and the one that its roll-up starts from."""
        rollup = self.indicator.rollup
        return tuple(dict.fromkeys((*self.indicator.levels, *(() if rollup is None else (rollup.level,)))))

    def in_force(self, end: int) -> bool:
        """Whether this version gives the value of the window that ends at `end`."""
        since = self.indicator.valid_from_ms
        return (since is None or since < end) and (self.until_ms is None or end <= self.until_ms)


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """What the engine keeps of a source. `grid_ms` divides all window ends of its indicators."""

    source: Source
    registry: Registry | None
    scans: tuple[Scan, ...]
    grid_ms: int
    kept: Kept | None
    keys: tuple[Key, ...]
    calendars: Mapping[str, Calendar]
    outlines: Outlines | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything `step` needs besides state and input."""

    hash: str
    sources: Mapping[str, SourcePlan]
    scans: Mapping[str, Scan]
    indicators: tuple[IndicatorPlan, ...]  # referenced ones before those that refer to them
    regions: Regions
    calendars: Mapping[str, Calendar] = dataclasses.field(default_factory=dict)
