"""`ioc engine --explain`: of a bundle in a file, and of an engine that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from ioc.entrypoints.explain import explained
from ioc.entrypoints.health import serve
from tests.conftest import wait_until
from tests.metrics.worker_world import NOON, WORLD, bundle, feed, open_world, send_plain, working

SCANS = [(None, ["count"]), ("speed", ["count", "sum"])]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["engine", "--explain", *arguments])
    return done.exit_code, done.stdout


def test_the_static_plan_of_a_bundle_is_printed(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(bundle(), encoding="utf-8")
    code, out = run("--bundle", str(tmp_path / "bundle.json"), "--json")
    assert code == 0
    (plan,) = json.loads(out)
    assert [(one["field"], one["folds"]) for one in plan["sources"][0]["scans"]] == SCANS
    assert "扫描 scan" in run("--bundle", str(tmp_path / "bundle.json"))[1]


def test_a_bundle_that_cannot_be_read_is_exit_4(tmp_path: Path) -> None:
    assert run("--bundle", str(tmp_path / "none.json"))[0] == 4


@pytest.mark.service
def test_the_plan_of_a_running_engine_tells_what_it_holds(valkey_url: str, redis_client: redis.Redis) -> None:
    open_world(redis_client)
    with working(valkey_url) as worker:
        server = serve("engine", 0, dict, pages={"/explain": lambda: explained(worker)})
        try:
            send_plain(redis_client, [(NOON, "LH001", 500), (NOON + 1000, "LH002", 400)])
            wait_until(lambda: feed(redis_client).get("rows") == 2, "the rows are counted")
            code, out = run("--port", str(server.server_port), "--world", WORLD, "--json")
            other, _ = run("--port", str(server.server_port), "--world", "nowhere")
        finally:
            server.shutdown()
    assert (code, other) == (0, 2)
    (plan,) = json.loads(out)
    assert (plan["world"], plan["sources"][0]["rows"]) == (WORLD, 2)
    assert [one["keys"] for one in plan["sources"][0]["scans"]] == [2, 2]
    assert sum(one["share"] for one in plan["indicators"]) == pytest.approx(1.0)
