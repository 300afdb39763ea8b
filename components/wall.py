"""A whole wall: which panels a scene has and in which column they stand."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dash import html

from components.command import gauges, orders, timeline
from components.district_map import district_map
from components.frame import said
from components.header import header, verdict
from components.marks import data, head
from components.strip import strip
from components.tables import feeds, processes, ranking, split
from components.tile import tile
from components.time_bar import time_bar
from components.trend import trend
from components.wall_ways import wall_ways
from components.ways import address
from components.words import TAGS, Lang, word
from ioc.web import Command, MapView, Named, WallView

MOST_TILES = 6  # below each other
FEW_TILES = 4  # beside a map: so many have room for the subdistricts below them
MOST_SPLITS = 2  # in one column with the feeds and the processes
LONGEST_ID = 40  # characters of an unknown scene that are repeated


def no_wall(scene: str, walls: Sequence[Named], lang: Lang) -> html.Div:
    """What stands in place of the wall of a scene that there is not: that it is so, and which walls there are."""
    links = [html.A(said(each, lang), href=address(f"/wall/{each.id}", lang, ""), className="way") for each in walls]
    home = html.A(word("home", lang), href=address("/", lang, ""), className="way")
    return html.Div(
        [
            html.H1(word("no_scene", lang).format(scene[:LONGEST_ID])),
            html.P(word("these_walls", lang)),
            html.Nav([*links, home], className="ways"),
        ],
        className="plain-page",
        lang=TAGS[lang],
    )


def wall(view: WallView, lang: Lang, walls: Sequence[Named] = (), asked: str = "") -> html.Div:
    """The wall of a view model, with the ways to `walls`; `asked` is the world that the address names.

    The centre has the map; without one the strip of roads and trends, or the trends. A wall that has a map and much
    beside it is `crowded`: its splits stand two by two, and of its feeds only those in trouble are listed (path.js).
    """
    if view.command and view.map:
        return _commanding(view, view.command, view.map, lang, walls, asked)
    centre = view.strip is not None and view.map is None
    plan = "with-map" if view.map else "with-strip" if centre else "without-map"
    if plan == "without-map":
        plan += (
            " many-tiles" if len(view.tiles) > MOST_TILES else " many-splits" if len(view.splits) > MOST_SPLITS else ""
        )
    low = view.map is not None and len(view.tiles) > FEW_TILES  # short tiles have the left column for themselves
    if view.map and (low or view.splits):
        plan += " crowded low-tiles" if low else " crowded"
    ranked = [ranking(view.ranking, view, lang)] if view.ranking else []
    tiles = html.Section(
        [
            head(word("indicators", lang), word("versus_yesterday", lang)),
            html.Div(
                [tile(view.indicators[name], lang, to=_indicator(name, view, lang)) for name in view.tiles],
                className="tiles",
            ),
        ],
        className="panel tile-panel",
    )
    trends = html.Div(
        [trend(view.indicators[name], lang) for name in view.trends],
        className=f"trends of-{len(view.trends)}",
    )
    return html.Div(
        [
            html.Div(className="edge"),
            header(view, lang),
            verdict(view, lang),
            html.Div([tiles, *([] if low else ranked)], className="column left"),
            html.Div(
                [
                    *([district_map(view.map, view, lang)] if view.map else []),
                    *([strip(view.strip, view, lang)] if view.strip and centre else []),
                    html.Div(word("trend_note", lang), className="note trends-note"),
                    trends,
                ],
                className="column centre",
            ),
            html.Div(
                [
                    *([strip(view.strip, view, lang)] if view.strip and not centre else []),
                    *(ranked if low else []),
                    *(split(each, view, lang) for each in view.splits),
                    feeds(lang),
                    processes(lang),
                ],
                className="column right",
                style={"--rows": rows_beside(view, low)},  # of a crowded wall
            ),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
            time_bar(lang),
            wall_ways(view.scene, walls, lang, asked),
        ],
        id="wall",
        className=f"wall {plan}",
        lang=TAGS[lang],
        **data(settings=json.dumps([view.settings(lang)], ensure_ascii=False)),
    )


def _commanding(  # noqa: PLR0917 - a view, two parts of it, and what every wall takes
    view: WallView, of: Command, on: MapView, lang: Lang, walls: Sequence[Named], asked: str
) -> html.Div:
    """The wall of a scene that commands a response: the map between what threatens and what is done, and its course."""
    return html.Div(
        [
            html.Div(className="edge"),
            header(view, lang),
            verdict(view, lang),
            html.Div(gauges(of, view, lang), className="column left"),
            html.Div([district_map(on, view, lang)], className="column centre"),
            html.Div(orders(of, view, lang), className="column right"),
            timeline(of, view, lang),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
            time_bar(lang),
            wall_ways(view.scene, walls, lang, asked),
        ],
        id="wall",
        className="wall commanding",
        lang=TAGS[lang],
        **data(settings=json.dumps([view.settings(lang)], ensure_ascii=False)),
    )


def rows_beside(view: WallView, ranked: bool) -> int:
    """Rows of two that a crowded wall has above its feeds: two for the subdistricts where they are `ranked` there, then
    the splits, of which one by several dimensions takes a row alone, and the processes."""
    cells = sum(2 if len(each.dimensions) > 1 else 1 for each in view.splits) + 1
    return (2 if ranked and view.ranking else 0) + (cells + 1) // 2


def _indicator(name: str, view: WallView, lang: Lang) -> str:
    """The page of an indicator, in the world that the wall shows."""
    return f"/indicator/{name}?world={view.world}" + ("&lang=en" if lang == "en" else "")
