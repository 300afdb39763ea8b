"""The embedded Valkey: rights per user, private files, awkward directories."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def running(settings: Settings) -> Iterator[dict[str, str]]:
    """The embedded Valkey on a data directory: user -> URL."""
    configuration = valkey.prepare(settings)
    environment = {**os.environ, "IOC_PARENT_PID": str(os.getpid())}
    process = subprocess.Popen([sys.executable, "-m", "ioc.entrypoints.valkey", str(configuration)], env=environment)
    urls = dict(valkey.connections(settings))
    wait_until(redis.Redis.from_url(urls["admin"]).ping, "the embedded Valkey answers")
    yield urls
    process.terminate()
    assert process.wait(10) == 0


@pytest.fixture
def urls(settings: Settings) -> Iterator[dict[str, str]]:
    with running(settings) as urls:
        yield urls


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working folder as README has it: below it `var`, on which an embedded Valkey runs."""
    home = tmp_path_factory.mktemp("folder")
    (home / "var").mkdir()
    with running(Settings(data_dir=home / "var")):
        yield home


@pytest.mark.parametrize(("machine", "limit"), [(4, 2), (16, 4), (64, 8)])
def test_it_may_hold_a_quarter_of_what_the_machine_has_and_never_less_than_the_city_needs(
    machine: int, limit: int
) -> None:
    assert valkey.memory_limit(machine << 30) == limit << 30


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
    web.xadd("ioc:live:{traffic:0}:in", {"t": "0"})
    web.hset("ioc:live:origins", "traffic", "real")
    web.set("api:once:a:b", "x", ex=30)
    assert web.info("memory")["maxmemory"] > 0
    with web.pipeline(transaction=True) as pipe:
        pipe.watch("ioc:live:origins", "api:once:a:b")
        assert pipe.get("api:once:a:b") == b"x"
    with pytest.raises(redis.exceptions.NoPermissionError):
        web.delete("ioc:live:{engine}:values")
    with pytest.raises(redis.exceptions.NoPermissionError):
        web.hset("ioc:worlds", "live", "x")
    with pytest.raises(redis.exceptions.NoPermissionError):
        engine.get("api:once:a:b")
    with pytest.raises(redis.exceptions.NoPermissionError):
        engine.flushall()
    archive = redis.Redis.from_url(urls["archive"])
    assert archive.xinfo_stream("ioc:live:{traffic:0}:in")["length"] == 2
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
    anybody, stream = redis.Redis(unix_socket_path=str(settings.socket_path)), "ioc:live:{traffic:0}:in"
    assert anybody.ping()
    assert anybody.xadd(stream, {"t": "0", "k": "LH001"})
    assert redis.Redis.from_url(urls["admin"]).xlen(stream) == 1


@pytest.mark.parametrize(
    "command",
    [
        "XADD ioc:live:{engine}:values * a b", "HSET ioc:live:origins traffic recorded",  # writing anything else
        "XRANGE ioc:live:{traffic:0}:in - +", "XREVRANGE ioc:live:{traffic:0}:in + -", "XLEN ioc:live:{traffic:0}:in",
        "XREAD STREAMS ioc:live:{traffic:0}:in 0", "XINFO STREAM ioc:live:{traffic:0}:in",  # reading
        "HGETALL ioc:live:origins", "DEL ioc:live:{traffic:0}:in", "XTRIM ioc:live:{traffic:0}:in MAXLEN 0",
        "KEYS *", "SCAN 0", "INFO", "CLIENT LIST", "CLIENT KILL TYPE normal", "ACL WHOAMI", "CONFIG GET *", "FLUSHALL",
        "EVAL return 0", "SUBSCRIBE a", "MONITOR",
    ],
)  # fmt: skip
def test_a_local_producer_may_not_read_nor_write_anything_else(folder: Path, command: str) -> None:
    anybody = redis.Redis(unix_socket_path=str(folder / "var" / "valkey.sock"))
    anybody.xadd("ioc:live:{traffic:0}:in", {"t": "0", "k": "LH001"})
    with pytest.raises(redis.exceptions.NoPermissionError):
        anybody.execute_command(*command.split(" "))


def test_what_readme_says_feeds_an_observation_without_a_password(folder: Path) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    admin = redis.Redis.from_url(valkey.connections(Settings(data_dir=folder / "var"))["admin"])
    ((_, entry),) = admin.xrevrange("ioc:live:{traffic:0}:in", count=1)
    assert entry[b"k"] == b"LH001"
    assert entry[b"speed"] == b"23.4"


def test_files_with_secrets_are_private(urls: dict[str, str], settings: Settings) -> None:
    assert urls
    path = settings.data_path / "connections.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (settings.data_path / "valkey" / "users.acl").stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {
        "source",
        "engine",
        "archive",
        "duty",
        "gateway",
        "playback",
        "web",
        "admin",
    }


def test_playback_writes_its_own_worlds_and_reads_the_others(urls: dict[str, str]) -> None:
    own = redis.Redis.from_url(urls["playback"])
    own.hset("ioc:playback-0123456789:{engine}:latest", "T1|440303|", b"x")
    own.hset("ioc:worlds", "playback-0123456789", "{}")
    own.hgetall("ioc:live:{engine}:latest")
    assert own.blpop(["ioc:playbacks:called"], timeout=0.01) is None
    for key in ("ioc:live:{engine}:latest", "ioc:bundle", "ioc:live:origins", "sec:session:x"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            own.hset(key, "a", "b")
