"""The shapes of answers, as types; their JSON schemas in the document are made from these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from metrics.value import Level, Quality
from metrics.world import Origin

RowRule = Literal[
    "form", "version", "size", "missing", "type", "range", "category", "future", "length"
]  # as in dead letters
Time = Annotated[str, Field(description="ISO 8601, UTC", json_schema_extra={"format": "date-time"})]


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why one row was not accepted; `row` counts from 0, `field` is the declared name (empty: the whole row)."""

    row: int
    field: str
    rule: RowRule
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch: `accepted` rows are in the stream, `rejected` ones nowhere; `rows` tells of the first.

    `late` of the accepted ones are older than the engine waits for: kept and counted, but in no value (versions of
    records: they count from now on, not from their own time). `late_rows`: places of the first 100 in the batch.
    """

    world: str
    source: str
    origin: Origin
    accepted: int
    rejected: int
    rules: dict[str, int]
    rows: list[RowFault]
    ignored_fields: list[str]
    late: int = 0
    late_rows: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """What went wrong; `id` finds the line in the log, `field` and `rule` say what to change."""

    code: str
    message_zh: str
    message_en: str
    id: str
    field: str
    rule: str


@dataclass(frozen=True, slots=True)
class Error:
    """The one shape of errors."""

    error: ErrorDetail


@dataclass(frozen=True, slots=True)
class BatchErrorDetail(ErrorDetail):
    """An error of a batch: the faults of its rows too, the first of them."""

    rows: list[RowFault]


@dataclass(frozen=True, slots=True)
class BatchError:
    """A batch of which nothing was accepted."""

    error: BatchErrorDetail


@dataclass(frozen=True, slots=True)
class Point:
    """One slot of the history of a region. `value` is the last one in it, of the window that ends at `window_end`;
    mean, least and greatest are over the `count` windows of the slot; the rest is of its last window."""

    region: str
    end: Time
    window_end: Time | None
    value: float | None
    mean: float | None
    least: float | None
    greatest: float | None
    count: int
    samples: int
    quality: Quality
    level: Level | None
    version: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest word of a region, which may be provisional."""

    region: str
    window_start: Time
    window_end: Time
    value: float | None
    samples: int
    quality: Quality
    revision: int
    level: Level | None
    version: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Values:
    """An indicator over a span: slots that end in (from, to], by region and end; `next` leads to the following page."""

    indicator: str
    zh: str
    en: str
    unit: str | None
    world: str
    dims: dict[str, str]
    step: str
    from_: Annotated[Time, Field(alias="from")]
    to: Time
    rows: list[Point]
    latest: list[Latest]
    next: str | None


@dataclass(frozen=True, slots=True)
class BandPoint:
    """What is normal of the window that ends at `end`: 95 of 100 values lie from `low` to `high`; `cold`: learnt from
    too little, therefore wide."""

    end: Time
    low: float
    high: float
    cold: bool


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """What is expected of the window that ends at `end`; 95 of 100 values lie from `low` to `high`."""

    end: Time
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is normal of an indicator in a region and what comes, as known `at` (the end of the newest window that was
    judged); `band` from a day before to the forecast. `state`: `here`; `learning`: a playback learns it, ask again;
    `none`: it has no outlook, or not yet. `anomaly`: since when one stands. `member` and `value`: of which group of the
    indicator the forecast is, and its value `at`; null where it is of the whole. `leads`: the whole is there too."""

    indicator: str
    world: str
    region: str
    state: Literal["here", "learning", "none"]
    at: Time | None = None
    band: list[BandPoint] = field(default_factory=list)
    forecast_at: Time | None = None
    forecast: list[ForecastPoint] = field(default_factory=list)
    anomaly: Time | None = None
    origin: Origin | None = None
    member: dict[str, str] | None = None
    value: float | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A region, a community, a block, a building or an address (`level`), with what is known of a region."""

    code: str
    level: str
    zh: str
    en: str
    attributes: dict[str, float]


@dataclass(frozen=True, slots=True)
class Match:
    """What a text may mean, with its likeness 0..1; or what lies near a point, with its distance in metres."""

    code: str
    score: float | None
    metres: float | None
    regions: list[Place]


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a point, a code or an address belongs: what was found and all above it, the widest last.

    `regions` is empty where a text may mean several places: then `candidates` lists them, the likeliest first.
    `near`: the nearest building or address within 50 m of a point.
    """

    lon: float | None
    lat: float | None
    datum: str | None
    regions: list[Place]
    candidates: list[Match]
    near: Match | None


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """Who is signed in."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session: who, what they may, and for how long."""

    person: SessionPerson
    roles: list[str]
    permissions: list[str]
    device: bool
    home: str
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """A single-use way onto the live socket."""

    ticket: str
    expires_ms: int
    gateway: str
