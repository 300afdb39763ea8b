"""Standings: what stood at every full hour, a file a day, so that any moment is one row group and the rows of an hour.

    <root>/<world>/<started_ms>/standing/<day>.then.parquet   what had been published by the hour, by the world's time,
                                                              and by each instant at which WORDS more had been
    <root>/<world>/<started_ms>/standing/<day>.now.parquet    the windows that end by the hour, as they were left
    <root>/<world>/<started_ms>/standing/<day>.left.parquet   the last word on each window that ends that day, by end
    <root>/<world>/<started_ms>/standing/<day>.lines.parquet  every word on windows of whole regions, not split: trends

They are made from the parts and from what was recomputed, and may be deleted: they are made again. A row group is an
hour, or what stood at one instant; `ioc.hours` of a file's description names them by their ends, `ioc.last` the newest
entry that they rest on. Known then nothing is put right later: of the hour that runs it is made when much was said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
import pyarrow.compute as pc  # type: ignore[import-untyped, unused-ignore]
import pyarrow.parquet as pq  # type: ignore[import-untyped, unused-ignore]

from metrics import archive_recomputed as recomputed
from metrics.archive import Kind, Life, Part, Strand, day_end, day_of, every_part, in_force
from metrics.archive_cells import SCHEMA, Known, joined, left, newest, read_span
from metrics.archive_file import facts_of, write_bytes, write_slices
from metrics.stream import order
from metrics.world import LIVE_WORLD

VERSION: Final = 1
STANDING: Final = "standing"
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
GRACE_MS: Final = 900_000  # an hour is looked at once its windows have mostly been completed; later ones are found too
SLACK_MS: Final = 600_000  # between the clock of who commits and the id that the server gives the entry
WORDS: Final = 150_000  # read behind a standing at most, some 0.1 s; but what is said at one instant is one
DAYS_A_TURN: Final = 12  # so that roll-ups do not wait for a history of months
REACH_DAYS: Final = 3  # a standing older than that says nothing: what was silent for so long has left
Face = Literal["then", "now", "left", "lines"]


@dataclass(frozen=True, slots=True)
class Hour:
    """A row group of a file: the hour that ends at `end`, or what stood then; `last`: what the file rests on."""

    path: Path
    group: int
    end: int
    last: str

    def read(self) -> pa.Table:
        """Its rows; columns as SCHEMA. Raises OSError, pa.ArrowException."""
        with pq.ParquetFile(self.path) as file:
            return file.read_row_group(self.group, columns=SCHEMA.names, use_threads=False).cast(SCHEMA)


def hours(root: Path, life: Life, day: str, face: Face) -> list[Hour]:
    """The hours of a file in order; none where it was not made."""
    path = _path(root, life, day, face)
    with suppress(FileNotFoundError):
        facts = facts_of(path)
        if facts.get("ioc.standing") == str(VERSION):
            ends: list[int] = json.loads(facts["ioc.hours"])
            return [Hour(path, group, end, facts["ioc.last"]) for group, end in enumerate(ends)]
    return []


def newest_hour(root: Path, life: Life, known: Known, at_ms: int) -> Hour | None:
    """The newest hour that ends at or before the instant and still says something of it."""
    for back in range(REACH_DAYS + 1):
        day = day_of(at_ms - 1 - back * DAY_MS)
        found = [hour for hour in hours(root, life, day, known) if hour.end <= at_ms]
        if found:
            return found[-1]
    return None


def told_between(life: Life, parts: Sequence[Part], after_ms: int, until_ms: int) -> list[Part]:
    """The parts that may hold what was published in (after, until] of the world's time."""
    if life.world != LIVE_WORLD.id:
        return list(parts)  # its clock is not the one by which entries are numbered
    return [
        part
        for part in parts
        if order(part.last)[0] > after_ms - SLACK_MS and order(part.after)[0] <= until_ms + SLACK_MS
    ]


def said_in(root: Path, life: Life, after_ms: int) -> Kind:
    """The strand that tells what was published since an instant: `values` with everything, or what is kept longer."""
    parts = every_part(Strand(life, "values").folder(root))
    whole = parts and (life.world != LIVE_WORLD.id or order(parts[0].after)[0] <= max(after_ms, _begun(root, life)))
    return "values" if whole else "completed"


