"""A showing: one playback as a world of its own, under the keys that the engine fills for a world that is computed.

Going to a moment begins the world anew under its name; every step appends to its streams in one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import redis
from numpy.typing import NDArray

from ioc.gateway.catalog import Catalog
from ioc.playback.foresight import Foresight
from ioc.playback.order import Order
from ioc.playback.reel import Reel
from metrics import keys
from metrics.archive import Life
from metrics.archive_cells import values
from metrics.archive_history import ArchiveHistory
from metrics.clock import WorldClock
from metrics.definition import Bundle
from metrics.past import Past
from metrics.past_alarms import PastAlarms, Told
from metrics.past_layers import PastLayers
from metrics.value_form import pack_columns, pack_each
from metrics.values import Values
from metrics.whereabouts_told import put
from metrics.world import World

SPAN_MS: Final = 49 * 3_600_000  # of lines, as live screens keep them
ENTRIES: Final = 4_000  # of a stream are kept: who was away for longer begins with the hash
LINE_VALUES: Final = 5_000  # in one entry
FEEDS_S: Final = 2.0  # between two looks at how far the sources had come


@dataclass(slots=True)
class Showing:
    """`edge` is the end of the archive by the world's time, as it was last looked at. Raises redis.RedisError, OSError,
    pa.ArrowException; a step that failed is done again with the next one."""

    client: redis.Redis
    root: Path
    order: Order
    base: World
    catalog: Catalog
    bundle: Bundle
    clock: Callable[[], int]  # real ms
    kept: dict[str, dict[int, bytes]] = field(default_factory=dict)  # rows of the map that playbacks share
    world: World = field(init=False)
    history: ArchiveHistory | None = None  # without one nothing is foreseen
    asked: frozenset[str] = frozenset()  # indicators whose outlook somebody looks at
    edge: int = 0
    _reel: Reel = field(init=False)
    _past: Past = field(init=False)
    _layers: PastLayers = field(init=False)
    _mapped: int = 0  # up to which moment the layers of the map have been shown
    _ends: dict[str, int] = field(default_factory=dict)  # series -> end of the newest window that was shown
    _foresight: Foresight | None = None
    _lines_due: bool = False
    _looked_s: float = 0.0

    @property
    def life(self) -> Life:
        return Life(self.base.id, self.base.started_ms)

    @property
    def moment(self) -> int:
        """Up to which everything has been shown, ms of the world's time."""
        return self._reel.at_ms

    def seek(self, order: Order, at_ms: int) -> None:
        """Begin the world anew at a moment (the nearest one that the archive has). It runs from when all is read."""
        self._past = Past(self.root, self.life)
        bundle = self.bundle.for_world(self.base.variants)
        layers = PastLayers(self.root, self.life, order.known, bundle, self.kept)
        first, self.edge = self._past.span() or (at_ms, at_ms)
        moment = min(max(at_ms, first), self.edge)
        reel = Reel(self.root, self.life, order.known, moment)
        told = values(self._past.standing(moment, order.known))
        alarms = PastAlarms(self.root, self.life).standing(moment, order.known)
        map_rows = layers.standing(moment)
        real_now_ms = self.clock()
        called = self.base.label if self.base.kind != "live" else {"zh": "", "en": ""}
        label = {
            **called, "of": self.base.id, "known": order.known,
            "from_ms": str(first), "until_ms": str(self.edge),
        }  # fmt: skip
        clock = WorldClock(moment, real_now_ms, order.speed)
        world = World(order.id, "playback", clock, self.base.variants, label, real_now_ms)
        name = order.id
        pipe = self.client.pipeline(transaction=True)
        pipe.delete(
            *(keys.engine(name, part) for part in ("latest", "completed", "alarms", "feeds", "outlook")),
            keys.origins(name),
            *(keys.engine(name, f"where:{layer}") for layer in map_rows),
        )
        latest = pack_each(told)
        if latest:
            pipe.hset(keys.engine(name, "latest"), mapping=dict[Any, Any](latest))
        for layer, rows in map_rows.items():
            if rows:
                pipe.hset(keys.engine(name, f"where:{layer}"), mapping=dict[Any, Any](rows))
        origins: Any = self.client.hgetall(keys.origins(self.base.id))
        if origins:
            pipe.hset(keys.origins(name), mapping=origins)
        self._tell_feeds(pipe, name, order, moment)
        self._tell_alarms(pipe, name, alarms)
        pipe.hset(keys.WORLDS, name, world.to_json())
        pipe.hset(keys.PLAYBACKS_SHOWN, name, str(moment))
        begins = _entry(real_now_ms, moment, Values.of(())) | {"anew": world.to_json()}
        pipe.xadd(keys.engine(name, "values"), begins, maxlen=ENTRIES)
        pipe.execute()
        self.order, self.world, self._reel, self._lines_due = order, world, reel, True
        self._layers, self._mapped = layers, moment
        whole = min(self.catalog.roots, default="")
        self._foresight = None
        if self.history is not None:
            self._foresight = Foresight(self.history, self._past, self.life, bundle, order.known, whole, moment)
        heads, ends = told.series.heads, told.end.tolist()
        self._ends = {heads[line].name: end for line, end in zip(told.line.tolist(), ends, strict=True)}

    def turn(self, order: Order) -> None:
        """Go on from where it stands at another speed."""
        self._place(WorldClock(self.moment, self.clock(), order.speed))
        self.order = order

    def step(self, monotonic_s: float) -> None:
        """Show everything up to the moment that it is now; at the end of the archive go on as fast as that grows."""
        if self._lines_due:
            self._tell_lines(self.clock())
        real_now_ms = self.clock()
        target = self.world.clock.now_ms(real_now_ms)
        if target <= self.moment:
            return
        if target > self.edge:
            edge, self.edge = self.edge, (self._past.span() or (0, self.edge))[1]
            if self.edge > edge:
                self._layers.follow()
        moment = min(target, self.edge)
        if moment > self.moment:
            self._show(moment, real_now_ms, monotonic_s)
        if target > moment and self.world.clock.speed:
            self._at_the_end(real_now_ms)

    def foresee(self, until_s: float, monotonic: Callable[[], float]) -> bool:
        """Learn what was to come, until a time, and say what is known of it by then; whether there is more to do.

        Raises duckdb.Error too; what cannot be foreseen is not tried again before the next moment."""
        foresight, self._foresight = self._foresight, None
        if foresight is None or self._lines_due:
            self._foresight = foresight
            return False
        told = foresight.work(self.asked, until_s, monotonic) if foresight.busy(self.asked) else {}
        if told:
            self.client.hset(keys.engine(self.order.id, "outlook"), mapping=dict[Any, Any](told))
        self._foresight = foresight
        return foresight.busy(self.asked)

    def end(self) -> None:
        """Nothing of the world is left."""
        self.client.hdel(keys.PLAYBACKS_SHOWN, self.order.id)

    # ---- what is written ----

    def _show(self, moment: int, real_now_ms: int, monotonic_s: float) -> None:
        before = self.moment
        try:
            self._publish(moment, real_now_ms, monotonic_s)
        except redis.RedisError:  # nobody knows whether it was taken: it is said once more
            self._reel = Reel(self.root, self.life, self.order.known, before)
            raise

    def _publish(self, moment: int, real_now_ms: int, monotonic_s: float) -> None:
        rows, alarms = self._reel.until(moment, self.edge, self.order.speed, real_now_ms)
        name = self.order.id
        pipe = self.client.pipeline(transaction=True)
        told = values(rows)
        shown = told.take(self._shown(told))
        for part, some in (("values", shown), ("completed", shown.take(shown.done))):
            if len(some):
                pipe.xadd(keys.engine(name, part), _entry(real_now_ms, moment, some), maxlen=ENTRIES)
        latest = self._newest(told)
        if len(latest):
            pipe.hset(keys.engine(name, "latest"), mapping=dict[Any, Any](pack_each(latest)))
        self._tell_alarms(pipe, name, alarms)
        put(pipe, name, self._layers.changes(self._mapped, moment), real_now_ms, said=True)
        if monotonic_s - self._looked_s > FEEDS_S:
            self._looked_s = monotonic_s
            self._tell_feeds(pipe, name, self.order, moment)
        pipe.hset(keys.PLAYBACKS_SHOWN, name, str(moment))
        pipe.execute()
        self._mapped = moment
        self._layers.told()
        if self._foresight is not None:
            self._foresight.take(told, moment)

    def _newest(self, told: Values) -> Values:
        """The rows that stand: of each series the last one that is not of an older window than the one that stood."""
        kept: dict[str, int] = {}
        heads, ends = told.series.heads, told.end.tolist()
        for row, line in enumerate(told.line.tolist()):
            name = heads[line].name
            if ends[row] >= self._ends.get(name, -(2**62)):
                self._ends[name] = ends[row]
                kept[name] = row
        return told.take(np.array(sorted(kept.values()), np.int64))

    def _shown(self, told: Values) -> NDArray[np.bool_]:
        """Which values live screens show: those deeper are read where they are asked for."""
        scenes, shown = self.catalog.scenes, self.catalog.shown
        wanted = np.array([head.indicator in scenes and shown(head) for head in told.series.heads] or [False], np.bool_)
        found: NDArray[np.bool_] = wanted[told.line]
        return found

    def _tell_lines(self, real_now_ms: int) -> None:
        """The trends behind the moment, once after it was gone to; they may take longer than its values."""
        rows = self._past.lines(self.moment, self.order.known, SPAN_MS, self.catalog.roots)
        told = values(rows)
        pipe = self.client.pipeline(transaction=True)
        for begin in range(0, len(told), LINE_VALUES):
            some = told.take(slice(begin, begin + LINE_VALUES))
            pipe.xadd(keys.engine(self.order.id, "completed"), _entry(real_now_ms, self.moment, some), maxlen=ENTRIES)
        pipe.execute()
        self._lines_due = False
        if self._foresight is not None:
            self._foresight.take(told, self.moment)

    def _tell_alarms(self, pipe: Any, name: str, alarms: Sequence[Told]) -> None:
        for _, number, fingerprint, event in alarms:
            told = {"v": "1", "id": number, "fingerprint": fingerprint, "e": event}
            pipe.xadd(keys.engine(name, "alarms"), told)

    def _tell_feeds(self, pipe: Any, name: str, order: Order, moment: int) -> None:
        """How far each source had come: by its watermark of then. Known now nothing is awaited any more."""
        if order.known == "then":
            marks = {
                source: mark + self.catalog.sources[source].disorder_ms
                for source, mark in self._past.watermarks(moment).items()
                if source in self.catalog.sources
            }
        else:
            sources: Any = self.client.hkeys(keys.origins(self.base.id))
            marks = {source.decode(): moment for source in sources}
        feeds = {source: json.dumps(_feed(min(mark, moment), moment)) for source, mark in marks.items()}
        if feeds:
            pipe.hset(keys.engine(name, "feeds"), mapping=feeds)

    def _at_the_end(self, real_now_ms: int) -> None:
        """A world that goes on is followed at its own pace, behind the archive; one that is over stands at its end."""
        speed = self.base.clock.speed and min(1.0, self.order.speed)
        clock = WorldClock(self.moment, real_now_ms, speed)
        if speed != self.world.clock.speed or "edge" not in self.world.label:
            self._place(clock, edge="live" if speed else "over")
        else:
            self.world = replace(self.world, clock=clock)

    def _place(self, clock: WorldClock, **label: str) -> None:
        told = {name: text for name, text in self.world.label.items() if name != "edge"}
        self.world = replace(self.world, clock=clock, label={**told, "until_ms": str(self.edge), **label})
        self.client.hset(keys.WORLDS, self.world.id, self.world.to_json())


def _entry(real_now_ms: int, moment: int, some: Values) -> dict[Any, Any]:
    """Of a stream of values, as the engine writes it; whence it came is in the archive."""
    said = {"positions": "{}", "watermarks": "{}", "bundle": "", "basis": ""}
    return {"v": "1", "at": real_now_ms, "now": moment, **said, "b": pack_columns(some.narrowed())}


def _feed(newest_ms: int, moment: int) -> Mapping[str, object]:
    return {"newest_ms": newest_ms, "watermark_ms": newest_ms, "arrived_ms": newest_ms, "age_ms": moment - newest_ms,
            "rows": 0, "late": 0, "duplicate": 0, "unregistered": 0, "rejected": {}, "lag": 0, "missing": 0,
            "gaps": []}  # fmt: skip
