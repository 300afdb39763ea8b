"""The composition of a wall: the view of a scene, made from the bundle in force, its wall.toml and the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ioc.domain.processes import PROCESSES
from ioc.queries.coverage import covered, lacking, roads_of
from ioc.queries.layers import layers as layers_of_packs
from ioc.queries.wall import (
    Command,
    Indicator,
    Layers,
    Limit,
    MapView,
    Place,
    Ranking,
    Road,
    Split,
    Strip,
    WallView,
    Wording,
)
from metrics.outlook_line import GRID_MS
from metrics.window import parse_duration
from metrics.world import World

MOST_COLUMNS = 3  # of a ranking, beside the names
NO_WORDS: Mapping[str, Wording] = {}
LEVELS = ("blue", "yellow", "orange", "red")  # best to worst


class CompositionError(ValueError):
    """A wall.toml names an indicator that the bundle in force does not define; the text names file and indicator."""


class UnknownIndicator(LookupError):
    """No pack declares this indicator."""


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
    whole: bool = False,
) -> WallView:
    """The wall of `scene` in `world`, which may not be `registered` yet; `whole`: with every indicator of the scene.

    Raises UnknownScene and CompositionError (also for an indicator unknown).
    """
    names = next((each for each in bundle["scenes"] if each["id"] == scene), None)
    if names is None:
        raise UnknownScene(scene)
    tables = newest(bundle["indicators"])
    listed = [row["indicator"] for row in composition.get("tile", [])]
    trends = [row["indicator"] for row in composition.get("trend", [])]
    strip, chart = composition.get("strip"), composition.get("map")
    shown = {name: layer for name, layer in layers_of_packs().items() if name in (chart or {}).get("layers", ())}
    coloured = [chart[key] for key in ("roads", "areas") if key in chart] if chart else []
    told = [layer.indicator for layer in shown.values() if layer.scene == scene and layer.indicator in tables]
    command = _command(composition.get("command"), tables)
    ordered = command.indicators if command else ()
    wanted = [
        name for name in dict.fromkeys([*listed, *trends, *ordered, *(strip or {}).values(), *coloured, *told]) if name
    ]
    for name in wanted:
        if name not in tables:
            raise CompositionError(f"packs/{scene}/wall.toml: indicator {name!r} is not defined")
    if whole:
        wanted = list(dict.fromkeys([*wanted, *(name for name, table in tables.items() if table["scene"] == scene)]))
    judged = judged_of(tables, scene, (strip or {}).values())
    indicators = {
        name: indicator_of(tables[name], tables, wording_of(composition, name))
        for name in dict.fromkeys([*wanted, *judged])
    }
    shares = composition.get("coverage", {})
    for name in shares:
        if strip is None or name not in listed:
            raise CompositionError(f"packs/{scene}/wall.toml: coverage.{name} is no tile beside a strip of roads")
    rows = roads_of(bundle, world, indicators[strip["speed"]].sources) if strip else ()
    local = tuple(name for name in listed if "subdistrict" in tables[name].get("levels", ()))
    chart = chart if _on_the_map(rows, layers, places_of(bundle)) else None
    return WallView(
        scene=scene, zh=names["zh"], en=names["en"], world=world.id, indicators=indicators,
        platform=names.get("platform", False),
        tiles=tuple(name for name in listed if not tables[name].get("dimensions")), trends=tuple(trends),
        strip=_strip(bundle, world, strip, indicators[strip["speed"]], registered) if strip else None,
        mapless=chart is None and "map" in composition, places=places_of(bundle), layers=layers,
        ranking=_ranking(chart["areas"], _columns(chart["areas"], local), places_of(bundle), tables, rows)
        if chart and chart["areas"] in local else None,
        splits=tuple(
            Split(name, tuple(tables[name]["dimensions"])) for name in listed if tables[name].get("dimensions")
        ),
        judged=judged, command=command,
        names={"process": {name: (*said, None) for name, said in PROCESSES.items()}}
        | {name: _wording(values) for name, values in composition.get("names", {}).items()},
        registers=tuple(composition.get("registers", {})),
        map=MapView(chart.get("roads"), chart["areas"], layers, tuple(shown.values()), tuple(shown)) if chart else None,
        sources=sources_of(bundle, [indicators[name] for name in wanted]),
        coverage={
            name: covered(tables[name], rows, shares.get(name))
            for name in listed if strip and set(indicators[name].sources) & set(indicators[strip["speed"]].sources)
        },
    )  # fmt: skip


def _command(of: Mapping[str, Any] | None, tables: Mapping[str, Mapping[str, Any]]) -> Command | None:
    """What commands a response, of what the definitions in force know; none where they know no response or no rain."""
    if of is None or not {of["response"], of["rain"], of["forces"]} <= tables.keys():
        return None
    split = {name: Split(name, tuple(tables[name].get("dimensions", ()))) for name in (*of["gauges"], of["forces"])
             if name in tables}  # fmt: skip
    return Command(
        of["response"], of["rain"], tuple(split[name] for name in of["gauges"] if name in split),
        tuple(name for name in of["works"] if name in tables), split[of["forces"]],
        tuple(name for name in of["orders"] if name in tables),
    )  # fmt: skip


def _wording(values: Mapping[str, Mapping[str, str]]) -> dict[str, Wording]:
    return {value: (said["zh"], said["en"], said.get("level")) for value, said in values.items()}


def wording_of(composition: Mapping[str, Any], indicator: str) -> dict[str, Wording]:
    """What the pack says for whole numbers of an indicator; empty where a number is a number."""
    return _wording(composition.get("values", {}).get(indicator, {}))


def newest(tables: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The table with the highest version of each indicator."""
    newest: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        if table["id"] not in newest or table.get("version", 1) >= newest[table["id"]].get("version", 1):
            newest[table["id"]] = table
    return newest


