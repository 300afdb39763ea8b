"""The page of the evaluation: offices by indicators as they were published at a moment, and ways to other moments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from dash import html

from components.frame import frame, said
from components.indicator import window_said
from components.marks import data, named
from components.moment import moment
from components.words import Lang
from ioc.web import Evaluation, Figure, Measure

DAY: Final = timedelta(days=1)
WORDS: Final = {
    "office": ("部门", "Office"), "whole": ("全区", "Whole district"), "target": ("目标 {}", "target {}"),
    "missed": ("未达标项", "Misses"), "misses": ("未达标", "misses"), "few": ("样本不足", "too few"),
    "cases": ("{} 件", "n = {}"), "now": ("此刻", "Now"), "before": ("前一天", "The day before"),
    "after": ("后一天", "The day after"), "csv": ("导出 CSV", "Export as CSV"), "desk": ("事件与案卷", "Cases"),
    "none": ("此刻没有按部门的已发布值", "Nothing by office was published for this moment"),
    "stands": ("截至 {}", "As of {}"), "unit": ("单位 {}", "in {}"),
    "note": ("各列为已发布值，时段见列首；未达标多者在前", "Published values over the time in each head; worst first"),
}  # fmt: skip


def evaluation(told: Evaluation, lang: Lang, *, asked: str = "", day: str = "") -> html.Div:
    """`day`: the local day whose end is asked for, empty for now."""
    here = date.fromisoformat(moment(told.at_ms - 1 if day else told.at_ms)[:10])

    def way(key: str, to: str, path: str = "/evaluation", scene: str | None = None) -> html.A:
        return html.A(_said(key, lang), href=_address(path, told, lang, asked, to, scene), className="choice")

    ways: list[Any] = [
        html.A(_capital(said(scene, lang)), href=_address("/evaluation", told, lang, asked, day, scene.id),
               className="choice here" if scene.id == told.scene.id else "choice")
        for scene in told.scenes
    ]  # fmt: skip
    ways.append(html.Div(id="evaluation-day", className="admin-field", **data(day=str(here))))
    ways.append(way("before", str(here - DAY)))
    ways += [way("after", str(here + DAY)), way("now", "")] if day else []
    ways += [way("csv", day, "/evaluation.csv"), way("desk", "", "/cases", "")]
    stands = _said("stands", lang).format(moment(told.at_ms))
    body = html.Section(
        [
            html.Div([html.H2(stands), html.Span(_said("note", lang), className="note")], className="head"),
            html.Div(ways, className="admin-tabs"),
            html.Div([_table(told, lang)], className="admin-body", tabIndex="0", **named(stands, "region")),
        ],
        className="panel admin-panel",
    )
    return frame("evaluation", [body], told.world, lang, asked=asked)


def _table(told: Evaluation, lang: Lang) -> html.Div:
    if not told.offices:
        return html.Div(html.P(_said("none", lang), className="empty"))
    head = [html.Th(_said("office", lang), scope="col"), html.Th(html.B(_said("missed", lang)), scope="col")]
    head += [_head(measure, lang) for measure in told.measures]
    whole: list[Any] = [html.Th(_said("whole", lang), scope="row"), html.Td()]
    whole += [_cell(measure, figure, lang) for measure, figure in zip(told.measures, told.whole, strict=True)]
    rows = [html.Tr(whole, className="whole")]
    for office in told.offices:
        cells: list[Any] = [html.Th(said(office, lang), scope="row"), html.Td(html.B(str(office.missed)))]
        cells += [_cell(measure, figure, lang) for measure, figure in zip(told.measures, office.figures, strict=True)]
        rows.append(html.Tr(cells))
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)], className="admin-table")
    return html.Div(table, className="admin-scroll")


def _head(measure: Measure, lang: Lang) -> html.Th:
    notes = [f"{measure.id} · {_said('unit', lang).format(measure.unit_in(lang))}", window_said(measure.window, lang)]
    if measure.target is not None:
        sign = {"up": "≥ ", "down": "≤ "}.get(measure.direction, "")
        notes.append(_said("target", lang).format(f"{sign}{measure.target:g}"))
    return html.Th([html.B(_capital(said(measure, lang))), *(html.Small(note) for note in notes)], scope="col")


def _cell(measure: Measure, figure: Figure | None, lang: Lang) -> html.Td:
    if figure is None:
        return html.Td("—")
    count = _said("cases", lang).format(figure.samples)
    marks: dict[str, Any] = data(
        indicator=measure.id, quality=figure.quality, **{"window-end": str(figure.window_end_ms)}
    )
    if figure.value is None:
        return html.Td(["—", html.Small(_said("few", lang)), html.Small(count)], **marks)
    misses = measure.misses(figure.value)
    notes = [_said("misses", lang), count] if misses else [count]
    value = html.B(f"{figure.value:,.{measure.decimals}f}")
    return html.Td([value, *(html.Small(note) for note in notes)], className="misses" if misses else "", **marks)


def _address(path: str, told: Evaluation, lang: Lang, asked: str, to: str, scene: str | None = None) -> str:  # noqa: PLR0917
    chosen = told.scene.id if scene is None else scene
    query = {"scene": chosen, "to": to, "world": asked, "lang": "en" if lang == "en" else ""}
    search = urlencode({name: text for name, text in query.items() if text})
    return f"{path}?{search}" if search else path


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _said(key: str, lang: Lang) -> str:
    return WORDS[key][lang == "en"]
