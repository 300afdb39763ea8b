"""The frame of the pages of the desk: the head with clock and ways, live settings, and the names that scripts use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dash import html

from components.desk_words import word as desk_word
from components.marks import data, marks
from components.ways import page_ways
from components.words import TAGS, Lang, word
from ioc.web import DeskView


def desk_frame(
    name: str, body: Sequence[Any], view: DeskView, lang: Lang, *, asked: str = "", way: str = "",
    tells: Sequence[Any] = (),
) -> html.Div:  # fmt: skip
    """A page of the desk. desk.js and its parts write everything that changes; `way`: the page's own name among the
    ways, where it is not `name`; `asked`: the world that the address names; `tells`: what stands in the
    head besides."""
    polite: dict[str, Any] = {"aria-live": "polite"}
    said: dict[str, Any] = data(names=json.dumps(view.names, ensure_ascii=False), world=view.world)
    return html.Div(
        [
            html.Div(className="edge"),
            _header(name, lang, way or name, asked, tells),
            *body,
            html.Div(id="desk-said", role="status", className="screens-said", hidden=True, **polite),
            html.Div(id="overlay", className="overlay", hidden=True, role="alert"),
            html.Div(id="desk-names", hidden=True, **said),
        ],
        id=name,
        className=f"reading desk {name}",
        lang=TAGS[lang],
        **data(settings=view.settings(lang), desk=name),
    )


def _header(name: str, lang: Lang, way: str, asked: str, tells: Sequence[Any]) -> html.Header:
    return html.Header(
        [
            html.H1([word("product", lang), html.Small(desk_word(name, lang))]),
            html.Span(word("connecting", lang), id="mode", className="tag mode", **marks("world-clock")),
            html.Span(word("reconnecting", lang), id="reconnecting", className="tag mode", hidden=True),
            html.Span(id="desk-age", className="tag dashed", hidden=True, role="status"),
            html.Div([html.Span(id="mode-note"), html.Span(id="world-note")], className="stack mode-note"),
            html.Div(
                [html.Span(id="data-age", **marks("data-age")), html.Span(id="feed-count", **marks("feed-count"))],
                className="stack desk-feeds",
            ),
            *tells,
            page_ways(way, lang, asked),
            html.Div(
                [html.Span(id="wall-date", className="date"), html.Span(id="wall-clock", className="clock")],
                className="header-right",
            ),
        ],
        className="home-header",
    )
