"""The walls there are: read models of the bundle in force, the packs' compositions and the layers of the map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import redis
from shapely import Polygon, maximum_inscribed_circle
from shapely.geometry import mapping, shape

from ioc.geo import layer
from ioc.packs import bundle as packs
from ioc.queries.composition import UnknownScene, compose
from ioc.queries.wall import Layers, WallView
from metrics import keys
from metrics.clock import LOCAL_OFFSET_MS
from metrics.world import LIVE_WORLD, World


def walls() -> tuple[Mapping[str, str], ...]:
    """Scenes that have a wall, in the order of the packs: `id`, `zh`, `en`."""
    composed = _compositions()
    return tuple(scene for scene in _shipped()["scenes"] if scene["id"] in composed)


def wall_view(client: redis.Redis, scene: str, world: str, data_dir: Path, real_now_ms: int) -> WallView:
    """The wall of a scene in a world, on the map of today. Raises UnknownScene.

    Where Redis is away or has no bundle yet the shipped definitions are shown; the live marks then say what is missing.
    """
    composed = _compositions()
    if scene not in composed:
        raise UnknownScene(scene)
    bundle, known, registered = _shipped(), World(world), world == LIVE_WORLD.id
    try:
        published, entry = cast(Any, client.get(keys.BUNDLE)), cast(Any, client.hget(keys.WORLDS, world))
        bundle = json.loads(published) if published else bundle
        if entry:
            known, registered = World.from_json(entry), True
    except redis.RedisError:
        pass  # see above
    today = datetime.fromtimestamp((real_now_ms + LOCAL_OFFSET_MS) / 1000, UTC).date()
    return compose(bundle, composed[scene], layers(data_dir, today), known, scene, registered=registered)


def default_world(client: redis.Redis, view: WallView) -> str:
    """The world to show a scene in where nobody names one: the view's if that feeds the scene, else `live`.

    A replay of one source says nothing of what the others feed. A world that nobody feeds yet is waited for.
    """
    try:
        fed = {name.decode() for name in cast(Any, client.hkeys(keys.origins(view.world)))}
    except redis.RedisError:
        return view.world
    return view.world if not fed or fed & view.sources.keys() else LIVE_WORLD.id


def layers(data_dir: Path, today: date) -> Layers:
    """The layers of the map in force on a day, as shipped or as replaced in the data directory."""
    return _layers(data_dir, today, tuple(layer.current(name, data_dir) for name in layer.LAYERS))


@lru_cache(maxsize=2)
def _layers(data_dir: Path, today: date, _versions: tuple[int, ...]) -> Layers:
    outline, areas, water, roads = (layer.read(name, data_dir, today) for name in layer.LAYERS)
    points = [_label(each, "area") for each in areas["features"]] + [
        _label(each, "water") for each in water["features"]
    ]
    return Layers(
        outline=outline,
        subdistricts=areas,
        water=water,
        roads=roads,
        labels={"type": "FeatureCollection", "features": points},
    )


def _label(feature: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A point where a name has most room: the centre of the greatest circle inside the polygon."""
    circle = maximum_inscribed_circle(cast(Polygon, shape(feature["geometry"])), tolerance=1e-4)
    return {
        "type": "Feature",
        "properties": {**feature["properties"], "kind": kind},
        "geometry": {"type": "Point", "coordinates": mapping(circle)["coordinates"][0]},
    }


@cache
def _shipped() -> Mapping[str, Any]:
    return packs.build()


@cache
def _compositions() -> Mapping[str, Mapping[str, Any]]:
    return packs.walls()
