"""The workbench (指标工作台): the catalogue of all indicators, and one of them with its definition and rehearsals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from dash import dcc, html

from components.frame import frame, said
from components.indicator import window_said
from components.marks import chip, data, head, named, number
from components.ways import address
from components.words import LEVELS, Lang, duration, word
from ioc.web import Catalogue, Definition

WORDS: Final[dict[str, tuple[str, str]]] = {
    "search": ("编号、名称、责任、数据源", "id, name, owner, source"),
    "scene": ("场景", "Scene"),
    "source": ("数据源", "Source"),
    "task": ("任务", "Task"),
    "owner": ("责任", "Owner"),
    "level": ("此刻", "Now"),
    "all": ("全部", "all"),
    "over": ("越线", "over a limit"),
    "poor": ("质量不足", "poor quality"),
    "judged": ("有界限", "with limits"),
    "column_name": ("指标", "Indicator"),
    "column_value": ("此刻（全区）", "Now, district"),
    "column_window": ("窗口", "Window"),
    "column_limits": ("界限", "Limits"),
    "column_used": ("用在", "Used on"),
    "column_feeds": ("数据源", "Sources"),
    "column_owner": ("责任", "Owner"),
    "nothing": ("没有符合的指标", "No indicator fits"),
    "walls": ("大屏 {}", "{} walls"),
    "layers": ("图层 {}", "{} layers"),
    "situations": ("态势 {}", "{} situations"),
    "above": ("指标 {}", "{} indicators"),
    "definition": ("定义", "Definition"),
    "version": ("现行 v{}", "v{} in force"),
    "text": ("定义原文", "As it is written"),
    "rehearsal": ("阈值预演", "Rehearsal of thresholds"),
    "days": ("天数", "Days"),
    "hysteresis": ("回差", "Hysteresis"),
    "on_delay": ("持续后触发", "Raised after"),
    "off_delay": ("持续后解除", "Cleared after"),
    "run": ("开始预演", "Rehearse"),
    "past": ("预演记录", "Rehearsals"),
    "lineage": ("血缘", "Lineage"),
    "beneath": ("由其计算", "Computed from"),
    "over_it": ("计算出", "Others computed from it"),
    "nowhere": ("无", "none"),
    "no_limits": ("此指标无界限，不能预演。", "It has no limits: there is nothing to rehearse."),
    "varies": (
        "现行版在特定日历另有界限；预演的界限替换全部界限。",
        "In force, some calendars have limits of their own; those that are tried replace them all.",
    ),
    "page": ("指标页", "Its page"),
    "back": ("目录", "Catalogue"),
    "at_z": ("按偏离常态判级（z）", "judged by z-score"),
    "minutes": ("如 0、3m、15m", "as 0, 3m, 15m"),
    "present": ("现行 {}", "now {}"),
}
COLUMNS: Final = ("name", "value", "window", "limits", "feeds", "used", "owner")
SPANS: Final = (1, 7, 30, 90)


def w(key: str, lang: Lang, *parts: object) -> str:
    """A phrase of the workbench."""
    return WORDS[key][lang == "en"].format(*parts)


def catalogue(view: Catalogue, world: str, lang: Lang, asked: str = "") -> html.Div:
    """Everything is written here; standing.js writes what is live, workbench.js narrows the rows."""
    found = list(view.definitions.values())
    sources = {feed.id: said(feed, lang) for each in found for feed in each.feeds}
    tasks = {str(task): str(task) for each in found for task in each.tasks}
    owners = {each.owner: _owner(each.owner, lang) for each in found if each.owner}
    narrow = html.Section(
        [
            html.Span(id="bench-search", className="bench-search", **data(label=w("search", lang))),
            _select("scene", {scene.id: said(scene, lang) for scene in view.scenes}, lang),
            _select("source", dict(sorted(sources.items(), key=lambda one: one[1])), lang),
            _select("task", dict(sorted(tasks.items(), key=lambda one: int(one[0]))), lang),
            _select("owner", dict(sorted(owners.items(), key=lambda one: one[1])), lang),
            _select("level", {key: w(key, lang) for key in ("over", "poor", "judged")}, lang),
            html.Div(html.B(f"{len(found)} / {len(found)}", id="bench-count"), className="facts-line"),
        ],
        className="panel filters bench-filters",
    )
    heads = [html.Th(w(f"column_{name}", lang), scope="col") for name in COLUMNS]
    table = html.Section(
        [
            html.Table(
                [html.Thead(html.Tr(heads)), html.Tbody([_row(each, lang, asked) for each in found])],
                className="bench-table",
            ),
            html.P(w("nothing", lang), id="bench-nothing", className="note", hidden=True),
        ],
        className="panel bench-list", tabIndex=0, **named(w("definition", lang), "region"),
    )  # fmt: skip
    return frame("workbench", [narrow, table], world, lang, asked=asked)


def _select(name: str, choices: dict[str, str], lang: Lang) -> html.Span:
    """The place of a choice; workbench.js makes it, so that the browser's own list is used."""
    return html.Span(
        className="bench-choice",
        **data(choose=name, label=w(name, lang), choices=json.dumps([["", w("all", lang)], *choices.items()])),
    )


