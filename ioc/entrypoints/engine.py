"""`ioc engine`: observation streams -> published values, as a process of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import redis
import typer
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ioc.entrypoints.explain import explained, show
from ioc.entrypoints.health import serve
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.publisher import Publisher
from ioc.entrypoints.valkey import NoServer, connections
from ioc.settings import Settings
from metrics.progress import worst
from metrics.worker import Worker, ease_collection


class WorkerMetrics:
    """What the worker counts, as Prometheus reads it."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        tally = self._worker.tally
        for name, value, text in (
            ("entries", tally.entries, "Stream entries read."),
            ("commits", tally.commits, "Commits of all worlds."),
            ("outages", tally.outages, "Times the server went away."),
            ("takeovers", tally.takeovers, "Times a world was taken over."),
            ("failures", tally.failures, "Times a world failed and was put off."),
        ):
            yield CounterMetricFamily(f"ioc_engine_{name}", text, value=value)
        yield GaugeMetricFamily("ioc_engine_connected", "Whether the server answers.", value=self._worker.connected)
        refused = GaugeMetricFamily("ioc_engine_refused_worlds", "Worlds that cannot be served at the moment.")
        refused.add_metric([], len(self._worker.refused))
        yield refused
        rows = CounterMetricFamily("ioc_engine_rows", "Rows read, accepted or not.", labels=["world", "source"])
        rejected = CounterMetricFamily(
            "ioc_engine_rejected_rows", "Rows that broke their contract.", labels=["world", "source", "rule"]
        )
        missing = CounterMetricFamily(
            "ioc_engine_missing_entries", "Stream entries that went by unread.", labels=["world", "source"]
        )
        held = GaugeMetricFamily("ioc_engine_codes", "Entities, keys, texts and groups held.", labels=["world", "list"])
        given_up = CounterMetricFamily(
            "ioc_engine_codes_given_up", "Idle codes that were given up.", labels=["world", "list"]
        )
        lag = GaugeMetricFamily("ioc_engine_lag_entries", "Stream entries that wait.", labels=["world", "stream"])
        for world, serving in list(self._worker.servings.items()):
            for source, feed in list(serving.feeds.items()):
                rows.add_metric([world, source], feed.rows)
                missing.add_metric([world, source], feed.missing)
                for rule, count in list(feed.rejected.items()):
                    rejected.add_metric([world, source, rule], count)
            for stream, waiting in list(serving.lags.items()):
                lag.add_metric([world, stream], waiting)
            for kind, (count, gone) in serving.codes().items():
                held.add_metric([world, kind], count)
                given_up.add_metric([world, kind], gone)
        waived = GaugeMetricFamily(
            "ioc_engine_archive_hold_waived", "Whether trimming no longer waits for the archive.", labels=["world"]
        )
        for world, serving in list(self._worker.servings.items()):
            waived.add_metric([world], serving.hold.state in ("away", "memory"))
        yield from (rows, rejected, missing, lag, held, given_up, waived)


def engine(  # noqa: PLR0917  # each is an option of the command
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz, /metrics; 0: any free one.")
    ] = None,
    commit_ms: Annotated[
        int | None, typer.Option(min=10, max=60_000, help="Commit at most this often; default IOC_COMMIT_MS.")
    ] = None,
    world: Annotated[list[str] | None, typer.Option(help="Serve only these worlds; default: all.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the plan of the running engine, or the static one, and end.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="With --explain: a bundle as JSON, instead of the engine.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --explain: as JSON.")] = False,
) -> None:
    """计算引擎: serve all worlds: observation streams -> values, with health on loopback."""
    settings = Settings()
    if explain:
        show(settings.engine_health_port if port is None else port, world, bundle, as_json=as_json)
        return
    tie_to_parent()
    log = configure("engine", settings.log_level)
    try:
        url = settings.redis_url or connections(settings)["engine"]
    except NoServer as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    ease_collection()
    archive = settings.archive_path
    worker = Worker(url, settings.commit_ms if commit_ms is None else commit_ms, world, archive)
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(worker))
    health_port = settings.engine_health_port if port is None else port
    try:
        health = serve(
            "engine",
            health_port,
            lambda: {"valkey": worker.connected, "worlds": worker.ready},
            registry,
            {"/explain": lambda: explained(worker)},
            about=lambda: _progress(worker),
        )
    except OSError as error:
        typer.echo(f"无法监听 cannot listen on 127.0.0.1:{health_port}: {error.strerror}", err=True)
        raise SystemExit(1) from None
    client = redis.Redis.from_url(url, socket_timeout=5.0)
    with Heartbeat(client, "engine", lambda: _facts(worker)):
        Publisher(client, settings, log).start(stop)
        worker.run(stop)
    health.shutdown()
    client.close()


def _progress(worker: Worker) -> Mapping[str, Any]:
    """What the engine is at, and how far with each world."""
    told = {name: one.told() for name, one in worker.progress.items()}
    return {"state": "restoring" if worker.restoring else worst(told), "progress": told}


def _facts(worker: Worker) -> Mapping[str, Any]:
    return {
        **_progress(worker),
        "worlds": sorted(worker.servings),
        "refused": dict(worker.refused),
        "entries": worker.tally.entries,
        "commits": worker.tally.commits,
        "archive_hold": {world: serving.hold.state for world, serving in list(worker.servings.items())},
    }
