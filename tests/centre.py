"""A whole centre as a user starts it: `python app.py` on free ports and a data directory of its own."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import psutil
import redis

from tests.conftest import wait_until

ROOT = Path(__file__).resolve().parents[1]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, each another; a process of the tests has a range of its own. They lie below
    those that the kernel gives to whoever connects somewhere (32768 and up on Linux, 49152 on macOS): until one listens
    on them nobody else gets them by chance."""
    return [next(_PORTS) for _ in range(count)]


def _free() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
    ports = range(12_000 + 2_000 * worker, 14_000 + 2_000 * worker)
    for port in itertools.chain.from_iterable(itertools.repeat(random.sample(ports, len(ports)))):
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                holder.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


_PORTS = _free()


class Centre:
    """Start it, read its links, kill parts of it, stop it."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        web, gateway, source, engine, archive, duty = free_ports(6)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("IOC_")} | {
            "IOC_DATA_DIR": str(home),
            "IOC_WEB_PORT": str(web),
            "IOC_GATEWAY_PORT": str(gateway),
            "IOC_SOURCE_HEALTH_PORT": str(source),
            "IOC_ENGINE_HEALTH_PORT": str(engine),
            "IOC_ARCHIVE_HEALTH_PORT": str(archive),
            "IOC_DUTY_HEALTH_PORT": str(duty),
            "IOC_SOURCES": "cloud,traffic",  # a whole city has no place in a quick test
            **variables,
        }
        self.url = f"http://127.0.0.1:{web}"
        self.output = home.parent / f"{home.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_s: float = 60.0) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        wait_until(lambda: "已就绪 ready" in self.said() or self.process.poll() is not None, "started", timeout_s)
        assert self.process.poll() is None, self.said()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.stop()

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def links(self) -> Mapping[str, str]:
        links: Mapping[str, str] = json.loads((self.home / "links.json").read_text())
        return links

    def redis(self, user: str = "admin") -> redis.Redis:
        """A client of the embedded Valkey; made anew after each start, because passwords are."""
        return redis.Redis.from_url(json.loads((self.home / "connections.json").read_text())[user])

    def pid(self, name: str) -> int:
        """The process of a child, as the supervisor's heartbeat names it."""
        wait_until(lambda: self.redis().hexists("ioc:heartbeats", "supervisor"), "the supervisor's heartbeat")
        return int(json.loads(self.redis().hget("ioc:heartbeats", "supervisor"))["children"][name]["pid"])

    def descendants(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(40)
