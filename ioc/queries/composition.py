"""The composition of a wall: the view of a scene, made from the bundle in force, its wall.toml and the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ioc.queries.coverage import covered, lacking, roads_of
from ioc.queries.wall import Indicator, Layers, Limit, MapView, Place, Ranking, Road, Split, Strip, WallView
from metrics.world import World

LEVELS = ("blue", "yellow", "orange", "red")  # best to worst


class CompositionError(ValueError):
    """A wall.toml names an indicator that the bundle in force does not define; the text names file and indicator."""


class UnknownScene(LookupError):
    """No wall is composed for this scene."""


def compose(
    bundle: Mapping[str, Any],
    composition: Mapping[str, Any],
    layers: Layers,
    world: World,
    scene: str,
    *,
    registered: bool = True,
) -> WallView:
    """The wall of `scene` in `world`, which may not be `registered` yet.

    Raises UnknownScene and CompositionError (also for an indicator unknown).
    """
    names = next((each for each in bundle["scenes"] if each["id"] == scene), None)
    if names is None:
        raise UnknownScene(scene)
    tables = newest(bundle["indicators"])
    listed = [row["indicator"] for row in composition.get("tile", [])]
    trends = [row["indicator"] for row in composition.get("trend", [])]
    strip, chart = composition.get("strip"), composition.get("map")
    wanted = list(dict.fromkeys([*listed, *trends, *(strip or {}).values(), *(chart or {}).values()]))
    for name in wanted:
        if name not in tables:
            raise CompositionError(f"packs/{scene}/wall.toml: indicator {name!r} is not defined")
    indicators = {name: _indicator(tables[name], tables) for name in wanted}
    shares = composition.get("coverage", {})
    for name in shares:
        if strip is None or name not in listed:
            raise CompositionError(f"packs/{scene}/wall.toml: coverage.{name} is no tile beside a strip of roads")
    used = sorted({part for each in indicators.values() for source in each.sources for part in _feeds(bundle, source)})
    rows = roads_of(bundle, world, indicators[strip["speed"]].sources) if strip else ()
    local = tuple(name for name in listed if "subdistrict" in tables[name].get("levels", ()))
    chart = chart if _on_the_map(rows, layers, _places(bundle)) else None
    return WallView(
        scene=scene, zh=names["zh"], en=names["en"], world=world.id, indicators=indicators,
        tiles=tuple(name for name in listed if not tables[name].get("dimensions")), trends=tuple(trends),
        strip=_strip(bundle, world, strip, indicators[strip["speed"]], registered) if strip else None,
        mapless=chart is None and "map" in composition, places=_places(bundle),
        ranking=_ranking(chart["areas"], local, _places(bundle), tables, rows)
        if chart and chart["areas"] in local else None,
        splits=tuple(
            Split(name, dim, _said(composition.get("names", {}).get(dim, {})))
            for name in listed for dim in tables[name].get("dimensions", ())[:1]
        ),
        map=MapView(chart["roads"], chart["areas"], layers) if chart else None,
        sources={name: {"zh": _name(bundle, name, "zh"), "en": _name(bundle, name, "en")} for name in used},
        coverage={
            name: covered(tables[name], rows, shares.get(name))
            for name in listed if strip and set(indicators[name].sources) & set(indicators[strip["speed"]].sources)
        },
    )  # fmt: skip


def _said(names: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    return {value: (said["zh"], said["en"]) for value, said in names.items()}


def newest(tables: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
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
        sources=tuple(sorted(sources_behind(table, tables, set()))),
        on=limits.get("on", "value"),
    )  # fmt: skip


def sources_behind(table: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], seen: set[str]) -> set[str]:
    """All sources behind an indicator: of its measures, of the indicators they read and of those its formula names."""
    seen.add(table["id"])
    found = {table["source"]} if "source" in table else set()
    found |= {measure["source"] for measure in table.get("measures", {}).values() if "source" in measure}
    direct = {source for source in found if not source.startswith("indicator:")}
    behind = {source.removeprefix("indicator:") for source in found - direct}
    words = set(
        "".join(letter if letter.isalnum() or letter == "_" else " " for letter in table.get("formula", "")).split()
    )
    behind |= words & tables.keys() - table.get("measures", {}).keys()
    for name in behind - seen:
        if name in tables:
            direct |= sources_behind(tables[name], tables, seen)
    return direct


def _strip(bundle: Mapping[str, Any], world: World, of: Mapping[str, str], speed: Indicator, registered: bool) -> Strip:
    """The roads of the registry that the speed's source has in this world, in the registry's order."""
    for source in speed.sources:
        table = bundle["sources"][source]
        variants = table.get("variants", {})
        if not registered:
            tables = [table, *variants.values()]
            rows = [row for each in tables for row in bundle["registries"].get(each.get("registry"), ())]
            if rows:
                return Strip(
                    of["speed"], of["state"], roads=(), awaited={row["id"]: row.get("zh", row["id"]) for row in rows}
                )
            continue
        chosen = world.variants.get(source, "")
        registry = variants.get(chosen, {}).get("registry", table.get("registry"))
        if registry in bundle["registries"]:
            roads = tuple(
                Road(row["id"], row.get("zh", row["id"]), row.get("en", row["id"]), row.get("class", ""),
                     tuple(row.get("assumed", ())))
                for row in bundle["registries"][registry]
            )  # fmt: skip
            return Strip(of["speed"], of["state"], roads=roads, assumed=_assumed(bundle, source, chosen, roads))
    return Strip(of["speed"], of["state"], roads=())


def _assumed(
    bundle: Mapping[str, Any], source: str, variant: str, roads: Sequence[Road]
) -> tuple[tuple[str, float | None], ...]:
    """What the registry calls assumed of any road, and the constants that the recording of this variant fills in."""
    constants: dict[str, float] = {}
    for recording in bundle.get("recordings", {}).values():
        if recording["source"] == source and recording["variant"] == variant:
            constants |= recording.get("constants", {})
    names = dict.fromkeys([*(name for road in roads for name in road.assumed), *constants])
    return tuple((name, constants.get(name)) for name in names)


def _ranking(
    by: str,
    columns: tuple[str, ...],
    places: tuple[Place, ...],
    tables: Mapping[str, Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> Ranking:
    """Without a registry nothing is known of what places lack."""
    codes = [place.code for place in places]
    return Ranking(by, columns, places, {name: lacking(tables[name], rows, codes) for name in columns} if rows else {})


def _on_the_map(rows: Sequence[Mapping[str, Any]], layers: Layers, places: Sequence[Place]) -> bool:
    """Whether a map and a ranking have anything to say: one road is drawn or lies in a place, or none is known yet."""
    drawn = {feature["properties"].get("id") for feature in layers.roads.get("features", ())}
    codes = {place.code for place in places}
    return not rows or any(row["id"] in drawn or row.get("code") in codes for row in rows)


def _places(bundle: Mapping[str, Any]) -> tuple[Place, ...]:
    return tuple(
        Place(row["code"], row["zh"], row.get("en", row["zh"]))
        for row in bundle["regions"]
        if row["level"] == "subdistrict"
    )


def _feeds(bundle: Mapping[str, Any], source: str) -> tuple[str, ...]:
    """What feeds a source: itself, or its parts where it is a union, which nobody feeds."""
    table = bundle["sources"][source]
    return tuple(table["of"]) if table.get("kind") == "union" else (source,)


def _name(bundle: Mapping[str, Any], source: str, lang: str) -> str:
    name: str = bundle["sources"][source].get(lang, source)
    return name
