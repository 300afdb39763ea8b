"""Outlines: the polygons of regions, and the region that a point lies in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from metrics.column import Column
from metrics.declaration import Faults
from metrics.region import Regions
from metrics.resolver import NOWHERE, Resolver

POINT_SCALE = 7  # decimals of a degree in a column of points
POLYGONAL = ("Polygon", "MultiPolygon")


class Outlines:
    """The outlines of the regions of a table, degrees WGS-84; polygons of other codes are left out."""

    def __init__(self, polygons: Iterable[tuple[str, BaseGeometry]], regions: Regions) -> None:
        known = [(code, geometry) for code, geometry in polygons if code in regions]
        # The most specific region first; a point on a border belongs to the first polygon in code order.
        known.sort(key=lambda one: (-len(regions.path(one[0])), one[0]))
        self.codes: tuple[str, ...] = tuple(code for code, _ in known)
        self._polygons = known

    def resolve(self, points: NDArray[np.int64]) -> NDArray[np.int32]:
        """The place in `codes` of the region of each point, NOWHERE outside of all.

        `points`: longitude and latitude * 10**7, shape (rows, 2).
        """
        if not self.codes or not len(points):
            return np.full(len(points), NOWHERE, np.int32)
        degrees = points / 10.0**POINT_SCALE
        return self._resolver.resolve(degrees[:, 0], degrees[:, 1])

    def region_of(self, points: Column) -> Column:
        """The region codes of a column of points as texts; null where there is no point or no region."""
        known = points.known()
        codes = np.where(known, self.resolve(np.where(known[:, None], points.values, 0)), np.int32(NOWHERE))
        return Column(codes.astype(np.int32), codes >= 0, None, self.codes)

    @cached_property
    def _resolver(self) -> Resolver:
        return Resolver(self._polygons)  # made when the first point asks: most bundles have no points


def read_outlines(faults: Faults, rows: Iterable[Mapping[str, Any]], regions: Regions, file: str) -> Outlines:
    """Outlines from rows with `code` and `geometry` (GeoJSON, degrees WGS-84); what is wrong goes to `faults`."""
    polygons = []
    for row in rows:
        code = str(row.get("code", ""))
        try:
            geometry = shape(row["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.GEOSException) as error:
            faults.add(f"{file}:{code}.geometry", "type", f"no geometry: {error}")
            continue
        if geometry.geom_type not in POLYGONAL or geometry.is_empty or not geometry.is_valid:
            why = shapely.is_valid_reason(geometry) if geometry.geom_type in POLYGONAL else geometry.geom_type
            faults.add(f"{file}:{code}.geometry", "type", f"a valid polygon is needed: {why}")
            continue
        polygons.append((code, geometry))
    return Outlines(polygons, regions)
