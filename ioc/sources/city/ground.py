"""The ground that all scenes stand on: town, conditions, seed, and the shorthands by which models draw from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ioc.sources import draw
from ioc.sources.city import columns
from ioc.sources.city.conditions import Conditions
from ioc.sources.city.flow import Arrivals, Rate
from ioc.sources.city.rhythm import Shape
from ioc.sources.city.town import Sites, Town
from metrics.codec import RawColumn

Floats = NDArray[np.float64]
SPOTS = 4_000  # addresses at which things happen

# Departments that handle what is reported (their names are public); then the offices of the subdistricts.
DEPARTMENTS = (
    "区城管局", "区住建局", "区水务局", "区交通中心", "区应急局", "区市监局", "区卫健局", "区生态局", "公安罗湖分局",
)  # fmt: skip


@dataclass(frozen=True)
class Ground:
    """`interval_ms`: how often one of the many sensors and cameras reports. `roads`: rows of the registry of roads."""

    town: Town
    conditions: Conditions
    seed: int
    interval_ms: int
    roads: Sequence[Mapping[str, Any]]

    @property
    def places(self) -> int:
        return len(self.town.codes)

    @cached_property
    def share(self) -> Floats:
        """Each subdistrict's part of what happens, (places,), sum 1."""
        found: Floats = self.town.density / self.town.density.sum()
        return found

    @cached_property
    def orgs(self) -> tuple[str, ...]:
        """The departments, then one office for each subdistrict."""
        return (*DEPARTMENTS, *(f"{name}办" for name in self.town.names))

    @cached_property
    def spots(self) -> Sites:
        """Addresses, sorted by subdistrict."""
        found = self.town.spread("spot", SPOTS)
        return found.take(np.argsort(found.place, kind="stable"))

    @cached_property
    def _spot_points(self) -> tuple[str, ...]:
        return tuple(self.spots.points)

    @cached_property
    def _communities(self) -> tuple[tuple[str, ...], NDArray[np.int32]]:
        words = tuple(dict.fromkeys(self.spots.community))
        index = {word: at for at, word in enumerate(words)}
        return words, np.array([index[code] for code in self.spots.community], np.int32)

    def spot(self, place: NDArray[np.int32], share: Floats) -> NDArray[np.int32]:
        """An address in a subdistrict, drawn evenly."""
        first = np.searchsorted(self.spots.place, np.arange(self.places))
        count = np.bincount(self.spots.place, minlength=self.places)
        return (first[place] + np.floor(share * count[place])).astype(np.int32)

    def community(self, spot: NDArray[np.int32]) -> RawColumn:
        """The code of the region around each address."""
        words, codes = self._communities
        return columns.words(codes[spot], words)

    def point(self, spot: NDArray[np.int32]) -> RawColumn:
        """Where each address is."""
        return columns.words(spot, self._spot_points)

    def keys(self, name: str, count: int) -> NDArray[np.uint64]:
        """Keys of entities."""
        return draw.keys_of(name, self.seed, count)

    def trait(self, name: str, count: int, stream: int = 1) -> Floats:
        """[0, 1) of each entity, for ever."""
        return draw.uniform(self.keys(name, count), np.zeros(count, np.int64), stream)

    def weather(self, name: str, times: NDArray[np.int64]) -> Floats:
        """`rain`, `pool` or `river` of every place at every time, (times, places)."""
        every = np.repeat(times, self.places)
        place = np.tile(np.arange(self.places, dtype=np.int32), len(times))
        found: Floats = getattr(self.conditions, name)(every, place).reshape(len(times), self.places)
        return found

    def forced(self, kind: str, times: NDArray[np.int64]) -> Floats:
        """A shock of this kind in every place at every time, (times, places)."""
        every = np.repeat(times, self.places)
        place = np.tile(np.arange(self.places, dtype=np.int32), len(times))
        return self.conditions.force(kind, every, place).reshape(len(times), self.places)

    def daily(self, a_day: float, shape: Shape) -> Rate:
        """A rate of so many a day over all places, by the clock alone."""

        def rate(times: NDArray[np.int64]) -> Floats:
            found: Floats = (a_day / 24.0 * shape.at(times))[:, None] * self.share[None, :]
            return found

        return rate


def numbered(prefix: str, count: int, width: int = 3) -> list[str]:
    """PREFIX001, PREFIX002, ..."""
    return [f"{prefix}{at:0{width}d}" for at in range(1, count + 1)]


def dated(found: Arrivals, prefix: str) -> list[str]:
    """A number for each event that no other has: its key."""
    return [f"{prefix}{key:016x}" for key in found.key.tolist()]
