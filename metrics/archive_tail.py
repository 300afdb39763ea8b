"""The tail of one strand: entries that were read and are not yet in a part, and how far both have come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Part, Strand, day_of, every_part, part_path
from metrics.archive_file import facts_of, form_of, write_table
from metrics.archive_ledger import Missed
from metrics.archive_rows import Decoder, Rows
from metrics.stream import Facts, Place, judge, order

Entries = Sequence[Any]


@dataclass(slots=True)
class _Chunk:
    """Rows of one day in one form, and the place behind them."""

    day: str
    place: Place
    rows: list[Rows] = field(default_factory=list)


class Tail:
    """Receives a stream's entries in order and writes them as parts, each once.

    `place`: read up to there; `written`: in parts up to there. Until `write` has returned, the entries behind
    `written` exist in the stream only.
    """

    def __init__(self, root: Path, strand: Strand, decoder: Decoder, place: Place, *, counted: bool = True) -> None:
        """`counted` False: how many entries the place has behind it is not known exactly."""
        self._folder = strand.folder(root)
        self.strand = strand
        self._decoder = decoder
        self.place = self.written = place
        self._counted = counted
        self._chunks: list[_Chunk] = []
        self.rows = 0
        self.parts = 0

    def receive(self, entries: Entries) -> None:
        """Take entries that follow the last ones. Raises what the decoder does; then nothing was taken."""
        first, last = (order(entry[0].decode()) for entry in (entries[0], entries[-1]))
        if day_of(first[0]) == day_of(last[0]):
            self._take(entries)
            return
        days = [day_of(order(entry[0].decode())[0]) for entry in entries]
        begins = [0, *(at for at in range(1, len(days)) if days[at] != days[at - 1]), len(days)]
        for begin, end in pairwise(begins):
            self._take(entries[begin:end])

    def _take(self, entries: Entries) -> None:
        rows = self._decoder(entries)
        last = entries[-1][0].decode()
        read = self.place.read + len(entries)
        self.place = Place(last, read, max(read, self.place.added))
        day = day_of(order(last)[0])
        if not self._chunks or self._chunks[-1].day != day:
            self._chunks.append(_Chunk(day, self.place))
        chunk = self._chunks[-1]
        chunk.place = self.place
        if rows.table.num_rows:
            chunk.rows.append(rows)
            self.rows += rows.table.num_rows

    @property
    def pending(self) -> bool:
        """Whether entries were received that are in no part."""
        return self.place.id != self.written.id

    def use(self, decoder: Decoder) -> None:
        """Go over to other definitions; only while nothing is pending."""
        if self._chunks:
            raise ValueError("entries are pending")
        self._decoder = decoder

    def write(self) -> None:
        """Write what is pending, one part a day. Raises ArchiveNotWritten; call it again then."""
        while self._chunks:
            chunk = self._chunks[0]
            if chunk.rows:
                self._write(chunk)
                self.rows -= sum(rows.table.num_rows for rows in chunk.rows)
            self.written = chunk.place
            del self._chunks[0]
        if self.written.id == self.place.id:
            self.written = self.place

    def _write(self, chunk: _Chunk) -> None:
        table = pa.concat_tables([rows.table for rows in chunk.rows]).unify_dictionaries()
        spans = [rows.span() for rows in chunk.rows]
        span = min(low for low, _ in spans), max(high for _, high in spans)
        place = chunk.place
        path = part_path(self._folder, self.written.id, place.id, span, form_of(table.schema))
        write_table(path, table, {"ioc.read": str(place.read), "ioc.added": str(place.added)})
        self.parts += 1

    def compare(self, facts: Facts | None) -> Missed | None:
        """What went by unread, judged from what the stream says of itself; None: nothing that is not known already.

        Unlike the engine, an archive never goes back: of a stream that was begun anew it takes what follows the last
        id it holds, so that whatever the server forgets and is sent once more stands in it once.
        """
        place = self.place
        if facts is None:
            if place.added == 0:
                return None
            self._move(replace(place, read=0, added=0))
            return Missed("flushed", max(0, place.added - place.read), place.id, None)
        if not self._counted:
            if order(facts.last) <= order(place.id):
                self._move(replace(place, read=facts.added, added=facts.added))
                self._counted = True
            return None
        if order(facts.last) < order(place.id) or facts.added < place.read:
            return self._begun_anew(facts)
        judgement = judge(place, facts)
        if judgement.gap is None:
            self._move(replace(place, read=judgement.place.read, added=facts.added))
            return None
        self._move(replace(judgement.place, id=place.id))
        return Missed(judgement.gap, judgement.missing, place.id, facts.first)

    def _begun_anew(self, facts: Facts) -> Missed | None:
        """Another stream has the name, or the server has lost the newest entries of this one."""
        place = self.place
        known = place.read <= facts.added
        missing = facts.added - place.read if known else max(0, place.added - place.read)
        behind = order(facts.last) <= order(place.id)
        self._counted = behind
        self._move(replace(place, read=facts.added, added=facts.added))
        return None if known and not missing else Missed("replaced", missing, place.id, facts.first)

    def _move(self, place: Place) -> None:
        if not self._chunks:
            self.written = place
        self.place = place


def recover(root: Path, strand: Strand, stored: Place | None) -> tuple[Place | None, bool]:
    """Where a strand goes on: the stored place, or the end of its newest part if that was written after it; and
    whether its count of entries is exact. None: nothing was archived yet. Raises OSError."""
    parts = every_part(strand.folder(root))
    newest: Part | None = max(parts, key=lambda part: order(part.last), default=None)
    if newest is None or (stored is not None and order(newest.last) <= order(stored.id)):
        return stored, True
    facts: Mapping[str, str] = facts_of(newest.path)
    if "ioc.read" not in facts:
        return Place(newest.last), False
    return Place(newest.last, int(facts["ioc.read"]), int(facts["ioc.added"])), True
