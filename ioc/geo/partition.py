"""Partition: named places -> areas that cover an outline without gap or overlap, with borders smooth enough to read.

Each spot goes to the area of its nearest place. The shared borders are then smoothed once, as lines, with their end
points held, and the areas are put together again from the smoothed lines: neighbours keep one common border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from ioc.geo.plane import to_degrees, to_metres

Place = tuple[float, float]

GRID = 1e-6  # degrees, 0.1 m: the resolution of all stored geometry
_STRAIGHT_M = 90.0  # corners of the Voronoi borders smaller than this are dropped before smoothing
_ROUNDS = 3  # corner cutting: three rounds look round at the scale of a wall
_NEAR_M = 0.5  # a line this close to the outline is the outline


class PartitionFailure(Exception):
    """The places cannot be made into one area each; the message names the area."""


def draft(outline: Polygon, places: Mapping[str, Sequence[Place]]) -> dict[str, Polygon]:
    """Code -> polygon; together they are the outline (see `outline_of`). All in degrees WGS-84.

    Raises PartitionFailure when an area comes out in several pieces: its places are cut apart by another area's.
    """
    limits = to_metres(outline)
    cells = _nearest(limits, places)
    borders = [_smooth(border) for border in _inner_borders(cells, limits)]
    network = shapely.get_parts(shapely.union_all([limits.exterior, *borders]))
    parts: dict[str, list[BaseGeometry]] = {code: [] for code in places}
    for face in shapely.get_parts(shapely.polygonize(network)):
        inside = face.representative_point()
        owner = min(cells, key=lambda code: cells[code].distance(inside))
        parts[owner].append(shapely.set_precision(to_degrees(face), GRID, mode="pointwise"))
    areas: dict[str, Polygon] = {}
    for code, pieces in parts.items():
        area = shapely.union_all(pieces)
        if not isinstance(area, Polygon) or area.is_empty:
            raise PartitionFailure(f"{code}: {len(shapely.get_parts(area))} pieces instead of one")
        areas[code] = shapely.normalize(area)
    if not shapely.coverage_is_valid(list(areas.values())):
        raise PartitionFailure("rounding has torn the areas apart")
    return areas


def outline_of(areas: Mapping[str, Polygon]) -> Polygon:
    """The outline that the areas cover exactly: the input outline with the borders' end points put into it."""
    whole = shapely.normalize(shapely.coverage_union_all(list(areas.values())))
    if not isinstance(whole, Polygon):
        raise PartitionFailure("the areas do not touch each other")
    return whole


def _nearest(limits: Polygon, places: Mapping[str, Sequence[Place]]) -> dict[str, BaseGeometry]:
    """Code -> the cells of its places, in metres, cut at the outline."""
    owners = [code for code, group in places.items() for _ in group]
    points = to_metres(MultiPoint([place for group in places.values() for place in group]))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=limits, ordered=True))
    cut = shapely.intersection(cells, limits)
    return {
        code: shapely.union_all([cell for cell, owner in zip(cut, owners, strict=True) if owner == code])
        for code in places
    }


def _inner_borders(cells: Mapping[str, BaseGeometry], limits: Polygon) -> list[NDArray[np.float64]]:
    """The borders between areas from junction to junction, (points, 2) in metres, carried a little over the outline."""
    rings = shapely.union_all([cell.boundary for cell in cells.values()])
    inner = shapely.difference(rings, limits.exterior.buffer(_NEAR_M))
    borders = []
    for line in shapely.get_parts(shapely.line_merge(inner)):
        points = np.array(line.coords)
        for end, before in ((0, 1), (-1, -2)):
            if limits.exterior.distance(Point(points[end])) < 2 * _NEAR_M:
                step = points[end] - points[before]
                points[end] += step / np.hypot(*step) * 4 * _NEAR_M
        borders.append(points)
    return borders


def _smooth(border: NDArray[np.float64]) -> LineString:
    """The border without its small corners and round at the others; its two ends are held."""
    points = np.asarray(shapely.simplify(LineString(border), _STRAIGHT_M).coords)
    for _ in range(_ROUNDS):
        near, far = points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75
        cut = np.stack([near, far], axis=1).reshape(-1, 2)
        points = np.vstack([points[:1], cut[1:-1], points[-1:]])
    return LineString(points)
