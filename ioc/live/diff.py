"""A board: all cells and kept series of a topic, and the numbered deltas by which it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ioc.live.frame import Cell, Done, Points, cell, finite
from metrics.value import Value


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a series is kept: points younger than `span_ms` before its newest, at most `points` of them."""

    span_ms: int
    points: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything as it stands after delta `seq`: cells by series id, points by series id."""

    seq: int
    cells: Mapping[str, Cell]
    series: Mapping[str, Points]


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since `seq` - 1: series that are no more, then newest cells and completed points by series id."""

    seq: int
    cells: Mapping[str, Cell]
    series: Mapping[str, Points]
    gone: tuple[str, ...] = ()


PointsByEnd = dict[int, float | None]


@dataclass(slots=True)
class Board:
    """The state of one topic. Values come in at any time; `flush` makes one delta of all that came since the last.

    `keep` says which series are kept and how much of them (None: only the newest cell). A snapshot shows the state of
    the last flush, so that it and the deltas after it have no overlap and no hole. A series that was dropped has
    nothing here until a value of it is published again.
    """

    keep: Callable[[Value], Keep | None]
    seq: int = 0
    coalesced: int = 0  # cells that a newer value replaced before anybody was sent them
    _values: dict[str, Value] = field(default_factory=dict)
    _last: dict[str, tuple[float, int]] = field(default_factory=dict)
    _done: dict[str, Done] = field(default_factory=dict)
    _cells: dict[str, Cell] = field(default_factory=dict)
    _points: dict[str, PointsByEnd] = field(default_factory=dict)
    _keeps: dict[str, Keep | None] = field(default_factory=dict)
    _changed: dict[str, None] = field(default_factory=dict)
    _completed: dict[str, PointsByEnd] = field(default_factory=dict)
    _gone: dict[str, None] = field(default_factory=dict)  # series that clients may hold and must let go

    def publish(self, values: Iterable[Value]) -> None:
        """Take published values in the order of their commits: the newest window of a series is its cell."""
        for value in values:
            series = value.series
            held = self._values.get(series)
            if held is not None:
                if value.window_end < held.window_end:
                    continue  # a completion or correction of an earlier window: it comes through `complete`
                if value.window_end > held.window_end:
                    self._remember(series, held)
                if series in self._changed:
                    self.coalesced += 1
            self._values[series] = value
            self._changed[series] = None

    def complete(self, values: Iterable[Value]) -> None:
        """Take values of complete windows, first completions and corrections, in the order of their commits.

        What is published comes first: of a series that has no published value (it was given up) nothing is kept.
        """
        for value in values:
            series, number = value.series, finite(value.value)
            if series not in self._values:
                continue
            if series not in self._keeps:
                self._keeps[series] = self.keep(value)
            if self._keeps[series] is not None:
                self._completed.setdefault(series, {})[value.window_end] = number
            self._remember(series, value)
            self._conclude(series, value)

    def drop(self, series: Iterable[str]) -> int:
        """Let go of series that were given up; gives how many of them were held here."""
        dropped = 0
        for name in series:
            if self._values.pop(name, None) is None:
                continue
            dropped += 1
            if name in self._cells or name in self._points:
                self._gone[name] = None
            for held in (
                self._last,
                self._done,
                self._cells,
                self._points,
                self._keeps,
                self._changed,
                self._completed,
            ):
                held.pop(name, None)
        return dropped

    def flush(self) -> Delta | None:
        """The delta of all that came since the last flush, or None when nothing did."""
        if not self._changed and not self._completed and not self._gone:
            return None
        self.seq += 1
        cells = {series: self._cell(series) for series in self._changed if series in self._values}
        self._cells.update(cells)
        points = {series: _ascending(new) for series, new in self._completed.items()}
        for series, new in self._completed.items():
            kept = self._points.setdefault(series, {})
            kept.update(new)
            keep = self._keeps[series]
            if keep is not None:
                trim(kept, keep)
        gone = tuple(self._gone)
        self._changed, self._completed, self._gone = {}, {}, {}
        return Delta(self.seq, cells, points, gone)

    def snapshot(self) -> Snapshot:
        """The state after delta `seq`; what came after it is not in it."""
        points = {series: _ascending(kept) for series, kept in self._points.items()}
        return Snapshot(self.seq, dict(self._cells), points)

    def points(self, series: str) -> list[tuple[int, float | None]]:
        """What is kept of a series, what came since the last flush included: (window end, value), ascending."""
        return sorted({**self._points.get(series, {}), **self._completed.get(series, {})}.items())

    def restricted(self, allowed: Callable[[Value], bool]) -> Board:
        """A board of its own, with only the series whose newest value is allowed. Pending values come with it."""
        part = Board(self.keep, self.seq)
        seen = {series for series, value in self._values.items() if allowed(value)}
        for name in ("_values", "_last", "_done", "_cells", "_keeps", "_changed"):
            mine = getattr(self, name)
            setattr(part, name, {series: mine[series] for series in mine if series in seen})
        for name in ("_points", "_completed"):
            mine = getattr(self, name)
            setattr(part, name, {series: dict(mine[series]) for series in mine if series in seen})
        return part

    def _cell(self, series: str) -> Cell:
        value = self._values[series]
        last = self._last.get(series)
        done = self._done.get(series)
        return cell(
            value,
            last if last is not None and last[1] < value.window_end else None,
            done if done is not None and done[1] < value.window_end else None,
        )

    def _conclude(self, series: str, value: Value) -> None:
        """Keep the newest complete window: what the cell of an open one is judged by. A stale one judges nothing."""
        held, whole = self._done.get(series), value.quality == "complete"
        if held is not None and held[1] > value.window_end:
            return
        self._done[series] = (finite(value.value) if whole else None, value.window_end, value.level if whole else None)
        newest = self._values.get(series)
        if newest is not None and newest.quality == "provisional" and self._done[series] != held:
            self._changed[series] = None

    def _remember(self, series: str, value: Value) -> None:
        """Keep the newest non-null value of a closed window: a cell without a value says what it was and when."""
        number, last = finite(value.value), self._last.get(series)
        if last is not None and last[1] > value.window_end:
            return
        if number is not None:
            self._last[series] = (number, value.window_end)
        elif last is not None and last[1] == value.window_end:
            self._forget(series, value.window_end)
        held = self._values.get(series)
        if held is not None and finite(held.value) is None and self._last.get(series) != last:
            self._changed[series] = None

    def _forget(self, series: str, end: int) -> None:
        """The window that ended at `end` was corrected to nothing: the one before it, if it is kept, is the last."""
        del self._last[series]
        points = self._points.get(series, {}) | self._completed.get(series, {})
        earlier = [(before, number) for before, number in points.items() if before < end and number is not None]
        if earlier:
            before, number = max(earlier)
            self._last[series] = (number, before)


