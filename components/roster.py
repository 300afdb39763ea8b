"""People and means: a week of shifts with its handovers, supplies and shelters; scripts write what stands there."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk import desk_frame
from components.desk_keys import dialog
from components.desk_words import word
from components.marks import data, head, named
from components.words import Lang
from ioc.web import DeskView

TABS = ("roster", "supply", "shelter")


def roster(view: DeskView, lang: Lang, asked: str = "") -> html.Div:
    """The page; the tab is kept in the address."""
    tabs = [
        html.Button(word(f"tab_{name}", lang), type="button", className="choice", **_tab(name, first=name == TABS[0]))
        for name in TABS
    ]
    bar = html.Section(
        [
            html.Div(tabs, className="choices"),
            html.Span(id="roster-now", className="roster-now"),
            html.Div(id="roster-acts", className="choices roster-acts"),
        ],
        className="panel filters",
    )
    body = html.Div(
        [
            html.Section(
                [
                    head(html.Span(word("week", lang), id="roster-title"), html.Span(id="roster-note")),
                    html.Div(id="roster-main", className="roster-main", tabIndex=0,
                             **named(word("roster", lang), "region")),
                ],
                className="panel roster-left",
            ),
            html.Div(
                [
                    html.Section(
                        [
                            head(html.Span(word("handovers", lang), id="roster-second")),
                            html.Ul(id="roster-side", className="box-list", tabIndex=0,
                                    **named(word("handovers", lang))),
                        ],
                        className="panel grows",
                    ),
                    html.Section(
                        [
                            head(word("edits", lang)),
                            html.Ul(id="roster-edits", className="box-list", tabIndex=0, **named(word("edits", lang))),
                        ],
                        className="panel grows",
                    ),
                ],
                className="column roster-right",
            ),
        ],
        className="roster-body",
    )  # fmt: skip
    box = html.Div(id="desk-box", hidden=True, **dialog("roster", lang))
    return desk_frame("roster", [bar, body, box], view, lang, asked=asked)


def _tab(name: str, *, first: bool) -> dict[str, Any]:
    return {"aria-pressed": str(first).lower(), **data(tab=name)}
