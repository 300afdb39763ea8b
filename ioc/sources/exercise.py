"""An exercise: a script that runs in a world of its own, with a clock of its own, fed by the simulated city.

Its world is registered with everything that feeding it needs, so that whoever feeds may end and another goes on. A
world whose clock stands (speed 0) is over: it stays as it is and can be read until it is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ioc.packs.files import PACKS
from ioc.sources import worlds
from ioc.sources.city import script as scripts
from ioc.sources.city.emergency import PLANS
from ioc.sources.city.feeding import history_ms
from ioc.sources.city.inject import InjectError, row
from ioc.sources.city.model import Model
from ioc.sources.city.script import Script, ScriptError, offset_ms
from ioc.sources.city.town import STANDING
from ioc.sources.recording import LOCAL
from ioc.sources.replay import WORLD_ID
from metrics import keys
from metrics.clock import WorldClock
from metrics.world import UnknownWorldVersion, World

if TYPE_CHECKING:
    from redis import Redis

SHIPPED, OWN = PACKS / "exercises", "exercises"  # a district's own scripts lie below its data directory
FASTEST = 3600.0
LEAD_MS = 2 * 3_600_000  # a world opens so long before its script: windows of hours have something to look at
ASKED = "stop"  # label: somebody wants it to end
OPENING = "opening"  # label: what stands in the city is on its way, the script has not begun


class ExerciseError(ValueError):
    """It cannot be done as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: which script, in which world, how fast, and which city (seed, rows a second)."""

    script: Script
    world: str
    speed: float
    seed: int
    rate: float


def shelf(data_dir: Path) -> dict[str, Script]:
    """All scripts by id, the shipped ones first. Raises ScriptError with every fault."""
    found: dict[str, Script] = {}
    lines: list[str] = []
    for path in [*sorted(SHIPPED.glob("*.toml")), *sorted((data_dir / OWN).glob("*.toml"))]:
        try:
            one = scripts.read(path)
            if one.head.id != path.stem or one.head.id in found:
                raise ScriptError(f"{path.name}: script.id: '{one.head.id}' is not the file's name, or stands twice")
            found[one.head.id] = one
        except ScriptError as error:
            lines.append(str(error))
    if lines:
        raise ScriptError("\n".join(lines))
    return found


def find(name: str, data_dir: Path) -> Script:
    """One script by its id, whatever is wrong with the others. Raises ScriptError."""
    paths = [folder / f"{name}.toml" for folder in (SHIPPED, data_dir / OWN)] if WORLD_ID.fullmatch(name) else []
    path = next((one for one in paths if one.is_file()), None)
    if path is None:
        raise ScriptError(f"there is no script '{name}'")
    return scripts.read(path)


def faults(script: Script, bundle: Mapping[str, Any]) -> Iterator[str]:
    """What a script names and nobody knows, one sentence each."""
    known: Mapping[str, set[str]] = {
        "places": {str(row["code"]) for row in bundle["regions"] if row["level"] == "subdistrict"},
        "roads": {str(row["id"]) for rows in bundle["registries"].values() for row in rows},
        "zones": {place["zh"] for row in STANDING["zone"] for place in row["places"]},
        "sources": set(bundle["sources"]),
        "plans": set(PLANS),
    }
    for force in script.force:
        for name, words in known.items():
            yield from (
                f"{force.kind}.{name}: '{one}' is not known" for one in getattr(force, name) if one not in words
            )
    for inject in script.inject:
        if inject.into not in bundle["sources"]:
            yield f"inject.into: '{inject.into}' is not known"
            continue
        try:
            row(inject, script, bundle["sources"][inject.into])
        except InjectError as error:
            yield f"inject.fields: {error}"
    indicators = {str(table["id"]) for table in bundle["indicators"]}
    yield from (f"expect.indicator: '{one.indicator}' is not known" for one in script.expect
                if one.indicator not in indicators)  # fmt: skip


def lead_ms(model: Model) -> int:
    """How long before the script a source begins: hours of a quiet one, minutes of a loud one."""
    return min(LEAD_MS, history_ms(model))


def check(order: Order) -> None:
    """Raises ExerciseError when the parts of an order do not go together."""
    if not 0 < order.speed <= FASTEST:
        raise ExerciseError(f"--speed {order.speed:g} is not between 0 and {FASTEST:g}")
    if not WORLD_ID.fullmatch(order.world):  # the name becomes a pattern when the world is deleted
        raise ExerciseError(f"--world '{order.world}' is not a name of small letters, digits and dashes")
    if order.world == "live":
        raise ExerciseError("an exercise never touches the world live")


def open_world(client: Redis, order: Order, real_now_ms: int) -> World:
    """Register the exercise's world at the time that lies before its script; it opens there (`begin`).

    Registers must be known before the readings of what they list. Raises ExerciseError (there is one of this name),
    RedisError.
    """
    check(order)
    head = order.script.head
    label = {
        "zh": head.zh, "en": head.en, "exercise": head.id, "speed": f"{order.speed:g}", "seed": str(order.seed),
        "rate": f"{order.rate:g}", "begin_ms": str(order.script.begin_ms), "end_ms": str(order.script.end_ms),
        OPENING: "opening",
    }  # fmt: skip
    clock = WorldClock(order.script.begin_ms - LEAD_MS, real_now_ms, 1.0)
    world = World(order.world, "exercise", clock, {}, label, real_now_ms)
    if not client.hsetnx(keys.WORLDS, world.id, world.to_json()):
        raise ExerciseError(f"there is a world {order.world} already; remove it first, or name another with --world")
    return world


def begin(client: Redis, world: World, real_now_ms: int) -> None:
    """What stands has been read: the script begins, at its speed."""

    def begun(one: World) -> World:
        clock = WorldClock(int(one.label["begin_ms"]), real_now_ms, float(one.label["speed"]))
        return replace(one, clock=clock, label=_without(one, OPENING)) if OPENING in one.label else one

    change(client, world, begun)


def exercises(client: Redis) -> list[World]:
    """The worlds of exercises, the oldest first. What another version wrote is not ours to touch."""
    found = []
    for text in cast("dict[bytes, bytes]", client.hgetall(keys.WORLDS)).values():
        try:
            world = World.from_json(text)
        except UnknownWorldVersion:
            continue
        if world.kind == "exercise" and "exercise" in world.label:
            found.append(world)
    return sorted(found, key=lambda world: (world.started_ms, world.id))


def named(client: Redis, world: str) -> World:
    """The exercise of this id; empty: the only one. Raises ExerciseError."""
    known = exercises(client)
    if not world and len(known) == 1:
        return known[0]
    found = [one for one in known if one.id == world]
    if not found:
        said = ", ".join(one.id for one in known) or "none"
        raise ExerciseError(f"there is no exercise '{world}'; known: {said}" if world else f"name one of: {said}")
    return found[0]


def stands(world: World) -> bool:
    """Whether it is over: its clock goes on no more."""
    return world.clock.speed == 0


def time_in(world: World, real_now_ms: int) -> int:
    """The time in it, ms; never later than its script."""
    return min(world.clock.now_ms(real_now_ms), int(world.label["end_ms"]))


def ask_to_stop(client: Redis, world: World) -> None:
    """Say that it is to end; who feeds it lets it stand once the last row is written."""
    change(client, world, lambda one: replace(one, label={**one.label, ASKED: "asked"}))


def stand(client: Redis, world: World, real_now_ms: int) -> None:
    """Let its clock stand where it is."""

    def stood(one: World) -> World:
        clock = WorldClock(time_in(one, real_now_ms), real_now_ms, 0.0)
        return replace(one, clock=clock, label=_without(one, ASKED))

    change(client, world, stood)


def say(client: Redis, world: World, script: Script, real_now_ms: int) -> None:
    """What the screens say of the world: the script's name and the last line of its timeline."""
    zh, en = said(script, time_in(world, real_now_ms))
    if (world.label["zh"], world.label["en"]) != (zh, en):
        change(client, world, lambda one: replace(one, label={**one.label, "zh": zh, "en": en}))


