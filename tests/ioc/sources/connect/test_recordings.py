"""Real recordings come in as files: by a declared mapping, through the contract, to the values of shipped indicators.

What is expected is computed here from the files themselves, by other means.
"""

from __future__ import annotations

import csv
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import redis
from openpyxl import load_workbook

from ioc.services.outward import allowed
from ioc.sources.connect.connector import Connector
from ioc.sources.connect.connectors import connectors
from ioc.sources.feed import Feed, Place
from metrics.column import Column
from metrics.compiler import compile
from metrics.definition import load
from metrics.engine import initial, step
from metrics.observation import Batch
from metrics.value import Value
from tests.conftest import wait_until
from tests.ioc.sources.connect.wire import bundle, definitions, landing, stream

pytestmark = pytest.mark.service

HOUR = 3_600_000
SHANGHAI = timezone(timedelta(hours=8))


def at(text: str) -> int:
    """ms of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp() * 1000)


@contextmanager
def running(url: str, home: Path, declaration: str) -> Iterator[None]:
    """The connectors of a declaration at work."""
    (home / "connectors.toml").write_text(declaration, encoding="utf-8")
    stop = threading.Event()
    [(name, [connector])] = connectors(home, allowed(""), definitions()).items()

    def run(one: Connector) -> None:
        with Feed(url, Place("live", name, one.origin)) as feed:
            one.run(feed, stop)

    thread = threading.Thread(target=run, args=(connector,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def taken_in(url: str, home: Path, file: Path, declaration: str) -> dict[str, Any]:
    """The report of a file that was put into a connector's folder."""
    folder = home / "in"
    folder.mkdir()
    shutil.copy(file, folder / file.name)
    done = folder / "processed" / (file.name + ".report.json")
    with running(url, home, declaration):
        wait_until(done.exists, f"{file.name} is processed", 60)
    found: dict[str, Any] = json.loads(done.read_text())
    return found


def published(
    batches: list[Batch], *indicators: str, hours: list[int]
) -> dict[tuple[str, tuple[str, ...], int], Value]:
    """(indicator, dimension values, end) -> the last word on each window of the district, looked at so often."""
    whole = bundle()
    small = {**whole, "indicators": [one for one in whole["indicators"] if one["id"] in indicators]}
    state, found = initial(compile(load(small))), dict[tuple[str, tuple[str, ...], int], Value]()
    for number, hour in enumerate(hours):
        for value in step(state, batches if number == 0 else [], hour).values:
            if value.region in ("", "440303"):
                found[value.indicator, tuple(text for _, text in value.dims), value.window_end] = value
    return found


