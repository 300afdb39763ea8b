"""A family: publications of one shape, whose windows are due, concluded, compared and said together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from metrics.agenda import WINDOWS_PER_STEP
from metrics.alarm_desk import Provenance, Scores
from metrics.alarm_event import AlarmEvent
from metrics.compiler import needed_by
from metrics.conclude import COMPLETE, PROVISIONAL
from metrics.conclusion import Conclusion, Told
from metrics.evaluation import published
from metrics.intake import Intake
from metrics.level_table import LevelTable
from metrics.measured import Mask, Numbers
from metrics.occasion import SILENT_PAST_MS, Moment, Occasion
from metrics.outlook import PER_STEP, Foreseen
from metrics.publication import Publication
from metrics.record import Record, Stood
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
        self.names = frozenset(one.plan.indicator.id for one in members)
        self.refers_to = frozenset(name for one in members for name in needed_by(one.plan.indicator))
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
        self._climbed: dict[int, int] = {}  # members that foresee -> the newest window this step completed
        self.renewed: dict[str, set[int]] = {}  # by indicator the ends whose values this step has changed
        self._outlook = first.outlook  # whoever has one is alone
        self._lines = np.zeros((len(members), 0), np.int32)
        self._published = np.zeros(0, np.bool_)
        self._judged = [one for one in members if one.desk is not None]
        self._judged_on_z = any(one.desk is not None and one.desk.subject.thresholds.on == "z" for one in members)
        self._remembering = [one for one in members if one.remembered]
        self._asked = np.array([one.quoted or "" in one.remembered for one in members], np.bool_)[:, None]
        self._levels = LevelTable(
            [one.plan.indicator.thresholds if one.desk is not None else None for one in members], first.is_open
        )

    def publish(self, intakes: Mapping[str, Intake], occasion: Occasion) -> list[Values]:
        """Values that changed, by window, oldest first."""
        self.renewed, self.events = {}, []
        self.foreseen, self._climbed = Foreseen(), {}
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
            size = len(self.deriver.groups)
            stood = Stood.of([self.records.get(end) for end in now], (len(self.members), size))
            told = self.conclusion.conclude(answer, now, intakes, occasion, partial(_rounded, stood))
            said = self._say(told, now, stood, occasion)
        if self._outlook is not None:
            self.foreseen = self._outlook.tell(occasion.origin)
        elif self._climbed:
            self.foreseen = Foreseen(entries={
                name: entry for place, end in self._climbed.items()
                for name, entry in self.members[place].foresee(end, occasion.origin).items()
            })  # fmt: skip
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

    # ---- what is said of windows ----

    def _say(self, told: Told, ends: Sequence[int], stood: Stood | None, occasion: Occasion) -> list[Values]:
        """Compare windows with what was published of them; what differs, if anything does. All at once, unless what is
        said of one depends on what becomes of the one before."""
        self._name_groups()
        present = self._present(told, ends, stood, occasion.moment)
        if len(ends) > 1 and (self._judged_on_z or self._some_fall_silent(told, ends, present, occasion.moment)):
            found = []
            for at in range(len(ends)):
                found += self._say(told.at(at), ends[at : at + 1], None if stood is None else stood.at(at), occasion)
            return found
        if len(ends) == 1:
            self._add_fallen_silent(present[:, 0], told, ends[0], occasion.moment)
        return self._compare(told, ends, stood, occasion, present & self._published[: present.shape[-1]])

    def _present(self, told: Told, ends: Sequence[int], stood: Stood | None, moment: Moment) -> Mask:
        """The groups of which something is to be said, those apart that have fallen silent."""
        present = np.broadcast_to(told.present, told.known.shape).copy()
        present[..., : self.deriver.groups.always] = True
        ahead = np.array(ends) > max(moment.clock_ms, moment.mark_ms)
        if ahead.any():
            present[:, ahead] &= told.known[:, ahead]
        return present if stood is None else present | stood.record.shown

    def _compare(
        self, told: Told, ends: Sequence[int], stood: Stood | None, occasion: Occasion, present: Mask
    ) -> list[Values]:
        """Put down what is published now of windows, and say what differs."""
        known = told.known & present
        is_complete = np.array(ends) <= occasion.moment.mark_ms
        was_complete = np.zeros_like(is_complete) if stood is None else stood.completed
        first, completed = is_complete & ~was_complete, was_complete | is_complete
        value = np.where(known, told.value, 0.0)
        scores = self._scores(ends[0], value[0, 0], known[0, 0]) if self._judged_on_z else None
        quality = np.where(is_complete, np.int8(COMPLETE), np.int8(PROVISIONAL))[:, None]
        now = Record(
            present, known, np.where(known, told.raw, 0.0), value, np.where(present, told.samples, 0),
            np.maximum(told.quality, quality), self._reached(ends, value, known, scores),
            np.zeros(known.shape, np.int32),
        )  # fmt: skip
        differs = present
        written = np.ones(present.shape[:2], np.bool_)
        if stood is not None:
            before = stood.record
            differs = now.differs(before)
            now.revision = before.revision + (differs & before.shown & stood.completed[:, None])
            # What is not shown differs in quality at most.
            other = ((now.raw != before.raw) | (now.quality != before.quality)).any(axis=2)
            written = differs.any(axis=2) | first | other | ~stood.whole
        said = differs.any(axis=2) | first
        for at, (end, done) in enumerate(zip(ends, completed.tolist(), strict=True)):
            self.records[end] = now.window(at, done)
            (self.unfinished.discard if done else self.unfinished.add)(end)
        for place, at in np.argwhere(written).tolist():
            self.members[place].dirty.add(ends[at])
        for at in np.flatnonzero(said.any(axis=0)).tolist():
            places = np.flatnonzero(said[:, at]).tolist()
            self._pass_on(places, differs[:, at], ends[at], occasion, first=bool(first[at]), scores=scores)
        return self._values(now, np.where(first[:, None], present, differs), ends, completed, occasion)

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
            if one.climb is not None and first:
                self._climbed[place] = max(end, self._climbed.get(place, end))
        if self._outlook is not None and first:
            source = Provenance(occasion.world, occasion.origin)
            self.events += self._outlook.take(end, self.members[0].records[end], source)
        elif self._outlook is not None and completed and differs[0, self._outlook.codes].any():
            self._outlook.correct()

    def _scores(self, end: int, value: Numbers, known: Mask) -> Scores | None:
        """Whoever is judged on z-scores is alone, and says one window after the other."""
        return self.members[0].scores(end, value, known)

    def _reached(self, ends: Sequence[int], value: Numbers, known: Mask, scores: Scores | None) -> NDArray[np.int8]:
        """The levels that the values reach at once."""
        if scores is None:
            return self._levels.levels(value, known, ends)
        (one,), (judged, judged_known) = self.members, scores
        thresholds = one.plan.indicator.thresholds
        assert thresholds is not None  # noqa: S101  # else there are no scores
        is_open = [one.is_open(variant.calendar, ends[0] - 1) for variant in thresholds.variants]
        return thresholds.levels(judged, judged_known & known[0, 0], is_open)[None, None]

    def _some_fall_silent(self, told: Told, ends: Sequence[int], present: Mask, moment: Moment) -> bool:
        """Whether a group that has a value in one of these windows, or before the first, is not in the next one."""
        if present.shape[-1] == self.deriver.groups.always:
            return False
        floor, until = self.plan.indicator.window.floor, max(moment.clock_ms, moment.mark_ms)
        shown = present & told.known & self._published[: present.shape[-1]]
        places = {end: at for at, end in enumerate(ends)}
        follows = [(places.get(floor(end - 1), -1), at) for at, end in enumerate(ends) if end <= until]
        inside = np.array([pair for pair in follows if pair[0] >= 0], np.intp).reshape(-1, 2).T
        if (shown[:, inside[0]] & ~present[:, inside[1]]).any():
            return True
        return any(self._silent(present[:, at], ends[at]) is not None for last, at in follows if last < 0)

    def _silent(self, present: Mask, end: int) -> tuple[Record, Mask] | None:
        """The record of the window before and the groups that had a value there and are not `present`, if any."""
        before = self.records.get(self.plan.indicator.window.floor(end - 1))
        if before is None or before.shown.shape[1] == self.deriver.groups.always:  # those are said anyway
            return None
        before = before.grown(present.shape[1])
        silent = before.shown & before.known & ~present
        return (before, silent) if silent.any() else None

    def _add_fallen_silent(self, present: Mask, told: Told, end: int, moment: Moment) -> None:
        """Groups that had a value in the window before: what is said of nothing (no data, a count of 0) is said once,
        so that no screen keeps the old value; and again while an alarm waits for it, or if others refer to it."""
        found = self._silent(present, end) if end <= max(moment.clock_ms, moment.mark_ms) else None
        if found is None:
            return
        before, silent = found
        telling = (told.known[:, 0] != before.known) | (told.value[:, 0] != before.value)
        telling |= (told.samples[0] != before.samples) | self._asked
        for place in np.flatnonzero((silent & ~telling).any(axis=1)).tolist():
            desk = self.members[place].desk
            if desk is not None:
                telling[place] |= desk.waits(present.shape[1])
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

    def _values(
        self, now: Record, sent: Mask, ends: Sequence[int], completed: Mask, occasion: Occasion
    ) -> list[Values]:
        """The values of some members, windows and groups as they are put down, window by window; what is complete
        apart from what is not."""
        sent = sent.transpose(1, 0, 2)
        counts = sent.sum(axis=(1, 2))
        size = int(counts.sum())
        if not size:
            return []
        lines = np.broadcast_to(self._lines[:, : sent.shape[2]], sent.shape)[sent]
        rows = Record.of((array.transpose(1, 0, 2)[sent] for array in now.arrays()), completed=False)
        rows.value[~rows.known] = np.nan
        cuts = np.cumsum(counts)[:-1]
        earlier = [
            occasion.history(self.series, some, end - DAY_MS)
            for some, end in zip(np.split(lines, cuts), ends, strict=True)
            if len(some)
        ]
        first = self.plan.indicator.window.first
        values = Values(
            self.series, lines, np.repeat(np.array([first(end) for end in ends], np.int64), counts),
            np.repeat(np.array(ends, np.int64), counts), rows.value, rows.quality, rows.samples, rows.revision,
            rows.level, np.concatenate(earlier), np.full(size, ORIGINS.index(occasion.origin), np.int8),
            np.repeat(completed, counts),
        )  # fmt: skip
        turns = [0, *(np.flatnonzero(np.diff(values.done)) + 1).tolist(), size]
        return [values.take(slice(*some)) for some in pairwise(turns)]


def _rounded(stood: Stood | None, value: Numbers, known: Mask) -> Numbers:
    """Published values; those that stand in the record already are not rounded again."""
    out, fresh = np.zeros(value.shape), known
    if stood is not None:
        out, fresh = stood.record.value.copy(), known & (~stood.record.known | (value != stood.record.raw))
    out[fresh] = published(value[fresh])
    out[~known] = 0.0
    return out


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
