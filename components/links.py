"""The theme link library: six columns that narrow each other, and the linked systems below them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from dash import dcc, html

from components.frame import frame, said
from components.marks import chip, data, number
from components.moment import moment
from components.ways import address
from components.words import Lang, word
from ioc.web import LINK_COLUMNS, LinkGraph, LinkSystem, Measured


def links(
    graph: LinkGraph,
    measured: dict[str, Measured],
    world: str,
    lang: Lang,
    *,
    asked: str = "",
    edits: bool = False,
    allowed: Sequence[str] = (),
) -> html.Div:
    """All of the library; links.js narrows it and writes the connectors. `edits`: the visitor may change it;
    `allowed`: where connectors may connect to."""
    search = html.Label(
        [html.Span(word("search", lang)), dcc.Input(id="links-search", type="search", debounce=False)],
        className="search",
    )
    ways = [
        html.A(word(f"add_{kind}", lang), href=address(f"/links/new/{kind}", lang), className="choice")
        for kind in ("capability", "situation", "system") if edits
    ]  # fmt: skip
    bar = html.Section(
        [
            search,
            html.Div(id="links-chosen", className="filter"),
            html.Button(word("clear", lang), type="button", id="links-clear", className="choice", hidden=True),
            html.Div(ways, className="facts-line"),
        ],
        className="panel filters",
    )
    columns = [_column(name, graph, measured, _Look(lang, asked, edits)) for name in LINK_COLUMNS]
    table = html.Section(
        [
            html.Div([html.Span(word(f"system_{name}", lang)) for name in SYSTEM], className="system titles"),
            html.Div([_system(each, lang, edits) for each in graph.systems], className="system-rows"),
            html.P(word("no_system", lang), id="no-system", className="note", hidden=True),
            *_connectors(allowed, lang),
        ],
        className="panel systems",
    )
    page = frame("links", [bar, html.Div(columns, className="columns", id="link-columns"), table], world, lang,
                 asked=asked)  # fmt: skip
    paths: dict[str, Any] = data(paths=json.dumps(graph.paths, ensure_ascii=False))
    page.children.append(html.Div(id="link-paths", hidden=True, **paths))
    return page


def _connectors(allowed: Sequence[str], lang: Lang) -> list[Any]:
    """Which other systems feed the live world, and where connectors may connect to."""
    note = f"{word('connect_allow', lang)}{', '.join(allowed) or word('connect_nowhere', lang)}"
    return [
        html.Div([html.B(word("connectors", lang)), html.Span(note, className="note")], className="connectors-head"),
        html.Div([html.Span(word(f"connector_{name}", lang)) for name in CONNECTOR], className="connector titles"),
        html.Div(id="connectors", className="connector-rows"),
        html.P(word("no_connector", lang), id="no-connector", className="note", hidden=True),
    ]


class _Look(NamedTuple):
    """Who looks: in which language, at which world by name, and whether they may change the library."""

    lang: Lang
    asked: str
    edits: bool


CONNECTOR = ("name", "kind", "source", "state", "last", "newest", "accepted", "rejected", "unread", "error")
SYSTEM = ("name", "owner", "entry", "gives", "takes", "sso", "permission", "health", "tasks")


def _column(name: str, graph: LinkGraph, measured: dict[str, Measured], look: _Look) -> html.Section:
    nodes = [_node(name, each, measured, look) for each in graph.nodes[name]]
    return html.Section(
        [
            html.H2([word(f"link_{name}", look.lang), html.Span(str(len(nodes)), **data(shown=name))]),
            html.Div(nodes, className="nodes"),
        ],
        className=f"panel column-of-{name}",
    )


def _node(column: str, each: Any, measured: dict[str, Measured], look: _Look) -> html.Div:
    lang, asked, edits = look
    more: list[Any] = []
    place: dict[str, Any] = {}
    if column == "indicator":
        indicator = measured[each.id]
        place = data(value=each.id, decimals=str(indicator.decimals))
        more = [
            html.Span([chip(), html.Span(className="alarm-count")], className="worst"),
            html.Span([number(each.id), html.Span(indicator.unit_in(lang), className="unit")], className="amount"),
            html.Span(className="quality", hidden=True),
            dcc.Link("›", href=address(f"/indicator/{each.id}", lang, asked), className="onward", title=each.id),
        ]
    elif column == "source":
        place = data(feed=each.id)
        more = [html.Span(className="tag origin", hidden=True), html.Span(className="state")]
    elif edits and column in ("capability", "situation"):
        more = [html.A(word("edit", lang), href=address(f"/links/edit/{column}/{each.id}", lang), className="onward")]
    code = each.id if column in ("indicator", "source") else ""
    return html.Div(
        [html.Button([said(each, lang), html.Code(code)], type="button", className="choose"), *more],
        className="node", **data(column=column, id=each.id, text=f"{each.zh} {each.en} {each.id}".lower()), **place,
    )  # fmt: skip


def _system(of: LinkSystem, lang: Lang, edits: bool) -> html.Div:
    words = [of.zh, of.en, of.id, of.owner, *(f"{each.zh} {each.en} {each.id}" for each in (*of.gives, *of.takes))]
    facts: dict[str, Any] = data(
        system=f"{of.scene.id}/{of.id}", scene=of.scene.id, text=" ".join(words).lower(),
        gives=" ".join(each.id for each in of.gives), takes=" ".join(each.id for each in of.takes),
    )  # fmt: skip
    edit = [
        html.A(word("edit", lang), href=address(f"/links/edit/system/{of.scene.id}/{of.id}", lang), className="onward")
    ]
    return html.Div(
        [
            html.Span([html.B(said(of, lang)), html.Small(said(of.scene, lang)), *(edit if edits else [])]),
            html.Span(of.owner),
            _entry(of, lang),
            html.Span(_names(of.gives, lang)),
            html.Span(_names(of.takes, lang)),
            html.Span(word("yes" if of.sso else "no", lang)),
            html.Span(html.Code(of.permission)),
            _health(of, lang),
            html.Span("、".join(map(str, of.tasks)) if lang == "zh" else ", ".join(map(str, of.tasks))),
        ],
        className="system",
        **facts,
    )


def _names(of: Any, lang: Lang) -> str:
    return ("、" if lang == "zh" else ", ").join(said(each, lang) for each in of)


def _entry(of: LinkSystem, lang: Lang) -> html.Span:
    if not of.entry:
        return html.Span(word("entry_unknown", lang), className="nothing")
    if of.health and of.health.state == "dead":
        return html.Span([html.S(of.entry)], className="entry")
    return html.Span(html.A(of.entry, href=of.entry, target="_blank", rel="noopener noreferrer"), className="entry")


def _health(of: LinkSystem, lang: Lang) -> html.Span:
    found = of.health
    state = found.state if found and of.entry else "unknown"
    notes = []
    if found and state == "dead" and found.dead_since_ms:
        notes.append(word("dead_since", lang).format(moment(found.dead_since_ms)))
    if found and of.entry and found.seen_ms:
        notes.append(word("seen", lang).format(moment(found.seen_ms)))
    if found and state in ("dead", "blocked"):
        notes.append(found.detail)
    return html.Span(
        [html.B(word(f"health_{state}", lang), className=f"state is-{'lost' if state == 'dead' else state}"),
         *(html.Small(note) for note in notes)],
        className="health",
    )  # fmt: skip
