"""Resolver: points -> the polygons they lie in, millions at a time.

A grid of 30 m cells answers for the cells that no border touches; points in the other cells are tested exactly. The
first polygon that holds a point gets it, its border included.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

NOWHERE = -1
_MIXED = -2
_METRES_PER_DEGREE = 111_320.0  # of latitude; the cells need be no more exact than that
_CELL_M = 30.0  # 16 x 10 km are 180,000 cells: built in a fraction of a second, 6 % of them mixed
_MOST_CELLS = 4_000_000  # a layer far larger than a city gets coarser cells instead of all the memory


class Resolver:
    """Answers for one set of polygons. `codes[i]` is what the answer i means; NOWHERE is outside of all."""

    def __init__(self, polygons: Sequence[tuple[str, BaseGeometry]]) -> None:
        """Polygons (degrees WGS-84, with their codes) in order of precedence: the first that holds a point gets it."""
        if not polygons:
            raise ValueError("a resolver needs polygons")
        self.codes: tuple[str, ...] = tuple(code for code, _ in polygons)
        self._shapes = [geometry for _, geometry in polygons]
        self._tree = shapely.STRtree(self._shapes)
        west, south, east, north = shapely.total_bounds(self._shapes)
        across = math.cos(math.radians(min(abs(float(south + north)) / 2, 80.0)))
        size = _CELL_M / (_METRES_PER_DEGREE * np.array([across, 1.0]))
        span = np.array([east - west, north - south])
        size *= max(1.0, float(np.sqrt(np.prod(span / size) / _MOST_CELLS)))
        self._size = size
        self._corner = np.array([west, south]) - 2 * size
        self._grid = self._raster(np.ceil(span / size).astype(np.int64) + 5)

    def resolve(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Index into `codes` per point, NOWHERE outside and for NaN. Degrees WGS-84, two arrays of one length."""
        x, y = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
        columns, rows = self._grid.shape
        with np.errstate(invalid="ignore", over="ignore"):
            u, v = (x - self._corner[0]) / self._size[0], (y - self._corner[1]) / self._size[1]
            near = (u >= 0) & (u < columns) & (v >= 0) & (v < rows)
        answer = np.full(x.shape, NOWHERE, np.int32)
        if near.all():
            answer = self._grid[u.astype(np.intp), v.astype(np.intp)]
        else:
            answer[near] = self._grid[u[near].astype(np.intp), v[near].astype(np.intp)]
        mixed = np.flatnonzero(answer == _MIXED)
        if mixed.size:
            answer[mixed] = self._exact(x[mixed], y[mixed])
        return answer

    def code(self, lon: float, lat: float) -> str | None:
        """The region of one point, None outside."""
        index = int(self.resolve([lon], [lat])[0])
        return None if index == NOWHERE else self.codes[index]

    def _exact(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
        nowhere = len(self.codes)
        answer = np.full(x.shape, nowhere, np.int32)
        points, polygons = self._tree.query(shapely.points(x, y), predicate="intersects")  # the border is inside
        np.minimum.at(answer, points, polygons.astype(np.int32))
        answer[answer == nowhere] = NOWHERE
        return answer

    def _raster(self, cells: NDArray[np.int64]) -> NDArray[np.int32]:
        """(columns, rows) of the grid: index, NOWHERE, or _MIXED in and next to each cell a border runs through."""
        step = float(self._size.min()) / 2  # a border point lies within a quarter cell of a sample: in it or beside it
        borders = shapely.segmentize(shapely.get_parts([geometry.boundary for geometry in self._shapes]), step)
        samples = np.floor((shapely.get_coordinates(borders) - self._corner) / self._size).astype(np.int64)
        grid = np.zeros(tuple(cells), np.int32)
        for right in (-1, 0, 1):
            for up in (-1, 0, 1):
                grid[samples[:, 0] + right, samples[:, 1] + up] = _MIXED
        columns, rows = np.nonzero(grid == 0)
        middle = self._corner + (np.column_stack([columns, rows]) + 0.5) * self._size
        grid[columns, rows] = self._exact(middle[:, 0], middle[:, 1])
        return grid
