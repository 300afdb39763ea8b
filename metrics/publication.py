"""Publication of one indicator: which windows are due, what of them changed, and with which quality and revision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from metrics.derive import Derived, Deriver
from metrics.evaluation import published
from metrics.intake import Intake
from metrics.plan import IndicatorPlan, MeasurePlan
from metrics.record import Record
from metrics.region import Regions
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
    """What a step brings besides state: time, earlier values, and how real the sources are."""

    moment: Moment
    history: History
    origin: str


class Publication:
    """The published windows of one indicator version."""

    def __init__(self, plan: IndicatorPlan, regions: Regions, scans: Mapping[str, int]) -> None:
        self.plan = plan
        self.deriver = Deriver(plan, regions)
        self.records: dict[int, Record] = {}
        self.unfinished: set[int] = set()  # ends of records that are not complete
        self.waiting: set[int] = set()  # ends to derive that did not fit into a step
        self.cursor_ms: int | None = None  # every grid instant up to here has been published
        self.started = False  # a row was seen
        self.dirty: set[int] = set()  # ends of records changed or dropped since the last checkpoint
        self.changed = False
        self._lines: list[tuple[str, tuple[tuple[str, str], ...], str]] = []  # region, dims and series of each group
        self.left_over = False  # windows wait for the next step
        self._scans = {part.scan: scans[part.scan] for part in plan.measures if part.scan}  # scan -> pane_ms
        self._rowwise = tuple(part for part in plan.measures if not part.scan)

    def publish(self, intakes: Mapping[str, Intake], occasion: Occasion) -> tuple[list[Value], list[bool]]:
        """Values that changed, oldest window first, and whether the window of each is complete."""
        mine = [intakes[name] for name in self.plan.sources]
        todo = self._due(intakes, mine, occasion.moment)
        self.changed = self.changed or bool(todo)
        values: list[Value] = []
        completed: list[bool] = []
        if todo:
            sizes = [len(intakes[part.source].keys[part.key]) for part in self.plan.measures]
            sizes += [len(intakes[part.source].kept.ledger) for part in self._rowwise]  # type: ignore[union-attr]
            keys = max(sizes, default=1)
            room = min(WINDOWS_PER_STEP, max(8, CELLS_PER_STEP // max(keys, len(self.deriver.groups), 1)))
            now, later = todo[:room], todo[room:]
            self.waiting = set(later)
            self.left_over = self.left_over or bool(later)
            derived = self.deriver.derive(intakes, now)
            for at, end in enumerate(now):
                found = self._emit(derived.window(at), end, mine, occasion)
                values += found
                completed += [self.records[end].completed] * len(found)
        return values, completed

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

    def _due(self, intakes: Mapping[str, Intake], mine: Iterable[Intake], moment: Moment) -> list[int]:
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

    def _emit(self, derived: Derived, end: int, mine: Iterable[Intake], occasion: Occasion) -> list[Value]:
        """Compare one window, its arrays of shape (groups,), with what was published of it; what differs."""
        moment = occasion.moment
        known, samples, present = derived.known, derived.samples, derived.present.copy()
        size = len(known)
        record = self.records.get(end, Record.empty(0)).grown(size)
        self.records[end] = record
        if any(self._before_start(intake, end) for intake in mine):
            known = np.zeros(size, np.bool_)
        present[: self.deriver.groups.always] = True
        is_open = end > max(moment.clock_ms, moment.mark_ms)
        if is_open:
            present &= known
        else:
            present |= self._fallen_silent(end, size)
        present |= record.shown
        raw = np.where(known, derived.value, 0.0)
        renewed = np.flatnonzero(present & (~record.shown | (raw != record.raw) | (known != record.known)))
        value = record.value.copy()
        value[renewed] = published(raw[renewed])
        level = np.zeros(size, np.int8)
        if self.plan.indicator.thresholds is not None:
            level = self.plan.indicator.thresholds.levels(value, known)
        is_complete = moment.mark_ms >= end
        stale = any(self._stale(intake, end, moment) for intake in mine)
        quality = np.where(known, STALE if stale else COMPLETE if is_complete else PROVISIONAL, NO_DATA).astype(np.int8)
        differs = present & (
            ~record.shown | (value != record.value) | (known != record.known) | (samples != record.samples)
            | (quality != record.quality) | (level != record.level)
        )  # fmt: skip
        sent = present if is_complete and not record.completed else differs
        revision = record.revision + (differs & record.shown & record.completed)
        self.records[end] = Record(
            present, known & present, np.where(present, raw, 0.0), np.where(present, value, 0.0),
            np.where(present, samples, 0), quality, level, revision.astype(np.int32), record.completed or is_complete,
        )  # fmt: skip
        self.dirty.add(end)
        if self.records[end].completed:
            self.unfinished.discard(end)
        else:
            self.unfinished.add(end)
        return self._values(np.flatnonzero(sent), end, occasion)

    def _values(self, codes: NDArray[np.intp], end: int, occasion: Occasion) -> list[Value]:
        """The values of some groups as they stand in the record."""
        indicator, record = self.plan.indicator, self.records[end]
        for region, split in self.deriver.groups.all[len(self._lines) :]:
            dims = tuple(zip(indicator.dimensions, split, strict=True)) if split is not None else ()
            self._lines.append((region, dims, series_id(indicator.id, region, dims)))
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

    def _before_start(self, intake: Intake, end: int) -> bool:
        since = intake.plan.source.since_ms
        return since is not None and any(
            part.window.kind != "all" and part.window.first(end) < since
            for part in self.plan.measures
            if intake.source.id in (part.source, part.measure.source)
        )

    def _stale(self, intake: Intake, end: int, moment: Moment) -> bool:
        """Whether the source has no row in [end - stale_after, end); for an open window the question is asked now."""
        stale_after = intake.plan.source.stale_after_ms
        if stale_after is None:
            return False
        if end > moment.clock_ms:
            return intake.watermark.newest_ms < min(end, moment.clock_ms) - stale_after
        return intake.newest_before(end, end - stale_after) is None

    def panes_before(self, needed_from: int) -> dict[str, int]:
        """Per scan the first pane that is needed."""
        return {scan: pane_index(needed_from, pane_ms) for scan, pane_ms in self._scans.items()}
