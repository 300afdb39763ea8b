"""The rule of an alarm: thresholds with every delay in milliseconds, on the grid of one indicator."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.threshold import Thresholds
from metrics.window import Window

SILENT_INSTANTS = 3  # one missing value is daily life, three in a row are not
FLAPPING_INSTANTS = 12  # an hour of five-minute values


@dataclass(frozen=True, slots=True)
class Rule:
    """`silence_ms`: the delays of no_data and of stale. `flapping_ms`: the time within which `changes` changes of level
    make the rule flap, and after which it is calm."""

    thresholds: Thresholds
    on_delay_ms: int
    off_delay_ms: int
    silence_ms: tuple[int, int]
    changes: int
    flapping_ms: int

    @staticmethod
    def of(thresholds: Thresholds, window: Window) -> Rule:
        """The rule of an indicator with this window; what the thresholds leave open follows from its grid."""
        step_ms = window.after(0) - window.floor(0)
        no_data, stale, within = (
            thresholds.no_data_delay_ms, thresholds.stale_delay_ms, thresholds.flapping.within_ms,
        )  # fmt: skip
        return Rule(
            thresholds,
            thresholds.on_delay_ms,
            thresholds.off_delay_ms,
            (
                SILENT_INSTANTS * step_ms if no_data is None else no_data,
                SILENT_INSTANTS * step_ms if stale is None else stale,
            ),
            thresholds.flapping.changes,
            FLAPPING_INSTANTS * step_ms if within is None else within,
        )
