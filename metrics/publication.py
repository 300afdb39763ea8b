"""Publication of one indicator version: what was said of its windows, and what is remembered and judged of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from metrics.agenda import Agenda
from metrics.alarm_desk import AlarmDesk, Member, Provenance, Scores, Subject
from metrics.alarm_event import AlarmEvent
from metrics.climb import Climb, climbing
from metrics.comparison import weeks_before, zscore
from metrics.conclude import COMPLETE, NO_DATA, STALE, Concluded
from metrics.derive import Deriver, Layouts
from metrics.intake import Intake
from metrics.measured import Answer, Group, Mask, Numbers
from metrics.measured_groups import zero_when_empty
from metrics.occasion import Occasion
from metrics.outlook import Outlook
from metrics.outlook_entry import OutlookEntry
from metrics.outlook_line import Line, followed
from metrics.plan import IndicatorPlan, Plan
from metrics.record import Record
from metrics.reference import Known
from metrics.remembered import Remembered
from metrics.series import series_id
from metrics.standing import Standing
from metrics.wholeness import is_whole


class Keeper(Protocol):
    """Whoever holds the records of several publications."""

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending)."""
        ...


class Publication:
    """What one indicator version has said. A `metrics.family.Family` says it, and holds agenda and records from its
    first step on."""

    def __init__(
        self,
        part: IndicatorPlan,
        plan: Plan,
        kept_ms: Mapping[str, int],
        predecessor: Publication | None = None,
        layouts: Layouts | None = None,
    ) -> None:
        indicator, regions = part.indicator, plan.regions
        self.plan = part
        self.whole = plan
        self.deriver = Deriver(part, regions, layouts)
        self._taken: dict[int, Record] = {}
        self.records: Mapping[int, Record] = self._taken
        self.unfinished: set[int] = set()  # ends of records that are not complete
        self.agenda = Agenda(part, plan)
        self.standing: Standing | None = None
        self.dirty: set[int] = set()  # ends of records changed or dropped since the last checkpoint
        # What comparisons ask back: measures by name, and the published values under the empty name.
        self.remembered = {name: Remembered(keep_ms) for name, keep_ms in kept_ms.items()}
        self.quoted = False  # whether formulas of others refer to its values
        self.keeper: Keeper | None = None  # its family
        self.desk: AlarmDesk | None = None
        if indicator.thresholds is not None and (indicator.thresholds.limits or indicator.thresholds.variants):
            self.desk = AlarmDesk(
                Subject(
                    indicator.id, indicator.version, indicator.thresholds, indicator.window, regions, self.is_open,
                    part.patience_ms,
                ),
                predecessor.desk if predecessor is not None else None,
            )  # fmt: skip
        self.outlook: Outlook | None = None
        if followed(indicator) and not part.inner:
            codes = np.flatnonzero(self.is_published(len(self.members)))
            before = predecessor.outlook if predecessor is not None else None
            line = Line.of(indicator, tuple(self.members[code][0] for code in codes.tolist()), part.sources)
            self.outlook = Outlook(line, codes, before)
        self.climb = Climb(indicator, self.is_open) if climbing(indicator) and not part.inner else None

    def is_open(self, calendar: str, at_ms: int) -> bool:
        """Whether a calendar is open in that millisecond."""
        return bool(self.whole.calendars[calendar].is_open(np.array([at_ms], np.int64))[0])

    def is_published(self, size: int) -> NDArray[np.bool_]:
        """Which of the first `size` groups are of the published levels; those of a level that only a roll-up reads stay
        inside."""
        if self.plan.indicator.rollup is None:
            return np.ones(size, np.bool_)
        regions, levels = self.whole.regions, frozenset(self.plan.indicator.levels)
        return np.array(
            [code not in regions or regions[code].level in levels for code, _ in self.members[:size]], np.bool_
        )

    def take_over(self, end: int, record: Record) -> None:
        """The record of a window from a checkpoint, before the first step."""
        self._taken[end] = record
        if not record.completed:
            self.unfinished.add(end)

    # ---- what others ask of it ----

    @property
    def members(self) -> Sequence[Group]:
        """Its groups by code."""
        return self.deriver.groups.all

    @property
    def tells_apart(self) -> bool:
        """Whether each of its measures can tell all its groups apart."""
        parts, own = self.plan.measures, self.plan.indicator.dimensions
        return all(part.dimensions == own and part.has_region == self.plan.has_region for part in parts)

    @property
    def has_region(self) -> bool:
        """Whether its groups have regions."""
        return self.plan.has_region

    def alarm_members(self) -> Sequence[Member]:
        """Its groups by code: region and dimensions."""
        return self.deriver.groups.named

    def stood(self, end: int) -> Concluded | None:
        """What was said of a window, shape (1, groups); None if nothing is known of it."""
        groups = list(self.members)
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
        return kept.get(end, len(self.members), zero_beyond=zero_when_empty(own))

    # ---- groups that expire ----

    def live(self) -> Mask:
        """Which groups something was said of, is remembered of or is told of that later values may depend on."""
        size = len(self.members)
        found = np.zeros(size, np.bool_)
        for record in self.records.values():
            found[: len(record.shown)] |= record.shown
        own = {part.measure.name: part.measure for part in self.plan.measures}
        for name, kept in self.remembered.items():
            found |= kept.live(size, zero_beyond=bool(name) and zero_when_empty(own[name]))
        return found | self.desk.live(size) if self.desk is not None else found

    def keep(self, groups: NDArray[np.int64]) -> None:
        """Leave out all groups but these (ascending); a family does so with its records."""
        if self.keeper is None:
            self._taken.update({end: record.kept(groups) for end, record in self._taken.items()})
        self.dirty |= self.records.keys()
        for kept in self.remembered.values():
            kept.keep(groups)
        if self.desk is not None:
            self.desk.keep(groups)

    # ---- what it makes of what is said ----

    def remember_measures(self, answer: Answer, ends: Sequence[int], intakes: Mapping[str, Intake]) -> None:
        """Keep the measures that comparisons ask back."""
        for part in self.plan.measures:
            kept = self.remembered.get(part.measure.name)
            if kept is None:
                continue
            found = answer.measures[part.measure.name]
            for at, end in enumerate(ends):
                if is_whole(part, intakes, end):  # a part of a window is nothing to compare with
                    kept.put(end, found.value[at], found.known[at])

    def judge(self, end: int, occasion: Occasion, scores: Scores | None = None) -> list[AlarmEvent]:
        """Ask the alarm desk what to tell of a window."""
        assert self.desk is not None  # noqa: S101  # only indicators with thresholds come here
        source = Provenance(occasion.world, occasion.origin)
        return self.desk.judge(end, self.records[end], self.alarm_members(), source, scores=scores)

    def foresee(self, end: int, origin: str) -> Mapping[str, OutlookEntry]:
        """What comes of its groups by their course up to the window that ends at `end`: series -> entry."""
        if self.climb is None:
            return {}
        named, size = self.alarm_members(), len(self.members)
        shown = self.is_published(size).tolist()
        split = np.array([code for code in range(size) if shown[code]], np.int64)
        rows = [self.remembered[""].get(at, size) for at in self.climb.ends(end)]
        nothing = np.full(len(split), np.nan)
        values = np.stack([nothing if row is None else np.where(row[1], row[0], np.nan)[split] for row in rows])
        if end in self.records:  # what is stale was not measured
            record = self.records[end].grown(size)
            values[-1, (record.quality == STALE)[split]] = np.nan
        members = [named[code] for code in split.tolist()]
        told = self.climb.tell(end, values, members, list(dict.fromkeys(region for region, _ in members)), origin)
        return {series_id(self.plan.indicator.id, region): entry for region, entry in told.items()}

    def scores(self, end: int, value: Numbers, known: Mask) -> Scores | None:
        """The z-scores against the same instant of the weeks before, where levels are judged on them."""
        indicator = self.plan.indicator
        if indicator.thresholds is None or indicator.thresholds.on != "z":
            return None
        before = [self.remembered[""].get(at, len(value)) for at in weeks_before(end, indicator.baseline.weeks)]
        nothing = np.zeros(len(value)), np.zeros(len(value), np.bool_)
        earlier = [nothing if found is None else found for found in before]
        stacked = np.stack([one for one, _ in earlier]), np.stack([one for _, one in earlier])
        return zscore((value, known), stacked, indicator.baseline.min, indicator.baseline.floor)
