"""What is to be said of an exercise: where its time is, what feeds it, and which expected alarms have come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ioc.offline.trial import Finding, judge
from ioc.sources.city.script import Script
from ioc.sources.declaration import LOST_MS
from ioc.sources.exercise import OPENING, stands, time_in
from ioc.sources.replay import local_text
from metrics import keys
from metrics.alarm_event import AlarmEvent
from metrics.world import World

if TYPE_CHECKING:
    from redis import Redis


@dataclass(frozen=True, slots=True)
class Survey:
    """An exercise at one instant: `now` in it (ms), `share` of its script, sources that fed, rows that came, how far
    the engine is `behind` its clock (ms; None: it does not say).

    `script` None: there is no script of its name any more, so nothing can be said of what it expects.
    """

    world: World
    now: int
    share: float
    feeds: int
    rows: int
    script: Script | None
    findings: list[Finding] = field(default_factory=list)
    behind: int | None = None

    @property
    def upto(self) -> int:
        """The time of the world up to which the engine has read, ms: what came later may still be seen."""
        return self.now - (self.behind or 0)

    def table(self) -> dict[str, Any]:
        """As plain JSON."""
        label = self.world.label
        return {
            "world": self.world.id, "exercise": label["exercise"], "zh": label["zh"], "en": label["en"],
            "stands": stands(self.world), "now": self.now, "speed": float(label["speed"]), "share": self.share,
            "feeds": self.feeds, "rows": self.rows, "behind_ms": self.behind,
            "expected": [{**one.expect.model_dump(by_alias=True), "raised": one.raised_ms, "met": one.met}
                         for one in self.findings],
        }  # fmt: skip

    def title(self) -> str:
        """Two lines."""
        state = (
            "已停止 stands" if stands(self.world) else "开场 opens" if OPENING in self.world.label else "进行中 runs"
        )
        label = self.world.label
        return (
            f"{self.world.id}  {label['zh']}\n  {state}  {local_text(self.now)}  x{label['speed']}  {self.share:.0%}  "
            f"数据源 feeds {self.feeds}  行 rows {self.rows:,}{self._lag()}"
        )

    def _lag(self) -> str:
        if not self.behind or stands(self.world):
            return ""
        upto = local_text(self.now - self.behind)
        return f"\n  落后 the engine is {self.behind / 60_000:.0f} min behind: 数据至 data up to {upto}"


def survey(client: Redis, world: World, script: Script | None, real_now_ms: int) -> Survey:
    """What the data bus knows of an exercise. Raises RedisError, UnknownAlarmEventVersion."""
    now = time_in(world, real_now_ms)
    begin, end = int(world.label["begin_ms"]), int(world.label["end_ms"])
    told: Any = client.hgetall(keys.engine(world.id, "feeds"))
    rows = [int(json.loads(text).get("rows", 0)) for text in told.values()]
    bundle: Any = client.get(keys.BUNDLE)
    findings = judge(script, _events(client, world), district(json.loads(bundle))) if script and bundle else []
    return Survey(
        world, now, max(0.0, (now - begin) / (end - begin)), sum(row > 0 for row in rows), sum(rows), script, findings,
        _behind(client, world, real_now_ms),
    )  # fmt: skip


def lines(script: Script, findings: Iterable[Finding], now_ms: int) -> Iterator[str]:
    """One line for each expected alarm: what, between which offsets, when it was raised, whether that fits where the
    data have come to a time of the world."""
    for one in findings:
        expect = one.expect
        what = f"{expect.indicator} {expect.level or expect.condition} {expect.region}".strip()
        raised = "-" if one.raised_ms is None else offset_text(one.raised_ms - script.begin_ms)
        verdict = _verdict(one, now_ms < script.at(expect.by))
        yield f"    {what:<24} {expect.since:>5} .. {expect.by:<5}  {raised:>7}  {verdict}"


def district(bundle: Mapping[str, Any]) -> str:
    """The code of the district."""
    return next(str(row["code"]) for row in bundle["regions"] if row["level"] == "district")


def offset_text(ms: int) -> str:
    """`4:05`, hours and minutes after the begin; negative ones are before it."""
    minutes = abs(ms) // 60_000
    return f"{'-' if ms < 0 else ''}{minutes // 60}:{minutes % 60:02d}"


def _verdict(one: Finding, yet: bool) -> str:
    if one.met:
        return "符合 as expected"
    if one.raised_ms is None:
        return "未到 may still come" if yet else "未见 not seen"
    return "过早 too early" if one.early else "过迟 too late"


def _behind(client: Redis, world: World, real_now_ms: int) -> int | None:
    """How far an engine that lives says it is behind the clock of the world, ms."""
    text: Any = client.hget(keys.HEARTBEATS, "engine")
    fact: dict[str, Any] = json.loads(text) if text else {"at": 0}
    told = fact.get("progress", {}).get(world.id)
    return int(told["behind_ms"]) if told is not None and real_now_ms - int(fact["at"]) <= LOST_MS else None


def _events(client: Redis, world: World) -> list[AlarmEvent]:
    entries: Any = client.xrange(keys.engine(world.id, "alarms"))
    return [AlarmEvent.from_json(fields[b"e"]) for _, fields in entries]
