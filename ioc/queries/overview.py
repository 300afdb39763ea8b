"""The overview as a read model: all scenes of a district on one wall, as overview.toml composes them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from ioc.live.topic import OVERVIEW
from ioc.queries import layers as layer_models
from ioc.queries.wall import Indicator, Layers, MapView, WallView
from ioc.queries.walls import overview_composition, wall_view


class NoOverview(LookupError):
    """The packs compose no overview."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An indicator in a place of the overview; `when`: always, calm, response or wide."""

    indicator: str
    when: str


@dataclass(frozen=True, slots=True)
class SceneRow:
    """A scene's row: its numbers in order, and `wide`, the one that a wider wall adds."""

    id: str
    zh: str
    en: str
    numbers: tuple[str, ...]
    wide: str | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A panel of rows, one indicator each."""

    id: str
    zh: str
    en: str
    when: str
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Everything the overview shows except the values. `walls` are the views of its scenes, each with every indicator
    of the scene; `beside` is the wall of a scene that stands beside them, `response` the indicator of the response
    level. `whole` are the scenes of which more is shown than the overview's own topic holds."""

    world: str
    walls: tuple[WallView, ...]
    scenes: tuple[SceneRow, ...]
    response: str | None
    facts: tuple[Placed, ...]
    trends: tuple[Placed, ...]
    lists: tuple[Rows, ...]
    map: MapView | None
    beside: WallView | None = None
    whole: frozenset[str] = frozenset()
    zh: str = "总览"
    en: str = "overview"

    @property
    def indicators(self) -> Mapping[str, Indicator]:
        return {name: each for view in self.walls for name, each in view.indicators.items()}

    def settings(self, lang: str) -> list[dict[str, Any]]:
        """What the scripts need, a table for each scene; the first one also says what is of the overview."""
        own = f"{self.world}/{OVERVIEW}"
        tables = [
            view.settings(lang) | {"topics": [own, *([view.topic] if view.scene in self.whole else [])]}
            for view in self.walls
        ]
        if self.beside is not None and self.beside.scene not in {view.scene for view in self.walls}:
            tables.append(replace(self.beside, map=None).settings(lang))
        tables[0]["overview"] = {
            "response": self.response,
            "numbers": {row.id: [*row.numbers, *([row.wide] if row.wide else [])] for row in self.scenes},
        }  # fmt: skip
        return tables


def overview_view(
    client: redis.Redis,
    world: str,
    data_dir: Path,
    real_now_ms: int,
    *,
    on: str | None = None,
    region: str = "",
    beside: str = "",
) -> OverviewView:
    """The overview of a world. Raises NoOverview where the packs compose none.

    `on`: the layers of the map that an address names, None: those of overview.toml; `region`: where the map looks;
    `beside`: a scene whose wall stands beside the overview. Raises UnknownScene for one that there is not.

    What the definitions in force do not know (yet) has no place: the rest is shown.
    """
    composition = overview_composition()
    if composition is None:
        raise NoOverview
    rows = composition["scene"]
    found = [wall_view(client, row["id"], world, data_dir, real_now_ms, whole=True) for row in rows]
    other = wall_view(client, beside, world, data_dir, real_now_ms) if beside else None
    home = {name: at for at, view in enumerate(found) for name in view.indicators}
    drawn_there = other.trends if other else ()
    trends = tuple(each for each in _placed(composition.get("trend", []), home) if each.indicator not in drawn_there)
    chart = composition.get("map")
    layers = next((view.layers for view in found if view.layers is not None), None)
    known = chart is not None and chart["areas"] in home
    shown = _map(chart, layers, on, region) if chart and known and layers is not None else None
    drawn = home.get(chart["areas"]) if chart else None
    views = [
        replace(
            view, splits=(), map=shown if at == drawn else None,
            ranking=other.ranking if other and other.scene == view.scene else None,
            trends=tuple(each.indicator for each in trends if home.get(each.indicator) == at),
        )
        for at, view in enumerate(found)
    ]  # fmt: skip
    response = composition.get("response")
    return OverviewView(
        world=world, walls=tuple(views), response=response,
        scenes=tuple(
            SceneRow(view.scene, view.zh, view.en, _known(row["numbers"], home), row.get("wide"))
            for view, row in zip(found, rows, strict=True)
        ),
        facts=_placed(composition.get("fact", []), home), trends=trends, map=shown, beside=other,
        whole=_more(chart, shown) | ({other.scene} if other else set()),
        lists=tuple(
            Rows(row["id"], row["zh"], row["en"], row.get("when", "always"), _known(row["indicators"], home))
            for row in composition.get("list", [])
        ),
    )  # fmt: skip


def _map(chart: Mapping[str, Any], layers: Layers, on: str | None, region: str) -> MapView:
    there = layer_models.layers()
    wanted = layer_models.chosen(on, [name for name in chart.get("layers", ()) if name in there])
    return MapView(
        chart.get("roads"), chart["areas"], layers, tuple(there[name] for name in wanted), wanted, region=region
    )


def _more(chart: Mapping[str, Any] | None, shown: MapView | None) -> frozenset[str]:
    """The scenes whose indicators tell of single entities on layers that somebody chose: the overview holds its own."""
    own = (chart or {}).get("layers", ())
    return frozenset(each.scene for each in (shown.all if shown else ()) if each.dimension and each.id not in own)


def _placed(rows: Sequence[Mapping[str, Any]], known: Container[str]) -> tuple[Placed, ...]:
    return tuple(Placed(row["indicator"], row.get("when", "always")) for row in rows if row["indicator"] in known)


def _known(names: Sequence[str], known: Container[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in known)
