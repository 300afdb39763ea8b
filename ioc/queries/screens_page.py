"""What the page of the screens offers to choose from: scenes with their layers, regions, and a map to point at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ioc.geo import layer
from ioc.geo.region import shipped
from ioc.packs import bundle as packs
from ioc.queries.layers import layers
from ioc.queries.walls import walls

WIDE = 1000.0  # units of the map's width


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class SceneOption:
    """A scene that has a wall, with the layers that its map may show."""

    id: str
    zh: str
    en: str
    layers: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A subdistrict as an SVG path."""

    code: str
    zh: str
    en: str
    path: str


@dataclass(frozen=True, slots=True)
class PointingMap:
    """The subdistricts on a plane `WIDE` units wide and `height` high; `box` = west, south, east, north in degrees."""

    outlines: tuple[Outline, ...]
    height: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ScreensView:
    """Everything of the page that does not change while it is open."""

    overview: tuple[Option, ...]  # the layers of the overview's map
    scenes: tuple[SceneOption, ...]
    regions: tuple[Option, ...]
    map: PointingMap


def screens_view(data_dir: Path) -> ScreensView:
    """As the packs and the layers in force say."""
    drawn = pointing_map(layer.read("subdistricts", data_dir)["features"])
    return ScreensView(
        _layers(packs.overview() or {}),
        _scenes(),
        tuple(Option(each.code, each.zh, each.en) for each in drawn.outlines),
        drawn,
    )


@cache
def _scenes() -> tuple[SceneOption, ...]:
    composed = packs.walls()
    return tuple(SceneOption(each["id"], each["zh"], each["en"], _layers(composed[each["id"]])) for each in walls())


def _layers(composition: Mapping[str, Any]) -> tuple[Option, ...]:
    """The layers that a composition names for its map."""
    named = layers()
    wanted = (composition.get("map") or {}).get("layers", ())
    return tuple(Option(name, named[name].zh, named[name].en) for name in wanted if name in named)


def pointing_map(features: Iterable[Mapping[str, Any]]) -> PointingMap:
    """Polygons and multipolygons in degrees on a plane: longitudes shrunk by the latitude in the middle."""
    shapes = [(each["properties"], _rings(each["geometry"])) for each in features]
    points = [point for _, rings in shapes for ring in rings for point in ring]
    if not points:
        return PointingMap((), WIDE * 9 / 16, (0.0, 0.0, 1.0, 1.0))
    west, east = min(lon for lon, _ in points), max(lon for lon, _ in points)
    south, north = min(lat for _, lat in points), max(lat for _, lat in points)
    scale = WIDE / (east - west)
    tall = scale / math.cos(math.radians((south + north) / 2))

    def path(rings: Iterable[list[tuple[float, float]]]) -> str:
        drawn = [
            "L".join(f"{(lon - west) * scale:.1f} {(north - lat) * tall:.1f}" for lon, lat in ring) for ring in rings
        ]
        return "".join(f"M{ring}Z" for ring in drawn)

    outlines = tuple(Outline(of["code"], *_named(of["code"], of["zh"]), path(rings)) for of, rings in shapes)
    return PointingMap(outlines, (north - south) * tall, (west, south, east, north))


def _named(code: str, drawn: str) -> tuple[str, str]:
    """The names of a region, in both languages; of one that is only drawn, the name on the map."""
    region = shipped().get(code)
    return (drawn, drawn) if region is None else (region.zh, region.en)


def _rings(geometry: Mapping[str, Any]) -> list[list[tuple[float, float]]]:
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[(float(point[0]), float(point[1])) for point in ring] for part in parts for ring in part]
