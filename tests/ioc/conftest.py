"""Databases for the tests of the centre: SQLite always, PostgreSQL where its programs are installed."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from ioc.security.seal import Seal
from ioc.store import schema
from ioc.store.unit import Store


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None


def _as_user(name: str | None) -> Callable[[], None]:
    def become() -> None:
        if name is not None:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam(name)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    return become


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a private PostgreSQL on a unix socket; its database is emptied by the `store` fixture."""
    programs = _programs()
    if programs is None:
        pytest.fail("PostgreSQL is not on this machine: .ci/system postgresql")
    user = None
    if os.geteuid() == 0:
        user = next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name in {"postgres", "nobody"}), None)
        if user is None:
            pytest.fail("PostgreSQL needs a user other than root")
    with tempfile.TemporaryDirectory(prefix="ioc-pg-") as home:
        if user is not None:
            os.chown(home, pwd.getpwnam(user).pw_uid, -1)
        become = _as_user(user)
        subprocess.run(
            [programs / "initdb", "-D", f"{home}/data", "-U", "ioc", "-A", "trust", "--no-sync", "-E", "UTF8"],
            preexec_fn=become, check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        server = subprocess.Popen(
            [programs / "postgres", "-D", f"{home}/data", "-k", home, "-c", "listen_addresses=", "-F"],
            preexec_fn=become,  # noqa: PLW1509
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        url = f"postgresql://ioc@/postgres?host={home}"
        probe = Store(url)
        _wait(probe.answers, "PostgreSQL answers")
        probe.close()
        yield url
        server.send_signal(signal.SIGINT)
        server.wait()


def _wait(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A database without tables, on each engine."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3", a_seal())
    else:
        store = Store(request.getfixturevalue("postgres_url"), a_seal())
        with store.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    yield store
    store.close()


def a_seal() -> Seal:
    return Seal([Fernet.generate_key().decode()])


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A database of this program's version, on each engine."""
    schema.upgrade(empty_store)
    return empty_store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A SQLite database of this program's version."""
    store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3", a_seal())
    schema.upgrade(store)
    yield store
    store.close()
