"""Regions: `/regions` to look at what the district says; `/regions/edit/<code>`, `/regions/table/<book>` to say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, Input, Output, State, ctx, html, no_update

from components.region_form import region_form, region_past, region_table
from components.regions import books, region_rows, regions, summary
from components.words import language, word
from ioc import web

BOOKS = ("communities", "numbers")


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """All regions, with the editions of what is said of them."""
    edits = web.person_may(web.Permission.REGION_EDIT)
    return regions(web.regions_view(), web.shown_world(world), language(lang), asked=world or "", edits=edits)


def form(code: str = "", lang: str | None = None, **_: Any) -> Any:
    """The form of a region; an unknown code says so."""
    of = web.region_form(code)
    if of is None:
        return html.Div(html.P(word("no_region", language(lang))), className="plain-page")
    return region_form(of, web.shown_world(None), language(lang))


def table(book: str = "", lang: str | None = None, **_: Any) -> Any:
    """A whole book as text."""
    edition, text = web.region_table("communities" if book == "communities" else "numbers")
    return region_table(book, edition, text, web.shown_world(None), language(lang))


web.page(__name__, "/regions", web.Permission.COVERAGE_VIEW, "区域与人口", "Regions", layout)
web.page("pages.regions.edit", "/regions/edit/<code>", web.Permission.REGION_EDIT, "修改区域", "Change a region", form)
web.page("pages.regions.table", "/regions/table/<book>", web.Permission.REGION_EDIT, "整表填报", "Whole table", table,
         exists=lambda book: book in BOOKS)  # fmt: skip


@web.callback(
    Output("region-said", "children"),
    Output("region-place", "data"),
    Output("region-past", "children"),
    Input({"region-save": ALL}, "n_clicks"),
    State("region-place", "data"),
    State({"region": ALL}, "value"),
    State({"region": ALL}, "id"),
    permission=web.Permission.REGION_EDIT,
    prevent_initial_call=True,
)
def save(
    clicks: Sequence[int], place: dict[str, Any], values: Sequence[Any], names: Sequence[dict[str, str]]
) -> tuple[Any, Any, Any]:
    """Save one book; what is refused is said with its reasons and changes nothing."""
    book = (ctx.triggered_id or {}).get("region-save")
    if not any(clicks) or book not in BOOKS:
        return no_update, no_update, no_update
    lang, code = language(place["lang"]), str(place["code"])
    typed = {str(each["region"]): str(value or "") for each, value in zip(names, values, strict=True)}
    try:
        made = web.change_region(code, book, typed, int(place["seen"][book]))
    except web.Refusal as refused:
        return (refused.en if lang == "en" else refused.zh), no_update, no_update
    if made is None:
        return word("same", lang), no_update, no_update
    of = web.region_form(code)
    known = {**place, "seen": {**place["seen"], book: made.number}}
    return f"{word('done_save', lang)} v{made.number}", known, region_past(of, lang) if of else no_update


@web.callback(
    Output("regions-said", "children"),
    Output("regions-seen", "data"),
    Output("region-rows", "children"),
    Output("region-books", "children"),
    Output("region-summary", "children"),
    Input({"region-undo": ALL}, "n_clicks"),
    State("regions-seen", "data"),
    permission=web.Permission.REGION_EDIT,
    prevent_initial_call=True,
)
def undo(clicks: Sequence[int], known: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
    """Go back to the edition before of one book."""
    book = (ctx.triggered_id or {}).get("region-undo")
    if not any(clicks) or book not in BOOKS:
        return no_update, no_update, no_update, no_update, no_update
    lang = language(known["lang"])
    try:
        made = web.undo_regions(book, int(known["seen"][book]))
    except web.Refusal as refused:
        return (refused.en if lang == "en" else refused.zh), no_update, no_update, no_update, no_update
    view = web.regions_view()
    seen = {**known, "seen": {**known["seen"], book: made.number}}
    told = f"{word('done_undo', lang)} v{made.number}"
    return told, seen, region_rows(view, lang, edits=True), books(view, lang, edits=True), summary(view, lang)


@web.callback(
    Output("table-said", "children"),
    Output("table-place", "data"),
    Input("table-check", "n_clicks"),
    Input("table-save", "n_clicks"),
    State("table-place", "data"),
    State("table-text", "value"),
    permission=web.Permission.REGION_EDIT,
    prevent_initial_call=True,
)
def take_over(_check: int, _save: int, place: dict[str, Any], text: str | None) -> tuple[Any, Any]:
    """Check or save a whole book; what is refused is said with its lines and changes nothing."""
    book, lang = place["book"], language(place["lang"])
    if book not in BOOKS or not any((_check, _save)):
        return no_update, no_update
    check = ctx.triggered_id == "table-check"
    try:
        counts, made = web.change_regions(book, text or "", int(place["seen"]), check=check)
    except web.Refusal as refused:
        return (refused.en if lang == "en" else refused.zh), no_update
    told = word("table_counts", lang).format(**counts)
    if made is None:
        return (told if check else word("same", lang)), no_update
    return f"{word('done_save', lang)} v{made.number}  {told}", {**place, "seen": made.number}
