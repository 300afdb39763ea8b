"""The home page: one world at a glance. A card per wall, what is over its limit, the feeds and the processes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dash import dcc, html

from components.district_map import district_map
from components.header import clock, verdict
from components.marks import chip, data, head
from components.tables import feeds, processes
from components.tile import tile
from components.time_bar import time_bar
from components.trend import trend
from components.ways import address, page_ways
from components.words import TAGS, Lang, word
from ioc.web import HomeView, Named, WallView

TRENDS = 3  # of a scene that has the page to itself; 2 where two stand beside each other
FEW = 2  # scenes whose cards show every tile; of more each shows its headline, the line of that and two more numbers
BESIDE = 2


def home(of: HomeView, lang: Lang) -> html.Div:
    """Everything but names is written by live.js, from the topics of one world: a screen shows one and says which."""
    places = [
        *(_elsewhere(*each, lang) for each in of.elsewhere),
        *(_unfed(each, of, lang) for each in of.unfed),
        *(_without(each, lang) for each in of.without),
    ]
    return html.Div(
        [
            html.Div(className="edge"),
            _header(of, lang),
            verdict(None, lang),
            html.Div(
                [_card(view, of, lang) for view in of.walls] or [html.P(word("home_empty", lang), className="panel")],
                className=f"cards of-{len(of.walls)}{'' if len(of.walls) <= FEW else ' many'}",
            ),
            *([html.Nav(places, className="places")] if places else []),
            html.Div([_over(lang), *_map(of, lang), feeds(lang), processes(lang)], className="column home-side"),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
            time_bar(lang),
        ],
        id="home",
        className="home",
        lang=TAGS[lang],
        **data(settings=json.dumps([view.settings(lang) for view in of.walls], ensure_ascii=False)),
    )


def nothing(lang: Lang, roles: Sequence[str] = ()) -> html.Div:
    """What a role reads that may open no wall: so it is said, with the names of the roles; no live path is opened."""
    said = [html.P(f"{word('role', lang)}{'：' if lang == 'zh' else ': '}{'、'.join(roles)}")] if roles else []
    return html.Div(
        [
            html.Header(html.H1(word("product", lang)), className="home-header"),
            html.Section([html.H2(word("home_none", lang)), *said, page_ways("home", lang)], className="panel no-wall"),
        ],
        id="home",
        className="home empty-home",
        lang=TAGS[lang],
    )


def _header(of: HomeView, lang: Lang) -> html.Header:
    ways = [
        dcc.Link(
            _kind(world, kind, lang),
            href=address("/", lang, world),
            className=f"way{' here' if world == of.world else ''}",
        )
        for world, kind in of.worlds
    ]
    return html.Header(
        [
            html.H1(word("product", lang)),
            html.Span(word("connecting", lang), id="mode", className="tag mode"),
            html.Div([html.Span(id="mode-note"), html.Span(id="world-note")], className="stack mode-note"),
            html.Div([html.Span(id="data-age"), html.Span(id="feed-count")], className="stack home-age"),
            page_ways("home", lang),
            *([html.Nav([html.Span(word("worlds", lang)), *ways], className="ways")] if len(ways) > 1 else []),
            clock(lang),
        ],
        className="home-header",
    )  # fmt: skip


def _kind(world: str, kind: str, lang: Lang) -> str:
    return word(f"world_{kind}", lang) + (f" {world}" if world != kind else "")


def _card(view: WallView, of: HomeView, lang: Lang) -> dcc.Link:
    most = TRENDS if len(of.walls) == 1 else TRENDS - 1
    tiles, trends = view.tiles, view.trends[:most]
    if len(of.walls) > FEW:
        trends = view.trends[:1]
        tiles = (*trends, *[name for name in view.tiles if name not in trends][:BESIDE])
    return dcc.Link(
        [
            html.Div(
                [
                    html.H2(view.zh if lang == "zh" else view.en),
                    html.Span(chip(), **data(scene=view.scene)),
                    html.Span(word("open_wall", lang), className="go"),
                ],
                className="card-head",
            ),
            html.Div([tile(view.indicators[name], lang) for name in tiles], className=f"tiles have-{len(tiles)}"),
            html.Div([trend(view.indicators[name], lang) for name in trends], className="trends"),
        ],
        href=address(f"/wall/{view.scene}", lang, of.world if of.asked else ""),
        className="card panel",
        id=f"card-{view.scene}",
    )


def _map(of: HomeView, lang: Lang) -> list[html.Section]:
    """The map of the first scene that has one."""
    return [district_map(view.map, view, lang) for view in of.walls if view.map][:1]


def _over(lang: Lang) -> html.Section:
    """What is over its limit now, worst first; live.js makes the rows."""
    return html.Section(
        [
            head(word("over", lang), word("over_note", lang)),
            html.Div(id="over", className="rows", **data(indicator="over")),
            html.P(id="over-none", className="note"),
        ],
        className="panel over",
    )


def _elsewhere(scene: Named, world: str, kind: str, lang: Lang) -> dcc.Link:
    return dcc.Link(
        [
            html.B(scene.zh if lang == "zh" else scene.en),
            html.Span(word("elsewhere", lang).format(_kind(world, kind, lang))),
        ],
        href=address(f"/wall/{scene.id}", lang, world),
        className="place panel way-out",
    )


def _unfed(scene: Named, of: HomeView, lang: Lang) -> dcc.Link:
    return dcc.Link(
        [html.B(scene.zh if lang == "zh" else scene.en), html.Span(word("unfed", lang))],
        href=address(f"/wall/{scene.id}", lang, of.world if of.asked else ""),
        className="place panel",
    )


def _without(scene: Named, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(scene.zh if lang == "zh" else scene.en), html.Span(word("without", lang))], className="place panel"
    )
