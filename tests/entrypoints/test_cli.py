"""Every command answers a wrong use with a sentence and a code, never with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ioc.entrypoints.cli import app
from ioc.packs.files import PackErrors


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder with an empty folder, an empty file and a data directory on which nothing ever ran."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("empty").touch()
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "var"))


SPAN = ["--from", "2024-06-01", "--to", "2024-06-02"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["status"], 1, "no Valkey runs on "),
        (["exercise", "status"], 1, "the data bus does not answer"),
        (["exercise", "start", "x"], 2, "no such script: x; known: chemical-smell, "),
        (["exercise", "start", "typhoon", "--world", "live"], 2, "never touches the world live"),
        (["exercise", "check", "x"], 2, "no such script: x"),
        (["engine", "--port", "99999"], 2, "--port"),
        (["engine", "--commit-ms", "-1"], 2, "--commit-ms"),
        (["gateway", "--port", "99999"], 2, "--port"),
        (["archive", "--port", "-1"], 2, "--port"),
        (["engine", "--explain", "--world", "x", "--port", "1"], 2, "no engine on 127.0.0.1:1 that serves x"),
        (["engine", "--explain", "--bundle", "none"], 4, "cannot read none"),
        (["packs", "check", "--root", "none"], 2, "none"),
        (["packs", "check", "--root", "folder"], 3, "no packs in folder"),
        (["packs", "list", "--root", "folder"], 3, "no packs in folder"),
        (["packs", "schema", "--out", "none/x"], 4, "cannot be read or written: none/x: No such file or directory"),
        (["packs", "reference", "--out", "folder"], 4, "cannot be read or written: folder: Is a directory"),
        (["user", "add", "x", "--role", "wall", "--password-file", "none"], 4, "cannot be read or written: none"),
        (["user", "link", "nobody"], 2, "there is no role 'nobody'"),
        (["voucher", "X"], 2, "is not ID[@VERSION]/REGION"),
        (["voucher", "X/440303/2024-06-01"], 4, "no such world"),
        (["backfill", "T1", *SPAN], 4, "no such world"),
        (["archive", "--list"], 4, "there is no archive in"),
        (["backfill", "T1@x", *SPAN], 2, "ID[@VERSION]"),
        (["backfill", "T1", *SPAN, "--out", "none/x.csv"], 2, "none/x.csv: 没有这个目录 no such folder"),
        (["backfill", "T1", "--from", "2024-06-02", "--to", "2024-06-01"], 2, "--to is after --from"),
        (["backfill", "T1", "--from", "99999999999999999", "--to", "2024-06-01"], 2, "is not an ISO 8601 time"),
        (["rehearse", "T1", "--thresholds", "red=1", "--from", "2024-06-02", "--to", "2024-06-01"], 2, "--to is after"),
        (["rehearse", "T1", "--thresholds", "red=1", *SPAN, "--out", "none/x"], 2, "no such folder"),
        (["detect", "none", "--out", "o"], 4, "none: 无法读取 cannot be read"),
        (["detect", "empty", "--out", "o"], 4, "empty: "),
        (["forecast", "folder", "--out", "o"], 4, "folder: 无法读取 cannot be read"),
        (["replay", "none"], 4, "none"),
        (["replay", "empty"], 4, "the file has no header"),
        (["replay", "empty", "--source", "nobody"], 2, "there is no source 'nobody'"),
        (["geo", "import", "empty", "--layer", "subdistricts", "--datum", "wgs84"], 3, "not JSON"),
        (["geo", "resolve", "114.1", "y"], 2, "LON LAT are two numbers"),
    ],
)
def test_a_wrong_use_is_answered_by_a_sentence_and_a_code(arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.exit_code == code, done.output
    assert said in done.stderr


def test_a_replay_with_broken_packs_says_what_is_wrong_with_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise PackErrors(["sources.toml:rain.fields: missing-key: a source has fields"])

    monkeypatch.setattr("ioc.entrypoints.replay.build", broken)
    done = run("replay", "empty")
    assert done.exit_code == 3
    assert "sources.toml:rain.fields: missing-key" in done.stderr


@pytest.mark.parametrize("command", ["source", "engine", "archive", "duty", "gateway"])
def test_a_process_without_a_server_says_what_to_do(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ioc.entrypoints.cli", command],
        env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no Valkey runs on " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["user", "list"], ["db", "status"], ["status"]])
def test_a_data_directory_that_is_a_file_is_named(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(Path("empty").resolve()))
    done = run(*command)
    assert done.exit_code == 4
    assert "cannot be read or written" in done.stderr
    assert "empty" in done.stderr


@pytest.mark.parametrize("address", ["foo://x", "postgresql://h:1x/secret", "mysql://h/secret", "secret"])
def test_an_address_that_is_no_database_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("IOC_DATABASE_URL", address)
    done = run("user", "list")
    assert done.exit_code == 2
    assert "wrong setting: IOC_DATABASE_URL=" in done.stderr
    assert "secret" not in done.stderr


def test_a_file_that_cannot_be_written_is_no_defect_of_evaluate() -> None:
    Path("s.toml").write_text("", encoding="utf-8")
    done = run(
        "evaluate", "--sources", "s.toml", "--indicators", "s.toml", "--at", "2024-06-01", "--out", "/proc/o.csv"
    )
    assert done.exit_code == 4
    assert "cannot be read or written: /proc/o.csv" in done.stderr