def apply(state: Snapshot, change: Delta) -> Snapshot:
    """What a client holds after a delta: the reference for `assets/live.js`. It never trims its series.

    Raises ValueError when the delta is not the next one: the client must ask for a snapshot.
    """
    if change.seq != state.seq + 1:
        raise ValueError(f"delta {change.seq} does not follow {state.seq}")
    left = frozenset(change.gone)
    series: dict[str, Points] = {name: points for name, points in state.series.items() if name not in left}
    cells = {name: held for name, held in state.cells.items() if name not in left}
    for name, new in change.series.items():
        held = {int(end or 0): number for end, number in series.get(name, [])}
        held.update({int(end or 0): number for end, number in new})
        series[name] = _ascending(held)
    return Snapshot(change.seq, {**cells, **change.cells}, series)


def trim(points: PointsByEnd, keep: Keep) -> None:
    """Drop, in place, what is `span_ms` or more older than the newest point, and the oldest above `points`."""
    newest = max(points)
    for end in [end for end in points if end <= newest - keep.span_ms]:
        del points[end]
    if len(points) > keep.points:
        for end in sorted(points)[: len(points) - keep.points]:
            del points[end]


def _ascending(points: PointsByEnd) -> Points:
    return [[end, points[end]] for end in sorted(points)]
