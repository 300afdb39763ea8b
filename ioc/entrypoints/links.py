"""`ioc links`: asks the linked systems whether they answer, in a process of its own, never from a browser."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Annotated

import redis
import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError

from ioc.door.desk import redis_url
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.services.outward import allow_list
from ioc.services.system_health import check
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics.clock import real_ms


def links(
    once: Annotated[bool, typer.Option("--once", help="Ask once, print what was found and end.")] = False,
) -> None:
    """Ask each linked system of the library every IOC_LINKS_EVERY_S seconds. Only origins of IOC_LINKS_ALLOW are asked.

    With --once: exit 0 when no system is dead, 1 when one is.
    """
    settings = Settings()
    configure("links", settings.log_level)
    tie_to_parent()
    allowed = allow_list(settings.links_allow)
    store = Store(settings.sql_url)
    log = structlog.get_logger()
    try:
        schema.upgrade(store)
        if once:
            found = check(store, allowed, real_ms)
            for (scene, name), answer in found.items():
                typer.echo(f"{scene}/{name:<24} {answer.state:<8} {answer.detail}")
            raise typer.Exit(int(any(answer.state == "dead" for answer in found.values())))
        client = redis.Redis.from_url(redis_url(settings), socket_timeout=2, socket_connect_timeout=2)
        pause = threading.Event()
        with Heartbeat(client, "links"):
            while True:
                try:
                    states = Counter(answer.state for answer in check(store, allowed, real_ms).values())
                    log.info("systems_asked", **states)
                except SQLAlchemyError as error:
                    log.warning("systems_not_kept", error=str(error))
                pause.wait(settings.links_every_s)
    finally:
        store.close()
