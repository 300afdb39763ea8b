"""The strip: every road with its state over the last hours, its level and its speed now."""

from __future__ import annotations

from dash import html

from components.marks import data, head, marks
from components.words import Lang, word
from ioc.web import Road, Strip, WallView

CLASSES = {
    "expressway": ("快", "expressway"),
    "arterial": ("主", "arterial"),
    "secondary": ("次", "secondary"),
}


def strip(of: Strip, view: WallView, lang: Lang) -> html.Section:
    """All roads in the order of the registry: a road keeps its place, so that it is found again."""
    speed = view.indicators[of.speed]
    assumed = word("assumed", lang) if any(road.assumed for road in of.roads) else ""
    title = f"{word('roads', lang)} {len(of.roads)}" if of.roads else word("roads", lang)
    return html.Section(
        [
            head(title, html.Span(id="strip-span"), word("roads_note", lang), speed.unit, assumed),
            html.Div([_road(road, of, lang) for road in of.roads], id="roads", className="roads"),
        ],
        id="strip",
        className="panel strip",
    )


def _road(road: Road, of: Strip, lang: Lang) -> html.Div:
    dims = data(dims=f"road={road.id}")
    return html.Div(
        [
            html.Span(CLASSES.get(road.kind, ("", ""))[lang == "en"][:3], className="road-class"),
            html.Span(road.zh if lang == "zh" else road.en, className="road-name"),
            html.Canvas(className="road-history", **marks(of.state), **dims),
            html.Span(className="road-level"),
            html.Span(className="number", **marks(of.speed), **dims),
        ],
        id=f"road-{road.id}",
        className="road",
        **data(road=road.id),
    )
