"""The shape of a pack's files: closed models, so that a key nobody knows is an error that names file and key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ioc.packs.language import Closed, IndicatorsFile, IndicatorTable, Name, RegionLevel, SourcesFile, SourceTable, Text

__all__ = [
    "Closed", "IndicatorTable", "IndicatorsFile", "LayerTable", "LinkTable", "PackFile", "RecordingTable",
    "RecordingsFile", "RegionRow", "RegionsFile", "RegistryFile", "SceneTable", "SourceTable", "SourcesFile",
    "TaskTable", "TasksFile", "TimeColumn", "WallFile", "WallItem", "WallMap", "WallStrip",
]  # fmt: skip


class LayerTable(Closed):
    id: Name
    zh: Text
    en: Text
    kind: Literal["line", "area", "point"]
    indicator: Name | None = None


class LinkTable(Closed):
    """One entry of the scene's theme link library: `to` is a path of this product."""

    zh: Text
    en: Text
    to: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9/_?=&.-]*$")]


class SceneTable(Closed):
    id: Name
    zh: Text
    en: Text
    order: int = 100
    tasks: list[Annotated[int, Field(ge=1, le=28)]] = Field(default_factory=list)


class PackFile(Closed):
    scene: SceneTable
    layer: list[LayerTable] = Field(default_factory=list)
    link: list[LinkTable] = Field(default_factory=list)


class WallItem(Closed):
    indicator: Name


class WallStrip(Closed):
    speed: Name
    state: Name


class WallMap(Closed):
    roads: Name
    areas: Name


class WallFile(Closed):
    """What the command wall shows of a scene; every name is an indicator's id.

    `coverage`: the least share of the roads that an indicator counts (0 to 1) which must have reported in its window;
    below it the value is shown and not judged. Only a wall with a strip knows its roads.
    """

    tile: list[WallItem] = Field(default_factory=list)
    trend: list[WallItem] = Field(default_factory=list)
    strip: WallStrip | None = None
    map: WallMap | None = None
    coverage: dict[Name, Annotated[float, Field(gt=0, le=1)]] = Field(default_factory=dict)

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
