"""Publication of one indicator: which windows are due, what of them changed, and with which quality and revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from metrics.agenda import WINDOWS_PER_STEP, Agenda
from metrics.alarm_desk import AlarmDesk, Member, Provenance, Scores, Subject
from metrics.alarm_event import AlarmEvent
from metrics.comparison import weeks_before, zscore
from metrics.conclude import Concluded
from metrics.conclusion import Conclusion
from metrics.derive import Deriver, Layouts
from metrics.evaluation import published
from metrics.intake import Intake
from metrics.measured import Answer, Group, Mask, Numbers
from metrics.measured_groups import zero_when_empty
from metrics.occasion import SILENT_PAST_MS, Moment, Occasion
from metrics.outlook import PER_STEP, Foreseen, Outlook
from metrics.outlook_line import Line, followed
from metrics.plan import IndicatorPlan, Plan
from metrics.record import Record
from metrics.reference import Known
from metrics.remembered import Remembered
from metrics.series import Head, Series
from metrics.value import ORIGINS
from metrics.values import Values
from metrics.watermark import BEGINNING
from metrics.wholeness import is_whole
from metrics.window import DAY_MS

COMPLETE, PROVISIONAL, STALE, NO_DATA = range(4)
CELLS_PER_STEP = 200_000  # windows x keys derived in one step: some 50 ms; what is left waits for the next step


class Publication:
    """The published windows of one indicator version."""

    def __init__(
        self,
        part: IndicatorPlan,
        plan: Plan,
        kept_ms: Mapping[str, int],
        predecessor: Publication | None = None,
        layouts: Layouts | None = None,
    ) -> None:
        indicator, regions, calendars = part.indicator, plan.regions, plan.calendars
        self.plan = part
        self.regions = regions
        self.deriver = Deriver(part, regions, layouts)
        self.records: dict[int, Record] = {}
        self.unfinished: set[int] = set()  # ends of records that are not complete
        self.agenda = Agenda(part, plan)
        self.conclusion = Conclusion(part, regions, self.deriver.groups.always)
        self.dirty: set[int] = set()  # ends of records changed or dropped since the last checkpoint
        self.renewed: set[int] = set()  # ends whose values this step has changed
        # What comparisons ask back: measures by name, and the published values under the empty name.
        self.remembered = {name: Remembered(keep_ms) for name, keep_ms in kept_ms.items()}
        self.quoted = False  # whether formulas of others refer to its values
        self.events: list[AlarmEvent] = []
        self.desk: AlarmDesk | None = None
        if indicator.thresholds is not None and (indicator.thresholds.limits or indicator.thresholds.variants):
            self.desk = AlarmDesk(
                Subject(
                    indicator.id, indicator.version, indicator.thresholds, indicator.window, regions,
                    lambda calendar, at_ms: bool(calendars[calendar].is_open(np.array([at_ms], np.int64))[0]),
                    part.patience_ms,
                ),
                predecessor.desk if predecessor is not None else None,
            )  # fmt: skip
        self.series = Series()  # a line for each group, by code
        self._alarm_members: list[Member] = []
        self._published_levels = frozenset(indicator.levels)
        self.foreseen = Foreseen()
        self.outlook: Outlook | None = None
        if followed(indicator) and not part.inner:
            codes = np.flatnonzero(self._is_published(self.deriver.groups.always))
            before = predecessor.outlook if predecessor is not None else None
            line = Line.of(indicator, tuple(self.members[code][0] for code in codes.tolist()), part.sources)
            self.outlook = Outlook(line, codes, before)

    def publish(self, intakes: Mapping[str, Intake], occasion: Occasion) -> list[Values]:
        """Values that changed, by window, oldest first."""
        self.renewed = set()
        self.events = []
        todo = self.agenda.due(intakes, occasion, self.conclusion.standing, self)
        said: list[Values] = []
        if todo:
            sizes = [len(intakes[part.source].keys[part.key]) for part in self.plan.measures]
            sizes += [intakes[part.source].rows_kept for part in self.plan.measures if not part.scan]
            room = min(WINDOWS_PER_STEP, max(8, CELLS_PER_STEP // max(*sizes, len(self.deriver.groups), 1)))
            room = room if self.outlook is None else min(room, PER_STEP)
            now = self.agenda.take(todo, room)
            answer = self.deriver.measure(intakes, now, occasion.derived)
            self._remember_measures(answer, now, intakes)
            concluded, raw = self.conclusion.conclude(answer, now, intakes, occasion, self._rounded)
            for at, end in enumerate(now):
                said += self._emit(OneWindow(concluded, raw, at), end, occasion)
        if self.outlook is not None:
            self.foreseen = self.outlook.tell(occasion.origin)
        if self.desk is not None:
            for end in self.desk.overdue(self.unfinished, occasion.moment.clock_ms):
                self._judge(end, occasion)
        return said

    # ---- what others ask of it ----

    @property
    def members(self) -> Sequence[Group]:
        """Its groups by code."""
        return self.deriver.groups.all

    def stood(self, end: int) -> Concluded | None:
        """What was said of a window, shape (1, groups); None if nothing is known of it."""
        groups = list(self.deriver.groups.all)
        size = len(groups)
        record = self.records.get(end)
        if record is not None:
            record = record.grown(size)
            return Concluded(
                groups, record.value[None, :], record.known[None, :], record.samples[None, :],
                record.quality[None, :], record.shown[None, :],
            )  # fmt: skip
        kept = self.remembered.get("")
        found = kept.get(end, size) if kept is not None else None
        if found is None:
            return None
        value, known = found
        quality = np.where(known, COMPLETE, NO_DATA).astype(np.int8)
        return Concluded(
            groups, value[None, :], known[None, :], known.astype(np.int64)[None, :], quality[None, :], known[None, :]
        )

    def measured_at(self, measure: str, end: int) -> Known | None:
        """A measure of a window, shape (groups,)."""
        kept = self.remembered.get(measure)
        if kept is None:
            return None
        own = next(part.measure for part in self.plan.measures if part.measure.name == measure)
        return kept.get(end, len(self.deriver.groups), zero_beyond=zero_when_empty(own))

    # ---- groups that expire ----

    def live(self) -> Mask:
        """Which groups something was said of, is remembered of or is told of that later values may depend on."""
        size = len(self.deriver.groups)
        found = np.zeros(size, np.bool_)
        for record in self.records.values():
            found[: len(record.shown)] |= record.shown
        own = {part.measure.name: part.measure for part in self.plan.measures}
        for name, kept in self.remembered.items():
            found |= kept.live(size, zero_beyond=bool(name) and zero_when_empty(own[name]))
        return found | self.desk.live(size) if self.desk is not None else found

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending)."""
        self.records = {end: record.kept(groups) for end, record in self.records.items()}
        self.dirty |= self.records.keys()
        for kept in self.remembered.values():
            kept.keep(groups)
        if self.desk is not None:
            self.desk.keep(groups)
        lines = groups[: np.searchsorted(groups, len(self.series.heads))].tolist()
        self.series = Series([self.series.heads[code] for code in lines])  # what was said names lines of the old one
        self._alarm_members = [self._alarm_members[code] for code in lines]

    # ---- conclusions ----

    def _remember_measures(self, answer: Answer, ends: Sequence[int], intakes: Mapping[str, Intake]) -> None:
        for part in self.plan.measures:
            kept = self.remembered.get(part.measure.name)
            if kept is None:
                continue
            found = answer.measures[part.measure.name]
            for at, end in enumerate(ends):
                if is_whole(part, intakes, end):  # a part of a window is nothing to compare with
                    kept.put(end, found.value[at], found.known[at])

    def _rounded(self, value: Numbers, known: Mask, end: int) -> Numbers:
        """Published values; those that stand in the record already are not rounded again."""
        record = self.records.get(end, Record.empty(0)).grown(len(value))
        out = record.value.copy()
        fresh = known & (~record.known | (value != record.raw))
        out[fresh] = published(value[fresh])
        out[~known] = 0.0
        return out

    def forget(self, moment: Moment) -> None:
        """Drop windows that change no more; the newest of them stays, to tell which groups have fallen silent.

        A window behind the newest row of a source that neither speaks nor idles is given up after SILENT_PAST_MS.
        """
        for kept in self.remembered.values():
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
                self.dirty.add(end)

    def _emit(self, window: OneWindow, end: int, occasion: Occasion) -> list[Values]:
        """Compare one window with what was published of it; what differs, if anything does."""
        moment = occasion.moment
        known, samples, present = window.known, window.samples, window.present.copy()
        size = len(known)
        self._name_groups()
        record = self.records.get(end, Record.empty(0)).grown(size)
        self.records[end] = record
        present[: self.deriver.groups.always] = True
        is_open = end > max(moment.clock_ms, moment.mark_ms)
        if is_open:
            present &= known
        else:
            present |= self._fallen_silent(end, window)
        present |= record.shown
        present &= self._is_published(size)
        value = np.where(known & present, window.value, record.value)
        value[~known] = 0.0
        is_complete = moment.mark_ms >= end
        quality = np.maximum(window.quality, COMPLETE if is_complete else PROVISIONAL).astype(np.int8)
        scores = self._scores(end, value, known)
        level = self._levels(value, known, end, scores)
        differs = present & (
            ~record.shown | (value != record.value) | (known != record.known) | (samples != record.samples)
            | (quality != record.quality) | (level != record.level)
        )  # fmt: skip
        first = is_complete and not record.completed
        sent = present if first else differs
        revision = record.revision + (differs & record.shown & record.completed)
        self.records[end] = Record(
            present, known & present, np.where(present & known, window.raw, 0.0), np.where(present, value, 0.0),
            np.where(present, samples, 0), quality, level, revision.astype(np.int32), record.completed or is_complete,
        )  # fmt: skip
        self.dirty.add(end)
        if self.records[end].completed:
            self.unfinished.discard(end)
        else:
            self.unfinished.add(end)
        if differs.any() or first:
            self.renewed.add(end)
            if "" in self.remembered:
                self.remembered[""].put(end, self.records[end].value, self.records[end].known)
        if self.desk is not None and self.records[end].completed and (first or differs.any()):
            self._judge(end, occasion, scores)
        if self.outlook is not None and first:
            source = Provenance(occasion.world, occasion.origin)
            self.events += self.outlook.take(end, self.records[end], source)
        elif self.outlook is not None and record.completed and differs[self.outlook.codes].any():
            self.outlook.correct()
        return [self._values(np.flatnonzero(sent), end, occasion)] if sent.any() else []

    def _judge(self, end: int, occasion: Occasion, scores: Scores | None = None) -> None:
        """Ask the alarm desk what to tell of a window."""
        assert self.desk is not None  # noqa: S101  # only indicators with thresholds come here
        self.events += self.desk.judge(
            end, self.records[end], self.alarm_members(), Provenance(occasion.world, occasion.origin), scores=scores
        )

    def alarm_members(self) -> Sequence[Member]:
        """Its groups by code: region and dimensions."""
        self._name_groups()
        return self._alarm_members

    def _levels(self, value: Numbers, known: Mask, end: int, scores: Scores | None) -> NDArray[np.int8]:
        thresholds = self.plan.indicator.thresholds
        if thresholds is None or self.desk is None:
            return np.zeros(len(value), np.int8)
        is_open = [self.desk.subject.is_open(variant.calendar, end - 1) for variant in thresholds.variants]
        judged, judged_known = (value, known) if scores is None else scores
        return thresholds.levels(judged, judged_known & known, is_open)

    def _scores(self, end: int, value: Numbers, known: Mask) -> Scores | None:
        """The z-scores against the same instant of the weeks before, where levels are judged on them."""
        indicator = self.plan.indicator
        if indicator.thresholds is None or indicator.thresholds.on != "z":
            return None
        before = [self.remembered[""].get(at, len(value)) for at in weeks_before(end, indicator.baseline.weeks)]
        nothing = np.zeros(len(value)), np.zeros(len(value), np.bool_)
        earlier = [nothing if found is None else found for found in before]
        stacked = np.stack([one for one, _ in earlier]), np.stack([one for _, one in earlier])
        return zscore((value, known), stacked, indicator.baseline.min, indicator.baseline.floor)

    def _is_published(self, size: int) -> NDArray[np.bool_]:
        """Groups of the published levels; those of a level that only a roll-up reads stay inside."""
        if self.plan.indicator.rollup is None:
            return np.ones(size, np.bool_)
        regions = self.regions
        return np.array(
            [code not in regions or regions[code].level in self._published_levels for code, _ in self.members], np.bool_
        )

    def _name_groups(self) -> None:
        indicator = self.plan.indicator
        for region, split in self.deriver.groups.all[len(self.series.heads) :]:
            dims = tuple(zip(indicator.dimensions, split, strict=True)) if split is not None else ()
            self.series.add(Head(indicator.id, indicator.version, region, dims))
            self._alarm_members.append((region, dims))

    def _values(self, codes: NDArray[np.intp], end: int, occasion: Occasion) -> Values:
        """The values of some groups as they stand in the record."""
        record, lines, size = self.records[end], codes.astype(np.int32), len(codes)
        return Values(
            self.series, lines,
            np.full(size, self.plan.indicator.window.first(end)), np.full(size, end),
            np.where(record.known, record.value, np.nan)[codes], record.quality[codes], record.samples[codes],
            record.revision[codes], record.level[codes], occasion.history(self.series, lines, end - DAY_MS),
            np.full(size, ORIGINS.index(occasion.origin), np.int8), np.full(size, record.completed),
        )  # fmt: skip

    def _fallen_silent(self, end: int, window: OneWindow) -> NDArray[np.bool_]:
        """Groups that had a value in the window before: what is said of nothing (no data, a count of 0) is said once,
        so that no screen keeps the old value; and again while an alarm waits for it, or if others refer to it."""
        size = len(window.known)
        before = self.records.get(self.plan.indicator.window.floor(end - 1))
        if before is None:
            return np.zeros(size, np.bool_)
        before = before.grown(size)
        silent = before.shown & before.known
        if self.quoted or "" in self.remembered:
            return silent
        differs = (window.known != before.known) | (window.value != before.value) | (window.samples != before.samples)
        told: Mask = differs if self.desk is None else differs | self.desk.waits(size)
        return silent & told


class OneWindow:
    """One window of a conclusion: arrays of shape (groups,)."""

    def __init__(self, whole: Concluded, raw: Numbers, at: int) -> None:
        self.value, self.known, self.samples = whole.value[at], whole.known[at], whole.samples[at]
        self.quality, self.present, self.raw = whole.quality[at], whole.present[at], raw[at]
