"""The brief: which values the overview shows, so that its screens are sent these and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ioc.packs.content import Content
    from ioc.packs.overview_schema import OverviewFile
    from ioc.packs.schema import IndicatorTable


def brief(content: Content) -> dict[str, list[str]] | None:
    """Indicators by what is shown of them; None where the packs compose no overview.

    `whole`: their values of the whole district: what has a place of its own, and of the scenes all that is judged.
    `parts`: those of its subdistricts, by which the map is shaded. `groups`: those of their groups: the plans of the
    response, the roads and points of the map, the roads that others count. `lines`: those whose history is drawn.
    """
    if content.overview is None:
        return None
    model = content.overview.model
    scenes = {scene.id for scene in model.scene}
    tables = [row for pack in content.packs if pack.indicators for row in pack.indicators.model.indicator]
    judged = [row.id for row in tables if row.scene in scenes and _judged(row)]
    response = [model.response] if model.response else []
    trends = [each.indicator for each in model.trend]
    return {
        "whole": sorted({*judged, *_placed(model)}),
        "parts": [model.map.areas] if model.map else [],
        "groups": sorted({*response, *_drawn(content, model), *_counted(content, scenes)}),
        "lines": sorted({*trends, *response}),
    }


def _judged(row: IndicatorTable) -> bool:
    """Limits are over or not, and of what is usual somebody may be told that it is not."""
    return row.thresholds is not None or row.baseline is not None


def _placed(model: OverviewFile) -> Iterator[str]:
    yield from [model.response] if model.response else []
    yield from (each.indicator for each in (*model.fact, *model.trend))
    yield from (name for each in model.list_ for name in each.indicators)
    for scene in model.scene:
        yield from (*scene.numbers, *([scene.wide] if scene.wide else []))
    yield from [model.map.areas] if model.map else []


def _drawn(content: Content, model: OverviewFile) -> Iterator[str]:
    """What colours the roads, and what tells of each entity of a layer."""
    if model.map is None:
        return
    yield from [model.map.roads] if model.map.roads else []
    keys = {name: table.key or "" for pack in content.packs if pack.sources
            for name, table in pack.sources.model.source.items()}  # fmt: skip
    split = {row.id: row.dimensions for pack in content.packs if pack.indicators
             for row in pack.indicators.model.indicator}  # fmt: skip
    for pack in content.packs:
        for layer in pack.pack.model.layer:
            if layer.indicator is None or layer.id not in model.map.layers:
                continue
            if layer.entity_dimension(split.get(layer.indicator, ()), keys.get(layer.source or "", "")):
                yield layer.indicator


def _counted(content: Content, scenes: set[str]) -> Iterator[str]:
    """Speeds of single roads: whether enough of them are behind a value decides whether it is judged."""
    for pack in content.packs:
        if pack.scene in scenes and pack.wall and pack.wall.model.strip and pack.wall.model.coverage:
            yield pack.wall.model.strip.speed
