"""The outlook of one indicator version: the band, the forecast and the anomalies of its regions, from whole windows.

Who has one: `metrics.outlook_line.followed`. It is fed with each window once, when it is complete, in the order of
window ends; null and stale values count as none. A correction of a window that was fed does not rewrite what was said
and learnt since; it is counted.

What it says is no value of the indicator: forecasts are values of `ID~forecast`, always provisional.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from metrics.alarm import Kind
from metrics.alarm_desk import Provenance
from metrics.alarm_event import AlarmEvent
from metrics.anomaly_watch import NONE
from metrics.evaluation import published
from metrics.memory import UnknownMemoryVersion
from metrics.normal import Judged, Normal
from metrics.outlook_entry import OutlookEntry
from metrics.outlook_line import Line
from metrics.outlook_memory import OutlookMemory
from metrics.record import Record
from metrics.series import series_id
from metrics.value import Level, Quality, Value
from metrics.window import DAY_MS, MINUTE_MS

VERSION = 1
FORECAST = "~forecast"  # no id of an indicator can end like this
LEVEL: Level = "blue"  # of an anomaly: it is unusual; only a limit can call it bad
ROWS = 96  # windows between two bases, by chance of the name up to half as many more: not all write at once
PER_STEP = 32  # windows in one step of the engine: some 0.2 s for a hundred regions
QUALITIES: tuple[Quality, ...] = ("complete", "provisional", "stale", "no_data")
STALE, NO_DATA = 2, 3
PROGRESS = "progress"
USUAL_MS = 30 * MINUTE_MS  # between two times of the day before, of which the band is told

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an outlook says. `values`: forecasts; `entries`: series of the indicator -> its entry in `outlook`."""

    values: list[Value] = field(default_factory=list)
    entries: dict[str, OutlookEntry] = field(default_factory=dict)


