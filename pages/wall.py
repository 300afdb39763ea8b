"""The walls: /wall, the overview, and /wall/<scene>. `?world=` for another world than the deployment's, `?lang=en` for
English, `?region=`, `?layers=` for what the map shows, `?beside=SCENE` for a scene beside the overview."""

from __future__ import annotations

from typing import Any

from components.overview import overview
from components.wall import no_wall, wall
from components.words import language
from ioc import web


def layout(
    scene: str = "",
    *,
    world: str | None = None,
    lang: str | None = None,
    layers: str | None = None,
    region: str = "",
    beside: str = "",
    **_: Any,
) -> Any:
    """The overview, or the wall of a scene; an unknown one says so. Packs without an overview begin with a scene."""
    if not scene:
        try:
            return overview(web.overview_view(world, layers, region, beside), language(lang), web.walls(), world or "")
        except web.UnknownScene:
            return no_wall(beside, web.walls(), language(lang))
        except web.NoOverview:
            scene = web.walls()[0].id
    try:
        view = web.wall_view(scene, world)
    except web.UnknownScene:
        return no_wall(scene, web.walls(), language(lang))
    return wall(view, language(lang), web.walls(), world or "")


web.page("pages.wall", "/wall", web.Permission.WALL_VIEW, "大屏", "Wall", layout)
web.page(
    "pages.wall.scene", "/wall/<scene>", web.Permission.WALL_VIEW, "场景大屏", "Wall of a scene", layout,
    exists=lambda scene: any(each.id == scene for each in web.walls()),
    offers=lambda: [web.Choice(f"/wall/{each.id}", each.zh, each.en) for each in web.walls()],
)  # fmt: skip
