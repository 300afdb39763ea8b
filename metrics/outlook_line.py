"""The line of an outlook: of which indicator version, windows and regions it is; and which indicators have one.

It stands in the checkpoint, so that a later version can tell whether it may go on with what an earlier one has learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metrics.indicator import Indicator
from metrics.meaning import meaning
from metrics.window import HOUR_MS, MINUTE_MS, Window

GRID_MS = (MINUTE_MS, HOUR_MS)  # finer is noise, coarser says nothing of the next six hours


@dataclass(frozen=True, slots=True)
class Line:
    """Of what an outlook is: an indicator version, its windows, what it means (`metrics.meaning`), the regions, and the
    sources that the values come from."""

    indicator: str
    version: int
    window: Window
    meaning: str
    regions: tuple[str, ...]
    sources: tuple[str, ...]

    @staticmethod
    def of(indicator: Indicator, regions: tuple[str, ...], sources: tuple[str, ...]) -> Line:
        """The line of an indicator version in these regions."""
        return Line(indicator.id, indicator.version, indicator.window, meaning(indicator), regions, sources)

    def goes_on_with(self, other: Line) -> bool:
        """Whether what is known of the other one holds for this one."""
        return (self.meaning, self.regions) == (other.meaning, other.regions)

    def stored(self) -> list[Any]:
        """As plain lists."""
        every_ms = self.window.every_ms
        return [self.indicator, self.version, every_ms, self.meaning, list(self.regions), list(self.sources)]

    @staticmethod
    def read(raw: Sequence[Any]) -> Line:
        """The reverse of `stored`, but that all windows are as long as their grid. Raises ValueError, TypeError."""
        indicator, version, every_ms, meant, regions, sources = raw
        return Line(indicator, version, Window("sliding", every_ms, every_ms), meant, tuple(regions), tuple(sources))


def followed(indicator: Indicator) -> bool:
    """Whether the indicator has an outlook."""
    return indicator.baseline.declared and GRID_MS[0] <= indicator.window.every_ms <= GRID_MS[1]
