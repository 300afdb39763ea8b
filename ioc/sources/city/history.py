"""History: weeks of the city before its stream begins, written straight into the archive of the world `live`.

All records and events come in full; readings are thinned to the periods declared here. A row arrives now, at the time
of writing, whatever its own time: so it is kept as long as any other observation, and the stream goes on behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ioc.sources.city.city import City
from ioc.sources.city.model import Model
from ioc.sources.city.rhythm import DAY_MS, HOUR_MS, MINUTE_MS
from ioc.sources.rows import Rows
from metrics import archive_ledger as ledger
from metrics.archive import Life, Strand, every_part
from metrics.archive_rows import Observations
from metrics.archive_tail import Tail
from metrics.contract import Contract
from metrics.definition import Bundle
from metrics.source import Source
from metrics.stream import Place
from metrics.world import LIVE_WORLD

# Of sources whose readings say how things stand. Those that say how much came since the last one (rain, crowds) stay
# whole: a thinned sum would be another one. 90 days of all sources are about 43 million rows.
THINNED: Mapping[str, int] = {
    "iot": 12 * HOUR_MS, "video": 12 * HOUR_MS, "track": 12 * HOUR_MS, "utilities": HOUR_MS, "parking": 15 * MINUTE_MS,
    "water": 15 * MINUTE_MS, "traffic": 5 * MINUTE_MS,
}  # fmt: skip
LIVE = Life(LIVE_WORLD.id, LIVE_WORLD.started_ms)
ENTRY_ROWS = 8_192  # of one packed entry, as a feed's: the widest records stay below the limit of a payload
OPENED_MS = 31 * DAY_MS  # before its begin: of so long the opening has every record
PART_ROWS = 1_000_000  # as the archiver's


class NotEmpty(ValueError):
    """The archive holds observations of a source already; a history comes before all of them."""


class NotTaken(ValueError):
    """The contract of a source does not take rows of the city: the definitions and the city do not fit."""

    def __init__(self, source: str, rows: int) -> None:
        super().__init__(f"{source}: {rows} rows break the contract")


@dataclass(frozen=True, slots=True)
class Written:
    """What a source's history came to."""

    source: str
    rows: int


def write(
    root: Path,
    city: City,
    bundle: Bundle,
    span: tuple[int, int],
    *,
    at_ms: int,
    told: Callable[[Written], object] = lambda _: None,
) -> int:
    """Write every source of the city over (from, until], as if it arrived at `at_ms`; how many rows. `city` was made
    with the intervals THINNED. Raises NotEmpty, NotTaken, ArchiveInUse,
    ArchiveNotWritten."""
    sources = {name: bundle.for_world({}).sources[name] for name in city.models}
    with ledger.lock(root):
        for name in sources:
            if every_part(Strand(LIVE, "observations", name).folder(root)):
                raise NotEmpty(name)
        stored = dict(ledger.places(root, LIVE))
        total = 0
        for name, model in city.models.items():
            admit = Observations(Contract.from_source(sources[name]))
            tail = Tail(root, Strand(LIVE, "observations", name), admit, Place("0-0"))
            try:
                rows = _fill(tail, model, span, at_ms)
            finally:  # also of what was broken off
                if tail.parts:
                    # of the stream, which is yet to begin, nothing has been read
                    stored[tail.strand.name] = Place(tail.written.id, 0, 0)
                    ledger.store_places(root, LIVE, stored)
            told(Written(name, rows))
            total += rows
    return total


def positions(root: Path, sources: Iterable[str]) -> dict[str, dict[str, str]]:
    """How far the archive holds each source: shard -> id of the last entry."""
    stored = ledger.places(root, LIVE)
    named = {name: stored.get(Strand(LIVE, "observations", name).name) for name in sources}
    return {name: {"0": place.id} for name, place in named.items() if place is not None}


def beginning(bundle: Bundle, begin_ms: int) -> Bundle:
    """The definitions for a history: what lies before it is unknown, not nothing. Readings begin with it, records
    with those of the weeks that its opening tells of; but windows of a year begin with what is known of it. A source
    whose readings were thinned is not stale between two of them."""
    years = {
        measure.source
        for one in bundle.indicators
        for measure in one.measures
        if measure.window_of(one).kind == "year_to_date"
    }

    def begun(name: str, source: Source) -> Source:
        since = source.since_ms if name in years else begin_ms - (OPENED_MS if source.kind == "records" else 0)
        stale = source.stale_after_ms
        stale = stale if stale is None or name not in THINNED else max(stale, 2 * THINNED[name])
        return replace(source, since_ms=since, stale_after_ms=stale)

    return replace(bundle, sources={name: begun(name, source) for name, source in bundle.sources.items()})


def _fill(tail: Tail, model: Model, span: tuple[int, int], at_ms: int) -> int:
    """All rows into the first shard: by which shard a row came makes no difference to who reads the archive."""
    entries = total = 0
    for rows in _all(model, span):
        for chunk in rows.chunks(ENTRY_ROWS):
            entries += 1
            before = tail.rows
            tail.receive([[f"{at_ms}-{entries}".encode(), [b"p", chunk.payload()]]])
            if tail.rows - before != len(chunk):
                raise NotTaken(tail.strand.source, len(chunk) - tail.rows + before)
            total += len(chunk)
        if tail.rows >= PART_ROWS:
            tail.write()
    tail.write()
    return total


def _all(model: Model, span: tuple[int, int]) -> Iterator[Rows]:
    """What stands at the beginning, then a day at a time."""
    first, last = span
    standing = model.opening(first)
    if standing is not None:
        yield standing
    while first < last:
        until = min(last, first + DAY_MS)
        rows = model.rows(first, until)
        if rows is not None:
            yield rows
        first = until
