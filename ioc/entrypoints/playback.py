"""`ioc playback`: the archive -> worlds that show the past again, as a process of its own."""

from __future__ import annotations

import signal
import threading

import redis
import typer

from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.valkey import NoServer, connections
from ioc.playback.player import Player
from ioc.settings import Settings
from metrics.archive_cells import SCHEMA, values
from metrics.clock import monotonic_s, real_ms


def playback() -> None:
    """回看: play the archive of any world as a world of its own, as screens ask for it over HTTP (docs/playback.md)."""
    settings = Settings()
    tie_to_parent()
    configure("playback", settings.log_level)
    try:
        url = settings.redis_url or connections(settings)["playback"]
    except NoServer as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    client = redis.Redis.from_url(url, protocol=2, socket_timeout=5, socket_connect_timeout=5)
    player = Player(client, settings.archive_path, real_ms, monotonic_s)
    values(SCHEMA.empty_table())  # what every way to a moment needs is loaded before the first one
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    beats = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    with Heartbeat(beats, "playback", player.facts):
        player.run(stop)
