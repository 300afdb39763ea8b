"""The page of the map: every layer to switch, every indicator to colour the subdistricts by, one world."""

from __future__ import annotations

import json
from typing import Any

from dash import html

from components.district_map import district_map
from components.marks import data, marks
from components.ways import page_ways
from components.words import TAGS, Lang, word
from ioc.web import DistrictMap, Layer, WallView


def map_page(of: DistrictMap, lang: Lang) -> html.Div:
    """Everything but names is written by live.js and the map's own scripts."""
    return html.Div(
        [
            html.Div(className="edge"),
            _header(lang),
            html.Div(
                [_panel(of, lang), district_map(of.map, of.view, lang)],
                className="map-body",
            ),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
        ],
        id="map-page",
        className="map-page",
        lang=TAGS[lang],
        **data(settings=json.dumps(of.settings(lang), ensure_ascii=False)),
    )


def no_map(lang: Lang) -> html.Div:
    """What a role reads that may see nothing of the map."""
    return html.Div([html.H1(word("home_none", lang))], className="plain-page", lang=TAGS[lang])


def _header(lang: Lang) -> html.Header:
    return html.Header(
        [
            html.H1([word("product", lang), html.Small(word("map_of", lang))]),
            html.Span(word("connecting", lang), id="mode", className="tag mode", **marks("world-clock")),
            html.Span(word("reconnecting", lang), id="reconnecting", className="tag mode", hidden=True),
            html.Div([html.Span(id="mode-note"), html.Span(id="world-note")], className="stack mode-note"),
            html.Div(
                [html.Span(id="data-age", **marks("data-age")), html.Span(id="feed-count", **marks("feed-count"))],
                className="stack",
            ),
            page_ways("map_of", lang),
            html.Div(
                [html.Span(id="wall-date", className="date"), html.Span(id="wall-clock", className="clock")],
                className="header-right",
            ),
        ],
        className="home-header",
    )


def _panel(of: DistrictMap, lang: Lang) -> html.Aside:
    """The switches, by scene; assets/map_panel.js sets them, counts and writes the address."""
    scenes = [view for view in (of.view, *of.scenes) if any(each.scene == view.scene for each in of.map.all)]
    named: dict[str, Any] = {"aria-label": word("map_layers", lang)}
    order = list(dict.fromkeys(each.scene for each in of.map.all))
    groups = [_group(view, of, lang) for view in sorted(scenes, key=lambda view: order.index(view.scene))]
    options = [html.Option(_said(names, lang), value=name) for name, names in of.titles.items()]
    return html.Aside(
        [
            html.Label(
                [html.Span(word("colour_by", lang)), html.Select(options, id="map-by", className="map-by")],
                className="map-choice",
            ),
            *groups,
        ],
        className="panel map-panel-layers",
        id="map-layers",
        **named,
    )


def _group(view: WallView, of: DistrictMap, lang: Lang) -> html.Section:
    rows = [_switch(each, each.id in of.map.on, lang) for each in of.map.all if each.scene == view.scene]
    return html.Section([html.H3(view.zh if lang == "zh" else view.en), *rows], className="map-group")


def _switch(layer: Layer, on: bool, lang: Lang) -> html.Button:
    state: dict[str, Any] = {"aria-checked": "true" if on else "false", **data(layer=layer.id)}
    hidden: dict[str, Any] = {"aria-hidden": "true"}
    return html.Button(
        [
            html.Canvas(className="map-symbol", **hidden),
            html.Span(layer.zh if lang == "zh" else layer.en, className="map-layer-name"),
            html.Span(className="map-layer-tag tag", hidden=True),
            html.Span(className="map-layer-count"),
        ],
        className="map-switch",
        role="switch",
        type="button",
        **state,
    )


def _said(names: tuple[str, str], lang: Lang) -> str:
    return names[lang == "en"]