def _row(each: Definition, lang: Lang, asked: str) -> html.Tr:
    of = each.measured
    owner = _owner(each.owner, lang)
    text = " ".join(
        [of.id, of.zh, of.en, of.tag, each.owner, *(f"{feed.id} {feed.zh} {feed.en}" for feed in each.feeds)]
    )
    cells = [
        html.Th(
            [dcc.Link(said(of, lang), href=address(f"/workbench/indicator/{of.id}", lang, asked)), html.Code(of.id)],
            scope="row",
        ),
        html.Td(_value(each, lang, asked)),
        html.Td(_window(each, lang)),
        html.Td(_limits(each, lang)),
        html.Td(("、" if lang == "zh" else ", ").join(said(feed, lang) for feed in each.feeds)),
        html.Td(_used(each, lang)),
        html.Td(owner),
    ]  # fmt: skip
    return html.Tr(
        cells,
        **data(row=of.id, text=text.casefold(), scene=each.scene.id, source=" ".join(feed.id for feed in each.feeds)),
        **data(serves=" ".join(map(str, each.tasks)), owner=each.owner, judged="yes" if each.limits else ""),
    )


def _value(each: Definition, lang: Lang, asked: str) -> html.Div:
    of = each.measured
    return html.Div(
        [
            html.Span([chip(), html.A(className="alarm-count")], className="worst"),
            html.Span([number(of.id), html.Span(of.unit_in(lang), className="unit")], className="amount"),
            html.Span(className="quality note"),
        ],
        className="fact-line",
        **data(value=of.id, decimals=str(of.decimals), address=address(f"/indicator/{of.id}", lang, asked)),
        **data(says=json.dumps(of.says, ensure_ascii=False), judged="yes" if of.judged else "no"),
    )


def _window(each: Definition, lang: Lang) -> str:
    """Over which time a value is, and how often it is told."""
    window = each.window
    found = window_said(window, lang) if window else ""
    every = word("window_every", lang).format(duration(window["every"], lang)) if "every" in window else ""
    return word("comma", lang).join(part for part in (found, every) if part)


def _limits(each: Definition, lang: Lang) -> html.Span:
    sign = "|z| ≥" if each.on_z else "<" if each.below else "≥"
    parts: list[Any] = [
        html.Span([html.I(className=f"bench-mark level-{level}"), f"{LEVELS[level][lang == 'en']} {sign} {limit:g}"])
        for level, limit in each.limits.items()
    ]
    return html.Span(parts, className="bench-limits")


def _used(each: Definition, lang: Lang) -> str:
    counts = {"walls": each.walls, "layers": each.layers, "situations": each.situations, "above": each.above}
    shown = [w(name, lang, len(found)) for name, found in counts.items() if found]
    return ("，" if lang == "zh" else ", ").join(shown) or w("nowhere", lang)


def _owner(owner: str, lang: Lang) -> str:
    zh, _, en = owner.partition(" ")
    return zh if lang == "zh" or not en else en


