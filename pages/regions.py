"""Regions: `/regions` to look at what the district says of each, `/regions/edit/<code>` to say it; `?lang=en`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, Input, Output, State, ctx, html, no_update

from components.region_form import region_form, region_past
from components.regions import books, region_rows, regions, summary
from components.words import language, word
from ioc import web


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


web.page(__name__, "/regions", web.Permission.COVERAGE_VIEW, "区域与人口", "Regions", layout)
web.page("pages.regions.edit", "/regions/edit/<code>", web.Permission.REGION_EDIT, "修改区域", "Change a region", form)


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
    if not any(clicks) or book not in ("communities", "numbers"):
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
    if not any(clicks) or book not in ("communities", "numbers"):
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
