"""The page of an indicator: its value now, how it comes about, what it rests on and whom it serves."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from components.coverage import indicator as line
from components.frame import frame, said
from components.home import address
from components.marks import data
from components.words import LEVELS, Lang, word
from ioc.web import DISTRICT, IndicatorView


def indicator(view: IndicatorView, world: str, lang: Lang, asked: str = "") -> html.Div:
    """Names and declaration come from the packs, value and states are written by standing.js."""
    of = view.measured
    library = address("/links", lang, asked)
    way = dcc.Link(word("in_library", lang), href=f"{library}{'&' if '?' in library else '?'}indicator={of.id}",
                   className="choice")  # fmt: skip
    head = html.Section(
        [html.H2([said(of, lang), html.Small(f"{of.id} v{view.version}")]), html.Div(way, className="facts-line")],
        className="panel filters",
    )
    left = html.Section(
        [
            _part("value_now", [line(of, lang, asked)], lang),
            _part("formula", [html.P(html.Code(view.formula), className="formula")], lang),
            _part("base_counts", [_base(each, lang) for each in view.bases], lang),
            _part("voucher", [html.P(html.Code(_voucher(of.id)), className="formula"),
                              html.P(word("voucher_note", lang), className="note")], lang),
        ],
        className="panel task-parts",
    )  # fmt: skip
    right = html.Section(
        [
            _part("facts", [_fact(word(f"fact_{key}", lang), text) for key, text in view.facts.items()], lang),
            _part("limits", [_fact(LEVELS[key][lang == "en"] if key in LEVELS else word("fact_on", lang), text)
                             for key, text in view.limits.items()], lang),
            _part("column_feeds", [_feed(each, lang) for each in view.feeds], lang),
            _part("situations", [_fact(said(each, lang), each.id) for each in view.situations], lang),
            _part("column_task", [_task(each, lang) for each in view.tasks], lang),
        ],
        className="panel task-parts",
    )  # fmt: skip
    return frame("indicator", [head, html.Div([left, right], className="task-body")], world, lang, asked=asked)


def _part(key: str, rows: list[Any], lang: Lang) -> html.Section:
    return html.Section(
        [html.H3(word(key, lang)), *(rows or [html.P(word("none_declared", lang), className="note")])], className="part"
    )


def _fact(name: str, text: str) -> html.Div:
    return html.Div([html.B(name), html.Span(text, className="fact-text")], className="fact-line")


def _base(of: Any, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(said(of, lang)), html.Code(of.id), html.Span(of.source, className="fact-text"), html.P(of.rule)],
        className="fact-line base",
    )


def _feed(of: Any, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(said(of, lang)), html.Code(of.id), html.Span(className="tag origin", hidden=True),
         html.Span(word("state_unknown", lang), className="state")],
        className="fact-line", **data(feed=of.id),
    )  # fmt: skip


def _task(of: tuple[int, str, str], lang: Lang) -> html.Div:
    there = address("/coverage", lang)
    name = of[2] if lang == "en" else of[1]
    return html.Div(
        dcc.Link(f"{of[0]} {name}", href=f"{there}{'&' if '?' in there else '?'}task={of[0]}"), className="fact-line"
    )


def _voucher(name: str) -> str:
    return f"ioc voucher '{name}/{DISTRICT}/WINDOW_END'"
