"""The archiver: one loop that follows the streams of all worlds and puts every entry into a part, once."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from metrics import archive_alarms, archive_remarks, archive_rows, keys
from metrics import archive_ledger as ledger
from metrics.archive import STREAMS, Life, Strand
from metrics.archive_file import ArchiveNotWritten, remove_drafts
from metrics.archive_hold import HOLD_MS, MEMORY_SHARE, Registration
from metrics.archive_rows import Decoder, NotArchivable, Observations
from metrics.archive_tail import Tail, recover
from metrics.clock import monotonic_s, real_ms
from metrics.contract import Contract
from metrics.definition import Bundle
from metrics.field_type import UnsupportedField
from metrics.registrar import Registrar
from metrics.stream import AWAY, Place, Reader, connect, look
from metrics.value_form import UnknownValueVersion
from metrics.world import World

LOOK_S = 1.0  # how often registry, gaps and positions are looked at
CALM_S = 0.25  # after a small reply: nobody waits for the archive, larger replies cost the server less
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0  # between attempts while the server is away
NEVER = f"{2**63 - 1}-0"  # told as the position of a stream that is not archived: nothing waits for it
DISK_PAUSE_S = 1.0  # between attempts while the disk refuses
_DECODERS: Mapping[str, Decoder] = {
    "values": archive_rows.values,
    "completed": archive_rows.values,
    "dead": archive_rows.letters,
    "intake": archive_remarks.remarked,
    "alarms": archive_alarms.told,
}
_UNREADABLE = (NotArchivable, UnsupportedField, UnknownValueVersion, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Options:
    """`part_rows`, `part_s`: a part is written when it has so many rows or its first one is so old; the others are
    what a registration says (`metrics.archive_hold`)."""

    part_rows: int = 1_000_000
    part_s: float = 10.0
    hold_ms: int = HOLD_MS
    memory_share: float = MEMORY_SHARE


@dataclass(slots=True)
class Tally:
    """What the archiver has done since it was started."""

    entries: int = 0
    rows: int = 0
    parts: int = 0
    outages: int = 0
    refusals: int = 0  # times the disk refused a file
    missing: int = 0  # entries that went by unread


class Archiver:
    """Archives the worlds of the registry (or only those named) until stopped.

    A full disk stops the reading, so that memory stays as it is and the streams keep what is not written; a server
    that is away is waited for. Raises ArchiveInUse.
    """

    def __init__(
        self, url: str, root: Path, options: Options | None = None, worlds: Collection[str] | None = None
    ) -> None:
        self.root = root
        self._lock = ledger.lock(root)
        remove_drafts(root)
        self._client = connect(url)
        self._reader = Reader(self._client)
        self._registrar = Registrar(self._client, worlds, register=False)
        self._options = options or Options()
        self._only = worlds
        self._log = structlog.get_logger()
        self._kept: bytes | None = None  # the bundle that was kept last
        self._followed: dict[str, tuple[World, Bundle, tuple[str, ...]]] = {}  # world id -> and its stream keys
        self._places: dict[Life, dict[str, Place]] = {}  # as stored
        self.tails: dict[str, Tail] = {}  # stream key -> tail
        self.skipped: dict[str, str] = {}  # stream key -> why it cannot be archived
        self.tally = Tally()
        self.connected = False
        self.disk: str = ""  # why the disk refused; empty: it does not
        self._write_at: dict[str, float] = {}  # stream key -> when its pending rows are due
        self._look_at = self._read_at = 0.0

    @property
    def definitions(self) -> Bundle | None:
        """Those in force; None while none were read."""
        return self._registrar.bundle

    @property
    def ready(self) -> bool:
        """Whether the server answers, the disk takes parts and every stream can be archived."""
        return self.connected and not self.disk and not self.skipped

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; then write what is there and return."""
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                self._turn(stop)
                self.connected, pause = True, FIRST_PAUSE_S
            except ArchiveNotWritten as refusal:
                self._refused(refusal)
                stop.wait(DISK_PAUSE_S)
            except AWAY as error:
                self._outage(error)
                stop.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        try:
            self._write(list(self.tails))
            self._tell()
        except AWAY as error:
            self._log.warning("last_parts_not_written", error=str(error))
        self._reader.close()
        self._client.close()
        self._lock.close()

    def _turn(self, stop: threading.Event) -> None:
        """Look, write and read, each when it is due. What could not be written is written before anything is read."""
        now = monotonic_s()
        if now >= self._look_at:
            self._look()
            self._look_at = now + LOOK_S
        due = [
            key for key, at in self._write_at.items() if now >= at or self.tails[key].rows >= self._options.part_rows
        ]
        if sum(tail.rows for tail in self.tails.values()) >= 2 * self._options.part_rows:
            due = list(self._write_at)
        if due:
            self._write(due)
        wake = min([self._look_at, *self._write_at.values()])
        if not self._reader.asked and self.tails and now >= self._read_at:
            self._reader.ask({key: tail.place.id for key, tail in self.tails.items()})
        if self._reader.asked:
            self._take(max(0.0, wake - monotonic_s()))
        else:
            stop.wait(max(0.0, min(wake, self._read_at if self.tails else wake) - now))

    def _take(self, timeout_s: float) -> None:
        reply = self._reader.take(timeout_s)
        if reply is None:
            return
        for key, entries in reply:
            tail = self.tails[key]
            try:
                tail.receive(entries)
            except _UNREADABLE as error:
                self._skip(key, error)
                continue
            self.tally.entries += len(entries)
            self._write_at.setdefault(key, monotonic_s() + self._options.part_s)
        if not self._reader.full:
            self._read_at = monotonic_s() + CALM_S

    # ---- parts and positions ----

    def _write(self, due: Collection[str]) -> None:
        touched = set()
        for key in due:
            tail = self.tails[key]
            rows, parts = tail.rows, tail.parts
            tail.write()
            self._write_at.pop(key, None)
            self.tally.rows += rows
            self.tally.parts += tail.parts - parts
            touched.add(tail.strand.life)
        for life in touched:
            self._store(life)
        if self.disk:
            self.disk = ""
            self._log.info("disk_takes_parts_again")

    def _store(self, life: Life) -> None:
        places = self._places.setdefault(life, {})
        places |= {tail.strand.name: tail.written for tail in self.tails.values() if tail.strand.life == life}
        ledger.store_places(self.root, life, places)

    def _tell(self) -> None:
        """Say on the server how far the archive has come, so that streams are trimmed up to there."""
        places = {key: tail.written.id for key, tail in self.tails.items()} | dict.fromkeys(self.skipped, NEVER)
        options = self._options
        only = None if self._only is None else tuple(self._only)
        self._client.set(keys.ARCHIVE, Registration(real_ms(), options.hold_ms, options.memory_share, only).to_json())
        for world, (_, _, streams) in self._followed.items():
            told: dict[Any, Any] = {key: places[key] for key in streams if key in places}
            if told:
                self._client.hset(keys.archive(world), mapping=told)

    # ---- which streams there are ----

    def _look(self) -> None:
        """Follow what registry and definitions name, note what went by unread, tell how far the archive has come."""
        self._registrar.read()
        self._keep_bundle()
        bundle, worlds = self._registrar.bundle, self._registrar.worlds
        for name, (known, used, _) in list(self._followed.items()):
            world = worlds.get(name)
            if world != known or used is not bundle:
                self._leave(name)
        for name, world in worlds.items():
            if name not in self._followed and bundle is not None:
                self._follow(world, bundle)
        for key, facts in look(self._client, list(self.tails)).items():
            missed = self.tails[key].compare(facts)
            if missed is not None:
                self._note(self.tails[key].strand, missed)
        self._tell()

    def _note(self, strand: Strand, missed: ledger.Missed) -> None:
        self.tally.missing += missed.missing
        gap = ledger.note_gap(self.root, strand.life, strand.name, missed, real_ms())
        self._log.error("archive_gap", world=strand.life.world, **asdict(gap))

    def _keep_bundle(self) -> None:
        raw = self._registrar.raw_bundle
        if raw is not None and raw != self._kept:
            ledger.keep_bundle(self.root, raw)
            self._kept = raw

    def _follow(self, world: World, bundle: Bundle) -> None:
        """Begin with the streams of a world where the archive ends. A stream that was never archived begins with what
        it holds: nothing is missing that nobody was there to read."""
        life = Life(world.id, world.started_ms)
        wanted: dict[str, tuple[Strand, Decoder]] = {
            keys.engine(world.id, kind): (Strand(life, kind), _DECODERS[kind]) for kind in STREAMS
        }
        skipped: list[str] = []
        for name, source in bundle.for_world(world.variants).sources.items():
            if source.union_of or source.indicator_of:
                continue  # its rows are those of other sources, or published values: both are archived
            streams = [keys.observations(world.id, name, shard) for shard in range(source.shards)]
            try:
                admit = Observations(Contract.from_source(source), world.clock)
            except _UNREADABLE as error:
                skipped += streams
                for key in streams:
                    self._skip(key, error)
                continue
            wanted |= {key: (Strand(life, "observations", name, shard), admit) for shard, key in enumerate(streams)}
        stored = self._places[life] = ledger.places(self.root, life)
        self._reader.close()
        for (key, (strand, decoder)), facts in zip(
            wanted.items(), look(self._client, list(wanted)).values(), strict=True
        ):
            place, counted = recover(self.root, strand, stored.get(strand.name))
            if place is None:
                unread = facts.length if facts else 0
                added = facts.added if facts else 0
                place = Place("0-0", added - unread, added)
            self.tails[key] = Tail(self.root, strand, decoder, place, counted=counted)
            self.skipped.pop(key, None)
        self._followed[world.id] = world, bundle, (*wanted, *skipped)
        self._log.info("world_archived", world=world.id, streams=len(wanted))

    def _leave(self, world: str) -> None:
        """Write what is pending of a world and follow it no longer."""
        streams = self._followed[world][2]
        self._write([key for key in streams if key in self.tails])
        self._reader.close()
        for key in streams:
            self.tails.pop(key, None)
            self.skipped.pop(key, None)
        self._places = {life: places for life, places in self._places.items() if life.world != world}
        del self._followed[world]

    # ---- what goes wrong ----

    def _skip(self, key: str, error: Exception) -> None:
        """A stream that has no form in the archive must not end the others; readiness and heartbeat say so."""
        if key in self.tails:
            self._write([key])  # what is pending is sound
            del self.tails[key]
        self.skipped[key] = f"{type(error).__name__}: {error}"
        self._log.error("stream_not_archived", stream=key, error=self.skipped[key])

    def _refused(self, refusal: ArchiveNotWritten) -> None:
        known, self.disk = self.disk, str(refusal)
        if not known:
            self.tally.refusals += 1
            with suppress(OSError):  # the log may lie on the same disk
                self._log.error("archive_not_written", error=str(refusal))

    def _outage(self, error: Exception) -> None:
        if self.connected or not self.tally.outages:
            self.tally.outages += 1
            self._log.warning("server_away", error=str(error))
        self.connected = False
        self._look_at = 0.0
        self._reader.close()
