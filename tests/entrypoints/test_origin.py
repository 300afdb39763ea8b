"""`ioc origin`: who feeds a test says so before its first row, and nobody can take a declaration back afterwards."""

from __future__ import annotations

import json

import pytest
import redis
from typer.testing import CliRunner, Result

from ioc.entrypoints.cli import app
from metrics.clock import real_ms

pytestmark = pytest.mark.service
STREAM = "ioc:live:{traffic:0}:in"


@pytest.fixture(autouse=True)
def _server(monkeypatch: pytest.MonkeyPatch, valkey_url: str, redis_client: redis.Redis) -> None:
    assert redis_client.ping()
    monkeypatch.setenv("IOC_REDIS_URL", valkey_url)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["origin", *arguments])


def test_a_source_is_declared_before_its_first_row(redis_client: redis.Redis) -> None:
    done = run("traffic", "simulated")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "live/traffic  演练 simulated\n", "")
    assert redis_client.hget("ioc:live:origins", "traffic") == b"simulated"


def test_without_an_origin_it_says_what_holds(redis_client: redis.Redis) -> None:
    assert run("traffic").stdout == "live/traffic  实测 real\n"
    redis_client.hset("ioc:live:origins", "traffic", "recorded")
    assert run("traffic").stdout == "live/traffic  回放 recorded\n"


def test_before_the_first_row_a_declaration_can_be_corrected(redis_client: redis.Redis) -> None:
    run("traffic", "simulated")
    assert run("traffic", "real").exit_code == 0
    assert redis_client.hget("ioc:live:origins", "traffic") == b"real"


@pytest.mark.parametrize("origin", ["real", "recorded"])
def test_rows_that_were_declared_simulated_cannot_become_more_real(redis_client: redis.Redis, origin: str) -> None:
    run("traffic", "simulated")
    redis_client.xadd(STREAM, {"t": "0", "k": "LH001"})
    redis_client.xtrim(STREAM, maxlen=0, approximate=False)  # also when they have been trimmed since
    done = run("traffic", origin)
    assert done.exit_code == 2
    assert f"cannot become {origin}: use another data directory (IOC_DATA_DIR)" in done.stderr
    assert redis_client.hget("ioc:live:origins", "traffic") == b"simulated"


def test_rows_may_be_declared_less_real_at_any_time_and_the_past_is_told(redis_client: redis.Redis) -> None:
    redis_client.xadd(STREAM, {"t": "0", "k": "LH001"})
    done = run("traffic", "simulated")
    assert done.exit_code == 0
    assert "keep their mark" in done.stderr
    assert redis_client.hget("ioc:live:origins", "traffic") == b"simulated"


def test_a_source_that_this_machine_feeds_declares_itself(redis_client: redis.Redis) -> None:
    beat = {"at": real_ms(), "origin": "simulated"}
    redis_client.hset("ioc:heartbeats", "feed:live:traffic", json.dumps(beat))
    done = run("traffic", "recorded")
    assert done.exit_code == 2
    assert "declares itself: IOC_SOURCES" in done.stderr
    redis_client.hset("ioc:heartbeats", "feed:live:traffic", json.dumps({**beat, "at": real_ms() - 60_000}))
    assert run("traffic", "recorded").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["trafic", "simulated"], "no source 'trafic'"),
        (["traffic", "fake"], "no origin 'fake'"),
        (["traffic", "simulated", "--world", "nowhere"], "there is no world 'nowhere'"),
    ],
)
def test_names_that_do_not_exist_are_a_wrong_use(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_server_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_REDIS_URL", "unix:///nowhere/v.sock")
    done = run("traffic", "simulated")
    assert done.exit_code == 1
    assert "the data bus does not answer" in done.stderr
