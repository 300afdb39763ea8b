"""`ioc archive`: observation streams and published values -> Parquet parts, as a process of its own."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import redis
import structlog
import typer
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ioc.entrypoints.health import serve
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.valkey import NoServer, connections
from ioc.settings import Settings
from metrics.archive import worlds
from metrics.archive_compaction import Retention
from metrics.archive_file import ArchiveNotWritten
from metrics.archive_keeper import Keeper
from metrics.archive_ledger import ArchiveInUse, UnknownArchiveVersion
from metrics.archive_listing import listed
from metrics.archiver import Archiver, Options

NOT_FOUND = 4
NICENESS = 5  # the archive has time; engine and gateway have not
STOP_S = 5.0  # what the keeper does may take a while; its files are whole or absent, so it need not be waited for


class ArchiveMetrics:
    """What archiver and keeper count, as Prometheus reads it."""

    def __init__(self, archiver: Archiver, keeper: Keeper) -> None:
        self._archiver, self._keeper = archiver, keeper

    def collect(self) -> Iterator[Metric]:
        tally, chores = self._archiver.tally, self._keeper.chores
        for name, value, text in (
            ("entries", tally.entries, "Stream entries read."),
            ("rows", tally.rows, "Rows written to parts."),
            ("parts", tally.parts, "Parts written."),
            ("missing_entries", tally.missing, "Stream entries that went by unread."),
            ("outages", tally.outages, "Times the server went away."),
            ("refusals", tally.refusals, "Times the disk refused a file."),
            ("merged_parts", chores.merged, "Parts made of smaller ones."),
            ("removed_files", chores.removed, "Files removed by retention or after a merge."),
            ("rolled_up_hours", chores.hours, "Hours rolled up."),
            ("standing_days", chores.standings, "Days of which was made what stood at each hour."),
            ("keeping_failures", chores.failures, "Times roll-up, merge or retention failed."),
        ):
            yield CounterMetricFamily(f"ioc_archive_{name}", text, value=value)
        yield GaugeMetricFamily("ioc_archive_connected", "Whether the server answers.", value=self._archiver.connected)
        yield GaugeMetricFamily(
            "ioc_archive_disk_refuses", "Whether the disk refuses.", value=bool(self._archiver.disk)
        )
        yield GaugeMetricFamily(
            "ioc_archive_skipped_streams", "Streams without a form in the archive.", value=len(self._archiver.skipped)
        )


def archive(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz, /metrics; 0: any free one.")
    ] = None,
    world: Annotated[list[str] | None, typer.Option(help="Archive only these worlds; default: all.")] = None,
    contents: Annotated[bool, typer.Option("--list", help="Say what lies in the archive, and end.")] = False,
) -> None:
    """归档: observations, published values and alarms of all worlds -> Parquet parts, with health on loopback.

    Exit: 0 done; 1 it cannot archive or listen; 2 usage or no server; with --list 4: no such archive or world.
    """
    settings = Settings()
    if contents:
        _list(settings.archive_path, world)
        return
    tie_to_parent()
    configure("archive", settings.log_level)
    try:
        url = settings.redis_url or connections(settings)["archive"]
    except NoServer as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    options = Options(part_s=settings.archive_part_s, hold_ms=settings.archive_hold_min * 60_000)
    try:
        archiver = Archiver(url, settings.archive_path, options, world)
    except (ArchiveInUse, ArchiveNotWritten, PermissionError) as error:
        typer.echo(f"无法归档 cannot archive: {error}", err=True)
        raise SystemExit(1) from None
    keeper = Keeper(settings.archive_path, lambda: present(archiver), retention(settings), lambda: archiver.definitions)
    registry = CollectorRegistry()
    registry.register(ArchiveMetrics(archiver, keeper))
    health_port = settings.archive_health_port if port is None else port
    try:
        health = serve("archive", health_port, lambda: checks(archiver, keeper), registry)
    except OSError as error:
        typer.echo(f"无法监听 cannot listen on 127.0.0.1:{health_port}: {error.strerror}", err=True)
        raise SystemExit(1) from None
    os.nice(NICENESS)
    client = redis.Redis.from_url(url, socket_timeout=5.0)
    keeping = threading.Thread(target=keeper.run, args=(stop, settings.archive_keep_s), name="keeper", daemon=True)
    with Heartbeat(client, "archive", lambda: facts(archiver, keeper)):
        keeping.start()
        try:
            archiver.run(stop)
        except UnknownArchiveVersion as error:
            structlog.get_logger().error("archive_refused", error=str(error))
            typer.echo(f"无法归档 cannot archive: {error}", err=True)
            raise SystemExit(1) from None
    keeping.join(STOP_S)
    health.shutdown()
    client.close()


def _list(root: Path, only: Collection[str] | None) -> None:
    """Say what lies in the archive. Exits with 4 where there is none, or none of a world that was asked for."""
    if not root.is_dir():
        typer.echo(f"没有归档 there is no archive in {root}", err=True)
        raise typer.Exit(NOT_FOUND)
    unknown = [name for name in dict.fromkeys(only or ()) if name not in worlds(root)]
    for line in lines(root, only):
        typer.echo(line)
    for name in unknown:
        typer.echo(f"档案中没有世界 {name} no such world in {root}", err=True)
    if unknown:
        raise typer.Exit(NOT_FOUND)


def lines(root: Path, only: Collection[str] | None) -> Iterator[str]:
    """What lies in the archive, a strand each."""
    from ioc.offline.answer_file import time_text

    yield f"归档 archive {root}"
    for one in listed(root):
        if only and one.world not in only:
            continue
        span = f"{time_text(one.from_ms)} .. {time_text(one.until_ms)}"
        yield (
            f"{one.world}/{one.started_ms}  {one.strand:<32}  分片 parts {one.parts}  字节 bytes {one.bytes}  {span}"
            f"  写至 written up to {time_text(one.arrived_until)}"
        )


def checks(archiver: Archiver, keeper: Keeper) -> Mapping[str, bool]:
    """What readiness depends on."""
    return {
        "valkey": archiver.connected,
        "disk": not archiver.disk,
        "streams": not archiver.skipped,
        "keeping": not keeper.chores.trouble,
    }


def facts(archiver: Archiver, keeper: Keeper) -> Mapping[str, Any]:
    """What the heartbeat says. `state`: `writing`, `waiting` (for the server), `disk` (it refuses) or `partial` (some
    streams or chores fail); `trouble` says why."""
    trouble = archiver.disk or "; ".join(archiver.skipped.values()) or keeper.chores.trouble
    state = "disk" if archiver.disk else "partial" if trouble else "writing" if archiver.connected else "waiting"
    tally = archiver.tally
    return {
        "state": state,
        "trouble": trouble,
        "streams": len(archiver.tails),
        "entries": tally.entries,
        "rows": tally.rows,
        "parts": tally.parts,
        "missing": tally.missing,
        "merged": keeper.chores.merged,
        "removed": keeper.chores.removed,
    }


def present(archiver: Archiver) -> Mapping[str, int]:
    """The lives that are being archived."""
    return {tail.strand.life.world: tail.strand.life.started_ms for tail in list(archiver.tails.values())}


def retention(settings: Settings) -> Retention:
    """For how long each kind is kept."""
    return Retention(
        settings.archive_observations_days,
        settings.archive_values_days,
        settings.archive_completed_days,
        settings.archive_dead_days,
        settings.archive_gone_days,
        settings.archive_alarms_days,
        settings.archive_lasting_days,
    )
