"""`ioc geo communities` and `ioc geo numbers` as a person types them; what is entered reaches the bundle."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from typer.testing import CliRunner

from ioc.entrypoints.geo import app
from ioc.entrypoints.logs import configure
from ioc.entrypoints.publisher import Publisher
from ioc.settings import Settings
from metrics import keys
from metrics.definition import load
from tests.conftest import wait_until

pytestmark = pytest.mark.service  # each command opens a database of its own
Geo = Callable[..., Any]


@pytest.fixture
def geo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Geo:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_the_community_table_is_empty_until_the_district_fills_it_and_then_says_so(geo: Geo, tmp_path: Path) -> None:
    assert "has not filled the community table yet" in geo("communities", "list").output
    form = tmp_path / "form.csv"
    assert geo("communities", "export", "--out", form).exit_code == 0
    file = tmp_path / "filled.csv"
    file.write_text("committee,community_code,community\n440303001001,S1,甲社区\n440303001002,S1,甲社区\n")
    told = geo("communities", "import", file, "--dry-run")
    assert (told.exit_code, "added 2" in told.output) == (0, True)
    assert "edition 0" in geo("communities", "list").output
    assert "edition 1" in geo("communities", "import", file, "--by", "li").output
    assert "甲社区 S1" in geo("communities", "list").output
    assert "undone" in geo("communities", "undo").output
    assert "has not filled" in geo("communities", "list").output
    assert "甲社区" in geo("communities", "export", "--edition", "1").output


def test_a_wrong_file_changes_nothing_and_ends_with_1(geo: Geo, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("committee,community\n440303001,甲\n")
    told = geo("communities", "import", file)
    assert (told.exit_code, "no committee" in told.output) == (1, True)
    assert "edition 0" in geo("communities", "list").output


def test_a_number_that_is_entered_is_in_force_in_the_running_engine_and_gone_when_undone(
    geo: Geo, valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", redis_url=valkey_url)
    stop = threading.Event()

    def population() -> float | None:
        told: Any = redis_client.get(keys.BUNDLE)
        return load(json.loads(told)).regions.attribute("440303001", "population") if told else None

    try:
        Publisher(redis_client, settings, configure("test")).start(stop)
        first: Any = redis_client.get(keys.BUNDLE)
        assert population() is None
        assert (
            geo("numbers", "set", "440303001", "--population", 91000, "--year", 2020, "--source", "七普").exit_code == 0
        )
        wait_until(lambda: population() == 91000, "the number is in force")
        assert geo("numbers", "undo").exit_code == 0
        wait_until(lambda: redis_client.get(keys.BUNDLE) == first, "the number is gone")
    finally:
        stop.set()


def test_numbers_stay_in_force_while_the_database_is_away(
    geo: Geo, valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", redis_url=valkey_url)
    geo("numbers", "set", "440303001", "--population", 91000, "--year", 2020, "--source", "七普")
    assert Publisher(redis_client, settings, configure("test")).look()
    before: Any = redis_client.get(keys.BUNDLE)
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"no database" * 1000)
    away = Settings(data_dir=tmp_path / "data", redis_url=valkey_url, database_url=f"sqlite:///{broken}")
    assert Publisher(redis_client, away, configure("test")).look()
    after: Any = redis_client.get(keys.BUNDLE)
    assert json.loads(after) == json.loads(before)


def test_buildings_are_imported_found_and_exported_again(geo: Geo, tmp_path: Path) -> None:
    assert "has not brought" in geo("addresses", "list").output
    file = tmp_path / "buildings.csv"
    file.write_text("code,kind,name,parent,region\nB1,block,翠竹苑,,440303004001\nB1-3,,3栋,B1,\n", encoding="utf-8")
    assert "building 1" in geo("addresses", "import", file, "--dry-run").output
    assert geo("resolve", "翠竹苑三幢").exit_code == 4
    assert "added 2" in geo("addresses", "import", file, "--by", "li").output
    assert "same 2" in geo("addresses", "import", file).output
    lines = geo("resolve", "翠竹苑三幢").output.splitlines()
    assert [line.split()[0] for line in lines] == ["B1-3", "B1", "440303004001", "440303004", "440303"]
    assert json.loads(geo("resolve", "B1-3", "--json").output)["chain"][0]["zh"] == "3栋"
    assert geo("resolve", "翠竹院").exit_code == 1
    file.write_text("code,name\nB2,没有归属\n", encoding="utf-8")
    refused = geo("addresses", "import", file)
    assert (refused.exit_code, "nothing was changed" in refused.output) == (3, True)
    assert geo("addresses", "export").output.count("\n") == 3
    assert "edition 1" in geo("addresses", "list").output
