"""The town: where things stand. Places within the outline of the district, each with the code of its region.

A subdistrict is one of the outlines given. A committee has no outline of its own: a place belongs to the one whose
named place (drafted, 示意) is nearest in the same subdistrict, and to the subdistrict alone where a park or hill is
nearer.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from ioc.geo.plane import METRES_PER_DEGREE
from ioc.sources import draw

Floats = NDArray[np.float64]
Place = NDArray[np.int32]

_ENDINGS = ("社区居民委员会", "居民委员会")
_NEAR_M = 420.0  # built ground lies about so near to a named place; hills and water are further off
_WILD = 0.02  # share of the points that may lie anywhere in the outline
_R2 = (0.7548776662466927, 0.5698402909980532)  # steps of a sequence that fills a square evenly (Roberts)
_TRIES = 40  # points tried for each one that is wanted, at most

STANDING: Mapping[str, Any] = tomllib.loads(files(__package__).joinpath("places.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Sites:
    """Places of one kind, all columns (sites,): `place` counts the subdistricts, `community` is the nearest code."""

    lon: Floats
    lat: Floats
    place: Place
    community: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.lon)

    @property
    def points(self) -> list[str]:
        """As a field of type point, `lon lat`."""
        return [f"{lon:.6f} {lat:.6f}" for lon, lat in zip(self.lon.tolist(), self.lat.tolist(), strict=True)]

    def take(self, index: NDArray[np.integer[Any]]) -> Sites:
        """The sites of these positions."""
        community = tuple(self.community[at] for at in index.tolist())
        return Sites(self.lon[index], self.lat[index], self.place[index], community)


class Town:
    """Subdistricts with outlines and the committees in them. `outlines` and `regions` are those of a bundle."""

    def __init__(self, outlines: Sequence[Mapping[str, Any]], regions: Sequence[Mapping[str, Any]], seed: int) -> None:
        levels = {str(row["code"]): row for row in regions}
        kept = sorted(
            (each for each in outlines if levels.get(each["code"], {}).get("level") == "subdistrict"),
            key=lambda each: str(each["code"]),
        )
        if not kept:
            raise ValueError("a simulated city needs outlines of subdistricts")
        self.seed = seed
        self._spread: dict[tuple[str, int], Sites] = {}
        self.codes: tuple[str, ...] = tuple(str(each["code"]) for each in kept)
        self.names: tuple[str, ...] = tuple(str(levels[code]["zh"]) for code in self.codes)
        self.english: tuple[str, ...] = tuple(str(levels[code].get("en", levels[code]["zh"])) for code in self.codes)
        self._shapes = [shape(each["geometry"]) for each in kept]
        shapely.prepare(self._shapes)
        self._committees = {
            (str(row["parent"]), _short(str(row["zh"]))): str(row["code"])
            for row in regions
            if row["level"] == "committee"
        }
        weights = STANDING["density"]
        self.density = np.array([float(weights.get(code, 1.0)) for code in self.codes])

    @cached_property
    def _anchors(self) -> tuple[list[NDArray[np.float64]], list[list[str]]]:
        """Of each subdistrict the named places, degrees (places, 2), and the code each stands for."""
        seeds = tomllib.loads(files("ioc.geo").joinpath("drafts", "seeds.toml").read_text(encoding="utf-8"))
        named = {str(row["code"]): row["places"] for row in seeds["subdistrict"]}
        spots, codes = [], []
        for code, outline in zip(self.codes, self._shapes, strict=True):
            middle = outline.representative_point()
            places = named.get(code) or [{"zh": "", "at": [middle.x, middle.y]}]
            spots.append(np.array([place["at"] for place in places], np.float64))
            codes.append([self._committees.get((code, place["zh"]), code) for place in places])
        return spots, codes

    @cached_property
    def centres(self) -> Floats:
        """The middle of each subdistrict, degrees, (subdistricts, 2)."""
        return np.array([[one.centroid.x, one.centroid.y] for one in self._shapes])

    def spread(self, kind: str, count: int) -> Sites:
        """`count` sites over the built city, evenly within each subdistrict, by density between them."""
        found = self._spread.get((kind, count))
        if found is None:
            found = self._spread[kind, count] = self._spread_out(kind, count)
        return found

    def _spread_out(self, kind: str, count: int) -> Sites:
        each = _divided(count, self.density)
        lon, lat, place = [], [], []
        for at, wanted in enumerate(each.tolist()):
            x, y = self._within(at, kind, wanted)
            lon.append(x)
            lat.append(y)
            place.append(np.full(len(x), at, np.int32))
        order = np.argsort(draw.uniform(draw.keys_of(kind, self.seed, count), np.arange(count), 1), kind="stable")
        return self.sites(np.concatenate(lon)[order], np.concatenate(lat)[order], np.concatenate(place)[order])

    def at(self, places: Sequence[Mapping[str, Any]]) -> Sites:
        """Sites at named places; one outside of all subdistricts is moved to the nearest."""
        lon = np.array([place["at"][0] for place in places], np.float64)
        lat = np.array([place["at"][1] for place in places], np.float64)
        points = shapely.points(lon, lat)
        away = np.array([shapely.distance(one, points) for one in self._shapes])
        place = away.argmin(axis=0).astype(np.int32)
        for at in np.flatnonzero(away.min(axis=0) > 0).tolist():
            inner = self._shapes[place[at]].buffer(-0.0002)  # 20 m inside, so that rounding does not put it out again
            nearest = inner.exterior.interpolate(inner.exterior.project(shapely.Point(lon[at], lat[at])))
            lon[at], lat[at] = nearest.x, nearest.y
        return self.sites(lon, lat, place)

    def sites(self, lon: Floats, lat: Floats, place: Place) -> Sites:
        """Points of known subdistricts, with the codes of their communities."""
        lon, lat = np.round(lon, 6), np.round(lat, 6)
        community = np.empty(len(lon), object)
        spots, codes = self._anchors
        for at in range(len(self.codes)):
            mine = np.flatnonzero(place == at)
            near = _nearest(lon[mine], lat[mine], spots[at])[0]
            community[mine] = np.array(codes[at], object)[near]
        return Sites(lon, lat, place, tuple(community.tolist()))

    def _within(self, at: int, kind: str, wanted: int) -> tuple[Floats, Floats]:
        """Points of a subdistrict, thinned away from its named places."""
        west, south, east, north = self._shapes[at].bounds
        start = draw.uniform(draw.keys_of(f"{kind}/{self.codes[at]}", self.seed, 3), np.zeros(3, np.int64), 2)
        key = draw.keys_of(f"{kind}/thin/{self.codes[at]}", self.seed, 1)
        tried = np.arange(max(64, wanted * _TRIES), dtype=np.int64)
        x = west + (east - west) * ((start[0] + tried * _R2[0]) % 1.0)
        y = south + (north - south) * ((start[1] + tried * _R2[1]) % 1.0)
        far = _nearest(x, y, self._anchors[0][at])[1]
        built = np.exp(-0.5 * (far / _NEAR_M) ** 2) + _WILD
        fit = np.flatnonzero(draw.uniform(np.broadcast_to(key, tried.shape), tried, 3) < built)
        inner = self._shapes[at].buffer(-0.00005)
        fit = fit[shapely.contains_xy(inner, x[fit], y[fit])]
        if len(fit) < wanted:  # a small or thin outline: take whatever lies in it
            fit = np.flatnonzero(shapely.contains_xy(inner, x, y))
        fit = np.resize(fit, wanted)
        return x[fit], y[fit]


def _nearest(lon: Floats, lat: Floats, spots: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Of each point the nearest spot and how far off it is, metres."""
    east = (lon[:, None] - spots[None, :, 0]) * METRES_PER_DEGREE[0]
    north = (lat[:, None] - spots[None, :, 1]) * METRES_PER_DEGREE[1]
    away = np.hypot(east, north)
    near: NDArray[np.intp] = away.argmin(axis=1)
    found: Floats = away[np.arange(len(lon)), near]
    return near, found


def _divided(count: int, shares: Floats) -> NDArray[np.int64]:
    """`count` divided by shares, the largest remainders first."""
    exact = count * shares / shares.sum()
    whole = np.floor(exact).astype(np.int64)
    rest = np.argsort(whole - exact, kind="stable")[: count - int(whole.sum())]
    whole[rest] += 1
    found: NDArray[np.int64] = whole
    return found


def _short(name: str) -> str:
    for ending in _ENDINGS:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name
