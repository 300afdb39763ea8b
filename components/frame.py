"""The frame of the pages that are read at a desk: the head with the ways there, and what says that nothing is live."""

from __future__ import annotations

from typing import Any

from dash import html

from components.marks import data
from components.ways import page_ways
from components.words import TAGS, Lang, word


def frame(name: str, body: list[Any], world: str, lang: Lang, *, asked: str = "", at: str = "") -> html.Div:
    """A page of one world. standing.js writes its states and values; `asked` is the world that the address names.

    `at`: the id of the page's root where it is not its name.
    """
    return html.Div(
        [
            html.Div(className="edge"),
            html.Header(
                [
                    html.H1([word("product", lang), html.Small(word(name, lang))]),
                    html.Span(word("connecting", lang), id="standing-mode", className="tag mode"),
                    html.Span(id="standing-at", className="note"),
                    page_ways(name, lang, asked),
                ],
                className="home-header",
            ),
            *body,
            html.Div(id="standing-out", className="overlay", hidden=True, role="alert"),
        ],
        id=at or name,
        className=f"reading {name}",
        lang=TAGS[lang],
        **data(standing=world),
    )


def said(of: Any, lang: Lang) -> str:
    """The name of something in the language of the page."""
    return str(of.zh if lang == "zh" else of.en)
