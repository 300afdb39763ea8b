"""The one door that pages may use: how a page or callback is declared, who is there and what they may.

Everything that answers a browser names the permission it needs. `guard` closes the application: from then on every
request is somebody's, and an undeclared page, callback or route stops the start.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import dash
from dash import _callback as dash_callbacks
from flask import Flask

from ioc.door.visitor import Forbidden, Person, current_person, person_may, require
from ioc.queries.wall import Indicator, MapView, Place, Ranking, Road, Split, Strip, UnknownScene, WallView
from ioc.queries.walls import wall_view, walls
from ioc.security.permission import Permission
from ioc.security.role import Role

__all__ = [
    "Forbidden",
    "Indicator",
    "MapView",
    "Permission",
    "Person",
    "Place",
    "Ranking",
    "Road",
    "Role",
    "Split",
    "Strip",
    "UnknownScene",
    "WallView",
    "callback",
    "clientside_callback",
    "current_person",
    "guard",
    "page",
    "person_may",
    "wall_view",
    "walls",
]

Args = ParamSpec("Args")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Page:
    """A declared page; `pattern` matches the paths it answers."""

    module: str
    path: str
    permission: Permission
    title_zh: str
    title_en: str
    pattern: re.Pattern[str]


PAGES: dict[str, Page] = {}  # path -> page
DECLARED: dict[str, Permission] = {}  # dash's callback id -> permission


def page(  # noqa: PLR0917 - the contract between pages and the door
    module: str, path: str, permission: Permission | str, title_zh: str, title_en: str, layout: Any
) -> None:
    """Declare a Dash page. `path` may have variables (`/scene/<scene>`), which the layout gets as arguments.

    Raises ValueError for an unknown permission or a path that is taken by another module.
    """
    wanted = Permission(permission)
    if path in PAGES and PAGES[path].module != module:
        raise ValueError(f"page {path} is declared by {PAGES[path].module} and by {module}")
    expression = "".join(f"(?P<{name}>[^/]+)" if name else re.escape(text) for text, name in _pieces(path))
    PAGES[path] = Page(module, path, wanted, title_zh, title_en, re.compile(expression))

    def guarded(**variables: Any) -> Any:
        require(wanted)
        return layout(**variables) if callable(layout) else layout

    place = {"path_template": path} if "<" in path else {"path": path}
    register: Any = dash.register_page
    register(module, name=title_zh, title=f"{title_zh} · 罗湖区智能运营中心", layout=guarded, **place)


def _pieces(path: str) -> Iterator[tuple[str, str]]:
    """Split `/scene/<id>` into (literal text, "") and ("", variable name)."""
    for piece in re.split(r"(<\w+>)", path):
        yield ("", piece[1:-1]) if piece.startswith("<") else (piece, "")


def callback(
    *arguments: Any, permission: Permission | str, **options: Any
) -> Callable[[Callable[Args, Result]], Callable[Args, Result]]:
    """`dash.callback` that runs only for a visitor with the permission; anybody else gets 403."""
    wanted = Permission(permission)

    def declare(function: Callable[Args, Result]) -> Callable[Args, Result]:
        @functools.wraps(function)
        def checked(*values: Args.args, **named: Args.kwargs) -> Result:
            require(wanted)
            return function(*values, **named)

        dash.callback(*arguments, **options)(checked)
        DECLARED[dash_callbacks.GLOBAL_CALLBACK_LIST[-1]["output"]] = wanted
        return function

    return declare


def clientside_callback(function: Any, *arguments: Any, permission: Permission | str, **options: Any) -> None:
    """`dash.clientside_callback` with the permission of the page it belongs to, for the table of declarations."""
    wanted = Permission(permission)
    dash.clientside_callback(function, *arguments, **options)
    DECLARED[dash_callbacks.GLOBAL_CALLBACK_LIST[-1]["output"]] = wanted


def guard(server: Flask) -> None:
    """Close the application; see the module."""
