"""What has been taken: which rows of a strand retention removed, or condensed to the newest of each key, up to when.

`<life>/taken.json` says of each strand the last entry that was removed and the newest time among the rows removed. It
is written before files go, so that nothing is ever missing of which it does not tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Part, Strand, every_part, in_force
from metrics.archive_evidence import PLACE, Evidence
from metrics.archive_file import write_bytes
from metrics.archive_lasting import is_condensed
from metrics.stream import order
from metrics.watermark import BEGINNING

VERSION = 1  # of taken.json
FILE = "taken.json"


class UnknownTakenVersion(ValueError):
    """The file was written by another version of this program; it is neither used nor overwritten."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Of a strand: entries up to `removed` have gone, of those up to `condensed` the newest row of each key is left.
    `removed_ms`, `condensed_ms`: the newest time (window end) among their rows; BEGINNING: nothing has been taken."""

    removed: str = "0-0"
    removed_ms: int = BEGINNING
    condensed: str = "0-0"
    condensed_ms: int = BEGINNING

    def lacks(self, since_ms: int, exact_ms: int, last: str) -> bool:
        """Whether rows have gone on which an answer rests that reads rows up to the entry `last`: all with time from
        `exact_ms` on, and the newest of each key from `since_ms` on."""
        if order(last) == (0, 0):
            return False
        removed = self.removed_ms > BEGINNING and since_ms <= self.removed_ms
        condensed = order(self.condensed) > (0, 0) and (
            exact_ms <= self.condensed_ms or order(last) < order(self.condensed)
        )
        return removed or condensed

    @property
    def ms(self) -> int:
        """The time up to which not every row is there any more; BEGINNING: every row is."""
        return max(self.removed_ms, self.condensed_ms)


def taken(root: Path, strand: Strand) -> Taken:
    """What has been taken of a strand. Raises UnknownTakenVersion."""
    removed, removed_ms = _noted(root, strand.life).get(strand.name, ("0-0", BEGINNING))
    parts = in_force(every_part(strand.folder(root)))
    if parts and order(parts[0].after) > order(removed):  # gone before anybody took notes: as old as what follows
        removed, removed_ms = parts[0].after, max(removed_ms, parts[0].last_ms)
    condensed = [part for part in parts if is_condensed(part)]
    if not condensed:
        return Taken(removed, removed_ms)
    return Taken(removed, removed_ms, condensed[-1].last, max(part.last_ms for part in condensed))


def note_taken(root: Path, strand: Strand, parts: Iterable[Part]) -> None:
    """Write down that parts are about to be removed. Raises ArchiveNotWritten, UnknownTakenVersion."""
    going = in_force(parts)
    if not going:
        return
    known = _noted(root, strand.life)
    removed, removed_ms = known.get(strand.name, ("0-0", BEGINNING))
    known[strand.name] = (
        max(removed, *(part.last for part in going), key=order),
        max(removed_ms, *_newest(root, strand, going)),
    )
    table = {name: list(one) for name, one in sorted(known.items())}
    content = json.dumps({"v": VERSION, "taken": table}, indent=1)
    write_bytes(strand.life.folder(root) / FILE, content.encode())


def _newest(root: Path, strand: Strand, parts: Iterable[Part]) -> list[int]:
    """The newest time in each part; of observations of the rows that counted, so that one clock that is years ahead
    does not make years of values look as if their rows had gone."""
    if strand.kind != "observations":
        return [part.last_ms for part in parts]
    evidence, found = Evidence(root, strand.life), []
    for part in parts:
        try:
            table = pq.ParquetFile(part.path).read(["t", *PLACE]).sort_by([(name, "ascending") for name in PLACE])
        except (OSError, pa.ArrowException):  # damaged: its name says enough
            found.append(part.last_ms)
            continue
        keep, time = evidence.judge(strand.source, strand.shard, table)
        found.append(int(time[keep].max(initial=BEGINNING)))
    return found


def _noted(root: Path, life: Life) -> dict[str, tuple[str, int]]:
    path = life.folder(root) / FILE
    try:
        raw = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    found = raw.get("v") if isinstance(raw, dict) else None
    if found != VERSION:
        raise UnknownTakenVersion(f"{path}: version {found!r} is not {VERSION}")
    return {name: (str(entry), int(at)) for name, (entry, at) in raw["taken"].items()}
