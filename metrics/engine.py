"""The engine: `state, outputs = step(state, batches, now, history)`; a function of its inputs only."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from metrics import image
from metrics.alarm_desk import Provenance
from metrics.alarm_event import AlarmEvent
from metrics.beginning import begin_ms
from metrics.derive import Derived, Layouts
from metrics.derived_feed import DerivedFeed
from metrics.entered import NOTHING, Entered
from metrics.expiry import Expiry
from metrics.family import Family
from metrics.image_form import DamagedState, UnknownStateVersion
from metrics.intake import Intake
from metrics.kin import kin
from metrics.observation import Batch
from metrics.occasion import SILENT_PAST_MS, History, Moment, Occasion
from metrics.outlook import Outlook
from metrics.outlook_entry import OutlookEntry
from metrics.outlook_line import Line
from metrics.plan import IndicatorPlan, Plan
from metrics.publication import Publication
from metrics.reference import indicators_of
from metrics.remark import Finding
from metrics.series import Lines, Series
from metrics.standing import Standing, kept_for
from metrics.succession import Orphan
from metrics.value import ORIGINS, Value
from metrics.values import Values
from metrics.watermark import BEGINNING

__all__ = [
    "DamagedState", "History", "Outputs", "SourceFacts", "State", "UnknownStateVersion", "absorb", "initial",
    "no_history", "restore", "step",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a source's feed line shows; times are ms UTC of the world, None while nothing is known."""

    newest_ms: int | None
    watermark_ms: int | None
    rows: int
    late: int
    duplicate: int
    unregistered: int


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a step says. `said`: values by indicator and window, in order; where they are `done`, the windows are
    complete (first completion or a correction): all of a part, or none.

    `more`: windows are left over; call again soon, with or without new batches. `alarms`: what to tell, in order.
    `forecasts`: values of `ID~forecast`; `outlooks`: series -> what is normal of it and what comes. `gone`: series of
    groups that were given up; nobody need remember their last word.
    """

    said: list[Values] = field(default_factory=list)
    more: bool = False
    alarms: list[AlarmEvent] = field(default_factory=list)
    forecasts: list[Value] = field(default_factory=list)
    outlooks: dict[str, OutlookEntry] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def values(self) -> list[Value]:
        """What was said, one by one."""
        return [value for part in self.said for value in part.each()]

    @property
    def completed(self) -> list[bool]:
        """Whether the window of each of the `values` is complete."""
        return [done for part in self.said for done in part.done.tolist()]

    @property
    def complete(self) -> Values:
        """What was said of complete windows."""
        return Values.joined([part for part in self.said if part.done.all()])

    def complete_values(self) -> list[Value]:
        """The values whose windows are complete."""
        return [value for value, done in zip(self.values, self.completed, strict=True) if done]


class State:
    """Everything the engine knows of one world; changed in place by `step`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.intakes = {name: Intake(source) for name, source in plan.sources.items()}
        for intake in self.intakes.values():
            if intake.source.registry_is_source:
                intake.registry = self.intakes[intake.source.registry or ""]
            for part in intake.source.union_of:
                self.intakes[part].unions.append(intake)
        self.publications = _publications(plan)
        self.standing = self.publications[0].standing if self.publications else None
        self.derived = [
            DerivedFeed(part, plan, name)
            for name, source in plan.sources.items()
            for part in plan.indicators
            if part.indicator.id == source.source.indicator_of
        ]
        for feed in self.derived:
            feed.publication.standing = self.standing
        inner = [feed.publication for feed in self.derived]
        self._families: list[Family] = []
        self.spent: dict[str, tuple[float, int]] = {}  # by indicator: seconds, and steps that they were spent in
        self._image = image.Image(self.intakes, [*self.publications, *inner], plan.regions)
        self.expiry = Expiry(self.intakes, [*self.publications, *inner])

    def feeds(self) -> dict[str, SourceFacts]:
        """The facts of each source."""
        found = {}
        for name, intake in self.intakes.items():
            mark, counters = intake.watermark, intake.counters
            found[name] = SourceFacts(
                mark.newest_ms if mark.newest_ms > BEGINNING else None,
                mark.mark_ms if mark.mark_ms > BEGINNING else None,
                counters.rows, counters.late, counters.duplicate, counters.unregistered,
            )  # fmt: skip
        return found

    def watermarks(self) -> dict[str, int]:
        """The watermark of each source that has one, ms UTC."""
        return {name: facts.watermark_ms for name, facts in self.feeds().items() if facts.watermark_ms is not None}

    @property
    def families(self) -> list[Family]:
        """All publications, by those that are said together; those that are referred to come first."""
        if not self._families:  # not before a checkpoint was loaded
            derived = {feed.source for feed in self.derived}
            self._families = [Family(members) for members in kin(self.publications, derived)]
        return self._families

    def wake(self, heard: Container[str]) -> list[Family]:
        """The families that somebody feeds: those with a source that has been heard (or with none at all), those that
        have begun, and those that these refer to, from where these begin. Of the others nothing has come, and nothing
        is said; nor of those that wait for their first readings (`metrics.beginning`)."""
        found: list[Family] = []
        asked: dict[str, list[int]] = {}  # indicators that are referred to -> oldest rows of who refers to them
        for family in reversed(self.families):  # who refers comes behind those that he refers to
            mine, agenda = self.below(family.plan), family.agenda
            names = family.names & asked.keys()
            if not (agenda.begun or not mine or names or any(one in heard or self.intakes[one].heard for one in mine)):
                continue
            if begin_ms(family.plan, self.intakes) is None:
                continue
            rows = [oldest for one in mine if (oldest := self.intakes[one].oldest_ms) is not None]
            rows += [oldest for name in names for oldest in asked[name]]
            if names and rows and not agenda.begun:
                agenda.begin_at(min(rows))
            found.append(family)
            for name in family.refers_to:
                asked.setdefault(name, []).extend(rows)
        return found[::-1]

    def below(self, part: IndicatorPlan) -> list[str]:
        """The sources with streams that an indicator rests on: the rows of a union come by its parts."""
        return [name for source in part.sources for name in self.intakes[source].source.union_of or (source,)]

    @property
    def orphans(self) -> list[Orphan]:
        """Alarms of indicator versions that are no longer declared."""
        return self._image.orphans

    @property
    def outlooks_left(self) -> list[tuple[Line, Outlook]]:
        """Outlooks of indicator versions that are no longer declared, which no other version goes on with."""
        return self._image.outlooks.left

    def expire(self, now_ms: int) -> list[str]:
        """Give up what is idle, where the rule says so; no later value depends on it. Returns the series that left."""
        self.expiry.gone = []
        self._image.renumbered(self.expiry.look(now_ms))
        return self.expiry.gone

    def changed(self) -> dict[str, bytes | None]:
        """Fields of the checkpoint that differ from the last call (or from restore); None: delete the field."""
        return self._image.changed()

    def snapshot(self) -> dict[str, bytes]:
        """All fields of the checkpoint."""
        return self._image.snapshot()


