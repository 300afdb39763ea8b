"""`ioc screen` on a data directory: what it makes, lists and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ioc.entrypoints.cli import app
from ioc.services.screen_devices import ask
from ioc.store.unit import Store
from metrics.clock import real_ms


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["screen", *arguments])


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    return f"sqlite:///{tmp_path}/ioc.sqlite3"


def test_a_wall_and_its_zones_are_added_set_listed_and_removed():
    assert run("add", "hall", "--zh", "大厅", "--en", "hall", "--width", "9000", "--distance", "8000").exit_code == 0
    assert run("add", "hall.left", "--pin", "traffic").exit_code == 0
    assert run("set", "hall", "--rotation", "overview:60,traffic:30", "--reload", "").exit_code == 0
    said = [json.loads(line)["screen"] for line in run("list", "--json").stdout.splitlines()]
    assert [(each["name"], each["rotation"], each["pinned"], each["reload_at"]) for each in said] == [
        ("hall", [["", 60], ["traffic", 30]], None, ""),
        ("hall.left", [], "traffic", "03:30"),
        ("main", [], None, "03:30"),
    ]
    assert "9000 mm / 8000 mm" in run("list").stdout
    assert run("set", "hall.left", "--pin", "").exit_code == 0
    assert run("remove", "hall").exit_code == 0
    assert len(run("list").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "Main"], "beginning with a letter"),
        (["add", "main"], "The screen main exists"),
        (["add", "hall.left"], "no screen hall"),
        (["set", "nope", "--pin", ""], "no screen nope"),
        (["set", "main", "--rotation", "traffic"], "SCENE:SECONDS"),
        (["set", "main", "--pin", "nope"], "no wall of a scene nope"),
        (["approve", "AAAABBBB", "main"], "No device shows this code"),
        (["revoke", "12345678"], "no device 12345678"),
    ],
)
def test_what_is_refused_says_why_and_exits_1(arguments: list[str], said: str):
    result = run(*arguments)
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr


def test_a_device_is_approved_by_its_code_and_revoked_by_its_id(database: str):
    run("list")
    store = Store(database)
    device, _ = ask(store, "10.1.2.3", real_ms())
    store.close()
    assert f"{device.code[:4]}-{device.code[4:]}" in run("list").stdout
    assert run("approve", device.code, "main").exit_code == 0
    assert "已批准 approved\tmain\t10.1.2.3" in run("list").stdout
    assert run("revoke", device.id[:8]).exit_code == 0
    assert device.id[:8] not in run("list").stdout
