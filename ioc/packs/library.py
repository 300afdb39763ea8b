"""Cross-checks of what a scene is made of besides numbers: layers, event types, its theme link library and systems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set

from ioc.packs.content import Content, Pack
from ioc.packs.files import line


def check_library(content: Content) -> Iterator[str]:
    """One line per fault."""
    sources = {name for pack in content.packs if pack.sources for name in pack.sources.model.source}
    indicators = {row.id for pack in content.packs if pack.indicators for row in pack.indicators.model.indicator}
    events = {event.id for pack in content.packs for event in pack.pack.model.event}
    for pack in content.packs:
        yield from _twice(pack)
        yield from _layers(content, pack, sources)
        yield from _events(pack, sources, indicators)
        yield from _situations(pack, indicators)
        yield from _systems(pack, sources, sources | indicators | events)
    for pack, layer in _shared(content):
        yield line(pack.pack.name, layer, "duplicate", "a layer of another scene has this id")
    shown = {layer.id for pack in content.packs for layer in pack.pack.model.layer}
    for pack in content.packs:
        for name in pack.wall.model.map.layers if pack.wall and pack.wall.model.map else ():
            if name not in shown:
                yield _unknown(pack.wall.name if pack.wall else "", "map.layers", "layer", name)
    if content.overview and content.overview.model.map:
        for name in content.overview.model.map.layers:
            if name not in shown:
                yield _unknown(content.overview.name, "map.layers", "layer", name)
    for pack, event in _repeated(content):
        yield line(pack.pack.name, event, "duplicate", "an event type of another scene has this id")


def _twice(pack: Pack) -> Iterator[str]:
    model, links = pack.pack.model, pack.links
    lists: list[tuple[str, str, Iterable[str]]] = [
        (pack.pack.name, "layer", [row.id for row in model.layer]),
        (pack.pack.name, "event", [row.id for row in model.event]),
        (pack.pack.name, "link", [row.id for row in model.link]),
    ]
    if links:
        lists += [
            (links.name, "capability", [row.id for row in links.model.capability]),
            (links.name, "situation", [row.id for row in links.model.situation]),
            (links.name, "system", [row.id for row in links.model.system]),
        ]
    for file, kind, ids in lists:
        for name, count in Counter(ids).items():
            if count > 1:
                yield line(file, name, "duplicate", f"{count} tables [[{kind}]] of this id")


def _layers(content: Content, pack: Pack, sources: Set[str]) -> Iterator[str]:
    declared = {name: table for one in content.packs if one.sources for name, table in one.sources.model.source.items()}
    for layer in pack.pack.model.layer:
        if layer.source is None:
            continue
        if layer.source not in sources:
            yield _unknown(pack.pack.name, f"{layer.id}.source", "source", layer.source)
        elif declared[layer.source].kind != "records":
            yield line(pack.pack.name, f"{layer.id}.source", "type", f"'{layer.source}' is no source of records")
        elif not any(field.type == "point" for field in declared[layer.source].fields.values()):
            yield line(pack.pack.name, f"{layer.id}.source", "type", f"'{layer.source}' has no field of type point")


def _events(pack: Pack, sources: Set[str], indicators: Set[str]) -> Iterator[str]:
    for event in pack.pack.model.event:
        if event.source is not None and event.source not in sources:
            yield _unknown(pack.pack.name, f"{event.id}.source", "source", event.source)
        for name in event.indicators:
            if name not in indicators:
                yield _unknown(pack.pack.name, f"{event.id}.indicators", "indicator", name)


def _situations(pack: Pack, indicators: Set[str]) -> Iterator[str]:
    if pack.links is None:
        return
    capabilities = {row.id for row in pack.links.model.capability}
    for situation in pack.links.model.situation:
        if situation.capability not in capabilities:
            yield _unknown(pack.links.name, f"{situation.id}.capability", "capability", situation.capability)
        for name in situation.indicators:
            if name not in indicators:
                yield _unknown(pack.links.name, f"{situation.id}.indicators", "indicator", name)
    used = {situation.capability for situation in pack.links.model.situation}
    for name in sorted(capabilities - used):
        yield line(pack.links.name, name, "unused", "no situation belongs to this capability")


def _systems(pack: Pack, sources: Set[str], takeable: Set[str]) -> Iterator[str]:
    for system in pack.links.model.system if pack.links else ():
        file = pack.links.name if pack.links else ""
        for name in system.gives:
            if name not in sources:
                yield _unknown(file, f"{system.id}.gives", "source", name)
        for name in system.takes:
            if name not in takeable:
                yield _unknown(file, f"{system.id}.takes", "source, indicator or event type", name)


def _shared(content: Content) -> Iterator[tuple[Pack, str]]:
    """Layers whose id is taken: addresses name them by the id alone."""
    seen: dict[str, str] = {}
    for pack in content.packs:
        for layer in pack.pack.model.layer:
            if seen.setdefault(layer.id, pack.scene) != pack.scene:
                yield pack, layer.id


def _repeated(content: Content) -> Iterator[tuple[Pack, str]]:
    seen: dict[str, str] = {}
    for pack in content.packs:
        for event in pack.pack.model.event:
            if seen.setdefault(event.id, pack.scene) != pack.scene:
                yield pack, event.id


def _unknown(file: str, key: str, what: str, name: str) -> str:
    return line(file, key, "unknown-name", f"there is no {what} '{name}'")