def _publications(plan: Plan) -> list[Publication]:
    """Those that are referred to come before those that refer to them."""
    kept = kept_for([part.indicator for part in plan.indicators])
    found: dict[tuple[str, int], Publication] = {}
    newest: dict[str, Publication] = {}
    layouts = Layouts(plan.regions)
    for part in plan.indicators:
        indicator = part.indicator
        mine = {name: keep_ms for (owner, name), keep_ms in kept.items() if owner == indicator.id}
        own = {measure.measure.name for measure in part.measures} | {""}
        mine = {name: keep_ms for name, keep_ms in mine.items() if name in own}
        publication = Publication(part, plan, mine, newest.get(indicator.id), layouts)
        found[indicator.id, indicator.version] = newest[indicator.id] = publication
    quoted = {name for part in plan.indicators for name in indicators_of(part.indicator.formula)}
    for publication in found.values():
        publication.quoted = publication.plan.indicator.id in quoted
    standing = Standing([part.indicator for part in plan.indicators], found, plan.regions)
    for publication in found.values():
        publication.standing = standing
    return list(found.values())


def initial(plan: Plan) -> State:
    """The state of a world in which nothing has happened."""
    return State(plan)


def restore(plan: Plan, fields: Mapping[str, bytes]) -> State:
    """The state from the fields of a checkpoint. What the plan no longer needs is dropped (and deleted by `changed`).

    Raises UnknownStateVersion if another version of this program wrote them, DamagedState if they do not decode.
    """
    state = State(plan)
    state._image.load(fields)
    return state


def no_history(_series: Series, lines: Lines, _window_end: int) -> NDArray[np.float64]:
    """A history that knows nothing."""
    return np.full(len(lines), np.nan)


def absorb(state: State, batches: Sequence[Batch], now_ms: int) -> list[list[Finding]]:
    """Fold the batches and publish nothing yet: the cheap part of a step. Returns what is to be remarked of each.

    A caller that commits less often than it reads absorbs each batch and ends with one `step`; the values it then
    publishes are those that a step per batch would have published last. Raises KeyError for an unknown source.
    """
    return [state.intakes[batch.source].take(batch, now_ms) for batch in batches]


