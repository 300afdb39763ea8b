"""The archive's layout: where each stream's parts lie, what their names say, and which of them are in force.

    <root>/bundles/<hash>.json
    <root>/<world>/<started_ms>/positions.json, gaps.jsonl
    <root>/<world>/<started_ms>/observations/<source>/<shard>/<day>/<part>.parquet
    <root>/<world>/<started_ms>/{values,completed,dead,intake,alarms}/<day>/<part>.parquet
    <root>/<world>/<started_ms>/rollup/<slot>/<period>.parquet

A part holds the entries `(after, last]` of its stream, all of one day (of arrival, Asia/Shanghai); its name is
`<after>_<last>_<t0>_<t1>_<form>`, where t0 and t1 are the least and greatest event time (window end) of its rows and
`form` is a digest of its columns. A part whose range lies inside another one's is superseded: it was merged.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from metrics.clock import LOCAL_OFFSET_MS
from metrics.stream import order

VERSION = 1  # of layout, names and columns
Kind = Literal["observations", "values", "completed", "dead", "intake", "alarms"]
STREAMS: tuple[Kind, ...] = ("values", "completed", "dead", "intake", "alarms")  # that the engine writes, a stream each
POSITIONS, GAPS, BUNDLES, ROLLUP = "positions.json", "gaps.jsonl", "bundles", "rollup"
ATTEMPTS = 5  # to remove a folder in which somebody still writes
DRAFT = ".draft"  # the ending of a file that is being written; no reader sees it
_LOCAL = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))
_LAST_DAY_MS = 253_402_214_400_000  # ids of later days count as of the last one: producers may choose their ids
_NAME = re.compile(r"(\d+-\d+)_(\d+-\d+)_(-?\d+)_(-?\d+)_([0-9a-f]{8})\.parquet")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a world: a world that is begun anew under its old name has another `started_ms`."""

    world: str
    started_ms: int = 0

    def folder(self, root: Path) -> Path:
        return root / _folder_name(self.world) / str(self.started_ms)


@dataclass(frozen=True, slots=True)
class Strand:
    """One stream of a life: the observations of a shard of a source, or what the engine writes."""

    life: Life
    kind: Kind
    source: str = ""
    shard: int = 0

    @property
    def name(self) -> str:
        """What positions and gaps call it, e.g. `observations/traffic/0` or `values`."""
        return f"{self.kind}/{_folder_name(self.source)}/{self.shard}" if self.kind == "observations" else self.kind

    def folder(self, root: Path) -> Path:
        return self.life.folder(root) / self.name


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a strand: its entries `(after, last]`, the span of its times, the digest of its columns."""

    path: Path
    after: str
    last: str
    first_ms: int
    last_ms: int
    form: str

    def holds(self, other: Part) -> bool:
        """Whether the other part was merged into this one."""
        inside = order(self.after) <= order(other.after) and order(other.last) <= order(self.last)
        return inside and (self.after, self.last) != (other.after, other.last)

    def meets(self, from_ms: int, until_ms: int) -> bool:
        """Whether it may hold rows with time in [from, until)."""
        return self.first_ms < until_ms and self.last_ms >= from_ms


def part_path(folder: Path, after: str, last: str, span: tuple[int, int], form: str) -> Path:
    """Where the part of a strand's folder lies; equal entries give an equal path."""
    return folder / day_of(order(last)[0]) / f"{after}_{last}_{span[0]}_{span[1]}_{form}.parquet"


def part_of(path: Path) -> Part | None:
    """What a path says; None when it is no part."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    after, last, first_ms, last_ms, form = match.groups()
    return Part(path, after, last, int(first_ms), int(last_ms), form)


def every_part(folder: Path) -> list[Part]:
    """All parts below the folder of a strand, in the order of their entries, superseded ones too."""
    found = [part_of(path) for path in folder.glob("*/*.parquet")]
    return sorted((part for part in found if part is not None), key=lambda part: (order(part.after), order(part.last)))


def in_force(parts: Iterable[Part]) -> list[Part]:
    """The parts that were not merged into others, in order: each entry is in exactly one of them."""
    kept: list[Part] = []
    # by beginning, the longest first: what is inside an earlier one is inside the last kept one
    for part in sorted(parts, key=lambda part: (order(part.after), tuple(-place for place in order(part.last)))):
        if not kept or not kept[-1].holds(part):
            kept.append(part)
    return kept


def superseded(parts: Sequence[Part]) -> list[Part]:
    """The parts that others have taken in."""
    kept = set(in_force(parts))
    return [part for part in parts if part not in kept]


def worlds(root: Path) -> list[str]:
    """The worlds of which something is archived."""
    return sorted(unquote(folder.name) for folder in _folders(root) if folder.name != BUNDLES)


def lives(root: Path, world: str) -> list[Life]:
    """The archived lives of a world, the oldest first."""
    folders = _folders(root / _folder_name(world))
    return [Life(world, number) for number in sorted(int(one.name) for one in folders if one.name.isdigit())]


def strands(root: Path, life: Life) -> list[Strand]:
    """Everything that is archived of a life."""
    base = life.folder(root)
    found = [Strand(life, kind) for kind in STREAMS if (base / kind).is_dir()]
    for source in _folders(base / "observations"):
        found += [Strand(life, "observations", unquote(source.name), int(shard.name)) for shard in _folders(source)]
    return found


def shards(root: Path, life: Life, source: str) -> list[Strand]:
    """The archived shards of a source."""
    folder = life.folder(root) / "observations" / _folder_name(source)
    return sorted((Strand(life, "observations", source, int(one.name)) for one in _folders(folder)), key=_shard)


def _shard(strand: Strand) -> int:
    return strand.shard


def bundle_path(root: Path, digest: str) -> Path | None:
    """Where the definitions of this hash are kept; None when it is no fit name for a file."""
    return root / BUNDLES / f"{digest}.json" if _WORD.fullmatch(digest) else None


def day_of(at_ms: int) -> str:
    """The local day of an instant, as the folders are called: `2026-11-22`."""
    return datetime.fromtimestamp(min(at_ms, _LAST_DAY_MS) / 1000, UTC).astimezone(_LOCAL).strftime("%Y-%m-%d")


def day_end(day: str) -> int:
    """The instant at which a local day is over, ms."""
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), _LOCAL)
    return int((begin + timedelta(days=1)).timestamp() * 1000)


def remove_world(root: Path, world: str) -> int:
    """Delete all lives of a world that nobody archives any more; returns how many files. Raises OSError."""
    folder = root / _folder_name(world)
    if not folder.is_dir():
        return 0
    count = sum(path.is_file() for path in folder.rglob("*"))
    for left in reversed(range(ATTEMPTS)):
        try:
            shutil.rmtree(folder)
            break
        except OSError:  # an archiver that was at it gives its last draft its name, or writes one
            if not folder.is_dir():
                break
            if not left:
                raise
    return count


def _folder_name(name: str) -> str:
    """Any name as the name of a folder: no separators, no dots in front."""
    quoted = quote(name, safe="")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir())
