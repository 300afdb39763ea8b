"""What the pages of the desk know before anything is fetched: names of stages, moves, classes, regions; a map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from ioc.domain.routing import located
from ioc.geo.region import shipped
from ioc.live.topic import DESK
from ioc.packs import content
from ioc.packs.dispatch import shipped_routing
from ioc.packs.handling import handling
from ioc.queries.layers import layers as layer_models
from ioc.queries.wall import MapView, Place, WallView
from ioc.queries.walls import compositions, layers
from ioc.services.routing import region_named
from metrics.clock import LOCAL_OFFSET_MS

UNITS: Final = "units"  # the layer that a desk shows on its map
CLASSES: Final = "incidents"  # the layer whose symbols are the classes of incidents


@dataclass(frozen=True, slots=True)
class DeskView:
    """A page of the desk in one world. `names`: plain JSON; `chart`: for assets/live.js, with the map if asked."""

    world: str
    names: Mapping[str, Any]
    chart: WallView

    def settings(self, lang: str) -> str:
        """For the page's root."""
        return json.dumps([self.chart.settings(lang)], ensure_ascii=False)


def desk_view(world: str, data_dir: Path, real_now_ms: int, *, mapped: bool) -> DeskView:
    """A page of the desk; `mapped`: it has a map of the district with the units on it."""
    today = datetime.fromtimestamp((real_now_ms + LOCAL_OFFSET_MS) / 1000, UTC).date()
    units = layer_models().get(UNITS)
    chart = None
    if mapped:
        over = () if units is None else (units,)
        chart = MapView(None, "", layers(data_dir, today), over, tuple(each.id for each in over), (), "", open=True)
    places = tuple(Place(each.code, each.zh, each.en) for each in shipped().at("subdistrict"))
    view = WallView(
        scene=DESK, zh="值班台", en="Duty desk", world=world, indicators={}, tiles=(), trends=(), strip=None,
        ranking=None, splits=(), map=chart, sources={}, places=places,
    )  # fmt: skip
    return DeskView(world, desk_names(), view)


@cache
def desk_names() -> Mapping[str, Any]:
    """Life cycles, classes and regions by their ids, with both names."""
    tables, named = handling(), content.load().life_cycles
    names = {kind: (table.zh, table.en) for kind, table in named.model.life_cycle.items()} if named else {}
    symbols = layer_models()[CLASSES].symbols if CLASSES in layer_models() else ()
    return {
        "cycles": {
            kind: {
                "zh": names[kind][0], "en": names[kind][1],
                "stages": [
                    {"id": stage.id, "zh": stage.zh, "en": stage.en, "final": stage.final}
                    for stage in cycle.stages.values()
                ],
                "moves": {move.id: {"zh": move.zh, "en": move.en} for move in cycle.moves.values()},
            }
            for kind, cycle in tables.cycles.items()
        },
        "classes": [{"id": each.value, "zh": each.zh, "en": each.en, "shape": each.shape} for each in symbols],
        "groups": _groups(),
        "offices": offices(),
        "audiences": [
            {"id": each.id, "zh": each.zh, "en": each.en, "kind": each.kind, "which": each.which}
            for each in tables.audiences.values()
        ],
        "regions": {each.code: {"zh": each.zh, "en": each.en} for each in shipped() if each.level != "block"},
    }  # fmt: skip


def offices() -> list[dict[str, str]]:
    """Every office to which matters go, those of a region for each of its regions; `zh` is how dossiers name it."""
    found = []
    for office in shipped_routing().offices.values():
        codes = [each.code for each in shipped() if each.level == office.level] if office.level else [""]
        named = (located(office, code, region_named) for code in codes)
        found += [{"zh": each.zh, "en": each.en} for each in named if each is not None]
    return found


def _groups() -> dict[str, dict[str, dict[str, str]]]:
    """What the packs call the values of dimensions: dimension -> value -> names."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for scene in compositions().values():
        for dimension, values in scene.get("names", {}).items():
            for value, said in values.items():
                found.setdefault(dimension, {})[value] = {"zh": said["zh"], "en": said["en"]}
    return found
