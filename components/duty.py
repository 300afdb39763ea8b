"""The duty desk: alarms at the left, the queue in the middle, what is chosen at the right."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk import desk_frame
from components.desk_keys import dialog, dialogs
from components.desk_words import word
from components.incident import dossier
from components.marks import data, head, named
from components.words import Lang
from ioc.web import DeskView


def duty(view: DeskView, lang: Lang, asked: str = "", *, handles: bool = False, unmasks: bool = False) -> html.Div:
    """The page; desk_list.js writes the queue, desk_dossier.js what is chosen, duty.js goes through it. `handles`: the
    visitor may act, not only look; `unmasks`: see personal data, with a reason."""
    body = [
        html.Div(
            [
                _alarms(lang),
                _queue(lang, handles=handles),
                dossier(view, lang),
            ],
            className="duty-body",
        ),
        *dialogs("duty", lang, handles=handles, unmasks=unmasks),
        *([html.Div(id="desk-new", hidden=True, **dialog("new", lang))] if handles else []),
    ]
    return desk_frame("duty", body, view, lang, asked=asked, tells=_tells())


def _tells() -> list[html.Div]:
    """In the head: the response level that stands, and the load of an operator."""
    return [
        html.Div(id="desk-response", className="desk-response", hidden=True),
        html.Div(id="duty-load", className="duty-load"),
    ]


def _alarms(lang: Lang) -> html.Section:
    return html.Section(
        [
            head(word("alarms", lang), html.Span(id="alarms-note")),
            html.Div(id="alarm-load", className="alarm-load"),
            html.Div(id="alarm-cards", className="alarm-cards", tabIndex=0, **named(word("alarms", lang), "group")),
        ],
        className="panel duty-alarms",
        id="duty-alarms",
        hidden=True,  # until somebody tells of alarms
    )


def _queue(lang: Lang, *, handles: bool) -> html.Section:
    pressed: dict[str, Any] = {"aria-pressed": "false"}
    sorts = [
        html.Button(word(f"sort_{value}", lang), type="button", className="choice",
                    **pressed, **data(ask="sort", value=value))
        for value in ("due", "level")
    ]  # fmt: skip
    mine = html.Button(word("mine", lang), type="button", className="choice", **pressed, **data(ask="mine", value="1"))
    new = [html.Button(word("new", lang), type="button", className="choice", **data(opens="n"))]
    search = html.Label(
        [
            html.Span(word("search", lang), className="unseen"),
            html.Span(id="desk-search", className="search-place", **data(placeholder=word("search", lang))),
        ],
        className="desk-search",
    )
    return html.Section(
        [
            html.Div(
                [html.H2(word("queue", lang)), html.Span(id="desk-total", className="note"),
                 html.Span(id="desk-range", hidden=True)],
                className="head",
            ),
            html.Div([*sorts, mine, *(new if handles else []), search], className="queue-choices"),
            html.P(id="desk-empty", className="empty", hidden=True),
            html.Div(id="desk-rows", className="desk-rows", tabIndex=0, **named(word("queue", lang), "group")),
        ],
        className="panel desk-list duty-queue",
    )  # fmt: skip
