"""The home page on a tablet: a card per wall that the visitor may open, with the scene's state as it stands now."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dash import dcc, html

from components.marks import data
from components.tile import tile
from components.words import Lang, word
from ioc.web import WallView


def home(views: Sequence[WallView], lang: Lang, roles: Sequence[str] = ()) -> html.Div:
    """Cards in the order of the scenes; each leads with the tiles of its wall and is a link as a whole.

    Who may open no wall reads so, with the names of the roles, and no live path is opened.
    """
    if not views:
        return _without(lang, roles)
    query = "?lang=en" if lang == "en" else ""
    cards = [
        dcc.Link(
            [
                html.Div(
                    [html.H2(view.zh if lang == "zh" else view.en), html.Span(word("open_wall", lang), className="go")],
                    className="card-head",
                ),
                html.Div([tile(view.indicators[name], lang) for name in view.tiles[:3]], className="tiles"),
            ],
            href=f"/wall/{view.scene}{query}",
            className="card panel",
            id=f"card-{view.scene}",
        )
        for view in views
    ]  # fmt: skip
    return html.Div(
        [
            html.Div(className="edge"),
            html.Header(
                [
                    html.H1(word("product", lang)),
                    html.Span(word("connecting", lang), id="mode", className="tag mode"),
                    html.Span(id="mode-note", className="mode-note"),
                    html.Span(id="world-note", hidden=True),
                    html.Span(id="data-age", className="age"),
                    html.Span(id="feed-count", className="age"),
                    html.Span(id="wall-clock", className="clock"),
                ],
                className="home-header",
            ),
            html.P(word("home_note", lang), className="home-note"),
            html.Div(cards, className="cards"),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
        ],
        id="home",
        className="home",
        lang="en" if lang == "en" else "zh-CN",
        **data(settings=json.dumps([view.settings(lang) for view in views], ensure_ascii=False)),
    )


def _without(lang: Lang, roles: Sequence[str]) -> html.Div:
    said = [html.P(f"{word('role', lang)}{'：' if lang == 'zh' else ': '}{'、'.join(roles)}")] if roles else []
    return html.Div(
        [
            html.Header(html.H1(word("product", lang)), className="home-header"),
            html.Section([html.H2(word("home_none", lang)), *said], className="panel no-wall"),
        ],
        id="home",
        className="home empty-home",
        lang="en" if lang == "en" else "zh-CN",
    )
