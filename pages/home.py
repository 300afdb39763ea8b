"""The home page, `/`: one world at a glance, and the walls that the visitor's role may open; `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.home import home, nothing
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """A card for each wall that the world feeds; who may open none is told so."""
    if web.person_may(web.Permission.WALL_VIEW):
        return home(web.home_view(world), language(lang))
    person = web.current_person()
    roles = sorted(person.roles, key=list(web.Role).index) if person else []
    return nothing(language(lang), [web.ROLE_TITLES[role][language(lang) == "en"] for role in roles])


web.page(__name__, "/", web.Permission.HOME_VIEW, "首页", "Home", layout)
