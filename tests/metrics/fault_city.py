"""A small city in which the engine keeps every kind of state, what it must come to, and what it must have told.

Rows come shuffled within the disorder of their sources, so that none is late: values and alarms are then a function of
the rows alone, whatever happens to the engine. The values are held against the SQL program over all rows, the alarms
against a world in which nothing went wrong.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import redis

from ioc.offline.evaluation import Evaluation
from ioc.offline.question import Grouping
from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.codec import RawColumn, coded, decode, pack
from metrics.contract import Contract
from metrics.definition import Bundle, load
from metrics.entered import Entered, read_entries
from metrics.observation import Batch
from metrics.value import Value
from metrics.value_form import unpack_values
from metrics.world import World

MINUTE = 60_000
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
SPAN_MS = 30 * MINUTE  # windows that end within it are compared
PLACES = ("440303001", "440303002", "440303003")
ROADS = tuple(f"R{at:02d}" for at in range(9))
DEVICES = tuple(f"D{at:02d}" for at in range(24))
NEVER = {"no_data_delay": "365d", "stale_delay": "365d"}  # silence depends on the clock; it has tests of its own

Sent = tuple[str, dict[str, Any]]  # source, fields of the entry
Cell = tuple[str, str, tuple[str, ...], int]  # indicator, region, dimension values, window end

_ORDERLY = {"disorder": "2m", "lateness": "3h", "future": "1h"}
SOURCES: dict[str, Any] = {
    "traffic": {
        "kind": "readings", "time": "time", "entity": "road", "period": "20s", "registry": "roads",
        "take": ["class", "km"], "region": {"registry": "code"}, **_ORDERLY,
        "fields": {
            "time": {"type": "time"}, "road": {"type": "text"},
            "speed": {"type": "decimal", "scale": 1, "range": [0, 150], "missing": ["0"]},
            "vehicles": {"type": "int"},
        },
    },
    "case": {
        "kind": "records", "key": "case_id", "changed": "changed_at", "deleted": "void",
        "region": {"field": "community"}, **_ORDERLY,
        "fields": {
            "case_id": {"type": "text"}, "changed_at": {"type": "time"}, "created_at": {"type": "time"},
            "deadline": {"type": "time"}, "closed_at": {"type": "time"}, "org": {"type": "category"},
            "community": {"type": "text"}, "void": {"type": "bool"},
        },
    },
    "device": {
        "kind": "records", "key": "device", "changed": "changed_at", "region": {"field": "community"}, **_ORDERLY,
        "fields": {
            "device": {"type": "text"}, "changed_at": {"type": "time"}, "kind": {"type": "category"},
            "community": {"type": "text"}, "active": {"type": "bool"},
        },
    },
    "iot": {
        "kind": "readings", "time": "time", "entity": "device", "registry": "device", **_ORDERLY,
        "fields": {"time": {"type": "time"}, "device": {"type": "text"}},
    },
}  # fmt: skip
_MINUTES = {"kind": "tumbling", "size": "1m"}
_FIVE = {"kind": "tumbling", "size": "5m"}
_SLIDE = {"kind": "sliding", "size": "10m", "every": "1m"}
_NOW = {"kind": "now", "every": "1m"}


def _one(name: str, source: str, window: Mapping[str, str], formula: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "source": source, "window": window, "formula": formula, **more}


INDICATORS: list[dict[str, Any]] = [
    _one("SUM", "traffic", _MINUTES, "n", dimensions=["road"], measures={"n": {"agg": "sum", "field": "vehicles"}}),
    _one("P90", "traffic", _FIVE, "p", direction="up", thresholds={"yellow": 75, "red": 60, "hysteresis": 1, **NEVER},
         measures={"p": {"agg": "percentile", "p": 90, "field": "speed"}}),
    _one("SLOW", "traffic", _SLIDE, "slow / 60", direction="down",
         thresholds={"yellow": 15, "orange": 20, "red": 25, "on_delay": "2m", "off_delay": "1m", **NEVER},
         measures={"slow": {"agg": "dwell", "where": "speed < 40"}}),
    _one("WORST", "traffic", _SLIDE, "w", direction="up", thresholds={"yellow": 45, "orange": 40, **NEVER},
         measures={"w": {"agg": "mean", "field": "speed", "per": ["entity"], "then": "min"}}),
    _one("KINDS", "traffic", _SLIDE, "k", measures={"k": {"agg": "distinct", "field": ["road", "vehicles > 50"]}}),
    _one("CHANGE", "traffic", _MINUTES, "n - previous(n)", direction="down", thresholds={"yellow": 200, **NEVER},
         measures={"n": {"agg": "sum", "field": "vehicles"}}),
    _one("DUE", "case", _SLIDE, "pct(ok, due)", dimensions=["org"], samples="due", direction="up", min_samples=2,
         thresholds={"yellow": 60, "red": 30, **NEVER},
         measures={"due": {"agg": "count", "at": "deadline"},
                   "ok": {"agg": "count", "at": "deadline", "where": "closed_at <= deadline"}}),
    _one("OVERDUE", "case", _NOW, "pct(over, open)", direction="down", thresholds={"yellow": 50, "red": 70, **NEVER},
         measures={"open": {"agg": "count", "where": "closed_at is null"},
                   "over": {"agg": "count", "where": "closed_at is null and deadline < now()"}}),
    _one("TOOK", "case", _SLIDE, "h", measures={
        "h": {"agg": "mean", "at": "closed_at", "field": "minutes(worked(created_at, closed_at, 'office'))"}}),
    _one("CASES", "case", {"kind": "all", "every": "5m"}, "n", measures={"n": {"agg": "count", "at": "created_at"}}),
    _one("HEARD", "iot", _NOW, "pct(on, whole)", dimensions=["kind"], direction="up",
         thresholds={"yellow": 80, "orange": 60, **NEVER},
         measures={"on": {"agg": "online", "within": "2m", "where": "active"},
                   "whole": {"agg": "count", "source": "device", "where": "active"}}),
    _one("SCORE", "case", _FIVE, "entered('base') + indicator('CASES') - n", measures={
        "n": {"agg": "count", "at": "created_at"}}),
    _one("PLACE", "case", _FIVE, "rank(indicator('OVERDUE')) + 0 * n", measures={
        "n": {"agg": "count", "at": "created_at"}}),
    _one("BESTPLACE", "traffic", _MINUTES, "v", rollup={"from": "subdistrict", "how": "max"}, measures={
        "v": {"agg": "mean", "field": "speed"}}),
    _one("TODAY", "traffic", {"kind": "day_to_date", "every": "5m"}, "n", measures={
        "n": {"agg": "sum", "field": "vehicles"}}),
    _one("MONTH", "case", {"kind": "month_to_date", "every": "5m"}, "n", measures={
        "n": {"agg": "count", "at": "created_at"}}),
    _one("DAY", "traffic", {"kind": "tumbling", "size": "1d"}, "n", measures={
        "n": {"agg": "sum", "field": "vehicles"}}),
    _one("WHOLE", "case", {"kind": "tumbling", "size": "1mo"}, "n", measures={
        "n": {"agg": "count", "at": "created_at"}}),
    _one("JAM", "traffic", _MINUTES, "v", dimensions=["road"], measures={"v": {"agg": "mean", "field": "speed"}}),
    _one("JAMS", "indicator:JAM", _SLIDE, "roads", direction="down", thresholds={"yellow": 2, "red": 5, **NEVER},
         measures={"roads": {"agg": "count", "where": "value < 35", "per": ["road"], "having": "value >= 3",
                             "then": "count"}}),
]  # fmt: skip
DIMENSIONS = {one["id"]: tuple(one.get("dimensions", ())) for one in INDICATORS}


def bundle() -> dict[str, Any]:
    """The definitions, as they stand in Redis."""
    levels = [{"code": "440303", "parent": "", "zh": "罗湖区", "en": "Luohu", "level": "district"}]
    levels += [{"code": code, "parent": "440303", "zh": code, "en": code, "level": "subdistrict"} for code in PLACES]
    roads = [
        {"id": road, "class": "main" if at % 3 else "side", "km": 0.5 + at / 4, "code": PLACES[at % 3]}
        for at, road in enumerate(ROADS[:-1])  # one road is not registered
    ]
    return {
        "v": 1, "hash": "fault-city", "sources": SOURCES, "indicators": INDICATORS, "registries": {"roads": roads},
        "regions": levels, "calendars": {"office": {"daily": ["09:00-12:10", "12:20-18:00", "23:50-00:05"]}},
    }  # fmt: skip


ENTERED = {"base": json.dumps({"name": "base", "region": "440303", "valid_from": None, "value": 40.0})}


def open_city(client: redis.Redis, world: str, now_ms: int = NOON + 60 * MINUTE, speed: float = 1.0) -> None:
    """Put the definitions in force and open a world whose clock shows `now_ms`, by default beyond all rows."""
    client.set(keys.BUNDLE, json.dumps(bundle()))
    client.hset(keys.entered(world), mapping=ENTERED)
    set_clock(client, world, now_ms, speed)


def set_clock(client: redis.Redis, world: str, now_ms: int, speed: float = 1.0) -> None:
    """From now on the clock of the world shows `now_ms` and goes on from there."""
    client.hset(
        keys.WORLDS, world, World(world, "replay", WorldClock(now_ms, real_ms(), speed), started_ms=1).to_json()
    )


def a_day_in_brief(seed: int, *, base: int = NOON, shuffled_ms: int = MINUTE) -> list[Sent]:
    """Half an hour of rows from `base` on, in order of arrival: shuffled by up to `shuffled_ms`, each source beginning
    with its oldest row."""
    draw = random.Random(seed)
    rows = [*_traffic(draw, base), *_cases(draw, base), *_devices(draw, base), *_heard(draw, base)]
    rows.sort(key=lambda row: int(row[1]["t"]))
    first = {source: next(row for row in rows if row[0] == source) for source in SOURCES}
    rest = [row for row in rows if row not in first.values()]
    rest.sort(key=lambda row: int(row[1]["t"]) + draw.randrange(shuffled_ms))
    return [*first.values(), *rest]


def closing(base: int = NOON) -> list[Sent]:
    """Rows so late that every window of the half hour is complete."""
    at = base + 45 * MINUTE
    return [
        ("traffic", {"t": at, "k": "R00", "speed": "50.0", "vehicles": 1}),
        ("case", {"t": at, "k": "C0", "created_at": at, "deadline": at, "org": "a", "community": PLACES[0]}),
        ("device", {"t": at, "k": "D00", "kind": "pole", "community": PLACES[0], "active": "true"}),
        ("iot", {"t": at, "k": "D00"}),
    ]


def _traffic(draw: random.Random, base: int) -> Iterable[Sent]:
    for tick in range(90):
        at = base + tick * 20_000
        jam = 25 if 30 <= tick < 60 else 60  # ten minutes of queues in the middle
        for road in ROADS:
            if draw.random() < 0.95:
                speed = 0.0 if draw.random() < 0.05 else max(1.0, draw.gauss(jam, 12))  # 0: the sensor saw nothing
                yield "traffic", {"t": at, "k": road, "speed": f"{speed:.1f}", "vehicles": draw.randrange(100)}


def _cases(draw: random.Random, base: int) -> Iterable[Sent]:
    for number in range(90):
        at = base + draw.randrange(28 * MINUTE) // 1000 * 1000
        case = {
            "created_at": at - draw.randrange(30) * MINUTE, "deadline": at + draw.randrange(-5, 12) * MINUTE,
            "org": draw.choice(["a", "b"]), "community": draw.choice([*PLACES, "440399001"]),
        }  # fmt: skip
        yield "case", {"t": at, "k": f"C{number}", **case}
        for _ in range(draw.randrange(4)):  # closed, moved to another place, opened again, removed
            at += draw.randrange(1, 6) * MINUTE
            case |= {"closed_at": draw.choice([at, at, ""]), "community": draw.choice(PLACES),
                     "void": draw.choice(["false", "false", "false", "true"])}  # fmt: skip
            if at < base + SPAN_MS:
                yield "case", {"t": at, "k": f"C{number}", **case}


def _devices(draw: random.Random, base: int) -> Iterable[Sent]:
    for name in DEVICES:
        for at in (base + draw.randrange(30) * 1000, base + draw.randrange(2, 28) * MINUTE):
            yield "device", {
                "t": at, "k": name, "kind": draw.choice(["cam", "pole"]), "community": draw.choice(PLACES),
                "active": draw.choice(["true", "true", "true", "false"]),
            }  # fmt: skip


def _heard(draw: random.Random, base: int) -> Iterable[Sent]:
    for minute in range(30):
        silent = 0.6 if 12 <= minute < 18 else 0.1
        for name in DEVICES:
            if draw.random() > silent:
                yield "iot", {"t": base + minute * MINUTE + draw.randrange(60) * 1000, "k": name}


def send(client: redis.Redis, world: str, rows: Sequence[Sent], *, packed: bool = False) -> None:
    """Give the rows to their streams, each stream in order; `packed`: the traffic as one batch."""
    pipeline = client.pipeline(transaction=False)
    traffic = [fields for source, fields in rows if source == "traffic"]
    if packed and traffic:
        columns = {
            "t": RawColumn("int", np.array([row["t"] for row in traffic])),
            "k": coded([row["k"] for row in traffic]),
            "speed": RawColumn("fixed", np.array([round(10 * float(row["speed"])) for row in traffic]), scale=1),
            "vehicles": RawColumn("int", np.array([row["vehicles"] for row in traffic])),
        }
        pipeline.xadd(keys.observations(world, "traffic"), {"p": pack(columns, len(traffic))})
    for source, fields in rows:
        if not (packed and source == "traffic"):
            pipeline.xadd(keys.observations(world, source), fields)
    pipeline.execute()


# ---- what must be said ----


def admitted(definitions: Bundle, rows: Sequence[Sent]) -> dict[str, list[Batch]]:
    """The rows of each source that keep its contract, in order of arrival."""
    found: dict[str, list[Batch]] = {}
    for name in SOURCES:
        contract = Contract.from_source(definitions.sources[name])
        cells = [_cells(fields) for source, fields in rows if source == name]
        entries: list[Any] = [(f"1-{at}".encode(), flat) for at, flat in enumerate(cells)]
        runs = decode(entries, contract.wanted).runs
        batches = [contract.admit(run, 1 << 60).batch for run in runs]
        found[name] = [batch for batch in batches if batch is not None]
    return found


def _cells(fields: Mapping[str, Any]) -> list[bytes]:
    return [str(text).encode() for pair in fields.items() for text in pair]


def oracle(rows: Sequence[Sent], *, base: int = NOON, span_ms: int = SPAN_MS) -> dict[Cell, tuple[Any, str, int]]:
    """(value, quality, samples) of every window that ends in (base, base + span], by the SQL program over all rows."""
    definitions = load(bundle())
    evaluation = Evaluation.of(definitions, admitted(definitions, rows), "sql", Entered(read_entries(ENTERED.values())))
    ends = range(base + MINUTE, base + span_ms + 1, MINUTE)
    found: dict[Cell, tuple[Any, str, int]] = {}
    for name, dimensions in DIMENSIONS.items():
        for split in {(), dimensions}:
            for row in evaluation.rows([name], ends, Grouping(True, "", split)):
                if base < row.end_ms <= base + span_ms:
                    found[name, row.group[0], row.group[1:], row.end_ms] = (row.value, row.quality, row.samples)
    return found


# ---- what was said ----


def completions(client: redis.Redis, world: str) -> list[Value]:
    """Every complete value, in the order in which they were said."""
    entries: Any = client.xrange(keys.engine(world, "completed"))
    return [value for _, fields in entries for value in unpack_values(fields[b"b"])]


def cell(value: Value) -> Cell:
    """Where a value stands."""
    return value.indicator, value.region, tuple(text for _, text in value.dims), value.window_end


def said(client: redis.Redis, world: str, *, base: int = NOON, span_ms: int = SPAN_MS) -> dict[Cell, Value]:
    """The last word on each complete window that ends in (base, base + span]."""
    return {cell(value): value for value in completions(client, world) if base < value.window_end <= base + span_ms}


def differences(found: Mapping[Cell, Value], wanted: Mapping[Cell, tuple[Any, str, int]]) -> list[str]:
    """What is not as the oracle has it, in words: counts and sums exactly, other numbers within 1e-9. A split group
    may be said to have nothing in a window, which the oracle leaves out."""
    wrong = []
    for place, (value, quality, samples) in sorted(wanted.items()):
        one = found.get(place)
        if one is None:
            wrong.append(f"{place}: never said, {value} is true")
        elif not _equal(one.value, value) or (one.quality, one.samples) != (quality, samples):
            wrong.append(
                f"{place}: {one.value} {one.quality} {one.samples} was said, {value} {quality} {samples} is true"
            )
    wrong += [
        f"{place}: {one.value} {one.samples} was said of a group without rows"
        for place, one in sorted(found.items())
        if place not in wanted and (one.samples or one.value)
    ]
    return wrong


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def said_twice(client: redis.Redis, world: str) -> list[tuple[Cell, int]]:
    """Complete values that were published more than once under the same revision."""
    return [place for place, said in _words(client, world).items() if len(said) > 1]


def said_differently(client: redis.Redis, world: str) -> list[tuple[Cell, int]]:
    """Complete values that were published under the same revision with different content."""
    return [place for place, said in _words(client, world).items() if len(set(said)) > 1]


def _words(client: redis.Redis, world: str) -> dict[tuple[Cell, int], list[Value]]:
    found: dict[tuple[Cell, int], list[Value]] = {}
    for value in completions(client, world):
        found.setdefault((cell(value), value.revision), []).append(value)
    return found


Story = dict[tuple[Any, ...], list[tuple[Any, ...]]]


def alarms(client: redis.Redis, world: str) -> Story:
    """What was told of each alarm, in order: (number, kind, level before and after, value, event time, when begun). An
    id that was read is skipped, as every reader does."""
    found: Story = {}
    for text in dict(_told(client, world)).values():
        event = json.loads(text)
        place = (event["indicator"], event["region"], str(event["dims"]), event["condition"])
        found.setdefault(place, []).append(
            (event["number"], event["kind"], event["level_before"], event["level_after"], event["value"],
             event["at"], event["begun"])
        )  # fmt: skip
    return found


def told_twice(client: redis.Redis, world: str) -> list[bytes]:
    """Ids of alarm events that stand more than once on the stream."""
    return [name for name, times in Counter(name for name, _ in _told(client, world)).items() if times > 1]


def told_differently(client: redis.Redis, world: str) -> list[bytes]:
    """Ids under which different events stand on the stream."""
    return [name for name, times in Counter(name for name, _ in set(_told(client, world))).items() if times > 1]


def _told(client: redis.Redis, world: str) -> list[tuple[bytes, bytes]]:
    entries: Any = client.xrange(keys.engine(world, "alarms"))
    return [(fields[b"id"], fields[b"e"]) for _, fields in entries]


def feeds(client: redis.Redis, world: str) -> dict[str, dict[str, Any]]:
    """The facts of each feed."""
    raw: Any = client.hgetall(keys.engine(world, "feeds"))
    return {name.decode(): json.loads(text) for name, text in raw.items()}


def counted(client: redis.Redis, world: str) -> int:
    """Rows that all feeds have counted."""
    return sum(line["rows"] for line in feeds(client, world).values())
