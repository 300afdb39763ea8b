"""The list of incidents and cases: filters, lines that desk_list.js writes, pages of fifty."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk import desk_frame
from components.desk_words import word
from components.frame import said
from components.marks import data, named
from components.ways import address
from components.words import Lang
from components.words import word as named_way
from ioc.web import DeskView

COLUMNS = ("level", "title", "stage", "owner", "received", "due")


def cases(view: DeskView, lang: Lang, asked: str = "") -> html.Div:
    """The page; `?state=`, `?kind=` ... are read by desk_list.js, which keeps them in the address."""
    body = [
        html.Section(
            [
                html.Div(_choices("state", ["open", "ended"], lang), className="choices"),
                _select("kind", [(kind, _named(of, lang)) for kind, of in view.names["cycles"].items()], lang),
                _select("level", [(str(level), word(f"level_{level}", lang)) for level in (4, 3, 2, 1, 0)], lang),
                _select("stage", _stages(view, lang), lang),
                _select("region", [(each.code, said(each, lang)) for each in view.chart.places], lang),
                _select("org", [(of["zh"], _named(of, lang)) for of in view.names["offices"]], lang),
                html.Button(word("overdue", lang), type="button", className="choice", **_pressed("overdue", "1")),
                html.Button(word("mine", lang), type="button", className="choice", **_pressed("mine", "1")),
                html.Div(_choices("sort", ["level", "due"], lang), className="choices"),
                html.Label(
                    [
                        html.Span(word("search", lang), className="unseen"),
                        html.Span(id="desk-search", **data(placeholder=word("search", lang)), className="search-place"),
                    ],
                    className="desk-search",
                ),
                html.A(named_way("evaluation", lang), href=address("/evaluation", lang, asked), className="choice"),
                html.Span(id="desk-total", className="facts-line"),
            ],
            className="panel filters",
        ),
        html.Section(
            [
                html.Div([html.Span(word(f"column_{name}", lang)) for name in COLUMNS], className="desk-row titles"),
                html.P(id="desk-empty", className="empty", hidden=True),
                html.Div(id="desk-rows", className="desk-rows", tabIndex=0, **named(word("cases", lang), "group")),
                html.Div(
                    [
                        html.Button(word("earlier", lang), type="button", id="desk-earlier", className="choice"),
                        html.Span(id="desk-range", className="note"),
                        html.Button(word("later", lang), type="button", id="desk-later", className="choice"),
                    ],
                    className="desk-pages",
                ),
            ],
            className="panel desk-list",
        ),
    ]
    return desk_frame("cases", body, view, lang, asked=asked)


def _named(of: Any, lang: Lang) -> str:
    return str(of["zh" if lang == "zh" else "en"])


def _stages(view: DeskView, lang: Lang) -> list[tuple[str, str]]:
    """Every stage once: two kinds may share a name."""
    found: dict[str, str] = {}
    for cycle in view.names["cycles"].values():
        for stage in cycle["stages"]:
            name = _named(stage, lang)
            known = found.get(stage["id"])
            found[stage["id"]] = name if known in {None, name} else f"{known} / {name}"
    return list(found.items())


def _pressed(name: str, value: str) -> dict[str, Any]:
    return {"aria-pressed": "false", **data(ask=name, value=value)}


def _choices(name: str, values: list[str], lang: Lang) -> list[html.Button]:
    return [
        html.Button(word(f"{name}_{value}", lang), type="button", className="choice", **_pressed(name, value))
        for value in values
    ]


def _select(name: str, options: list[tuple[str, str]], lang: Lang) -> html.Label:
    listed = [
        html.Option(
            f"{word(name, lang)}：{word('all', lang)}" if lang == "zh" else f"{word(name, lang)}: all", value=""
        )
    ]
    listed += [html.Option(text, value=value) for value, text in options]
    return html.Label(
        [
            html.Span(word(name, lang), className="unseen"),
            html.Select(listed, className="desk-select", **data(ask=name)),
        ]
    )
