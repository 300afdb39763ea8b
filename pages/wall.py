"""The walls: /wall and /wall/<scene>, `?world=` for another world than the deployment's, `?lang=en` for English."""

from __future__ import annotations

from typing import Any

from components.wall import no_wall, wall
from components.words import language
from ioc import web

FIRST = "traffic"  # what /wall shows


def layout(scene: str = FIRST, world: str | None = None, lang: str | None = None, **_: Any) -> Any:
    """The wall of a scene; an unknown one says so."""
    try:
        view = web.wall_view(scene, world)
    except web.UnknownScene:
        return no_wall(scene, web.walls(), language(lang))
    return wall(view, language(lang))


web.page("pages.wall", "/wall", web.Permission.WALL_VIEW, "大屏", "Wall", layout)
web.page(
    "pages.wall.scene", "/wall/<scene>", web.Permission.WALL_VIEW, "场景大屏", "Wall of a scene", layout,
    exists=lambda scene: any(each.id == scene for each in web.walls()),
)  # fmt: skip
