"""Replenishing: what definitions ask for that came before them is read from the archive and put into the state.

A thread reads, slice by slice; the loop that serves the world takes a slice at a time between two commits, so that
running indicators wait for nobody. Only rows that the checkpoint's positions count are read; the rest comes by itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from metrics import keys
from metrics.archive import Life
from metrics.archive_evidence import Evidence
from metrics.archive_published import Published
from metrics.archive_reach import NotInReach, reach_ms, slices
from metrics.archive_unwritten import Streams
from metrics.engine import State
from metrics.filling import Filling
from metrics.lacking import Lack, lacking
from metrics.observation import Batch
from metrics.plan import Plan
from metrics.recollection import Recollection, forgotten, recollect
from metrics.source import Source
from metrics.stream import look
from metrics.watermark import BEGINNING
from metrics.world import World

PATIENCE_S = 60.0  # how long an archive that lags may take to catch up
RETRY_S = 1.0
ROWS_AT_ONCE = 250_000  # put into the state between two commits: some 30 ms
_AHEAD = 2  # slices that wait in memory

Positions = Mapping[str, Mapping[int, str]]  # source -> shard -> id of the last entry that counted


@dataclass(frozen=True, slots=True)
class _Rows:
    lack: int  # its place
    part: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class _Past:
    """Published values."""

    lack: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _End:
    """`reach_ms`: from when on everything was read; None: nothing, and why."""

    lack: int
    reach_ms: int | None
    why: str = ""


@dataclass(slots=True)
class Fact:
    """What is known of one lack, for people: rows of a source, or earlier values (`indicator:ID`). `state`: waiting,
    reading, filled, short (the archive does not reach far enough back) or lacking (it cannot be read: `why`)."""

    source: str
    asked_by: list[str]
    from_ms: int | None
    until_ms: int
    state: str = "waiting"
    reach_ms: int | None = None
    rows: int = 0
    why: str = ""


class Replenishing:
    """Of one life of one world. `connect` gives a client of its own to the thread."""

    def __init__(self, root: Path, world: World, connect: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        self._root, self._world, self._connect, self._patience_s = root, world, connect, patience_s
        self._log = structlog.get_logger()
        self._fillings: list[Filling] = []
        self._forgotten: list[Recollection] = []  # their places are behind those of the fillings
        self._open: set[int] = set()
        self._asked: tuple[Plan, Positions] | None = None  # what the thread is to be begun with
        self._queue: queue.Queue[_Rows | _Past | _End] = queue.Queue(_AHEAD)
        self._stop = threading.Event()
        self.facts: list[Fact] = []

    def begin(self, state: State, plan: Plan, positions: Positions) -> None:
        """Find out what the state lacks that was read up to `positions`; what was under way is given up."""
        self.close()
        publications = [*state.publications, *(feed.publication for feed in state.derived)]
        lacks = lacking(publications, state.intakes)
        self._fillings = [Filling(lack, state.intakes[lack.source]) for lack in lacks]
        self._forgotten = forgotten(state.publications, state.intakes)
        self._open = set(range(len(lacks) + len(self._forgotten)))
        self.facts = [
            Fact(one.source, list(one.asked_by), one.from_ms if one.from_ms > BEGINNING else None, one.until_ms)
            for one in lacks
        ]
        self.facts += [
            Fact(one.source, [f"{one.indicator}@{one.version}"], one.after_ms, one.until_ms) for one in self._forgotten
        ]
        self._asked = (plan, positions) if self._open else None

    def committed(self) -> None:
        """What was remarked of the rows up to the positions has been written: the thread may read."""
        if self._asked is None:
            return
        (plan, positions), self._asked = self._asked, None
        self._queue, self._stop = queue.Queue(_AHEAD), threading.Event()
        lacks = [filling.lack for filling in self._fillings]
        reader = _Reader(self._root, self._world, self._connect, self._queue, self._stop, self._patience_s)
        threading.Thread(
            target=reader.run, args=(lacks, self._forgotten, plan, positions), name="replenishing", daemon=True
        ).start()

    def work(self, state: State) -> bool:
        """Put what was read into the state; whether something changed."""
        taken = 0
        while self._open and self._asked is None and taken < ROWS_AT_ONCE:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            taken += 1
            fact = self.facts[one.lack]
            if isinstance(one, _Past):
                past = self._forgotten[one.lack - len(self._fillings)]
                recollect(past, one.rows, state.publications)
                fact.state, fact.rows = "filled", len(one.rows)
                self._open.discard(one.lack)
                self._log.info("values_recollected", world=self._world.id, indicator=past.indicator, rows=fact.rows)
                continue
            if one.lack >= len(self._fillings):
                assert isinstance(one, _End)  # noqa: S101  # rows are of sources
                fact.state, fact.why = "lacking", one.why
                self._open.discard(one.lack)
                continue
            filling = self._fillings[one.lack]
            if isinstance(one, _Rows):
                union = state.intakes[one.part] if one.part != fact.source else None
                filling.put(one.batch, union)
                fact.state, fact.rows = "reading", filling.rows
                taken += one.batch.rows
                continue
            self._open.discard(one.lack)
            self._close(filling, fact, one, state)
        return bool(taken)

    def close(self) -> None:
        """Give up what is under way."""
        self._stop.set()
        self._open, self._asked = set(), None

    def _close(self, filling: Filling, fact: Fact, end: _End, state: State) -> None:
        told = {"world": self._world.id, "source": fact.source, "asked_by": fact.asked_by, "rows": fact.rows}
        if end.reach_ms is None:
            fact.state, fact.why = "lacking", end.why
            self._log.warning("definitions_not_filled", **told, why=end.why)
            return
        publications = [*state.publications, *(feed.publication for feed in state.derived)]
        filling.finish(end.reach_ms, publications)
        fact.state = "filled" if end.reach_ms <= filling.lack.from_ms else "short"
        fact.reach_ms = end.reach_ms if end.reach_ms > BEGINNING else None
        self._log.info("definitions_filled", **told, state=fact.state, reach_ms=fact.reach_ms)


class _Reader:
    """What the thread does."""

    def __init__(  # noqa: PLR0917
        self, root: Path, world: World, connect: Callable[[], Any], out: queue.Queue[Any],
        stop: threading.Event, patience_s: float,
    ) -> None:  # fmt: skip
        self._root, self._world, self._connect = root, world, connect
        self._life = Life(world.id, world.started_ms)
        self._queue, self._stop, self._patience_s = out, stop, patience_s

    def run(self, lacks: Sequence[Lack], past: Sequence[Recollection], plan: Plan, positions: Positions) -> None:
        """Read for each lack, in turn, then what was published. What goes wrong with one is said of it."""
        for place, lack in enumerate(lacks):
            waited = 0.0
            while not self._stop.is_set():
                try:
                    self._read(place, lack, plan, positions)
                    break
                except NotInReach as short:
                    waited += RETRY_S
                    if waited > self._patience_s:
                        self._put(_End(place, None, str(short)))
                        break
                    self._stop.wait(RETRY_S)
                except Exception as error:  # a damaged file, a server that went away: the windows stay without data
                    self._put(_End(place, None, f"{type(error).__name__}: {error}"))
                    break

        for place, one in enumerate(past, len(lacks)):
            if self._stop.is_set():
                return
            try:
                self._recall(place, one)
            except Exception as error:  # as above
                self._put(_End(place, None, f"{type(error).__name__}: {error}"))

    def _recall(self, place: int, one: Recollection) -> None:
        client = self._connect()
        published = Published(self._root, self._life, Streams(client, self._root, self._world))
        try:
            self._put(_Past(place, published.complete(one.indicator, one.after_ms, one.until_ms).to_pylist()))
        finally:
            published.close()
            client.close()

    def _read(self, place: int, lack: Lack, plan: Plan, positions: Positions) -> None:
        source = plan.sources[lack.source].source
        client = self._connect()
        try:
            parts = [plan.sources[name].source for name in source.union_of] or [source]
            reach = max(self._reach(client, part, positions.get(part.id, {})) for part in parts)
            if reach >= lack.until_ms:
                self._put(_End(place, None, "the archive begins too late"))
                return
            evidence = Evidence(self._root, self._life, Streams(client, self._root, self._world))
            for part in parts:
                mine = {str(shard): last for shard, last in positions.get(part.id, {}).items()}
                low = max(lack.from_ms, reach)
                for first, behind in slices(self._root, self._life, part.id, low, lack.until_ms):
                    batch = evidence.counted(part, mine, first, behind).batch
                    if batch.rows and not self._put(_Rows(place, part.id, batch)):
                        return
            self._put(_End(place, reach))
        finally:
            client.close()

    def _reach(self, client: Any, source: Source, positions: Mapping[int, str]) -> int:
        streams = {shard: keys.observations(self._world.id, source.id, shard) for shard in positions}
        found = look(client, list(streams.values()))
        facts = {shard: known for shard, key in streams.items() if (known := found[key]) is not None}
        return reach_ms(self._root, self._life, source.id, positions, facts)

    def _put(self, one: _Rows | _Past | _End) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(one, timeout=RETRY_S)
            except queue.Full:
                continue
            return True
        return False
