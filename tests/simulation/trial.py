"""A trial: one seed played and judged; what goes wrong comes back as words, the seed's number first."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping

from tests.simulation.city import City, build
from tests.simulation.oracle import Expected
from tests.simulation.play import Alter, Play, Surprise
from tests.simulation.verdict import Place, faults, final

CALM_EVERY = 4  # each so many-th seed is also played without faults, where no clock decides which rows count


def tried(seed: int, *, told: Callable[[str], None] = lambda _: None, alter: Alter | None = None) -> list[str]:
    """The faults that a seed shows: of the play with crashes, and of the difference to the play without."""
    city = build(seed)
    try:
        played = Play(city, alter=alter, told=told).run()
        found = faults(played)
        if not found and seed % CALM_EVERY == 0 and city.timeless:
            calm = Play(city, faults=False).run()
            found = [f"without crashes: {fault}" for fault in faults(calm)] or _difference(final(played), final(calm))
    except Surprise as surprise:
        found = [str(surprise)]
    except Exception:  # a defect of the engine is a finding like any other
        found = [traceback.format_exc()]
    return found


def described(city: City) -> str:
    """A city in a few lines: its sources and indicators."""
    lines = [f"seed {city.seed}: event time from {city.base} ms, {city.length // 60_000} min"]
    for feed in city.feeds.values():
        shown = {
            key: value for key, value in feed.raw.items() if key not in ("kind", "time", "entity", "key", "fields")
        }
        lines.append(f"  source {feed.id} ({feed.kind}): {shown}")
    for one in city.indicators:
        lines.append(f"  indicator {one.id}: {one.raw['formula']} with {one.raw['measures']}, {one.raw['window']}")
    return "\n".join(lines)


def report(seed: int, found: list[str]) -> str:
    """What a failing test says."""
    several = "\n  ".join(found[:5])
    return f"{described(build(seed))}\n  {several}\n  told turn by turn: python -m tests.simulation --seed {seed}"


def _difference(stormy: Mapping[Place, Expected], calm: Mapping[Place, Expected]) -> list[str]:
    """Where a play without any fault ends with other values; its windows may begin elsewhere."""
    lines = []
    for place in stormy.keys() & calm.keys():
        ours, theirs = stormy[place], calm[place]
        same = ours.quality == theirs.quality and ours.samples == theirs.samples
        if same and ours.value is not None and theirs.value is not None:
            same = math.isclose(ours.value, theirs.value, rel_tol=1e-9, abs_tol=1e-9)
        if not same:
            lines.append(f"{place}: {ours} with crashes, {theirs} without")
    return sorted(lines)
