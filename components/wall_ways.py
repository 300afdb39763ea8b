"""The ways off a wall: to the home page and to the wall of every other scene, each with its key."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html

from components.frame import said
from components.ways import address
from components.words import Lang, word
from ioc.web import Named

MOST_KEYS = 9  # 1 to 8 for scenes, 9 for the overview; 0 and Esc lead home
OVERVIEW = Named("overview", "总览", "overview")


def wall_ways(here: str, walls: Sequence[Named], lang: Lang, asked: str = "") -> html.Nav:
    """A wall that nobody touches does not show them: wall_ways.js does while somebody points or types."""
    overview = _way(OVERVIEW, MOST_KEYS, here, address("/wall", lang, asked), lang)
    home = dcc.Link([html.Kbd("0"), word("home", lang)], href=address("/", lang, asked), className="way", id="way-0")
    ways = [
        _way(each, number, here, address(f"/wall/{each.id}", lang, asked), lang) for number, each in enumerate(walls, 1)
    ]
    return html.Nav([home, *ways, overview], id="wall-ways", className="wall-ways")


def _way(scene: Named, number: int, here: str, href: str, lang: Lang) -> dcc.Link:
    look = f"way{' here' if scene.id == here else ''}"
    if number > MOST_KEYS or (number == MOST_KEYS and scene is not OVERVIEW):
        return dcc.Link(said(scene, lang), href=href, className=look)
    return dcc.Link([html.Kbd(str(number)), said(scene, lang)], href=href, className=look, id=f"way-{number}")