class Outlook:
    """The outlook of a line, whose regions are the groups of these `codes`. `predecessor`: that of the version before,
    whose memory this one goes on with if both compute the same values."""

    def __init__(self, line: Line, codes: Codes, predecessor: Outlook | None = None) -> None:
        self.line, self.codes = line, codes
        self.predecessor = predecessor
        self.corrected = 0  # corrections of windows that had been taken in
        self.closed = False  # a later version has taken over
        self.normal: Normal | None = None  # once it has begun; a version that is not in force takes no room
        self._series = [series_id(line.indicator, region) for region in line.regions]
        self._memory = OutlookMemory(ROWS + zlib.crc32(line.indicator.encode()) % (ROWS // 2))
        self._moved = False  # whether the progress differs since the last look at the changes
        self._left: Mapping[str, bytes] = {}  # a memory of other regions, until this outlook begins
        self._stray: set[str] = set()  # fields to delete
        self._news: Judged | None = None
        self._said_ms = NONE  # the newest forecast that was told

    @property
    def newest_ms(self) -> int | None:
        """The end of the newest window that was taken in."""
        return None if self.normal is None else self.normal.newest_ms

    def take(self, end: int, record: Record, source: Provenance) -> list[AlarmEvent]:
        """A window is complete: judge its values and learn them. Returns what to tell of anomalies."""
        if self.closed or (self.newest_ms is not None and end <= self.newest_ms):
            self.correct()
            return []
        record = record.grown(int(self.codes.max(initial=-1)) + 1)
        known = record.known[self.codes] & (record.quality[self.codes] != STALE)
        events: list[AlarmEvent] = []
        if self.normal is None:
            if not known.any():
                return []  # nothing has begun
            events = self._take_over(end, source)
            self.normal = self.normal or self._fresh()
        values = np.where(known, record.value[self.codes], np.nan)
        for judged in self.normal.follow(end, values):
            events += self._events(judged, record, source)
            self._news = judged
        self._memory.add(end, values)
        if self._memory.full:
            self._memory.rebase(self.normal.saved())
        self._moved = True
        return events

    def correct(self) -> None:
        """A window that was complete has other values now."""
        if self.normal is not None:
            self.corrected += 1
            self._moved = True

    def tell(self, origin: str) -> Foreseen:
        """What is new since the last call; `origin` as of `metrics.value.Value`."""
        judged, self._news = self._news, None
        if judged is None or self.normal is None:
            return Foreseen()
        normal, following = self.normal, judged.end + self.normal.grid_ms
        foreseen = normal.origin > 0
        ahead = (int(normal.origin) + normal.ahead_ms).tolist() if foreseen else []
        ends = [judged.end, following, *(end for end in ahead if end > following)]
        day = [judged.end // USUAL_MS * USUAL_MS - back * USUAL_MS for back in range(DAY_MS // USUAL_MS)][::-1]
        bands = normal.bands([*ends[1:], *day])
        found = (judged.band, *bands[: len(ends) - 1])
        usual = np.stack([np.stack((one.low, one.high)) for one in bands[len(ends) - 1 :]])  # (times, 2, series)
        young = np.stack([one.cold for one in bands[len(ends) - 1 :]])
        numbers = np.stack([np.stack((one.expected, one.low, one.high)) for one in found])  # (ends, 3, series)
        cold = np.stack([one.cold for one in found])
        forecast = published(normal.forecast.ravel()).reshape(normal.forecast.shape)  # (3, horizons, series)
        entries: dict[str, OutlookEntry] = {}
        values: list[Value] = []
        for at in np.flatnonzero(np.isfinite(numbers[1, 0])).tolist():
            rows = [
                (end, *(None if number != number else number for number in row), is_cold)  # noqa: PLR0124  NaN
                for end, row, is_cold in zip(ends, numbers[:, :, at].tolist(), cold[:, at].tolist(), strict=True)
            ]
            coming = list(zip(ahead, *forecast[:, :, at].tolist(), strict=True)) if foreseen else []
            begun = int(normal.watch.begun[at]) if normal.watch.standing[at] else None
            entries[self._series[at]] = OutlookEntry(
                self.line.version, judged.end, tuple(rows), int(normal.origin) if foreseen else None,
                tuple(coming), float(judged.score[at]), begun, self.corrected, origin,
                usual=tuple(zip(day, *usual[:, :, at].T.tolist(), young[:, at].tolist(), strict=True)),
            )  # fmt: skip
            if foreseen and int(normal.origin) > self._said_ms:
                values += self._forecasts(self.line.regions[at], coming, origin)
        self._said_ms = int(normal.origin)
        return Foreseen(values, entries)

    # ---- the checkpoint ----

    def changed(self) -> dict[str, bytes | None]:
        """Fields of the checkpoint that differ from the last call; None: delete."""
        fields: dict[str, bytes | None] = dict.fromkeys(sorted(self._stray))
        fields |= self._memory.changed()
        if self._moved:
            fields[PROGRESS] = self._progress()
        self._stray, self._moved = set(), False
        return fields

    def snapshot(self) -> dict[str, bytes]:
        """All fields; does not count as a look at the changes."""
        if self._left:
            return dict(self._left)
        if self.normal is None and not self.closed:
            return {}
        return {PROGRESS: self._progress()} | self._memory.snapshot()

    @staticmethod
    def past(fields: Mapping[str, bytes]) -> Outlook:
        """The outlook that left these fields. Raises as `load`."""
        line = Line.read(_progress_of(fields)[0])
        found = Outlook(line, np.arange(len(line.regions)))
        found.load(fields)
        return found

    def load(self, fields: Mapping[str, bytes]) -> None:
        """Take the memory over from fields. Of one of other regions or another grid nothing is taken over but the
        anomalies, to end them.

        Raises `metrics.memory.UnknownMemoryVersion`, ValueError if they do not decode.
        """
        told, corrected, closed = _progress_of(fields)
        line = Line.read(told)
        if closed:
            self.closed, self.corrected = True, corrected
        elif (line.regions, line.window.every_ms) == (self.line.regions, self.line.window.every_ms):
            self.corrected = corrected
            self._memory.load({name: payload for name, payload in fields.items() if name != PROGRESS})
            normal = self._fresh()
            if self._memory.base:
                normal.restore(self._memory.arrays(normal.saved()))
            for end, payload in self._memory.rows.items():
                normal.follow(end, np.frombuffer(payload))
            self.normal, self._said_ms = normal, int(normal.origin)
        else:
            past = Outlook.past(fields)
            past.predecessor = self.predecessor
            self.predecessor, self._left = past, fields

    def _fresh(self) -> Normal:
        return Normal(self.line.window.every_ms, len(self.line.regions))

    def _progress(self) -> bytes:
        packed: bytes = msgpack.packb([VERSION, self.line.stored(), self.corrected, self.closed])
        return packed

    # ---- versions ----

    def _take_over(self, end: int, source: Provenance) -> list[AlarmEvent]:
        """Go on with the memory of the version before; if it computed something else, its anomalies are withdrawn."""
        previous, self.predecessor = self.predecessor, None
        self._stray, self._left = self._stray | set(self._left), {}
        while previous is not None and previous.normal is None:
            previous = previous.predecessor  # a version that was never fed
        if previous is None or previous.normal is None:
            return []
        if self.line.goes_on_with(previous.line):
            self.normal, self._said_ms = previous.normal, previous._said_ms
            self._memory.rebase(self.normal.saved())
            previous._close()
            return []
        return previous.withdraw(end, source)

    def withdraw(self, at_ms: int, source: Provenance) -> list[AlarmEvent]:
        """Nobody goes on with this outlook: end its anomalies, and be closed."""
        normal = self.normal
        self._close()
        if normal is None:
            return []
        standing = np.flatnonzero(normal.watch.standing).tolist()
        return [
            self._event("withdrawn", self.line.regions[at], (int(normal.watch.begun[at]), at_ms), source)
            for at in standing
        ]

    def _close(self) -> None:
        self.closed = self._moved = True
        self.normal = None
        self._memory.clear()

    # ---- what is told ----

    def _events(self, judged: Judged, record: Record, source: Provenance) -> list[AlarmEvent]:
        turns, events = judged.turns, []
        for at, begun in zip(turns.over.tolist(), turns.begun.tolist(), strict=True):
            span = begun, judged.end
            events.append(self._event("cleared", self.line.regions[at], span, source, (judged, at, record)))
        for at in turns.began.tolist():
            span = judged.end, judged.end
            events.append(self._event("raised", self.line.regions[at], span, source, (judged, at, record)))
        return events

    def _event(
        self,
        kind: Kind,
        region: str,
        span: tuple[int, int],
        source: Provenance,
        place: tuple[Judged, int, Record] | None = None,
    ) -> AlarmEvent:
        """`span`: when the anomaly began, and now. `place`: which series of which judgement, and what was published of
        the window; None: nothing was judged."""
        before, after = (None, LEVEL) if kind == "raised" else (LEVEL, None)
        begun, end = span
        value, limit, samples, revision, quality = None, None, 0, 0, QUALITIES[NO_DATA]
        if place is not None and np.isfinite(place[0].values[place[1]]):
            judged, at, record = place
            code, value = int(self.codes[at]), float(judged.values[at])
            samples, revision = int(record.samples[code]), int(record.revision[code])
            quality = QUALITIES[int(record.quality[code])]
            low, high = float(judged.band.low[at]), float(judged.band.high[at])
            limit = low if value < low else high if value > high else None
        window = self.line.window
        start = window.first(end) if kind != "withdrawn" else window.first(window.floor(end))
        return AlarmEvent(
            source.world, self.line.indicator, self.line.version, region, (), "anomaly", kind, before, after, value,
            None, limit, start, end, end, begun, 0 if kind == "raised" else 1, samples,
            revision, quality, source.origin,
        )  # fmt: skip

    def _forecasts(self, region: str, coming: Sequence[tuple[int, float, float, float]], origin: str) -> list[Value]:
        """The newest word on each window is that from the nearest: its number counts from the farthest forecast."""
        line, farthest = self.line, len(coming) - 1
        return [
            Value(
                line.indicator + FORECAST, line.version, region, (), line.window.first(end), end, value,
                "provisional", 0, farthest - at, None, None, origin,
            )
            for at, (end, value, _, _) in enumerate(coming)
            if value == value  # noqa: PLR0124  NaN: none
        ]  # fmt: skip


def _progress_of(fields: Mapping[str, bytes]) -> tuple[list[Any], int, bool]:
    """What the progress of an outlook tells: its line, corrections, and whether it is closed."""
    version, *rest = msgpack.unpackb(fields[PROGRESS])
    if version != VERSION:
        raise UnknownMemoryVersion("outlook", version, VERSION)
    line, corrected, closed = rest
    return line, corrected, closed
