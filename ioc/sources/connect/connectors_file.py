"""`connectors.toml` in the data directory: which systems feed which sources; closed tables, checked as a whole.

Secrets do not stand in it: it names the file or the environment variable that holds them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ioc.packs.files import read
from ioc.packs.language import Closed, Name
from ioc.services.outward import PORTS, origin

FILE = "connectors.toml"


def _address(text: str) -> str:
    origin(text, PORTS)
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
        """The secret. Raises OSError when it is not there."""
        if self.env is not None:
            if self.env not in os.environ:
                raise OSError(f"the environment variable {self.env} is not set")
            return os.environ[self.env]
        return Path(str(self.file)).read_text(encoding="utf-8").strip()


class ConnectorTable(Closed):
    """What all connectors say: the source that they feed and how real its rows are."""

    source: Name
    origin: Literal["real", "recorded", "simulated"] = "real"


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


class ConnectorsFile(Closed):
    """The file."""

    cap: dict[Name, CapTable] = Field(default_factory=dict)


def load(home: Path) -> ConnectorsFile:
    """The connectors of a data directory; none without the file. Raises PackErrors."""
    path = home / FILE
    if not path.exists():
        return ConnectorsFile()
    return read(path, ConnectorsFile, home).model
