"""The page of one incident or case: places that desk_dossier.js fills, and the map with its place."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk import desk_frame
from components.desk_keys import dialogs
from components.desk_words import word
from components.district_map import district_map
from components.marks import data, head, named
from components.words import Lang
from ioc.web import DeskView


def incident(
    view: DeskView, name: str, lang: Lang, asked: str = "", *, handles: bool = False, unmasks: bool = False
) -> html.Div:
    """The page of the dossier with this id; whether there is one is known when it is fetched. `handles`: the visitor
    may act, not only look; `unmasks`: see personal data, with a reason."""
    body = [dossier(view, lang), *dialogs("incident", lang, handles=handles, unmasks=unmasks)]
    page = desk_frame("incident", body, view, lang, asked=asked, way="cases")
    props: dict[str, Any] = data(dossier=name)
    for key, value in props.items():
        setattr(page, key, value)
    return page


def dossier(view: DeskView, lang: Lang) -> html.Div:
    """The places of a dossier."""
    of = view.chart.map
    assert of is not None  # noqa: S101 - these pages have one; for the type checker
    polite: dict[str, Any] = {"aria-live": "polite"}
    return html.Div(
        [
            html.Section(
                [
                    html.Div(id="dossier-head", className="dossier-head"),
                    html.Ol(id="dossier-ladder", className="ladder"),
                    html.Div(id="dossier-clock", className="dossier-clock"),
                ],
                className="panel dossier-top",
            ),
            html.P(id="dossier-none", className="panel empty", hidden=True),
            html.Div(
                [
                    html.Section(
                        [
                            head(word("moves", lang), html.Span(id="moves-note")),
                            html.Div(id="dossier-faster", className="faster", hidden=True, role="alert", **polite),
                            html.Div(id="dossier-moves", className="dossier-moves"),
                            html.Div(id="dossier-form"),
                            html.Div(id="dossier-tools", className="choices dossier-tools"),
                        ],
                        className="panel",
                    ),
                    html.Section(
                        [head(word("plan", lang), html.Span(id="plan-note")),
                         html.Div(html.P(word("no_plan", lang), className="empty"), id="plan")],
                        className="panel dossier-plan",
                    ),
                    html.Section(
                        [head(word("facts", lang)), html.Dl(id="dossier-facts", className="dossier-facts")],
                        className="panel grows",
                    ),
                ],
                className="column dossier-left",
            ),
            district_map(of, view.chart, lang),
            html.Div(
                [
                    html.Section(
                        [
                            head(word("steps", lang), html.Span(id="steps-count")),
                            html.Ol(id="dossier-steps", className="dossier-steps", tabIndex=0,
                                    **named(word("steps", lang))),
                        ],
                        className="panel grows",
                    ),
                    html.Section(
                        [
                            head(word("notices", lang), html.Span(id="notices-count")),
                            html.Ol(id="dossier-notices", className="dossier-notices"),
                        ],
                        className="panel",
                    ),
                    html.Section(
                        [
                            head(word("around", lang), html.Span(id="around-note")),
                            html.Div(id="dossier-around", className="dossier-around", tabIndex=0,
                                     **named(word("around", lang), "group")),
                        ],
                        className="panel",
                    ),
                ],
                className="column dossier-right",
            ),
        ],
        className="dossier",
        id="dossier",
    )  # fmt: skip
