"""`connectors.toml` in the data directory: which systems feed which sources; closed tables, checked as a whole.

Secrets do not stand in it: it names the file or the environment variable that holds them.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ioc.packs.files import PackErrors, read
from ioc.packs.language import Closed, Name
from ioc.services.outward import BROKER_PORTS, PORTS, origin
from ioc.sources.connect.mapping import Shape, Where

FILE = "connectors.toml"
Level = Annotated[str, Field(min_length=1, max_length=256)]


def _address(text: str) -> str:
    origin(text, PORTS)
    return text


def _broker(text: str) -> str:
    origin(text, BROKER_PORTS)
    return text


def _topic(text: str) -> str:
    """A topic filter (MQTT 3.1.1, section 4.7)."""
    levels = text.split("/")
    marked = any(level not in ("+", "#") and set(level) & {"+", "#"} for level in levels)
    if not text or "\0" in text or marked or "#" in levels[:-1]:
        raise ValueError("no topic filter: + stands for a whole level, # for all that follow")
    return text


Address = Annotated[str, AfterValidator(_address)]


class SecretTable(Closed):
    """Where a secret lies: a file that only the owner may read, or an environment variable."""

    file: str | None = None
    env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretTable:
        if (self.file is None) == (self.env is None):
            raise ValueError("a secret lies in a file or in an environment variable: give one of both")
        return self

    def text(self) -> str:
        """The secret. Raises OSError when it is not there, or in a file that others may read."""
        if self.env is not None:
            if self.env not in os.environ:
                raise OSError(f"the environment variable {self.env} is not set")
            return os.environ[self.env]
        path = Path(str(self.file))
        if path.stat().st_mode & 0o077:
            raise OSError(f"{path}: others may read it: chmod 600")
        return path.read_text(encoding="utf-8").strip()


class WhereTable(Closed):
    """Where a field comes from: a path (or several, joined by a space), a level of the topic, or a constant."""

    path: Level | list[Level] | None = None
    topic: Annotated[int, Field(ge=1, le=32)] | None = None
    const: str | None = None
    format: Level | None = None
    map: dict[str, str] | None = None
    times: int | float | None = None

    @model_validator(mode="after")
    def _one(self) -> WhereTable:
        if sum(one is not None for one in (self.path, self.topic, self.const)) != 1:
            raise ValueError("a field comes from one of path, topic and const")
        return self

    def where(self) -> Where:
        """As the mapping wants it."""
        paths = (self.path,) if isinstance(self.path, str) else tuple(self.path or ())
        times = None if self.times is None else Decimal(repr(self.times))
        return Where(paths, self.topic or 0, self.const, self.format or "", self.map, times)


class ConnectorTable(Closed):
    """What all connectors say: the source that they feed and how real its rows are."""

    source: Name
    origin: Literal["real", "recorded", "simulated"] = "real"


class MappedTable(ConnectorTable):
    """A connector whose content has names of its own."""

    fields: dict[str, Level | WhereTable] = Field(default_factory=dict)

    def shape(self) -> Shape:
        """As the mapping wants it."""
        found = {n: Where((one,)) if isinstance(one, str) else one.where() for n, one in self.fields.items()}
        return Shape(found)


class MqttTable(MappedTable):
    """Topics of a broker, JSON payloads."""

    url: Annotated[str, AfterValidator(_broker)]
    topics: Annotated[list[Annotated[str, AfterValidator(_topic)]], Field(min_length=1, max_length=100)]
    rows: str = ""
    qos: Annotated[int, Field(ge=0, le=1)] = 1
    client: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    user: str | None = None
    password: SecretTable | None = None

    def shape(self) -> Shape:
        """As the mapping wants it."""
        return Shape(super().shape().fields, self.rows)


class DropTable(MappedTable):
    """A folder into which files are put; `folder` none: `drop/NAME` in the data directory."""

    folder: str | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    sheet: str | None = None
    most_mb: Annotated[int, Field(ge=1, le=4096)] = 256


class HttpTable(ConnectorTable):
    """What is asked for over HTTP; `header`: one that carries the secret, e.g. Authorization."""

    every_s: Annotated[int | float, Field(ge=1, le=86_400)] = 60
    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] | None = None
    secret: SecretTable | None = None

    @model_validator(mode="after")
    def _both(self) -> HttpTable:
        if (self.header is None) != (self.secret is None):
            raise ValueError("header and secret belong together")
        return self


class CapTable(HttpTable):
    """CAP 1.2 messages from feeds and files."""

    source: Name = "warning"
    urls: Annotated[list[Address], Field(max_length=20)] = Field(default_factory=list)
    folder: str | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> CapTable:
        if not self.urls and self.folder is None:
            raise ValueError("messages come from urls, a folder, or both")
        return self


class SensorThingsTable(HttpTable):
    """Observations of an OGC SensorThings service as one field of the source; `url` ends with its version: .../v1.1."""

    url: Address
    field: Name
    entity: Level = "Datastream.Thing.name"
    filter: Annotated[str, Field(max_length=2000)] = ""
    times: int | float | None = None
    const: dict[Name, str] = Field(default_factory=dict)
    since: Literal["now", "day", "all"] = "now"
    overlap_s: Annotated[int, Field(ge=0, le=86_400)] = 600

    def since_ms(self) -> int | None:
        """How far back the first look goes; None: to the beginning."""
        return {"now": 0, "day": 86_400_000, "all": None}[self.since]

    def factor(self) -> Decimal | None:
        """What results are multiplied by."""
        return None if self.times is None else Decimal(repr(self.times))


class ConnectorsFile(Closed):
    """The file."""

    mqtt: dict[Name, MqttTable] = Field(default_factory=dict)
    drop: dict[Name, DropTable] = Field(default_factory=dict)
    cap: dict[Name, CapTable] = Field(default_factory=dict)
    sensorthings: dict[Name, SensorThingsTable] = Field(default_factory=dict)


def load(home: Path) -> ConnectorsFile:
    """The connectors of a data directory; none without the file. Raises PackErrors."""
    path = home / FILE
    if not path.exists():
        return ConnectorsFile()
    found = read(path, ConnectorsFile, home).model
    names = [name for table in (found.mqtt, found.drop, found.cap, found.sensorthings) for name in table]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PackErrors([f"{FILE}:{name}:0: duplicate-id: two connectors have this name" for name in twice])
    return found
