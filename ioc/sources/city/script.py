"""A script: what is forced upon the simulated city, and when, as data (TOML) that a person writes.

```toml
[script]
id = "rain-night"
zh = "暴雨之夜"
en = "a night of rain"
begin = 2023-09-07T17:00:00+08:00
hours = 12
weather = "replace"          # or "overlay": the ordinary weather goes on

[[force]]
kind = "rain"                # mm per hour
from = "01:00"               # hours and minutes after the begin
until = "05:30"
ramp = "00:40"               # how long it takes to rise and to fall, inside of from .. until
value = 62
places = ["440303002"]       # subdistricts; none: all
source = "public report"     # where the figure is from
assumed = true               # or that it is invented

[[note]]                     # what the screens say from then on
at = "02:10"
zh = "气象台发布红色预警"
en = "red rain signal"
source = "public report"

[[inject]]                   # a row of a source, as if it had been sent; times of its fields are offsets
at = "02:20"
into = "incident"
key = "YL-01"
fields = { class = "natural", level = 2, received_at = "02:20" }
assumed = true

[[expect]]                   # the alarm that must be raised by then, and must not stand before
indicator = "E2"
level = "red"
from = "02:00"
by = "04:30"
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from ioc.packs.language import Closed, Name, Text

MINUTE_MS = 60_000
Kind = Literal[
    "rain", "discharge", "road_closed", "metro_failure", "crowd", "gas_leak", "smell", "heat", "silent", "response",
    "evacuation",
]  # fmt: skip
# What `value` means, and which lists say where.
UNITS: Mapping[Kind, tuple[str, str]] = {
    "rain": ("mm/h", "places"),
    "discharge": ("m3/s from the reservoirs into the rivers", "places"),
    "road_closed": ("1 closed, 0.5 half closed", "roads"),
    "metro_failure": ("0 .. 1 of the trains fail", "zones"),
    "crowd": ("persons per m2 on top of the ordinary", "zones"),
    "gas_leak": ("%LEL at the nearest sensors", "places"),
    "smell": ("messages per hour and place", "places"),
    "heat": ("degrees on top of the ordinary", "places"),
    "silent": ("1: the sources send nothing", "sources"),
    "response": ("level 1 (IV) .. 4 (I)", "plans"),
    "evacuation": ("persons to move", "places"),
}
Offset = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}:[0-5][0-9]$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]  # it may become the name of a world


class ScriptError(ValueError):
    """A script is wrong; the message names the file and the key."""


class Force(Closed):
    """One thing that happens: `value` in the unit of its kind, between two offsets, risen and fallen within `ramp`."""

    kind: Kind
    since: Offset = Field(alias="from")
    until: Offset
    value: float = Field(ge=0)
    ramp: Offset = "0:00"
    places: list[str] = Field(default_factory=list)
    roads: list[str] = Field(default_factory=list)
    zones: list[str] = Field(default_factory=list)
    sources: list[Name] = Field(default_factory=list)
    plans: list[Name] = Field(default_factory=list)
    zh: str = ""
    en: str = ""
    source: str = ""
    assumed: bool = False

    @model_validator(mode="after")
    def _tells_where_in_its_own_list(self) -> Force:
        own = UNITS[self.kind][1]
        for name in ("places", "roads", "zones", "sources", "plans"):
            if getattr(self, name) and name != own:
                raise ValueError(f"a force of kind {self.kind} has {own}, not {name}")
        if self.kind in ("silent", "response", "road_closed") and not getattr(self, own):
            raise ValueError(f"a force of kind {self.kind} needs {own}")
        if offset_ms(self.until) <= offset_ms(self.since):
            raise ValueError("until lies not after from")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """Where it acts; (): everywhere."""
        return tuple(getattr(self, UNITS[self.kind][1]))


class Told(Closed):
    """Something that is said at an offset; `source` says where it is from, `assumed` that it is invented."""

    at: Offset
    zh: str = ""
    en: str = ""
    source: str = ""
    assumed: bool = False


class Note(Told):
    """A line of the timeline."""

    zh: Text
    en: Text


class Inject(Told):
    """A row put into the source `into`: the entity or record `key` with these fields; times are offsets."""

    into: Name
    key: Text
    fields: dict[Name, str | int | float | bool]


class Expect(Closed):
    """An alarm that the script must raise: at least `level` of a condition `level`, or that condition at all.

    Its region is the district unless one is named; it is raised between the two offsets and does not stand before.
    """

    indicator: str
    since: Offset = Field(alias="from")
    by: Offset
    condition: Literal["level", "no_data", "stale"] = "level"
    level: Literal["blue", "yellow", "orange", "red"] | None = None
    region: str = ""
    dims: dict[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Expect:
        if (self.condition == "level") != (self.level is not None):
            raise ValueError("a level belongs to the condition level, and only to it")
        if offset_ms(self.by) <= offset_ms(self.since):
            raise ValueError("by lies not after from")
        return self


class Head(Closed):
    id: Id
    zh: Text
    en: Text
    begin: datetime
    hours: float = Field(gt=0, le=24 * 14)
    weather: Literal["replace", "overlay"] = "overlay"
    note: str = ""

    @model_validator(mode="after")
    def _has_an_offset(self) -> Head:
        if self.begin.tzinfo is None:
            raise ValueError("begin needs an offset, +08:00 in Luohu")
        return self


class Script(Closed):
    """A whole exercise script."""

    head: Head = Field(alias="script")
    force: list[Force] = Field(default_factory=list)
    note: list[Note] = Field(default_factory=list)
    inject: list[Inject] = Field(default_factory=list)
    expect: list[Expect] = Field(default_factory=list)

    @model_validator(mode="after")
    def _stays_within_its_hours(self) -> Script:
        offsets = [one.at for one in (*self.note, *self.inject)] + [one.by for one in self.expect]
        late = [text for text in offsets if offset_ms(text) > self.head.hours * 60 * MINUTE_MS]
        if late:
            raise ValueError(f"{late[0]} lies after the end")
        return self

    def at(self, offset: str) -> int:
        """The event time of an offset, ms."""
        return self.begin_ms + offset_ms(offset)

    @property
    def begin_ms(self) -> int:
        return int(self.head.begin.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        return self.begin_ms + int(self.head.hours * 60) * MINUTE_MS


def read(path: Path) -> Script:
    """The script in a file. Raises ScriptError with every fault."""
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScriptError(f"{path.name}: {error}") from error
    return parse(raw, path.name)


def parse(raw: Mapping[str, Any], name: str) -> Script:
    """The script of a table as read from TOML. Raises ScriptError."""
    try:
        return Script.model_validate(raw)
    except ValidationError as error:
        lines = [f"{name}: {'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        raise ScriptError("\n".join(lines)) from error


def offset_ms(text: str) -> int:
    """`HH:MM` as ms."""
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE_MS
