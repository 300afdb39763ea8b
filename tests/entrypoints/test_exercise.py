"""`ioc exercise` without a running centre: the command itself feeds, and an interrupt lets the exercise stand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.sources import exercise
from metrics import keys
from metrics.archive import remove_world
from tests.conftest import wait_until

WORLD = "chemical-smell"


def command(url: str, home: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ioc.entrypoints.cli", "exercise", *words],
        env={**os.environ, "IOC_REDIS_URL": url, "IOC_DATA_DIR": str(home)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(url: str, home: Path, *words: str) -> str:
    process = command(url, home, *words)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out


@pytest.mark.service
def test_it_feeds_until_it_is_interrupted_and_then_it_stands(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    process = command(valkey_url, tmp_path, "start", WORLD, "--world", "drill")
    wait_until(lambda: redis_client.xlen(keys.observations("drill", "request")), "requests of the exercise", 120)
    again = command(valkey_url, tmp_path, "start", WORLD, "--world", "drill")
    _, refused = again.communicate(timeout=120)
    assert (again.returncode, "there is a world drill already" in refused) == (3, True)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 0
    world = exercise.named(redis_client, "drill")
    assert exercise.stands(world)
    assert not redis_client.hexists(keys.HEARTBEATS, "exercise")
    shown = json.loads(said(valkey_url, tmp_path, "status", "--json"))
    assert [(one["world"], one["exercise"], one["stands"]) for one in shown] == [("drill", WORLD, True)]
    assert "exercise drill stands at 2025-11-12 0" in said(valkey_url, tmp_path, "stop")  # once more: nothing happens
    assert exercise.named(redis_client, "drill") == world
    assert "exercise drill is gone" in said(valkey_url, tmp_path, "remove")
    assert redis_client.keys("ioc:*") in ([], [keys.HEARTBEATS.encode()])


def test_a_world_goes_whole_from_the_archive_while_somebody_still_writes_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "drill" / "1"
    folder.mkdir(parents=True)
    (folder / ".part.parquet.draft").touch()
    unlink, calls = os.unlink, []

    def renamed_meanwhile(path: str, **more: Any) -> None:
        calls.append(path)
        if len(calls) == 1:
            (folder / ".part.parquet.draft").rename(folder / "part.parquet")
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", renamed_meanwhile)
    assert remove_world(tmp_path, "drill") == 1
    assert not (tmp_path / "drill").exists()


def test_of_the_archive_one_world_goes_and_the_others_stay(tmp_path: Path) -> None:
    for world in ("drill", "live"):
        folder = tmp_path / world / "1" / "values" / "2026-01-01"
        folder.mkdir(parents=True)
        (folder / "part.parquet").touch()
    assert remove_world(tmp_path, "drill") == 1
    assert remove_world(tmp_path, "drill") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["live"]
