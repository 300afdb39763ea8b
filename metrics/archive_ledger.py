"""The ledger of the archive: how far each stream is archived, what is missing, the definitions seen, who writes."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from metrics.archive import GAPS, POSITIONS, Life, bundle_path
from metrics.archive_file import append_line, write_bytes
from metrics.stream import Gap, Place

VERSION = 1  # of positions.json


class ArchiveInUse(Exception):
    """Another archiver writes to this folder."""


class UnknownArchiveVersion(ValueError):
    """The positions were written by another version of this program; they are neither used nor overwritten."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Entries of a stream between two ids (both exclusive; `until` None: unknown) that no part holds."""

    why: Gap
    missing: int
    after: str
    until: str | None


@dataclass(frozen=True, slots=True)
class ArchiveGap:
    """A line of gaps.jsonl: what was missed of the strand `stream`, noticed at real time `at`."""

    at: int
    stream: str
    why: Gap
    missing: int
    after: str
    until: str | None


def lock(root: Path) -> IO[str]:
    """Become the only archiver of a folder, until the file is closed or the process ends. Raises ArchiveInUse."""
    root.mkdir(parents=True, exist_ok=True)
    file = (root / ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ArchiveInUse(f"{root}: another archiver writes here") from None
    return file


def places(root: Path, life: Life) -> dict[str, Place]:
    """The stored place of each strand by name. Raises UnknownArchiveVersion."""
    path = life.folder(root) / POSITIONS
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    if raw["v"] != VERSION:
        raise UnknownArchiveVersion(f"{path}: version {raw['v']!r} is not {VERSION}")
    return {name: Place(*place) for name, place in raw["places"].items()}


def store_places(root: Path, life: Life, known: Mapping[str, Place]) -> None:
    """Replace the places of a life; a part was written before its place. Raises ArchiveNotWritten."""
    table = {name: [place.id, place.read, place.added] for name, place in sorted(known.items())}
    content = json.dumps({"v": VERSION, "places": table}, indent=1)
    write_bytes(life.folder(root) / POSITIONS, content.encode())


def note_gap(root: Path, life: Life, stream: str, missed: Missed, at_ms: int) -> ArchiveGap:
    """Write down what was missed. Raises ArchiveNotWritten."""
    gap = ArchiveGap(at_ms, stream, missed.why, missed.missing, missed.after, missed.until)
    append_line(life.folder(root) / GAPS, json.dumps(asdict(gap)))
    return gap


def gaps(root: Path, life: Life) -> list[ArchiveGap]:
    """Everything that is known to be missing of a life, the oldest first."""
    try:
        lines = (life.folder(root) / GAPS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [ArchiveGap(**json.loads(line)) for line in lines if line.endswith("}")]  # the last may be cut off


def keep_bundle(root: Path, raw: bytes) -> Path | None:
    """Keep definitions under their hash, also those that this program cannot read. Raises ArchiveNotWritten."""
    path = None
    try:
        path = bundle_path(root, str(json.loads(raw)["hash"]))
    except (ValueError, KeyError, TypeError):
        path = bundle_path(root, sha256(raw).hexdigest())
    if path is not None and not path.exists():
        write_bytes(path, raw)
    return path


def bundle_of(root: Path, digest: str) -> Mapping[str, Any] | None:
    """The kept definitions of a hash as JSON data; None if they were never seen."""
    path = bundle_path(root, digest)
    if path is None or not path.exists():
        return None
    found: Mapping[str, Any] = json.loads(path.read_bytes())
    return found
