"""A PostgreSQL of the benchmark's own: on a socket in a folder of its own, durable as it ships, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ioc.store.unit import Store

START_S = 30.0


def programs() -> Path | None:
    """Where its programs are, if it is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None


def _become(name: str) -> Callable[[], None] | None:
    """It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(name)

    def become() -> None:
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return become


@contextlib.contextmanager
def postgres(user: str = "postgres") -> Iterator[str]:
    """The URL of a server that answers. Raises FileNotFoundError where it is not installed."""
    where = programs()
    if where is None:
        raise FileNotFoundError("PostgreSQL is not on this machine: .ci/system postgresql")
    become = _become(user)
    with tempfile.TemporaryDirectory(prefix="ioc-bench-pg-", dir="/tmp") as home:
        if become is not None:
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        subprocess.run(
            [where / "initdb", "-D", f"{home}/data", "-U", "ioc", "-A", "trust", "-E", "UTF8"],
            preexec_fn=become, check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        server = subprocess.Popen(
            [where / "postgres", "-D", f"{home}/data", "-k", home, "-c", "listen_addresses="],
            preexec_fn=become,  # noqa: PLW1509 - it starts no thread before
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        try:
            url = f"postgresql://ioc@/postgres?host={home}"
            store, end = Store(url), time.monotonic() + START_S
            while not store.answers():
                if time.monotonic() > end:
                    raise TimeoutError("PostgreSQL does not answer")
                time.sleep(0.05)
            store.close()
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
