"""The serving of one world: its streams through its contracts into the engine, and the engine's answers to a commit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import redis

from metrics import engine, keys
from metrics.archive_hold import Hold
from metrics.basis import Basis
from metrics.checkpoint import Checkpoint, Content, Prepared
from metrics.clock import monotonic_s
from metrics.codec import decode
from metrics.compiler import compile
from metrics.contract import Admission, Contract
from metrics.definition import Bundle
from metrics.entered import Entered, read_entries
from metrics.explain import explain
from metrics.feed import Feed
from metrics.history import History
from metrics.outbox import Outbox
from metrics.progress import Progress, progress
from metrics.raw import RawRows
from metrics.remark import Finding, refused, remark
from metrics.replenishing import Replenishing
from metrics.stream import Place, judge, look, order, trim
from metrics.version import VERSION
from metrics.whereabouts import Whereabouts
from metrics.world import World

CATCH_UP_S = 0.25  # windows that are left over for so long wait for the next commit, so that reading goes on
IDLE_COMMIT_MS = 1_000  # feeds are written and the lease is renewed at least this often
CATCHING_UP, FRESH_MS = "catching up", 4_000  # what a feed says of itself, and how old its word may be
_ORIGINS = frozenset(("real", "recorded", "simulated"))

Entries = list[Any]


class Serving:
    """One world in the hands of this engine.

    All methods that reach the server raise redis.RedisError; `begin` and `commit` also what `Checkpoint` raises.
    `monotonic` tells the seconds of a clock that never steps.
    """

    def __init__(
        self,
        client: redis.Redis,
        world: World,
        bundle: Bundle,
        monotonic: Callable[[], float] = monotonic_s,
        replenishing: Replenishing | None = None,
    ) -> None:
        self._client = client
        self.replenishing = replenishing
        self._monotonic = monotonic
        self.world = world
        self.checkpoint = Checkpoint(client, world.id)
        self.places: dict[str, Place] = {}
        self.feeds: dict[str, Feed] = {}
        self.lags: dict[str, int] = {}
        self.commits = 0
        self.values = 0
        self._history = History()
        self._outbox = Outbox()
        self.hold = Hold(client, world.id)
        self._whereabouts = Whereabouts(client, world.id)
        self._waiting: dict[str, Entries] = {}
        self._heads: dict[str, str] = {}  # the newest entry each stream was seen to hold
        self._unread: Collection[str] = ()
        self._prepared: Prepared | None = None
        self._left: dict[str, Place] = {}  # places left because of a gap that no commit has told of yet
        self._news = False
        self._committed_ms = 0
        self._advanced_ms = 0
        self._origins: dict[str, str] = {}
        self._catching_up: frozenset[str] = frozenset()
        self._entries: dict[bytes, bytes] = {}
        self._entered = Entered()
        self._use(bundle)
        self._state = engine.initial(self._plan)

    # ---- beginning, and going over to other definitions ----

    def begin(self, real_ms: int, lost: Mapping[str, Place] | None = None) -> list[str]:
        """Take the world over and go on from its checkpoint; returns what was damaged in it.

        `lost`: the places up to which entries had been read by a life whose last commits the server no longer has.
        """
        self.checkpoint.take_over()
        loaded = self.checkpoint.load(self.world.started_ms)
        damaged = list(self.checkpoint.damaged)
        if loaded is not None:
            try:
                self._state = engine.restore(self._plan, loaded.fields)
            except engine.DamagedState as damage:
                damaged.append(str(damage))
                self.checkpoint.rewrite()
            self.places |= {key: place for key, place in loaded.places.items() if key in self.places}
            stored = loaded.edge["feeds"]
            self.feeds |= {source: Feed.of(stored[source]) for source in self.feeds.keys() & stored.keys()}
            if loaded.edge["bundle"] != self._plan.hash:
                self.checkpoint.rewrite()
            self._replenish()
        if damaged and loaded is None:
            for feed in self.feeds.values():
                feed.missed(real_ms, "checkpoint", 0, 0)
        self._history.reload(self._client, self.world.id)
        for key, place in (lost or {}).items():
            self._note_lost(key, place, real_ms)
        self.refresh(real_ms)
        return damaged

    def use(self, bundle: Bundle, real_ms: int) -> None:
        """Go over to other definitions; the state of what did not change is kept. What has been received counts by the
        definitions under which it came."""
        self.absorb(real_ms)
        fields = self._state.snapshot()
        self._use(bundle)
        self._state = engine.restore(self._plan, fields)
        self.checkpoint.rewrite()
        self._replenish()
        self._news = True

    def _replenish(self) -> None:
        """What the definitions ask for and the state does not hold comes from the archive, up to where we have read."""
        if self.replenishing is not None:
            positions: dict[str, dict[int, str]] = {}
            for key, (source, shard) in self._streams.items():
                positions.setdefault(source, {})[shard] = self.places[key].id
            self.replenishing.begin(self._state, self._plan, positions)

    def _use(self, bundle: Bundle) -> None:
        chosen = bundle.for_world(self.world.variants)
        self._plan = compile(chosen)
        self._whereabouts.use(chosen.layers, chosen.calendars, self.world.started_ms)
        # Unions and values of indicators have no stream of their own.
        fed = {name: one for name, one in chosen.sources.items() if not (one.union_of or one.indicator_of)}
        self._contracts = {name: Contract.from_source(source) for name, source in fed.items()}
        self._streams = {
            keys.observations(self.world.id, name, shard): (name, shard)
            for name, source in fed.items()
            for shard in range(source.shards)
        }
        self.places = {key: self.places.get(key, Place()) for key in self._streams}
        self.lags = {key: self.lags.get(key, 0) for key in self._streams}
        self.feeds = {name: self.feeds.get(name, Feed()) for name in fed}

    def _note_lost(self, key: str, place: Place, real_ms: int) -> None:
        if key not in self._streams:
            return
        source, shard = self._streams[key]
        facts = look(self._client, [key])[key]
        gone = place.read - (facts.added if facts else 0)
        if gone > 0:
            self.feeds[source].missed(real_ms, "lost", gone, shard)

    def progress(self, real_ms: int) -> Progress:
        """How far it is; `restoring` until the first commit of this life."""
        lags: Counter[str] = Counter()
        for key, (source, _) in self._streams.items():
            lags[source] += self.lags.get(key, 0)
        now_ms, since_ms = self.world.clock.now_ms(real_ms), min(real_ms, self._advanced_ms or real_ms)
        speed = self.world.clock.speed
        said, committed = self._catching_up, self.commits > 0
        return progress(self.feeds, lags, now_ms, since_ms, speed=speed, said=said, committed=committed)

    def explained(self) -> dict[str, Any]:
        """The plan of this world with what it holds and costs. Raises RuntimeError while the state is being changed."""
        filling = [] if self.replenishing is None else [asdict(fact) for fact in self.replenishing.facts]
        return explain(self._plan, self._state) | {"world": self.world.id, "filling": filling}

    def codes(self) -> dict[str, tuple[int, int]]:
        """Codes of entities, keys, texts, identities and groups: how many are held, and how many were given up."""
        found: dict[str, tuple[int, int]] = {}
        for name, count in self._state.expiry.held().items():
            kind = name.partition("/")[0]
            held, given_up = found.get(kind, (0, 0))
            found[kind] = held + count, given_up + self._state.expiry.given_up[name]
        return found

    # ---- observations in ----

    def refresh(self, real_ms: int) -> bool:
        """Look at the streams and origins: lag, entries that went by unread, who is recorded or simulated.

        True if a stream must be read from another place than the one an earlier request named.
        """
        moved = False
        raw: Any = self._client.hgetall(keys.origins(self.world.id))
        told = {source.decode(): origin.decode("utf-8", "replace") for source, origin in raw.items()}
        self._origins = {source: origin for source, origin in told.items() if origin in _ORIGINS}
        entries: Any = self._client.hgetall(keys.entered(self.world.id))
        if entries != self._entries:
            self._entries, self._entered, self._news = entries, Entered(read_entries(entries.values())), True
        self._catching_up = self._said_to_catch_up(real_ms)
        for key, facts in look(self._client, list(self._streams)).items():
            judgement = judge(self.places[key], facts)
            if judgement.gap is not None:
                source, shard = self._streams[key]
                self._left.setdefault(key, self.places[key])
                self.feeds[source].missed(real_ms, judgement.gap, judgement.missing, shard)
                self._news = moved = True
            self.places[key], self.lags[key] = judgement.place, judgement.lag
            self._heads[key] = facts.last if facts else "0-0"
        return moved

    def _said_to_catch_up(self, real_ms: int) -> frozenset[str]:
        """Sources whose feed lives and says that it still sends the past, also before its first row."""
        names = list(self.feeds)
        if not names:
            return frozenset()
        told: Any = self._client.hmget(keys.HEARTBEATS, [f"feed:{self.world.id}:{name}" for name in names])
        return frozenset(name for name, text in zip(names, told, strict=True) if text and _sends_past(text, real_ms))

    @property
    def reached(self) -> dict[str, Place]:
        """How far each stream was read, whatever became of it since the last commit."""
        return self.places | self._left

    def receive(self, key: str, entries: Entries) -> None:
        """Entries of one of the world's streams, in order, right behind the last ones."""
        place = self.places[key]
        read = place.read + len(entries)
        self.places[key] = Place(entries[-1][0].decode(), read, max(read, place.added))
        self._waiting.setdefault(key, []).extend(entries)

    def unread(self, streams: Collection[str]) -> None:
        """The streams that had more to give than the last reply could carry."""
        self._unread = streams

    @property
    def waiting(self) -> int:
        """Entries received and not yet given to the engine."""
        return sum(map(len, self._waiting.values()))

    @property
    def behind(self) -> frozenset[str]:
        """Sources of which there is more to come than was read: entries that are known to wait, or a feed that says
        it still sends the past. Their silence about the time up to the clock says nothing."""
        waiting = {
            source
            for key, (source, _) in self._streams.items()
            if key in self._unread or order(self.places[key].id) < order(self._heads.get(key, "0-0"))
        }
        return frozenset(waiting | self._catching_up)

    @property
    def heard(self) -> frozenset[str]:
        """Sources that somebody feeds: a feed has said how real it is, or an entry has come, whatever was in it."""
        empty = {"0-0"}
        spoken = {
            source
            for key, (source, _) in self._streams.items()
            if {self.places[key].id, self._heads.get(key, "0-0")} != empty
        }
        return frozenset(spoken | self._origins.keys())

    def absorb(self, real_ms: int) -> None:
        """Give the engine everything received; it says nothing yet."""
        now_ms = self.world.clock.now_ms(real_ms)
        for key, entries in self._waiting.items():
            source, shard = self._streams[key]
            admitted = list(self._admit(key, entries, now_ms, real_ms))
            found = engine.absorb(self._state, [one.batch for _, one in admitted if one.batch is not None], now_ms)
            self._remark(source, shard, admitted, found, now_ms)
            for _, one in admitted:
                if one.batch is not None:
                    self._whereabouts.note(one.batch)
        self._news = self._news or bool(self._waiting)
        self._waiting = {}

    def advance(self, real_ms: int) -> None:
        """Give the engine everything received, and the time; keep what it says for the next commit."""
        self.absorb(real_ms)
        if self.replenishing is not None:
            self._news |= self.replenishing.work(self._state)
        now_ms, behind, heard = self.world.clock.now_ms(real_ms), self.behind, self.heard
        self._advanced_ms = real_ms
        until, more = self._monotonic() + CATCH_UP_S, True
        while more and self._monotonic() < until:
            said = engine.step(
                self._state, (), now_ms, self._history, origins=self._origins, behind=behind, heard=heard,
                world=self.world.id, entered=self._entered, stopwatch=self._monotonic,
            )  # fmt: skip
            self._outbox.add(said.said)
            self._outbox.forget(said.gone)
            self._outbox.tell(said.alarms)
            self._outbox.foresee(said.forecasts, said.outlooks)
            self._history.add(said.complete)
            more = said.more

    def _admit(self, key: str, entries: Entries, now_ms: int, real_ms: int) -> Iterable[tuple[RawRows, Admission]]:
        source, shard = self._streams[key]
        feed, contract = self.feeds[source], self._contracts[source]
        decoded = decode(entries, contract.wanted)
        self._outbox.reject(source, shard, decoded.rejects)
        feed.rejected.update(reject.rule for reject in decoded.rejects)
        feed.heard(len(decoded.rejects), None, real_ms)
        for run in decoded.runs:
            admission = contract.admit(run, now_ms, real_ms)
            feed.rejected.update(admission.rejected)
            self._outbox.reject(source, shard, admission.letters)
            batch = admission.batch
            feed.heard(run.rows, None if batch is None else int(batch.time.max()), real_ms)
            yield run, admission

    def _remark(
        self, source: str, shard: int, admitted: Iterable[tuple[RawRows, Admission]],
        findings: Iterable[list[Finding]], now_ms: int,
    ) -> None:  # fmt: skip
        """Write down which rows did not count as they stand, so that values can be computed anew."""
        further = iter(findings)
        for run, one in admitted:
            self._outbox.remark(refused(source, shard, run, one.ahead))
            if one.batch is None:
                continue
            found = next(further)
            if self._contracts[source].undated:
                dated = Finding("dated", np.flatnonzero(one.batch.time == now_ms), now_ms)
                found = [dated, *found]  # what was dated may be late all the same
            for finding in found:
                self._outbox.remark(remark(source, shard, run, one.kept, finding))

    # ---- outputs out ----

    def commit(self, real_ms: int) -> bool:
        """Commit what there is; False while there is nothing to say. One whose answer was lost is sent again."""
        self._whereabouts.tell(self._state.intakes, self.checkpoint.epoch, real_ms)
        if self._prepared is None:
            if not self._news and not len(self._outbox) and 0 <= real_ms - self._committed_ms < IDLE_COMMIT_MS:
                return False
            self._prepared = self._prepare(real_ms)
        self.checkpoint.commit(self._prepared)
        self._prepared, self._news, self._left = None, False, {}
        self._committed_ms = real_ms
        self.commits += 1
        if self.replenishing is not None:
            self.replenishing.committed()
        return True

    def tidy(self, real_ms: int) -> None:
        """Trim the streams below both kept checkpoints and the archive, and the history below its reach."""
        trim(self._client, self.hold.floors(self.checkpoint.floors(), real_ms))
        self._history.forget(self.world.clock.now_ms(real_ms))

    def _prepare(self, real_ms: int) -> Prepared:
        edge = {"bundle": self._plan.hash, "feeds": {source: feed.stored() for source, feed in self.feeds.items()}}
        snapshot = self._state.snapshot() if self.checkpoint.whole else None
        content = Content(self._state.changed(), snapshot, self.places, edge, self.world.started_ms)
        positions: dict[str, dict[str, str]] = {}
        for key, (source, shard) in self._streams.items():
            positions.setdefault(source, {})[str(shard)] = self.places[key].id
        self.values += len(self._outbox)
        entries = tuple(text.decode("utf-8", "replace") for text in self._entries.values())
        basis = Basis(VERSION, self._plan.hash, self.world.variants, entries)
        outputs = self._outbox.empty(
            self.world.clock, real_ms, positions, self._state.watermarks(), self._feed_lines(), basis=basis
        )
        return self.checkpoint.prepare(content, outputs)

    def _feed_lines(self) -> dict[str, str]:
        facts = self._state.feeds()
        lags: dict[str, int] = {}
        for key, (source, _) in self._streams.items():
            lags[source] = lags.get(source, 0) + self.lags[key]
        lines = {}
        for source, feed in self.feeds.items():
            known = facts[source]
            counts = {"late": known.late, "duplicate": known.duplicate, "unregistered": known.unregistered}
            lines[source] = feed.published(lags[source], known.watermark_ms, counts)
        return lines


def _sends_past(text: bytes, real_ms: int) -> bool:
    """Whether a heartbeat of a feed is fresh and says so. Whatever else stands there, anybody may write it."""
    try:
        fact = json.loads(text)
        return fact.get("state") == CATCHING_UP and not fact.get("ended") and real_ms - int(fact["at"]) <= FRESH_MS
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
