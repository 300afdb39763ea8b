"""The home page as a read model: one world, the walls that it feeds, and the scenes that have none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import redis

from ioc.packs.scenes import scenes
from ioc.queries.wall import WallView
from ioc.queries.walls import wall_view, walls
from ioc.queries.worlds import worlds
from metrics import keys
from metrics.world import LIVE_WORLD, UnknownWorldVersion


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
    known, fed = {LIVE_WORLD.id: LIVE_WORLD.kind}, dict[str, frozenset[str]]()
    try:
        known |= {each.id: each.kind for each in worlds(client).values()}
        fed = {name: _fed(client, name) for name in {**known, world: ""}}
    except (redis.RedisError, UnknownWorldVersion):
        pass
    here: list[WallView] = []
    elsewhere: list[tuple[Named, str, str]] = []
    unfed: list[Named] = []
    for view in (wall_view(client, scene["id"], world, data_dir, real_now_ms) for scene in composed):
        feeders = [name for name, sources in fed.items()
                   if sources & view.sources.keys() and (known.get(name) != "playback" or name == world)]  # fmt: skip
        named = Named(view.scene, view.zh, view.en)
        if not feeders and any(fed.values()):
            unfed.append(named)
        elif feeders and world not in feeders:
            elsewhere.append((named, feeders[0], known[feeders[0]]))
        else:
            here.append(view)
    built = {scene["id"] for scene in composed}
    return HomeView(
        world=world,
        asked=asked,
        worlds=tuple((name, kind) for name, kind in known.items() if kind != "playback" or name == world),
        walls=tuple(here),
        elsewhere=tuple(elsewhere),
        unfed=tuple(unfed),
        without=tuple(Named(each.id, each.zh, each.en) for each in scenes() if each.id not in built),
    )


def _fed(client: redis.Redis, world: str) -> frozenset[str]:
    """The sources that somebody declares to feed into a world, and those the engine has heard of. Raises RedisError."""
    declared = {name.decode() for name in cast(Any, client.hkeys(keys.origins(world)))}
    feeds = cast(Any, client.hgetall(keys.engine(world, "feeds")))
    return frozenset(declared | {name.decode() for name, text in feeds.items() if json.loads(text).get("rows")})
