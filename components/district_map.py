"""The map: outline, drafted subdistricts, water and roads as vectors; no tiles, nothing from another host."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dash_leaflet as dl
from dash import html

from components.marks import data
from components.words import Lang, word
from ioc.web import MapView, WallView


def district_map(of: MapView, view: WallView, lang: Lang) -> html.Section:
    """The map of the district. Styles are functions of assets/map.js, named as variables: nothing is evaluated."""
    names = ("areas", "water", "roads", "outline", "labels")  # from below to above
    layers = (of.layers.subdistricts, of.layers.water, of.layers.roads, of.layers.outline, of.layers.labels)
    shade = view.indicators[of.areas]
    drafts = {
        (True, True): "draft_both",
        (True, False): "draft_areas",
        (False, True): "draft_roads",
    }.get((drafted(of.layers.subdistricts), drafted(of.layers.roads)))
    (south, west), (north, east) = bounds(of.layers.outline)
    return html.Section(
        [
            dl.MapContainer(
                [_layer(name, data) for name, data in zip(names, layers, strict=True) if data.get("features")],
                id="map",
                className="map",
                center=[(south + north) / 2, (west + east) / 2],
                zoom=12,  # until assets/map.js fits the bounds into the panel
                trackViewport=False,
                zoomSnap=0,
                zoomControl=False,
                attributionControl=False,
                preferCanvas=True,
                dragging=False,
                scrollWheelZoom=False,
                doubleClickZoom=False,
                boxZoom=False,
                keyboard=False,
                touchZoom=False,
                zoomAnimation=False,
                fadeAnimation=False,
            ),
            html.Div(
                [
                    html.H2([word("map", lang), html.Span(id="map-state", className="tag", hidden=True)]),
                    html.Span(
                        f"{word('area_shade', lang)}：{shade.zh}"
                        if lang == "zh"
                        else f"{word('area_shade', lang)}: {shade.en}",
                        className="note",
                    ),
                    *([html.Span(word(drafts, lang), className="note")] if drafts else []),
                    html.Span(word("no_geometry", lang), className="note", id="no-geometry", hidden=True),
                ],
                className="map-title",
            ),
            html.Div(
                [html.Span(word("legend", lang), className="note")]
                + [
                    html.Span([html.I(className=f"line state-{state}"), word(f"state_{state}", lang)], className="key")
                    for state in (5, 4, 3, 2, 1)
                ],
                className="legend",
            ),
        ],
        className="panel map-panel",
        **data(bounds=json.dumps(bounds(of.layers.outline))),
    )


def drafted(layer: Mapping[str, Any]) -> bool:
    """Whether any feature of a layer is only 示意."""
    return any(feature["properties"].get("draft") for feature in layer.get("features", ()))


def bounds(outline: Mapping[str, Any]) -> list[list[float]]:
    """[[south, west], [north, east]] of a collection in WGS-84; the district's own where it is empty."""
    points = [point for feature in outline.get("features", ()) for point in _points(feature["geometry"]["coordinates"])]
    if not points:
        return [[22.52, 114.06], [22.64, 114.23]]
    longitudes, latitudes = [point[0] for point in points], [point[1] for point in points]
    return [[min(latitudes), min(longitudes)], [max(latitudes), max(longitudes)]]


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _points(part)


def _layer(name: str, data: Mapping[str, Any]) -> dl.GeoJSON:
    return dl.GeoJSON(
        id=f"layer-{name}",
        data=data,
        style={"variable": f"dashExtensions.wall.{name}Style"},
        onEachFeature={"variable": f"dashExtensions.wall.{name}Feature"},
        pointToLayer={"variable": "dashExtensions.wall.labelPoint"},
        interactive=False,
    )
