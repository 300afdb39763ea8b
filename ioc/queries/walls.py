"""The walls there are: read models of the bundle in force, the packs' compositions and the layers of the map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import redis
from shapely import Polygon, maximum_inscribed_circle
from shapely.geometry import mapping, shape

from ioc.geo import layer
from ioc.packs import bundle as packs
from ioc.queries import layers as drawn
from ioc.queries.composition import UnknownIndicator, UnknownScene, compose, newest
from ioc.queries.wall import DISTRICT, Layers, Ranking, WallView
from metrics import keys
from metrics.clock import LOCAL_OFFSET_MS
from metrics.world import LIVE_WORLD, World


def walls() -> tuple[Mapping[str, str], ...]:
    """Scenes that have a wall, in the order of the packs: `id`, `zh`, `en`."""
    composed = compositions()
    return tuple(scene for scene in shipped()["scenes"] if scene["id"] in composed)


def wall_view(
    client: redis.Redis, scene: str, world: str, data_dir: Path, real_now_ms: int, *, whole: bool = False
) -> WallView:
    """The wall of a scene in a world, on the map of today, `whole` with every indicator of it. Raises UnknownScene.

    Where Redis is away or has no bundle yet the shipped definitions are shown; the live marks then say what is missing.
    """
    composed = compositions()
    if scene not in composed:
        raise UnknownScene(scene)
    bundle, known, registered = _in_force(client, world)
    today = datetime.fromtimestamp((real_now_ms + LOCAL_OFFSET_MS) / 1000, UTC).date()
    return compose(bundle, composed[scene], layers(data_dir, today), known, scene, registered=registered, whole=whole)


def indicator_screen(client: redis.Redis, name: str, world: str, region: str = DISTRICT) -> WallView:
    """One indicator of a region as a wall would show it: its tile and trend, its groups, and the subdistricts ranked.

    Raises UnknownIndicator.
    """
    bundle, known, registered = _in_force(client, world)
    table = newest(bundle["indicators"]).get(name)
    if table is None:
        raise UnknownIndicator(name)
    worded = {key: compositions().get(table["scene"], {}).get(key, {}) for key in ("names", "registers", "values")}
    alone = {"tile": [{"indicator": name}], "trend": [{"indicator": name}], **worded}
    view = compose(bundle, alone, Layers(), known, table["scene"], registered=registered)
    ranked = "subdistrict" in table.get("levels", ())
    return replace(
        view,
        tiles=(name,),
        judged=(),
        indicators={name: view.indicators[name]},
        region=region,
        splits=view.splits if region == DISTRICT else (),  # groups of a part are not pushed to screens
        ranking=Ranking(name, (name,), view.places) if ranked else None,
    )


def _in_force(client: redis.Redis, world: str) -> tuple[Mapping[str, Any], World, bool]:
    """The bundle that is published, the world, and whether it is registered; what is shipped where Redis is away."""
    bundle, known, registered = shipped(), World(world), world == LIVE_WORLD.id
    try:
        published, entry = cast(Any, client.get(keys.BUNDLE)), cast(Any, client.hget(keys.WORLDS, world))
        bundle = json.loads(published) if published else bundle
        if entry:
            known, registered = World.from_json(entry), True
    except redis.RedisError:
        pass
    return bundle, known, registered


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
    outline, areas, water, roads = (layer.read(name, data_dir, today) for name in layer.LAYERS[:4])
    try:
        metro = layer.read("metro", data_dir, today)
    except FileNotFoundError:  # a district without one
        metro = {"type": "FeatureCollection", "features": []}
    points = [_label(each, "area") for each in areas["features"]] + [
        _label(each, "water") for each in water["features"]
    ]
    return Layers(
        outline=outline,
        subdistricts=areas,
        water=water,
        roads=roads,
        metro=metro,
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


def read_ahead() -> None:
    """Read the packs now, so that no visitor waits for it."""
    for read in (shipped, compositions, overview_composition, drawn.layers):
        read()


@cache
def shipped() -> Mapping[str, Any]:
    """The bundle of the packs as they are shipped."""
    return packs.build()


@cache
def compositions() -> Mapping[str, Mapping[str, Any]]:
    """Scene -> the composition of its wall."""
    return packs.walls()


@cache
def overview_composition() -> Mapping[str, Any] | None:
    """The composition of the overview; None where the packs have none."""
    return packs.overview()
