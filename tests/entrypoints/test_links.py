"""`ioc links --once` as a process: it asks what it may, says what it found and keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from http.server import HTTPServer
from pathlib import Path

import pytest

from ioc.queries.library import health
from ioc.services.library import change
from ioc.store import schema
from ioc.store.unit import Store
from tests.ioc.services.test_library import BODY, NEW, T0
from tests.ioc.services.test_probe import address, server

__all__ = ["server"]  # a fixture
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.service
@pytest.mark.parametrize(("path", "code", "state"), [("/200", 0, "ok"), ("/503", 1, "dead")])
def test_each_system_is_asked_once_and_a_dead_one_is_told_by_the_exit_code(
    server: HTTPServer,
    tmp_path: Path,
    path: str,
    code: int,
    state: str,
) -> None:
    entry = address(server, path)
    store = Store(f"sqlite:///{tmp_path}/ioc.sqlite3")
    schema.upgrade(store)
    change(store, NEW, BODY | {"entry": entry}, 0, by="sysadmin", now_ms=T0)
    environment = os.environ | {
        "IOC_DATA_DIR": str(tmp_path),
        "IOC_LINKS_ALLOW": address(server),
        "IOC_DATABASE_URL": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "links", "--once"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("governance/parks")]
    assert line.split()[1:] == [state, "HTTP", path[1:]]
    assert health(store)["governance", "parks"].state == state
    store.close()


def test_an_allow_list_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    environment = os.environ | {"IOC_DATA_DIR": str(tmp_path), "IOC_LINKS_ALLOW": "parks.example"}
    done = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "links", "--once"],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "IOC_LINKS_ALLOW" in done.stderr) == (2, True)
