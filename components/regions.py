"""Regions: what the district says of each (community, population, area), what it has not said, and the editions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from components.frame import frame, said
from components.marks import data
from components.moment import moment
from components.ways import address
from components.words import Lang, word
from ioc.web import REGION_NUMBERS, Edition, RegionLine, RegionsView


def regions(view: RegionsView, world: str, lang: Lang, *, asked: str = "", edits: bool = False) -> html.Div:
    """All regions, each below the one that it lies in. `edits`: the visitor may change what is said of them."""
    titles = ("region", "community", *REGION_NUMBERS)
    table = html.Section(
        [
            html.Div([html.Span(word(f"region_{name}", lang)) for name in titles], className="region-row titles"),
            html.Div(region_rows(view, lang, edits=edits), id="region-rows", className="task-rows"),
        ],
        className="panel task-list",
    )
    past = html.Section(
        [
            html.Div(books(view, lang, edits=edits), id="region-books", className="task-parts"),
            html.P(id="regions-said", role="status", className="note"),
        ],
        className="panel task-details",
    )
    bar = html.Section(summary(view, lang), id="region-summary", className="panel filters")
    page = frame("regions", [bar, html.Div([table, past], className="task-body")], world, lang, asked=asked)
    seen = {name: book.edition for name, book in view.books.items()}
    page.children.append(dcc.Store(id="regions-seen", data={"seen": seen, "lang": lang}))
    return page


def summary(view: RegionsView, lang: Lang) -> list[Any]:
    """How much of each book is filled in; that it is empty is said in words."""
    return [
        html.Span(
            word(f"empty_{name}", lang)
            if not book.entered
            else word("region_filled", lang).format(word(f"region_{name}", lang), book.said, book.all),
            className="tag" if not book.entered else "",
            **data(book=name, entered=str(book.entered)),
        )
        for name, book in view.books.items()
    ]


def region_rows(view: RegionsView, lang: Lang, *, edits: bool) -> list[Any]:
    """One row for each region."""
    return [_row(line, lang, edits=edits) for line in view.lines]


def books(view: RegionsView, lang: Lang, *, edits: bool) -> list[Any]:
    """The newest editions of each book, and the way back for who may go it."""
    return [
        html.Div(
            [
                html.H3(
                    [
                        word(f"region_{name}", lang),
                        html.Span(f"v{book.edition}"),
                        *(_ways(name, book.edition, lang) if edits else []),
                    ]
                ),
                *(edition_line(each, lang) for each in book.editions),
                *([] if book.editions else [html.P(word("no_editions", lang), className="note")]),
            ],
            className="part",
        )
        for name, book in view.books.items()
    ]


def edition_line(of: Edition, lang: Lang, what: str = "") -> html.Div:
    """Number, who, when, and what: how many facts and why, or `what`."""
    told = [what] if what else [word("facts_changed", lang).format(of.facts), of.note]
    back = [] if of.restores is None else [word("restored", lang).format(of.restores)]
    return html.Div(
        [
            html.B(f"v{of.number}"),
            html.Span(of.by),
            html.Span(moment(of.at_ms)),
            html.Span("  ".join(filter(None, [*back, *told])), className="fact-text"),
        ],
        className="fact-line",
    )


def spoken(name: str, body: Mapping[str, Any] | None, lang: Lang) -> str:
    """What is said of a region in a line: `91,000 (2020, 七普)`, `甲社区 S1`; a dash for what was taken away."""
    if body is None:
        return f"{word(f'region_{name}', lang)} –"
    if name == "community":
        return _words(body["en"] if lang == "en" and body["en"] else body["zh"], body["code"])
    return f"{word(f'region_{name}', lang)} {_figure(body['value'])} ({body['year']}, {body['source']})"


def _row(line: RegionLine, lang: Lang, *, edits: bool) -> html.Div:
    way = html.A(word("edit", lang), href=address(f"/regions/edit/{line.code}", lang), className="onward")
    community = line.facts.get("community")
    empty = html.Span(word("not_filled", lang) if line.level == "committee" else "", className="nothing")
    return html.Div(
        [
            html.Span([html.Code(line.code), html.B(said(line, lang))], className=f"region-name depth-{line.depth}"),
            html.Span(spoken("community", community, lang)) if community else empty,
            *(_number(line.facts.get(name), lang) for name in REGION_NUMBERS),
            *([way] if edits else []),
        ],
        className=f"region-row is-{line.level}",
        **data(code=line.code),
    )


def _number(body: Mapping[str, Any] | None, lang: Lang) -> html.Span:
    if body is None:
        return html.Span(word("not_filled", lang), className="nothing")
    return html.Span([html.B(_figure(body["value"])), html.Small(_words(str(body["year"] or ""), body["source"]))])


def _ways(book: str, edition: int, lang: Lang) -> list[Any]:
    undo = html.Button(word("undo", lang), id={"region-undo": book}, type="button", className="choice", n_clicks=0)
    table = html.A(word("whole_table", lang), href=address(f"/regions/table/{book}", lang), className="choice")
    return [table, *([undo] if edition else [])]


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


def _words(*parts: str) -> str:
    kept: Sequence[str] = [part for part in parts if part]
    return " ".join(kept)
