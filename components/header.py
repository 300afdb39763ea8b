"""The head of a wall: live, replay or exercise; data age; scene; clock of the world; and the verdict below it."""

from __future__ import annotations

from dash import dcc, html

from components.command import response_block
from components.marks import chip, data, marks
from components.words import Lang, word
from ioc.web import OverviewView, WallView

WORST = 4  # indicators over their limits that have no tile, beside the verdict of a scene


def header(view: WallView | OverviewView, lang: Lang) -> html.Header:
    """Who is shown, how fresh, at what time. All but the names is written by live.js."""
    about = f"/links?scene={view.scene}&" if isinstance(view, WallView) else "/links?"
    library = (about + ("lang=en" if lang == "en" else "")).rstrip("?&")
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
            clock(lang, html.Span(id="wall-control", className="tag wall-control", hidden=True)),
        ],
        className="wall-header",
    )


def clock(lang: Lang, *before: html.Span) -> html.Div:
    """The time of the world that is shown, and beside it the real one while that is the past; it calls the time bar."""
    return html.Div(
        [
            *before,
            html.Span(id="real-clock", className="real-clock", hidden=True),
            html.Span(id="wall-date", className="date"),
            html.Button(id="wall-clock", type="button", className="clock wall-clock-button", title=word("bar", lang)),
        ],
        className="header-right",
    )


def verdict(view: WallView | None, lang: Lang) -> html.Section:
    """One word, one count and what is over its limit, computed from the levels of all that is judged of the scene.

    Of a wall with a strip of roads also how many are in which state; of another the worst that has no tile.
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
    worst = [
        html.Div(
            [
                html.Span(className="fact-name"),
                html.P(
                    [html.Span(className="number", **marks("worst")), html.Span(className="unit")], className="value"
                ),
                html.P([chip(), html.Span(className="compare")], className="fact-note"),
            ],
            className="fact worst placed",
            hidden=True,
            **data(worst=str(at)),
        )
        for at in range(WORST)
        if not strip
    ]
    return html.Section(
        [
            *([response_block(view.command.response, lang)] if view and view.command else []),
            html.Div([html.Strong(id="verdict-word"), chip()], className="verdict-word"),
            html.Div([html.P(id="verdict-line"), html.P(id="verdict-detail")], className="verdict-text"),
            html.Div([*facts, *worst], className="facts", id="facts"),
        ],
        id="verdict",
        className="verdict panel",
        **marks("verdict"),
    )
