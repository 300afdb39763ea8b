"""The coverage of the tasks: a list of all of them beside everything that serves the chosen one."""

from __future__ import annotations

import json
from typing import Any

from dash import dcc, html

from components.frame import frame, said
from components.marks import chip, data, number
from components.ways import address
from components.words import Lang, word
from ioc.web import TASK_STATES, CoverageView, Measured, TaskView


def coverage(view: CoverageView, lang: Lang, asked: str = "") -> html.Div:
    """All names come from the packs; standing.js writes states, counts and values, coverage.js knows what is chosen."""
    named: dict[str, Any] = {"aria-label": word("coverage", lang)}
    listed = html.Section(
        [
            _titles(lang),
            html.Div([_row(task, view, lang) for task in view.tasks], className="task-rows", role="listbox", **named),
            html.P(word("no_task", lang), id="no-task", className="note", hidden=True),
        ],
        className="panel task-list",
    )
    details = html.Section([_detail(task, view, lang, asked) for task in view.tasks], className="panel task-details")
    return frame(
        "coverage",
        [_filters(view, lang), html.Div([listed, details], className="task-body")],
        view.world,
        lang,
        asked=asked,
    )


def _filters(view: CoverageView, lang: Lang) -> html.Section:
    states = [_filter("state", name, word(f"task_{name}", lang), count=f"tasks.{name}") for name in TASK_STATES]
    scenes = [_filter("scene", scene.id, said(scene, lang)) for scene in view.scenes]
    facts = [
        html.Span([word("feeds_fed", lang), html.B(**data(count="feeds.fed")), f" / {view.feeds}"]),
        html.Span([word("indicators_valued", lang), html.B(**data(count="valued")), f" / {view.indicators}"]),
        html.Span([word("indicators_over", lang), html.B(**data(count="over"))]),
    ]
    return html.Section(
        [
            html.Div([_filter("state", "", word("all_tasks", lang), len(view.tasks)), *states,
                      _filter("state", "over", word("task_over", lang), count="tasks.over")], className="filter"),
            html.Div([_filter("scene", "", word("all_scenes", lang)), *scenes], className="filter"),
            html.Div(facts, className="facts-line"),
        ],
        className="panel filters",
    )  # fmt: skip


def _filter(of: str, value: str, name: str, fixed: int | None = None, count: str = "") -> html.Button:
    numbers = [html.B(str(fixed))] if fixed is not None else [html.B(**data(count=count))] if count else []
    pressed: dict[str, Any] = {"aria-pressed": "false" if value else "true"}
    return html.Button([name, *numbers], type="button", className="choice", **data(filter=of, choice=value), **pressed)


COLUMNS = ("task", "state", "feeds", "indicators", "alarms", "layers", "events", "pages", "systems")


def _titles(lang: Lang) -> html.Div:
    return html.Div([html.Span(word(f"column_{name}", lang)) for name in COLUMNS], className="task-row titles")


def _row(task: TaskView, view: CoverageView, lang: Lang) -> html.Button:
    built = sum(view.pages[page.to] != "missing" for page in task.pages)
    return html.Button(
        [
            html.Span([html.I(str(task.id)), html.B(said(task, lang))], className="task-name"),
            html.Span(word("state_unknown", lang), className="state"),
            html.Span([html.Span(className="fed"), f"/{len(task.feeds)}"], className="count"),
            html.Span(str(len(task.indicators)), className="count"),
            html.Span([chip(), html.Span(className="alarm-count")], className="worst"),
            _count(len(task.layers)),
            _count(len(task.events)),
            html.Span(f"{built}/{len(task.pages)}", className=f"count{'' if built == len(task.pages) else ' lacking'}"),
            _count(len(task.systems)),
        ],
        type="button",
        role="option",
        className="task-row",
        id=f"task-{task.id}",
        **data(task=str(task.id), scenes=" ".join(scene.id for scene in task.scenes)),
        **data(feeds=" ".join(feed.id for feed in task.feeds)),
        **data(indicators=" ".join(each.id for each in task.indicators)),
    )


def _count(rows: int) -> html.Span:
    return html.Span(str(rows), className=f"count{'' if rows else ' nothing'}")


def _detail(task: TaskView, view: CoverageView, lang: Lang, asked: str) -> html.Article:
    scenes = [
        dcc.Link(said(scene, lang), href=f"/links?scene={scene.id}{'&lang=en' if lang == 'en' else ''}")
        for scene in task.scenes
    ]
    return html.Article(
        [
            html.Div([html.H2(f"{task.id}  {said(task, lang)}"), html.Span(scenes, className="scenes")],
                     className="head"),
            html.Div(
                [
                    _part("feeds", [_feed(feed, lang) for feed in task.feeds], lang),
                    _part("indicators", [indicator(each, lang, asked) for each in task.indicators], lang),
                    _part("layers", [_named(each, lang) for each in task.layers], lang),
                    _part("events", [_named(each, lang) for each in task.events], lang),
                    _part("pages", [_page(page, view, lang) for page in task.pages], lang),
                    _part("systems", [_named(each, lang) for each in task.systems], lang),
                ],
                className="task-parts",
            ),
        ],
        className="task-detail",
        hidden=True,
        **data(detail=str(task.id)),
    )  # fmt: skip


def _part(name: str, rows: list[Any], lang: Lang) -> html.Section:
    shown = rows or [html.P(word(f"no_{name}", lang), className="note")]
    return html.Section(
        [html.H3([word(f"column_{name}", lang), html.Span(str(len(rows)))]), *shown], className=f"part of-{name}"
    )


def _feed(feed: Any, lang: Lang) -> html.Div:
    return html.Div(
        [html.B(said(feed, lang)), html.Code(feed.id), html.Span(className="tag origin", hidden=True),
         html.Span(word("state_unknown", lang), className="state")],
        className="fact-line", **data(feed=feed.id),
    )  # fmt: skip


def indicator(each: Measured, lang: Lang, asked: str = "") -> html.Div:
    """An indicator with its newest value, how good that is, and the alarms that stand."""
    return html.Div(
        [
            dcc.Link(said(each, lang), href=address(f"/indicator/{each.id}", lang, asked)),
            html.Code(each.id),
            html.Span([chip(), html.A(className="alarm-count")], className="worst"),
            html.Span([number(each.id), html.Span(each.unit_in(lang), className="unit")], className="amount"),
            html.Span(className="quality note"),
        ],
        className="fact-line",
        **data(value=each.id, decimals=str(each.decimals), address=address(f"/indicator/{each.id}", lang, asked)),
        **data(says=json.dumps(each.says, ensure_ascii=False)),
        **data(judged="yes" if each.judged else "no"),
    )


def _named(each: Any, lang: Lang) -> html.Div:
    return html.Div([html.B(said(each, lang)), html.Code(each.id)], className="fact-line")


def _page(page: Any, view: CoverageView, lang: Lang) -> html.Div:
    state = view.pages[page.to]
    name: Any = html.B(said(page, lang))
    if state == "open":
        name = dcc.Link(said(page, lang), href=page.to + ("&" if "?" in page.to else "?") + "lang=en"
                        if lang == "en" else page.to)  # fmt: skip
    return html.Div(
        [name, html.Code(page.to), html.Span(word(f"page_{state}", lang), className=f"state page-{state}")],
        className="fact-line",
    )
