"""`ioc replay`: a recording played into a world of its own."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import redis
import structlog
import typer

from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import PARENT, tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.source import redis_url, stop_on_signal
from ioc.packs.bundle import build
from ioc.packs.files import PackErrors
from ioc.settings import Settings
from ioc.sources import recording, worlds
from ioc.sources.feed import Feed, Place
from ioc.sources.recording import Recording, RecordingError
from ioc.sources.replay import Order, Progress, Replay, ReplayError, check, local_text, open_world
from ioc.sources.timeline import NoSuchMoment
from metrics.clock import monotonic_s
from metrics.world import UnknownWorldVersion

USAGE, WRONG_DEFINITIONS, NO_FILE = 2, 3, 4
RETRY_S = 0.5
SHOWN_EVERY_S, LOGGED_EVERY_S = 0.5, 10.0


def replay(
    file: Annotated[Path, typer.Argument(help="the recording, a CSV file")],
    *,
    source: Annotated[str, typer.Option(help="the source it belongs to")] = "traffic",
    speed: Annotated[float, typer.Option(help="how many times as fast as it was recorded")] = 60.0,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="weekday and time of day become today's")
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="begin again by whole weeks when it ends")] = False,
    world: Annotated[str, typer.Option(help="the world to play into; one of this name is deleted first")] = "replay",
    name: Annotated[str, typer.Option("--recording", help="its declaration; needed if the source has several")] = "",
    go_on: Annotated[bool, typer.Option("--resume", help="go on where the world's stream ends")] = False,
) -> None:
    """Play a recording with its own event times into a world of its own.

    Exit: 0 ended or stopped; 2 usage; 3 definitions wrong; 4 the file is missing, unreadable or breaks a rule.
    """
    settings = Settings()
    log = configure("replay", settings.log_level)
    try:
        bundle = build()
        chosen = choose(bundle, source, name)
        order = Order(world, chosen, file.name, speed, shift_to_now, loop, go_on)
        check(order)
        content = load(file, bundle, chosen)
        url = redis_url(settings)
    except (PackErrors, ReplayError, RecordingError, OSError, UnicodeDecodeError) as error:
        where = f"{file}: " if isinstance(error, (RecordingError, UnicodeDecodeError)) else ""
        typer.echo(f"无法录播 cannot replay: {where}{error}", err=True)
        unread = isinstance(error, (OSError, RecordingError, UnicodeDecodeError))
        wrong = WRONG_DEFINITIONS if isinstance(error, PackErrors) else USAGE
        raise typer.Exit(NO_FILE if unread else wrong) from None
    stop = stop_on_signal()
    tie_to_parent()
    place = Place(world, source, "recorded", int(bundle["sources"][source].get("shards", 1)))
    client = redis.Redis.from_url(url, socket_timeout=5)
    try:
        opened = _open(lambda: open_world(client, order, content, bundle, place), stop)
    except (ReplayError, NoSuchMoment, UnknownWorldVersion) as error:
        typer.echo(f"无法录播 cannot replay: {error}", err=True)
        raise typer.Exit(USAGE) from None
    if opened is None:
        return
    log.info("replay_started", world=world, file=file.name, speed=speed, instants=len(content.instants),
             entities=len(content.entities), behind=local_text(opened.after_ms))  # fmt: skip
    with (
        Feed(url, place, greet=lambda server: _ensure(server, opened)) as feed,
        Heartbeat(client, "replay", lambda: {"world": world}),
    ):
        ended = opened.run(feed, stop, Reporter(speed))
        log.info("replay_ended" if ended else "replay_stopped", rows=feed.tally.rows)
        # below a supervisor an exit would be taken for a fault: stay, and say that it is over
        while ended and PARENT in os.environ and not stop.wait(RETRY_S):
            feed.beat(state="ended")


def choose(bundle: dict[str, Any], source: str, name: str) -> str:
    """The recording's declaration: the one named, or the only one of the source. Raises ReplayError."""
    if source not in bundle["sources"]:
        raise ReplayError(f"there is no source '{source}'; known: {', '.join(bundle['sources'])}")
    declared = [key for key, table in bundle["recordings"].items() if table["source"] == source]
    if name:
        if name not in declared:
            raise ReplayError(f"source {source} has no recording '{name}'; known: {', '.join(declared) or 'none'}")
        return name
    if len(declared) != 1:
        raise ReplayError(f"source {source} has {len(declared)} recordings; name one with --recording: {declared}")
    return str(declared[0])


def load(file: Path, bundle: dict[str, Any], name: str) -> Recording:
    """The file as its declaration says. Raises RecordingError, OSError, UnicodeDecodeError."""
    declared = bundle["recordings"][name]
    table = bundle["sources"][declared["source"]]
    registry = table["variants"][declared["variant"]].get("registry", table.get("registry"))
    known = {str(row["id"]) for row in bundle["registries"].get(registry, ())}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return recording.read(lines, declared, table, known)


class Reporter:
    """Shows progress: one line that is written over on a terminal, else a log line now and then."""

    def __init__(self, speed: float) -> None:
        self._speed, self._terminal = speed, sys.stderr.isatty()
        self._last_s = -LOGGED_EVERY_S

    def __call__(self, progress: Progress) -> None:
        now = monotonic_s()
        if now - self._last_s < (SHOWN_EVERY_S if self._terminal else LOGGED_EVERY_S):
            return
        self._last_s = now
        if not self._terminal:
            structlog.get_logger().info(
                "replay_progress", recorded=local_text(progress.recorded_ms), played=local_text(progress.event_ms),
                share=None if progress.share is None else round(progress.share, 4), rows=progress.rows,
                pending=progress.pending,
            )  # fmt: skip
            return
        share = "循环 loop" if progress.share is None else f"{progress.share:6.1%}"
        sys.stderr.write(
            f"\r  回放 {local_text(progress.recorded_ms)}  {share}  x{self._speed:g}  {progress.rows:,} 行 rows"
            f"  {progress.pending:,} 待写 pending \033[K"
        )
        sys.stderr.flush()


def _open(attempt: Callable[[], Replay], stop: threading.Event) -> Replay | None:
    """Open the world as soon as Valkey answers; None: stopped before."""
    said = False
    while not stop.is_set():
        try:
            return attempt()
        except (redis.ConnectionError, redis.TimeoutError) as error:
            if not said:
                structlog.get_logger().warning("replay_waits_for_valkey", error=str(error))
            said = True
            stop.wait(RETRY_S)
    return None


def _ensure(client: redis.Redis, opened: Replay) -> None:
    """A server that came back without the world is told again."""
    if worlds.find(client, opened.world.id) is None:
        worlds.register(client, opened.world)
