"""Panels of rows: the subdistricts, an indicator by a dimension, the feeds, the processes."""

from __future__ import annotations

from collections.abc import Callable

from dash import dcc, html

from components.district_map import drafted
from components.marks import data, head, marks
from components.words import Lang, word
from ioc.web import PROCESSES, Indicator, Place, Ranking, Split, WallView


def ranking(of: Ranking, view: WallView, lang: Lang, to: Callable[[str], str] | None = None) -> html.Section:
    """The subdistricts, each a way to `to` its code if that is given.

    live.js puts the worst first by setting the order: no row is made anew.
    """
    empty = html.Span(word("ranking_empty", lang), id="ranking-empty", hidden=True)
    draft = view.map is not None and drafted(view.map.layers.subdistricts)
    columns = [view.indicators[name] for name in of.columns]
    titles = html.Div(
        [html.Span(className="rank-name"), html.Span(className="rank-bar"), *(_title(each, lang) for each in columns)],
        className="rank titles",
    )
    rows = [_place(place, columns, of, lang, to(place.code) if to else "") for place in of.places]
    note = (
        f"{_named(view.indicators[of.by], lang)}，{word('worst_first', lang)}"
        if lang == "zh"
        else word("worst_first", lang)
    )
    return html.Section(
        [
            head(
                word("ranking", lang), html.Span(note, id="ranking-note"), word("draft", lang) if draft else "", empty
            ),
            titles,
            html.Div(rows, className="ranks"),
        ],
        id="ranking",
        className=f"panel ranking of-{len(columns)}",
    )


def _title(indicator: Indicator, lang: Lang) -> html.Span:
    return html.Span(
        [_named(indicator, lang), *([html.Small(indicator.unit_in(lang))] if indicator.unit_in(lang) else [])],
        className="rank-number",
    )


def _place(place: Place, columns: list[Indicator], of: Ranking, lang: Lang, to: str) -> html.Div:
    name = place.zh.removesuffix("街道") if lang == "zh" else place.en
    cells = [
        html.Span(
            [html.Span(className="rank-level"), _judged(each, place, of, lang)],
            className="rank-number",
        )
        for each in columns
    ]
    return html.Div(
        [
            html.Span(dcc.Link(name, href=to) if to else name, className="rank-name"),
            html.Span(html.I(), className="rank-bar"),
            *cells,
        ],
        id=f"rank-{place.code}",
        className="rank",
        **data(place=place.code),
    )


def _judged(indicator: Indicator, place: Place, of: Ranking, lang: Lang) -> html.Span:
    """The place of a number, with what to say where there is none: what the place lacks, or that no data came."""
    lack = of.lacking.get(indicator.id, {}).get(place.code)
    reason = word("no_data", lang) if lack is None else word(f"without_{lack}", lang)
    return html.Span(className="number", **marks(indicator.id, place.code), **data(reason=reason))


def split(of: Split, view: WallView, lang: Lang, *, gauge: bool = False) -> html.Section:
    """An indicator by its dimensions; the rows appear with their values, each under the names of its group. Those of a
    `gauge` stand the worst first, their bars against the limits."""
    indicator = view.indicators[of.indicator]
    return html.Section(
        [
            head(_named(indicator, lang), *_against(indicator, lang, gauge=gauge)),
            html.Div(className="rows", **data(split=of.indicator, **({"gauge": "1"} if gauge else {}))),
            html.P(word("none_yet", lang), className="note empty"),
            html.P(className="note empty more", hidden=True),
        ],
        id=f"split-{of.indicator}",
        className=f"panel split{' several' if len(of.dimensions) > 1 else ''}{' gauge' if gauge else ''}",
    )


def _against(indicator: Indicator, lang: Lang, *, gauge: bool) -> tuple[str, ...]:
    """The unit and, of a gauge, the limits that its bars are marked with."""
    limits = sorted(limit.value for limit in indicator.limits if indicator.on == "value")
    if not gauge or not limits:
        return (indicator.unit_in(lang),)
    return indicator.unit_in(lang), word("marked_at", lang).format(" / ".join(f"{value:g}" for value in limits))


def feeds(lang: Lang) -> html.Section:
    """The state of every feed of this world; one that the page does not know yet gets a row when it is heard of."""
    names = ("feed_age", "feed_rows", "feed_rejected", "feed_unregistered", "feed_late")
    titles = html.Div(
        [html.Span(className="feed-name"), *(html.Span(word(name, lang), className="feed-number") for name in names)],
        className="feed titles",
    )
    return html.Section(
        [
            head(word("feeds", lang), word("feeds_note", lang)),
            titles,
            html.Div(id="feeds", className="rows"),
            html.P(id="feeds-rest", className="note feeds-rest", hidden=True),
        ],
        className="panel feeds",
    )


def processes(lang: Lang) -> html.Section:
    """Whether each process of the path lives; a replay is no part of every centre, its feed says how it is."""
    rows = [
        html.Div(
            [html.Span(names[lang == "en"]), html.B(**marks(f"process:{name}"))],
            id=f"process-{name}",
            className="process",
            **data(process=name),
        )
        for name, names in PROCESSES.items()
        if name != "replay"
    ]
    return html.Section(
        [
            head(word("processes", lang)),
            html.Div(rows, className="process-grid"),
            html.P(id="processes-rest", className="note feeds-rest processes-rest"),
        ],
        className="panel processes",
    )


def _named(indicator: Indicator, lang: Lang) -> str:
    return indicator.zh if lang == "zh" else indicator.en
