"""The embedded Valkey: rights per user, private files, awkward directories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ioc.entrypoints import valkey
from ioc.settings import Settings
from tests.conftest import wait_until

pytestmark = pytest.mark.service


@pytest.fixture(params=["plain", 'with "quotes" and spaces', "very-" + "deep" * 30])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    home = tmp_path / request.param
    home.mkdir()
    return Settings(data_dir=home)


@pytest.fixture
def urls(settings: Settings) -> Iterator[dict[str, str]]:
    configuration = valkey.prepare(settings)
    environment = {**os.environ, "IOC_PARENT_PID": str(os.getpid())}
    process = subprocess.Popen([sys.executable, "-m", "ioc.entrypoints.valkey", str(configuration)], env=environment)
    urls = dict(valkey.connections(settings))
    wait_until(redis.Redis.from_url(urls["admin"]).ping, "the embedded Valkey answers")
    yield urls
    process.terminate()
    assert process.wait(10) == 0


def test_it_starts_in_any_directory_and_each_user_may_do_its_own_work(urls: dict[str, str], settings: Settings) -> None:
    source, engine, gateway, web = (redis.Redis.from_url(urls[user]) for user in ("source", "engine", "gateway", "web"))
    source.xadd("ioc:live:{traffic:0}:in", {"t": "0"})
    assert engine.eval("return redis.call('xlen', KEYS[1])", 1, "ioc:live:{traffic:0}:in") == 1
    web.set("sec:ticket:abc", "x", ex=30)
    assert gateway.getdel("sec:ticket:abc") == b"x"
    with pytest.raises(redis.exceptions.NoPermissionError):
        source.get("sec:ticket:abc")
    with pytest.raises(redis.exceptions.NoPermissionError):
        gateway.xadd("ioc:live:{traffic:0}:in", {"t": "0"})
    with pytest.raises(redis.exceptions.NoPermissionError):
        web.delete("ioc:live:{engine}:values")
    with pytest.raises(redis.exceptions.NoPermissionError):
        engine.flushall()
    archive = redis.Redis.from_url(urls["archive"])
    assert archive.xinfo_stream("ioc:live:{traffic:0}:in")["length"] == 1
    assert archive.xread({"ioc:live:{traffic:0}:in": "0"})
    archive.set("ioc:archive", "{}")
    archive.hset("ioc:live:archive", "ioc:live:{traffic:0}:in", "1-0")
    assert engine.hget("ioc:live:archive", "ioc:live:{traffic:0}:in") == b"1-0"
    with pytest.raises(redis.exceptions.NoPermissionError):
        archive.xadd("ioc:live:{traffic:0}:in", {"t": "0"})
    with pytest.raises(redis.exceptions.NoPermissionError):
        archive.hset("ioc:live:{engine}:latest", "x", "y")


def test_a_local_producer_without_a_password_may_only_feed_observations(
    urls: dict[str, str], settings: Settings
) -> None:
    assert urls
    anybody = redis.Redis(unix_socket_path=str(settings.socket_path))
    assert anybody.xadd("ioc:live:{traffic:0}:in", {"t": "0", "k": "LH001"})
    assert anybody.xlen("ioc:live:{traffic:0}:in") == 1
    with pytest.raises(redis.exceptions.NoPermissionError):
        anybody.xadd("ioc:live:{engine}:values", {"a": "b"})
    with pytest.raises(redis.exceptions.NoPermissionError):
        anybody.delete("ioc:live:{traffic:0}:in")
    with pytest.raises(redis.exceptions.NoPermissionError):
        anybody.keys()


def test_files_with_secrets_are_private(urls: dict[str, str], settings: Settings) -> None:
    assert urls
    path = settings.data_path / "connections.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (settings.data_path / "valkey" / "users.acl").stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"source", "engine", "archive", "gateway", "web", "admin"}
