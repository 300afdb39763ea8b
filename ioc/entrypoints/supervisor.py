"""The supervisor: everything on one machine, started in order, kept running, stopped together."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

import redis
import structlog
import typer

from ioc.domain.processes import PROCESSES
from ioc.entrypoints import valkey
from ioc.entrypoints.child import Child
from ioc.entrypoints.formation import services
from ioc.entrypoints.heartbeat import Heartbeat
from ioc.entrypoints.lifeline import PARENT
from ioc.entrypoints.logs import configure
from ioc.settings import DATABASE, Settings
from metrics import keys
from metrics.clock import monotonic_s

POLL_S = 0.1
WANTED_S = 1.0  # how often is asked whether there is work for a child that rests
LINKS = "links.json"  # role -> one-time link, while it runs
STOP_S = 10.0  # then SIGKILL
START_S = 180.0  # a start that takes longer, what was stored included, is a failure that is said, not waited out
NAMES_ZH = {name: zh for name, (zh, _) in PROCESSES.items()} | {
    "links": "关联系统",
    "exercise": "演练",
    "playback": "回看",
    "rehearsals": "预演",
}  # no part of the path
ROLES_ZH = {
    "wall": "指挥大屏",
    "leader": "领导",
    "duty": "值班",
    "analyst": "分析",
    "sysadmin": "系统管理",
    "secadmin": "安全管理",
    "auditor": "审计",
}


class StartError(Exception):
    """The centre cannot start; the message says why and what to do."""


@dataclass(slots=True)
class Supervisor:
    """Starts, watches and stops the children of one data directory."""

    settings: Settings
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    stopping: bool = False
    _held: list[IO[str]] = field(default_factory=list)
    _logs: dict[str, IO[bytes]] = field(default_factory=dict)

    def run(self) -> None:
        """Start everything, print the addresses, keep it running until told to stop. Raises StartError."""
        began = monotonic_s()
        self._claim_directory()
        self._check_ports()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            urls = self._start_valkey()
            links = {} if self.stopping else self._make_links()
            self._start_services(urls)
            if self.stopping:
                return
            self._announce(links, monotonic_s() - began)
            client = redis.Redis.from_url(urls["admin"])
            with Heartbeat(client, "supervisor", self._facts):
                self._watch(client)
        finally:
            self._stop_all()

    def _claim_directory(self) -> None:
        home = self.settings.data_path
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / "logs").mkdir(mode=0o700, exist_ok=True)
            lock = (home / "supervisor.lock").open("a+")
        except OSError as error:
            raise StartError(f"数据目录不可用 data directory {home}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise StartError(
                f"数据目录正被占用 data directory {home} is in use by process {lock.read().strip() or '?'}; "
                "stop that one or set IOC_DATA_DIR"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._held.append(lock)

    def _check_ports(self) -> None:
        settings = self.settings
        ports = {
            "IOC_WEB_PORT": (settings.web_host, settings.web_port),
            "IOC_GATEWAY_PORT": (settings.gateway_host, settings.gateway_port),
            "IOC_SOURCE_HEALTH_PORT": ("127.0.0.1", settings.source_health_port),
            "IOC_ENGINE_HEALTH_PORT": ("127.0.0.1", settings.engine_health_port),
            "IOC_ARCHIVE_HEALTH_PORT": ("127.0.0.1", settings.archive_health_port),
            "IOC_DUTY_HEALTH_PORT": ("127.0.0.1", settings.duty_health_port),
        }
        taken: dict[int, str] = {}
        for variable, (host, port) in ports.items():
            if port and taken.setdefault(port, variable) != variable:
                raise StartError(f"端口重复 port {port} is set twice: {taken[port]}, {variable}")
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as error:
                    raise StartError(
                        f"端口不可用 port {port} on {host} cannot be used ({error.strerror}); set {variable}"
                    ) from None

    def _start_valkey(self) -> Mapping[str, str]:
        if self.settings.redis_url:
            return dict.fromkeys(valkey.RIGHTS, self.settings.redis_url)
        configuration = valkey.prepare(self.settings)
        urls = valkey.connections(self.settings)
        client = redis.Redis.from_url(urls["admin"])
        command = [sys.executable, "-m", "ioc.entrypoints.valkey", str(configuration)]
        child = Child("valkey", command, self._environment({}), lambda: bool(client.ping()))
        self.children.append(child)
        child.start(self._log("valkey"))
        self._await_ready([child])
        client.delete(keys.HEARTBEATS)  # what ran at the last start is not missing now
        return urls

    def _make_links(self) -> Mapping[str, str]:
        from sqlalchemy.exc import SQLAlchemyError

        from ioc.services.links import make_links
        from ioc.store.schema import UnknownSchema

        try:
            links: Mapping[str, str] = make_links(self.settings)
        except (SQLAlchemyError, UnknownSchema) as error:
            raise StartError(f"数据库不可用 the database cannot be used (IOC_DATABASE_URL): {error}") from error
        valkey.write_private(self.settings.data_path / LINKS, json.dumps(links, indent=1) + "\n")
        return links

    def _start_services(self, urls: Mapping[str, str]) -> None:
        started = services(self.settings, urls, self._environment)
        for child in started:
            self.children.append(child)
            if child.wanted is None:
                child.start(self._log(child.name))
        self._await_ready([child for child in started if child.wanted is None])

    def _await_ready(self, waiting: list[Child]) -> None:
        """Show each child as it becomes ready. Raises StartError when one ends or takes too long."""
        began = monotonic_s()
        rest = list(waiting)
        while rest and not self.stopping:
            for child in list(rest):
                if not child.alive():
                    code = child.process.returncode if child.process else "?"
                    raise StartError(f"{child.name} 未能启动 ended with {code}:\n{self._tail(child.name)}")
                with suppress(OSError, redis.RedisError):
                    if child.ready():
                        rest.remove(child)
                        took = monotonic_s() - child.started
                        self.say(f"  {NAMES_ZH[child.name]} {child.name:<8} 就绪 ready  {took:.1f} s")
            if monotonic_s() - began > START_S:
                names = ", ".join(child.name for child in rest)
                raise StartError(f"{names} 未就绪 not ready after {START_S:.0f} s:\n{self._tail(rest[0].name)}")
            time.sleep(POLL_S)

    def _announce(self, links: Mapping[str, str], took: float) -> None:
        settings = self.settings
        lines = [
            "",
            f"罗湖区智能运营中心 已就绪 ready in {took:.1f} s",
            f"  地址 address   {settings.web_url}    数据目录 data  {settings.data_path}",
            "  一次性登录链接（仅限本机）one-time sign-in links, this machine only:",
            *(f"    {ROLES_ZH.get(role, ''):　<4} {role:<9} {link}" for role, link in links.items()),
            "  停止 stop: Ctrl-C",
            "",
        ]
        self.say("\n".join(lines))

    def _watch(self, client: redis.Redis) -> None:
        log = structlog.get_logger()
        while not self.stopping:
            for child in self.children:
                title = f"  {NAMES_ZH[child.name]} {child.name}"
                if child.alive():
                    continue
                if child.wanted is not None and child.rests():
                    self._start_wanted(child)
                elif child.resume_at is None:
                    wait = child.put_off()
                    with suppress(redis.RedisError):
                        _mark_ended(client, child)
                    log.warning("child_ended", child=child.name, exit=child.last_exit, restart_in_s=wait)
                    self.say(f"{title} 已退出 ended ({child.last_exit})，{wait:g} s 后重启 restarting")
                elif monotonic_s() >= child.resume_at:
                    child.restart(self._log(child.name))
                    self.say(f"{title} 已重启 restarted，第 {child.restarts} 次")
            time.sleep(POLL_S)

    def _start_wanted(self, child: Child) -> None:
        """A child that ends by itself when there is nothing to do is started when there is."""
        if monotonic_s() < child.asked_again_at:
            return
        child.asked_again_at = monotonic_s() + WANTED_S
        with suppress(redis.RedisError):
            if child.wanted is not None and child.wanted():
                child.start(self._log(child.name))

    def _facts(self) -> Mapping[str, object]:
        return {
            "children": {
                child.name: {
                    "pid": child.process.pid if child.process else None,
                    "alive": child.alive(),
                    "idle": child.wanted is not None and not child.alive() and child.rests(),
                    "restarts": child.restarts,
                    "exit": child.last_exit,
                }
                for child in self.children
            }
        }

    def _stop_all(self) -> None:
        """Readers before writers, Valkey last; each gets STOP_S to end by itself."""
        readers = ["links", "web", "gateway", "playback", "rehearsals", "duty"]
        order = [*readers, "exercise", "replay", "source", "engine", "archive", "valkey"]
        for child in sorted(self.children, key=lambda child: order.index(child.name)):
            if not child.stop(STOP_S):
                structlog.get_logger().warning("child_killed", child=child.name, waited_s=STOP_S)
        self._leave_nothing()

    def _leave_nothing(self) -> None:
        """What only opens doors while it runs is removed; the database is one whole file again."""
        from sqlalchemy.exc import SQLAlchemyError

        from ioc.store.unit import Store

        for name in (LINKS, valkey.CONNECTIONS):
            (self.settings.data_path / name).unlink(missing_ok=True)
        if not self.settings.database_url and (self.settings.data_path / DATABASE).exists():
            store = Store(self.settings.sql_url)
            try:
                store.settle()
            except SQLAlchemyError as error:  # another program reads it: the log is written back when that one ends
                structlog.get_logger().warning("database_not_settled", error=str(error))
            finally:
                store.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.stopping:
            self.say("  正在停止 stopping ...")
        self.stopping = True

    def _environment(self, own: Mapping[str, str]) -> Mapping[str, str]:
        tie = {"IOC_DATA_DIR": str(self.settings.data_path), PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **tie, **own}

    def _log(self, name: str) -> IO[bytes]:
        if name not in self._logs:
            self._logs[name] = (self.settings.data_path / "logs" / f"{name}.log").open("ab")
        return self._logs[name]

    def _tail(self, name: str) -> str:
        path = self.settings.data_path / "logs" / f"{name}.log"
        return "\n".join(f"    {line}" for line in path.read_text(errors="replace").splitlines()[-12:])


def _mark_ended(client: redis.Redis, child: Child) -> None:
    """Say at once in every heartbeat of this child that it ended, so that no screen waits for its absence."""
    if child.process is None:
        return
    beats: Mapping[Any, Any] = client.hgetall(keys.HEARTBEATS)
    for name, text in beats.items():
        fact = json.loads(text)
        if fact.get("pid") == child.process.pid:
            client.hset(keys.HEARTBEATS, name.decode(), json.dumps({**fact, "ended": True}, ensure_ascii=False))


def main() -> None:
    """Run the whole centre until stopped: `make run`, `python app.py`, `ioc run`."""
    settings = Settings()
    configure("supervisor", settings.log_level)
    if settings.feed and not Path(settings.feed).is_file():
        typer.echo(f"无法启动 cannot start: IOC_FEED: 没有这个文件 no such file: {settings.feed}", err=True)
        raise SystemExit(2)
    typer.echo("罗湖区智能运营中心 正在启动 starting ...")
    try:
        Supervisor(settings, typer.echo).run()
    except StartError as error:
        typer.echo(f"无法启动 cannot start: {error}", err=True)
        raise SystemExit(1) from None
    typer.echo("  已停止 stopped")
