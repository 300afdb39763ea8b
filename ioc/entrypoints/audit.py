"""`ioc audit`: who did what, and whether the chain of the audit is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from ioc.domain.audit_chain import Broken
from ioc.entrypoints.user import opened_store
from ioc.queries import audit
from ioc.settings import Settings
from ioc.store.audit_anchors import Anchors, BadAnchors
from metrics.clock import real_ms

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="审计 the audit")
BROKEN: Final[dict[Broken, str]] = {
    "edited": "内容与摘要不符 the entry is not as it was written",
    "missing": "缺此条 the entry is missing",
    "cut": "自此条起被截去 entries are cut off from here on",
    "anchor": "与外部锚点不符 the chain was written anew up to here",
    "head": "末条与链头不符 the newest entry is not the one that the head names",
}
EXIT_BROKEN: Final = 1
SAID: Final = 20  # faults that are listed


@app.command()
def verify() -> None:
    """Follow the chain from its first entry. Exit 1, naming the first broken entry, when it is not whole."""
    settings = Settings()
    try:
        anchors = Anchors(settings.data_path).read()
    except BadAnchors as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BROKEN) from None
    with opened_store() as store:
        count, faults = audit.verify(store, anchors)
    for fault in faults[:SAID]:
        typer.echo(f"第 {fault.seq} 条 entry {fault.seq}: {BROKEN[fault.broken]}", err=True)
    if len(faults) > SAID:
        typer.echo(f"另有 {len(faults) - SAID} 处 more", err=True)
    if faults:
        raise typer.Exit(EXIT_BROKEN)
    typer.echo(f"审计完整 the audit is whole: {count} 条 entries, {len(anchors)} 个锚点 anchors")


@app.command("list")
def list_(
    *,
    subject: Annotated[str, typer.Option("--subject", help="对象 what it was done to")] = "",
    actor: Annotated[str, typer.Option("--actor", help="行为人 who did it")] = "",
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="最多条数 at most so many")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a line")] = False,
) -> None:
    """List the newest entries, the newest last."""
    with opened_store() as store:
        found = audit.newest(store, subject=subject, actor=actor, most=most)
    for entry in reversed(found):
        if as_json:
            typer.echo(json.dumps(asdict(entry) | {"detail": json.loads(entry.detail)}, ensure_ascii=False))
        else:
            who = f"{entry.actor} ({entry.roles})" if entry.roles else entry.actor
            typer.echo(f"{entry.seq}\t{_clock(entry.at_ms)}\t{who}\t{entry.action}\t{entry.subject}\t{entry.detail}")
    if not found:
        typer.echo("没有条目 no entries", err=True)


@app.command()
def anchor() -> None:
    """Write down outside the database how far the chain has come. The web server does so every hour."""
    with opened_store() as store:
        head = audit.head(store)
    made = None if head is None else Anchors(Settings().data_path).add(head, real_ms())
    typer.echo("无新条目 nothing new" if made is None else f"已锚定 anchored {made.seq} {made.digest}")


def _clock(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
