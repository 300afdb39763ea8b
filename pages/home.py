"""The home page, `/`: what the visitor's role may open, with its state now; `?world=` and `?lang=en` as on a wall."""

from __future__ import annotations

from typing import Any

from components.home import home
from components.words import language
from ioc import web


def layout(world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """A card for each wall the visitor may open; who may open none is told so."""
    person = web.current_person()
    roles = sorted(person.roles, key=list(web.Role).index) if person else []
    scenes = web.walls() if web.person_may(web.Permission.WALL_VIEW) else ()
    titles = [web.ROLE_TITLES[role][language(lang) == "en"] for role in roles]
    return home([web.wall_view(scene["id"], world) for scene in scenes], language(lang), titles)


web.page(__name__, "/", web.Permission.HOME_VIEW, "首页", "Home", layout)