def bench(each: Definition, text: str, world: str, lang: Lang, asked: str = "", *, rehearses: bool) -> html.Div:
    """One indicator. `rehearses`: the visitor may ask for a rehearsal."""
    of = each.measured
    ways = [
        dcc.Link(w("back", lang), href=address("/workbench", lang, asked), className="choice"),
        dcc.Link(w("page", lang), href=address(f"/indicator/{of.id}", lang, asked), className="choice"),
    ]
    title = html.Section(
        [html.H2([said(of, lang), html.Small(f"{of.id} · {said(each.scene, lang)} · {_owner(each.owner, lang)}")]),
         _value(each, lang, asked), html.Div(ways, className="facts-line")],
        className="panel filters",
    )  # fmt: skip
    left = html.Div(
        [
            html.Section(
                [head(w("text", lang), w("version", lang, each.version)),
                 html.Pre(text, className="bench-text", tabIndex=0, **named(w("text", lang), "region"))],
                className="panel",
            ),
            _lineage(each, lang, asked),
        ],
        className="bench-side",
    )  # fmt: skip
    middle = html.Section(
        [
            head(w("rehearsal", lang), html.Span(id="rehearsal-note")),
            _form(each, lang, rehearses=rehearses) if each.limits else html.P(w("no_limits", lang), className="note"),
            html.Div(id="rehearsal-sheet", className="rehearsal-sheet", tabIndex=0,
                     **named(w("rehearsal", lang), "region")),
        ],
        className="panel bench-middle",
    )  # fmt: skip
    right = html.Section(
        [head(w("past", lang)), html.Div(id="rehearsal-past", className="bench-past", tabIndex=0,
                                         **named(w("past", lang), "region"))],
        className="panel",
    )  # fmt: skip
    page = frame("workbench", [title, html.Div([left, middle, right], className="bench-body")], world, lang,
                 asked=asked, at="bench")  # fmt: skip
    page.children.append(html.Div(id="bench-said", role="status", className="screens-said", hidden=True))
    facts = {
        "limits": each.limits, "rules": each.rules, "below": each.below, "z": each.on_z, "unit": of.unit_in(lang),
        "decimals": of.decimals,
    }  # fmt: skip
    page.children.append(html.Div(id="bench-is", hidden=True, **data(indicator=of.id, facts=json.dumps(facts))))
    return page


def _form(each: Definition, lang: Lang, *, rehearses: bool) -> html.Div:
    """The place of the fields: workbench.js makes them, filled with what is in force."""
    parts = [
        *(_field(level, f"{LEVELS[level][lang == 'en']}", f"{limit:g}", lang) for level, limit in each.limits.items()),
        *(_field(name, w(name, lang), value, lang) for name, value in each.rules.items()),
    ]
    notes = [w("at_z", lang)] if each.on_z else []
    notes += [w("varies", lang)] if each.varies else []
    buttons: Sequence[Any] = [
        html.Span(className="bench-choice",
                  **data(choose="days", label=w("days", lang), choices=json.dumps([[str(n), str(n)] for n in SPANS]))),
        html.Button(w("run", lang), id="rehearsal-run", type="button", className="choice first"),
    ]  # fmt: skip
    return html.Div(
        [html.Div(parts, className="bench-fields"), *(html.P(note, className="note") for note in notes),
         html.Div(buttons if rehearses else [], className="bench-acts")],
        id="rehearsal-form",
    )  # fmt: skip


def _field(name: str, title: str, value: str, lang: Lang) -> html.Span:
    hint = w("minutes", lang) if name.endswith("delay") else ""
    return html.Span(
        className="bench-field", **data(field=name, label=title, limit=value, hint=hint, now=w("present", lang, value))
    )


def _lineage(each: Definition, lang: Lang, asked: str) -> html.Section:
    def to(names: Sequence[str]) -> list[Any]:
        return [dcc.Link(name, href=address(f"/workbench/indicator/{name}", lang, asked)) for name in names]

    rows = [
        ("source", [html.Span(said(feed, lang)) for feed in each.feeds]),
        ("beneath", to(each.beneath)),
        ("over_it", to(each.above)),
        ("column_used", [html.Span(said(one, lang)) for one in (*each.walls, *each.layers, *each.situations)]),
    ]
    lines = [html.Div([html.B(w(name, lang)), html.Span(found or w("nowhere", lang))], className="bench-line")
             for name, found in rows]  # fmt: skip
    return html.Section([head(w("lineage", lang)), *lines], className="panel")
