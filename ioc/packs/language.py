"""The tables of the indicator language, `sources.toml` and `indicators.toml`, as closed models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Duration = Annotated[str, StringConstraints(pattern=r"^[0-9]+(ms|s|m|h|d|w)$")]
Size = Annotated[str, StringConstraints(pattern=r"^[0-9]+(ms|s|m|h|d|w|mo|y)$")]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
RegionLevel = Literal["district", "subdistrict", "committee", "community", "block"]


class Closed(BaseModel):
    """A table that holds these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FieldTable(Closed):
    type: Literal["int", "decimal", "text", "category", "bool", "time", "point", "intervals"]
    zh: Text | None = None
    en: Text | None = None
    scale: Annotated[int, Field(ge=0, le=9)] | None = None
    unit: Text | None = None
    range: Annotated[list[int | float], Field(min_length=2, max_length=2)] | None = None
    missing: list[str] = []
    values: list[Text] | None = None
    required: bool = False
    personal: bool = False
    datum: Literal["wgs84", "gcj02", "bd09"] | None = None

    @model_validator(mode="after")
    def _decimals_have_a_scale(self) -> FieldTable:
        if (self.type == "decimal") != (self.scale is not None):
            raise ValueError("scale belongs to decimal fields, and only to them")
        if self.range is not None and self.range[0] > self.range[1]:
            raise ValueError("range must be [lowest, highest]")
        return self


class RegionTable(Closed):
    """How a row finds its region: exactly one way."""

    field: Name | None = None
    registry: Name | None = None
    point: Name | None = None

    @model_validator(mode="after")
    def _one_way(self) -> RegionTable:
        if sum(way is not None for way in (self.field, self.registry, self.point)) != 1:
            raise ValueError("exactly one of field, registry, point")
        return self


class PaceTable(Closed):
    """How the times of a source's rows go, and the registry of what sends them: what a world may have otherwise."""

    period: Duration | None = None
    disorder: Duration | None = None
    lateness: Duration | None = None
    idle: Duration | None = None
    future: Duration | None = None
    stale_after: Duration | None = None
    registry: Name | None = None


class VariantTable(PaceTable):
    """What differs in a world that names this variant, tumbling windows included."""

    windows: dict[Duration, Duration] = {}


class SourceTable(PaceTable):
    kind: Literal["readings", "records", "union"]
    zh: Text
    en: Text
    scene: Name
    time: Name | None = None
    entity: Name | None = None
    id: list[Name] = []
    key: Name | None = None
    changed: Name | None = None
    deleted: Name | None = None
    of: list[Name] | None = None
    rename: dict[Name, dict[Name, Name]] = {}
    since: Text | None = None
    take: list[Name] = []
    region: RegionTable | None = None
    shards: Annotated[int, Field(ge=1, le=64)] = 1
    variants: dict[Name, VariantTable] = {}
    fields: dict[Name, FieldTable] = {}


class RegionRulesTable(Closed):
    additive: list[Name] = []


class SourcesFile(Closed):
    source: dict[Name, SourceTable] = {}
    calendar: dict[Name, dict[str, Any]] = {}
    regions: RegionRulesTable | None = None


class WindowTable(Closed):
    kind: Literal[
        "tumbling", "sliding", "day_to_date", "week_to_date", "month_to_date", "year_to_date", "now", "all"
    ]  # fmt: skip
    size: Size | None = None
    every: Duration | None = None
    max_age: Duration | None = None


class MeasureTable(Closed):
    zh: Text | None = None
    en: Text | None = None
    agg: Literal[
        "count", "sum", "mean", "min", "max", "first", "last", "percentile", "percentile_approx", "distinct",
        "distinct_approx", "online", "dwell", "delta", "rate",
    ]  # fmt: skip
    source: Text | None = None
    field: Expression | list[Expression] | None = None
    scale: Annotated[int, Field(ge=0, le=9)] | None = None
    where: Expression | None = None
    at: Expression | None = None
    window: WindowTable | None = None
    p: int | float | None = None
    within: int | float | Duration | None = None
    calendar: Name | None = None
    hold: Duration | None = None
    unit: Duration | None = None
    per: list[Name] | None = None
    having: Expression | None = None
    each: Expression | None = None
    then: Literal["count", "sum", "mean", "min", "max", "percentile"] | None = None


class LimitsTable(Closed):
    blue: int | float | None = None
    yellow: int | float | None = None
    orange: int | float | None = None
    red: int | float | None = None


class LimitsVariantTable(LimitsTable):
    calendar: Name


class FlappingTable(Closed):
    changes: Annotated[int, Field(ge=2)] | None = None
    within: Duration | None = None


class ThresholdsTable(LimitsTable):
    hysteresis: int | float | None = None
    on_delay: Duration | None = None
    off_delay: Duration | None = None
    on: Literal["value", "z"] = "value"
    strict: bool = False
    variants: list[LimitsVariantTable] = []
    no_data_delay: Duration | None = None
    stale_delay: Duration | None = None
    silence: Literal["blue", "yellow", "orange", "red"] | None = None
    flapping: FlappingTable | None = None


class TargetTable(Closed):
    value: int | float | None = None
    formula: Expression | None = None


class BaselineTable(Closed):
    weeks: int = 8
    min: int = 4
    floor: int | float = 1.0


class RollupTable(Closed):
    from_: RegionLevel = Field(alias="from")
    how: Literal["max", "min", "sum", "mean", "worst", "best", "weighted"]
    weight: Name | None = None


class TopTable(Closed):
    by: Name
    n: int


class IndicatorTable(Closed):
    id: Name
    version: Annotated[int, Field(ge=1)] = 1
    valid_from: Text | None = None
    zh: Text
    en: Text
    scene: Name
    tasks: list[Annotated[int, Field(ge=1, le=28)]] = []
    unit: Text | None = None
    decimals: Annotated[int, Field(ge=0, le=9)] = 0
    direction: Literal["up", "down", "context"] = "context"
    source: Text | None = None
    window: WindowTable
    dimensions: list[Name] = []
    levels: list[RegionLevel] | None = None
    rollup: Literal["states"] | RollupTable = "states"
    formula: Expression
    min_samples: Annotated[int, Field(ge=0)] = 0
    samples: Name | None = None
    owner: Text | None = None
    tags: list[Text] = []
    target: TargetTable | None = None
    constants: dict[Name, int | float] = {}
    measures: dict[Name, MeasureTable] = {}
    thresholds: ThresholdsTable | None = None
    baseline: BaselineTable | None = None
    foresee: Literal["worst"] | None = None
    top: TopTable | None = None


class IndicatorsFile(Closed):
    indicator: list[IndicatorTable] = []
