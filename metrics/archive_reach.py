"""The reach of the archive: from which event time on it holds every row of a source up to given positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Part, Strand, every_part, in_force, shards
from metrics.archive_ledger import gaps
from metrics.archive_taken import taken
from metrics.stream import Facts, order
from metrics.watermark import BEGINNING

SLICE_ROWS = 500_000


class NotInReach(Exception):
    """Rows up to the positions are neither in the archive nor on their stream any more. The message says which."""


def reach_ms(root: Path, life: Life, source: str, positions: Mapping[int, str], streams: Mapping[int, Facts]) -> int:
    """The oldest time from which on nothing is missing; BEGINNING: the archive began with the world.

    `positions`: shard -> id of the last entry asked for; `streams`: what is known of the streams that follow the parts.
    Raises NotInReach.
    """
    found = BEGINNING
    missed = gaps(root, life)
    for shard, last in positions.items():
        if order(last) == (0, 0):
            continue
        strand = Strand(life, "observations", source, shard)
        parts = in_force(every_part(strand.folder(root)))
        written = parts[-1].last if parts else "0-0"
        if order(written) < order(last):
            _check_follows(streams.get(shard), written, f"{source}:{shard}")
        own = [gap for gap in missed if gap.stream == strand.name and order(gap.after) < order(last)]
        gone = taken(root, strand)
        if gone.ms > BEGINNING:
            found = max(found, gone.ms + 1)
        for gap in own:
            behind = [part.last_ms for part in parts if gap.until is None or order(part.after) < order(gap.until)]
            found = max(found, max(behind, default=BEGINNING) + 1)
    return found


def _check_follows(facts: Facts | None, written: str, name: str) -> None:
    held = facts is not None and facts.first is not None and order(facts.first) <= order(written)
    if not held and not (facts is not None and written == "0-0" and facts.added == facts.length):
        raise NotInReach(f"{name}: entries behind {written} are neither archived nor on their stream")


def slices(root: Path, life: Life, source: str, from_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """[from, until) in pieces of some SLICE_ROWS rows, as far as the archive can tell."""
    parts = [
        part
        for strand in shards(root, life, source)
        for part in in_force(every_part(strand.folder(root)))
        if part.meets(from_ms, until_ms)
    ]
    rows = sum(_rows_of(part) for part in parts)
    if not rows:
        yield from_ms, until_ms
        return
    low = max(from_ms, min(part.first_ms for part in parts))
    high = min(until_ms, max(part.last_ms for part in parts) + 1)
    pieces = max(1, min(rows // SLICE_ROWS + 1, high - low))
    cuts = [from_ms, *(low + (high - low) * at // pieces for at in range(1, pieces)), until_ms]
    yield from pairwise(cuts)


def _rows_of(part: Part) -> int:
    found: int = pq.read_metadata(part.path).num_rows
    return found
