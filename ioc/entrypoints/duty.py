"""`ioc duty`: what the duty room relies on while nobody looks: alarms taken in, and whatever has a time at which it is
due. One loop of small keepers; beside the web server the only process that writes the database."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import redis
import typer
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError

from ioc.entrypoints.health import serve
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.valkey import NoServer, connections
from ioc.notify.sender import Sender
from ioc.notify.switchboard import Switchboard
from ioc.packs.alarm_desk import shipped_rules
from ioc.packs.grading import shipped_grading
from ioc.packs.handling import handling
from ioc.security.actor import SYSTEM, act_as
from ioc.services.alarm_intake import AlarmIntake
from ioc.services.alarm_times import AlarmTimes
from ioc.services.desk_news import DeskNews
from ioc.services.duty_round import DutyRound, Keeper
from ioc.services.escalations import Escalator
from ioc.services.outbox import Relay
from ioc.services.outward import notified
from ioc.services.plan_keeper import Planner
from ioc.services.response_telling import ResponseTeller
from ioc.services.reviews import Reminder
from ioc.services.telling import Teller
from ioc.services.warning_intake import WarningIntake
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.schema import UnknownSchema
from ioc.store.unit import Store
from metrics.clock import real_ms

TIMEOUT_S = 2.0  # a data bus that hangs must not hold up the keepers that need the database alone


def keepers(store: Store, client: redis.Redis, settings: Settings) -> Sequence[Keeper]:
    """The chores, in the order of the path: one line each. Raises PackErrors."""
    rules, tables = shipped_rules(), handling()
    board = Switchboard(settings.data_path, notified(settings.notify_allow))
    return [
        AlarmIntake(store, client, rules),
        AlarmTimes(store, client, rules),
        WarningIntake(store, client, tables.cycles["incident"], shipped_grading()),
        Planner(store, client, tables),
        Teller(store, tables, board.ways),
        ResponseTeller(store, tables, board.ways),
        Escalator(store, tables, board.ways),
        Sender(store, board.outlets, board.ways, link_base=settings.web_url, reminders=tables.reminders),
        Reminder(store, tables),
        Relay(store, client),
    ]


class DutyMetrics:
    """What the round counts, as Prometheus reads it."""

    def __init__(self, duty_round: DutyRound) -> None:
        self._round = duty_round

    def collect(self) -> Iterator[Metric]:
        done = CounterMetricFamily("ioc_duty_done", "Things done.", labels=["keeper"])
        failures = CounterMetricFamily("ioc_duty_failures", "Turns that failed.", labels=["keeper"])
        waits = GaugeMetricFamily("ioc_duty_waits", "Whether the keeper waits for something.", labels=["keeper"])
        for chore in self._round.chores:
            done.add_metric([chore.keeper.name], chore.done)
            failures.add_metric([chore.keeper.name], chore.failures)
            waits.add_metric([chore.keeper.name], float(bool(chore.trouble)))
        yield from (done, failures, waits)


def duty(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /healthz, /readyz, /metrics; 0: any free one.")
    ] = None,
) -> None:
    """值守: alarms into the duty room, and what is due there, with health on loopback.

    Exit: 0 done; 1 it cannot use the database or listen; 2 usage or no server.
    """
    settings = Settings()
    tie_to_parent()
    act_as(SYSTEM)  # what comes due is done by nobody, whoever started this
    configure("duty", settings.log_level)
    try:
        url = settings.redis_url or connections(settings)["duty"]
    except NoServer as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    store = Store(settings.sql_url)
    try:
        schema.upgrade(store)
    except (SQLAlchemyError, UnknownSchema) as error:
        typer.echo(f"数据库不可用 the database cannot be used (IOC_DATABASE_URL): {error}", err=True)
        raise SystemExit(1) from None
    # What a lost reply leaves open is asked anew by the keeper, which knows how far it has come.
    client = redis.Redis.from_url(
        url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
    )
    news = DeskNews(store, client)
    duty_round = DutyRound(keepers(store, client, settings), real_ms)
    registry = CollectorRegistry()
    registry.register(DutyMetrics(duty_round))
    health_port = settings.duty_health_port if port is None else port
    try:
        health = serve("duty", health_port, lambda: checks(duty_round), registry)
    except OSError as error:
        typer.echo(f"无法监听 cannot listen on 127.0.0.1:{health_port}: {error.strerror}", err=True)
        raise SystemExit(1) from None
    beats = redis.Redis.from_url(url, socket_timeout=5.0)
    with Heartbeat(beats, "duty", duty_round.facts):
        duty_round.run(stop)
    health.shutdown()
    for each in (news, client, beats, store):
        each.close()


def checks(duty_round: DutyRound) -> Mapping[str, bool]:
    """What readiness depends on: whether each keeper does its work."""
    return {chore.keeper.name: not chore.trouble for chore in duty_round.chores}
