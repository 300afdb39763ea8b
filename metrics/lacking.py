"""What a state lacks: the rows that came before definitions that ask for them, by source; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metrics.intake import Intake
from metrics.keeping import columns_of
from metrics.panes import Panes
from metrics.plan import MeasurePlan
from metrics.publication import Publication
from metrics.watermark import BEGINNING
from metrics.wholeness import is_whole
from metrics.window import pane_start


@dataclass(slots=True)
class Lack:
    """Rows of one source of readings with time in [from_ms, until_ms) (BEGINNING: since ever).

    `scans`: until when the panes of each scan lack rows; `kept_ms`: until when the kept rows do, None: they do not.
    `asked_by`: versions of indicators.
    """

    source: str
    from_ms: int = 2**62
    until_ms: int = BEGINNING
    scans: dict[str, int] = field(default_factory=dict)
    kept_ms: int | None = None
    asked_by: dict[str, None] = field(default_factory=dict)

    def need(self, from_ms: int, until_ms: int) -> None:
        """Ask for more."""
        self.from_ms, self.until_ms = min(self.from_ms, max(from_ms, BEGINNING)), max(self.until_ms, until_ms)


def lacking(publications: Iterable[Publication], intakes: Mapping[str, Intake]) -> list[Lack]:
    """What the first window that each version has still to complete asks for, and what those ask for that it has said
    and may still correct, as far as the state does not hold it.

    Versions of records that were superseded before anybody asked, and rows of indicators, are not among it.
    """
    found: dict[str, Lack] = {}
    for publication in publications:
        plan, cursor = publication.plan, publication.agenda.cursor_ms
        if cursor is None:
            continue
        closed = min((intakes[name].watermark.closed_ms for name in plan.sources), default=BEGINNING)
        ends = [plan.indicator.window.after(cursor), *(end for end in publication.records if end > closed)]
        ends = [end for end in ends if plan.in_force(end)]
        for part in plan.measures:
            name = part.measure.source if part.measure.agg == "online" else part.source
            source = intakes[name].source
            if source.kind != "readings" or source.indicator_of:
                continue
            for end in ends:
                if not is_whole(part, intakes, end):
                    lack = found.setdefault(name, Lack(name))
                    lack.asked_by[plan.id] = None
                    _add(lack, part, intakes[name], end)
    return list(found.values())


def _add(lack: Lack, part: MeasurePlan, intake: Intake, end: int) -> None:
    measure, window = part.measure, part.window
    if part.scan:
        until = whole_panes_from(intake.panes[part.scan])
        lack.scans[part.scan] = until
        lack.need(window.first(end), until)
        return
    journal = intake.journal
    until = journal.whole_ms
    if measure.agg == "online":
        since = end - measure.within_ms
    else:
        until = max(until, *(journal.since.get(name, BEGINNING) for name in columns_of(measure, part.key)))
        since = window.first(end) - (measure.hold_ms if measure.agg == "dwell" else 0)
        if window.kind == "now":
            since = BEGINNING if window.max_age_ms is None else end - window.max_age_ms
            until = max(until, journal.silent_ms)
    lack.kept_ms = until if lack.kept_ms is None else max(until, lack.kept_ms)
    lack.need(since, until)


def whole_panes_from(panes: Panes) -> int:
    """The first pane of which all rows are there, ms: one that was begun with its first rows missing is not whole."""
    length, since = panes.scan.pane_ms, panes.since_ms
    start = pane_start(0, length)
    return since if since <= BEGINNING else start - (start - since) // length * length
