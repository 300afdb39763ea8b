"""A replay: a recording sent into a world of its own, each instant when that world's clock reaches it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ioc.sources import resume, worlds
from ioc.sources.feed import Feed, Place
from ioc.sources.recording import LOCAL, Recording
from ioc.sources.timeline import Timeline
from metrics.clock import WorldClock, real_ms
from metrics.window import parse_duration
from metrics.world import World

if TYPE_CHECKING:
    from redis import Redis

WORLD_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
LOOK_S = 0.5  # how long to wait at most before looking at the clock, the stop and the heartbeat again
BATCH_INSTANTS = 200  # instants per `put`: of 40 roads that is one packed entry
HISTORY_MS = 26 * 3_600_000  # moved to today, the day before is sent at once, so that it can be compared with


class ReplayError(ValueError):
    """The replay cannot start as asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: which recording, at which speed, into which world."""

    world: str
    name: str  # of the recording's declaration
    file: str
    speed: float = 60.0
    shift_to_now: bool = False
    loop: bool = False
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a replay stands: event time and recorded time of what was sent last, both ms; `share` of the recording."""

    event_ms: int
    recorded_ms: int
    share: float | None
    rows: int
    pending: int


def check(order: Order) -> None:
    """Raises ReplayError when the parts of an order do not go together."""
    if order.shift_to_now and order.speed != 1:
        raise ReplayError(f"--shift-to-now needs --speed 1 (today's clock runs at its own pace), not {order.speed:g}")
    if not 0 < order.speed <= 1_000_000:
        raise ReplayError(f"--speed {order.speed:g} is not between 0 and 1,000,000")
    if not WORLD_ID.fullmatch(order.world):  # the name becomes a pattern when the world is deleted
        raise ReplayError(f"--world '{order.world}' is not a name of small letters, digits and dashes")
    if order.world == "live":
        raise ReplayError("a recording is never replayed into the world live")


@dataclass(frozen=True, slots=True)
class Replay:
    """A world, what is played in it, and the event time behind which to send."""

    world: World
    recording: Recording
    line: Timeline
    after_ms: int

    def run(self, feed: Feed, stop: threading.Event, report: Callable[[Progress], None]) -> bool:
        """Send until the recording ends (True) or `stop` is set (False); `report` hears of it at each look."""
        clock, line, after = self.world.clock, self.line, self.after_ms
        while not stop.is_set():
            times, numbers = line.due(after, clock.now_ms(real_ms()))
            for start in range(0, len(times), BATCH_INSTANTS):
                chosen = slice(start, start + BATCH_INSTANTS)
                if not feed.put(self.recording.rows(times[chosen], numbers[chosen]), stop):
                    return False
                after = int(times[chosen][-1])
                report(self._progress(feed, after))
            following = line.next_ms(after)
            feed.beat(state="playing")
            if following is None:
                return feed.drain(stop)
            stop.wait(min(LOOK_S, wait_s(clock, following, real_ms())))
            report(self._progress(feed, after))
        return False

    def _progress(self, feed: Feed, event_ms: int) -> Progress:
        line, end = self.line, self.line.end_ms
        share = None
        if end is not None:
            share = min(1.0, max(0.0, (event_ms + line.period_ms - line.first_ms) / (end - line.first_ms)))
        return Progress(event_ms, line.recorded_ms(event_ms), share, feed.tally.rows, feed.pending_rows)


def open_world(client: Redis, order: Order, recording: Recording, tables: Mapping[str, Any], place: Place) -> Replay:
    """Register the world and say where to begin. `tables` is the bundle.

    Anew, the world of this id is deleted first. With `resume` a world of the same recording goes on where its stream
    ends; where there is none, it begins anew. Raises ReplayError, NoSuchMoment, RedisError.
    """
    declared = tables["recordings"][order.name]
    variant = tables["sources"][place.source]["variants"][declared["variant"]]
    line = Timeline(recording.instants, parse_duration(variant["period"]), loop=order.loop)
    now = real_ms()
    old = worlds.find(client, order.world) if order.resume else None
    if old is not None and old.kind == "replay":
        if old.label.get("file") != order.file or old.label.get("recording") != order.name:
            raise ReplayError(f"the world {order.world} replays {old.label.get('file')}; start without --resume")
        line = Timeline(line.instants, line.period_ms, int(old.label["shift_ms"]), order.loop)
        sent = resume.newest_sent(client, place)
        return Replay(old, recording, line, sent if sent is not None else int(old.label["after_ms"]))
    if order.shift_to_now:
        line = line.moved_to(now)
        clock, after = WorldClock(now, now, 1.0), now - HISTORY_MS - 1
    else:
        clock, after = WorldClock(line.first_ms, now, order.speed), line.first_ms - 1
    world = World(order.world, "replay", clock, {place.source: declared["variant"]},
                  _label(order, declared, line, after), now)  # fmt: skip
    worlds.remove(client, order.world)
    worlds.register(client, world)
    return Replay(world, recording, line, after)


def wait_s(clock: WorldClock, event_ms: int, real_now_ms: int) -> float:
    """Real seconds until the clock shows `event_ms`; at least 1 ms, so that a loop of waits never spins."""
    return max(0.001, (event_ms - clock.now_ms(real_now_ms)) / clock.speed / 1000)


def local_text(time_ms: int) -> str:
    """`2015-01-01 00:15`, Asia/Shanghai."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")


def _label(order: Order, declared: Mapping[str, Any], line: Timeline, after_ms: int) -> dict[str, str]:
    """What a screen says of the world, and what a resumed replay must know of it."""
    first, last = local_text(int(line.instants[0])), local_text(int(line.instants[-1]))
    moved_zh, moved_en = ("，移至今日", ", moved to today") if line.shift_ms else ("", "")
    return {
        "zh": f"{declared['zh']}（{first[:10]} 至 {last[:10]}{moved_zh}）",
        "en": f"{declared['en']} ({first[:10]} to {last[:10]}{moved_en})",
        "file": order.file,
        "recording": order.name,
        "recorded_from": first,
        "recorded_to": last,
        "shift_ms": str(line.shift_ms),
        "after_ms": str(after_ms),
    }