def said(script: Script, now_ms: int) -> tuple[str, str]:
    """(zh, en) of the script and of the line of its timeline that holds at a time."""
    head = script.head
    past = [one for one in script.note if script.at(one.at) <= now_ms]
    if not past:
        return head.zh, head.en
    last = max(past, key=lambda one: offset_ms(one.at))
    at = clock_text(script.at(last.at))
    return f"{head.zh}：{at} {last.zh}", f"{head.en}: {at} {last.en}"


def clock_text(time_ms: int) -> str:
    """`22:15`, Asia/Shanghai."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(LOCAL).strftime("%H:%M")


def _without(world: World, name: str) -> dict[str, str]:
    return {key: text for key, text in world.label.items() if key != name}


def change(client: Redis, world: World, by: Callable[[World], World]) -> None:
    """Change the entry of a world as it is now, unless it was removed or begun anew meanwhile. Raises RedisError."""

    def attempt(pipe: Any) -> None:
        text = pipe.hget(keys.WORLDS, world.id)
        known = World.from_json(text) if text else None
        pipe.multi()
        if known is not None and known.started_ms == world.started_ms:
            pipe.hset(keys.WORLDS, world.id, by(known).to_json())

    client.transaction(attempt, keys.WORLDS)


def forget(client: Redis, world: World) -> int:
    """Delete the entry of a world, all its keys and what its feeds said last; returns how many keys. RedisError."""
    removed = worlds.remove(client, world.id)
    beats = [name for name in cast("list[bytes]", client.hkeys(keys.HEARTBEATS))
             if name.startswith(f"feed:{world.id}:".encode())]  # fmt: skip
    if beats:
        client.hdel(keys.HEARTBEATS, *beats)
    return removed
