"""Points -> subdistricts and district, points per second: the resolver's grid beside shapely's tree alone.

Run: `python -m benchmarks resolver`. Both answer for the same points, half of them outside, and agree.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from benchmarks.size import sized
from ioc.geo import layer
from ioc.geo.resolve import resolver
from metrics.resolver import NOWHERE

POINTS = sized(200_000, 2_000_000)
ROUNDS = 3  # in turns; the best of each
BOX = ((114.06, 114.216), (22.529, 22.62))  # degrees around the district


def by_tree(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int32]:
    """The first polygon that holds each point, by an STRtree query over all points."""
    polygons = []
    for name in ("subdistricts", "outline"):
        features = sorted(layer.read(name)["features"], key=lambda each: str(each["properties"]["code"]))
        polygons += [shape(each["geometry"]) for each in features]
    found = np.full(len(lon), len(polygons), np.int32)
    points, at = shapely.STRtree(polygons).query(shapely.points(lon, lat), predicate="intersects")
    np.minimum.at(found, points, at.astype(np.int32))
    return np.where(found == len(polygons), np.int32(NOWHERE), found)


def main() -> None:
    random = np.random.default_rng(3)
    lon, lat = (random.uniform(low, high, POINTS) for low, high in BOX)
    where = resolver(layer.read("subdistricts"), layer.read("outline"))
    ways: dict[str, Callable[[], NDArray[np.int32]]] = {
        "grid, then exactly": lambda: where.resolve(lon, lat), "STRtree alone": lambda: by_tree(lon, lat),
    }  # fmt: skip
    best = dict.fromkeys(ways, 0.0)
    answers = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            start = time.perf_counter()
            answers[name] = way()
            best[name] = max(best[name], POINTS / (time.perf_counter() - start))
    first, *others = answers.values()
    assert all(np.array_equal(first, other) for other in others), "the two ways disagree"
    least = best["STRtree alone"]
    for name, rate in best.items():
        print(f"  {name:<22}{rate / 1e6:>8.2f} M points/s   {rate / least:.1f} x the tree")


if __name__ == "__main__":
    main()
