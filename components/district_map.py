"""The map: outline, drafted subdistricts, water and roads as vectors, layers of entities on one canvas above them.

Without a tile server of the deployment's own nothing of it comes from another host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import dash_leaflet as dl
from dash import html

from components.marks import data
from components.words import Lang, word
from ioc.web import MapView, WallView, person_may


def district_map(of: MapView, view: WallView, lang: Lang) -> html.Section:
    """The map of the district. Styles are functions of assets/map.js, named as variables: nothing is evaluated."""
    names = ("areas", "water", "roads", "outline", "labels")  # from below to above
    layers = (of.layers.subdistricts, of.layers.water, of.layers.roads, of.layers.outline, of.layers.labels)
    shade = view.indicators.get(of.areas)
    drafts = {
        (True, True): "draft_both",
        (True, False): "draft_areas",
        (False, True): "draft_roads",
    }.get((drafted(of.layers.subdistricts), drafted(of.layers.roads) and of.roads is not None))
    (south, west), (north, east) = of.layers.bounds
    shaded = ""
    if shade is not None:
        shaded = f"{word('area_shade', lang)}{'：' if lang == 'zh' else ': '}{shade.zh if lang == 'zh' else shade.en}"
    still = not of.open
    polite: dict[str, Any] = {"aria-live": "polite"}
    return html.Section(
        [
            dl.MapContainer(
                [_layer(name, data) for name, data in zip(names, layers, strict=True) if data.get("features")],
                id="map",
                className="map",
                center=[(south + north) / 2, (west + east) / 2],
                zoom=12,  # until assets/map.js fits the bounds into the panel
                trackViewport=False,
                minZoom=10,
                maxZoom=18,
                zoomSnap=0,
                zoomControl=False,
                attributionControl=False,
                preferCanvas=True,
                dragging=not still,
                scrollWheelZoom=not still,
                doubleClickZoom=not still,
                boxZoom=False,
                keyboard=False,  # assets/map_keys.js: arrows go from symbol to symbol
                touchZoom=not still,
                zoomAnimation=False,
                fadeAnimation=False,
            ),
            html.Div(
                [
                    html.H2(
                        [
                            word("map_of" if of.open else "map" if view.strip else "map_here", lang),
                            html.Span(id="map-state", className="tag", hidden=True),
                        ]
                    ),
                    html.Span(shaded, className="note", id="map-shade"),
                    *([html.Span(word(drafts, lang), className="note")] if drafts else []),
                    html.Span(word("no_geometry", lang), className="note", id="no-geometry", hidden=True),
                ],
                className="map-title",
            ),
            *([_road_states(lang)] if of.roads else []),
            html.Div(id="map-legend", className="map-legend"),
            html.P(id="map-said", className="map-said", role="status", **polite),
        ],
        className=f"panel map-panel{' open' if of.open else ''}",
        **data(
            bounds=json.dumps(of.layers.bounds),
            geometry=json.dumps({"metro": of.layers.metro}, ensure_ascii=False) if of.layers.metro else "{}",
            tiles=json.dumps(of.tiles) if of.tiles else "",
            **({"video": "1"} if person_may("video.view") else {}),
            **({"screens": "1"} if person_may("screen.control") else {}),
        ),
    )


def _road_states(lang: Lang) -> html.Div:
    return html.Div(
        [html.Span(word("legend", lang), className="note")]
        + [
            html.Span([html.I(className=f"line state-{state}"), word(f"state_{state}", lang)], className="key")
            for state in (5, 4, 3, 2, 1)
        ],
        className="legend",
    )


def drafted(layer: Mapping[str, Any]) -> bool:
    """Whether any feature of a layer is only 示意."""
    return any(feature["properties"].get("draft") for feature in layer.get("features", ()))


def _layer(name: str, data: Mapping[str, Any]) -> dl.GeoJSON:
    return dl.GeoJSON(
        id=f"layer-{name}",
        data=data,
        style={"variable": f"dashExtensions.wall.{name}Style"},
        onEachFeature={"variable": f"dashExtensions.wall.{name}Feature"},
        pointToLayer={"variable": "dashExtensions.wall.labelPoint"},
        interactive=False,
    )
