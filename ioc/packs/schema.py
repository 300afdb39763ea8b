"""The shape of a pack's files: closed models, so that a key nobody knows is an error that names file and key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ioc.packs.language import (
    Closed,
    Expression,
    IndicatorsFile,
    IndicatorTable,
    Name,
    RegionLevel,
    SourcesFile,
    SourceTable,
    Text,
)

__all__ = [
    "CapabilityTable", "Closed", "EventTable", "IndicatorTable", "IndicatorsFile", "LayerTable", "LinkTable",
    "LinksFile", "PackFile", "PreemptionTable",
    "RecordingTable", "RecordingsFile", "RegionRow", "RegionsFile", "RegistryFile", "SceneTable", "SituationTable",
    "SourceTable", "SourcesFile", "SymbolTable", "SystemTable", "TaskTable", "TasksFile", "TimeColumn", "WallCommand",
    "WallFile", "WallItem", "WallMap", "WallStrip",
]  # fmt: skip

Tasks = Annotated[list[Annotated[int, Field(ge=1, le=28)]], Field(default_factory=list)]


Level = Literal["red", "orange", "yellow", "blue"]
Shape = Literal["dot", "circle", "hexagon", "diamond", "plus", "square", "triangle", "drop", "camera"]


class SymbolTable(Closed):
    """How one class of entities is drawn: `value` of the field `by` (none: every entity), a shape, and a character in
    it where there is no level."""

    value: Text | None = None
    zh: Text
    en: Text
    shape: Shape
    mark: Annotated[str, StringConstraints(max_length=1)] = ""
    mark_en: Annotated[str, StringConstraints(max_length=1)] = ""


class Said(Closed):
    """What a screen says for a value; `level`: the value is a level of urgency and has its colour."""

    zh: Text
    en: Text
    level: Literal["blue", "yellow", "orange", "red"] | None = None


class LayerTable(Closed):
    """A layer of the map: shapes of `geometry` or regions, coloured by an indicator, or the entities of a records
    source at their points, or as areas.

    Without `symbol` every entity is a dot. `where`, `levels`, `hollow`: conditions over the fields of the source.
    `indicator`: where its one dimension is the source or its key, it gives each entity its level and number. `moves`:
    readings of the same entities that say where they are. `by`, `label`, `shape`: fields of class, name and polygon;
    `shows`: what a tap on an entity tells, `names`: what is said for values of these. `rank`: what lies above and keeps
    its name where there is no room. `video`: the field that names the stream of an entity at the media server: it is a
    camera, and opens a tile. `overview`: shown on the map of the district unless somebody chose otherwise.
    """

    id: Name
    zh: Text
    en: Text
    kind: Literal["line", "area", "point"]
    indicator: Name | None = None
    source: Name | None = None
    geometry: Literal["roads", "metro"] | None = None
    moves: Name | None = None
    where: Expression | None = None
    levels: dict[Level, Expression] = Field(default_factory=dict)
    hollow: Expression | None = None
    by: Name | None = None
    label: Name | None = None
    shape: Name | None = None
    shows: list[Name] = Field(default_factory=list)
    names: dict[Name, dict[Text, Said]] = Field(default_factory=dict)
    symbol: list[SymbolTable] = Field(default_factory=list)
    rank: Annotated[int, Field(ge=0, le=9)] = 0
    video: Name | None = None
    overview: bool = False
    tasks: Tasks

    def entity_dimension(self, split: Sequence[str], key: str) -> str:
        """The one dimension of its indicator, `split` by these, whose values are its entities, because it has the name
        of the source or of its `key`; empty where there is none."""
        return split[0] if self.source is not None and tuple(split) in {(key,), (self.source,)} else ""

    @model_validator(mode="after")
    def _something_to_draw(self) -> LayerTable:
        if self.source is not None and self.kind == "line":
            raise ValueError("a layer of lines is not drawn from a source")
        if self.source is None and self.indicator is None and self.geometry is None:
            raise ValueError("a layer needs a source, an indicator or a geometry")
        own = [self.moves, self.where, self.hollow, self.by, self.label, self.shape, *self.levels, *self.shows]
        if self.source is None and (self.symbol or any(one is not None for one in own)):
            raise ValueError("only a layer with a source says which entities it shows and how")
        if self.video is not None and self.video not in self.shows:
            raise ValueError("the field of the stream must be among those that the layer shows")
        values = [symbol.value for symbol in self.symbol]
        if len(set(values)) < len(values) or (self.by is None and len(values) > 1):
            raise ValueError("each class has one symbol")
        return self


class EventTable(Closed):
    """A type of event: what can happen in the scene, and what tells of it.

    `source`, `where`: the rows that are such an event. `indicators`: their alarms are such an event. `family`: the
    class of an emergency, where it is one.
    """

    id: Name
    zh: Text
    en: Text
    family: Literal["natural", "accident", "health", "security"] | None = None
    source: Name | None = None
    where: Expression | None = None
    indicators: list[Name] = Field(default_factory=list)
    tasks: Tasks

    @model_validator(mode="after")
    def _something_tells_of_it(self) -> EventTable:
        if self.source is None and not self.indicators:
            raise ValueError("an event needs a source or indicators that tell of it")
        if self.where is not None and self.source is None:
            raise ValueError("where belongs to a source")
        return self


class PreemptionTable(Closed):
    """When the scene takes every screen: an indicator of the whole district is at least `at_least`."""

    id: Name
    zh: Text
    en: Text
    indicator: Name
    at_least: int | float


class LinkTable(Closed):
    """A page of this product that serves the scene: `to` is its path."""

    id: Name
    zh: Text
    en: Text
    to: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_?=&.-]*$")]
    tasks: Tasks


class SceneTable(Closed):
    """`platform`: the scene watches the centre itself; what it finds says nothing of the district."""

    id: Name
    zh: Text
    en: Text
    order: int = 100
    platform: bool = False
    tasks: Tasks


class PackFile(Closed):
    scene: SceneTable
    layer: list[LayerTable] = Field(default_factory=list)
    event: list[EventTable] = Field(default_factory=list)
    link: list[LinkTable] = Field(default_factory=list)
    preemption: list[PreemptionTable] = Field(default_factory=list)


class CapabilityTable(Closed):
    """What the scene is able to do: the first level of its theme link library."""

    id: Name
    zh: Text
    en: Text


class SituationTable(Closed):
    """What is looked at together: indicators that a capability needs."""

    id: Name
    zh: Text
    en: Text
    capability: Name
    indicators: Annotated[list[Name], Field(min_length=1)]


class SystemTable(Closed):
    """A linked vertical system of another office.

    `entry`: its address, empty while it is not known. `gives`: sources that it feeds. `takes`: sources, indicators or
    event types that it is handed. `sso`: one sign-in for both. `permission`: what a person needs to follow the link.
    """

    id: Name
    zh: Text
    en: Text
    owner: Text
    entry: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s<>\"]{1,500})?$")]
    gives: list[Name] = Field(default_factory=list)
    takes: list[Name] = Field(default_factory=list)
    sso: bool
    permission: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z]+$")]
    tasks: Tasks


class LinksFile(Closed):
    """The theme link library of a scene."""

    capability: list[CapabilityTable] = Field(default_factory=list)
    situation: list[SituationTable] = Field(default_factory=list)
    system: list[SystemTable] = Field(default_factory=list)


class WallItem(Closed):
    indicator: Name


class WallStrip(Closed):
    speed: Name
    state: Name


class WallMap(Closed):
    """`areas` shades the subdistricts; `roads` colours the roads, where the scene has any; `layers` (of any scene) lie
    above."""

    roads: Name | None = None
    areas: Name
    layers: list[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]] = Field(default_factory=list)


class WallCommand(Closed):
    """What the wall of a scene that commands a response has in place of tiles and trends; every name is an indicator's.

    `response`: the level of each plan's response; `rain`: the bars of the timeline; `gauges`: by their one dimension,
    the worst first against their limits, at the left with the rows of `works`; `forces` by their dimension at the
    right, with the rows of `orders`.
    """

    response: Name
    rain: Name
    gauges: list[Name]
    works: list[Name]
    forces: Name
    orders: list[Name]


class WallFile(Closed):
    """What the command wall shows of a scene; every name is an indicator's id.

    `coverage`: the least share of the roads that an indicator counts (0 to 1) which must have reported in its window;
    below it the value is shown and not judged. Only a wall with a strip knows its roads. `names`: dimension -> value ->
    what rows that are split by it say; a value that is not named says itself. `registers`: dimension -> the source of
    records or the registry whose entities its values are; they say the names of the entity (`zh`, `en`), an unknown one
    says that it is an id. `values`: indicator -> value -> what its number says in words, as a response level does.
    """

    tile: list[WallItem] = Field(default_factory=list)
    trend: list[WallItem] = Field(default_factory=list)
    strip: WallStrip | None = None
    map: WallMap | None = None
    command: WallCommand | None = None
    coverage: dict[Name, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=dict)
    names: dict[Name, dict[Text, Said]] = Field(default_factory=dict)
    registers: dict[Name, Name] = Field(default_factory=dict)
    values: dict[Name, dict[Annotated[str, StringConstraints(pattern=r"^-?[0-9]+$")], Said]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _coverage_needs_roads(self) -> WallFile:
        if self.coverage and self.strip is None:
            raise ValueError("coverage needs a strip: only its roads can be counted")
        return self


class TimeColumn(Closed):
    """`format` as in strptime; the times are Asia/Shanghai."""

    column: Text
    format: Text

    @model_validator(mode="after")
    def _the_format_reads_what_it_writes(self) -> TimeColumn:
        moment = datetime(2015, 12, 31, 13, 45)  # noqa: DTZ001 - only the notation is tried
        if datetime.strptime(moment.strftime(self.format), self.format) != moment:  # noqa: DTZ007
            raise ValueError("the format must hold year, month, day, hour and minute")
        return self


class RecordingTable(Closed):
    """How the rows of a recording become observations.

    `wide`: one row per instant, one column per entity, each cell the field `value`. `missing` lists texts that mean no
    reading (compared as numbers). `constants` are fields the recording lacks: assumptions, the same for every row.
    """

    zh: Text
    en: Text
    source: Name
    variant: Name
    form: Literal["wide"]
    time: TimeColumn
    value: Name
    missing: list[str] = Field(default_factory=list)
    constants: dict[Name, int | float | str] = Field(default_factory=dict)


class RecordingsFile(Closed):
    recording: dict[Name, RecordingTable] = Field(default_factory=dict)


class TaskTable(Closed):
    id: Annotated[int, Field(ge=1, le=28)]
    zh: Text
    en: Text


class TasksFile(Closed):
    task: list[TaskTable] = Field(default_factory=list)


class RegistryFile(Closed):
    """Arrays of rows by registry name; a row is a flat table with the entity under `id`."""

    registry: dict[Name, list[dict[str, str | int | float | bool | list[str]]]]


class RegionRow(Closed):
    """A node of the region tree; the root has an empty parent."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,12}$")]
    parent: str = ""
    zh: Text
    en: Text
    level: RegionLevel
    population: int | None = None
    population_year: int | None = None
    population_source: Text | None = None
    area_km2: int | float | None = None
    area_year: int | None = None
    area_source: Text | None = None


class RegionsFile(Closed):
    region: list[RegionRow] = Field(default_factory=list)
