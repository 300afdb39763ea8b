"""The alarm desk of one indicator version: judges the windows that were published and says what to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.alarm import Look, Turn, step, withdraw
from metrics.alarm_event import AlarmEvent
from metrics.alarm_rule import Rule
from metrics.alarm_state import CHUNK, NEVER, AlarmState
from metrics.record import Record
from metrics.region import UNKNOWN, Regions
from metrics.threshold import Thresholds, level_name
from metrics.value import QUALITIES
from metrics.window import Window

STALE, NO_DATA = QUALITIES.index("stale"), QUALITIES.index("no_data")
PROGRESS = "progress"

Member = tuple[str, tuple[tuple[str, str], ...]]  # region code, dimensions; no dimensions: not split
Scores = tuple[NDArray[np.float64], NDArray[np.bool_]]  # z-scores and where they are known, shape (groups,)
IsOpen = Callable[[str, int], bool]  # (calendar, ms): whether it is open in that millisecond


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose alarms these are: an indicator version with its thresholds, its window, and the regions it speaks of.

    `patience_ms`: how long after its end a window may be incomplete before it is overdue: disorder and idleness of its
    sources, and one step of the grid.
    """

    indicator: str
    version: int
    thresholds: Thresholds
    window: Window
    regions: Regions
    is_open: IsOpen
    patience_ms: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where values come from: their world, and the least real origin of their sources."""

    world: str
    origin: str


class AlarmDesk:
    """The memory of one indicator version's alarms. `predecessor`: the desk of the version before, whose alarms this
    one takes over at its first look."""

    def __init__(self, subject: Subject, predecessor: AlarmDesk | None = None) -> None:
        self.subject = subject
        self.rule = Rule.of(subject.thresholds, subject.window)
        self.state = AlarmState.initial(self.rule.changes)
        self.predecessor = predecessor
        self.closed = False  # a later version has taken over, or the indicator is withdrawn
        self._members: list[Member] = []
        self._index: dict[Member, int] = {}
        self._watched = np.zeros(0, np.bool_)
        self._cover = np.zeros(0, np.int64)
        self._dirty: set[int] = set()  # chunks that differ since the last look at the changes
        self._gone: set[str] = set()  # fields to delete
        self._moved = True  # whether the progress does

    def judge(
        self, end: int, record: Record, members: Sequence[Member], source: Provenance, *, scores: Scores | None = None
    ) -> list[AlarmEvent]:
        """What to tell of a finished window that was just published, by condition and group.

        `record`: what was published of it; if it is incomplete it is only asked for silence (see `overdue`).
        `members`: all groups by code; `scores`: for rules on z.
        """
        self.meet(members)
        if self.closed:
            return []
        events = self._take_over(end, source)
        record = record.grown(len(members))
        outcome = step(self.state, self.rule, self._look(end, record, scores))
        self._dirty.update(np.unique(outcome.touched // CHUNK).tolist())
        self._touch(len(self.state), len(outcome.state))
        self.state, self._moved = outcome.state, True
        return events + [self._event(turn, end, record, source, scores=scores) for turn in outcome.turns]

    def overdue(self, unfinished: Iterable[int], clock_ms: int) -> list[int]:
        """Which incomplete windows should have been complete by now and were not asked for silence yet, oldest first:
        their sources may be dead."""
        latest = clock_ms - self.subject.patience_ms
        return sorted(end for end in unfinished if self.state.watched_ms < end <= latest)

    def withdraw(self, at_ms: int, source: Provenance) -> list[AlarmEvent]:
        """The indicator or its thresholds are gone: end all alarms, and be closed."""
        self.closed = self._moved = True
        self.state, turns = withdraw(self.state)
        self._touch(0, len(self.state))
        return [self._ended(turn, self._members[turn.group], at_ms, source) for turn in turns]

    def meet(self, members: Sequence[Member]) -> None:
        """Get to know the groups; they are only ever appended."""
        first, fresh = len(self._members), members[len(self._members) :]
        if not fresh:
            return
        self._index.update((member, first + at) for at, member in enumerate(fresh))
        self._members.extend(fresh)
        # Split groups come and go by nature; rows of an unknown region are nobody's silence, but for the total.
        watched = [not dims and (region != UNKNOWN or not first + at) for at, (region, dims) in enumerate(fresh)]
        self._watched = np.append(self._watched, np.array(watched, np.bool_))
        self._cover = np.append(self._cover, np.array([self._covering(member) for member in fresh], np.int64))

    def waits(self, size: int) -> NDArray[np.bool_]:
        """Which of `size` groups have a level that is raised, pending or flapping: a value may change what is told."""
        state, found = self.state, np.zeros(size, np.bool_)
        pending = (state.above >= 0).any(axis=0) | (state.below >= 0).any(axis=0) | (state.calm >= 0)
        found[: len(state)] = (state.level > 0) | (state.said[0] > 0) | pending
        return found

    def live(self, size: int) -> NDArray[np.bool_]:
        """Which of `size` groups have something raised, pending or remembered. That a split group was seen is nothing:
        its silence is not told."""
        found = np.zeros(size, np.bool_)
        found[: len(self.state)] = self.state.awake
        return found

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending)."""
        chunks = -(-len(self.state) // CHUNK)
        self.state = self.state.take(groups[: np.searchsorted(groups, len(self.state))])
        known = groups[: np.searchsorted(groups, len(self._members))].tolist()
        members, self._members, self._index = [self._members[code] for code in known], [], {}
        self._watched, self._cover = np.zeros(0, np.bool_), np.zeros(0, np.int64)
        self.meet(members)
        self._dirty, self._moved = set(range(-(-len(self.state) // CHUNK))), True
        self._gone |= {str(chunk) for chunk in range(len(self._dirty), chunks)}

    def changed(self) -> dict[str, bytes | None]:
        """Fields of the checkpoint that differ from the last call: `progress`, and chunks by number."""
        fields: dict[str, bytes | None] = dict.fromkeys(sorted(self._gone))
        fields |= {str(chunk): self.state.pack_chunk(chunk) for chunk in sorted(self._dirty)}
        if self._moved:
            fields[PROGRESS] = self._progress()
        self._dirty, self._gone, self._moved = set(), set(), False
        return fields

    def snapshot(self) -> dict[str, bytes]:
        """All fields; does not count as a look at the changes."""
        chunks = range(-(-len(self.state) // CHUNK))
        return {PROGRESS: self._progress()} | {str(chunk): self.state.pack_chunk(chunk) for chunk in chunks}

    def load(
        self, fields: Mapping[str, bytes], members: Sequence[Member], codes: NDArray[np.int64] | None = None
    ) -> None:
        """Take the memory over from fields. `members`: all groups; `codes`: the code that each group of the checkpoint
        has now, None: the same. Raises UnknownAlarmVersion, ValueError if they do not decode."""
        if PROGRESS not in fields:
            return
        self.meet(members)
        chunks = {int(name): payload for name, payload in fields.items() if name != PROGRESS}
        state, self.closed = AlarmState.unpack(fields[PROGRESS][1:], chunks), fields[PROGRESS][:1] == b"\x01"
        codes = np.arange(len(state)) if codes is None else codes[: len(state)]
        same = np.array_equal(codes, np.arange(len(state))) and len(state.change_at) == self.rule.changes
        if not same:
            state = state.moved(codes, max(len(self._members), len(state)), self.rule.changes)
            self._touch(0, len(state))
        self.state, self._moved = state, not same

    def _progress(self) -> bytes:
        return (b"\x01" if self.closed else b"\x00") + self.state.pack_progress()

    def _touch(self, first: int, last: int) -> None:
        """The chunks of the groups [first, last) differ."""
        if first < last:
            self._dirty.update(range(first // CHUNK, (last - 1) // CHUNK + 1))

    def _covering(self, member: Member) -> int:
        """The code of the group of the same whole or of the next published region above, -1: none."""
        region, dims = member
        above = self.subject.regions.path(region)[1:] if not dims else (region,)
        for code in above:
            if (code, ()) in self._index:
                return self._index[code, ()]
        return -1

    def _look(self, end: int, record: Record, scores: Scores | None) -> Look:
        window, thresholds = self.subject.window, self.subject.thresholds
        judged, judged_known = record.value, record.known
        if thresholds.on == "z":
            judged, judged_known = scores or (judged, np.zeros(len(judged), np.bool_))
        return Look(
            window.first(end), end, end - window.floor(end - 1), record.completed, record.known,
            record.quality == STALE, judged, judged_known & record.known, self._watched, self._cover,
            tuple(self.subject.is_open(variant.calendar, end - 1) for variant in thresholds.variants),
        )  # fmt: skip

    def _take_over(self, end: int, source: Provenance) -> list[AlarmEvent]:
        """Go on with the alarms of the version before; those of groups that are no more are withdrawn."""
        previous, self.predecessor = self.predecessor, None
        while previous is not None and previous.state.judged_ms == NEVER:
            previous = previous.predecessor  # a version that never judged anything
        if previous is None or previous.closed or max(self.state.judged_ms, self.state.watched_ms) > NEVER:
            return []
        codes = np.array([self._index.get(member, -1) for member in previous._members], np.int64)
        old = previous.state.grown(len(codes))
        lost = [turn for turn in withdraw(old)[1] if codes[turn.group] < 0]
        self.state = old.moved(codes, len(self._members), self.rule.changes)
        self._touch(0, len(self.state))
        members = previous._members
        previous.withdraw(end, source)  # what it told goes on here
        return [self._ended(turn, members[turn.group], end, source) for turn in lost]

    def _event(self, turn: Turn, end: int, record: Record, source: Provenance, *, scores: Scores | None) -> AlarmEvent:
        at = turn.group
        z = float(scores[0][at]) if scores is not None and scores[1][at] else None
        region, dims = self._members[at]
        return AlarmEvent(
            source.world, self.subject.indicator, self.subject.version, region, dims, turn.condition, turn.kind,
            level_name(turn.before), level_name(turn.after), float(record.value[at]) if record.known[at] else None, z,
            turn.limit, self.subject.window.first(end), end, end, turn.begun, turn.number, int(record.samples[at]),
            int(record.revision[at]), QUALITIES[int(record.quality[at])], source.origin,
        )  # fmt: skip

    def _ended(self, turn: Turn, member: Member, at_ms: int, source: Provenance) -> AlarmEvent:
        """The end of an alarm whose rule is gone: no window is judged, so it has no value."""
        region, dims = member
        end = max(self.subject.window.floor(at_ms), turn.begun)
        return AlarmEvent(
            source.world, self.subject.indicator, self.subject.version, region, dims, turn.condition, turn.kind,
            level_name(turn.before), None, None, None, None, self.subject.window.first(end), end, at_ms, turn.begun,
            turn.number, 0, 0, QUALITIES[NO_DATA], source.origin,
        )  # fmt: skip
