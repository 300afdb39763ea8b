"""Tenures in the archive: which row of each entity stood from when until when, a file a day, so that any moment of a
layer of the map is one file.

    <root>/<world>/<started_ms>/tenures/<source>/<day>.then.parquet   by arrival, as the engine took the rows
    <root>/<world>/<started_ms>/tenures/<source>/<day>.now.parquet    by their own time
    <root>/<world>/<started_ms>/tenures/<source>/{then,now}.json      how far parts were taken in, what is to do

A file has the rows that stand at some instant of its local day; those that are on no layer when the day is over are not
carried on. Files are made from the parts; what parts hold beyond them is read with them. They outlive the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics.archive import Life, Part, day_end, day_of, every_part, in_force, shards
from metrics.archive_batch import batch_of, in_scale
from metrics.archive_cells import Known
from metrics.archive_evidence import Evidence
from metrics.archive_file import facts_of, write_bytes, write_slices
from metrics.archive_observations import Span, Wanted, rows, scales
from metrics.archive_taken import taken
from metrics.calendar import Calendar
from metrics.definition import Bundle
from metrics.layer_rows import shown
from metrics.stream import order
from metrics.tenure import FROM, UNTIL, tenured
from metrics.tenure_asked import SHOWN, Asked, asked_of, in_form
from metrics.tenured import Ends, Tenured, versions_of
from metrics.world import LIVE_WORLD

VERSION: Final = 1
TENURES: Final = "tenures"
DAY_MS: Final = 86_400_000
STEP_MS: Final = 600_000  # of arrivals between two turns of one source
DAYS_A_TURN: Final = 100  # of all sources, so that other chores do not wait for a history of months
REACH_MS: Final = 400 * DAY_MS  # what has stood for longer lies in the file of the oldest day
LAST_SEQ: Final = 2**63 - 1
EVER: Final = 2**62


def update(root: Path, life: Life, bundle: Bundle, most: int = DAYS_A_TURN) -> int:
    """Take in what was archived of all sources of a map since; returns how many days of a source were made."""
    made = 0
    for each in _every(root, life, bundle):
        made += len(each.update(most - made))
        if made >= most:
            break
    return made


def sweep(root: Path, life: Life, bundle: Bundle, now_ms: int, keep_ms: int) -> int:
    """Delete the files of days that are older; returns how many."""
    return sum(each.sweep(now_ms, keep_ms) for each in _every(root, life, bundle))


def _every(root: Path, life: Life, bundle: Bundle) -> Iterator[Tenures]:
    faces: Sequence[Known] = ("now", "then") if life.world == LIVE_WORLD.id else ("now",)
    for known in faces:
        for asked in asked_of(bundle.layers, bundle.sources):
            yield Tenures(
                root, life, asked, known, bundle.calendars, lambda since: Evidence(root, life, since_ms=since)
            )


class Tenures:
    """The tenures of one source of one life. Raises ArchiveNotWritten, OSError, pa.ArrowException."""

    def __init__(  # noqa: PLR0917 - where, of what, by what
        self, root: Path, life: Life, asked: Asked, known: Known, calendars: Mapping[str, Calendar],
        evidence: Callable[[int], Evidence],
    ) -> None:  # fmt: skip
        """`evidence`: what is said of rows that arrived at an instant or later."""
        self._root, self._life, self._asked, self._calendars = root, life, asked, calendars
        self._evidence = evidence
        self._folder = life.folder(root) / TENURES / quote(asked.source.id, safe="")
        # A world with a clock of its own was told everything at its own time.
        self._by_arrival = known == "then" and life.world == LIVE_WORLD.id
        self._known = "then" if self._by_arrival else "now"

    # ---- reading ----

    def day(self, day: str) -> Tenured:
        """Everything that stood at some instant of a day, as far as it is archived."""
        done, ends = self._done(), self._ends()
        made = self._made()
        file = max((each for each in made if each <= day), default=None)
        base, last = self._asked.schema.empty_table(), dict[int, str]()
        if file is not None:
            base, last = self._read(file)
            base = base if file == day else _carried(base, day_end(file))
        if not any(each <= day for each in done["days"]) and done["sign"] == self._asked.sign:
            last = {shard: max(last.get(shard, "0-0"), done["last"].get(shard, "0-0"), key=order) for shard in ends}
        news = self._raw(last, ends, -EVER, day_end(day))
        table = self._joined([base, news]) if news.num_rows else base
        return Tenured(self._asked, table, ends)

    def followed(self, held: Tenured, day: str) -> Tenured:
        """The same day with what was archived since."""
        ends = self._ends()
        if all(order(last) <= order(held.ends.get(shard, "0-0")) for shard, last in ends.items()):
            return held
        news = self._raw(held.ends, ends, -EVER, day_end(day))
        if not news.num_rows:
            return Tenured(self._asked, held.table, ends, held.fresh)
        return Tenured(
            self._asked, self._joined([held.table, news]), ends, held.fresh | set(news.column("k").to_pylist())
        )

    # ---- making ----

    def update(self, most: int = DAYS_A_TURN) -> list[str]:
        """Take in what was archived since the last turn, once there is enough; returns the days that were made."""
        done, ends = self._done(), self._ends()
        if done["sign"] != self._asked.sign:  # layers ask for other things now: made anew, as far as rows are there
            done = self._nothing()
        new = [
            (shard, part) for shard, part in self._parts() if order(part.last) > order(done["last"].get(shard, "0-0"))
        ]
        late = max((order(part.last)[0] - order(done["last"].get(shard, "0-0"))[0] for shard, part in new), default=0)
        if late < STEP_MS and not done["days"]:
            return []
        if late < STEP_MS:
            ends, new = {shard: done["last"].get(shard, "0-0") for shard in ends}, []
        waiting = set(done["days"])
        for shard, part in new:
            waiting |= self._days(part, done["last"].get(shard, "0-0"))
        if waiting:
            floor = day_of(day_end(max(waiting)) - REACH_MS)
            waiting = {max(each, floor) for each in waiting}
        oldest = min([*waiting, *self._made()], default="")
        made: list[str] = []
        while waiting and len(made) < most:
            day = min(waiting)
            waiting.remove(day)
            waiting |= self._make(day, ends, day == oldest)
            made.append(day)
        stored = {"v": VERSION, "sign": self._asked.sign, "days": sorted(waiting),
                  "last": {str(shard): last for shard, last in ends.items()}}  # fmt: skip
        write_bytes(self._position, json.dumps(stored).encode())
        return made

    def sweep(self, now_ms: int, keep_ms: int) -> int:
        """Delete the files of days that are older, but for the newest of all; returns how many."""
        old = [each for each in sorted(self._made())[:-1] if day_end(each) + keep_ms <= now_ms]
        for each in old:
            self._path(each).unlink()
        return len(old)

    def _make(self, day: str, ends: Ends, oldest: bool) -> set[str]:
        """Make a day; returns the next one that was made when it begins otherwise than it says."""
        begin, end = day_end(day) - DAY_MS, day_end(day)
        made = sorted(self._made())
        own, last = self._own(day) if day in made else (self._asked.schema.empty_table(), dict[int, str]())
        before = max((each for each in made if each < day), default=None)
        carried = _carried(self._read(before)[0], day_end(before)) if before else self._asked.schema.empty_table()
        went = _carried(own, end)
        news = self._raw(last, ends, -EVER if oldest else begin, end)
        mine = own if before is None else own.filter(pa.array(own.column(FROM).to_numpy() >= begin))
        table = self._joined([carried, mine, news])
        facts = {"ioc.tenures": str(VERSION), "ioc.sign": self._asked.sign, "ioc.last": json.dumps(dict(ends))}
        write_slices(self._path(day), self._asked.schema, [table.unify_dictionaries()], facts)
        after = min((each for each in made if each > day), default=None)
        return {after} if after is not None and _names(went) != _names(_carried(table, end)) else set()

    def _own(self, day: str) -> tuple[pa.Table, dict[int, str]]:
        """What a file holds. One that other layers asked for counts only where the rows of its day have gone."""
        table, last = self._read(day)
        if facts_of(self._path(day)).get("ioc.sign") == self._asked.sign:
            return table, last
        gone = max((taken(self._root, one).ms for one in self._shards()), default=-EVER)
        if gone < day_end(day) - DAY_MS:
            return self._asked.schema.empty_table(), {}
        return self._judged(table), last

    # ---- rows of parts ----

    def _raw(self, after: Ends, until: Ends, from_ms: int, until_ms: int) -> pa.Table:
        """Rows of entries `(after, until]` that count from an instant of [from, until), in the columns of a file."""
        spans: dict[int, Span] = {}
        for shard, last in until.items():
            first, until_id = after.get(shard, "0-0"), last
            if self._by_arrival:
                first = max(first, _before(from_ms), key=order)
                until_id = min(last, _before(until_ms), key=order)
            if order(first) < order(until_id):
                spans[shard] = first, until_id
        times = (-EVER, EVER) if self._by_arrival else (from_ms, until_ms)
        source = self._asked.source
        if not any(
            shard in spans and _within(part, spans[shard]) and part.meets(*times) for shard, part in self._parts()
        ):
            return self._asked.schema.empty_table()
        wanted = Wanted(self._life, source.id, *times, spans)
        table = in_scale(rows(self._root, wanted), source, scales(self._root, wanted))
        if self._by_arrival and source.kind == "records" and table.num_rows:
            since = min(order(first)[0] for first, _ in spans.values())
            time = self._evidence(since).dated(source.id, table)
            table = table.set_column(table.column_names.index("t"), "t", pa.array(time, pa.int64()))
        return self._judged(in_form(table, self._asked.schema))

    def _judged(self, table: pa.Table) -> pa.Table:
        """With which rows stand on a layer."""
        source = self._asked.source
        batch = batch_of(source, table, table.column("t").to_numpy())
        columns = versions_of(source, batch, np.arange(table.num_rows)).columns
        on = shown(self._asked.wheres, columns, table.num_rows, self._calendars)
        if source.deleted and source.deleted in columns:
            column = columns[source.deleted]
            on &= ~(column.values.astype(np.bool_) & column.known())
        return table.set_column(table.column_names.index(SHOWN), SHOWN, pa.array(on))

    def _joined(self, tables: Sequence[pa.Table]) -> pa.Table:
        table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        return tenured(table, table.column("_ms" if self._by_arrival else "t").to_numpy())

    def _days(self, part: Part, after: str) -> set[str]:
        """The days on which rows of a part behind an entry count."""
        table = pq.read_table(part.path, columns=["_ms", "_seq", "t"])
        ms, seq = table.column("_ms").to_numpy(), table.column("_seq").to_numpy()
        first_ms, first_seq = order(after)
        at = ms if self._by_arrival else table.column("t").to_numpy()
        at = np.clip(at[(ms > first_ms) | ((ms == first_ms) & (seq > first_seq))], 0, None)
        return {day_of(int(hour) * 3_600_000) for hour in np.unique(at // 3_600_000)}

    def _shards(self) -> list[Any]:
        return shards(self._root, self._life, self._asked.source.id)

    def _parts(self) -> list[tuple[int, Part]]:
        return [(one.shard, part) for one in self._shards() for part in in_force(every_part(one.folder(self._root)))]

    def _ends(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for shard, part in self._parts():
            found[shard] = max(found.get(shard, "0-0"), part.last, key=order)
        return found

    # ---- files ----

    def _made(self) -> list[str]:
        return [path.name[:10] for path in self._folder.glob(f"????-??-??.{self._known}.parquet")]

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}.{self._known}.parquet"

    @property
    def _position(self) -> Path:
        return self._folder / f"{self._known}.json"

    def _read(self, day: str) -> tuple[pa.Table, dict[int, str]]:
        table = pq.read_table(self._path(day), use_threads=False)
        facts = {name.decode(): text.decode() for name, text in (table.schema.metadata or {}).items()}
        last = {int(shard): str(entry) for shard, entry in json.loads(facts["ioc.last"]).items()}
        return in_form(table, self._asked.schema), last

    def _nothing(self) -> dict[str, Any]:
        return {"sign": self._asked.sign, "days": [], "last": {}}

    def _done(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            stored: dict[str, Any] = json.loads(self._position.read_bytes())
            if stored["v"] == VERSION:
                return {**stored, "last": {int(shard): last for shard, last in stored["last"].items()}}
        return self._nothing()


def _carried(table: pa.Table, end_ms: int) -> pa.Table:
    """The rows that still stand on a layer when a day is over."""
    goes_on = (table.column(UNTIL).to_numpy() > end_ms) & table.column(SHOWN).to_numpy().astype(np.bool_)
    return table.filter(pa.array(goes_on))


def _names(table: pa.Table) -> set[tuple[int, ...]]:
    """What tells rows apart: their places in their streams."""
    places = (table.column(name).to_numpy().tolist() for name in ("_shard", "_ms", "_seq", "_row"))
    return set(zip(*places, strict=True))


def _before(ms: int) -> str:
    """The last id that an entry could have before an instant."""
    return f"{ms - 1}-{LAST_SEQ}" if ms > 0 else "0-0"


def _within(part: Part, span: Span) -> bool:
    return order(part.last) > order(span[0]) and order(part.after) < order(span[1])
