"""`ioc video`: the clip is made where it is looked for, and who watches is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from ioc.domain.watching import Lease
from ioc.entrypoints.cli import app
from ioc.settings import Settings
from ioc.sources import clip
from metrics import keys
from metrics.clock import real_ms

pytestmark = pytest.mark.service


def test_the_clip_is_made_where_the_web_server_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "var"))
    told = CliRunner().invoke(app, ["video", "demo"])
    assert told.exit_code == 0, told.output
    assert "24 s" in told.output
    assert clip.made(Settings(data_dir=tmp_path / "var").clip_path)


def test_without_ffmpeg_it_says_how_to_get_it_and_exits_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told = CliRunner().invoke(app, ["video", "demo", str(tmp_path / "clip")])
    assert told.exit_code == 4
    assert "apt-get install ffmpeg" in told.output


def test_who_watches_is_listed_with_screen_and_beginning(
    tmp_path: Path, valkey_url: str, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IOC_REDIS_URL", valkey_url)
    assert CliRunner().invoke(app, ["video", "watching"]).output == "无人观看 nobody watches\n"
    lease = Lease("ling", "凌", "main", {"live/cameras/CAM1": 1_790_000_000_000}, real_ms() + 20_000)
    redis_client.hset(keys.VIDEO, "s:p", lease.to_json())
    redis_client.hset(keys.VIDEO, "s:old", '{"v":9}')  # of another version
    told = CliRunner().invoke(app, ["video", "watching"])
    assert told.exit_code == 0
    assert told.output.split() == ["live/cameras/CAM1", "ling", "main", "自", "since", "2026-09-21", "22:13:20"]


def test_a_bus_that_does_not_answer_exits_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_REDIS_URL", f"unix://{tmp_path}/none.sock")
    assert CliRunner().invoke(app, ["video", "watching"]).exit_code == 1
