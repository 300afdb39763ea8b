"""The wall of one scene as a read model: what is shown where, under which name, in which unit, with which limits."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from metrics import keys
from metrics.world import World

DISTRICT = "440303"
LEVELS = ("blue", "yellow", "orange", "red")  # best to worst
COMPOSITION_KEYS: Mapping[str, frozenset[str]] = {
    "tile": frozenset({"indicator", "dims"}),
    "trend": frozenset({"indicator", "dims"}),
    "strip": frozenset({"speed", "state"}),
    "map": frozenset({"roads", "areas"}),
    "ranking": frozenset({"by", "beside"}),
    "split": frozenset({"indicator", "dimension"}),
}


class CompositionError(ValueError):
    """A wall.toml is not of its form; the text names file and key."""


class UnknownScene(LookupError):
    """No wall is composed for this scene."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: the level it reaches and its value in the indicator's unit."""

    level: str
    value: float


@dataclass(frozen=True, slots=True)
class Indicator:
    """What the screen must know of an indicator; `sources` are all it is computed from, through its references."""

    id: str
    version: int
    zh: str
    en: str
    unit: str
    decimals: int
    direction: str
    limits: tuple[Limit, ...]
    target: float | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Road:
    """A road of the strip. `assumed` names the attributes that are assumptions, not facts."""

    id: str
    zh: str
    en: str
    kind: str
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A region below the district."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Strip:
    """All roads: `speed` is the indicator of the number, `state` the one of the colour."""

    speed: str
    state: str
    roads: tuple[Road, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Subdistricts by one indicator, another one beside it."""

    by: str
    beside: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """Vector layers in WGS-84 as GeoJSON feature collections; empty where there is none."""

    outline: Mapping[str, Any] = field(default_factory=lambda: _collection())
    subdistricts: Mapping[str, Any] = field(default_factory=lambda: _collection())
    water: Mapping[str, Any] = field(default_factory=lambda: _collection())
    roads: Mapping[str, Any] = field(default_factory=lambda: _collection())


@dataclass(frozen=True, slots=True)
class MapView:
    """The map: `roads` colours the road layer, `areas` shades the subdistricts."""

    roads: str | None
    areas: str | None
    layers: Layers


@dataclass(frozen=True, slots=True)
class Split:
    """One indicator by one dimension, e.g. memory by process."""

    indicator: str
    dimension: str


@dataclass(frozen=True, slots=True)
class WallView:
    """Everything a wall shows except the values, which arrive over the live socket."""

    scene: str
    zh: str
    en: str
    world: str
    indicators: Mapping[str, Indicator]
    tiles: tuple[str, ...]
    trends: tuple[str, ...]
    strip: Strip | None
    ranking: Ranking | None
    split: Split | None
    map: MapView | None
    sources: Mapping[str, Mapping[str, str]]

    @property
    def topic(self) -> str:
        return f"{self.world}/{self.scene}"

    def settings(self, lang: str) -> dict[str, Any]:
        """What assets/live.js needs, as plain JSON; the geometry travels in the map's own layers."""
        return {
            "v": 1, "topic": self.topic, "world": self.world, "scene": self.scene, "lang": lang, "district": DISTRICT,
            "indicators": {name: asdict(each) for name, each in self.indicators.items()},
            "tiles": list(self.tiles), "trends": list(self.trends), "sources": dict(self.sources),
            "strip": {"speed": self.strip.speed, "state": self.strip.state} if self.strip else None,
            "ranking": {"by": self.ranking.by, "beside": self.ranking.beside} if self.ranking else None,
            "split": asdict(self.split) if self.split else None,
            "map": {"roads": self.map.roads, "areas": self.map.areas} if self.map else None,
        }  # fmt: skip


def compose(
    bundle: Mapping[str, Any], composition: Mapping[str, Any], layers: Layers, world: World, scene: str
) -> WallView:
    """The wall of `scene` in `world`. Raises UnknownScene and CompositionError (also for an indicator unknown)."""
    names = next((each for each in bundle["scenes"] if each["id"] == scene), None)
    if names is None:
        raise UnknownScene(scene)
    file = f"packs/{scene}/wall.toml"
    _check(composition, file)
    tables = _newest(bundle["indicators"])
    tiles = [row["indicator"] for row in composition.get("tile", [])]
    trends = [row["indicator"] for row in composition.get("trend", [])]
    strip, ranking = composition.get("strip"), composition.get("ranking")
    split, chart = composition.get("split"), composition.get("map")
    wanted = [*tiles, *trends, *(strip or {}).values(), *(ranking or {}).values(), *(chart or {}).values()]
    wanted += [split["indicator"]] if split else []
    for name in wanted:
        if name not in tables:
            raise CompositionError(f"{file}: indicator {name!r} is not defined")
    indicators = {name: _indicator(tables[name], tables) for name in dict.fromkeys(wanted)}
    used = sorted({source for each in indicators.values() for source in each.sources})
    return WallView(
        scene=scene, zh=names["zh"], en=names["en"], world=world.id, indicators=indicators, tiles=tuple(tiles),
        trends=tuple(trends),
        strip=Strip(strip["speed"], strip["state"], _roads(bundle, world, indicators[strip["speed"]])) if strip else None,
        ranking=Ranking(ranking["by"], ranking["beside"], _places(bundle)) if ranking else None,
        split=Split(split["indicator"], split["dimension"]) if split else None,
        map=MapView(chart.get("roads"), chart.get("areas"), layers) if chart is not None else None,
        sources={name: {"zh": _name(bundle, name, "zh"), "en": _name(bundle, name, "en")} for name in used},
    )  # fmt: skip


def composed_scenes() -> tuple[str, ...]:
    """The scenes whose pack composes a wall, by name."""
    packs = files("ioc.packs")
    return tuple(sorted(each.name for each in packs.iterdir() if each.joinpath("wall.toml").is_file()))


def composition_of(scene: str) -> Mapping[str, Any]:
    """The shipped composition. Raises UnknownScene; the scene is looked up, never joined into a path."""
    if scene not in composed_scenes():
        raise UnknownScene(scene)
    return tomllib.loads(files("ioc.packs").joinpath(scene, "wall.toml").read_text(encoding="utf-8"))


def read(client: Any, scene: str, world: str) -> WallView:
    """The wall from the bundle in force (`client` is a redis.Redis); the shipped bundle where none is published yet."""
    raw = client.get(keys.BUNDLE)
    if raw is None:
        from ioc.packs.bundle import build

        bundle: Mapping[str, Any] = build()
    else:
        bundle = json.loads(raw)
    known = client.hget(keys.WORLDS, world)
    return compose(bundle, composition_of(scene), layers(), World.from_json(known) if known else World(world), scene)


@cache
def layers() -> Layers:
    """The layers of the map as packaged (read once; a replaced layer needs a restart of the web server)."""
    return Layers()


def _collection(features: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _check(composition: Mapping[str, Any], file: str) -> None:
    for part, table in composition.items():
        if part not in COMPOSITION_KEYS:
            raise CompositionError(f"{file}: unknown key {part!r}")
        for row in table if isinstance(table, list) else [table]:
            for key in row:
                if key not in COMPOSITION_KEYS[part]:
                    raise CompositionError(f"{file}: unknown key {part}.{key}")


def _newest(tables: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The table with the highest version of each indicator."""
    newest: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        if table["id"] not in newest or table.get("version", 1) >= newest[table["id"]].get("version", 1):
            newest[table["id"]] = table
    return newest


def _indicator(table: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Indicator:
    limits = table.get("thresholds", {})
    target = table.get("target", {})
    return Indicator(
        id=table["id"], version=table.get("version", 1), zh=table["zh"], en=table.get("en", table["zh"]),
        unit=table.get("unit", ""), decimals=table.get("decimals", 0), direction=table.get("direction", "context"),
        limits=tuple(Limit(level, float(limits[level])) for level in LEVELS if level in limits),
        target=float(target["value"]) if "value" in target else None,
        sources=tuple(sorted(_sources(table, tables, set()))),
    )  # fmt: skip


def _sources(table: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], seen: set[str]) -> set[str]:
    """All sources behind an indicator: of its measures, of the indicators they read and of those its formula names."""
    seen.add(table["id"])
    found = {table["source"]} if "source" in table else set()
    found |= {measure["source"] for measure in table.get("measures", {}).values() if "source" in measure}
    direct = {source for source in found if not source.startswith("indicator:")}
    behind = {source.removeprefix("indicator:") for source in found - direct}
    words = set("".join(letter if letter.isalnum() or letter == "_" else " " for letter in table.get("formula", "")).split())
    behind |= words & tables.keys() - table.get("measures", {}).keys()
    for name in behind - seen:
        if name in tables:
            direct |= _sources(tables[name], tables, seen)
    return direct


def _roads(bundle: Mapping[str, Any], world: World, speed: Indicator) -> tuple[Road, ...]:
    """The roads of the registry that the speed's source has in this world, in the registry's order."""
    for source in speed.sources:
        table = bundle["sources"][source]
        variant = table.get("variants", {}).get(world.variants.get(source, ""), {})
        registry = variant.get("registry", table.get("registry"))
        if registry in bundle["registries"]:
            return tuple(
                Road(row["id"], row.get("zh", row["id"]), row.get("en", row["id"]), row.get("class", ""),
                     tuple(row.get("assumed", ())))
                for row in bundle["registries"][registry]
            )  # fmt: skip
    return ()


def _places(bundle: Mapping[str, Any]) -> tuple[Place, ...]:
    return tuple(
        Place(row["code"], row["zh"], row.get("en", row["zh"]))
        for row in bundle["regions"]
        if row["level"] == "subdistrict"
    )


def _name(bundle: Mapping[str, Any], source: str, lang: str) -> str:
    name: str = bundle["sources"][source].get(lang, source)
    return name
