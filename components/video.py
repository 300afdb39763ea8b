"""Who watches which camera, as a panel of the page of the screens; assets/video_watching.js writes it."""

from __future__ import annotations

from dash import html

from components.screens_words import word
from components.words import Lang


def watching(lang: Lang) -> html.Section:
    """The panel, empty: a line for each camera and person."""
    return html.Section(
        [
            html.Div([html.H2(word("watching", lang)), html.Span(id="video-note", className="note")], className="head"),
            html.Div(id="video-watching"),
        ],
        className="panel",
    )
