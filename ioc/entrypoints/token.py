"""`ioc token`: what programs come in by, on the server itself: made, listed, revoked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, cast

import structlog
import typer

from ioc.entrypoints.logs import configure
from ioc.entrypoints.user import opened_store
from ioc.packs.scenes import scenes
from ioc.services import api_tokens
from ioc.services.api_tokens import ALL, ApiToken
from ioc.settings import Settings
from ioc.sources.declaration import ORIGINS
from metrics.clock import real_ms
from metrics.world import Origin

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="令牌 tokens of programs")


def _origin(text: str | None) -> str | None:
    if text is not None and text not in ORIGINS:
        raise typer.BadParameter(
            f"unknown-name: 没有这种来源 there is no origin '{text}'; 可选 possible: {', '.join(ORIGINS)}"
        )
    return text


def _scenes(texts: list[str]) -> list[str]:
    known = [scene.id for scene in scenes()]
    for text in texts:
        if text not in (*known, ALL):
            raise typer.BadParameter(
                f"unknown-name: 没有这个场景 there is no scene '{text}'; 可选 possible: {', '.join(known)}, {ALL}"
            )
    return texts


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="名称 who or what uses it")],
    *,
    feed: Annotated[
        list[str] | None, typer.Option("--feed", help="可写数据源 source it may feed, * all; repeat")
    ] = None,
    read: Annotated[list[str] | None, typer.Option("--read", help="可读场景 scene it may read, * all; repeat")] = None,
    world: Annotated[
        list[str] | None, typer.Option("--world", help="世界 world it may enter, * all; default: live")
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help=f"来源 of what it feeds: {', '.join(ORIGINS)}", callback=_origin)
    ] = None,
    days: Annotated[int, typer.Option("--days", help="有效天数 days until it expires")] = 180,
    per_minute: Annotated[int, typer.Option("--per-minute", help="每分钟请求数 requests a minute")] = 600,
) -> None:
    """Make a token. Its text is printed once and kept nowhere."""
    reads = _scenes(read or [])
    with opened_store() as store:
        token, text = api_tokens.add_token(
            store, name, real_ms(), feeds=feed or (), reads=reads, worlds=world or (),
            origin=cast("Origin | None", origin), days=days, per_minute=per_minute,
        )  # fmt: skip
    _note("api_token_added", token)
    typer.echo(f"已建 added {_line(token)}", err=True)
    typer.echo("令牌只显示这一次 the token is shown this once:", err=True)
    typer.echo(text)


@app.command("list")
def list_(
    *, as_json: Annotated[bool, typer.Option("--json", help="JSON, one object a token, no secret")] = False
) -> None:
    """List all tokens; their secrets are kept nowhere."""
    with opened_store() as store:
        for token in api_tokens.all_tokens(store):
            typer.echo(json.dumps(_facts(token), ensure_ascii=False) if as_json else _line(token))


@app.command()
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="令牌编号 the token's id, see list")]) -> None:
    """End a token; it is refused within 2 s."""
    with opened_store() as store:
        token = api_tokens.revoke_token(store, token_id, real_ms())
    _note("api_token_revoked", token)
    typer.echo(_line(token))


def _note(event: str, token: ApiToken) -> None:
    configure("token", Settings().log_level)
    structlog.get_logger().info(event, **_facts(token))


def _facts(token: ApiToken) -> dict[str, object]:
    return {
        "token": token.id, "name": token.name, "state": token.state(real_ms()), "origin": token.origin,
        "feeds": sorted(token.feeds), "reads": sorted(token.reads), "worlds": sorted(token.worlds),
        "per_minute": token.per_minute, "created": _day(token.created_ms), "expires": _day(token.expires_ms),
        "used": _day(token.used_ms),
    }  # fmt: skip


def _line(token: ApiToken) -> str:
    states = {"open": "有效 open", "expired": "已过期 expired", "revoked": "已吊销 revoked"}
    may = [f"写 feeds {','.join(sorted(token.feeds))} ({token.origin})"] if token.feeds else []
    may += [f"读 reads {','.join(sorted(token.reads))}"] if token.reads else []
    may += [f"世界 worlds {','.join(sorted(token.worlds))}"] if token.worlds else []
    until = f"至 until {_day(token.expires_ms)}"
    used = f"最近使用 used {_day(token.used_ms)}" if token.used_ms else "未用过 never used"
    return "\t".join([token.id, token.name, states[token.state(real_ms())], "; ".join(may), until, used])


def _day(at_ms: int | None) -> str:
    return "" if at_ms is None else datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
