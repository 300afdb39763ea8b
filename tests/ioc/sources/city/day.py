"""The city run through the engine: its rows, hour by hour, as batches of their contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ioc.sources.city.city import City
from ioc.sources.rows import Rows
from metrics import compiler
from metrics.alarm_event import AlarmEvent
from metrics.codec import decode
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.engine import absorb, initial, step
from metrics.history import History
from metrics.observation import Batch
from metrics.value import Value
from metrics.window import WEEK_MS
from tests.ioc.sources.city.whole import HOUR, MINUTE

THIN: Mapping[str, int] = {"iot": 9 * MINUTE, "video": 9 * MINUTE}  # within two periods of their contracts
Group = tuple[str, str, tuple[tuple[str, str], ...]]  # indicator, region, dimensions


@dataclass
class Course:
    """What was published: by group and window end the newest complete value, and the alarms in order."""

    published: dict[Group, dict[int, Value]] = field(default_factory=dict)
    alarms: list[AlarmEvent] = field(default_factory=list)

    def standing(self) -> list[AlarmEvent]:
        """The alarms that stand at the end, each as last told."""
        found: dict[tuple[Any, ...], AlarmEvent] = {}
        for event in self.alarms:
            key = (event.indicator, event.region, event.dims, event.condition)
            found.pop(key, None)
            if event.level_after is not None:
                found[key] = event
        return list(found.values())


def run(
    raw: Mapping[str, Any],
    city: City,
    begin_ms: int,
    end_ms: int,
    *,
    levels: tuple[str, ...] = (),
    stride: int = HOUR,
    weeks: int = 0,
) -> Course:
    """A world that opens at `begin_ms` and is published until `end_ms`, `stride` by `stride`. `levels`: only regions of
    these, if any; `weeks`: how long complete values are remembered, 0: as long as the engine does."""
    bundle = _narrowed(load(raw).for_world({}), levels)
    contracts = {name: Contract.from_source(bundle.sources[name]) for name in city.models}
    state, course = initial(compiler.compile(bundle)), Course()
    history = History(weeks * WEEK_MS) if weeks else History()
    origins = dict.fromkeys(city.models, "simulated")
    for after, until in _strides(begin_ms, end_ms, stride):
        batches = []
        for name, model in city.models.items():
            rows = model.opening(begin_ms) if after == until else model.rows(after, until)
            if rows is not None:
                batches += _batches(contracts[name], rows, until)
        absorb(state, batches, until)
        more = True
        while more:
            outputs = step(state, [], until, history, origins=origins, heard=city.models)
            history.add(outputs.complete)
            for value in outputs.complete_values():
                course.published.setdefault((value.indicator, value.region, value.dims), {})[value.window_end] = value
            course.alarms += outputs.alarms
            more = outputs.more
    return course


def _narrowed(bundle: Bundle, levels: tuple[str, ...]) -> Bundle:
    if not levels:
        return bundle
    fewer = [replace(one, levels=tuple(each for each in one.levels if each in levels)) for one in bundle.indicators]
    return replace(bundle, indicators=tuple(fewer))


def _strides(begin_ms: int, end_ms: int, stride: int) -> Iterator[tuple[int, int]]:
    """The opening, then a stride at a time."""
    yield begin_ms, begin_ms
    for after in range(begin_ms, end_ms, stride):
        yield after, min(end_ms, after + stride)


def _batches(contract: Contract, rows: Rows, now_ms: int) -> list[Batch]:
    found = []
    for chunk in rows.chunks(8_192 if contract.undated else 65_536):  # records are wide
        decoded = decode([[b"1-0", [b"p", chunk.payload()]]], contract.wanted)
        assert not decoded.rejects
        for one in decoded.runs:
            admission = contract.admit(one, now_ms)
            assert not admission.rejected
            if admission.batch is not None:
                found.append(admission.batch)
    return found
