"""Compaction and retention: small parts of an hour, then of a day, become one; days that are old enough go.

A merged part is complete before those it has taken in are deleted, some minutes later: a reader that lists the folder
at any moment finds each entry once (`metrics.archive.in_force`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics import archive_period as periods
from metrics.archive import Kind, Life, Part, Strand, day_end, every_part, in_force, part_path, superseded
from metrics.archive_file import ROW_GROUP, facts_of, write_slices
from metrics.archive_period import DAY_MS
from metrics.archive_taken import note_taken
from metrics.stream import order

GRACE_MS = 600_000  # a query that listed the folder before a merge has read the old parts by then
MERGED_BYTES = 128 * 1024 * 1024  # a part of this size is large enough
_HOUR_MS = 3_600_000
EVER_MS = 1 << 61  # longer than any archive
_CALM_MS = 60_000  # an hour is over once its last entries have surely been written


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days after their arrival parts are kept, by kind; `gone`: of worlds that are no more."""

    observations: int = 30
    values: int = 7
    completed: int = 400
    dead: int = 30
    gone: int = 7
    alarms: int = 400
    lasting: int = 0  # of readings that windows without a beginning read; 0: for ever

    @property
    def lasting_ms(self) -> int:
        """Of readings that windows without a beginning read."""
        return max(self.observations, self.lasting) * DAY_MS if self.lasting else EVER_MS

    def keep_ms(self, kind: Kind) -> int:
        days: Mapping[Kind, int] = {
            "observations": self.observations, "values": self.values, "completed": self.completed, "dead": self.dead,
            "alarms": self.alarms, "intake": max(self.completed, self.observations),  # see remarks_ms
        }  # fmt: skip
        return days[kind] * DAY_MS

    def remarks_ms(self, lasting: Collection[str] | None) -> int:
        """Of what the intake said: as long as the rows of which it speaks, and without it no complete value can be
        computed anew. `lasting`: by which rules sources last (`metrics.archive_lasting`); None: nobody knows yet.
        Where the newest row of each key is left, what was said of it has been taken into account."""
        if lasting is None:
            return EVER_MS
        return max(self.keep_ms("intake"), self.lasting_ms if "rows" in lasting else 0)


def merge(root: Path, strand: Strand, now_ms: int) -> int:
    """Merge neighbouring parts of hours, and of days, that are over; returns how many parts were made."""
    made = 0
    for day, parts in groupby(in_force(every_part(strand.folder(root))), key=lambda part: part.path.parent.name):
        whole_day = day_end(day) + _CALM_MS <= now_ms
        for run in _runs(list(parts), now_ms, whole_day):
            _join(strand.folder(root), run)
            made += 1
    return made


def sweep(root: Path, strand: Strand, now_ms: int, keep_ms: int) -> int:
    """Delete days that are older than `keep_ms`, and parts that were merged long enough ago; returns how many files.
    What goes is written down first (`metrics.archive_taken`)."""
    removed = 0
    old = [day for day in strand.folder(root).glob("????-??-??") if day_end(day.name) + keep_ms <= now_ms]
    going = {day.name for day in old}
    note_taken(root, strand, (part for part in every_part(strand.folder(root)) if part.path.parent.name in going))
    for day in old:
        removed += sum(1 for _ in day.iterdir())
        shutil.rmtree(day)
    parts = every_part(strand.folder(root))
    large = {part: part.path.stat().st_mtime_ns // 1_000_000 for part in in_force(parts)}
    for part in superseded(parts):
        merged_ms = next(at for whole, at in large.items() if whole.holds(part))
        if merged_ms + GRACE_MS <= now_ms:
            part.path.unlink()
            removed += 1
    return removed


def sweep_pieces(root: Path, life: Life, now_ms: int) -> int:
    """The same for the pieces of roll-ups, whose age counts against the newest piece; returns how many files."""
    removed = 0
    for slot in periods.SLOTS.values():
        pieces = periods.every_piece(root, life, slot)
        kept = periods.in_force(pieces)
        for piece in pieces:
            old = slot.keep_ms is not None and piece.period.end + slot.keep_ms <= kept[-1].period.end
            taken = next((one for one in kept if one.period.holds(piece.period)), None)
            if old or (taken is not None and taken.path.stat().st_mtime_ns // 1_000_000 + GRACE_MS <= now_ms):
                piece.path.unlink()
                removed += 1
    return removed


def sweep_life(root: Path, life: Life, now_ms: int, retention: Retention) -> bool:
    """Delete a life that nobody has archived for so long; whether it was."""
    folder = life.folder(root)
    newest = max((path.stat().st_mtime_ns // 1_000_000 for path in folder.iterdir()), default=0)
    if newest + retention.gone * DAY_MS > now_ms:
        return False
    shutil.rmtree(folder)
    return True


def _runs(parts: Sequence[Part], now_ms: int, whole_day: bool) -> Iterator[list[Part]]:
    """Neighbours of one form whose hour (or day) is over, together not larger than MERGED_BYTES, at least two."""
    run: list[Part] = []
    size = 0
    for part in parts:
        hour = order(part.last)[0] // _HOUR_MS
        bytes_here = part.path.stat().st_size
        fits = (
            run
            and run[-1].last == part.after
            and run[-1].form == part.form
            and size + bytes_here <= MERGED_BYTES
            and (whole_day or order(run[-1].last)[0] // _HOUR_MS == hour)
        )
        if not fits:
            if len(run) > 1:
                yield run
            run, size = [], 0
        if whole_day or (hour + 1) * _HOUR_MS + _CALM_MS <= now_ms:
            run.append(part)
            size += bytes_here
    if len(run) > 1:
        yield run


def _join(folder: Path, parts: Sequence[Part]) -> None:
    span = min(part.first_ms for part in parts), max(part.last_ms for part in parts)
    path = part_path(folder, parts[0].after, parts[-1].last, span, parts[0].form)
    facts = {name: text for name, text in facts_of(parts[-1].path).items() if name in ("ioc.read", "ioc.added")}
    schema = pq.read_schema(parts[0].path)
    write_slices(path, schema, _slices(parts, schema), facts)


def _slices(parts: Sequence[Part], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of the parts in order, in tables of about ROW_GROUP rows."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for part in parts:
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(ROW_GROUP):
                waiting.append(batch)
                rows += batch.num_rows
                if rows >= ROW_GROUP:
                    yield pa.Table.from_batches(waiting, schema).unify_dictionaries()
                    waiting, rows = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema).unify_dictionaries()
