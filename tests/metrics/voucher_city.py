"""A small city that lives fast on a real server: every kind of measure, late and repeated rows, entered values."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import redis

from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.codec import RawColumn, coded, pack
from metrics.world import World
from tests.conftest import wait_until
from tests.metrics.archive_world import archiving
from tests.metrics.worker_world import working

WORLD = "city"
MINUTE = 60_000
HOUR = 60 * MINUTE
NOON = 1_717_214_400_000  # 2024-06-01T12:00:00+08:00
SPEED = 240.0  # a second is four minutes
ROADS = [f"R{at:02d}" for at in range(12)]
PLACES = ["440303001", "440303002", "440303003"]
REGIONS: list[dict[str, Any]] = [
    {"code": "440303", "parent": "", "zh": "罗湖区", "en": "Luohu", "level": "district", "population": 1143801.0},
    *(
        {"code": code, "parent": "440303", "zh": code, "en": code, "level": "subdistrict", "population": 1000.0 * at}
        for at, code in enumerate(PLACES, 1)
    ),
]
SOURCES: dict[str, Any] = {
    "traffic": {
        "kind": "readings", "time": "time", "entity": "road", "period": "30s", "disorder": "20s", "lateness": "6m",
        "idle": "2m", "future": "2m", "stale_after": "4m", "registry": "roads", "take": ["class", "km"],
        "region": {"registry": "code"}, "shards": 2,
        "fields": {
            "time": {"type": "time"}, "road": {"type": "text"},
            "speed": {"type": "decimal", "scale": 1, "range": [0, 150], "missing": ["0"]},
            "vehicles": {"type": "int"}, "place": {"type": "category"},
        },
    },
    "ticket": {
        "kind": "readings", "time": "called_at", "entity": "hall", "id": ["ticket_no"], "disorder": "10s",
        "lateness": "5m", "idle": "1m",
        "fields": {
            "called_at": {"type": "time"}, "hall": {"type": "category"}, "ticket_no": {"type": "text"},
            "taken_at": {"type": "time"},
        },
    },
    "case": {
        "kind": "records", "key": "case_id", "changed": "changed_at", "deleted": "void", "disorder": "10s",
        "lateness": "5m", "idle": "1m", "region": {"field": "community"},
        "fields": {
            "case_id": {"type": "text"}, "changed_at": {"type": "time"}, "created_at": {"type": "time"},
            "deadline": {"type": "time"}, "closed_at": {"type": "time"}, "org": {"type": "category"},
            "community": {"type": "text"}, "void": {"type": "bool"}, "holds": {"type": "intervals"},
            "spot": {"type": "text"},
        },
    },
    "device": {
        "kind": "records", "key": "device", "idle": "1m", "lateness": "5m", "region": {"field": "community"},
        "fields": {
            "device": {"type": "text"}, "kind": {"type": "category"}, "community": {"type": "text"},
            "active": {"type": "bool"},
        },
    },
    "iot": {
        "kind": "readings", "time": "time", "entity": "device", "registry": "device", "disorder": "10s",
        "lateness": "5m", "idle": "1m", "fields": {"time": {"type": "time"}, "device": {"type": "text"}},
    },
    "request": {
        "kind": "records", "key": "request_id", "changed": "changed_at", "disorder": "10s", "lateness": "5m",
        "idle": "1m", "region": {"field": "community"},
        "fields": {
            "request_id": {"type": "text"}, "changed_at": {"type": "time"}, "received_at": {"type": "time"},
            "community": {"type": "text"}, "spot": {"type": "text"}, "org": {"type": "category"},
        },
    },
    "complaint": {"kind": "union", "of": ["case", "request"], "rename": {"request": {"received_at": "created_at"}}},
}  # fmt: skip


def _one(name: str, source: str, window: str | dict[str, Any], formula: str, **more: Any) -> dict[str, Any]:
    kinds = {
        "1m": {"kind": "tumbling", "size": "1m"}, "5m": {"kind": "tumbling", "size": "5m"},
        "slide": {"kind": "sliding", "size": "10m", "every": "1m"}, "now": {"kind": "now", "every": "1m"},
        "all": {"kind": "all", "every": "5m"}, "day": {"kind": "day_to_date", "every": "5m"},
    }  # fmt: skip
    return {"id": name, "source": source, "window": kinds[window] if isinstance(window, str) else window,
            "formula": formula, **more}  # fmt: skip


def _m(agg: str, **more: Any) -> dict[str, Any]:
    return {"agg": agg, **more}


INDICATORS: list[dict[str, Any]] = [
    _one("SUM", "traffic", "1m", "n", dimensions=["road"], measures={"n": _m("sum", field="vehicles")}),
    _one("MEAN", "traffic", "slide", "v", dimensions=["class"], measures={"v": _m("mean", field="speed")}),
    _one("RATIO", "traffic", "5m", "km / h", min_samples=3, measures={
        "km": _m("sum", field="vehicles * km", where="speed > 0"),
        "h": _m("sum", field="vehicles * km / speed", scale=9, where="speed > 0")}),
    _one("EXTREME", "traffic", "slide", "hi - lo", measures={
        "hi": _m("max", field="speed"), "lo": _m("min", field="speed")}),
    _one("ENDS", "traffic", "5m", "z - a", dimensions=["road"], measures={
        "a": _m("first", field="speed"), "z": _m("last", field="speed")}),
    _one("P90", "traffic", "5m", "p", direction="down", thresholds={"yellow": 84, "red": 95}, measures={
        "p": _m("percentile", p=90, field="speed")}),
    _one("ABOUT", "traffic", "slide", "p + k", measures={
        "p": _m("percentile_approx", p=75, field="speed"), "k": _m("distinct_approx", field=["road", "vehicles"])}),
    _one("KINDS", "traffic", "slide", "k", measures={"k": _m("distinct", field=["road", "vehicles > 50"])}),
    _one("SLOW", "traffic", "slide", "slow / 60", measures={"slow": _m("dwell", where="speed < 40", hold="2m")}),
    _one("WORST", "traffic", "slide", "w", measures={
        "w": _m("mean", field="speed", per=["entity"], each="value * km", then="min")}),
    _one("GROWN", "traffic", "slide", "d", dimensions=["road"], measures={
        "d": _m("delta", field="vehicles", per=["entity"], then="sum")}),
    _one("T1", "traffic", "5m", "weighted / km", measures={
        "km": _m("mean", field="speed", per=["entity"], each="km", then="sum"),
        "weighted": _m("mean", field="speed", per=["entity"], then="sum",
                       each="km * match(class, 'main', interp(value, 0,10, 20,8, 40,4, 80,0), 5)")}),
    _one("NOWROAD", "traffic", {"kind": "now", "every": "1m", "max_age": "5m"}, "v", measures={
        "v": _m("mean", field="speed")}),
    _one("HEARD", "iot", "now", "pct(on, all)", dimensions=["kind"], measures={
        "on": _m("online", within="3m", where="active"), "all": _m("count", source="device", where="active")}),
    _one("WAIT", "ticket", "5m", "p90", dimensions=["hall"], min_samples=2, measures={
        "p90": _m("percentile", p=90, field="minutes(called_at - taken_at)")}),
    _one("QUEUE", "ticket", "slide", "n", dimensions=["hall"], measures={"n": _m("count")}),
    _one("FIRST", "ticket", "slide", "n", dimensions=["hall"], measures={"n": _m("count", where="hall = 'A'")}),
    _one("HALLS", "ticket", "5m", "n + indicator('FIRST')", dimensions=["hall"], measures={"n": _m("count")}),
    _one("DUE", "case", {"kind": "sliding", "size": "30m", "every": "1m"}, "pct(ok, due)", dimensions=["org"],
         samples="due", measures={"due": _m("count", at="deadline"),
                                  "ok": _m("count", at="deadline", where="closed_at <= deadline")}),
    _one("OVERDUE", "case", "now", "pct(over, open)", measures={
        "open": _m("count", where="closed_at is null"),
        "over": _m("count", where="closed_at is null and deadline < now()")}),
    _one("TOOK", "case", {"kind": "sliding", "size": "1h", "every": "1m"}, "h", measures={
        "h": _m("mean", at="closed_at", field="minutes(worked(created_at, closed_at, 'office', holds))")}),
    _one("SPOTS", "complaint", {"kind": "sliding", "size": "1h", "every": "1m"}, "s", measures={
        "s": _m("count", at="created_at", where="spot is not null", per=["spot"], having="value >= 3", then="count")}),
    _one("DEVICES", "device", "now", "n", dimensions=["kind"], measures={"n": _m("count", where="active")}),
    _one("CASES", "case", "all", "n", measures={"n": _m("count", at="created_at")}),
    _one("REQUESTS", "request", "day", "n", measures={"n": _m("count", at="received_at")}),
    _one("CHANGE", "request", "1m", "n - previous(n)", measures={"n": _m("count", at="received_at")}),
    _one("PERHEAD", "request", "5m", "10000 * n / region('population')", measures={
        "n": _m("count", at="received_at")}),
    {"id": "SCORE", "window": {"kind": "now", "every": "1m"}, "formula": "entered('base') + 2 * indicator('CASES')"},
    {"id": "PLACE", "window": {"kind": "now", "every": "1m"}, "formula": "rank(indicator('OVERDUE'))"},
    _one("BUSY", "traffic", "1m", "n", dimensions=["road"], measures={"n": _m("sum", field="vehicles")}),
    _one("BUSYROADS", "indicator:BUSY", {"kind": "sliding", "size": "5m", "every": "1m"}, "roads", measures={
        "roads": _m("count", where="value > 40", per=["road"], having="value >= 2", then="count")}),
    _one("WORSTPLACE", "traffic", "1m", "n", direction="down", rollup={"from": "subdistrict", "how": "worst"},
         measures={"n": _m("mean", field="speed")}),
]  # fmt: skip
CALENDARS = {"office": {"daily": ["09:00-12:05", "12:20-18:00"]}}


def bundle(without: Sequence[str] = ()) -> dict[str, Any]:
    """The definitions, under a fixed name; `without` some of the indicators."""
    roads = [
        {"id": road, "class": "main" if at % 3 else "side", "km": 0.5 + at / 4, "code": PLACES[at % 3]}
        for at, road in enumerate(ROADS[:-1])  # one road is not registered
    ]
    return {
        "v": 1, "hash": "city-1", "sources": SOURCES,
        "indicators": [one for one in INDICATORS if one["id"] not in without], "registries": {"roads": roads},
        "regions": REGIONS, "calendars": CALENDARS,
    }  # fmt: skip


class City:
    """Feeds the streams of the world with rows of its own time, some late, some twice."""

    def __init__(self, client: redis.Redis, seed: int, without: Sequence[str] = ()) -> None:
        self._client = client
        self._draw = random.Random(seed)
        self._sent: list[tuple[int, str, int, int]] = []
        self._cases: dict[str, dict[str, Any]] = {}
        self._number = 0
        self.clock = WorldClock(NOON, real_ms(), SPEED)
        self._fed_ms = NOON
        client.set(keys.BUNDLE, json.dumps(bundle(without)))
        client.hset(keys.WORLDS, WORLD, World(WORLD, "replay", self.clock, started_ms=7).to_json())
        client.hset(keys.origins(WORLD), "traffic", "simulated")
        self.enter("base", 10.0)

    def enter(self, name: str, value: float) -> None:
        """Somebody writes a value down, valid since ever."""
        entry = {"name": name, "region": "440303", "valid_from": None, "value": value}
        self._client.hset(keys.entered(WORLD), name, json.dumps(entry))

    def live(self, seconds: float) -> None:
        """Go on for so long (real time)."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            now = self.clock.now_ms(real_ms())
            self._traffic(self._fed_ms, now)
            self._tickets(now)
            self._records(now)
            self._fed_ms = now
            time.sleep(0.08)

    def _traffic(self, since: int, now: int) -> None:
        draw = self._draw
        rows = []
        for road in ROADS:
            for _ in range(2):
                late = draw.choice([0, 0, 0, 0, 0, 0, MINUTE, 3 * MINUTE, 5 * MINUTE, 20 * MINUTE])
                at = draw.randrange(since, max(since + 1, now)) // 1000 * 1000 - late
                rows.append((at, road, draw.randrange(0, 900), draw.randrange(100)))
        rows += draw.sample(self._sent, min(6, len(self._sent)))  # sent once more
        rows.append((now + 9 * MINUTE, "R00", 500, 1))  # a clock that is wrong
        self._sent = (self._sent + rows)[-400:]
        draw.shuffle(rows)
        for shard in (0, 1):
            mine = [row for row in rows if keys.shard_of(row[1], 2) == shard]
            times, roads, speeds, vehicles = zip(*mine, strict=True)
            columns = {
                "t": RawColumn("int", np.array(times)), "k": coded(roads),
                "speed": RawColumn("fixed", np.array(speeds), scale=1),
                "vehicles": RawColumn("int", np.array(vehicles)),
            }  # fmt: skip
            self._client.xadd(keys.observations(WORLD, "traffic", shard), {"p": pack(columns, len(mine))})

    def _tickets(self, now: int) -> None:
        pipeline, draw = self._client.pipeline(transaction=False), self._draw
        for _ in range(3):
            self._number += draw.choice([0, 1, 1, 1])  # a number may be called twice
            called = now - draw.choice([0, 0, 0, MINUTE, 4 * MINUTE, 30 * MINUTE])
            row = {"t": called, "k": draw.choice(["A", "B"]), "ticket_no": str(self._number),
                   "taken_at": called - draw.randrange(20 * MINUTE)}  # fmt: skip
            pipeline.xadd(keys.observations(WORLD, "ticket"), {name: str(cell) for name, cell in row.items()})
        pipeline.execute()

    def _records(self, now: int) -> None:
        pipeline, draw = self._client.pipeline(transaction=False), self._draw
        for _ in range(4):
            if self._cases and draw.random() < 0.6:
                name = draw.choice(sorted(self._cases))
                case = self._cases[name]
                case["closed_at"] = draw.choice(["", now])
                case["community"] = draw.choice([*PLACES, ""])
                case["void"] = draw.choice(["false", "false", "false", "true"])
            else:
                name = f"C{len(self._cases)}"
                case = self._cases[name] = {
                    "created_at": now - draw.randrange(40 * MINUTE), "deadline": now + draw.randrange(-10, 20) * MINUTE,
                    "org": draw.choice(["a", "b", ""]), "community": draw.choice([*PLACES, "440399001"]),
                    "holds": f"{now - 30 * MINUTE}/{now - 20 * MINUTE}", "spot": draw.choice(["x", "y", "z", ""]),
                }  # fmt: skip
            late = draw.choice([0, 0, 0, 2 * MINUTE, 30 * MINUTE])
            pipeline.xadd(keys.observations(WORLD, "case"), {"t": now - late, "k": name, **case})
            request = {"received_at": now - draw.randrange(10 * MINUTE), "community": draw.choice(PLACES),
                       "spot": draw.choice(["x", "y"]), "org": "a"}  # fmt: skip
            pipeline.xadd(keys.observations(WORLD, "request"), {"t": now, "k": f"Q{draw.randrange(60)}", **request})
            device = {"kind": draw.choice(["cam", "pole"]), "community": draw.choice(PLACES),
                      "active": draw.choice(["true", "false"])}  # fmt: skip
            heard = {"t": now - draw.choice([0, 0, MINUTE, 20 * MINUTE]), "k": f"D{draw.randrange(45)}"}
            pipeline.xadd(keys.observations(WORLD, "iot"), heard)
            pipeline.xadd(keys.observations(WORLD, "device"), {"k": f"D{draw.randrange(40)}", **device})
        pipeline.execute()


def live_through(valkey_url: str, root: Path, beyond_s: float = 0.0) -> None:
    """A city lives for some seconds below an engine and an archiver, and somebody enters another value in between; the
    archiver stops, and `beyond_s` later the engine."""
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    city = City(client, seed=11)
    said = keys.engine(WORLD, "values")
    with working(valkey_url, commit_ms=100, worlds=(WORLD,)):
        with archiving(valkey_url, root, worlds=(WORLD,)):
            wait_until(lambda: client.xlen(said) or city.live(0.1), "the first values")
            city.live(3.0)
            city.enter("base", 30.0)
            city.live(3.0)
        city.live(beyond_s)
    client.close()
