"""`ioc gateway`: published values -> browsers, as a process of its own."""

from __future__ import annotations

import asyncio
import resource
import signal
from typing import Annotated

import typer

from ioc.entrypoints.lifeline import tie_to_parent
from ioc.entrypoints.logs import configure
from ioc.entrypoints.valkey import NoServer, connections
from ioc.gateway.server import Config, Gateway
from ioc.settings import Settings

FILES = 8_192  # twice the most clients, for sockets that are closing while others open


def gateway(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default IOC_GATEWAY_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; default IOC_GATEWAY_PORT.")
    ] = None,
) -> None:
    """推送网关: serve live frames on ws://HOST:PORT/live, with /healthz, /readyz and /metrics beside them."""
    settings = Settings()
    tie_to_parent()
    configure("gateway", settings.log_level)
    try:
        url = settings.redis_url or connections(settings)["gateway"]
    except NoServer as error:
        typer.echo(str(error), err=True)
        raise SystemExit(2) from None
    config = Config(
        redis_url=url,
        host=settings.gateway_host if host is None else host,
        port=settings.gateway_port if port is None else port,
        origins=settings.origins,
        metrics_token=settings.metrics_token.get_secret_value(),
    )
    _allow_many_sockets()
    try:
        asyncio.run(_serve(config))
    except OSError as error:
        typer.echo(f"无法监听 cannot listen on {config.host}:{config.port}: {error.strerror}", err=True)
        raise SystemExit(1) from None


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files, often 1,024, to what the system allows: every browser needs one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await Gateway(config).run(stop)