def test_hourly_weather_of_shenzhen_gives_the_highest_temperature(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, shared_data: Path
) -> None:
    path = shared_data / "weather" / "weather_central.csv"
    report = taken_in(valkey_url, tmp_path, path, """
        [drop.weather]
        source = "weather"
        origin = "recorded"
        folder = "in"
        [drop.weather.fields]
        time = { path = "time", format = "%Y/%m/%d %H:%M" }
        station = { const = "central" }
        temperature = "T"
        humidity = { path = "U", times = 1 }
        rain = { path = "nRAIN", map = { "0" = "none", "1" = "light", "2" = "moderate", "3" = "heavy" } }
    """)  # fmt: skip
    with path.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    assert (report["state"], report["rows"]) == ("processed", len(rows))
    assert report["rejected"] == len(report["faults"]) <= len(rows) // 100
    found = stream(redis_client, "weather", at("2023-03-01"))
    wet = sum(row["nRAIN"] not in ("0", "") for row in rows)
    assert abs(sum(row["rain"] not in ("none", None) for row in found.rows) - wet) <= report["rejected"]
    first_day = list(found.batches[:1])
    said = published(first_day, "E20", hours=[at("2022-09-02") + HOUR * n for n in range(1, 4)])
    expected = {
        at("2022-09-01") + HOUR * int(row["time"].split()[1].split(":")[0]): float(row["T"]) for row in rows[:24]
    }
    # a sliding hour that ends ten minutes behind the reading holds it alone
    for time in (at("2022-09-01T06:00"), at("2022-09-01T14:00"), at("2022-09-01T23:00")):
        value = said["E20", (), time + HOUR // 6]
        assert (value.value, value.quality) == (expected[time], "complete")


def test_hourly_particles_give_the_mean_of_the_hour(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, shared_data: Path
) -> None:
    """The first two weeks of the recording, as a device of the kind air."""
    with (shared_data / "air_quality" / "beijing_pm25_2010_2014.csv").open(encoding="utf-8") as lines:
        head = [next(lines) for _ in range(1 + 24 * 14)]
    file = tmp_path / "air.csv"
    file.write_text("".join(head))
    with landing(valkey_url, "device") as one:
        registered = {"device": "AIR1", "changed_at": "2009-12-31T00:00:00", "kind": "air", "community": "440303001"}
        assert one.rows([registered]) == []
        one.settle()
    report = taken_in(valkey_url, tmp_path, file, """
        [drop.air]
        source = "iot"
        origin = "recorded"
        folder = "in"
        [drop.air.fields]
        time = { path = ["year", "month", "day", "hour"], format = "%Y %m %d %H" }
        device = { const = "AIR1" }
        reading = "pm2.5"
    """)  # fmt: skip
    assert [report[name] for name in ("rows", "accepted", "faults")] == [336, 336, []]
    rows = list(csv.DictReader(head))
    now = at("2010-01-15")
    batches = stream(redis_client, "device", now).batches + stream(redis_client, "iot", now).batches
    said = published(batches, "O24", hours=[at("2010-01-15") + HOUR * n for n in range(6)])
    first_known = next(number for number, row in enumerate(rows) if row["pm2.5"])
    assert rows[first_known]["pm2.5"] == "129"
    for number in (first_known, first_known + 1, first_known + 100):
        value = said["O24", (), at("2010-01-01") + HOUR * (number + 1)]
        # stale: the source promises a reading in five minutes, and this one gives one an hour
        assert (value.value, value.quality) == (float(rows[number]["pm2.5"]), "stale")
    gap = said.get(("O24", (), at("2010-01-01") + HOUR * first_known))
    assert gap is None or gap.value is None


CLASSES = {
    "城乡建设": "housing", "环境保护": "environment", "交通运输": "transport", "教育文体": "education",
    "劳动和社会保障": "social_insurance", "商贸旅游": "market", "卫生计生": "health",
}  # fmt: skip


def test_messages_of_residents_give_requests_by_class(
    valkey_url: str, redis_client: redis.Redis, tmp_path: Path, shared_data: Path
) -> None:
    """A workbook in which a time is now a text, now a date; residents are personal data and stay countable only."""
    path = shared_data / "citizen_messages" / "附件2.xlsx"
    classes = ", ".join(f'"{zh}" = "{en}"' for zh, en in CLASSES.items())
    report = taken_in(valkey_url, tmp_path, path, f"""
        [drop.hotline]
        source = "request"
        origin = "recorded"
        folder = "in"
        [drop.hotline.fields]
        request_id = "留言编号"
        changed_at = {{ path = "留言时间", format = "%Y/%m/%d %H:%M:%S" }}
        received_at = {{ path = "留言时间", format = "%Y/%m/%d %H:%M:%S" }}
        caller = "留言用户"
        matter = "留言主题"
        class = {{ path = "一级分类", map = {{ {classes} }} }}
        community = {{ const = "440303" }}
    """)  # fmt: skip
    table = load_workbook(path, read_only=True).worksheets[0].iter_rows(values_only=True)
    header = next(table)
    rows = [dict(zip(header, row, strict=False)) for row in table if any(cell is not None for cell in row)]
    assert report["rows"] == len(rows)
    assert report["rejected"] == sum(report["rules"].values())
    assert report["accepted"] >= 0.98 * len(rows)
    wrong = {fault["row"] for fault in report["faults"]}
    expected = Counter(
        CLASSES[str(row["一级分类"])] for number, row in enumerate(rows, 1) if number not in wrong and row["一级分类"]
    )
    found = stream(redis_client, "request", at("2021-01-01"))
    assert Counter(row["class"] for row in found.rows) == expected
    assert len(found.letters) == report["rejected"]
    day, hour = "2020-01-06", at("2020-01-06T12:00")
    texts = [str(row["留言时间"]).replace("-", "/") for row in rows]
    of_hour = sum(text.startswith(("2020/1/6 12:", "2020/01/06 12:")) for text in texts)
    assert of_hour > 0
    there = [between(batch, at(day), at(day) + 24 * HOUR) for batch in found.batches]
    said = published([one for one in there if one.rows], "L1", hours=[at(day) + HOUR * (24 + n) for n in range(3)])
    assert said["L1", (), hour + HOUR].value == of_hour
    by_class = Counter(
        CLASSES[str(row["一级分类"])]
        for row, text in zip(rows, texts, strict=True)
        if text.startswith(("2020/1/6 12:", "2020/01/06 12:"))
    )
    assert {name: said["L1", (name,), hour + HOUR].value for name in by_class} == by_class


def between(batch: Batch, first_ms: int, end_ms: int) -> Batch:
    """The rows of a batch with time in [first, end)."""
    mask = (batch.time >= first_ms) & (batch.time < end_ms)
    fields = {
        name: Column(one.values[mask], None if one.valid is None else one.valid[mask], one.scale, one.dictionary)
        for name, one in batch.fields.items()
    }
    return Batch(batch.source, batch.time[mask], batch.entity[mask], batch.entities, fields, batch.arrival_ms)
