"""The strip: every road with its state over the last hours, its level and its speed now."""

from __future__ import annotations

from dash import html

from components.marks import data, head, marks
from components.words import WORDS, Lang, word
from ioc.web import Road, Strip, WallView

CLASSES = {
    "expressway": ("快", "expressway"),
    "arterial": ("主", "arterial"),
    "secondary": ("次", "secondary"),
}


def strip(of: Strip, view: WallView, lang: Lang) -> html.Section:
    """All roads in the order of the registry: a road keeps its place, so that it is found again."""
    speed = view.indicators[of.speed]
    count = html.Span(
        str(len(of.roads)), id="road-count", className="number", **marks("road-count"), **data(derived="count")
    )
    return html.Section(
        [
            head(
                [f"{word('roads', lang)} ", count],
                html.Span(id="strip-span"),
                word("roads_note", lang),
                speed.unit_in(lang),
                assumptions(of, lang),
                word("mapless", lang) if view.mapless else "",
            ),
            html.Div([_road(road, of, lang) for road in of.roads], id="roads", className="roads"),
        ],
        id="strip",
        className="panel strip",
    )


def assumptions(of: Strip, lang: Lang) -> str:
    """Which attributes of the roads are assumptions, with the value where it is the same for all; empty if none is."""
    said = []
    for name, value in of.assumed:
        known = word(f"assumed_{name}", lang) if f"assumed_{name}" in WORDS else name
        said.append(known if value is None else word("assumed_each", lang).format(known, value))
    return word("assumed", lang).format(("、" if lang == "zh" else ", ").join(said)) if said else ""


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
