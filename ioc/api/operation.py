"""An operation: one route of the HTTP interface with all that is promised of it. The routes are made from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ioc.api.parameter import Parameter
from ioc.security.permission import Permission

JSON, NDJSON, CSV, HTML = "application/json", "application/x-ndjson", "text/csv", "text/html"
VIDEO = "application/vnd.apple.mpegurl"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Access by an API token; `permission`: a signed-in person who has it may ask too, None: tokens only.

    What a token may feed or read is decided by its scopes, when it is known what is asked for.
    """

    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer of some status means, and the shape of its body by media type (None: text without a shape)."""

    zh: str
    en: str
    bodies: Mapping[str, type[Any] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request brings: a JSON schema by media type."""

    zh: str
    en: str
    schemas: Mapping[str, Mapping[str, Any]]
    example: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` is the rule of the router (`/api/v1/observations/<source>`); `id` names the function that answers."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    id: str
    zh: str
    en: str
    access: Permission | Bearer
    about_zh: str = ""
    about_en: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    answers: Mapping[int, Answer] = field(default_factory=dict)
