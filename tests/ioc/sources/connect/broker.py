"""A real Mosquitto of a test's own on loopback, with a session store, that a test may kill and start again."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from paho.mqtt import publish

from tests.centre import free_ports
from tests.conftest import _tied_to_tests, wait_until

PLACES = "/usr/sbin:/usr/bin:/opt/homebrew/sbin:/usr/local/sbin"


class Broker:
    """`extra` are further lines of its configuration."""

    def __init__(self, home: Path, *extra: str) -> None:
        self._binary = shutil.which("mosquitto", path=PLACES)
        if self._binary is None:
            pytest.fail("Mosquitto is not on this machine: .ci/system mosquitto")
        (self.port,) = free_ports(1)
        self._configuration = home / "mosquitto.conf"
        lines = [
            f"user {getpass.getuser()}",
            "persistence true",
            f"persistence_location {home}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            f"log_dest file {home}/mosquitto.log",
            f"listener {self.port} 127.0.0.1",
        ]
        lines += list(extra) or ["allow_anonymous true"]
        self._configuration.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(self._binary), "-c", str(self._configuration)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_tied_to_tests,  # noqa: PLW1509
        )  # fmt: skip
        wait_until(self._listens, "the broker listens")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def publish(self, *messages: tuple[str, str | bytes], qos: int = 1) -> None:
        """Topic and payload of each; returns when the broker has them."""
        publish.multiple([(topic, payload, qos, False) for topic, payload in messages], "127.0.0.1", self.port)

    def _listens(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
