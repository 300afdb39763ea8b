"""`ioc voucher` finds a published value in the archive or on the bus, says what it rests on, and computes it anew."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from ioc.entrypoints.cli import app
from metrics import keys
from metrics.archive import Life, strands
from metrics.archive_compaction import Retention, sweep
from metrics.archive_published import Published, Said
from metrics.archive_unwritten import Streams
from metrics.clock import real_ms
from metrics.world import World
from tests.metrics.voucher_city import WORLD, live_through

pytestmark = pytest.mark.service
LIFE = Life(WORLD, 7)


@pytest.fixture(scope="module")
def home(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with the archive of a city."""
    home = tmp_path_factory.mktemp("data")
    live_through(valkey_url, home / "archive", beyond_s=1.0)
    yield home
    redis.Redis.from_url(valkey_url).flushall()


def told(home: Path, *arguments: str, url: str = "unix:///nowhere") -> tuple[int, str]:
    found = CliRunner().invoke(
        app, ["voucher", *arguments, "--data-dir", str(home), "--world", WORLD], env={"IOC_REDIS_URL": url}
    )
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


def some(home: Path, condition: str) -> Said:
    return Published(home / "archive", LIFE).said(condition, [])[-1]


def issued(home: Path, said: Said, *more: str) -> dict[str, Any]:
    code, output = told(home, said.name, "--json", *more)
    assert code == 0, output
    found: dict[str, Any] = json.loads(output)
    return found


def test_a_sum_states_its_whole_number_its_rows_and_the_positions_of_its_streams(home: Path) -> None:
    said = some(home, "indicator = 'SUM' AND dims = 'road=R01' AND quality = 'complete' AND samples > 2")
    found = issued(home, said)
    assert (found["value"], found["revision"], found["recomputed"]["same"]) == (said.value, said.revision, True)
    state = found["measures"]["n"]
    assert (state["state"], state["rows"], state["scale"]) == (str(int(said.value or 0)), said.samples, 0)
    shards = found["sources"]["traffic"]["shards"]
    assert {shard: last for shard, (_, last) in shards.items()} == json.loads(said.positions)["traffic"]
    assert set(found["sources"]["traffic"]["remarked"]) <= {"late", "duplicate", "future"}
    assert len(found["definition"]) == len(found["regions"]) == len(found["registries"]["roads"]) == 64


def test_a_percentile_states_a_digest_and_no_values(home: Path) -> None:
    found = issued(home, some(home, "indicator = 'P90' AND value IS NOT NULL"), "--engine", "stream")
    assert len(found["measures"]["p"]["state"]) == 64
    assert found["recomputed"] | {"value": 0, "samples": 0, "quality": ""} == {
        "program": "stream", "value": 0, "samples": 0, "quality": "", "same": True, "equal": True, "young": False,
    }  # fmt: skip


def test_what_was_entered_and_what_other_indicators_said_is_named(home: Path) -> None:
    said = some(home, "indicator = 'SCORE' AND value IS NOT NULL")
    found = issued(home, said)
    assert [(one["name"], one["value"]) for one in found["entered"]] == [("base", 30.0)]
    (used,) = found["used"]
    assert said.value == 30.0 + 2 * used["value"]
    assert used["window_end"] <= said.window_end


def test_people_read_it_in_chinese_first(home: Path) -> None:
    said = some(home, "indicator = 'QUEUE' AND samples > 3")
    code, output = told(home, said.name)
    assert code == 0
    assert output.startswith("数字凭证 voucher")
    assert output.rstrip().endswith("相等 equal: 与发布值完全一致 the very same")


def test_nothing_without_a_beginning_is_shown_as_a_number(home: Path) -> None:
    entered, queue = (
        some(home, "indicator = 'SCORE' AND value IS NOT NULL"),
        some(home, "indicator = 'QUEUE' AND samples > 3"),
    )
    assert [one["valid_from_ms"] for one in issued(home, entered)["entered"]] == [None]
    _, score = told(home, entered.name)
    assert "人工录入 entered base" in score
    assert "一直 always" in score
    assert "窗口 window      时点 at " in score
    _, several = told(home, queue.name)
    assert re.search(r"分片 shard 0  \[\d{13}-\d{1,3}, \d{13}-\d{1,3}\]", several)
    assert not re.search(r"\d{19}", re.sub(r"[0-9a-f]{64}", "", score + several))


def test_a_falsified_archive_is_told_by_exit_code_1(home: Path, tmp_path: Path) -> None:
    said = some(home, "indicator = 'SUM' AND dims = 'road=R01' AND quality = 'complete' AND samples > 2")
    shutil.copytree(home, tmp_path / "data")
    for path in (tmp_path / "data" / "archive" / WORLD / "7" / "observations" / "traffic").rglob("*.parquet"):
        path.unlink()
    code, output = told(tmp_path / "data", said.name)
    assert code == 1, output
    assert "不相等 NOT equal" in output


def test_a_value_that_the_archive_has_not_written_yet_comes_from_the_bus(home: Path, valkey_url: str) -> None:
    written = max(one.commit_ms for one in Published(home / "archive", LIFE).said("true", []))
    with redis.Redis.from_url(valkey_url) as client:
        world = World.from_json(client.hget(keys.WORLDS, WORLD) or b"")
        fresh = Published(home / "archive", LIFE, Streams(client, home / "archive", world)).said("true", [])
    said = [one for one in fresh if one.commit_ms > written and one.samples > 2]
    assert {one.indicator for one in said} >= {"SUM", "SPOTS", "OVERDUE"}
    for one in (said[0], said[-1], *[one for one in said if one.indicator in ("SPOTS", "OVERDUE")][-2:]):
        assert told(home, one.name)[0] == 4
        code, output = told(home, one.name, url=valkey_url)
        assert (code, "相等 equal" in output) == (0, True), output


def test_what_was_never_published_is_exit_code_4_and_no_name_at_all_2(home: Path) -> None:
    assert told(home, "SUM/440303/2001-01-01T00:00")[0] == 4
    assert told(home, "SUM")[0] == 2
    assert told(home, "SUM/440303/noon")[0] == 2
    assert told(home, "")[0] == 2


def test_once_its_rows_have_gone_a_value_cannot_be_judged(home: Path, tmp_path: Path) -> None:
    said = some(home, "indicator = 'SUM' AND dims = 'road=R01' AND quality = 'complete' AND samples > 2")
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    for strand in strands(tmp_path / "archive", LIFE):
        keep_ms = Retention().keep_ms(strand.kind)
        sweep(tmp_path / "archive", strand, real_ms() + 40 * 86_400_000, keep_ms)
    code, output = told(tmp_path, said.name)
    assert code == 4
    assert "NOT equal" not in output
    assert "was removed by retention" in output


def test_an_archive_of_another_version_is_said_in_one_line(home: Path, tmp_path: Path) -> None:
    said = some(home, "indicator = 'SUM' AND quality = 'complete'")
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    (tmp_path / "archive" / WORLD / "7" / "taken.json").write_text('{"v": 9, "taken": {}}')
    code, output = told(tmp_path, said.name)
    assert code == 4
    assert "另一个版本" in output
    assert "taken.json: version 9 is not 1" in output
    assert len(output.splitlines()) == 1
