"""Filling: rows that had counted before a definition asked for them become its panes and kept rows; pure.

Panes are filled below the time from which they are whole, which no row that comes now can reach twice: what is filled
had been read before the filling began, what comes later is folded as ever. Kept rows are told apart by identity.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from metrics.intake import Intake
from metrics.journal import Journal
from metrics.lacking import Lack, whole_panes_from
from metrics.named import NamedIdentities
from metrics.observation import Batch
from metrics.panes import Panes
from metrics.publication import Publication
from metrics.rows import Rows
from metrics.union import joined
from metrics.watermark import BEGINNING
from metrics.window import pane_index


class Filling:
    """One lack of a source, from the moment from which on `put` gets every row that had counted until then."""

    def __init__(self, lack: Lack, intake: Intake) -> None:
        self.lack = lack
        self.rows = 0
        self._intake = intake
        self._heard: set[str] = set()
        for scan, until in lack.scans.items():
            panes = intake.panes[scan]
            panes.forget(pane_index(until, panes.scan.pane_ms))  # the first of them may have been begun too late
            panes.since_ms = until

    def put(self, batch: Batch, part: Intake | None = None) -> None:
        """Rows in order of arrival, each once; `part`: the source that they are of, where ours is a union of it."""
        intake = self._intake
        if part is not None:
            of_part = Rows(batch, part.entities.dictionary.codes(batch.entities), part)
            batch = joined(of_part, part.source, part.entities.dictionary, intake.source)
        rows = Rows(batch, intake.entities.dictionary.codes(batch.entities), intake)
        self.rows += len(rows)
        for scan, until in self.lack.scans.items():
            below = rows.of(rows.time < until)
            if len(below):
                intake.fold_quietly(scan, below)
        if self.lack.kept_ms is not None:
            below = rows.of(rows.time < self.lack.kept_ms)
            if len(below):
                identity = _identity(intake, below)
                intake.journal.fill(below, identity)
                names = intake.entities.dictionary
                self._heard |= {names[code] for code in np.unique(below.entity).tolist()}
        intake.changed = True

    def finish(self, reach_ms: int, publications: Iterable[Publication]) -> None:
        """Everything from `reach_ms` on was put (BEGINNING: everything there ever was): what rests on it is whole."""
        lack, intake = self.lack, self._intake
        since = max(lack.from_ms, reach_ms)
        for scan in lack.scans:
            panes = intake.panes[scan]
            panes.since_ms = min(panes.since_ms, _first_whole(panes, since))
        if lack.kept_ms is not None:
            _whole_from(intake.journal, since, self._heard)
        for publication in publications:
            if publication.plan.id in lack.asked_by:  # what was said meanwhile is said again
                publication.agenda.waiting |= set(publication.records)
                publication.agenda.changed = True


def _identity(intake: Intake, rows: Rows) -> NDArray[np.int32] | None:
    if not isinstance(intake.identities, NamedIdentities):
        return None
    codes = intake.identities.codes([rows.column(name) for name in intake.source.identity])
    intake.identities.admit(codes, rows.time)  # so that the checkpoint names them
    return codes


def _first_whole(panes: Panes, since_ms: int) -> int:
    known, panes.since_ms = panes.since_ms, since_ms
    found, panes.since_ms = whole_panes_from(panes), known
    return found


def _whole_from(journal: Journal, since_ms: int, heard: set[str]) -> None:
    journal.whole_ms = min(journal.whole_ms, since_ms)
    journal.since = {
        name: min(since, since_ms) for name, since in journal.since.items() if min(since, since_ms) > BEGINNING
    }
    journal.silent_ms = min(journal.silent_ms, since_ms)
    journal.silent = journal.silent - heard if since_ms > BEGINNING else frozenset()
