"""The map of the district as a read model: every layer, every indicator that may colour the subdistricts, one world."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import redis

from ioc.queries import layers as layer_models
from ioc.queries.composition import indicator_of, newest, places_of, sources_of
from ioc.queries.wall import Indicator, MapView, WallView
from ioc.queries.walls import layers, shipped
from metrics import keys
from metrics.clock import LOCAL_OFFSET_MS

LEVEL = "subdistrict"  # what an indicator must be published for to colour the map


@dataclass(frozen=True, slots=True)
class DistrictMap:
    """`view` holds the map; `scenes` are the others whose values and layers it shows. `titles`: indicator -> names."""

    view: WallView
    scenes: tuple[WallView, ...]
    titles: Mapping[str, tuple[str, str]]

    @property
    def map(self) -> MapView:
        """The map itself."""
        assert self.view.map is not None  # noqa: S101 - it is made with one; for the type checker
        return self.view.map

    def settings(self, lang: str) -> list[dict[str, Any]]:
        """What assets/live.js needs, the scene that holds the map first."""
        return [each.settings(lang) for each in (self.view, *self.scenes)]


def district_map(
    client: redis.Redis,
    world: str,
    data_dir: Path,
    real_now_ms: int,
    *,
    may_see: Callable[[str], bool],
    on: str | None = None,
    by: str = "",
    region: str = "",
) -> DistrictMap:
    """The map of a world with the scenes that somebody `may_see`; what an address asks for in vain is left out.

    Where Redis is away the shipped definitions are shown.
    """
    bundle = shipped()
    try:
        published = cast(Any, client.get(keys.BUNDLE))
        bundle = json.loads(published) if published else bundle
    except redis.RedisError:
        pass
    tables = newest(bundle["indicators"])
    seen = [scene for scene in bundle["scenes"] if may_see(scene["id"])]
    ids = {scene["id"] for scene in seen}
    known = {name: layer for name, layer in layer_models.layers().items() if layer.scene in ids}
    colours = [name for name, table in tables.items() if table["scene"] in ids and LEVEL in table.get("levels", ())]
    wanted = {*colours, *(layer.indicator for layer in known.values() if layer.dimension or layer.geometry)}
    areas = [layer.indicator for layer in known.values() if layer.kind == "area" and layer.overview and layer.indicator]
    chosen = by if by in colours else next(iter([*areas, *colours]), "")
    today = datetime.fromtimestamp((real_now_ms + LOCAL_OFFSET_MS) / 1000, UTC).date()
    places = places_of(bundle)
    points = {name: layer for name, layer in known.items() if layer.source or layer.geometry}
    shown = [name for name in layer_models.chosen(on, layer_models.overview()) if name in points]
    roads = next((layer.indicator for layer in points.values() if layer.geometry == "roads"), None)
    chart = MapView(
        roads, chosen, layers(data_dir, today), tuple(points.values()), tuple(shown), tuple(colours),
        region if region in {place.code for place in places} else "", open=True,
    )  # fmt: skip
    views = []
    for scene in seen:
        own = {
            name: indicator_of(tables[name], tables)
            for name in tables
            if name in wanted and tables[name]["scene"] == scene["id"]
        }
        views.append(_view(bundle, world, scene, own, places))
    home = tables[chosen]["scene"] if chosen else ""
    first = next((view for view in views if view.scene == home), None)
    if first is None:
        raise LookupError("no scene of the map may be seen")
    held = WallView(**{name: getattr(first, name) for name in WallView.__slots__} | {"map": chart})
    titles = {name: (tables[name]["zh"], tables[name].get("en", tables[name]["zh"])) for name in colours}
    return DistrictMap(held, tuple(view for view in views if view is not first), titles)


def _view(
    bundle: Mapping[str, Any], world: str, scene: Mapping[str, str], own: Mapping[str, Indicator], places: Sequence[Any]
) -> WallView:
    return WallView(
        scene=scene["id"], zh=scene["zh"], en=scene["en"], world=world, indicators=own, tiles=(), trends=(), strip=None,
        ranking=None, splits=(), map=None, sources=sources_of(bundle, own.values()), places=tuple(places),
    )  # fmt: skip
