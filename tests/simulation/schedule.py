"""The schedule of a seed: what happens to the engine at each turn of the clock, drawn before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.simulation.city import City
from tests.simulation.span import HOUR, MINUTE

# What becomes of the turn's commit: written; written but the answer is lost, and it is sent again; it does not arrive,
# and is sent again; or the engine dies: before it absorbs, before it steps, before it commits, with the commit on its
# way (which then arrives or not), or a second engine takes over while the first one sleeps.
Fate = Literal[
    "committed", "answer lost", "not arrived", "killed after reading", "killed after absorbing",
    "killed after the step", "killed as the commit arrives", "killed as the commit is lost",
    "killed after the commit", "taken over",
]  # fmt: skip
FATES: tuple[tuple[Fate, int], ...] = (
    ("committed", 60), ("answer lost", 5), ("not arrived", 5),
    ("killed after reading", 3),
    ("killed after absorbing", 4), ("killed after the step", 4),
    ("killed as the commit arrives", 5), ("killed as the commit is lost", 4),
    ("killed after the commit", 4), ("taken over", 6),
)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """What happens at one time.

    `clock`: what the engine's clock shows. `reads`: the share of the waiting entries of each stream that is read, in so
    many cuts. `absorbs`: between the cuts the engine absorbs. `looks`, `tidies`: it looks at its streams, trims them.
    `wakes`: engines that lost the world wake up and go on as if nothing had happened.
    """

    true_time: int
    clock: int
    reads: float
    cuts: int
    absorbs: bool
    looks: bool
    tidies: bool
    wakes: bool
    fate: Fate


def schedule(city: City, *, faults: bool) -> list[Turn]:
    """The turns of a seed; without `faults` the first engine writes every commit, on a clock that never steps."""
    draw = Random(f"schedule {city.seed} {faults}")
    turns: list[Turn] = []
    at, step, step_until = city.base - draw.choice((0, 7)) * MINUTE, 0, 0
    until = city.base + city.length + HOUR
    names, weights = zip(*FATES, strict=True)
    while at < until:
        at += draw.randrange(2, 16) * MINUTE
        if faults and step_until < at:
            step, step_until = 0, at + HOUR
            if draw.random() < 0.15:
                step, step_until = draw.choice((HOUR, -HOUR)), at + draw.randrange(60) * MINUTE
        fate: Fate = draw.choices(names, weights)[0] if faults else "committed"
        turns.append(
            Turn(
                at, at + (step if faults else 0), draw.choice((1.0, 1.0, 1.0, 0.5, 0.0)), draw.choice((1, 1, 2, 3)),
                draw.random() < 0.6, draw.random() < 0.7, draw.random() < 0.3, draw.random() < 0.4, fate,
            )
        )  # fmt: skip
    return turns
