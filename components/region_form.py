"""The form of a region: its community if it is a committee, population and area, and all that was said before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dash import dcc, html

from components.frame import frame, said
from components.regions import edition_line, spoken
from components.ways import address
from components.words import Lang, word
from ioc.web import REGION_NUMBERS, RegionForm

COMMUNITY = ("zh", "code", "en")
NUMBER = ("value", "year", "source")


def region_form(of: RegionForm, world: str, lang: Lang) -> html.Div:
    """Each book is saved by itself: its fields, a button, and what was said of the last change."""
    line = of.line
    parts = [] if line.level != "committee" else [_book("communities", _community(line.facts, lang), lang)]
    parts.append(_book("numbers", _numbers(line.facts, lang), lang))
    form = html.Section(
        [
            html.H2([said(line, lang), html.Small(line.code)]),
            *parts,
            html.P(id="region-said", role="status"),
            html.Div(
                dcc.Link(word("back_regions", lang), href=address("/regions", lang), className="choice"),
                className="filter",
            ),
        ],
        className="panel link-form",
    )
    past = html.Section(
        [html.H2(word("editions", lang)), html.Div(region_past(of, lang), id="region-past")],
        className="panel link-form",
    )
    page = frame("regions", [html.Div([form, past], className="task-body")], world, lang, at="region-edit")
    page.children.append(dcc.Store(id="region-place", data={"code": line.code, "seen": dict(of.seen), "lang": lang}))
    return page


def region_table(book: str, edition: int, text: str, world: str, lang: Lang) -> html.Div:
    """A whole book as one text, to be filled in or pasted: checked first, saved whole or not at all."""
    buttons = [
        html.Button(word(action, lang), id=f"table-{action}", type="button", className="choice", n_clicks=0)
        for action in ("check", "save")
    ]
    way = dcc.Link(word("back_regions", lang), href=address("/regions", lang), className="choice")
    form = html.Section(
        [
            html.H2([word(f"region_{book}", lang), html.Small(word("whole_table", lang))]),
            html.Label(word("table_note", lang), htmlFor="table-text"),
            dcc.Textarea(text, id="table-text", spellCheck=False, wrap="off"),
            html.Div([*buttons, way], className="filter"),
            html.P(id="table-said", role="status"),
        ],
        className="panel link-form",
    )
    page = frame("regions", [form], world, lang, at="region-table")
    page.children.append(dcc.Store(id="table-place", data={"book": book, "seen": edition, "lang": lang}))
    return page


def region_past(of: RegionForm, lang: Lang) -> list[Any]:
    """All that was ever entered of the region, the newest first."""
    lines = [edition_line(each.edition, lang, spoken(each.fact, each.body, lang)) for each in of.history]
    return lines or [html.P(word("no_editions", lang), className="note")]


def _book(book: str, rows: list[Any], lang: Lang) -> html.Div:
    return html.Div(
        [
            html.H3([word(f"region_{book}", lang), html.Span(word("empty_takes_away", lang))]),
            *rows,
            html.Div(
                html.Button(
                    word("save", lang), id={"region-save": book}, type="button", className="choice", n_clicks=0
                ),
                className="filter",
            ),
        ],
        className="part",
    )


def _community(facts: Mapping[str, Mapping[str, Any]], lang: Lang) -> list[Any]:
    body = facts.get("community", {})
    return [_row(f"community_{name}", name, str(body.get(name, "")), lang) for name in COMMUNITY]


def _numbers(facts: Mapping[str, Mapping[str, Any]], lang: Lang) -> list[Any]:
    return [
        _row(f"{name}_{part}", f"{name}_{part}", str(facts.get(name, {}).get(part) or ""), lang)
        for name in REGION_NUMBERS
        for part in NUMBER
    ]


def _row(title: str, name: str, text: str, lang: Lang) -> html.Div:
    place = {"region": name}
    written = json.dumps(place, separators=(",", ":"))  # as Dash writes the id into the document
    return html.Div(
        [
            html.Label(word(f"field_{title}", lang), htmlFor=written),
            dcc.Input(text, id=place, type="text", maxLength=200, autoComplete="off"),
        ],
        className="form-row",
    )
