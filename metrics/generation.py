"""A generation: one whole state as it lies in Redis, each field sealed with a version and a checksum."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgpack

from metrics.stream import Place

VERSION = 1
META = b"#"  # the field that describes the others
SEQUENCE = b"#seq"  # the number of the commit that wrote it, as text, for the script
_SEAL = bytes([VERSION])


class CheckpointError(Exception):
    """Base of what a checkpoint can refuse."""


class UnknownCheckpointVersion(CheckpointError):
    """A checkpoint was written by another version of this program; it is neither used nor overwritten."""

    def __init__(self, world: str, version: int) -> None:
        super().__init__(f"world {world}: checkpoint version {version} is not {VERSION}")
        self.world, self.version = world, version


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint as stored: the state's fields, the places of the streams, and what the worker keeps beside them."""

    sequence: int
    fields: Mapping[str, bytes]
    places: Mapping[str, Place]
    edge: Mapping[str, Any]


class Damaged(CheckpointError):
    """A generation is not what was written."""


def read(world: str, table: Mapping[bytes, bytes]) -> tuple[Loaded, int]:
    """A generation's content and the `started_ms` of its world. Raises Damaged, UnknownCheckpointVersion."""
    fields: dict[str, bytes] = {}
    sums: dict[str, int] = {}
    for raw_name, sealed in table.items():
        if raw_name == SEQUENCE:
            continue
        if sealed[:1] != _SEAL and _looks_whole(raw_name, sealed):
            raise UnknownCheckpointVersion(world, sealed[0])
        name = raw_name.decode("utf-8", "replace")
        payload = sealed[5:]
        if sealed[:5] != seal(checksum(name, payload), b""):
            raise Damaged(f"field {name}")
        fields[name], sums[name] = payload, checksum(name, payload)
    meta_payload = fields.pop("#", None)
    if meta_payload is None:
        raise Damaged("no description")
    sums.pop("#")
    meta = msgpack.unpackb(meta_payload)
    if number(table.get(SEQUENCE)) != meta["seq"]:
        raise Damaged("its number")
    if meta["fields"] != len(sums) or meta["digest"] != digest(sums):
        raise Damaged(f"{len(sums)} fields are not the {meta['fields']} that were written")
    places = {key: Place(*place) for key, place in meta["places"].items()}
    return Loaded(meta["seq"], fields, places, meta["edge"]), meta["started"]


def _looks_whole(name: bytes, sealed: bytes) -> bool:
    """Whether a field of another version is intact: then it is not damage but another program's."""
    if len(sealed) < 5:
        return False
    found = checksum(name.decode("utf-8", "replace"), sealed[5:], sealed[0])
    return sealed[1:5] == found.to_bytes(4, "little")


def checksum(name: str, payload: bytes, version: int = VERSION) -> int:
    """CRC-32 of version, name and payload: the version cannot be mistaken, and fields cannot change places."""
    return zlib.crc32(payload, zlib.crc32(bytes([version]) + name.encode()))


def seal(checked: int, payload: bytes) -> bytes:
    """A field as it is stored."""
    return _SEAL + checked.to_bytes(4, "little") + payload


def digest(sums: Mapping[str, int]) -> int:
    """One number for all fields: tells a lost field, or one left over from an earlier commit."""
    total = 0
    for checked in sums.values():
        total = (total + checked) & 0xFFFFFFFFFFFFFFFF
    return total


def number(text: bytes | None) -> int:
    """A whole number as the server stores it; 0 for none."""
    return int(text) if text and text.isdigit() else 0
