"""Vitals: which processes and feeds live, and how old their data is, as a heartbeat frame says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ioc.gateway.catalog import Catalog
from ioc.live import frame
from metrics.world import World

LOST_MS = 4_000  # the contract: heartbeats come each second; four missing ones are no hiccup
ALWAYS = ("source", "engine", "web")  # processes without which the path is broken, named even when never heard

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vitals:
    """What was last read from Valkey, and whether it answers now."""

    valkey: bool = False
    heartbeats: Mapping[str, Facts] = field(default_factory=dict)  # field of ioc:heartbeats -> JSON
    worlds: Mapping[str, World] = field(default_factory=dict)
    feeds: Mapping[str, Mapping[str, Facts]] = field(default_factory=dict)  # world -> source -> JSON
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def frame(self, worlds: Iterable[str], catalog: Catalog | None, real_now_ms: int) -> frame.Frame:
        """The heartbeat frame for somebody who looks at `worlds`."""
        seen = {name: self.worlds[name] for name in sorted(worlds) if name in self.worlds}
        return frame.heartbeat(
            real_now_ms,
            valkey=self.valkey,
            worlds={
                name: frame.world(world, self.origins.get(name, {})) | {"progress": self.progress(name, real_now_ms)}
                for name, world in seen.items()
            },
            processes=self.processes(real_now_ms),
            feeds=[feed for world in seen.values() for feed in self.feeds_of(world, catalog, real_now_ms)],
        )

    def processes(self, real_now_ms: int) -> dict[str, dict[str, object]]:
        """Age in ms of each process's heartbeat (null: never heard) and whether it counts as alive."""
        names = [name for name in self.heartbeats if ":" not in name and name != "gateway"]
        ages = {name: self._age(name, real_now_ms) for name in sorted({*names, *ALWAYS})}
        known: dict[str, dict[str, object]] = {
            name: {"age": age, "ok": self._alive(name, real_now_ms)} for name, age in ages.items()
        }
        if known["engine"]["ok"] and (state := self.heartbeats["engine"].get("state", "live")) != "live":
            known["engine"]["state"] = state
        known["gateway"] = {"age": 0, "ok": True}  # whoever reads this frame hears it from the gateway itself
        return known

    def progress(self, world: str, real_now_ms: int) -> dict[str, object] | None:
        """How far the engine is with a world, while it is not up to date with it (`metrics.progress`); else None."""
        if not self._alive("engine", real_now_ms):
            return None
        told = self.heartbeats["engine"].get("progress", {}).get(world)
        if not isinstance(told, Mapping) or told.get("state") == "live":
            return None
        return {"state": told.get("state"), "position": told.get("position_ms"), "goal": told.get("goal_ms"),
                "behind": told.get("behind_ms"), "unread": told.get("unread")}  # fmt: skip

    def feeds_of(self, world: World, catalog: Catalog | None, real_now_ms: int) -> list[dict[str, object]]:
        """One row for each source of a world: those that fed it, and in `live` every declared one."""
        heard = {
            name.removeprefix(f"feed:{world.id}:") for name in self.heartbeats if name.startswith(f"feed:{world.id}:")
        }
        fed = {name for name, facts in self.feeds.get(world.id, {}).items() if facts.get("newest_ms") is not None}
        known = heard | fed | set(self.origins.get(world.id, {}))
        if world.id == "live" and catalog is not None:
            known |= set(catalog.sources)
        return [self._feed(world, source, catalog, real_now_ms) for source in sorted(known)]

    def _feed(self, world: World, source: str, catalog: Catalog | None, real_now_ms: int) -> dict[str, object]:
        facts = self.feeds.get(world.id, {}).get(source, {})
        declared = None if catalog is None else catalog.sources.get(source)
        newest = facts.get("newest_ms")
        age = None if newest is None else world.clock.now_ms(real_now_ms) - newest
        if "age_ms" in facts:  # of the past: how old it was at the moment that is shown, however fast that moves
            age = int(facts["age_ms"])
        beat = f"feed:{world.id}:{source}"
        # a world whose clock stands is over: nobody feeds it, and nobody is missed
        producer_gone = beat in self.heartbeats and not self._alive(beat, real_now_ms) and world.clock.speed != 0
        limit = None if declared is None else declared.stale_after(world.variants.get(source))
        if newest is None and beat not in self.heartbeats:
            state = "none"
        elif producer_gone or not self._alive(_maker(world), real_now_ms):
            state = "lost"
        elif newest is None or (limit is not None and age is not None and age > limit):
            state = "late"
        else:
            state = "ok"
        return {
            "world": world.id,
            "source": source,
            "zh": source if declared is None else declared.zh,
            "en": source if declared is None else declared.en,
            "origin": self.origins.get(world.id, {}).get(source, "real"),
            "state": state,
            "newest": newest,
            "watermark": facts.get("watermark_ms"),
            "age": age,
            "arrived": facts.get("arrived_ms"),
            "rows": facts.get("rows", 0),
            "late": facts.get("late", 0),
            "duplicate": facts.get("duplicate", 0),
            "rejected": facts.get("rejected", {}),
            "unregistered": facts.get("unregistered", 0),
            "lag": facts.get("lag", 0),
            "gap": sum(gap.get("missing") or 0 for gap in facts.get("gaps", ())),
        }

    def _age(self, name: str, real_now_ms: int) -> int | None:
        at = self.heartbeats.get(name, {}).get("at")
        return None if at is None else max(0, real_now_ms - int(at))

    def _alive(self, name: str, real_now_ms: int) -> bool:
        """Heard of lately, and not seen to end."""
        age = self._age(name, real_now_ms)
        return age is not None and age <= LOST_MS and not self.heartbeats[name].get("ended")

    def states(self, catalog: Catalog | None, real_now_ms: int) -> tuple[object, ...]:
        """What must be told at once when it changes: who answers, who lives, which feed is in which state."""
        processes = tuple((name, fact["ok"]) for name, fact in self.processes(real_now_ms).items())
        feeds = tuple(
            (feed["world"], feed["source"], feed["state"])
            for world in self.worlds.values()
            for feed in self.feeds_of(world, catalog, real_now_ms)
        )
        clocks = tuple((world.id, world.clock, tuple(world.label.items())) for world in self.worlds.values())
        return self.valkey, processes, feeds, clocks


def _maker(world: World) -> str:
    """The process that publishes a world's values."""
    return "playback" if world.kind == "playback" else "engine"
