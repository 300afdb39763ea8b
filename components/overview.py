"""The overview: the verdict, every scene's state, the map, what matters now and where it is heading, on one wall."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dash import html

from components.command import gauges, orders, response_block, telling, timeline
from components.district_map import district_map
from components.header import header
from components.marks import chip, data, head, marks, number
from components.strip import strip
from components.tables import ranking, split
from components.tile import tile
from components.time_bar import time_bar
from components.trend import trend
from components.wall_ways import wall_ways
from components.words import TAGS, Lang, word
from ioc.web import Indicator, Named, OverviewView, Rows, SceneRow, WallView


def overview(of: OverviewView, lang: Lang, walls: Sequence[Named] = (), asked: str = "") -> html.Div:
    """The wall of all scenes, with the ways to `walls`; `asked` is the world that the address names.

    Everything but names is written by overview.js and attention.js.
    """
    return html.Div(
        [
            html.Div(className="edge"),
            header(of, lang),
            wall_ways("overview", walls, lang, asked),
            _verdict(of, lang),
            html.Div([_scenes(of, lang)], className="column left"),
            html.Div(
                [
                    *(district_map(of.map, view, lang) for view in of.walls if view.map and of.map),
                    html.Div(
                        [html.Div(trend(of.indicators[each.indicator], lang), className=f"placed when-{each.when}")
                         for each in of.trends],
                        className="trends",
                    ),
                ],
                className="column centre",
            ),
            html.Div(
                [_attention(lang), html.Div([_rows(each, of, lang) for each in of.lists], className="lists")],
                className="column right",
            ),
            *([_beside(of.beside, lang)] if of.beside else []),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
            time_bar(lang),
        ],
        id="wall",
        className=f"wall overview{' with-beside' if of.beside else ''}",
        lang=TAGS[lang],
        **data(settings=json.dumps(of.settings(lang), ensure_ascii=False), attention=of.world),
    )  # fmt: skip


def _beside(view: WallView, lang: Lang) -> html.Div:
    """The wall of a scene without its head and its map: the overview beside it has both."""
    if view.command:
        return html.Div(
            [
                html.Div(gauges(view.command, view, lang), className="column"),
                html.Div(orders(view.command, view, lang), className="column"),
                timeline(view.command, view, lang),
            ],
            className="scene-beside commands",
        )
    tiles = html.Section(
        [
            head(view.zh if lang == "zh" else view.en, word("versus_yesterday", lang)),
            html.Div([tile(view.indicators[name], lang) for name in view.tiles], className="tiles"),
        ],
        className="panel tile-panel",
    )
    middle = [strip(view.strip, view, lang)] if view.strip else []
    trends = html.Div([trend(view.indicators[name], lang) for name in view.trends],
                      className=f"trends of-{len(view.trends)}")  # fmt: skip
    splits = [split(each, view, lang) for each in view.splits]
    return html.Div(
        [
            html.Div([tiles, *([ranking(view.ranking, view, lang)] if view.ranking else [])], className="column"),
            html.Div([*middle, trends], className="column"),
            *([html.Div(splits, className="column")] if splits else []),
        ],
        className=f"scene-beside{' several' if splits else ''}",
    )


def _verdict(of: OverviewView, lang: Lang) -> html.Section:
    """The word or, while a response is in force, its block: the only filled surface of the wall. Then the sentence,
    what to watch, and a few facts."""
    block = response_block(of.response, lang)
    facts = [
        html.Div(
            [
                html.Span(_named(of.indicators[each.indicator], lang), className="fact-name"),
                html.P(
                    [number(each.indicator), html.Span(of.indicators[each.indicator].unit_in(lang), className="unit")],
                    className="value",
                ),
                html.P([chip(), html.Span(className="compare")], className="fact-note"),
            ],
            className=f"fact placed when-{each.when}",
            **data(fact=each.indicator),
        )
        for each in of.facts
    ]  # fmt: skip
    return html.Section(
        [
            block,
            html.Div([html.Strong(id="district-word"), html.Span(id="district-at", className="note")],
                     className="verdict-word"),
            html.Div([html.P(id="district-line"), html.P(id="district-watch")], className="verdict-text"),
            html.Div(facts, className="facts"),
        ],
        id="district",
        className="verdict panel",
        **marks("verdict"),
    )  # fmt: skip


def _scenes(of: OverviewView, lang: Lang) -> html.Section:
    return html.Section(
        [
            head(_scene_title(len(of.scenes), lang), word("scenes_note", lang)),
            html.Div([_scene(row, lang) for row in of.scenes], className="scene-rows"),
        ],
        className="panel scenes",
    )


def _scene_title(count: int, lang: Lang) -> str:
    digits = "零一二三四五六七八九十"
    return word("scenes_count", lang).format(digits[count] if lang == "zh" and count < len(digits) else count)


def _scene(row: SceneRow, lang: Lang) -> html.Article:
    """A scene: name, state, how many of its indicators are over, and its numbers in places that are refilled."""
    places = [
        html.Div(
            [
                html.H4(),
                html.P([html.Span(className="number"), html.Span(className="unit")], className="value"),
                html.P([chip(), html.Span(className="compare"), html.Span(className="target")], className="slot-note"),
            ],
            className=f"slot{' wide-only' if at >= len(row.numbers) else ''}",
        )
        for at in range(len(row.numbers) + (row.wide is not None))
    ]
    return html.Article(
        [
            html.Div(
                [html.H3(row.zh if lang == "zh" else row.en), chip(), html.Span(className="scene-count")],
                className="scene-head",
            ),
            html.Div(places, className=f"slots of-{len(row.numbers)}"),
        ],
        id=f"scene-{row.id}",
        className="scene",
        **data(scene=row.id),
    )


def _attention(lang: Lang) -> html.Section:
    """What matters now: attention.js makes the rows; in calm times it says that there is nothing."""
    return html.Section(
        [
            head(word("attention", lang), html.Span(id="attention-note")),
            html.Div(id="attention", className="attention-rows"),
            html.P(id="attention-none", className="note"),
        ],
        className="panel attention",
    )


def _rows(of: Rows, view: OverviewView, lang: Lang) -> html.Section:
    rows = [telling(view.indicators[name], lang) for name in of.indicators]
    return html.Section(
        [head(of.zh if lang == "zh" else of.en), html.Div(rows, className="tellings")],
        id=f"list-{of.id}",
        className=f"panel list placed when-{of.when}",
    )


def _named(indicator: Indicator, lang: Lang) -> str:
    return indicator.zh if lang == "zh" else indicator.en
