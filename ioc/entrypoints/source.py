"""`ioc source`: the process that runs the sources of the world `live`, each in a thread of its own."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, Any, Protocol

import redis
import structlog
import typer
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from ioc.entrypoints import valkey
from ioc.entrypoints.health import serve
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.video import ensure_clip
from ioc.packs.bundle import build
from ioc.packs.files import PackErrors
from ioc.services.outward import allowed
from ioc.settings import Settings
from ioc.sources.city.city import City
from ioc.sources.city.feeding import Simulated
from ioc.sources.city.traffic import Roads
from ioc.sources.cloud import Cloud
from ioc.sources.connect.connector import Connector
from ioc.sources.connect.connectors_file import FILE
from ioc.sources.connect.landing import LIVE
from ioc.sources.declaration import NotDeclared, declare
from ioc.sources.feed import Feed, NotWelcome, Place
from ioc.sources.simulation import RoadModel
from metrics.clock import real_ms
from metrics.definition import load
from metrics.world import LIVE_WORLD, Origin

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.5, 30.0


class Source(Protocol):
    """A source of this process: it puts rows into its feed until `stop` is set, and may raise anything meanwhile."""

    @property
    def origin(self) -> Origin: ...

    def run(self, feed: Feed, stop: threading.Event) -> None: ...


@dataclass(slots=True)
class Runner:
    """A source, its feed and how often it had to be started again."""

    name: str
    source: Source
    feed: Feed
    restarts: int = 0

    def run(self, stop: threading.Event) -> None:
        """Run the source until `stop`, again after each fault with a doubled wait."""
        log, wait = structlog.get_logger().bind(source=self.name), FIRST_BACKOFF_S
        while not stop.is_set():
            rows = self.feed.tally.rows
            try:
                self.source.run(self.feed, stop)
            except Exception as error:  # a source is the outside world: whatever it does, the others go on
                log.warning("source_failed", error=repr(error), restart_in_s=wait, exc_info=not _is_away(error))
            if stop.is_set():
                return
            self.restarts += 1
            wait = FIRST_BACKOFF_S if self.feed.tally.rows > rows else wait
            stop.wait(wait)
            wait = min(2 * wait, LAST_BACKOFF_S)


class FeedCollector(Collector):
    """What the feeds have done, for /metrics; several connectors may share one."""

    def __init__(self, runners: Iterable[Runner]) -> None:
        self._runners = list(runners)

    def collect(self) -> Iterator[Metric]:
        labels = ["source"]
        rows = CounterMetricFamily("ioc_feed_rows", "observations written to the streams", labels=labels)
        resent = CounterMetricFamily("ioc_feed_resent", "entries written again after a crash of Valkey", labels=labels)
        retries = CounterMetricFamily("ioc_feed_retries", "attempts while Valkey was away", labels=labels)
        restarts = CounterMetricFamily("ioc_source_restarts", "times the source failed", labels=labels)
        pending = GaugeMetricFamily("ioc_feed_pending_rows", "observations that wait for Valkey", labels=labels)
        again: Counter[str] = Counter()
        for runner in self._runners:
            again[runner.feed.place.source] += runner.restarts
        for source, feed in {runner.feed.place.source: runner.feed for runner in self._runners}.items():
            tally, name = feed.tally, [source]
            rows.add_metric(name, tally.rows)
            resent.add_metric(name, tally.resent)
            retries.add_metric(name, tally.retries)
            restarts.add_metric(name, again[source])
            pending.add_metric(name, feed.pending_rows)
        yield from (rows, resent, retries, restarts, pending)
        yield from self._of_connectors()

    def _of_connectors(self) -> Iterator[Metric]:
        labels = ["source", "connector"]
        accepted = CounterMetricFamily("ioc_connector_rows", "rows that keep their contract", labels=labels)
        rejected = CounterMetricFamily(
            "ioc_connector_rejected", "rows that break their contract, by rule", labels=[*labels, "rule"]
        )
        unread = CounterMetricFamily("ioc_connector_unread", "messages, documents, files that are none", labels=labels)
        live = GaugeMetricFamily("ioc_connector_live", "1 while what it connects to answers", labels=labels)
        for runner in self._runners:
            if not isinstance(runner.source, Connector) or not (fact := runner.source.told.get(runner.name)):
                continue
            name = [runner.feed.place.source, runner.name]
            accepted.add_metric(name, fact["accepted"])
            unread.add_metric(name, fact["unread"])
            live.add_metric(name, float(fact["state"] == LIVE))
            for rule, count in fact["rejected"].items():
                rejected.add_metric([*name, rule], count)
        yield from (accepted, rejected, unread, live)


def source(
    names: Annotated[list[str] | None, typer.Argument(help="sources to run; default IOC_SOURCES")] = None,
) -> None:
    """Run sources of this machine: cloud (real load), city (the simulated city), traffic (its roads alone),
    connectors (other systems, as connectors.toml in the data directory says; what they feed is not simulated)."""
    settings = Settings()
    log = configure("source", settings.log_level)
    try:
        bundle = build()
        chosen = tuple(names or settings.source_names)
        sources = choose(chosen, makers(settings, bundle))
        if settings.feed:  # a recording replaces the simulation of its source
            sources.pop(settings.feed_source, None)
        connected = connections(settings, bundle) if "connectors" in chosen else {}
        if "connectors" not in chosen and (settings.data_path / FILE).exists():
            log.warning("connectors_not_run", why=f"IOC_SOURCES names no connectors, but there is {FILE}")
        url = redis_url(settings)
    except (PackErrors, UnknownSource, OSError) as error:
        typer.echo(f"无法启动 cannot start: {error}", err=True)
        raise typer.Exit(2) from None
    stop = stop_on_signal()
    tie_to_parent()
    with ExitStack() as stack:
        runners = []
        for name, one in sources.items():
            if name not in connected:
                runners.append(Runner(name, one, stack.enter_context(Feed(url, _place(name, one, bundle)))))
        for name, parts in connected.items():
            place = _place(name, parts[0], bundle)
            feed = stack.enter_context(Feed(url, place, greet=welcome(place)))
            runners += [Runner(part.name, part, feed) for part in parts]
        REGISTRY.register(FeedCollector(runners))
        client = redis.Redis.from_url(url, socket_timeout=2)
        server = serve("source", settings.source_health_port, lambda: {"valkey": _answers(client)})
        threads = [threading.Thread(target=one.run, args=(stop,), name=f"source-{one.name}") for one in runners]
        for thread in threads:
            thread.start()
        log.info("sources_running", sources=[one.name for one in runners], health_port=server.server_port)
        facts = lambda: {"sources": [one.name for one in runners], "restarts": sum(one.restarts for one in runners)}  # noqa: E731
        with Heartbeat(client, "source", facts):
            stop.wait()
        for thread in threads:
            thread.join()
        server.shutdown()
    log.info("sources_stopped", rows={one.feed.place.source: one.feed.tally.rows for one in runners})


class UnknownSource(ValueError):
    """No source of this name can be run."""


Maker = Callable[[], Mapping[str, Source]]


def makers(settings: Settings, bundle: Mapping[str, Any]) -> Mapping[str, Maker]:
    """What this process can run, by the name in the settings: each gives its sources by their own names."""
    return {
        "cloud": lambda: {"cloud": Cloud(_existing(settings))},
        "traffic": lambda: {"traffic": Simulated(Roads(RoadModel(_roads(bundle))))},
        "city": lambda: city(settings, bundle),
        "connectors": dict,  # their feeds are shared: see `connections`
    }


def connections(settings: Settings, bundle: Mapping[str, Any]) -> Mapping[str, list[Connector]]:
    """The connectors of the data directory by source. Raises PackErrors: the file is wrong."""
    if not (settings.data_path / FILE).exists():
        return {}
    from ioc.sources.connect.connectors import connectors  # brings libraries that no other command needs

    return connectors(settings.data_path, allowed(settings.connect_allow), load(bundle))


def welcome(place: Place) -> Callable[[redis.Redis], object]:
    """Lets a connector feed only where what it says of its origin is true: simulated rows never become real."""

    def greet(server: redis.Redis) -> None:
        try:
            declare(server, place, real_ms())
        except NotDeclared as error:
            raise NotWelcome(str(error)) from None

    return greet


def city(settings: Settings, bundle: Mapping[str, Any]) -> Mapping[str, Source]:
    """Every simulated source that the bundle declares; those that it does not are said."""
    whole = City(bundle, seed=settings.city_seed, rate=settings.city_rate)
    if whole.left_out:
        structlog.get_logger().warning("city_sources_left_out", sources=list(whole.left_out))
    ensure_clip(settings)
    made: dict[str, Simulated] = {}
    for name in sorted(whole.models, key=lambda one: registers(bundle, one) in whole.models):  # registers come first
        made[name] = Simulated(whole.models[name], register=made.get(registers(bundle, name)))
    return made


def registers(bundle: Mapping[str, Any], source: str) -> str:
    """The source that tells what the entities of this one are; empty: none, or a registry of the bundle."""
    return str(bundle["sources"][source].get("registry", ""))


def choose(names: Iterable[str], known: Mapping[str, Maker]) -> dict[str, Source]:
    """The sources of these names, each once: the city has roads of its own. Raises UnknownSource."""
    chosen: dict[str, Source] = {}
    for name in names:
        if name not in known:
            raise UnknownSource(f"没有这个数据源 no source '{name}'; known: {', '.join(known)}")
        chosen |= known[name]()
    return chosen


def _roads(bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = bundle["registries"].get(bundle["sources"]["traffic"]["registry"], [])
    return rows


def redis_url(settings: Settings) -> str:
    """Where the sources write: the server of the settings, or the embedded one. Raises OSError: none ever ran."""
    return settings.redis_url or valkey.connections(settings)["source"]


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


def _place(name: str, one: Source, bundle: Mapping[str, Any]) -> Place:
    return Place(LIVE_WORLD.id, name, one.origin, int(bundle["sources"][name].get("shards", 1)))


def _existing(settings: Settings) -> Any:
    """The data directory, or the nearest folder above it that exists: the disk is the same."""
    path = settings.data_path
    while not path.exists():
        path = path.parent
    return path


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _is_away(error: Exception) -> bool:
    return isinstance(error, (redis.ConnectionError, redis.TimeoutError))
