"""Outlines: polygons of regions, and the region that a point lies in, millions at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from metrics.column import Column
from metrics.region import Regions

POINT_SCALE = 7  # decimals of a degree in a column of points
NOWHERE = -1


class Outlines:
    """The outlines of the regions of a table, degrees WGS-84; polygons of other codes are left out."""

    def __init__(self, polygons: Iterable[tuple[str, BaseGeometry]], regions: Regions) -> None:
        known = [(code, geometry) for code, geometry in polygons if code in regions]
        # The most specific region first; a point on a border belongs to the first polygon in code order.
        known.sort(key=lambda one: (-len(regions.path(one[0])), one[0]))
        self.codes: tuple[str, ...] = tuple(code for code, _ in known)
        self._tree = shapely.STRtree([geometry for _, geometry in known])

    def resolve(self, points: NDArray[np.int64]) -> NDArray[np.int32]:
        """The place in `codes` of the region of each point, NOWHERE outside of all.

        `points`: longitude and latitude * 10**7, shape (rows, 2).
        """
        distinct, back = np.unique(points, axis=0, return_inverse=True)
        found = np.full(len(distinct), len(self.codes), np.int32)
        if len(distinct) and self.codes:
            degrees = distinct / 10.0**POINT_SCALE
            rows, polygons = self._tree.query(shapely.points(degrees), predicate="intersects")
            np.minimum.at(found, rows, polygons.astype(np.int32))
        found[found == len(self.codes)] = NOWHERE
        return found[back.reshape(-1)]

    def region_of(self, points: Column) -> Column:
        """The region codes of a column of points as texts; null where there is no point or no region."""
        known = points.known()
        codes = np.where(known, self.resolve(np.where(known[:, None], points.values, 0)), np.int32(NOWHERE))
        return Column(codes.astype(np.int32), codes >= 0, None, self.codes)
