"""Cross-checks: every name that one pack file uses is declared by another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set

from ioc.live.topic import OVERVIEW
from ioc.packs.content import Content, Pack, Row
from ioc.packs.dispatch import check_dispatch
from ioc.packs.escalation import check_escalation
from ioc.packs.files import line
from ioc.packs.library import check_library
from ioc.packs.life_cycles import check_life_cycles
from ioc.packs.plans import check_plans
from ioc.packs.reach import check_reach
from ioc.packs.responses import check_responses
from ioc.packs.schema import IndicatorTable, SourceTable, WallCommand
from ioc.packs.wording import check_wording


def check(content: Content) -> list[str]:
    """One line per fault, in the order of the packs; empty when everything fits together."""
    return [fault for rule in RULES for fault in rule(content)]


def _sources(content: Content) -> dict[str, SourceTable]:
    return {name: table for pack in content.packs if pack.sources for name, table in pack.sources.model.source.items()}


def _indicators(content: Content) -> list[tuple[str, IndicatorTable]]:
    files = [pack.indicators for pack in content.packs if pack.indicators]
    return [(file.name, table) for file in files for table in file.model.indicator]


def _duplicates(content: Content) -> Iterator[str]:
    for scene, packs in _grouped(content.packs, lambda pack: pack.scene).items():
        for pack in packs[1:]:
            yield line(pack.pack.name, "scene.id", "duplicate", f"'{scene}' is the scene of {packs[0].pack.name}")
        if scene == OVERVIEW:
            yield line(packs[0].pack.name, "scene.id", "reserved", f"'{scene}' names what is shown of all scenes")
    seen: dict[str, str] = {}
    for pack in content.packs:
        for name in pack.sources.model.source if pack.sources else ():
            if name in seen and pack.sources:
                yield line(pack.sources.name, name, "duplicate", f"declared in {seen[name]} too")
            seen.setdefault(name, pack.sources.name if pack.sources else "")
    versions = Counter((table.id, table.version) for _, table in _indicators(content))
    for file, table in _indicators(content):
        if versions[table.id, table.version] > 1:
            yield line(file, table.id, "duplicate", f"version {table.version} is declared more than once")
    for pack in content.packs:
        for registry in pack.registries:
            for name, rows in registry.model.registry.items():
                for entity, count in Counter(str(row.get("id", "")) for row in rows).items():
                    if not entity:
                        yield line(registry.name, name, "missing-key", f"{count} rows without id")
                    elif count > 1:
                        yield line(registry.name, f"{name}.{entity}", "duplicate", f"{count} rows of this id")


def _source_names(content: Content) -> Iterator[str]:
    registries, regions = content.registry_rows(), {str(row["code"]) for row in content.region_rows()}
    records = {name for name, source in _sources(content).items() if source.kind == "records"}
    for pack in content.packs:
        for name, source in pack.sources.model.source.items() if pack.sources else ():
            file = pack.sources.name if pack.sources else ""
            if source.scene != pack.scene:
                yield line(file, f"{name}.scene", "unknown-name", f"'{source.scene}' is not the scene of this pack")
            if source.kind == "readings" and not (source.time and source.entity):
                yield line(file, name, "missing-key", "readings need time and entity")
            if source.kind == "records" and not source.key:
                yield line(file, name, "missing-key", "records need a key")
            own = {"time": source.time, "entity": source.entity, "key": source.key, "changed": source.changed}
            for key, field in own.items():
                if field and field not in source.fields:
                    yield line(file, f"{name}.{key}", "unknown-name", f"'{field}' is not a field of {name}")
            for field in source.id:
                if field not in source.fields:
                    yield line(file, f"{name}.id", "unknown-name", f"'{field}' is not a field of {name}")
            used = {"registry": source.registry} | {
                f"variants.{variant}.registry": table.registry for variant, table in source.variants.items()
            }
            for key, registry in used.items():
                if registry:
                    if registry not in registries:
                        if registry in records:
                            continue  # its rows arrive as observations
                        yield line(file, f"{name}.{key}", "unknown-name", f"there is no registry '{registry}'")
                        continue
                    faults = _registry_faults(source, registry, registries[registry], regions)
                    yield from (line(file, f"{name}.{key}", rule, message) for rule, message in faults)


def _registry_faults(
    source: SourceTable, registry: str, rows: Sequence[Row], regions: Set[str]
) -> Iterator[tuple[str, str]]:
    """(rule, message) of each row that does not serve `source`."""
    for column in source.take if registry == source.registry else ():
        # the registry of a variant may lack an attribute altogether: it is null in that world
        if not any(column in row for row in rows):
            yield "missing-key", f"no row of {registry} has '{column}'"
    for row in rows:
        who, assumed = f"'{row.get('id')}' of {registry}", row.get("assumed", [])
        for column in assumed if isinstance(assumed, list) else ():
            if column not in row:
                yield "unknown-name", f"{who} assumes '{column}' but lacks it"
        if not (source.region and source.region.registry):
            continue
        code = str(row.get(source.region.registry, ""))
        if not code:
            yield "missing-key", f"{who} has no '{source.region.registry}'"
        elif regions and code not in regions:
            yield "unknown-name", f"{who}: there is no region '{code}'"


def _indicator_names(content: Content) -> Iterator[str]:
    sources, known = _sources(content), {table.id for _, table in _indicators(content)}
    scenes = {pack.scene for pack in content.packs}
    for file, table in _indicators(content):
        if table.scene not in scenes:
            yield line(file, f"{table.id}.scene", "unknown-name", f"there is no scene '{table.scene}'")
        used = {"source": table.source} | {f"measures.{name}.source": m.source for name, m in table.measures.items()}
        for key, source in used.items():
            if source and source.startswith("indicator:"):
                if source.removeprefix("indicator:") not in known:
                    yield line(file, f"{table.id}.{key}", "unknown-name", f"there is no indicator '{source[10:]}'")
            elif source and source not in sources:
                yield line(file, f"{table.id}.{key}", "unknown-name", f"there is no source '{source}'")
        for name, measure in table.measures.items():
            if not (measure.source or table.source):
                yield line(
                    file, f"{table.id}.measures.{name}", "missing-key", "neither it nor the indicator has a source"
                )
        base = sources.get(table.source or "")
        # The fields of a union are those of its parts: the definitions themselves check them.
        for dimension in table.dimensions if base and base.kind != "union" else ():
            if base and dimension not in base.fields and dimension not in base.take:
                yield line(
                    file, f"{table.id}.dimensions", "unknown-name", f"'{dimension}' is not a field of {table.source}"
                )


def _shown_names(content: Content) -> Iterator[str]:
    known = {table.id for _, table in _indicators(content)}
    for pack in content.packs:
        for layer in pack.pack.model.layer:
            if layer.indicator and layer.indicator not in known:
                yield line(
                    pack.pack.name,
                    f"{layer.id}.indicator",
                    "unknown-name",
                    f"there is no indicator '{layer.indicator}'",
                )
        for rule in pack.pack.model.preemption:
            if rule.indicator not in known:
                where = f"{rule.id}.indicator"
                yield line(pack.pack.name, where, "unknown-name", f"there is no indicator '{rule.indicator}'")
            if pack.wall is None:
                yield line(pack.pack.name, rule.id, "missing-key", "a scene without a wall takes no screen")
        if pack.wall is None:
            continue
        wall = pack.wall.model
        shown = [("tile", item.indicator) for item in wall.tile] + [("trend", item.indicator) for item in wall.trend]
        shown += _commanded(wall.command) if wall.command else []
        shown += [("strip.speed", wall.strip.speed), ("strip.state", wall.strip.state)] if wall.strip else []
        shown += [("map.areas", wall.map.areas)] if wall.map else []
        shown += [("map.roads", wall.map.roads)] if wall.map and wall.map.roads else []
        for key, name in shown:
            if name not in known:
                yield line(pack.wall.name, key, "unknown-name", f"there is no indicator '{name}'")
        tiles = {item.indicator for item in wall.tile}
        for name in wall.coverage:
            if name not in tiles:
                yield line(pack.wall.name, f"coverage.{name}", "unknown-name", f"there is no tile '{name}'")


def _commanded(of: WallCommand) -> list[tuple[str, str]]:
    one = [("command.response", of.response), ("command.rain", of.rain), ("command.forces", of.forces)]
    many = [("gauges", of.gauges), ("works", of.works), ("orders", of.orders)]
    return one + [(f"command.{key}", name) for key, names in many for name in names]


def _overview_names(content: Content) -> Iterator[str]:
    if content.overview is None:
        return
    file, model = content.overview.name, content.overview.model
    homes = {table.id: table.scene for _, table in _indicators(content)}
    walls = {pack.scene for pack in content.packs if pack.wall}
    shown = [("response", model.response)] if model.response else []
    shown += [("elsewhere", name) for name in model.elsewhere]
    shown += [(f"fact.{item.indicator}", item.indicator) for item in model.fact]
    shown += [(f"trend.{item.indicator}", item.indicator) for item in model.trend]
    shown += [(f"{each.id}.indicators", name) for each in model.list_ for name in each.indicators]
    shown += [("map.areas", model.map.areas)] if model.map else []
    shown += [("map.roads", model.map.roads)] if model.map and model.map.roads else []
    for scene in model.scene:
        if scene.id not in walls:
            yield line(file, scene.id, "unknown-name", f"there is no scene '{scene.id}' with a wall")
            continue
        own = [*scene.numbers, *([scene.wide] if scene.wide else [])]
        shown += [(f"{scene.id}.numbers", name) for name in own]
        for name in own:
            if homes.get(name, scene.id) != scene.id:
                yield line(file, f"{scene.id}.numbers", "unknown-name", f"'{name}' is of the scene '{homes[name]}'")
    for key, name in shown:
        if name not in homes:
            yield line(file, key, "unknown-name", f"there is no indicator '{name}'")
    layers = {f"{pack.scene}/{layer.id}": layer for pack in content.packs for layer in pack.pack.model.layer}
    for matter in model.matter:
        layer = layers.get(matter.layer)
        if layer is None or layer.source is None:
            yield line(file, f"matter.{matter.kind}.layer", "unknown-name", f"there is no layer '{matter.layer}'")
            continue
        for asked in (matter.begun, matter.ends, matter.waits, matter.who, *matter.stages):
            if asked and asked not in layer.shows:
                key = f"matter.{matter.kind}"
                yield line(file, key, "unknown-name", f"'{asked}' is not among what '{matter.layer}' shows")
    ids = [("scene", scene.id) for scene in model.scene] + [("list", each.id) for each in model.list_]
    for (_, name), count in Counter(ids).items():
        if count > 1:
            yield line(file, name, "duplicate", f"{count} tables of this id")


def _recording_names(content: Content) -> Iterator[str]:
    sources = _sources(content)
    for pack in content.packs:
        for name, recording in pack.recordings.model.recording.items() if pack.recordings else ():
            file, source = pack.recordings.name if pack.recordings else "", sources.get(recording.source)
            if source is None:
                yield line(file, f"{name}.source", "unknown-name", f"there is no source '{recording.source}'")
                continue
            if recording.variant not in source.variants:
                yield line(
                    file, f"{name}.variant", "unknown-name", f"{recording.source} has no variant '{recording.variant}'"
                )
            value = source.fields.get(recording.value)
            if value is not None and value.type not in {"int", "decimal"}:
                yield line(file, f"{name}.value", "type", f"'{recording.value}' is a {value.type}; a number is needed")
            for key, field in [("value", recording.value), *((f"constants.{c}", c) for c in recording.constants)]:
                if field not in source.fields:
                    yield line(file, f"{name}.{key}", "unknown-name", f"'{field}' is not a field of {recording.source}")


def _tasks(content: Content) -> Iterator[str]:
    if content.tasks is None:
        return
    known = {task.id for task in content.tasks.model.task}
    for pack in content.packs:
        model, file = pack.pack.model, pack.pack.name
        named = [(file, "scene", model.scene.tasks)]
        named += [(file, layer.id, layer.tasks) for layer in model.layer]
        named += [(file, event.id, event.tasks) for event in model.event]
        named += [(file, link.id, link.tasks) for link in model.link]
        if pack.links:
            named += [(pack.links.name, system.id, system.tasks) for system in pack.links.model.system]
        for where, name, tasks in named:
            for task in sorted(set(tasks) - known):
                yield line(where, f"{name}.tasks", "unknown-name", f"there is no task {task}")
    for file, table in _indicators(content):
        for task in sorted(set(table.tasks) - known):
            yield line(file, f"{table.id}.tasks", "unknown-name", f"there is no task {task}")


def _regions(content: Content) -> Iterator[str]:
    rows = content.region_rows()
    counts = Counter(str(row["code"]) for row in rows)
    for row in rows:
        code, parent = str(row["code"]), str(row["parent"])
        if counts[code] > 1:
            yield line("regions/regions.toml", code, "duplicate", "more than one region has this code")
        if parent and parent not in counts:
            yield line("regions/regions.toml", f"{code}.parent", "unknown-name", f"there is no region '{parent}'")


def _grouped(packs: Iterable[Pack], key: Callable[[Pack], str]) -> dict[str, list[Pack]]:
    groups: dict[str, list[Pack]] = {}
    for pack in packs:
        groups.setdefault(key(pack), []).append(pack)
    return groups


RULES: tuple[Callable[[Content], Iterable[str]], ...] = (
    _duplicates,
    _source_names,
    _indicator_names,
    _shown_names,
    _overview_names,
    _recording_names,
    _tasks,
    _regions,
    check_library,
    check_life_cycles,
    check_escalation,
    check_responses,
    check_plans,
    check_dispatch,
    check_reach,
    check_wording,
)
