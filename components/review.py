"""The page of a review: its sections as tables, ways to print and to replay it, and places for what people add."""

from __future__ import annotations

from typing import Any, Final

from dash import html

from components.frame import frame
from components.marks import data
from components.ways import address
from components.words import Lang, word
from ioc.web import Review, ReviewReport

BEFORE_MS: Final = 10 * 60_000  # the replay begins so long before it was received


def review(
    told: Review, report: ReviewReport, name: str, lang: Lang, *, asked: str = "", handles: bool = False
) -> html.Div:
    """Texts only; review.js writes the forms and sends what is added."""
    english = lang == "en"
    line = told.view.line
    replay = f"/wall?world={told.world}&at={line.received_ms - BEFORE_MS}&speed=60&known=then"
    tail = "?lang=en" if english else ""
    ways = [
        html.A("回到事件" if not english else "The incident", href=f"/incident/{name}{tail}", className="choice"),
        html.A("在大屏回放" if not english else "Replay on the wall", href=replay, className="choice"),
        html.A(word("evaluation", lang), href=address("/evaluation", lang, asked), className="choice"),
        html.A("Word", href=f"/incidents/{name}/review.docx{tail}", className="choice"),
        html.A("PDF", href=f"/incidents/{name}/review.pdf{tail}", className="choice"),
    ]
    spoken: dict[str, Any] = {"aria-label": report.title}
    tables = [_table(section, report.none) for section in report.sections]
    actions = [f"{each.id}\t{each.title}" for each in told.actions if each.done_ms is None]
    body = html.Section(
        [
            html.Div([html.H2(report.subject), html.Span(report.notes[0], className="note")], className="head"),
            html.Div(ways, className="admin-tabs"),
            html.Div([html.Div(id="review-add", className="admin-acts"), *tables], id="review-body",
                     className="admin-body", tabIndex="0", role="region", **spoken),
        ],
        className="panel admin-panel",
    )  # fmt: skip
    page = frame("review", [body], told.world, lang, asked=asked)
    known = data(name=name, handles="yes" if handles else "", actions="\n".join(actions))
    page.children.append(html.Div(id="review-said", role="status", className="screens-said", hidden=True))
    page.children.append(html.Div(id="review-is", hidden=True, **known))
    return page


def _table(section: Any, none: str) -> html.Div:
    if not section.rows:
        return html.Div([html.H3(section.title), html.P(none, className="empty")])
    head = html.Tr([html.Th(text, scope="col") for text in section.head])
    rows = [html.Tr([html.Td(cell) for cell in row]) for row in section.rows]
    table = html.Table([html.Caption(section.title), html.Thead(head), html.Tbody(rows)], className="admin-table")
    return html.Div(table, className="admin-scroll")