def indicator_of(
    table: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], says: Mapping[str, Wording] = NO_WORDS
) -> Indicator:
    """What a screen must know of an indicator; `tables` are all of them, `says`: its values in words."""
    limits = table.get("thresholds", {})
    target = table.get("target", {})
    return Indicator(
        id=table["id"], version=table.get("version", 1), zh=table["zh"], en=table.get("en", table["zh"]),
        unit=table.get("unit", ""), decimals=table.get("decimals", 0), direction=table.get("direction", "context"),
        limits=tuple(Limit(level, float(limits[level])) for level in LEVELS if level in limits),
        target=float(target["value"]) if "value" in target else None,
        sources=tuple(sorted(sources_behind(table, tables, set()))),
        on=limits.get("on", "value"), step_ms=step_of(table), says=says,
        outlook="foresee" in table or ("baseline" in table and GRID_MS[0] <= step_of(table) <= GRID_MS[1]),
    )  # fmt: skip


def judged_of(tables: Mapping[str, Mapping[str, Any]], scene: str, roads: Iterable[str]) -> tuple[str, ...]:
    """The indicators that say how a scene is: those with limits. Of single `roads` its other indicators tell."""
    apart = set(roads)
    return tuple(
        name
        for name, table in tables.items()
        if table.get("scene") == scene
        and name not in apart
        and any(level in table.get("thresholds", {}) for level in LEVELS)
    )


def step_of(table: Mapping[str, Any]) -> int:
    """Milliseconds from one window end of an indicator to the next; 0 where it declares no window."""
    window = table.get("window", {})
    said = window.get("every", window.get("size"))
    return parse_duration(said) if said else 0


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


def _columns(by: str, local: Sequence[str]) -> tuple[str, ...]:
    """The columns of a ranking, in the order of the tiles: as many as there is room for, and `by` among them."""
    if len(local) <= MOST_COLUMNS:
        return tuple(local)
    others = [name for name in local if name != by][: MOST_COLUMNS - 1]
    return tuple(name for name in local if name == by or name in others)


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


def sources_of(bundle: Mapping[str, Any], indicators: Iterable[Indicator]) -> dict[str, dict[str, str]]:
    """The feeds behind some indicators: source -> its names."""
    used = sorted({part for each in indicators for source in each.sources for part in _feeds(bundle, source)})
    return {name: {"zh": _name(bundle, name, "zh"), "en": _name(bundle, name, "en")} for name in used}


def places_of(bundle: Mapping[str, Any]) -> tuple[Place, ...]:
    """The subdistricts."""
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
