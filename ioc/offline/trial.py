"""A trial: a script played through the pure engine as fast as it goes, and which of its expected alarms came.

No clock, no server, no chance: the same bundle, script and seed give the same alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ioc.sources.city.city import City
from ioc.sources.city.inject import Injected
from ioc.sources.city.model import Model
from ioc.sources.city.script import Expect, Script
from ioc.sources.exercise import LEAD_MS, lead_ms
from ioc.sources.rows import Rows
from metrics import engine
from metrics.alarm_event import AlarmEvent
from metrics.codec import decode
from metrics.compiler import compile
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.history import History
from metrics.observation import Batch
from metrics.reference import indicators_of
from metrics.value import LEVELS

STEP_MS = 60_000  # how far the world's clock goes in one step
ENTRY_ROWS = 32_768
RATE = 200.0  # rows a second of the city: the least


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one expected alarm: when it was raised (ms, None: never); `early`: it stood before its time."""

    expect: Expect
    raised_ms: int | None
    early: bool
    met: bool


def play(raw: Mapping[str, Any], script: Script, seed: int) -> Iterator[AlarmEvent]:
    """Every alarm event of the indicators that the script expects something of, in order. `raw` is the bundle."""
    bundle = needed(load(raw), {one.indicator for one in script.expect})
    plan = compile(bundle)
    state, history = engine.initial(plan), History()
    city = City(raw, seed=seed, rate=RATE, script=script)
    read = {name for part in plan.indicators for name in part.reads} | _registries(bundle, plan.indicators)
    feeds = {
        name: _Feed(Injected(model, script, raw["sources"][name]), Contract.from_source(bundle.sources[name]), script)
        for name, model in city.models.items()
        if name in read or any(name in bundle.sources[one].union_of for one in read)
    }
    origins = dict.fromkeys(bundle.sources, "simulated")
    before = script.begin_ms - LEAD_MS - STEP_MS
    while before < script.end_ms:
        now = before + STEP_MS
        batches = [batch for feed in feeds.values() for batch in feed.rows(before, now)]
        said = engine.step(state, batches, now, history, origins=origins, world=script.head.id)
        yield from said.alarms
        history.add(said.complete)
        while said.more:
            said = engine.step(state, (), now, history, origins=origins, world=script.head.id)
            yield from said.alarms
            history.add(said.complete)
        history.forget(now)
        before = now


def judge(script: Script, events: Iterable[AlarmEvent], district: str) -> list[Finding]:
    """What became of each expected alarm. `district`: the region where none is named."""
    told = list(events)
    return [_found(one, script, told, {one.region} if one.region else {district, ""}) for one in script.expect]


def _found(expect: Expect, script: Script, told: Iterable[AlarmEvent], regions: set[str]) -> Finding:
    since, by = script.at(expect.since), script.at(expect.by)
    wanted = (expect.indicator, expect.condition, tuple(sorted(expect.dims.items())))
    mine = [
        one
        for one in told
        if (one.indicator, one.condition, tuple(sorted(one.dims))) == wanted and one.region in regions
    ]
    before = [one for one in mine if one.at <= since]
    early = bool(before) and _reaches(before[-1], expect)
    raised = [one.at for one in mine if one.at > since and _reaches(one, expect)]
    first = before[-1].at if early else min(raised, default=None)
    return Finding(expect, first, early, not early and first is not None and first <= by)


def _reaches(event: AlarmEvent, expect: Expect) -> bool:
    after = event.level_after
    return after is not None and (expect.level is None or LEVELS.index(after) >= LEVELS.index(expect.level))


def needed(bundle: Bundle, wanted: set[str]) -> Bundle:
    """The bundle with the wanted indicators alone, and those that they refer to."""
    while True:
        chosen = [one for one in bundle.indicators if one.id in wanted]
        derived = {bundle.sources[measure.source].indicator_of or one.id for one in chosen for measure in one.measures}
        further = {name for one in chosen for name in indicators_of(one.formula)} | derived
        if further <= wanted:
            return replace(bundle, indicators=tuple(chosen))
        wanted = wanted | further


def _registries(bundle: Bundle, indicators: Any) -> set[str]:
    sources = {name for part in indicators for name in part.reads}
    parts = sources | {part for name in sources for part in bundle.sources[name].union_of}
    return {bundle.sources[name].registry or "" for name in parts if bundle.sources[name].registry_is_source}


class _Feed:
    """A model whose rows go through the contract of their source, as they would from a stream."""

    def __init__(self, model: Model, contract: Contract, script: Script) -> None:
        self._model, self._contract = model, contract
        self._begin = script.begin_ms - lead_ms(model)

    def rows(self, after_ms: int, until_ms: int) -> Iterator[Batch]:
        """What it sends in (after, until]; at its begin also what stands."""
        if self._begin > until_ms:
            return
        if self._begin > after_ms:
            yield from self._admitted(self._model.opening(self._begin), until_ms)
        yield from self._admitted(self._model.rows(max(after_ms, self._begin), until_ms), until_ms)

    def _admitted(self, rows: Rows | None, now_ms: int) -> Iterator[Batch]:
        if rows is None:
            return
        for number, part in enumerate(rows.chunks(ENTRY_ROWS)):
            entry = [b"%d-%d" % (now_ms, number), [b"p", part.payload()]]
            for run in decode([entry], self._contract.wanted).runs:
                admission = self._contract.admit(run, now_ms)
                if admission.letters:
                    raise ValueError(f"{self._model.source}: {admission.letters[0]}")
                if admission.batch is not None:
                    yield admission.batch
