"""A measure as declared: which rows of a source are folded, and the second step over its parts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

from metrics.formula import Kind, Node
from metrics.window import HOUR_MS, Window

ENTITY = "entity"  # in `per`, `having` and `each`: the entity, whatever its field is called
DEFAULT_SCALE = 6  # of a field whose expression does not tell its decimals


@dataclass(frozen=True, slots=True)
class Measure:
    """Folds rows of a source; with `per` in two steps. Expressions are checked; None where absent.

    `window` None: the indicator's. `fields` are the expressions whose tuples `distinct` counts (one or more, of any
    kind; `field` is None then). `kind` is the kind of `field`. `p` belongs to the aggregate, `then_p` to `then`.
    `zh` and `en` name what it counts; two measures that differ in their names alone are one.
    `within_ms` belongs to online, `hold_ms` and `calendar` ("": none) to dwell, `rate_ms` to rate.
    """

    name: str
    source: str
    agg: str
    field: Node | None = None
    scale: int = 0
    where: Node | None = None
    per: tuple[str, ...] = ()
    having: Node | None = None
    each: Node | None = None
    then: str = ""
    unit: str | None = None
    at: Node | None = None
    window: Window | None = None
    p: float | None = None
    then_p: float | None = None
    within_ms: int = 0
    calendar: str = ""
    hold_ms: int = 0
    rate_ms: int = HOUR_MS
    fields: tuple[Node, ...] = ()
    kind: Kind = "number"
    records: bool = False
    zh: str = dataclasses.field(default="", compare=False)
    en: str = dataclasses.field(default="", compare=False)

    def window_of(self, indicator: Windowed) -> Window:
        """Its own window, or that of the indicator."""
        return self.window or indicator.window


class Windowed(Protocol):
    """Something with a window: an indicator."""

    @property
    def window(self) -> Window: ...
