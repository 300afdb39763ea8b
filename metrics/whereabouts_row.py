"""A row of whereabouts: where one entity of a layer stands and what its symbol says, version 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack

VERSION = 1
FIELDS = 10  # the version and what it says


class UnknownRowVersion(ValueError):
    """A row was written by another version of this program."""


@dataclass(frozen=True, slots=True)
class Row:
    """`changed_ms`: event time of the change. `place`: longitude and latitude, WGS-84 * 10**7, None: not known.

    `region`: code, "" for none. `level`: blue to red, None for none. `shape`: a polygon as CAP writes it. `shows`:
    field -> value, those that are known.
    """

    changed_ms: int
    place: tuple[int, int] | None
    region: str = ""
    kind: str = ""
    level: str | None = None
    hollow: bool = False
    label: str = ""
    shape: str | None = None
    shows: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> list[Any]:
        """As msgpack and JSON can say it."""
        return [
            VERSION, self.changed_ms, self.place, self.region, self.kind, self.level, self.hollow, self.label,
            self.shape, dict(self.shows),
        ]  # fmt: skip

    @staticmethod
    def of(plain: Any) -> Row:
        """Raises UnknownRowVersion, ValueError for what is no row."""
        if not isinstance(plain, list) or not plain or plain[0] != VERSION:
            version = plain[0] if isinstance(plain, list) and plain else plain
            raise UnknownRowVersion(f"a row of version {version!r} is not of version {VERSION}")
        if len(plain) != FIELDS:
            raise ValueError(f"a row of whereabouts has {FIELDS} fields, not {len(plain)}")
        place = plain[2]
        return Row(plain[1], None if place is None else (int(place[0]), int(place[1])), *plain[3:])


def unpack_row(packed: bytes) -> Row:
    """Raises UnknownRowVersion, ValueError."""
    return Row.of(msgpack.unpackb(packed))
