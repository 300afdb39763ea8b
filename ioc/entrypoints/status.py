"""`ioc status`: the path room by room, with rates, lags, ages and clients."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import redis
import typer

from ioc.entrypoints import valkey
from ioc.settings import Settings
from ioc.sources.declaration import LOST_MS
from ioc.sources.recording import LOCAL
from metrics import keys
from metrics.clock import real_ms
from metrics.world import World


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Print the path from the sources to the browsers as it is now. Exit 1 when a room does not answer."""
    settings = Settings()
    try:
        url = settings.redis_url or valkey.connections(settings)["admin"]
        client = redis.Redis.from_url(url, socket_timeout=5)
        report = survey(client, real_ms())
    except (FileNotFoundError, redis.RedisError) as error:
        typer.echo(f"数据总线无应答 the data bus does not answer ({settings.data_path}): {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        for line in lines(report):
            typer.echo(line)
    if not all(process["ok"] for process in report["processes"].values()):
        raise typer.Exit(1)


def survey(client: redis.Redis, now_ms: int) -> dict[str, Any]:
    """What each room says of itself: processes, worlds, feeds, streams, outputs. Raises redis.RedisError."""
    beats = {name.decode(): json.loads(text) for name, text in _hash(client, keys.HEARTBEATS).items()}
    info: Mapping[str, Any] = client.info()
    worlds = {}
    for name, text in sorted(_hash(client, keys.WORLDS).items()):
        world = World.from_json(text)
        worlds[name.decode()] = _world(client, world, now_ms)
    return {
        "at": now_ms,
        "valkey": {key: info.get(key) for key in ("used_memory", "instantaneous_ops_per_sec", "connected_clients")},
        "processes": {name: _process(fact, now_ms) for name, fact in sorted(beats.items()) if ":" not in name},
        "feeds": {name: _process(fact, now_ms) for name, fact in sorted(beats.items()) if ":" in name},
        "worlds": worlds,
    }


def _world(client: redis.Redis, world: World, now_ms: int) -> dict[str, Any]:
    now = world.clock.now_ms(now_ms)
    feeds = {}
    for name, text in sorted(_hash(client, keys.engine(world.id, "feeds")).items()):
        fact = json.loads(text)
        newest = fact.get("newest_ms")
        feeds[name.decode()] = {**fact, "age_ms": None if newest is None else now - newest}
    outputs = {part: client.xlen(keys.engine(world.id, part)) for part in ("values", "completed", "dead")}
    series = client.hlen(keys.engine(world.id, "latest"))
    return {
        "kind": world.kind,
        "now": now,
        "speed": world.clock.speed,
        "feeds": feeds,
        "outputs": outputs,
        "series": series,
    }


def _process(fact: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    age = now_ms - int(fact["at"])
    return {
        "ok": age <= LOST_MS and not fact.get("ended"),
        "age_ms": age,
        **{key: fact[key] for key in fact if key != "at"},
    }


def _hash(client: redis.Redis, key: str) -> Mapping[bytes, bytes]:
    found: Mapping[bytes, bytes] = client.hgetall(key)  # type: ignore[assignment]
    return found


def lines(report: Mapping[str, Any]) -> Iterable[str]:
    """The report as text, one room a block, in the order of the path."""
    processes = report["processes"]
    yield _room("数据源 sources", processes.get("source"))
    for name, feed in report["feeds"].items():
        yield f"    {name:<28} {_mark(feed)}  {feed['age_ms'] / 1000:.1f} s"
        for connector, fact in feed.get("connectors", {}).items():
            rejected = sum(fact["rejected"].values())
            counts = f"accepted={fact['accepted']} rejected={rejected} unread={fact['unread']}"
            error = f"  {fact['error']}" if fact["error"] else ""
            yield f"      {fact['kind']:<12} {connector:<16} {fact['state']:<12} {counts}{error}"
    yield f"数据总线 valkey        {_facts(report['valkey'])}"
    engine = processes.get("engine")
    yield _room("计算引擎 engine", engine)
    far = (engine or {}).get("progress", {}) if (engine or {}).get("ok") else {}
    for name, world in report["worlds"].items():
        outputs = f"series={world['series']} {_facts(world['outputs'])}"
        yield f"  世界 world {name} ({world['kind']} x{world['speed']:g}): {_far(far.get(name))}{outputs}"
        for source, feed in world["feeds"].items():
            age = "-" if feed["age_ms"] is None else f"{feed['age_ms'] / 1000:.0f} s"
            counts = _facts({key: feed.get(key, 0) for key in ("rows", "lag", "late", "duplicate", "unregistered")})
            lost = {"rejected": sum((feed.get("rejected") or {}).values()), "gaps": len(feed.get("gaps") or [])}
            yield f"    {source:<12} 数据龄 age {age:<8} {counts} {_facts(lost)}"
    yield _room("归档 archive", processes.get("archive"))
    yield _room("值守 duty", processes.get("duty"))
    yield _room("推送网关 gateway", processes.get("gateway"))
    yield _room("网页 web", processes.get("web"))
    supervisor = processes.get("supervisor")
    if supervisor:
        yield _room("监督 supervisor", {key: supervisor[key] for key in supervisor if key != "children"})
        for child, fact in supervisor.get("children", {}).items():
            yield f"    {child:<12} pid={fact['pid']} restarts={fact['restarts']} {_lives(fact)}"


def _room(title: str, fact: Mapping[str, Any] | None) -> str:
    if fact is None:
        return f"{title:<20} 未运行 not running"
    numbers = {key: value for key, value in fact.items() if key not in {"ok", "age_ms", "started", "version"}}
    return f"{title:<20} {_mark(fact)}  {fact['age_ms'] / 1000:.1f} s  {_facts(numbers)}"


def _mark(fact: Mapping[str, Any]) -> str:
    if not fact["ok"]:
        return "中断 LOST"
    return {"restoring": "恢复中 restoring", "catching up": "追赶中 catching up"}.get(
        fact.get("state", ""), "正常 ok  "
    )


def _far(progress: Mapping[str, Any] | None) -> str:
    """How far the engine is with a world that it is not up to date with."""
    if progress is None or progress["state"] == "live":
        return ""
    if progress["state"] == "restoring":
        return f"恢复中 restoring, unread={progress['unread']}  "
    at, goal = (
        f"{datetime.fromtimestamp(progress[name] / 1000, UTC).astimezone(LOCAL):%m-%d %H:%M}"
        for name in ("position_ms", "goal_ms")
    )
    minutes = round(progress["behind_ms"] / 60_000)
    return f"追赶中 catching up: 数据至 up to {at} / {goal}, 落后 {minutes} min behind, unread={progress['unread']}  "


def _lives(child: Mapping[str, Any]) -> str:
    if child["alive"]:
        return "运行 up"
    return "空闲 idle" if child.get("idle") else "停止 down"


def _facts(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in facts.items() if not isinstance(value, dict | list))
