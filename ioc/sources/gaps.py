"""Gaps: which feeds have lately missed entries, as the engine noted it; a sample of the cloud source says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import redis

from metrics import keys
from metrics.world import LIVE_WORLD

SHOWN_MS = 600_000  # for so long a gap counts: an alarm on it stands until nothing was missed for ten minutes


@dataclass(frozen=True, slots=True)
class Missed:
    """Of the last ten minutes: how many gaps a feed had, and how many entries are known to be missing in them.

    Whatever was deleted as a whole, or lost with both checkpoints, is a gap of unknown size: `missing` 0.
    """

    gaps: int
    missing: int


def read_gaps(client: redis.Redis, now_ms: int) -> dict[str, Missed]:
    """Feed -> what it missed, for every feed that an engine serves: `traffic` of the live world, `replay/traffic` of
    another one. Raises RedisError."""
    found: dict[str, Missed] = {}
    worlds = sorted(name.decode() for name in cast("list[bytes]", client.hkeys(keys.WORLDS)))
    pipeline = client.pipeline(transaction=False)
    for world in worlds:
        pipeline.hgetall(keys.engine(world, "feeds"))
    for world, lines in zip(worlds, pipeline.execute(), strict=True):
        for source, line in sorted(cast("dict[bytes, bytes]", lines).items()):
            name = source.decode() if world == LIVE_WORLD.id else f"{world}/{source.decode()}"
            with suppress(ValueError):
                found[name] = missed(json.loads(line), now_ms)
    return found


def missed(line: Mapping[str, Any], now_ms: int) -> Missed:
    """What a line of `feeds` says of the ten minutes before `now_ms` (real time)."""
    lately = [gap for gap in line.get("gaps", ()) if gap["at"] > now_ms - SHOWN_MS]
    return Missed(len(lately), sum(gap["missing"] for gap in lately))
