"""Wholeness: from when on the state that a measure reads holds all rows; a window that begins before has no data.

State begins whole with the world. A definition that comes later finds panes and rows of what others asked for; what it
asks for beyond that begins with the first row that comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping

from metrics.intake import Intake
from metrics.keeping import columns_of
from metrics.plan import MeasurePlan
from metrics.watermark import BEGINNING


def is_whole(part: MeasurePlan, intakes: Mapping[str, Intake], end: int) -> bool:
    """Whether the state holds all rows of the measure's window that ends at `end`, with all that it reads of them."""
    intake, measure, window = intakes[part.source], part.measure, part.window
    first = window.first(end)
    if part.scan:
        return intake.panes[part.scan].since_ms <= first
    if measure.agg == "online":
        heard = intakes[measure.source].journal
        return heard.whole_ms <= end - measure.within_ms
    if intake.source.kind == "records":
        # The current versions are always there; a version that was superseded long ago is not.
        return measure.agg != "dwell" or intake.register.whole_ms <= first
    journal = intake.journal
    wanted = columns_of(measure, part.key)
    since = max((journal.since.get(name, BEGINNING) for name in wanted), default=BEGINNING)
    if window.kind != "now":
        return max(journal.whole_ms, since) <= (first - measure.hold_ms if measure.agg == "dwell" else first)
    if window.max_age_ms is not None:
        return max(journal.silent_ms, since) <= end - window.max_age_ms
    return journal.is_current(end, since)
