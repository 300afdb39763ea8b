"""One command: it starts, says where, restarts what dies, refuses a second start, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.centre import ROOT, Centre
from tests.conftest import wait_until

pytestmark = pytest.mark.journey

ROLES = {"wall", "leader", "duty", "analyst", "sysadmin", "secadmin", "auditor"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Centre]:
    with Centre(tmp_path / "data directory") as centre:
        yield centre


def gone(processes: list[psutil.Process]) -> bool:
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


def test_it_starts_stops_cleanly_and_writes_private_links(own: Centre) -> None:
    own.start()
    children = own.descendants()
    links = own.links()
    assert set(links) == ROLES
    assert all(link.startswith(own.url) and link in own.said() for link in links.values())
    assert (own.home / "links.json").stat().st_mode & 0o777 == 0o600
    assert own.stop(signal.SIGTERM) == 0
    assert gone(children)
    left = {path.name for path in own.home.iterdir()}
    assert left == {"archive", "audit-anchors.jsonl", "ioc.sqlite3", "logs", "supervisor.lock", "valkey", "valkey.log"}


def test_a_database_that_cannot_be_used_is_said_without_a_traceback(tmp_path: Path) -> None:
    result = started(Centre(tmp_path / "var", IOC_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none"))
    assert result.returncode == 1
    assert "数据库不可用 the database cannot be used (IOC_DATABASE_URL)" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "var" / "connections.json").exists()


def test_ctrl_c_stops_it_cleanly(own: Centre) -> None:
    own.start()
    children = own.descendants()
    assert own.stop(signal.SIGINT) == 0
    assert gone(children)


def test_killed_with_sigkill_it_leaves_no_orphan(own: Centre) -> None:
    own.start()
    children = own.descendants()
    assert len(children) >= 5
    own.stop(signal.SIGKILL)
    wait_until(lambda: gone(children), "every child of a killed supervisor ends", 15)


def test_a_child_that_dies_is_started_again_and_it_says_so(own: Centre) -> None:
    own.start()
    first = own.pid("engine")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: own.pid("engine") != first, "the engine runs again")
    assert "engine 已退出 ended (-9)" in own.said()
    assert "engine 已重启 restarted" in own.said()
    own.stop()


def started(other: Centre) -> subprocess.CompletedProcess[str]:
    """What a start that cannot succeed says before it ends."""
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT, env=other.environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_a_second_start_on_the_same_data_directory_says_who_holds_it(centre: Centre) -> None:
    result = started(Centre(centre.home))
    assert result.returncode == 1
    assert f"in use by process {centre.process.pid}" in result.stderr


def test_a_second_start_on_a_used_port_names_the_port_and_its_variable(centre: Centre, tmp_path: Path) -> None:
    port = centre.environment["IOC_WEB_PORT"]
    result = started(Centre(tmp_path / "var", IOC_WEB_PORT=port))
    assert result.returncode == 1
    assert f"port {port}" in result.stderr
    assert "IOC_WEB_PORT" in result.stderr


def test_a_wrong_setting_is_named_before_anything_starts(tmp_path: Path) -> None:
    result = started(Centre(tmp_path / "var", IOC_WEB_PORT="abc"))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "设置有误 wrong setting: IOC_WEB_PORT='abc': 须为整数 a whole number is needed, 范围 range >= 1, <= 65535\n"
    )
    assert not (tmp_path / "var").exists()


def test_two_ports_that_are_one_are_named_both(tmp_path: Path) -> None:
    port = Centre(tmp_path / "free").environment["IOC_WEB_PORT"]
    result = started(Centre(tmp_path / "var", IOC_WEB_PORT=port, IOC_GATEWAY_PORT=port))
    assert result.returncode == 1
    assert f"port {port} is set twice: IOC_WEB_PORT, IOC_GATEWAY_PORT" in result.stderr


def test_an_unknown_variable_is_named_in_a_warning(tmp_path: Path, centre: Centre) -> None:
    result = started(Centre(centre.home, IOC_WEB_PROT="1"))
    assert "IOC_WEB_PROT" in result.stderr
    assert "IOC_WEB_PORT" in result.stderr


@pytest.mark.parametrize(
    "variable",
    [
        "IOC_WEB_PORT",
        "IOC_GATEWAY_PORT",
        "IOC_SOURCE_HEALTH_PORT",
        "IOC_ENGINE_HEALTH_PORT",
        "IOC_ARCHIVE_HEALTH_PORT",
        "IOC_DUTY_HEALTH_PORT",
    ],
)
def test_every_process_answers_health_readiness_and_metrics_on_loopback(centre: Centre, variable: str) -> None:
    base = f"http://127.0.0.1:{centre.environment[variable]}"
    answers = {path: urllib.request.urlopen(base + path, timeout=5) for path in ("/healthz", "/readyz", "/metrics")}
    assert {answer.status for answer in answers.values()} == {200}
    assert b"# HELP" in answers["/metrics"].read()


def test_status_prints_the_path_and_every_process_is_up(centre: Centre) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "status"],
        env=centre.environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    for room in ("sources", "valkey", "engine", "archive", "duty", "gateway", "web", "supervisor"):
        assert room in result.stdout
    assert "not running" not in result.stdout


def test_a_further_link_leads_to_where_this_centre_listens(centre: Centre) -> None:
    environment = {name: value for name, value in centre.environment.items() if name != "IOC_WEB_PORT"}
    result = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", "user", "link", "analyst"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().startswith(f"{centre.url}/enter/")
