"""`ioc approval`: what waits for a second person; to decide, an account of one's own signs in on the spot."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from ioc.domain.approval import Approval
from ioc.entrypoints.user import close_sockets, opened_store
from ioc.services import approvals
from ioc.services.sign_in import prove
from ioc.store.unit import Store
from metrics.clock import real_ms

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="审批 approvals by a second person"
)

Id = Annotated[str, typer.Argument(help="编号 id, or how it begins")]
By = Annotated[str, typer.Option("--as", help="审批人账号 the account that decides")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="口令文件 file with the password, - for standard input")
]
Code = Annotated[str, typer.Option("--code", help="验证码 the code of the second factor, where the account has one")]


@app.command("list")
def list_(*, waiting: Annotated[bool, typer.Option("--waiting", help="只列待审批 only what waits")] = False) -> None:
    """List approvals, the newest first."""
    now = real_ms()
    with opened_store() as store:
        found = [each for each in approvals.newest(store) if each.waits(now) or not waiting]
    for each in found:
        typer.echo(_line(each, now))
    if not found:
        typer.echo("没有审批 no approvals", err=True)


@app.command()
def approve(id_: Id, by: By, password_file: PasswordFile = None, code: Code = "") -> None:
    """Let it happen, as a different person than who asked."""
    with opened_store() as store:
        name = _proved(store, by, password_file, code)
        decided, done = approvals.approve(store, _whole(store, id_), by=name, now_ms=real_ms())
    close_sockets(done.ended)
    typer.echo(_line(decided, real_ms()))


@app.command()
def refuse(id_: Id, by: By, password_file: PasswordFile = None, code: Code = "") -> None:
    """Do not let it happen."""
    with opened_store() as store:
        name = _proved(store, by, password_file, code)
        typer.echo(_line(approvals.refuse(store, _whole(store, id_), by=name, now_ms=real_ms()), real_ms()))


def _proved(store: Store, name: str, file: Path | None, code: str) -> str:
    """The account, once it has shown that it is there. Exit 1 where it has not."""
    if file is None:
        secret: str = typer.prompt("口令 password", hide_input=True)
    else:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        secret = text.rstrip("\r\n")
    found = prove(store, name, secret, code, "console", real_ms())
    if found is None:
        typer.echo("未执行 not done: 账号、口令或验证码不对 wrong account, password or code", err=True)
        raise typer.Exit(1)
    return found


def _whole(store: Store, begins: str) -> str:
    found = [each.id for each in approvals.newest(store) if each.id.startswith(begins)]
    return found[0] if len(found) == 1 else begins


def _line(what: Approval, now_ms: int) -> str:
    zh, en = approvals.words(what)
    state = what.verdict or ("waiting" if what.waits(now_ms) else "expired")
    at = f"{datetime.fromtimestamp(what.asked_ms / 1000, UTC) + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"
    who = f"{what.asked_by} -> {what.decided_by}" if what.decided_by else what.asked_by
    return f"{what.id}\t{at}\t{state}\t{who}\t{zh} {en}"
