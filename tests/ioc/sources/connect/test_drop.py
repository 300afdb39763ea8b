"""Files put into a folder: taken once, sent once, reported row by row; a restart goes on where the bus left off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import redis
from openpyxl import Workbook

from ioc.sources.connect import drop
from ioc.sources.connect.drop import DropWay
from ioc.sources.connect.inbox import Inbox
from ioc.sources.connect.mapping import Shape, Where
from ioc.sources.connect.memory import Memory
from ioc.sources.connect.sheet import ENDINGS, Sheet
from metrics import keys
from metrics.clock import real_ms
from tests.conftest import wait_until
from tests.ioc.sources.connect.wire import Run, landing, stream

pytestmark = pytest.mark.service

HEAD = "time,station,mm\n"


def minutes_ago(count: float) -> str:
    moment = datetime.now(timezone(timedelta(hours=8))) - timedelta(minutes=count)
    return moment.replace(microsecond=0, tzinfo=None).isoformat()


def way(home: Path, fields: Mapping[str, Where] | None = None, most: int = 1 << 20) -> DropWay:
    memory = Memory(home / "memory" / "rain.json")
    inbox = Inbox(home / "in", ENDINGS)
    return DropWay(inbox, Shape(fields or {}), Sheet(home), most, memory, Memory(home / "memory" / "way.json"))


def put(home: Path, name: str, text: str) -> Path:
    folder = home / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / "processed" / name


def report(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_name(path.name + ".report.json").read_text())
    return found


def sent(client: redis.Redis) -> list[float | None]:
    return [row.get("mm") for row in stream(client, "rain", real_ms()).rows]


def test_a_table_comes_in_and_its_report_says_what_is_wrong_row_by_row(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    at = minutes_ago(5)
    path = put(tmp_path, "a.csv", f"{HEAD}{at},RG01,0.5\n{at},RG02,much\n{at},RG03\n{at},,1\n{at},RG05,0.7\n")
    with Run(valkey_url, "rain", way(tmp_path)):
        wait_until(path.exists, "the file is processed")
    told = report(path)
    assert [told[name] for name in ("state", "rows", "accepted", "rejected")] == ["processed", 5, 2, 3]
    assert told["rules"] == {"type": 1, "form": 1, "missing": 1}
    assert [(one["row"], one["field"], one["rule"]) for one in told["faults"]] == [
        (2, "mm", "type"), (3, "", "form"), (4, "station", "missing"),
    ]  # fmt: skip
    assert told["faults"][0]["zh"] == "类型不符"
    assert sent(redis_client) == [0.5, 0.7]
    letters = [(field, rule, value) for _, field, rule, value in stream(redis_client, "rain", real_ms()).letters]
    assert ("mm", "type", "much") in letters
    assert len(letters) == 3


def test_columns_of_another_name_lines_of_json_and_workbooks(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    fields = {"time": Where(("时间",)), "station": Where(("站",)), "mm": Where(("值",))}
    at = minutes_ago(5)
    table = put(tmp_path, "a.csv", f"时间,站,值,备注\n{at},RG01,0.1,x\n")
    lines = put(tmp_path, "b.jsonl", f'{{"时间": "{at}", "站": "RG02", "值": 0.2}}\n')
    book = Workbook()
    assert book.active is not None
    for row in (["时间", "站", "值"], [datetime.fromisoformat(at), "RG03", 0.3]):
        book.active.append(row)
    book.save(tmp_path / "in" / "c.xlsx")
    with Run(valkey_url, "rain", way(tmp_path, fields)):
        wait_until(
            lambda: table.exists() and lines.exists() and table.with_name("c.xlsx").exists(), "all are processed"
        )
    found = stream(redis_client, "rain", real_ms())
    assert sorted((row["k"], row["mm"]) for row in found.rows) == [("RG01", 0.1), ("RG02", 0.2), ("RG03", 0.3)]
    assert len({row["t"] for row in found.rows}) == 1
    assert found.letters == []


def test_the_same_content_under_another_name_is_not_sent_again(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    text = f"{HEAD}{minutes_ago(5)},RG01,0.5\n"
    first = put(tmp_path, "a.csv", text)
    with Run(valkey_url, "rain", way(tmp_path)):
        wait_until(first.exists, "the first is processed")
        second = put(tmp_path, "b.csv", text)
        wait_until(second.exists, "the second is processed")
    assert (report(second)["state"], report(second)["accepted"]) == ("repeated", 0)
    assert "a.csv" in report(second)["why"]
    assert sent(redis_client) == [0.5]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no header"),
        (HEAD + '1,2,"\n', "not CSV"),
        (f"{HEAD}x,y,z\n", "no row keeps the contract"),
        (HEAD, "no row"),
    ],
)
def test_a_file_without_a_good_row_has_failed_and_says_why(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, text: str, why: str
) -> None:
    put(tmp_path, "a.csv", text)
    path = tmp_path / "in" / "failed" / "a.csv"
    with Run(valkey_url, "rain", way(tmp_path)):
        wait_until(path.exists, "the file has failed")
    assert why in report(path)["why"]
    assert sent(redis_client) == []


def test_a_file_that_cannot_be_read_to_its_end_sends_nothing(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    good = f"{minutes_ago(5)},RG01,0.5\n" * 10
    put(tmp_path, "a.csv", "")
    (tmp_path / "in" / "a.csv").write_bytes((HEAD + good).encode() + b"\xff\xfe\n")
    path = tmp_path / "in" / "failed" / "a.csv"
    with Run(valkey_url, "rain", way(tmp_path)):
        wait_until(path.exists, "the file has failed")
    assert "not utf-8" in report(path)["why"]
    assert sent(redis_client) == []
    [(_, _, rule, value)] = stream(redis_client, "rain", real_ms()).letters
    assert (rule, "a.csv" in value) == ("form", True)


def test_a_file_that_is_too_large_is_not_read(valkey_url: str, redis_client: redis.Redis, tmp_path: Path) -> None:
    put(tmp_path, "a.csv", f"{HEAD}{minutes_ago(5)},RG01,0.5\n")
    path = tmp_path / "in" / "failed" / "a.csv"
    with Run(valkey_url, "rain", way(tmp_path, most=20)):
        wait_until(path.exists, "the file has failed")
    assert "more than 20 bytes" in report(path)["why"]


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(drop, "PIECE_ROWS", 10)
    return 10


class Killed(Exception):
    """The process ended here."""


def test_a_restart_goes_on_behind_the_rows_that_the_bus_has(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, small_pieces: int
) -> None:
    """It ends when the second piece is on the bus and noted: neither is sent again, and the report is of all."""
    text = HEAD + "".join(f"{minutes_ago(60 - n)},RG01,0.{n % 10}\n" for n in range(34)) + "x,y,z\n"
    path = put(tmp_path, "a.csv", text)
    first = way(tmp_path)
    first.inbox.prepare()
    list(first.inbox.take())
    [taken] = first.inbox.take()
    pieces = 0

    class Noted(Memory):
        def keep(self, kept: dict[str, Any]) -> None:
            nonlocal pieces
            super().keep(kept)
            pieces += 1
            if pieces == 2:
                raise Killed

    first.under_way = Noted(first.under_way.path)
    with landing(valkey_url, "rain", kind="drop") as one, pytest.raises(Killed):
        first._file(taken, one)
    assert len(sent(redis_client)) == 20
    with Run(valkey_url, "rain", way(tmp_path)):
        wait_until(path.exists, "the file is processed")
    assert sent(redis_client) == [(n % 10) / 10 for n in range(34)]
    told = report(path)
    assert [told[name] for name in ("state", "rows", "accepted", "rejected")] == ["processed", 35, 34, 1]
    assert [one["row"] for one in told["faults"]] == [35]
    assert redis_client.xlen(keys.observations("live", "rain")) == 5


def test_another_content_under_the_name_of_a_half_read_file_begins_anew(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path
) -> None:
    half = way(tmp_path)
    half.under_way.keep({"digest": "0" * 64, "rows": 1, "accepted": 1, "rules": {}, "faults": []})
    path = put(tmp_path, "a.csv", f"{HEAD}{minutes_ago(5)},RG01,0.1\n{minutes_ago(4)},RG01,0.2\n")
    with Run(valkey_url, "rain", half):
        wait_until(path.exists, "the file is processed")
    assert sent(redis_client) == [0.1, 0.2]
