"""Datum: longitude and latitude between GCJ-02, BD-09 and WGS-84 (CGCS2000), in arrays.

GCJ-02 is WGS-84 plus a published smooth shift of 100 to 700 m inside China; the inverse is found by fixed-point
iteration. CGCS2000 and WGS-84 differ by less than 0.1 m here and are treated as one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Datum = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
DATUMS: tuple[Datum, ...] = get_args(Datum)
LonLat = tuple[NDArray[np.float64], NDArray[np.float64]]

_AXIS_M = 6378245.0  # Krasovsky 1940: the ellipsoid in which the shift is defined
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_ROUNDS = 6  # the shift changes by < 1e-4 of a step: three rounds reach 1e-9 degrees, six are float64's end
_CHINA = (72.004, 137.8347, 0.8293, 55.8271)  # lon, lon, lat, lat: outside of it GCJ-02 is WGS-84


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Degrees in, degrees out; any shape."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    east, north = _shift(x, y)
    return x + east, y + north


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """The inverse of `wgs84_to_gcj02` to below 1e-9 degrees."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """Baidu's second shift on top of GCJ-02."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> LonLat:
    """The inverse of `gcj02_to_bd09` to below 1e-9 degrees."""
    return _inverse(gcj02_to_bd09, lon, lat)


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> LonLat:
    """Degrees of `datum` as WGS-84."""
    if datum == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    return np.array(lon, np.float64), np.array(lat, np.float64)


def _shift(x: NDArray[np.float64], y: NDArray[np.float64]) -> LonLat:
    """The GCJ-02 shift in degrees at WGS-84 positions."""
    u, v = x - 105.0, y - 35.0
    root = np.sqrt(np.abs(u))
    waves = (20.0 * np.sin(6.0 * u * np.pi) + 20.0 * np.sin(2.0 * u * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * u + 3.0 * v + 0.2 * v * v + 0.1 * u * v + 0.2 * root + waves
    north += (20.0 * np.sin(v * np.pi) + 40.0 * np.sin(v / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(v / 12.0 * np.pi) + 320.0 * np.sin(v * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + u + 2.0 * v + 0.1 * u * u + 0.1 * u * v + 0.1 * root + waves
    east += (20.0 * np.sin(u * np.pi) + 40.0 * np.sin(u / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(u / 12.0 * np.pi) + 300.0 * np.sin(u / 30.0 * np.pi)) * 2.0 / 3.0
    radians = np.radians(y)
    curve = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    metres_north = _AXIS_M * (1.0 - _ECCENTRICITY2) / (curve * np.sqrt(curve))
    metres_east = _AXIS_M / np.sqrt(curve) * np.cos(radians)
    west, east_end, south, north_end = _CHINA
    inside = (x >= west) & (x <= east_end) & (y >= south) & (y <= north_end)
    return (
        np.where(inside, np.degrees(east / metres_east), 0.0),
        np.where(inside, np.degrees(north / metres_north), 0.0),
    )


def _inverse(forward: Callable[[ArrayLike, ArrayLike], LonLat], lon: ArrayLike, lat: ArrayLike) -> LonLat:
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    guess_x, guess_y = x.copy(), y.copy()
    for _ in range(_ROUNDS):
        there_x, there_y = forward(guess_x, guess_y)
        guess_x, guess_y = guess_x + (x - there_x), guess_y + (y - there_y)
    return guess_x, guess_y
