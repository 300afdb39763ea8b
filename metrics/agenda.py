"""The agenda of an indicator: which of its windows are due, because an instant passed or because something came."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from metrics.entered import NOTHING, Entered
from metrics.formula import names
from metrics.intake import Intake
from metrics.occasion import SILENT_PAST_MS, Moment, Occasion
from metrics.plan import IndicatorPlan, MeasurePlan, Plan
from metrics.reference import indicators_of
from metrics.standing import Standing
from metrics.watermark import BEGINNING
from metrics.window import Window, pane_index, pane_start, period_end

WINDOWS_PER_STEP = 512


class Said(Protocol):
    """What was published: ends by record, and those that are not complete."""

    @property
    def records(self) -> Collection[int]: ...
    @property
    def unfinished(self) -> Collection[int]: ...


class Agenda:
    """How far one indicator version is published."""

    def __init__(self, part: IndicatorPlan, plan: Plan) -> None:
        self.plan = part
        self.waiting: set[int] = set()  # ends to derive that did not fit into a step
        self.cursor_ms: int | None = None  # every grid instant up to here has been published
        self.started = False  # a row was seen
        self.left_over = False  # windows wait for the next step
        self.changed = False
        formula = part.indicator.formula
        self._referred = indicators_of(formula)
        self._enters = any(name.startswith("entered(") for name in names(formula))
        self._entered: Entered = NOTHING
        self._scans = {one.scan: plan.scans[one.scan].pane_ms for one in part.measures if one.scan}  # scan -> pane_ms
        self._paned = tuple(dict.fromkeys((one.scan, one.window) for one in part.measures if one.scan))
        self._rowwise = tuple(one for one in part.measures if not one.scan)

    @property
    def begun(self) -> bool:
        """Whether it has looked for windows at all: before somebody feeds one of its sources it does not."""
        return self.cursor_ms is not None

    def begin_at(self, row_ms: int) -> None:
        """Begin with the window of a row of this time, somebody else's."""
        self.cursor_ms, self.changed = self.plan.indicator.window.floor(row_ms), True

    def due(
        self, intakes: Mapping[str, Intake], occasion: Occasion, standing: Standing | None, said: Said
    ) -> list[int]:
        """Ends of the windows to compute now, oldest first."""
        moment, mine = occasion.moment, [intakes[name] for name in self.plan.reads]
        window, reach = self.plan.indicator.window, max(moment.clock_ms, moment.mark_ms)
        due = set(self.waiting)
        self.left_over = False
        oldest = [intake.oldest_ms for intake in mine if intake.oldest_ms is not None]
        if reach <= BEGINNING:  # nothing is known yet: the sources have unread rows
            if oldest:  # the windows of what has come are said when the rest was read
                first = window.floor(min(oldest))
                self.cursor_ms = first if self.cursor_ms is None else min(self.cursor_ms, first)
                self.started = self.changed = True
            return sorted(due)
        if self.cursor_ms is None:
            self.cursor_ms = window.floor(reach)
            self.changed = True
        if oldest and not self.started:
            # The world begins with its first row, if that is older than the first look at the clock.
            self.started = self.changed = True
            self.cursor_ms = min(self.cursor_ms, window.floor(min(oldest)))
        for intake in mine:
            for scan, held in self._paned:
                panes = intake.panes.get(scan)
                if panes and panes.touched and held == window and not window.open_is_shown and window.size_ms:
                    due.update(self._sliding_over(panes.touched, self._scans[scan], reach))
                    continue
                if panes and panes.touched and held.kind == "all":
                    due.update(self._ever_since(pane_start(min(panes.touched), self._scans[scan]), reach, said))
                    if window.open_is_shown:
                        due.add(window.after(pane_start(max(panes.touched), self._scans[scan])))
                    continue
                for index in panes.touched if panes else ():
                    due.update(self._touched(held, pane_start(index, self._scans[scan]), reach))
        if self._enters and occasion.entered is not self._entered:
            # A value may be written down for the past: what can still be corrected is.
            self._entered = occasion.entered
            due.update(end for end in said.records if end >= moment.closed_ms)
        for name in self._referred:
            for end in occasion.changed.get(name, ()):
                due.update(self._reading(standing, name, end, reach))
        for part in self._rowwise:
            due.update(self._touched_rowwise(part, intakes, reach, said))
        for name in self.plan.watched if said.records else ():
            due.update(self._heard_again(intakes[name], reach, said.records))
        if reach - self.cursor_ms > SILENT_PAST_MS:
            skipped = window.floor(reach - SILENT_PAST_MS)
            for intake in mine:
                for scan, held in self._paned:
                    panes = intake.panes.get(scan) if held.kind != "all" else None
                    for index in panes.panes if panes else ():
                        ends = self._touched(held, pane_start(index, self._scans[scan]), skipped)
                        due.update(end for end in ends if end > self.cursor_ms)
            self.cursor_ms = skipped
            self.changed = True
        passed = list(islice(window.instants(self.cursor_ms, reach), WINDOWS_PER_STEP))
        if passed:
            due.update(passed)
            self.cursor_ms = passed[-1]
            self.left_over = len(passed) == WINDOWS_PER_STEP
            self.changed = True
        due.update(end for end in said.unfinished if end <= moment.mark_ms)
        return sorted(end for end in due if end >= moment.begin_ms and self.plan.in_force(end))

    def _reading(self, standing: Standing | None, name: str, end: int, reach: int) -> Iterable[int]:
        """Our ends at which the window of another indicator that ends at `end` is its newest."""
        newest = standing.newest(name, end) if standing is not None else None
        until = reach if newest is None else min(reach, newest[0].window.after(end) - 1)
        return self.plan.indicator.window.instants(end - 1, until)

    def _touched_rowwise(
        self, part: MeasurePlan, intakes: Mapping[str, Intake], reach: int, said: Said
    ) -> Iterable[int]:
        """The ends whose value kept rows that came may change: those whose window holds the row; for records, and for
        windows without a start, all after it."""
        window, measure = self.plan.indicator.window, part.measure
        for name in {part.source, measure.source}:
            intake = intakes[name]
            for pane in intake.touched:
                since = pane_start(pane, intake.plan.grid_ms)
                beyond = measure.within_ms if measure.agg == "online" else measure.hold_ms
                if intake.source.kind == "records" or part.window.kind in ("now", "all"):
                    until = reach
                else:
                    until = min(reach, self._last_holding(part.window, since + intake.plan.grid_ms + beyond))
                if window.open_is_shown:
                    yield window.after(reach if intake.source.kind == "records" else since)
                yield from self._ever_since(since, reach, said) if until == reach else window.instants(since, until)

    def _ever_since(self, row_ms: int, reach: int, said: Said) -> Iterator[int]:
        """The ends behind a row that holds ever since; of the far past only what was said changes."""
        quiet = self.plan.indicator.window.floor(reach - SILENT_PAST_MS)
        if row_ms < quiet:
            yield from (end for end in said.records if row_ms < end <= quiet)
        yield from self.plan.indicator.window.instants(max(row_ms, quiet), reach)

    def _heard_again(self, intake: Intake, reach: int, records: Collection[int]) -> Iterator[int]:
        """The ends of records at which a source may be no longer stale: a row before them has come."""
        stale_after, grid = intake.source.stale_after_ms, intake.plan.grid_ms
        if stale_after is None or not intake.presence.risen:
            return
        oldest, newest = min(records), min(max(records), reach)
        for pane in intake.presence.risen:
            since = pane_start(pane, grid)
            if since < newest and since + grid + stale_after >= oldest:
                ends = self.plan.indicator.window.instants(since, min(newest, since + grid + stale_after))
                yield from (end for end in ends if end in records)

    def _last_holding(self, window: Window, row_ms: int) -> int:
        """An end behind which no window holds a row of this time."""
        if window.size_ms:
            return row_ms + window.size_ms
        return period_end(row_ms, window.period) if window.period is not None else row_ms

    def _sliding_over(self, panes: Iterable[int], pane_ms: int, reach: int) -> Iterator[int]:
        """The ends whose windows hold some of these panes, each once however many of them they hold."""
        window, done = self.plan.indicator.window, BEGINNING
        for index in sorted(panes):
            first = pane_start(index, pane_ms)
            yield from window.instants(max(first, done), min(reach, first + window.size_ms))
            done = max(done, first + window.size_ms)

    def _touched(self, held: Window, row_ms: int, reach: int) -> Iterable[int]:
        """The ends at which the window `held` of a measure may have a row of this time."""
        window = self.plan.indicator.window
        if held != window:  # a window of the measure's own, on our grid
            until = min(reach, self._last_holding(held, row_ms + held.pane_ms))
            return (*((window.after(row_ms),) if window.open_is_shown else ()), *window.instants(row_ms, until))
        return (window.after(row_ms),) if window.open_is_shown else window.touched(row_ms, reach)

    def needed_from(self, moment: Moment, said: Said) -> int:
        """The start of the oldest window that may still be derived."""
        first = self._oldest(moment, said)
        if first <= BEGINNING:
            return BEGINNING
        window = self.plan.indicator.window
        return min((part.window.first(first) for part in self.plan.measures), default=window.first(first))

    def _oldest(self, moment: Moment, said: Said) -> int:
        """The end of the oldest window that may still be derived; BEGINNING: not known."""
        window = self.plan.indicator.window
        ends = [window.after(moment.closed_ms) if moment.closed_ms > BEGINNING else BEGINNING]
        ends += [min(self.waiting)] if self.waiting else []
        ends += [min(said.unfinished)] if said.unfinished else []
        if self.cursor_ms is not None:
            ends.append(window.after(self.cursor_ms))
        return min(ends)

    def take(self, todo: list[int], room: int) -> list[int]:
        """As many of the due ends as there is room for; the rest waits for the next step."""
        self.waiting = set(todo[room:])
        self.left_over = self.left_over or bool(self.waiting)
        return todo[:room]

    def panes_before(self, moment: Moment, said: Said) -> dict[str, int]:
        """Per scan the first pane that is needed by itself."""
        oldest, found = self._oldest(moment, said), dict[str, int]()
        for scan, window in self._paned:
            since = oldest if oldest <= BEGINNING or window.kind == "all" else window.first(oldest)
            index = pane_index(since, self._scans[scan])
            found[scan] = min(index, found.get(scan, index))
        return found
