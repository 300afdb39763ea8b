"""`ioc notify`: the channels by which people are told, a trial of one, what was sent, and a receiver for trials."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ioc.domain.deadline_words import moment
from ioc.entrypoints.user import opened_store
from ioc.notify.channels_file import FILE, load
from ioc.notify.outlet import BadChannel, Outlet
from ioc.notify.receiver import Receiver
from ioc.packs.files import PackErrors
from ioc.queries import messages
from ioc.security import identity
from ioc.services.audit import record
from ioc.services.outward import notified
from ioc.settings import Settings
from metrics.clock import real_ms

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="通知 channels and messages")
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one object a line")]
FAILED, USAGE = 1, 2


@app.command()
def channels(*, as_json: AsJson = False) -> None:
    """List the channels of channels.toml: where each leads, whether that is allowed, who is behind it.

    Exit 1 when one cannot be used; 2 when the file is not as it must be.
    """
    settings = Settings()
    allowed = notified(settings.notify_allow)
    found = _channels(settings)
    usable = True
    for name, table in found.channel.items():
        who = [each.who for each in found.reach if name in each.channels]
        told: dict[str, Any] = {"channel": name, "kind": table.kind, "per_minute": table.per_minute, "who": who}
        try:
            scheme, host, port = Outlet.of(name, table, allowed).leads_to()
            told |= {"leads_to": f"{scheme}://{host}:{port}", "allowed": (scheme, host, port) in allowed.origins}
            told["fault"] = "" if told["allowed"] else "不在 IOC_NOTIFY_ALLOW 之列 not among IOC_NOTIFY_ALLOW"
        except BadChannel as error:
            told |= {"leads_to": "", "allowed": False, "fault": str(error)}
        usable = usable and not told["fault"]
        line = f"{name}\t{table.kind}\t{told['leads_to']}\t{table.per_minute}/min\t{' '.join(who) or '-'}"
        typer.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{line}\t{told['fault'] or 'ok'}")
    if not found.channel:
        typer.echo(f"没有通道 no channels: {settings.data_path / FILE}", err=True)
    if not usable:
        raise typer.Exit(FAILED)


@app.command("test")
def try_(
    channel: Annotated[str, typer.Argument(help="通道 its name in channels.toml")], *, as_json: AsJson = False
) -> None:
    """Send one message by a channel, now and once, and say how it ended. Exit 1 when it was not sent."""
    settings = Settings()
    found = _channels(settings)
    if channel not in found.channel:
        typer.echo(f"没有通道 no channel {channel}; {', '.join(found.channel) or '-'}", err=True)
        raise typer.Exit(USAGE)
    try:
        outlet = Outlet.of(channel, found.channel[channel], notified(settings.notify_allow))
    except BadChannel as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    with opened_store() as store, store.write() as unit:
        record(unit, "channel.test", channel, real_ms())
    batch = identity.new_id()
    sent = outlet.send(batch, "测试 a test", f"罗湖区智能运营中心通道测试 a test of the channel {channel}")
    told = {"channel": channel, "id": batch, "outcome": sent.outcome, "why": sent.why}
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else f"{sent.outcome} {sent.why}".strip())
    if sent.outcome != "sent":
        raise typer.Exit(FAILED)


@app.command()
def outbox(
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="待发或待回执 only what is not done")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="最多条数 at most so many")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages, the newest last: whom, what, by which channel, whether it arrived and who answered when."""
    with opened_store() as store:
        found = messages.newest(store, open_only=waiting, most=most)
    for message in reversed(found):
        if as_json:
            typer.echo(json.dumps(asdict(message), ensure_ascii=False))
            continue
        ways = " ".join(f"{way.channel}:{way.state}" for way in message.ways) or "screen"
        answer = f"{message.answered_by} {moment(message.answered_ms)}" if message.answered_ms else message.state
        typer.echo(f"{moment(message.made_ms)}\t{message.recipient}\t{message.title}\t{ways}\t{answer}")
    if not found:
        typer.echo("没有消息 no messages", err=True)


@app.command()
def receiver(
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口 port on loopback; 0: any free one")] = 8058,
) -> None:
    """Receive on this machine what channels of the form json://127.0.0.1:PORT/ carry; each message is printed once.

    Allow it with IOC_NOTIFY_ALLOW=http://127.0.0.1:PORT. Ends with Ctrl-C. Exit 1 when the port is taken.
    """
    try:
        found = Receiver(port, lambda told: typer.echo(json.dumps(told, ensure_ascii=False)))
    except OSError as error:
        typer.echo(f"无法监听 cannot listen on 127.0.0.1:{port}: {error.strerror}", err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"json://127.0.0.1:{found.port}/", err=True)
    with suppress(KeyboardInterrupt):
        found.serve()


def _channels(settings: Settings) -> Any:
    try:
        return load(settings.data_path)
    except PackErrors as error:
        for line in error.lines:
            typer.echo(line, err=True)
        raise typer.Exit(USAGE) from None
