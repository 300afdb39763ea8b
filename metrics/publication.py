"""Publication of one indicator: which windows are due, what of them changed, and with which quality and revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from metrics.alarm_desk import AlarmDesk, Provenance, Scores, Subject
from metrics.alarm_event import AlarmEvent
from metrics.comparison import weeks_before, zscore
from metrics.conclude import Concluded, Given, conclude
from metrics.derive import Deriver
from metrics.entered import NOTHING, Entered
from metrics.evaluation import published
from metrics.formula import names
from metrics.intake import Intake
from metrics.measured import Answer, Group, Mask, Numbers
from metrics.measured_groups import zero_when_empty
from metrics.plan import IndicatorPlan, MeasurePlan, Plan
from metrics.record import Record
from metrics.reference import Asked, Here, Known, References, indicators_of
from metrics.region_fold import fold_up, folded_columns
from metrics.remembered import Remembered
from metrics.standing import Standing
from metrics.threshold import level_name
from metrics.value import Quality, Value, series_id
from metrics.watermark import BEGINNING
from metrics.window import DAY_MS, HOUR_MS, Window, pane_index, pane_start, period_end

QUALITIES: tuple[Quality, ...] = ("complete", "provisional", "stale", "no_data")
COMPLETE, PROVISIONAL, STALE, NO_DATA = range(4)
# Complete values are kept for 49 h of world time: a silent instant before that would be published for nobody.
SILENT_PAST_MS = 49 * HOUR_MS
CELLS_PER_STEP = 200_000  # windows x keys derived in one step: some 50 ms; what is left waits for the next step
WINDOWS_PER_STEP = 512

History = Callable[[str, int], float | None]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step knows of time for one indicator. `clock_ms`: instants up to here are passed. `mark_ms`: the least
    watermark of its sources. `closed_ms`: windows that end at or before this change no more. `newest_ms`: the newest
    row of any source. `lateness_ms`: the longest of the sources."""

    clock_ms: int
    mark_ms: int
    closed_ms: int
    newest_ms: int
    lateness_ms: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a step brings besides state: time, earlier values, how real the sources are, and whose world it is."""

    moment: Moment
    history: History
    origin: str
    world: str = "live"
    entered: Entered = NOTHING
    changed: Mapping[str, frozenset[int]] = field(default_factory=dict)  # ends of other indicators said anew


class Publication:
    """The published windows of one indicator version."""

    def __init__(
        self,
        part: IndicatorPlan,
        plan: Plan,
        kept_ms: Mapping[str, int],
        predecessor: Publication | None = None,
    ) -> None:
        indicator, regions, calendars = part.indicator, plan.regions, plan.calendars
        self.plan = part
        self.regions = regions
        self.deriver = Deriver(part, regions)
        self.records: dict[int, Record] = {}
        self.unfinished: set[int] = set()  # ends of records that are not complete
        self.waiting: set[int] = set()  # ends to derive that did not fit into a step
        self.cursor_ms: int | None = None  # every grid instant up to here has been published
        self.started = False  # a row was seen
        self.dirty: set[int] = set()  # ends of records changed or dropped since the last checkpoint
        self.changed = False
        self.renewed: set[int] = set()  # ends whose values this step has changed
        # What comparisons ask back: measures by name, and the published values under the empty name.
        self.remembered = {name: Remembered(keep_ms) for name, keep_ms in kept_ms.items()}
        self.standing: Standing | None = None  # of all publications; given when all are there
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
        self._references = names(indicator.formula) - {one.measure.name for one in part.measures}
        self._references -= set(indicator.constants or {})
        self._referred = indicators_of(indicator.formula)
        self._enters = any(name.startswith("entered(") for name in self._references)
        self._entered: Entered = NOTHING
        self._lines: list[tuple[str, tuple[tuple[str, str], ...], str]] = []  # region, dims and series of each group
        self.left_over = False  # windows wait for the next step
        self._scans = {one.scan: plan.scans[one.scan].pane_ms for one in part.measures if one.scan}  # scan -> pane_ms
        self._rowwise = tuple(one for one in part.measures if not one.scan)
        self._published_levels = frozenset(indicator.levels)

    def publish(self, intakes: Mapping[str, Intake], occasion: Occasion) -> tuple[list[Value], list[bool]]:
        """Values that changed, oldest window first, and whether the window of each is complete."""
        mine = [intakes[name] for name in self.plan.sources]
        self.renewed = set()
        self.events = []
        todo = self._due(intakes, mine, occasion)
        self.changed = self.changed or bool(todo)
        values: list[Value] = []
        completed: list[bool] = []
        if todo:
            sizes = [len(intakes[part.source].keys[part.key]) for part in self.plan.measures]
            sizes += [len(intakes[part.source].kept.ledger) for part in self._rowwise]  # type: ignore[union-attr]
            room = min(WINDOWS_PER_STEP, max(8, CELLS_PER_STEP // max(*sizes, len(self.deriver.groups), 1)))
            now, later = todo[:room], todo[room:]
            self.waiting = set(later)
            self.left_over = self.left_over or bool(later)
            answer = self.deriver.measure(intakes, now)
            self._remember_measures(answer, now)
            concluded, raw = self._conclude(answer, now, intakes, occasion)
            for at, end in enumerate(now):
                found = self._emit(_Window(concluded, raw, at), end, occasion)
                values += found
                completed += [self.records[end].completed] * len(found)
        if self.desk is not None:
            for end in self.desk.overdue(self.unfinished, occasion.moment.clock_ms):
                self._judge(end, occasion)
        return values, completed

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

    # ---- conclusions ----

    def _remember_measures(self, answer: Answer, ends: Sequence[int]) -> None:
        for name, kept in self.remembered.items():
            if name:
                found = answer.measures[name]
                for at, end in enumerate(ends):
                    kept.put(end, found.value[at], found.known[at])

    def _conclude(
        self, answer: Answer, ends: Sequence[int], intakes: Mapping[str, Intake], occasion: Occasion
    ) -> tuple[Concluded, Numbers]:
        """The values of windows, and what they were before they were rounded; arrays of shape (windows, groups)."""
        indicator = self.plan.indicator
        present = answer.present
        always = np.zeros(present.shape, np.bool_)
        always[:, : self.deriver.groups.always] = True
        references: Mapping[str, Known] = {}
        referenced: Sequence[Concluded] = ()
        if self._references:
            assert self.standing is not None  # noqa: S101  # the state has given it
            form = "tree" if self.plan.has_region else "none"
            asked = Asked(form, indicator.dimensions, indicator.levels)  # type: ignore[arg-type]
            here = Here(indicator, ends, asked, answer.groups, answer.measures, present | always)
            resolved = References(here, self.standing, self.regions, occasion.entered)
            resolved.resolve()
            references, referenced = resolved.columns, resolved.referenced
            if not indicator.measures:
                for other in referenced:
                    present = present | other.present
        raw = np.zeros(present.shape)

        def rounding(value: Numbers, known: Mask) -> Numbers:
            raw[:] = value
            return np.stack([self._rounded(value[at], known[at], end) for at, end in enumerate(ends)])

        stale = np.array([self._stale(intakes, end, occasion.moment) for end in ends], np.bool_)
        early = np.array([self._before_start(intakes, end) for end in ends], np.bool_)
        own = conclude(
            indicator,
            Given(answer.groups, ends, answer.measures, present, references, referenced, stale, early, rounding),
        )
        if indicator.rollup is None:
            return own, raw
        level, grouped = indicator.rollup.level, self.plan.has_region
        columns = folded_columns(own.groups, self.regions, level, grouped=grouped)
        inside = [
            at for at, (code, _) in enumerate(own.groups) if code in self.regions and self.regions[code].level == level
        ]
        below = Concluded(
            [own.groups[at] for at in inside], own.value[:, inside], own.known[:, inside], own.samples[:, inside],
            own.quality[:, inside], own.present[:, inside],
        )  # fmt: skip
        folded = fold_up(indicator, own, columns, below, self.regions)
        raw[:, columns] = folded.value[:, columns]
        return folded, raw

    def _rounded(self, value: Numbers, known: Mask, end: int) -> Numbers:
        """Published values; those that stand in the record already are not rounded again."""
        record = self.records.get(end, Record.empty(0)).grown(len(value))
        out = record.value.copy()
        fresh = known & (~record.known | (value != record.raw))
        out[fresh] = published(value[fresh])
        out[~known] = 0.0
        return out

    def needed_from(self, moment: Moment) -> int:
        """The start of the oldest window that may still be derived."""
        window = self.plan.indicator.window
        ends = [window.after(moment.closed_ms) if moment.closed_ms > BEGINNING else BEGINNING]
        ends += [min(self.waiting)] if self.waiting else []
        ends += [min(self.unfinished)] if self.unfinished else []
        if self.cursor_ms is not None:
            ends.append(window.after(self.cursor_ms))
        first = min(ends)
        if first <= BEGINNING:
            return BEGINNING
        return min((part.window.first(first) for part in self.plan.measures), default=window.first(first))

    def forget(self, moment: Moment) -> None:
        """Drop windows that change no more; the newest of them stays, to tell which groups have fallen silent.

        A window behind the newest row of a source that neither speaks nor idles is given up after SILENT_PAST_MS.
        """
        for kept in self.remembered.values():
            kept.forget(moment.clock_ms)
        window = self.plan.indicator.window
        kept_from, cursor = BEGINNING, self.cursor_ms
        if moment.closed_ms > BEGINNING and cursor is not None:
            kept_from = window.floor(min(moment.closed_ms, cursor))
        given_up = moment.clock_ms - SILENT_PAST_MS - moment.lateness_ms
        for end in list(self.records):
            if end in self.waiting:
                continue
            if end < kept_from or (end < given_up and window.first(end) > moment.newest_ms):
                del self.records[end]
                self.unfinished.discard(end)
                self.dirty.add(end)

    def _due(self, intakes: Mapping[str, Intake], mine: Iterable[Intake], occasion: Occasion) -> list[int]:
        moment = occasion.moment
        window, reach = self.plan.indicator.window, max(moment.clock_ms, moment.mark_ms)
        due = set(self.waiting)
        self.left_over = False
        if reach <= BEGINNING:  # nothing is known yet: the sources have unread rows
            return sorted(due)
        oldest = [intake.oldest_ms for intake in mine if intake.oldest_ms is not None]
        if self.cursor_ms is None:
            self.cursor_ms = window.floor(reach)
            self.changed = True
        if oldest and not self.started:
            # The world begins with its first row, if that is older than the first look at the clock.
            self.started = self.changed = True
            self.cursor_ms = min(self.cursor_ms, window.floor(min(oldest)))
        for intake in mine:
            for scan, pane_ms in self._scans.items():
                panes = intake.panes.get(scan)
                for index in panes.touched if panes else ():
                    due.update(self._touched(pane_start(index, pane_ms), reach))
        if self._enters and occasion.entered is not self._entered:
            # A value may be written down for the past: what can still be corrected is.
            self._entered = occasion.entered
            due.update(end for end in self.records if end >= moment.closed_ms)
        for name in self._referred:
            for end in occasion.changed.get(name, ()):
                due.update(self._reading(name, end, reach))
        for part in self._rowwise:
            due.update(self._touched_rowwise(part, intakes, moment, reach))
        if reach - self.cursor_ms > SILENT_PAST_MS:
            skipped = window.floor(reach - SILENT_PAST_MS)
            for intake in mine:
                for scan, pane_ms in self._scans.items():
                    panes = intake.panes.get(scan)
                    for index in panes.panes if panes else ():
                        ends = self._touched(pane_start(index, pane_ms), skipped)
                        due.update(end for end in ends if end > self.cursor_ms)
            self.cursor_ms = skipped
            self.changed = True
        passed = list(islice(window.instants(self.cursor_ms, reach), WINDOWS_PER_STEP))
        if passed:
            due.update(passed)
            self.cursor_ms = passed[-1]
            self.left_over = len(passed) == WINDOWS_PER_STEP
            self.changed = True
        due.update(end for end in self.unfinished if end <= moment.mark_ms)
        return sorted(end for end in due if self.plan.in_force(end))

    def _reading(self, name: str, end: int, reach: int) -> Iterable[int]:
        """Our ends at which the window of another indicator that ends at `end` is its newest."""
        newest = self.standing.newest(name, end) if self.standing is not None else None
        until = reach if newest is None else min(reach, newest[0].window.after(end) - 1)
        return self.plan.indicator.window.instants(end - 1, until)

    def _touched_rowwise(
        self, part: MeasurePlan, intakes: Mapping[str, Intake], moment: Moment, reach: int
    ) -> Iterable[int]:
        """The ends whose value kept rows that came may change: those whose window holds the row; for records, and for
        windows without a start, all after it."""
        window, measure = self.plan.indicator.window, part.measure
        for name in {part.source, measure.source}:
            intake = intakes[name]
            for pane in intake.touched:
                since = max(pane_start(pane, intake.plan.grid_ms), moment.closed_ms)
                beyond = measure.within_ms if measure.agg == "online" else measure.hold_ms
                if intake.source.kind == "records" or part.window.kind in ("now", "all"):
                    until = reach
                else:
                    until = min(reach, self._last_holding(part.window, since + intake.plan.grid_ms + beyond))
                if window.open_is_shown:
                    yield window.after(reach if intake.source.kind == "records" else since)
                yield from window.instants(since, until)

    def _last_holding(self, window: Window, row_ms: int) -> int:
        """An end behind which no window holds a row of this time."""
        if window.size_ms:
            return row_ms + window.size_ms
        return period_end(row_ms, window.period) if window.period is not None else row_ms

    def _touched(self, row_ms: int, reach: int) -> Iterable[int]:
        window = self.plan.indicator.window
        return (window.after(row_ms),) if window.open_is_shown else window.touched(row_ms, reach)

    def _emit(self, window: _Window, end: int, occasion: Occasion) -> list[Value]:
        """Compare one window with what was published of it; what differs."""
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
            present |= self._fallen_silent(end, size)
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
        return self._values(np.flatnonzero(sent), end, occasion)

    def _judge(self, end: int, occasion: Occasion, scores: Scores | None = None) -> None:
        """Ask the alarm desk what to tell of a window."""
        assert self.desk is not None  # noqa: S101  # only indicators with thresholds come here
        self.events += self.desk.judge(
            end, self.records[end], self.alarm_members(), Provenance(occasion.world, occasion.origin), scores=scores
        )

    def alarm_members(self) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """Its groups by code: region and dimensions."""
        self._name_groups()
        return [(region, dims) for region, dims, _ in self._lines]

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
        for region, split in self.deriver.groups.all[len(self._lines) :]:
            dims = tuple(zip(indicator.dimensions, split, strict=True)) if split is not None else ()
            self._lines.append((region, dims, series_id(indicator.id, region, dims)))

    def _values(self, codes: NDArray[np.intp], end: int, occasion: Occasion) -> list[Value]:
        """The values of some groups as they stand in the record."""
        indicator, record = self.plan.indicator, self.records[end]
        start, yesterday = indicator.window.first(end), end - DAY_MS
        columns = (record.value, record.known, record.quality, record.samples, record.revision, record.level)
        rows = zip(codes.tolist(), *(column[codes].tolist() for column in columns), strict=True)
        values = []
        for code, value, known, quality, samples, revision, level in rows:
            region, dims, line = self._lines[code]
            values.append(
                Value(
                    indicator.id, indicator.version, region, dims, start, end, value if known else None,
                    QUALITIES[quality], samples, revision, level_name(level), occasion.history(line, yesterday),
                    occasion.origin,
                )
            )  # fmt: skip
        return values

    def _fallen_silent(self, end: int, size: int) -> NDArray[np.bool_]:
        """Groups that had a value in the window before: said once to have none, so that no screen keeps the old one."""
        window = self.plan.indicator.window
        before = self.records.get(window.floor(end - 1))
        if before is None:
            return np.zeros(size, np.bool_)
        before = before.grown(size)
        return (before.shown & before.known)[:size]

    def _before_start(self, intakes: Mapping[str, Intake], end: int) -> bool:
        """Whether a window of a measure begins before its source is complete."""
        for part in self.plan.measures:
            since = intakes[part.measure.source].source.since_ms
            if since is not None and part.window.kind != "all" and part.window.first(end) < since:
                return True
        return False

    def _stale(self, intakes: Mapping[str, Intake], end: int, moment: Moment) -> bool:
        """Whether a source of a measure has no row in [end - stale_after, end); of an open window: asked now."""
        for name in self.plan.watched:
            intake = intakes[name]
            stale_after = intake.source.stale_after_ms
            if stale_after is None:
                continue
            if end > moment.clock_ms:
                stale = intake.watermark.newest_ms < min(end, moment.clock_ms) - stale_after
            else:
                stale = intake.newest_before(end, end - stale_after) is None
            if stale:
                return True
        return False

    def panes_before(self, needed_from: int) -> dict[str, int]:
        """Per scan the first pane that is needed."""
        return {scan: pane_index(needed_from, pane_ms) for scan, pane_ms in self._scans.items()}


class _Window:
    """One window of a conclusion: arrays of shape (groups,)."""

    def __init__(self, whole: Concluded, raw: Numbers, at: int) -> None:
        self.value, self.known, self.samples = whole.value[at], whole.known[at], whole.samples[at]
        self.quality, self.present, self.raw = whole.quality[at], whole.present[at], raw[at]
