"""Roadwork: hand-drawn courses -> road lines that bend softly, meet where they should and stay inside the outline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, Polygon

from ioc.geo.partition import GRID
from ioc.geo.plane import length_m, to_degrees, to_metres

_MARGIN_M = 15.0  # a road on the outline itself would be half outside on the screen
_REACH_M = 90.0  # an end this close to another road was meant to meet it
_ROUNDS = 2


class OutsideOutline(Exception):
    """What was drafted has no part inside the outline."""


def draw(courses: Mapping[str, Sequence[tuple[float, float]]], outline: Polygon) -> dict[str, LineString]:
    """Id -> line in degrees WGS-84, clipped by the outline; of a road cut apart by it the longest part is kept."""
    soft = {road: _soften(to_metres(LineString(course))) for road, course in courses.items()}
    joined = {road: _join(line, [other for name, other in soft.items() if name != road]) for road, line in soft.items()}
    ground = to_metres(outline).buffer(-_MARGIN_M)
    return {road: _clip(road, line, ground) for road, line in joined.items()}


def home(line: LineString, areas: Mapping[str, Polygon]) -> str:
    """Code of the area that holds most of the line; the first in code order among equals."""
    return max(sorted(areas), key=lambda code: length_m(shapely.intersection(line, areas[code])))


def rounded_ring(ring: Sequence[tuple[float, float]]) -> Polygon:
    """A hand-drawn ring (degrees, not closed) as a polygon with soft corners."""
    points = np.asarray(ring)
    for _ in range(_ROUNDS):
        after = np.roll(points, -1, axis=0)
        points = np.stack([points * 0.75 + after * 0.25, points * 0.25 + after * 0.75], axis=1).reshape(-1, 2)
    return shapely.set_precision(Polygon(points), GRID)


def _soften(line: LineString) -> LineString:
    points = np.asarray(line.coords)
    for _ in range(_ROUNDS):
        cut = np.stack([points[:-1] * 0.8 + points[1:] * 0.2, points[:-1] * 0.2 + points[1:] * 0.8], axis=1)
        points = np.vstack([points[:1], cut.reshape(-1, 2)[1:-1], points[-1:]])
    return LineString(points)


def _join(line: LineString, others: Sequence[LineString]) -> LineString:
    """The line with each end moved onto the nearest other road within reach."""
    points = np.asarray(line.coords)
    network = MultiLineString(list(others))
    for end in (0, -1):
        tip = Point(points[end])
        if network.distance(tip) <= _REACH_M:
            points[end] = shapely.shortest_line(network, tip).coords[0]
    return LineString(points)


def _clip(road: str, line: LineString, ground: Polygon) -> LineString:
    parts = [part for part in shapely.get_parts(shapely.intersection(line, ground)) if isinstance(part, LineString)]
    if not parts or max(part.length for part in parts) == 0.0:
        raise OutsideOutline(road)
    longest = max(parts, key=lambda part: float(part.length))
    return shapely.set_precision(to_degrees(longest), GRID, mode="pointwise")
