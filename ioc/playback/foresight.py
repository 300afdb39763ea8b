"""Foresight: what was normal and what was to come at the moment that a playback shows, behind its numbers.

Of an indicator whose chart somebody looks at the outlook is learnt from the history up to the moment, piece by piece
between two steps, and goes on with what appears; what members climb to (`metrics.climb`) is told from their last hour.
It writes what the engine writes: entries of the hash `outlook`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life
from metrics.archive_cells import Known, values
from metrics.archive_history import ArchiveHistory
from metrics.climb import Climb, Member, climbing, look_ms
from metrics.definition import Bundle
from metrics.indicator import Indicator
from metrics.outlook_line import followed
from metrics.past import Past
from metrics.past_outlook import REACH_MS, PastOutlook, step_ms
from metrics.series import Head, series_id
from metrics.value import ORIGINS
from metrics.values import Values
from metrics.window import HOUR_MS

AT_ONCE: Final = 16  # windows between two looks at the clock: some 50 ms
_SLOTS: Final[Mapping[int, str]] = {900_000: "15m", HOUR_MS: "1h"}


@dataclass(slots=True)
class Foresight:
    """Of one playback from one moment on. `region`: the whole, whose outlooks are told. Nothing later than what has
    been given or appeared up to the moment has a part in what is said. Raises OSError, duckdb.Error, pa.ArrowException.
    """

    history: ArchiveHistory
    past: Past
    life: Life
    bundle: Bundle
    known: Known
    region: str
    moment: int
    origin: str = "simulated"
    _outlooks: dict[str, PastOutlook] = field(default_factory=dict)
    _lately: dict[str, dict[int, float | None]] = field(default_factory=dict)  # of whole regions, before it is asked
    _members: dict[str, dict[Member, dict[int, float]]] = field(default_factory=dict)
    _climbs: dict[str, Climb] = field(init=False)
    _followed: dict[str, Indicator] = field(init=False)
    _due: dict[str, int] = field(default_factory=dict)  # climbing indicators -> the newest window that came
    _looked: bool = False

    def __post_init__(self) -> None:
        newest: dict[str, Indicator] = {}
        for one in self.bundle.indicators:
            if one.id not in newest or newest[one.id].version < one.version:
                newest[one.id] = one
        self._followed = {name: one for name, one in newest.items() if followed(one)}
        self._climbs = {name: Climb(one, self._is_open) for name, one in newest.items() if climbing(one)}

    def take(self, told: Values, moment: int) -> None:
        """What has appeared up to a moment, also the lines behind it."""
        self.moment = max(self.moment, moment)
        heads, ends, numbers = told.series.heads, told.end.tolist(), told.value.tolist()
        mine = np.array([self._listens(head) for head in heads] or [False], np.bool_)
        for row in np.flatnonzero(mine[told.line] & told.done & (told.end <= self.moment)).tolist():
            head, end, number = heads[told.line[row]], ends[row], numbers[row]
            known = number == number  # noqa: PLR0124  NaN: none
            self.origin = ORIGINS[told.origin[row]]
            if head.indicator in self._climbs:
                if known:
                    self._members.setdefault(head.indicator, {}).setdefault((head.region, head.dims), {})[end] = number
                self._due[head.indicator] = max(end, self._due.get(head.indicator, end))
            elif end % step_ms(self._followed[head.indicator]) == 0:
                self._lately.setdefault(head.indicator, {})[end] = number if known else None
        for name, outlook in self._outlooks.items():
            outlook.give(sorted(self._lately.pop(name, {}).items()))

    def _listens(self, head: Head) -> bool:
        if head.indicator in self._climbs:
            return True
        return not head.dims and head.indicator in self._followed and head.region in ("", self.region)

    def work(self, asked: Collection[str], until_s: float, monotonic: Callable[[], float]) -> Mapping[str, bytes]:
        """Learn of what is `asked` for (ids of indicators), until a time; what is new to say: series -> entry."""
        if not self._looked:
            self._looked = True
            self._look_back()
        found = self._climbed()
        for name in sorted(asked):
            if monotonic() >= until_s:
                break
            if name in self._followed and name not in self._outlooks:
                self._outlooks[name] = self._begun(self._followed[name])
        for name, outlook in self._outlooks.items():
            while not outlook.learnt and monotonic() < until_s:
                outlook.work(AT_ONCE)
            entry = outlook.entry(self.origin) if outlook.learnt else None
            if entry is not None:
                found[series_id(name, self.region)] = entry.pack()
        return found

    def busy(self, asked: Collection[str]) -> bool:
        """Whether there is something to learn."""
        return (
            not self._looked or bool(self._due) or bool(self._followed.keys() & set(asked) - self._outlooks.keys())
            or any(not outlook.learnt for outlook in self._outlooks.values())
        )  # fmt: skip

    def _begun(self, indicator: Indicator) -> PastOutlook:
        """With the history up to the moment, as it was known: first what the archive has by slots, then what has been
        shown behind it, which says more of the last hours."""
        outlook = PastOutlook(indicator, self.region)
        lately = self._lately.pop(indicator.id, {})
        until_ms = min(lately, default=self.moment + 1) - 1
        slot = _SLOTS[outlook.step_ms]
        wanted: Any = {"regions": [self.region], "columns": ("window_end", "value", "quality")}
        from_ms = self.moment - REACH_MS
        if until_ms > from_ms and self.known == "then":
            table = self.history.told(self.life, indicator.id, from_ms, until_ms, slot, self.moment, **wanted)
        elif until_ms > from_ms:
            table = self.history.series(self.life, indicator.id, from_ms, until_ms, slot=slot, **wanted)
        else:
            table = pa.table({"window_end": [], "value": []})
        ends, numbers = table.column("window_end").to_pylist(), table.column("value").to_pylist()
        outlook.give(sorted((end, number) for end, number in zip(ends, numbers, strict=True) if end is not None))
        outlook.give(sorted(lately.items()))
        return outlook

    def _look_back(self) -> None:
        """The members' last hour before the moment."""
        spans = [look_ms(one.every_ms) for one in self._climbs.values()]
        if not spans:
            return
        since = self.moment - 2 * max(spans)
        self.take(values(self.past.complete(since, self.moment, self.known, self._climbs)), self.moment)

    def _climbed(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name, end in self._due.items():
            climb, members = self._climbs[name], self._members.get(name, {})
            ends = climb.ends(end)
            for own in members.values():  # what is older says nothing any more
                for old in [each for each in own if each < ends[0]]:
                    del own[old]
            for gone in [each for each, own in members.items() if not own]:
                del members[gone]
            if not members:
                continue
            numbers = np.array([[own.get(at, np.nan) for own in members.values()] for at in ends], np.float64)
            regions = list(dict.fromkeys(region for region, _ in members))
            told = climb.tell(end, numbers, list(members), regions, self.origin)
            found |= {series_id(name, region): entry.pack() for region, entry in told.items()}
        self._due = {}
        return found

    def _is_open(self, calendar: str, at_ms: int) -> bool:
        return bool(self.bundle.calendars[calendar].is_open(np.array([at_ms], np.int64))[0])
