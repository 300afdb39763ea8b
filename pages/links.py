"""The theme link library: `/links` to look, `/links/new/...` and `/links/edit/...` to change; `?world=`, `?lang=en`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ALL, Input, Output, State, ctx, html, no_update

from components.link_form import FIELDS, entered, history, link_form
from components.links import links
from components.words import language, word
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The library in force; `?scene=` ... `?source=`, `?q=` are read by links.js, which keeps them in the address."""
    return links(
        web.link_graph(), dict(web.measured()), web.shown_world(world), language(lang), asked=world or "",
        edits=web.person_may(web.Permission.LINKS_EDIT), allowed=web.connect_allowed(),
    )  # fmt: skip


def form(kind: str = "", scene: str = "", name: str = "", lang: str | None = None, **_: Any) -> Any:
    """The form of an entry, or of a new one; an unknown kind or entry says so."""
    versions = web.link_history((scene, kind, name)) if scene else []
    if kind not in FIELDS or (scene and not versions):
        return html.Div(html.P(word("no_entry", language(lang))), className="plain-page")
    return link_form(kind, web.link_graph().nodes["scene"], versions, web.shown_world(None), language(lang))


web.page(__name__, "/links", web.Permission.COVERAGE_VIEW, "主题链接库", "Link library", layout)
web.page("pages.links.add", "/links/new/<kind>", web.Permission.LINKS_EDIT, "增加链接", "Add an entry", form)
web.page(
    "pages.links.edit",
    "/links/edit/<kind>/<scene>/<name>",
    web.Permission.LINKS_EDIT,
    "修改链接",
    "Change an entry",
    form,
)


@web.callback(
    Output("link-said", "children"),
    Output("link-place", "data"),
    Output("link-history", "children"),
    Input("link-save", "n_clicks"),
    Input("link-remove", "n_clicks", allow_optional=True),
    Input("link-undo", "n_clicks", allow_optional=True),
    State("link-place", "data"),
    State({"entry": ALL}, "value"),
    State({"entry": ALL}, "id"),
    permission=web.Permission.LINKS_EDIT,
    prevent_initial_call=True,
)
def act(
    _save: int, _remove: int | None, _undo: int | None, place: dict[str, Any], values: Sequence[Any],
    names: Sequence[dict[str, str]],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Save, remove or undo; what is refused is said with its reasons and changes nothing."""
    lang, kind = language(place["lang"]), str(place["kind"])
    typed = {str(each["entry"]): value for each, value in zip(names, values, strict=True)}
    key = (str(place["scene"] or typed.get("scene") or ""), kind, str(place["id"] or typed.get("id") or "").strip())
    action = str(ctx.triggered_id).removeprefix("link-")
    if kind not in FIELDS or not any((_save, _remove, _undo)):
        return no_update, no_update, no_update
    try:
        entry = web.change_link(action, key, int(place["version"]), entered(kind, typed) if action == "save" else None)
    except web.Refusal as refused:
        return (refused.en if lang == "en" else refused.zh), no_update, no_update
    said = f"{word(f'done_{action}', lang)} v{entry.version}"
    known = {**place, "scene": entry.scene, "id": entry.id, "version": entry.version}
    return said, known, history(web.link_history(key), lang)
