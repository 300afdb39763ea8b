"""The pages of plans: the list with the runs that go on, and one plan with its steps, versions, draft and history."""

from __future__ import annotations

from typing import Any

from dash import html

from components.desk import desk_frame
from components.desk_words import word
from components.marks import data, head, named
from components.words import Lang
from ioc.web import DeskView


def plans(view: DeskView, lang: Lang, asked: str = "") -> html.Div:
    """The list; plans.js writes its lines."""
    body = html.Div(
        [
            html.Section(
                [head(word("plans_list", lang), html.Span(id="plans-note")),
                 _rows("plans-rows", "plans_list", lang)],
                className="panel",
            ),
            html.Section(
                [head(word("plans_runs", lang), html.Span(id="plans-runs-note")),
                 _rows("plans-runs", "plans_runs", lang)],
                className="panel",
            ),
        ],
        className="plans-body",
    )  # fmt: skip
    return desk_frame("plans", [body], view, lang, asked=asked)


def plan(view: DeskView, name: str, lang: Lang, asked: str = "", *, edits: bool, publishes: bool) -> html.Div:
    """One plan. `edits`, `publishes`: what the visitor may do with it."""
    graph = html.Section(
        [head(word("plan_steps", lang), html.Span(id="plan-about")),
         html.Div(id="plan-graph", className="plan-graph", tabIndex=0, **named(word("plan_steps", lang), "group"))],
        className="panel plan-graph-panel",
    )  # fmt: skip
    side = html.Div(
        [
            html.Section(
                [head(word("plan_versions", lang)),
                 _rows("plan-versions", "plan_versions", lang)],
                className="panel",
            ),
            html.Section(
                [head(word("plans_runs", lang)),
                 _rows("plans-runs", "plans_runs", lang)],
                className="panel",
            ),
        ],
        className="plan-side",
    )  # fmt: skip
    body = html.Div([graph, _editor(lang, publishes=publishes, edits=edits), side], className="plan-body")
    page = desk_frame("plan_page", [body], view, lang, asked=asked, way="plans")
    props: dict[str, Any] = data(plan=name, publishes="1" if publishes else "")
    for key, value in props.items():
        setattr(page, key, value)
    return page


def _rows(name: str, said: str, lang: Lang) -> html.Div:
    """The place of lines that plans.js writes."""
    return html.Div(id=name, className="plans-rows", tabIndex=0, **named(word(said, lang), "group"))


def _editor(lang: Lang, *, edits: bool, publishes: bool) -> html.Section:
    """The text of the plan: to be worked on by who may, to be read by others."""
    polite: dict[str, Any] = {"aria-live": "polite"}
    buttons = [("check", "plan_check"), ("draft", "plan_keep"), ("discard", "plan_drop")] if edits else []
    bar: list[Any] = [
        html.Button(word(text, lang), type="button", className="choice", id=f"plan-{act}", **data(act=act))
        for act, text in buttons
    ]
    if publishes:
        bar += [
            html.Span(id="plan-note-place", **data(placeholder=word("plan_note", lang))),
            html.Button(word("plan_publish", lang), type="button", className="choice first", id="plan-publish",
                        **data(act="publish")),
        ]  # fmt: skip
    return html.Section(
        [
            head(word("plan_text", lang), html.Span(id="plan-draft-note")),
            html.Div(
                [
                    html.Div(
                        id="plan-text-place",
                        className="plan-editor-place",
                        **data(edits="1" if edits else "", label=word("plan_text", lang)),
                    ),
                    html.Ul(id="plan-found", className="plan-found", **polite),
                    html.Div(bar, className="choices"),
                ],
                className="plan-editor",
            ),
        ],
        className="panel",
    )
