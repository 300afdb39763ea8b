"""A world: `live`, or one replay, exercise or what-if branch with a clock and data of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from metrics.clock import LIVE, WorldClock

VERSION = 1
Kind = Literal["live", "replay", "exercise", "whatif", "playback"]
Origin = Literal["real", "recorded", "simulated"]


class UnknownWorldVersion(ValueError):
    """A world was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class World:
    """What every room must know of a world.

    `variants` names, per source, the variant of its declaration that holds in this world; `label` says in zh and en
    what the world shows (file, recorded dates).
    """

    id: str
    kind: Kind = "live"
    clock: WorldClock = LIVE
    variants: Mapping[str, str] = field(default_factory=dict)
    label: Mapping[str, str] = field(default_factory=dict)
    started_ms: int = 0

    def to_json(self) -> str:
        clock = {"event_ms": self.clock.event_ms, "real_ms": self.clock.real_ms, "speed": self.clock.speed}
        return json.dumps(
            {"v": VERSION, "id": self.id, "kind": self.kind, "clock": clock, "variants": dict(self.variants),
             "label": dict(self.label), "started_ms": self.started_ms},
            ensure_ascii=False,
        )  # fmt: skip

    @staticmethod
    def from_json(text: str | bytes) -> World:
        """Raises UnknownWorldVersion when `v` is not this version's."""
        raw = json.loads(text)
        if raw.get("v") != VERSION:
            raise UnknownWorldVersion(f"world version {raw.get('v')!r} is not {VERSION}")
        return World(
            raw["id"], raw["kind"], WorldClock(**raw["clock"]), raw["variants"], raw["label"], raw["started_ms"]
        )


LIVE_WORLD = World("live", label={"zh": "实时", "en": "live"})
