"""The page of an indicator, `/indicator/<id>`; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from dash import html

from components.indicator import indicator
from components.words import language, word
from ioc import web


def layout(name: str = "", world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """What an indicator means and what it says now; an unknown one says so."""
    try:
        view = web.indicator_view(name)
    except web.UnknownIndicator:
        return html.Div(html.P(word("no_indicator", language(lang))), className="plain-page")
    return indicator(view, web.shown_world(world), language(lang), world or "")


web.page(__name__, "/indicator/<name>", web.Permission.INDICATOR_VIEW, "指标", "Indicator", layout)
