"""`ioc user`: accounts, roles, passwords and one-time links, on the server itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import redis
import typer
from sqlalchemy.exc import SQLAlchemyError

from ioc.door.desk import redis_url
from ioc.entrypoints.supervisor import LINKS
from ioc.security.actor import current_actor
from ioc.security.role import TITLES, Role
from ioc.services import approvals, links, people, second_factor
from ioc.services.refusals import Refusal
from ioc.services.tickets import unmark_sessions
from ioc.settings import Settings
from ioc.store import schema
from ioc.store.unit import Store
from metrics.clock import real_ms

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help="用户 people, roles, links")


def _role(text: str) -> Role:
    """The role of this name. Raises BadParameter, which names all there are."""
    try:
        return Role(text)
    except ValueError:
        there = ", ".join(f"{role} {zh}" for role, (zh, _) in TITLES.items())
        raise typer.BadParameter(
            f"unknown-name: 没有这个角色 there is no role '{text}'; 可选 possible: {there}"
        ) from None


def _known(text: str) -> str:
    return _role(text)


def _all_known(texts: list[str]) -> list[str]:
    return [_role(text) for text in texts]


Name = Annotated[str, typer.Argument(help="账号 account name")]
RoleName = Annotated[str, typer.Argument(help=f"角色 role: {', '.join(Role)}", callback=_known)]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="口令文件 file with the password, - for standard input")
]


@app.command()
def add(
    name: Name,
    role: Annotated[
        list[str], typer.Option("--role", help=f"角色 role, may be repeated: {', '.join(Role)}", callback=_all_known)
    ],
    title: Annotated[str, typer.Option(help="显示名 name shown")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Open an account; the password is asked for."""
    secret = _new_password(password_file)
    wanted = [Role(each) for each in role]
    with opened_store() as store:
        alone = not approvals.second_people(store, "role.grant", current_actor().name)
        account = people.add_person(store, name, wanted if alone else [], secret, real_ms(), title=title)
        asked = [] if alone else [_ask_for_role(store, account.name, each) for each in wanted]
    typer.echo(f"已建 added {_line(account)}")
    for each in asked:
        typer.echo(each)


@app.command("list")
def list_() -> None:
    """List all accounts."""
    with opened_store() as store:
        for account in people.everyone(store):
            typer.echo(_line(account))


@app.command()
def grant(name: Name, role: RoleName) -> None:
    """Give a role, once a second person lets it; the three administrators exclude each other."""
    with opened_store() as store:
        typer.echo(_ask_for_role(store, name, Role(role)))


def _ask_for_role(store: Store, name: str, role: Role) -> str:
    """Ask for it; while nobody could be the second person it is done at once, and the audit says so."""
    payload = {"name": people.known_as(name), "role": role.value}
    by = current_actor().name
    asked = approvals.ask_from_the_server(store, "role.grant", payload, by=by, now_ms=real_ms())
    if asked is None:
        return _line(people.account(store, name))
    return f"待另一人审批 waits for a second person: {asked.id} {' '.join(approvals.words(asked))}"


@app.command()
def revoke(name: Name, role: RoleName) -> None:
    """Take a role away; the person's sessions and sockets end within 5 s."""
    with opened_store() as store:
        account, ended = people.revoke_role(store, name, Role(role), real_ms())
    close_sockets(ended)
    typer.echo(f"{_line(account)}，已结束会话 sessions ended: {len(ended)}")


@app.command()
def regions(
    name: Name,
    code: Annotated[
        list[str] | None, typer.Argument(help="区域代码 region codes; 不给即全区 none: the district")
    ] = None,
) -> None:
    """Say which regions a person sees incidents and live values of; the person's sessions end within 5 s."""
    with opened_store() as store:
        account, ended = people.set_regions(store, name, code or [], real_ms())
    close_sockets(ended)
    typer.echo(f"{_line(account)}，已结束会话 sessions ended: {len(ended)}")


@app.command()
def disable(name: Name) -> None:
    """Close an account; its sessions and sockets end within 5 s."""
    with opened_store() as store:
        account, ended = people.disable_person(store, name, real_ms())
    close_sockets(ended)
    typer.echo(f"{_line(account)}，已结束会话 sessions ended: {len(ended)}")


@app.command()
def enable(name: Name) -> None:
    """Open a closed account again."""
    with opened_store() as store:
        typer.echo(_line(people.enable_person(store, name, real_ms())))


@app.command()
def password(
    name: Name,
    password_file: PasswordFile = None,
    *,
    temporary: Annotated[bool, typer.Option("--temporary", help="首次登录须更改 changed at the first sign-in")] = False,
) -> None:
    """Set a new password; sessions made with the old one end."""
    secret = _new_password(password_file)
    with opened_store() as store:
        account, ended = people.set_password(store, name, secret, real_ms(), temporary=temporary)
    close_sockets(ended)
    typer.echo(_line(account))


@app.command("factor-reset")
def factor_reset(name: Name) -> None:
    """Take the second factor off an account whose telephone is lost; its sessions end."""
    with opened_store() as store:
        ended = second_factor.reset(store, name, real_ms())
    close_sockets(ended)
    typer.echo(f"已重置 reset {people.known_as(name)}")


@app.command()
def link(role: RoleName) -> None:
    """Print one more one-time link for a role. It works once, from this machine, for 12 hours."""
    settings = Settings()
    with opened_store() as store:
        token = links.add_link(store, Role(role), real_ms())
    typer.echo(links.address(_where_it_listens(settings), token))


@contextmanager
def opened_store() -> Iterator[Store]:
    """The database, brought up to date; refusals become one line and exit code 1."""
    settings = Settings()
    store = Store(settings.sql_url, settings.seal)
    try:
        schema.upgrade(store)
        yield store
    except (Refusal, SQLAlchemyError, schema.UnknownSchema) as error:
        typer.echo(f"未执行 not done: {error}", err=True)
        raise typer.Exit(1) from error
    finally:
        store.close()


def _new_password(file: Path | None) -> str:
    if file is None:
        secret: str = typer.prompt("口令 password", hide_input=True, confirmation_prompt=True)
        return secret
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    return text.rstrip("\r\n")


def close_sockets(session_ids: Sequence[str]) -> None:
    """Close them now if Redis is at hand; a running web server does it within two seconds otherwise."""
    try:
        client = redis.Redis.from_url(redis_url(Settings()), socket_timeout=1, socket_connect_timeout=1)
        unmark_sessions(client, session_ids)
        client.close()
    except redis.RedisError:
        pass


def _line(account: people.Account) -> str:
    roles = "、".join(f"{TITLES[role][0]}({role})" for role in sorted(account.roles)) or "无角色 no role"
    facts = ["口令 password" if account.has_password else "仅链接 link only"]
    facts += ["已停用 disabled"] if account.disabled else []
    facts += [f"区域 regions {' '.join(account.regions)}"] if account.regions else []
    return f"{account.name}\t{account.title}\t{roles}\t{', '.join(facts)}"


def _where_it_listens(settings: Settings) -> Settings:
    """These settings with the port of the data directory's last start, unless a port was chosen for this call."""
    last = settings.data_path / LINKS
    if "web_port" in settings.model_fields_set or not last.is_file():
        return settings
    ports = {urlsplit(link).port for link in json.loads(last.read_text()).values()}
    return settings.model_copy(update={"web_port": ports.pop()}) if len(ports) == 1 else settings
