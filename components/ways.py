"""The ways between pages: one list for the head of every page, without what the visitor may not open."""

from __future__ import annotations

from dash import dcc, html

from components.words import Lang, word
from ioc.web import Permission, person_may

# Address, name in the words, and the permission without which the way is not shown (None: everyone who reads pages).
WAYS: tuple[tuple[str, str, Permission | None], ...] = (
    ("/", "home", None),
    ("/map", "map_of", Permission.WALL_VIEW),
    ("/duty", "duty", Permission.DUTY_VIEW),
    ("/cases", "cases", Permission.DUTY_VIEW),
    ("/plans", "plans", Permission.DUTY_VIEW),
    ("/roster", "roster", Permission.DUTY_VIEW),
    ("/workbench", "workbench", Permission.WORKBENCH_VIEW),
    ("/coverage", "coverage", None),
    ("/links", "links", None),
    ("/regions", "regions", None),
    ("/screens", "screens", Permission.SCREEN_VIEW),
    ("/admin", "admin", Permission.ADMIN_VIEW),
)


def address(path: str, lang: Lang, world: str = "") -> str:
    """A link within the product that keeps the language, and the world where one is named."""
    asked = [f"world={world}"] if world else []
    asked += ["lang=en"] if lang == "en" else []
    return path + ("?" + "&".join(asked) if asked else "")


def page_ways(here: str, lang: Lang, asked: str = "") -> html.Nav:
    """The ways from the page whose name is `here`; the home page needs none to itself."""
    ways = [
        dcc.Link(word(key, lang), href=address(path, lang, asked), className=f"way{' here' if key == here else ''}")
        for path, key, wanted in WAYS
        if (wanted is None or person_may(wanted)) and not here == key == "home"
    ]
    return html.Nav(ways, className="ways")
