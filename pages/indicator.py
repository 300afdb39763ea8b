"""The page of an indicator, `/indicator/<id>`; `?region=`, `?world=`, `?lang=en`; `?span=`, `?against=` and `?by=` say
what drill.js shows."""

from __future__ import annotations

from typing import Any

from dash import html

from components.indicator import indicator
from components.words import language, word
from ioc import web


def layout(
    name: str = "", world: str | None = None, lang: str | None = None, region: str | None = None, **_: Any
) -> Any:
    """What an indicator means and what it says now in a region; an unknown one says so."""
    try:
        view = web.indicator_view(name)
        screen = web.indicator_screen(name, world, region or web.DISTRICT)
    except web.UnknownIndicator:
        return html.Div(html.P(word("no_indicator", language(lang))), className="plain-page")
    if region not in {None, web.DISTRICT, *(place.code for place in screen.places)}:
        return html.Div(html.P(word("no_region", language(lang))), className="plain-page")
    return indicator(view, screen, language(lang), world or "", web.related_incidents(name, world))


def _offers() -> list[web.Choice]:
    """All indicators, by the scenes of the packs."""
    return [
        web.Choice(f"/indicator/{each.id}", f"{each.id} {each.zh}", f"{each.id} {each.en}")
        for each in web.measured().values()
    ]


web.page(__name__, "/indicator/<name>", web.Permission.INDICATOR_VIEW, "指标", "Indicator", layout,
         exists=lambda name: name in web.measured(), offers=_offers)  # fmt: skip