class Standings:
    """Makes the standings of one life. Raises ArchiveNotWritten, OSError, pa.ArrowException; what was not finished is
    done the next time."""

    def __init__(self, root: Path, life: Life, whole: Collection[str]) -> None:
        """`whole`: the codes of regions that no other one holds; trends are drawn of them."""
        self._root, self._life = root, life
        self._whole = pa.array(sorted(whole), pa.string())
        self._folder = life.folder(root) / STANDING
        self._position = self._folder / "position.json"

    def update(self, most: int = DAYS_A_TURN) -> list[str]:
        """Make the files of days of which anything was archived, once an hour of them is over; returns the days."""
        done = self._done()
        told = {kind: in_force(every_part(self._strand(kind).folder(self._root))) for kind in ("values", "completed")}
        anew = self._recomputed(done["recomputed"])
        edge = max([_edge(told["values"] or told["completed"]), *(file.last_ms for file in anew)], default=-1)
        until = (edge - GRACE_MS) // HOUR_MS * HOUR_MS
        put_off = any(day_end(day) - DAY_MS < done["until"] for day in done["days"])
        much = self._said_since(told["values"] or told["completed"], order(done["spoken"])) >= WORDS
        if until <= done["until"] and not anew and not put_off and not much:
            return []
        days = set(done["days"])
        for kind, column in (("values", "world_now"), ("completed", "window_end")):
            days |= _days(told[kind], order(done[kind]), column)
        for file in anew:
            days |= _days_of(pq.read_table(file.path, columns=["window_end"]).column(0).to_numpy())
        days |= {day_of(day_end(day) + HOUR_MS) for day in days}  # what stands goes on
        reach = max(until, edge) if much else until
        known = sorted(day for day in days if day_end(day) - DAY_MS < reach)
        now, later = known[:most], known[most:] + sorted(day for day in days if day_end(day) - DAY_MS >= reach)
        for day in now:
            self._make(day, until, edge - 1, told)  # more may still be said at the edge itself
        spoken = told["values"] or told["completed"]
        position = {
            "v": VERSION, "spoken": spoken[-1].last if spoken else "0-0", "until": max(until, done["until"]),
            "days": later,
            "recomputed": max([done["recomputed"], *(file.at_ms for file in anew)]),
            **{kind: parts[-1].last if parts else done[kind] for kind, parts in told.items()},
        }  # fmt: skip
        write_bytes(self._position, json.dumps(position).encode())
        return now

    def sweep(self, now_ms: int, keep_ms: int) -> int:
        """Delete the files of days that are older; returns how many."""
        old = [
            path for path in self._folder.glob("????-??-??.*.parquet") if day_end(path.name[:10]) + keep_ms <= now_ms
        ]
        for path in old:
            path.unlink()
        return len(old)

    def _make(self, day: str, until: int, spoken: int, told: Mapping[str, Sequence[Part]]) -> None:
        """`until`: the end of the last hour that is over; `spoken`: up to when everything that was said is archived."""
        end = day_end(day)
        ends = list(range(end - DAY_MS + HOUR_MS, min(end, until) + 1, HOUR_MS))
        if ends:
            self._make_windows(day, ends, told)
        self._make_words(day, ends, min(end, max(spoken, *ends, 0)), told)

    def _make_windows(self, day: str, ends: Sequence[int], told: Mapping[str, Sequence[Part]]) -> None:
        """As they were left, by their ends."""
        begin = day_end(day) - DAY_MS
        windows = joined([read_span(part.path, "now", begin, ends[-1]) for part in told["completed"]
                          if part.meets(begin + 1, ends[-1] + 1)])  # fmt: skip
        filled = self._filled(begin, ends[-1])
        words = joined([windows, filled])
        windows = left(windows, filled)
        last = told["completed"][-1].last if told["completed"] else "0-0"
        self._write(day, "left", _by_hour(windows, ends), last)
        self._write(day, "lines", _by_hour(words.filter(self._of_whole(words)), ends), last)
        self._make_standing(day, "now", windows, ends, last)

    def _make_words(self, day: str, ends: Sequence[int], spoken: int, told: Mapping[str, Sequence[Part]]) -> None:
        """As they were said."""
        root, life, begin = self._root, self._life, day_end(day) - DAY_MS
        kind = said_in(root, life, begin)
        parts = told_between(life, told[kind], begin, spoken)
        words = joined([read_span(part.path, "then", begin, spoken) for part in parts])
        words = words.take(pa.array(np.argsort(words.column("said").to_numpy(), kind="stable")))
        instants = sorted({*ends, *words.column("said").to_numpy()[WORDS - 1 :: WORDS].tolist()})
        self._make_standing(day, "then", words, instants, told[kind][-1].last if told[kind] else "0-0")

    def _make_standing(self, day: str, known: Known, rows: pa.Table, ends: Sequence[int], last: str) -> None:
        base = newest_hour(self._root, self._life, known, day_end(day) - DAY_MS)
        stood = newest(joined([*([base.read()] if base else []), rows]), known, ends)
        self._write(day, known, zip(ends, stood, strict=True), last)

    def _said_since(self, parts: Sequence[Part], after: tuple[int, int]) -> int:
        """How many words are in parts that have more than what was looked at."""
        return sum(pq.read_metadata(part.path).num_rows for part in parts if order(part.last) > after)

    def _of_whole(self, table: pa.Table) -> pa.ChunkedArray:
        mine = pc.is_in(table.column("region").cast(pa.string()), value_set=self._whole)
        return pc.and_(mine, pc.equal(table.column("dims").cast(pa.string()), ""))

    def _write(self, day: str, face: Face, rows: Iterator[tuple[int, pa.Table]], last: str) -> None:
        kept = [(end, table) for end, table in rows if table.num_rows]
        facts = {"ioc.standing": str(VERSION), "ioc.hours": json.dumps([end for end, _ in kept]), "ioc.last": last}
        slices = [table.unify_dictionaries() for _, table in kept]
        write_slices(_path(self._root, self._life, day, face), SCHEMA, slices, facts, row_group=None)

    def _filled(self, after_ms: int, until_ms: int) -> pa.Table:
        """What was recomputed of windows that end in (after, until]. It says nothing of its origin: the least real."""
        tables = []
        for name in {(file.indicator, file.version) for file in self._recomputed(-1)}:
            found = recomputed.read(self._root, self._life, name, after_ms, until_ms)
            if found.num_rows:
                tables.append(_as_cells(found))
        return joined(tables)

    def _recomputed(self, after_ms: int) -> list[_File]:
        """The files of runs that began after an instant."""
        found = []
        for path in (self._life.folder(self._root) / recomputed.RECOMPUTED).glob("*/*/*.parquet"):
            words = path.stem.split("_")
            if len(words) == 3 and int(words[0]) > after_ms:
                name = unquote(path.parent.parent.name), int(path.parent.name)
                found.append(_File(path, *name, int(words[0]), int(words[2])))
        return found

    def _strand(self, kind: str) -> Strand:
        return Strand(self._life, "values" if kind == "values" else "completed")

    def _done(self) -> dict[str, Any]:
        nothing = {"until": -1, "days": [], "recomputed": -1, "values": "0-0", "completed": "0-0",
                   "spoken": "0-0"}  # fmt: skip
        try:
            stored = json.loads(self._position.read_bytes())
        except FileNotFoundError:
            return nothing
        return nothing | stored if stored["v"] == VERSION else nothing


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    indicator: str
    version: int
    at_ms: int
    last_ms: int


