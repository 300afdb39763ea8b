"""A family: publications of one shape, whose windows are due, concluded, compared and said together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.agenda import WINDOWS_PER_STEP
from metrics.alarm_desk import Provenance, Scores
from metrics.alarm_event import AlarmEvent
from metrics.conclude import COMPLETE, PROVISIONAL
from metrics.conclusion import Conclusion, Told
from metrics.evaluation import published
from metrics.intake import Intake
from metrics.level_table import LevelTable
from metrics.measured import Mask, Numbers
from metrics.occasion import SILENT_PAST_MS, Moment, Occasion
from metrics.outlook import PER_STEP, Foreseen
from metrics.publication import Publication
from metrics.record import Record
from metrics.series import Head, Series
from metrics.value import ORIGINS
from metrics.values import Values
from metrics.watermark import BEGINNING
from metrics.window import DAY_MS

CELLS_PER_STEP = 200_000  # windows x keys derived in one step: some 50 ms; what is left waits for the next step


class Family:
    """The members' windows. Records have the shape (members, groups)."""

    def __init__(self, members: Sequence[Publication]) -> None:
        first = members[0]
        assert first.standing is not None  # noqa: S101  # the state has given it
        self.members, self.plan, self.deriver = list(members), first.plan, first.deriver
        self.agenda, self.unfinished = first.agenda, first.unfinished
        self.agenda.changed = any(one.agenda.changed for one in members)
        self.records = {end: Record.stacked([one.records[end] for one in members]) for end in first.records}
        for at, one in enumerate(members):
            one.agenda, one.unfinished, one.records = self.agenda, self.unfinished, _Rows(self.records, at)
            one.keeper = self
        self.conclusion = Conclusion(
            [one.plan for one in members], first.whole.regions, self.deriver.groups.always, first.standing
        )
        self.series = Series()
        self.events: list[AlarmEvent] = []
        self.foreseen = Foreseen()
        self.renewed: dict[str, set[int]] = {}  # by indicator the ends whose values this step has changed
        self._outlook = first.outlook  # whoever has one is alone
        self._lines = np.zeros((len(members), 0), np.int32)
        self._published = np.zeros(0, np.bool_)
        self._judged = [one for one in members if one.desk is not None]
        self._remembering = [one for one in members if one.remembered]
        self._asked = np.array([one.quoted or "" in one.remembered for one in members], np.bool_)[:, None]
        self._levels = LevelTable(
            [one.plan.indicator.thresholds if one.desk is not None else None for one in members], first.is_open
        )

    def publish(self, intakes: Mapping[str, Intake], occasion: Occasion) -> list[Values]:
        """Values that changed, by window, oldest first."""
        self.renewed, self.events = {}, []
        todo = self.agenda.due(intakes, occasion, self.conclusion.standing, self)
        said: list[Values] = []
        if todo:
            sizes = [len(intakes[part.source].keys[part.key]) for part in self.plan.measures]
            sizes += [intakes[part.source].rows_kept for part in self.plan.measures if not part.scan]
            sizes += [len(self.deriver.groups) * len(self.members), 1]
            room = min(WINDOWS_PER_STEP, max(8, CELLS_PER_STEP // max(sizes)))
            room = room if self._outlook is None else min(room, PER_STEP)
            now = self.agenda.take(todo, room)
            answer = self.deriver.measure(intakes, now, occasion.derived)
            for one in self._remembering:
                one.remember_measures(answer, now, intakes)
            told = self.conclusion.conclude(answer, now, intakes, occasion, self._rounded)
            for at, end in enumerate(now):
                said += self._emit(told, at, end, occasion)
        if self._outlook is not None:
            self.foreseen = self._outlook.tell(occasion.origin)
        patient_until = occasion.moment.clock_ms - self.plan.patience_ms
        if self._judged and self.unfinished and min(self.unfinished) <= patient_until:
            for one in self._judged:
                assert one.desk is not None  # noqa: S101  # those that have one
                for end in one.desk.overdue(self.unfinished, occasion.moment.clock_ms):
                    self.events += one.judge(end, occasion)
        return said

    def forget(self, moment: Moment) -> None:
        """Drop windows that change no more; the newest of them stays, to tell which groups have fallen silent.

        A window behind the newest row of a source that neither speaks nor idles is given up after SILENT_PAST_MS.
        """
        for one in self._remembering:
            for kept in one.remembered.values():
                kept.forget(moment.clock_ms)
        window = self.plan.indicator.window
        kept_from, cursor = BEGINNING, self.agenda.cursor_ms
        if moment.closed_ms > BEGINNING and cursor is not None:
            kept_from = window.floor(min(moment.closed_ms, cursor))
        given_up = moment.clock_ms - SILENT_PAST_MS - moment.lateness_ms
        for end in list(self.records):
            if end in self.agenda.waiting:
                continue
            if end < kept_from or (end < given_up and window.first(end) > moment.newest_ms):
                del self.records[end]
                self.unfinished.discard(end)
                for one in self.members:
                    one.dirty.add(end)

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending)."""
        self.records.update({end: record.kept(groups) for end, record in self.records.items()})
        known = groups[: np.searchsorted(groups, self._lines.shape[1])]
        heads = self.series.heads
        self.series = Series([heads[line] for line in self._lines[:, known].ravel().tolist()])
        self._lines = np.arange(len(self.members) * len(known), dtype=np.int32).reshape(len(self.members), len(known))
        self._published = self._published[known]

    # ---- one window ----

    def _rounded(self, value: Numbers, known: Mask, end: int) -> Numbers:
        """Published values; those that stand in the record already are not rounded again."""
        out, fresh = np.zeros(value.shape), known
        record = self.records.get(end)
        if record is not None:
            record = record.grown(value.shape[1])
            out, fresh = record.value.copy(), known & (~record.known | (value != record.raw))
        out[fresh] = published(value[fresh])
        out[~known] = 0.0
        return out

    def _emit(self, told: Told, at: int, end: int, occasion: Occasion) -> list[Values]:
        """Compare one window with what was published of it; what differs, if anything does."""
        moment, before = occasion.moment, self.records.get(end)
        known, present = told.known[:, at], np.empty(told.known[:, at].shape, np.bool_)
        size = known.shape[1]
        self._name_groups()
        record = None if before is None else before.grown(size)
        present[:] = told.present[at]
        present[:, : self.deriver.groups.always] = True
        if end > max(moment.clock_ms, moment.mark_ms):
            present &= known
        else:
            self._add_fallen_silent(present, told, at, end)
        if record is not None:
            present |= record.shown
        present &= self._published[:size]
        known = known & present
        is_complete = moment.mark_ms >= end
        was_complete = record is not None and record.completed
        first = is_complete and not was_complete
        value = np.where(known, told.value[:, at], 0.0)
        scores = self._scores(end, value, known)
        now = Record(
            present, known, np.where(known, told.raw[:, at], 0.0), value, np.where(present, told.samples[at], 0),
            np.maximum(told.quality[:, at], COMPLETE if is_complete else PROVISIONAL),
            self._reached(end, value, known, scores), np.zeros(known.shape, np.int32), was_complete or is_complete,
        )  # fmt: skip
        differs = present if record is None else now.differs(record)
        if record is not None:
            now.revision = record.revision + (differs & record.shown & was_complete)
        self.records[end] = now
        if now.completed:
            self.unfinished.discard(end)
        else:
            self.unfinished.add(end)
        said = differs.any(axis=1) | first
        written = np.ones_like(said)
        if record is not None and record is before:  # what is not shown differs in quality at most
            written = said | ((now.raw != record.raw) | (now.quality != record.quality)).any(axis=1)
        for place in np.flatnonzero(written).tolist():
            self.members[place].dirty.add(end)
        if said.any():
            self._pass_on(np.flatnonzero(said).tolist(), differs, end, occasion, first=first, scores=scores)
        return self._values(present if first else differs, end, occasion)

    def _pass_on(
        self, places: Sequence[int], differs: Mask, end: int, occasion: Occasion, *, first: bool, scores: Scores | None
    ) -> None:
        """Tell whoever follows the members at these places that a window of theirs was said."""
        completed = self.records[end].completed
        for place in places:
            one = self.members[place]
            self.renewed.setdefault(one.plan.indicator.id, set()).add(end)
            if "" in one.remembered:
                record = one.records[end]
                one.remembered[""].put(end, record.value, record.known)
            if one.desk is not None and completed:
                self.events += one.judge(end, occasion, scores)
        if self._outlook is not None and first:
            source = Provenance(occasion.world, occasion.origin)
            self.events += self._outlook.take(end, self.members[0].records[end], source)
        elif self._outlook is not None and completed and differs[0, self._outlook.codes].any():
            self._outlook.correct()

    def _scores(self, end: int, value: Numbers, known: Mask) -> Scores | None:
        """Whoever is judged on z-scores is alone."""
        return self.members[0].scores(end, value[0], known[0]) if len(self.members) == 1 and self._judged else None

    def _reached(self, end: int, value: Numbers, known: Mask, scores: Scores | None) -> NDArray[np.int8]:
        """The levels that the values reach at once."""
        if scores is None:
            return self._levels.levels(value, known, end)
        (one,), (judged, judged_known) = self.members, scores
        thresholds = one.plan.indicator.thresholds
        assert thresholds is not None  # noqa: S101  # else there are no scores
        is_open = [one.is_open(variant.calendar, end - 1) for variant in thresholds.variants]
        return thresholds.levels(judged, judged_known & known[0], is_open)[None]

    def _add_fallen_silent(self, present: Mask, told: Told, at: int, end: int) -> None:
        """Groups that had a value in the window before: what is said of nothing (no data, a count of 0) is said once,
        so that no screen keeps the old value; and again while an alarm waits for it, or if others refer to it."""
        before = self.records.get(self.plan.indicator.window.floor(end - 1))
        always, size = self.deriver.groups.always, present.shape[1]
        if before is None or before.shown.shape[1] == always:  # those are said anyway
            return
        before = before.grown(size)
        silent = before.shown & before.known & ~present
        telling = (told.known[:, at] != before.known) | (told.value[:, at] != before.value)
        telling |= (told.samples[at] != before.samples) | self._asked
        for place in np.flatnonzero((silent & ~telling).any(axis=1)).tolist():
            desk = self.members[place].desk
            if desk is not None:
                telling[place] |= desk.waits(size)
        present |= silent & telling

    def _name_groups(self) -> None:
        """Lines for the groups that are new; and whether they are of a published level."""
        known, named = self._lines.shape[1], self.deriver.groups.named
        if known == len(named):
            return
        fresh = [
            [self.series.add(Head(one.plan.indicator.id, one.plan.indicator.version, region, dims))
             for region, dims in named[known:]]
            for one in self.members
        ]  # fmt: skip
        self._lines = np.concatenate([self._lines, np.array(fresh, np.int32)], axis=1)
        self._published = self.members[0].is_published(len(named))

    def _values(self, sent: Mask, end: int, occasion: Occasion) -> list[Values]:
        """The values of some members and groups as they stand in the record."""
        record, lines = self.records[end], self._lines[:, : sent.shape[1]][sent]
        size = len(lines)
        if not size:
            return []
        value = record.value[sent]
        value[~record.known[sent]] = np.nan
        values = Values(
            self.series, lines, np.full(size, self.plan.indicator.window.first(end)), np.full(size, end),
            value, record.quality[sent], record.samples[sent], record.revision[sent], record.level[sent],
            occasion.history(self.series, lines, end - DAY_MS),
            np.full(size, ORIGINS.index(occasion.origin), np.int8), np.full(size, record.completed),
        )  # fmt: skip
        return [values]


class _Rows(Mapping[int, Record]):
    """The records of one member."""

    def __init__(self, records: Mapping[int, Record], at: int) -> None:
        self._records, self._at = records, at

    def __getitem__(self, end: int) -> Record:
        return self._records[end].row(self._at)

    def __iter__(self) -> Iterator[int]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)
