"""The evaluation of offices, `/evaluation`; `?scene=`, `?to=2026-11-22` (its end), `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from dash import html

from components.evaluation import evaluation
from components.words import language
from ioc import web


def layout(
    world: str | None = None, lang: str | None = None, scene: str | None = None, to: str | None = None, **_: Any
) -> Any:
    """Offices by indicators; what is wrong with the address is said."""
    chosen = language(lang)
    told = web.evaluation_page(world, scene, to)
    if not isinstance(told, web.Evaluation):
        return html.Div(html.P(told[chosen == "en"]), className="plain-page")
    return evaluation(told, chosen, asked=world or "", day=to or "")


web.page(__name__, "/evaluation", web.Permission.INDICATOR_VIEW, "综合评价", "Evaluation", layout)