def _path(root: Path, life: Life, day: str, face: Face) -> Path:
    return life.folder(root) / STANDING / f"{day}.{face}.parquet"


def _begun(root: Path, life: Life) -> int:
    """When the archive of a life began to be told what was published."""
    parts = every_part(Strand(life, "completed").folder(root))
    return order(parts[0].after)[0] if parts else 0


def _edge(parts: Sequence[Part]) -> int:
    """Up to when, by the world's time, the newest part speaks."""
    if not parts:
        return -1
    with pq.ParquetFile(parts[-1].path) as file:
        if not file.metadata.num_rows:
            return -1
        said = file.read_row_group(file.metadata.num_row_groups - 1, columns=["world_now"]).column(0).to_numpy()
        return int(said[-1])


def _days(parts: Sequence[Part], after: tuple[int, int], column: str) -> set[str]:
    new = [part for part in parts if order(part.last) > after]
    return set().union(*(_days_of(pq.read_table(part.path, columns=[column]).column(0).to_numpy()) for part in new))


def _days_of(at: Any) -> set[str]:
    return {day_of(int(hour) * HOUR_MS) for hour in np.unique((at - 1) // HOUR_MS)}


def _by_hour(table: pa.Table, ends: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
    """The windows that end in each hour."""
    order_of = np.argsort(table.column("window_end").to_numpy(), kind="stable")
    rows = table.take(pa.array(order_of))
    places = np.searchsorted(rows.column("window_end").to_numpy(), ends, side="right").tolist()
    for end, first, place in zip(ends, [0, *places[:-1]], places, strict=True):
        yield end, rows.slice(first, place - first)


def _as_cells(table: pa.Table) -> pa.Table:
    """Recomputed values in the columns of SCHEMA."""
    count = table.num_rows
    made: Mapping[str, Callable[[], Any]] = {
        "window_start": lambda: table.column("window_start").fill_null(-(2**62)),
        "revision": lambda: pa.array(np.zeros(count, np.int32)),
        "level": lambda: pa.nulls(count, pa.string()),
        "same_time_1d": lambda: pa.nulls(count, pa.float64()),
        "origin": lambda: pa.array(["simulated"] * count, pa.string()),
        "said": lambda: table.column("recomputed_at"),
    }
    columns = []
    for spec in SCHEMA:
        column = made[spec.name]() if spec.name in made else table.column(spec.name)
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        columns.append(whole.dictionary_encode() if pa.types.is_dictionary(spec.type) else whole.cast(spec.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)
