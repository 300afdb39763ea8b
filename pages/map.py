"""The map of the district, /map: `?layers=a,b`, `?by=` (indicator), `?region=`, `?world=`, `?lang=en`."""

from __future__ import annotations

from typing import Any

from components.map_page import map_page, no_map
from components.words import language
from ioc import web


def layout(
    world: str | None = None, lang: str | None = None, layers: str | None = None, by: str = "", region: str = "",
    **_: Any,
) -> Any:  # fmt: skip
    """The map of a world; who may see none of its scenes is told so."""
    try:
        return map_page(web.map_view(world, layers, by, region), language(lang))
    except LookupError:
        return no_map(language(lang))


web.page(__name__, "/map", web.Permission.WALL_VIEW, "一图感知", "Map", layout)
