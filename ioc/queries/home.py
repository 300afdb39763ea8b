"""The home page as a read model: one world, the walls that it feeds, and the scenes that have none."""

from __future__ import annotations

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
    the live one first. `walls` are the scenes that this world feeds, `elsewhere` have a wall that only the live world
    feeds, `without` are the scenes that have no wall yet.
    """

    world: str
    asked: bool
    worlds: tuple[tuple[str, str], ...]
    walls: tuple[WallView, ...]
    elsewhere: tuple[Named, ...]
    without: tuple[Named, ...]


def home_view(client: redis.Redis, world: str, data_dir: Path, real_now_ms: int, *, asked: bool = False) -> HomeView:
    """The home page in a world. What nobody declares as fed into another world is live; a world that nobody feeds yet
    is waited for. Where Redis is away the named world is all there is."""
    composed = walls()
    known, fed = [LIVE_WORLD], set[str]()
    try:
        known += [World.from_json(text) for _, text in sorted(cast(Any, client.hgetall(keys.WORLDS)).items())]
        fed = {name.decode() for name in cast(Any, client.hkeys(keys.origins(world)))}
    except (redis.RedisError, UnknownWorldVersion):
        pass
    views = [wall_view(client, scene["id"], world, data_dir, real_now_ms) for scene in composed]
    here = [view for view in views if world == LIVE_WORLD.id or not fed or fed & view.sources.keys()]
    built = {scene["id"] for scene in composed}
    return HomeView(
        world=world,
        asked=asked,
        worlds=tuple({each.id: (each.id, each.kind) for each in known}.values()),
        walls=tuple(here),
        elsewhere=tuple(Named(view.scene, view.zh, view.en) for view in views if view not in here),
        without=tuple(Named(name, *said) for name, said in SCENES.items() if name not in built),
    )
