"""The wall of one scene as a read model: what is shown where, under which name, in which unit, with which limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ioc.queries.coverage import Coverage
from ioc.queries.layers import Layer
from ioc.queries.units import unit_in

DISTRICT = "440303"
Wording = tuple[str, str, str | None]  # Chinese, English, the level of urgency that the value itself is (None: none)


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold: the level it reaches and its value in the indicator's unit."""

    level: str
    value: float


@dataclass(frozen=True, slots=True)
class Indicator:
    """What the screen must know of an indicator; `sources` are all it is computed from, through its references.

    `on` is what the limits judge: the `value`, or its distance `z` from what is usual at this time. Limits on z are no
    values of the indicator and never lie on its scale.
    """

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
    on: str = "value"
    step_ms: int = 0  # from one window end to the next
    says: Mapping[str, Wording] = field(default_factory=dict)  # whole number -> what stands for it, as a response level
    outlook: bool = False  # it has a band and a forecast

    def unit_in(self, lang: str) -> str:
        """The unit as this language writes it."""
        return unit_in(self.unit, lang)


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
    """All roads: `speed` is the indicator of the number, `state` the one of the colour.

    `assumed` are the attributes that are assumptions, with the value where a recording gives all roads the same.
    `awaited` (id -> name) are the roads that may come in a world that is not registered yet; nothing else is a road.
    """

    speed: str
    state: str
    roads: tuple[Road, ...]
    assumed: tuple[tuple[str, float | None], ...] = ()
    awaited: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The subdistricts, worst first by the indicator that shades the map, with all indicators they have beside it.

    `lacking` says of an indicator which places lack what it counts (code -> `road` or a road class).
    """

    by: str
    columns: tuple[str, ...]
    places: tuple[Place, ...]
    lacking: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layers:
    """Vector layers in WGS-84 as GeoJSON feature collections. Features have `zh`, `code` or `id`, and those of
    `labels` (points) a `kind`: `area` or `water`."""

    outline: Mapping[str, Any] = field(default_factory=dict)
    subdistricts: Mapping[str, Any] = field(default_factory=dict)
    water: Mapping[str, Any] = field(default_factory=dict)
    roads: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    metro: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bounds(self) -> list[list[float]]:
        """[[south, west], [north, east]] of the outline; where there is none, of Luohu."""
        found = [
            point for each in self.outline.get("features", ()) for point in _points(each["geometry"]["coordinates"])
        ]
        if not found:
            return [[22.52, 114.06], [22.64, 114.23]]
        longitudes, latitudes = [point[0] for point in found], [point[1] for point in found]
        return [[min(latitudes), min(longitudes)], [max(latitudes), max(longitudes)]]


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _points(part)


@dataclass(frozen=True, slots=True)
class MapView:
    """The map: `roads` colours the roads, where there are any, `areas` the subdistricts. `on`: the layers above them
    that are shown, `all`: those that may be, `by`: the indicators that may colour the subdistricts. `region`: the one
    that the map is about, "" for the district. `open`: somebody may move it and choose. `tiles`: see queries.tiles.
    """

    roads: str | None
    areas: str
    layers: Layers
    all: tuple[Layer, ...] = ()
    on: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    region: str = ""
    open: bool = False
    tiles: Mapping[str, Any] | None = None

    def settings(self) -> dict[str, Any]:
        return {
            "roads": self.roads, "areas": self.areas, "layers": [each.settings() for each in self.all],
            "on": list(self.on), "by": list(self.by), "region": self.region, "open": self.open,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """An indicator that is counted by dimensions, e.g. memory by process: rows instead of one number."""

    indicator: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """What a wall that commands a response shows in place of tiles and trends, as WallCommand says it (ioc.packs)."""

    response: str
    rain: str
    gauges: tuple[Split, ...]
    works: tuple[str, ...]
    forces: Split
    orders: tuple[str, ...]

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every indicator of it."""
        told = (*(each.indicator for each in (*self.gauges, self.forces)), *self.works, *self.orders)
        return (self.response, self.rain, *told)


@dataclass(frozen=True, slots=True)
class WallView:
    """Everything a wall shows except the values, which arrive over the live socket.

    `mapless` says that the roads of this world have neither geometry nor a subdistrict: no map and no ranking then.
    """

    scene: str
    zh: str
    en: str
    world: str
    indicators: Mapping[str, Indicator]
    tiles: tuple[str, ...]
    trends: tuple[str, ...]
    strip: Strip | None
    ranking: Ranking | None
    splits: tuple[Split, ...]
    map: MapView | None
    sources: Mapping[str, Mapping[str, str]]
    coverage: Mapping[str, Coverage] = field(default_factory=dict)  # of the indicators that count roads
    mapless: bool = False
    region: str = DISTRICT  # whose values are shown
    platform: bool = False  # it watches the centre itself: what it finds says nothing of the district
    names: Mapping[str, Mapping[str, Wording]] = field(default_factory=dict)  # dimension -> value -> what a group says
    registers: tuple[str, ...] = ()  # dimensions whose values are ids of entities that a register names
    places: tuple[Place, ...] = ()  # every subdistrict, by name where a value is of one
    layers: Layers | None = None  # of the map of the district, also where this wall has none
    command: Command | None = None
    judged: tuple[str, ...] = ()  # the indicators that say how the scene is, whichever of them are shown

    @property
    def topic(self) -> str:
        return f"{self.world}/{self.scene}"

    def settings(self, lang: str) -> dict[str, Any]:
        """What assets/live.js needs, as plain JSON; the geometry travels in the map's own layers."""
        return {
            "v": 1, "topics": [self.topic], "world": self.world, "scene": self.scene, "platform": self.platform,
            "zh": self.zh, "en": self.en,
            "lang": lang, "district": self.region, "root": DISTRICT,
            "indicators": {
                name: {**asdict(each), "unit": each.unit_in(lang)} for name, each in self.indicators.items()
            },
            "places": {each.code: asdict(each) for each in self.places},
            "tiles": list(self.tiles), "trends": list(self.trends), "judged": list(self.judged),
            "sources": dict(self.sources),
            "strip": {"speed": self.strip.speed, "state": self.strip.state, "awaited": dict(self.strip.awaited),
                      "names": {road.id: road.zh if lang == "zh" else road.en for road in self.strip.roads}}
            if self.strip else None,
            "ranking": {"by": self.ranking.by, "columns": list(self.ranking.columns)} if self.ranking else None,
            "splits": [{"indicator": split.indicator} for split in self.splits],
            "names": {name: dict(values) for name, values in self.names.items()}, "registers": list(self.registers),
            "map": self.map.settings() if self.map else None,
            "command": {"response": self.command.response, "rain": self.command.rain} if self.command else None,
            "coverage": {name: asdict(each) for name, each in self.coverage.items()},
        }  # fmt: skip
