"""The home page as a read model: one world, the walls that it feeds, and the scenes that have none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import redis

from ioc.queries.wall import WallView
from ioc.queries.walls import wall_view, walls
from metrics import keys
from metrics.world import LIVE_WORLD, UnknownWorldVersion, World

# The seven scenes of the centre, as the district names them; `operations` watches the centre itself.
SCENES: Final[Mapping[str, tuple[str, str]]] = {
    "governance": ("城市治理", "urban governance"),
    "renewal": ("城市更新", "urban renewal"),
    "services": ("政务服务", "government services"),
    "livelihood": ("民生服务", "livelihood services"),
    "traffic": ("交通运行", "traffic"),
    "safety": ("公共安全", "public safety"),
    "emergency": ("应急指挥", "emergency command"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """Something that has an id and a name in both languages."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class HomeView:
    """What the home page shows: one `world`, and nothing of another one but the way there.

    `asked` says that the address named the world: then the links do too. `worlds` (id, kind) are those one may go to,
    the live one first. `walls` are the scenes that this world feeds, all of them while nothing is fed anywhere;
    `elsewhere` are those that only another world feeds, with its id and kind; `unfed` have a wall and no feed in any
    world; `without` are the scenes that have no wall yet.
    """

    world: str
    asked: bool
    worlds: tuple[tuple[str, str], ...]
    walls: tuple[WallView, ...]
    elsewhere: tuple[tuple[Named, str, str], ...]
    unfed: tuple[Named, ...]
    without: tuple[Named, ...]


def home_view(client: redis.Redis, world: str, data_dir: Path, real_now_ms: int, *, asked: bool = False) -> HomeView:
    """The home page in a world. Where Redis is away the named world is all there is, and shows every wall."""
    composed = walls()
    worlds, fed = {LIVE_WORLD.id: LIVE_WORLD.kind}, dict[str, frozenset[str]]()
    try:
        known = [World.from_json(text) for _, text in sorted(cast(Any, client.hgetall(keys.WORLDS)).items())]
        worlds |= {each.id: each.kind for each in known}
        fed = {name: _fed(client, name) for name in {**worlds, world: ""}}
    except (redis.RedisError, UnknownWorldVersion):
        pass
    here: list[WallView] = []
    elsewhere: list[tuple[Named, str, str]] = []
    unfed: list[Named] = []
    for view in (wall_view(client, scene["id"], world, data_dir, real_now_ms) for scene in composed):
        feeders = [name for name, sources in fed.items() if sources & view.sources.keys()]
        named = Named(view.scene, view.zh, view.en)
        if not feeders and any(fed.values()):
            unfed.append(named)
        elif feeders and world not in feeders:
            elsewhere.append((named, feeders[0], worlds[feeders[0]]))
        else:
            here.append(view)
    built = {scene["id"] for scene in composed}
    return HomeView(
        world=world,
        asked=asked,
        worlds=tuple(worlds.items()),
        walls=tuple(here),
        elsewhere=tuple(elsewhere),
        unfed=tuple(unfed),
        without=tuple(Named(name, *said) for name, said in SCENES.items() if name not in built),
    )


def _fed(client: redis.Redis, world: str) -> frozenset[str]:
    """The sources that somebody declares to feed into a world, and those the engine has heard of. Raises RedisError."""
    declared = {name.decode() for name in cast(Any, client.hkeys(keys.origins(world)))}
    feeds = cast(Any, client.hgetall(keys.engine(world, "feeds")))
    return frozenset(declared | {name.decode() for name, text in feeds.items() if json.loads(text).get("rows")})
