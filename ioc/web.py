"""The one door that pages may use: how a page or callback is declared, who is there and what they may.

Everything that answers a browser names the permission it needs. `guard` closes the application: from then on every
request is somebody's, and an undeclared page, callback or route stops the start.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, TypeVar

import dash
from dash import _callback as dash_callbacks
from dash import _get_app as dash_apps
from flask import Flask, current_app

from ioc.api import routes as api_routes
from ioc.domain.processes import PROCESSES
from ioc.door import (
    administration,
    alarms,
    answers,
    attention,
    audit_keeper,
    command,
    device,
    entrance,
    evaluation,
    incidents,
    interface,
    layers,
    means,
    messages,
    names,
    plans,
    playbacks,
    relations,
    reports,
    responses,
    reviews,
    screens,
    standing,
    units,
    unmasking,
    video,
    vouchers,
    workbench,
)
from ioc.door.bundle import Bundle
from ioc.door.desk import Desk, open_desk
from ioc.door.dossiers import desk_view, dossier_world
from ioc.door.evaluation import evaluation_page
from ioc.door.guard import DebugRefused, Undeclared, check_routes
from ioc.door.guard import register as register_guard
from ioc.door.missing import Choice, Missing, no_page, no_world
from ioc.door.plans import plan_exists
from ioc.door.reading import (
    change_link,
    connect_allowed,
    indicator_view,
    link_graph,
    link_history,
    related_incidents,
    shown_world,
)
from ioc.door.regions import change_region, change_regions, region_form, region_table, regions_view, undo_regions
from ioc.door.reviews import review_page
from ioc.door.screens import screen_style, screens_view
from ioc.door.visitor import Forbidden, Person, assembling, current_person, is_open, person_may, require
from ioc.packs.scenes import scenes
from ioc.queries import catalogue as catalogue_models
from ioc.queries import home as home_models
from ioc.queries import map_page as map_models
from ioc.queries import overview as overview_models
from ioc.queries import tasks as task_models
from ioc.queries import walls as wall_models
from ioc.queries.catalogue import Catalogue, Definition
from ioc.queries.composition import UnknownIndicator, UnknownScene
from ioc.queries.desk_page import DeskView
from ioc.queries.evaluation import Evaluation, Figure, Measure
from ioc.queries.home import HomeView, Named
from ioc.queries.indicator_incidents import RelatedIncident
from ioc.queries.indicator_page import IndicatorView
from ioc.queries.layers import Layer
from ioc.queries.library import Entry as LinkEntry
from ioc.queries.link_graph import COLUMNS as LINK_COLUMNS
from ioc.queries.link_graph import LinkGraph
from ioc.queries.link_graph import System as LinkSystem
from ioc.queries.map_page import DistrictMap
from ioc.queries.overview import NoOverview, OverviewView, Placed, Rows, SceneRow
from ioc.queries.region_page import RegionForm, RegionLine, RegionsView
from ioc.queries.regions import NUMBERS as REGION_NUMBERS
from ioc.queries.regions import Edition
from ioc.queries.review import Review
from ioc.queries.screens_page import Option, SceneOption, ScreensView
from ioc.queries.tasks import TASK_STATES, Measured, TaskView
from ioc.queries.tasks import indicators as measured
from ioc.queries.tiles import tile_layer
from ioc.queries.wall import DISTRICT, Command, Indicator, MapView, Place, Ranking, Road, Split, Strip, WallView
from ioc.report.situation import SituationReport as ReviewReport
from ioc.security.permission import Permission, allows, topics
from ioc.security.role import TITLES as ROLE_TITLES
from ioc.security.role import Role
from ioc.services.refusals import Refusal
from ioc.settings import Settings
from metrics.clock import real_ms

__all__ = [
    "DISTRICT",
    "LINK_COLUMNS",
    "PROCESSES",
    "REGION_NUMBERS",
    "ROLE_TITLES",
    "TASK_STATES",
    "Bundle",
    "Catalogue",
    "Choice",
    "Command",
    "CoverageView",
    "DebugRefused",
    "Definition",
    "DeskView",
    "DistrictMap",
    "Edition",
    "Evaluation",
    "Figure",
    "Forbidden",
    "HomeView",
    "Indicator",
    "IndicatorView",
    "Layer",
    "LinkEntry",
    "LinkGraph",
    "LinkSystem",
    "MapView",
    "Measure",
    "Measured",
    "Named",
    "NoOverview",
    "Option",
    "OverviewView",
    "Permission",
    "Person",
    "Place",
    "Placed",
    "Ranking",
    "Refusal",
    "RegionForm",
    "RegionLine",
    "RegionsView",
    "RelatedIncident",
    "Review",
    "ReviewReport",
    "Road",
    "Role",
    "Rows",
    "SceneOption",
    "SceneRow",
    "ScreensView",
    "Split",
    "Strip",
    "TaskView",
    "Undeclared",
    "UnknownIndicator",
    "UnknownScene",
    "WallView",
    "callback",
    "catalogue_view",
    "change_link",
    "change_region",
    "change_regions",
    "clientside_callback",
    "connect_allowed",
    "coverage_view",
    "current_person",
    "definition_view",
    "desk_view",
    "dossier_world",
    "evaluation_page",
    "guard",
    "home_view",
    "indicator_screen",
    "indicator_view",
    "link_graph",
    "link_history",
    "map_view",
    "measured",
    "overview_view",
    "page",
    "person_may",
    "plan_exists",
    "region_form",
    "region_table",
    "regions_view",
    "related_incidents",
    "review_page",
    "screen_style",
    "screens_view",
    "shown_world",
    "undo_regions",
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
    exists: Callable[..., bool]
    offers: Callable[[], Iterable[Choice]]

    def answers(self, path: str) -> bool:
        """Whether there is a page at this path; a path with variables may name what there is not."""
        found = self.pattern.fullmatch(path)
        return found is not None and self.exists(**found.groupdict())


PAGES: dict[str, Page] = {}  # path -> page
DECLARED: dict[str, Permission] = {}  # dash's callback id -> permission
DEBUG_VARIABLES = ("FLASK_DEBUG", "DASH_DEBUG")
# The router of Dash's pages: it shows layouts, and each layout asks for its page's permission.
DASH_OWN = frozenset({".._pages_content.children..._pages_store.data..", "_pages_dummy.children"})


def page(  # noqa: PLR0917 - the contract between pages and the door
    module: str,
    path: str,
    permission: Permission | str,
    title_zh: str,
    title_en: str,
    layout: Any,
    *,
    exists: Callable[..., bool] = lambda **_: True,
    offers: Callable[[], Iterable[Choice]] = tuple,
) -> None:
    """Declare a Dash page. `path` may have variables (`/scene/<scene>`), which the layout gets as arguments.

    `exists` is asked with them; where it says no there is no page (404), and it is said what there is: `offers`.

    Raises ValueError for an unknown permission or a path that is taken by another module.
    """
    wanted = Permission(permission)
    if path in PAGES and PAGES[path].module != module:
        raise ValueError(f"page {path} is declared by {PAGES[path].module} and by {module}")
    expression = "".join(f"(?P<{name}>[^/]+)" if name else re.escape(text) for text, name in _pieces(path))
    PAGES[path] = Page(module, path, wanted, title_zh, title_en, re.compile(expression), exists, offers)

    def guarded(**variables: Any) -> Any:
        if not is_open(wanted):
            return dash.html.Div(dash.html.P("无权查看此页 No permission"), className="plain-page")
        return layout(**variables) if callable(layout) else layout

    place = {"path_template": path} if "<" in path else {"path": path}
    register: Any = dash.register_page
    register(module, name=title_zh, title=f"{title_zh} · 罗湖区智能运营中心", layout=guarded, **place)


def missing(path: str, world: str | None, lang: str) -> Missing | None:
    """What an address of ours names that there is not: the name in its path, or its world; None: it is all there."""
    path = "/" + path.strip("/")
    for declared in [] if path in PAGES else PAGES.values():
        found = declared.pattern.fullmatch(path)
        if found and not declared.exists(**found.groupdict()) and person_may(declared.permission):
            return no_page(" ".join(found.groupdict().values()), list(declared.offers()), lang)
    if permission_of(path) is None:
        return None
    desk: Desk = current_app.extensions["ioc"]
    return no_world(desk.client, path, world, desk.settings.world, lang)


def walls() -> tuple[Named, ...]:
    """The scenes that have a wall."""
    return tuple(Named(scene["id"], scene["zh"], scene["en"]) for scene in wall_models.walls())


def wall_view(scene: str, world: str | None = None) -> WallView:
    """What the wall of a scene shows, in a world or in the one the deployment shows it in. Raises UnknownScene."""
    desk: Desk = current_app.extensions["ioc"]
    settings, now = desk.settings, desk.clock()
    view = wall_models.wall_view(desk.client, scene, world or settings.world, settings.data_path, now)
    fed = world or wall_models.default_world(desk.client, view)
    if fed != view.world:
        view = wall_models.wall_view(desk.client, scene, fed, settings.data_path, now)
    return _tiled(view, settings)


def _tiled(view: WallView, settings: Settings) -> WallView:
    """A view with the tile server of the deployment below its map."""
    if view.map is None or not settings.tiles_url:
        return view
    token, bounds = settings.tiles_token.get_secret_value(), view.map.layers.bounds
    pictures = tile_layer(settings.tiles_url, token, settings.tiles_datum, bounds)
    return replace(view, map=replace(view.map, tiles=pictures))


def map_view(world: str | None, on: str | None, by: str, region: str) -> DistrictMap:
    """The map of a world, with the layers, the colouring and the region that an address asks for. Raises LookupError
    for who may see nothing on it."""
    desk: Desk = current_app.extensions["ioc"]
    settings, person = desk.settings, current_person()
    named = world or settings.world
    patterns = topics(person.roles, scenes()) if person else frozenset()
    found = map_models.district_map(
        desk.client, named, settings.data_path, desk.clock(),
        may_see=lambda scene: allows(patterns, f"{named}/{scene}"), on=on, by=by, region=region,
    )  # fmt: skip
    return replace(found, view=_tiled(found.view, settings))


def indicator_screen(name: str, world: str | None = None, region: str = DISTRICT) -> WallView:
    """One indicator of a region as a wall would show it. Raises UnknownIndicator."""
    desk: Desk = current_app.extensions["ioc"]
    return wall_models.indicator_screen(desk.client, name, world or desk.settings.world, region)


def overview_view(world: str | None = None, on: str | None = None, region: str = "", beside: str = "") -> OverviewView:
    """What the overview shows, in a world or in the one of the deployment, with the layers, the region and the scene
    beside it that an address asks for. Raises NoOverview, UnknownScene."""
    desk: Desk = current_app.extensions["ioc"]
    settings = desk.settings
    return overview_models.overview_view(
        desk.client, world or settings.world, settings.data_path, desk.clock(), on=on, region=region, beside=beside
    )


def home_view(world: str | None = None) -> HomeView:
    """What the home page shows, in a world or in the one of the deployment."""
    desk: Desk = current_app.extensions["ioc"]
    settings = desk.settings
    found = home_models.home_view(
        desk.client, world or settings.world, settings.data_path, desk.clock(), asked=world is not None
    )
    return replace(found, walls=tuple(_tiled(view, settings) for view in found.walls))


@dataclass(frozen=True, slots=True)
class CoverageView:
    """The coverage page: all tasks in a world; `pages` (address -> `open`, `closed` to the visitor, `missing`).

    `feeds`, `indicators`: how many the packs declare.
    """

    world: str
    tasks: tuple[TaskView, ...]
    scenes: tuple[Named, ...]
    pages: dict[str, str]
    feeds: int
    indicators: int


def catalogue_view() -> Catalogue:
    """Every indicator as analysts look for it."""
    return catalogue_models.catalogue()


def definition_view(name: str) -> tuple[Definition, str]:
    """One, with the text in which it is defined. Raises UnknownIndicator."""
    return catalogue_models.definition(name)


def coverage_view(world: str | None = None) -> CoverageView:
    """What serves each task, as the packs say, and which of the pages they name there are."""
    desk: Desk = current_app.extensions["ioc"]
    found = task_models.tasks()
    named = {scene.id: scene for task in found for scene in task.scenes}
    return CoverageView(
        world=world or desk.settings.world,
        tasks=found,
        scenes=tuple(named[each.id] for each in scenes() if each.id in named),
        pages={page.to: page_state(page.to) for task in found for page in task.pages},
        feeds=len(task_models.sources()),
        indicators=len(measured()),
    )


def page_state(address: str) -> str:
    """Of an address within the product: `open` to the visitor, `closed`, or `missing` where no page is built."""
    wanted = permission_of(address.partition("?")[0])
    return "missing" if wanted is None else "open" if person_may(wanted) else "closed"


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


def guard(server: Flask, settings: Settings | None = None, clock: Callable[[], int] = real_ms) -> Desk:
    """Close the application of the newest Dash on this server; call it last, when everything is declared.

    Raises Undeclared for a route, page or callback without a permission, DebugRefused in debug mode, and what
    `open_desk` raises.
    """
    app: Any = dash_apps.APP  # not get_app(): that one may still be the application of an earlier request
    if app is None or app.server is not server:
        raise ValueError("guard wants the server of the newest Dash application")
    if server.debug or any(os.environ.get(name, "").lower() in {"1", "true"} for name in DEBUG_VARIABLES):
        raise DebugRefused("debug mode is refused: unset FLASK_DEBUG and DASH_DEBUG")
    app.run = _refuse_to_run
    # Dash registers its router, the callbacks and the inline scripts at the first request; do it now, to see them all.
    with assembling(), server.test_request_context("/"):
        for prepare in server.before_request_funcs.get(None, []):
            prepare()
    desk = open_desk(settings or Settings(), clock)
    server.extensions["ioc"] = desk
    try:
        _close_in(server, app, desk)
    except BaseException:
        desk.close()
        raise
    return desk


def _close_in(server: Flask, app: Any, desk: Desk) -> None:
    """Routes, checks and the guard before every request."""
    answers.register(server)
    entrance.register(server, desk)
    device.register(server, desk)
    interface.register(server, desk)
    standing.register(server, desk)
    playbacks.register(server, desk)
    names.register(server, desk)
    administration.register(server, desk)
    screens.register(server, desk)
    layers.register(server, desk)
    attention.register(server, desk)
    command.register(server, desk)
    incidents.register(server, desk)
    relations.register(server, desk)
    alarms.register(server, desk)
    reports.register(server, desk)
    units.register(server, desk)
    means.register(server, desk)
    video.register(server, desk)
    vouchers.register(server, desk)
    messages.register(server, desk)
    responses.register(server, desk)
    reviews.register(server, desk)
    evaluation.register(server, desk)
    unmasking.register(server, desk)
    plans.register(server, desk)
    workbench.register(server, desk)
    audit_keeper.register(server, desk)
    api_routes.register(server, desk)
    check_routes(server)
    check_declarations(app)
    hashes = functools.lru_cache(maxsize=4)(lambda _count: tuple(app.csp_hashes()))
    register_guard(server, desk, permission_of, missing, lambda: hashes(len(app._inline_scripts)))


def check_declarations(app: Any) -> None:
    """Raises Undeclared for the pages and callbacks of a Dash application that went past this door."""
    pages = {declared.module for declared in PAGES.values()}
    names = [f"page {module}" for module in dash.page_registry if module not in pages]
    outputs = [entry["output"] for entry in [*app._callback_list, *dash_callbacks.GLOBAL_CALLBACK_LIST]]
    outputs += [*app.callback_map, *dash_callbacks.GLOBAL_CALLBACK_MAP]
    names += [f"callback {output}" for output in dict.fromkeys(outputs) if output not in {*DECLARED, *DASH_OWN}]
    if names:
        raise Undeclared(names)


def permission_of(path: str) -> Permission | None:
    """What the page at this path requires; None when there is none."""
    path = "/" + path.strip("/")
    exact = PAGES.get(path)
    if exact is not None:
        return exact.permission
    return next((declared.permission for declared in PAGES.values() if declared.answers(path)), None)


def _refuse_to_run(*_: Any, **__: Any) -> None:
    raise DebugRefused("pages are served by `ioc web`; Dash's own server is for development and shows its insides")
