"""A whole centre as a user starts it: `python app.py` on free ports and a data directory of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psutil
import redis

from tests.conftest import wait_until

ROOT = Path(__file__).resolve().parents[1]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, each another."""
    holders = [socket.socket() for _ in range(count)]
    for holder in holders:
        holder.bind(("127.0.0.1", 0))
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


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