def step(
    state: State,
    batches: Sequence[Batch],
    now_ms: int,
    history: History = no_history,
    *,
    origins: Mapping[str, str] | None = None,
    behind: Iterable[str] = (),
    heard: Container[str] = (),
    world: str = "live",
    entered: Entered = NOTHING,
    stopwatch: Callable[[], float] | None = None,
) -> Outputs:
    """Fold the batches, move the watermarks, publish what is due and changed.

    `now_ms` is the world's clock. `origins`: source -> `real` (default), `recorded` or `simulated`. `behind`: sources
    with entries that are still unread; for them silence means nothing, and the clock is held at their newest row, so
    that a restart after a pause neither calls rows late nor publishes empty windows before it has read them. `heard`:
    sources that somebody feeds, even if no row of them has counted yet; of those that nobody feeds nothing is said
    (`State.wake`). `world` names the world in alarms; `entered` are the values that people wrote down. `stopwatch`
    tells seconds: what each indicator takes is added up in `state.spent`.
    Raises KeyError for a batch of a source that the plan does not have.
    """
    behind = frozenset(behind)
    absorb(state, batches, now_ms)
    for name, intake in state.intakes.items():
        before = intake.watermark.mark_ms, intake.watermark.heard_ms
        intake.watermark.tick(now_ms, name in behind)
        intake.changed |= before != (intake.watermark.mark_ms, intake.watermark.heard_ms)
    if state.standing is not None:
        state.standing.entered = entered
    outputs = Outputs()
    needed: dict[str, int] = {}
    closed: dict[str, int] = {}
    more = False
    for orphan in state.orphans:
        if orphan.withdrawn:
            provenance = Provenance(world, _least(origins, orphan.sources))
            outputs.alarms.extend(orphan.desk.withdraw(now_ms, provenance))
    for line, outlook in state.outlooks_left:
        outputs.alarms.extend(outlook.withdraw(now_ms, Provenance(world, _least(origins, line.sources))))
    changed: dict[str, frozenset[int]] = {}
    derived: Derived = {}
    told: list[tuple[Family, Moment]] = []
    for family in state.wake(heard):
        mine = {name: state.intakes[name] for name in state.below(family.plan)}  # as far, and as real, as the least
        occasion = Occasion(
            _moment(mine, now_ms, behind, begin_ms(family.plan, state.intakes)), history, _least(origins, mine), world,
            entered, changed, derived,
        )  # fmt: skip
        began = stopwatch() if stopwatch is not None else 0.0
        outputs.said.extend(family.publish(state.intakes, occasion))
        if stopwatch is not None:
            share = (stopwatch() - began) / len(family.members)
            for one in family.members:
                seconds, steps = state.spent.get(one.plan.id, (0.0, 0))
                state.spent[one.plan.id] = seconds + share, steps + 1
        for name, ends in family.renewed.items():
            changed[name] = changed.get(name, frozenset()) | ends
        outputs.alarms.extend(family.events)
        outputs.forecasts.extend(family.foreseen.values)
        outputs.outlooks.update(family.foreseen.entries)
        published = [family]
        for feed in state.derived:
            if any(feed.publication.plan.id == f"{one.plan.id}~rows" for one in family.members):
                for end, batch in feed.rows(state.intakes, occasion):
                    state.intakes[feed.source].replace(end - 1, batch, now_ms)
                    derived.clear()
                published.append(feed.family)
        for each in published:
            more = more or each.agenda.left_over
            told.append((each, occasion.moment))
            start = each.agenda.needed_from(occasion.moment, each)
            for scan, index in each.agenda.panes_before(occasion.moment, each).items():
                needed[scan] = min(index, needed.get(scan, index))
            for source in each.plan.reads:
                closed[source] = min(start, closed.get(source, start))
    # What others refer to stays until all have read it.
    awaited = {name for each, _ in told if each.agenda.left_over for name in indicators_of(each.plan.indicator.formula)}
    for each, moment in told:
        if awaited.isdisjoint(one.plan.indicator.id for one in each.members):
            each.forget(moment)
    for intake in state.intakes.values():  # a late reading asks for the record of its own time
        if intake.registry is not None:
            name, own = intake.registry.source.id, intake.watermark.closed_ms
            closed[name] = min(own, closed.get(name, own))
    for name, intake in state.intakes.items():
        wanted = {scan: index for scan, index in needed.items() if scan in intake.panes}
        intake.settle(closed.get(name, intake.watermark.closed_ms), wanted)
    return replace(outputs, more=more, gone=state.expire(now_ms))


def _moment(mine: Mapping[str, Intake], now_ms: int, behind: frozenset[str], begin: int | None) -> Moment:
    if not mine:  # a formula over entered values: every instant is complete when it has passed
        return Moment(now_ms, now_ms, now_ms, now_ms, 0)
    clock = now_ms
    for name in mine.keys() & behind:
        clock = min(clock, mine[name].watermark.newest_ms)
    sources = list(mine.values())
    newest = max(intake.watermark.newest_ms for intake in sources)
    lateness = max(intake.plan.source.lateness_ms for intake in sources)
    # A source that fell silent for ever must not keep the windows of the others for ever.
    # One that was never heard is waited for as long, from the first look at it.
    since = newest - lateness - SILENT_PAST_MS
    speaking = [intake for intake in sources if intake.watermark.spoken_ms >= since]
    return Moment(
        clock,
        min(intake.watermark.mark_ms for intake in sources),
        min(intake.watermark.closed_ms for intake in speaking),
        newest,
        lateness,
        BEGINNING if begin is None else begin,
    )


def _least(origins: Mapping[str, str] | None, sources: Iterable[str]) -> str:
    """The least real of the sources' origins."""
    return min(((origins or {}).get(name, "real") for name in sources), key=ORIGINS.index, default="real")
