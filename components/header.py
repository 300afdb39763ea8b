"""The head of a wall: live, replay or exercise; data age; scene; clock of the world; and the verdict below it."""

from __future__ import annotations

from dash import dcc, html

from components.marks import chip, data, marks
from components.words import Lang, word
from ioc.web import WallView


def header(view: WallView, lang: Lang) -> html.Header:
    """Who is shown, how fresh, at what time. All but the names is written by live.js."""
    library = f"/links?scene={view.scene}" + ("&lang=en" if lang == "en" else "")
    return html.Header(
        [
            html.Div(
                [
                    html.Span(word("connecting", lang), id="mode", className="tag mode", **marks("world-clock")),
                    html.Span(word("reconnecting", lang), id="reconnecting", className="tag mode", hidden=True),
                    html.Div([html.Span(id="mode-note"), html.Span(id="world-note")], className="stack mode-note"),
                    html.Div(
                        [
                            html.Span(id="data-age", **marks("data-age")),
                            html.Span(id="feed-count", **marks("feed-count")),
                        ],
                        className="stack",
                    ),
                ],
                className="header-left",
            ),
            html.H1([word("product", lang), html.Small(dcc.Link(view.zh if lang == "zh" else view.en, href=library))]),
            html.Div(
                [html.Span(id="wall-date", className="date"), html.Span(id="wall-clock", className="clock")],
                className="header-right",
            ),
        ],
        className="wall-header",
    )


def verdict(view: WallView | None, lang: Lang) -> html.Section:
    """One word, one count and what is over its limit, computed from the levels of the tiles and from nothing else.

    Of a wall with a strip of roads also how many are in which state.
    """
    strip = view.strip if view else None
    facts = [
        html.Div(
            [
                html.Span(word(f"state_{state}", lang), className="fact-name"),
                html.P(
                    [
                        html.Span(className="number", **marks(strip.state), **data(count=str(state), derived="count")),
                        html.Span(word("segments", lang), className="unit"),
                    ]
                ),
            ],
            className=f"fact state-{state}",
        )
        for state in (5, 4, 3, 2, 1)
        if strip
    ]
    return html.Section(
        [
            html.Div([html.Strong(id="verdict-word"), chip()], className="verdict-word"),
            html.Div([html.P(id="verdict-line"), html.P(id="verdict-detail")], className="verdict-text"),
            html.Div(facts, className="facts", id="facts"),
        ],
        id="verdict",
        className="verdict panel",
        **marks("verdict"),
    )
