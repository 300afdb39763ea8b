"""Values over HTTP: history page by page, the newest word, as JSON and CSV, for people and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import redis

from ioc.api.shapes import Point, Values
from ioc.api.values import table_of
from ioc.geo.address import Address
from ioc.services.addresses import take_over
from metrics import keys
from metrics.archive import Life, Strand
from metrics.archive_rollup import RollUp
from metrics.archive_rows import values
from metrics.archive_tail import Tail
from metrics.stream import Place
from metrics.value import Value
from metrics.value_form import pack_values

from .conftest import Caller, Site

pytestmark = pytest.mark.service

END = 1_717_171_200_000  # 2024-06-01T00:00:00+08:00
MINUTE = 60_000
SPAN = "from=2024-05-31T12:00:00Z&to=2024-06-01T00:00:00Z"
Make = Callable[..., Caller]


def said(end: int, number: float | None, region: str = "440303", indicator: str = "T1", **more: object) -> Value:
    given = {"dims": (), "quality": "no_data" if number is None else "complete", "samples": 3, **more}
    return Value(indicator, 1, region, window_start=end - 5 * MINUTE, window_end=end, value=number, **given)  # type: ignore[arg-type]


def archive(root: Path, published: Sequence[Value]) -> None:
    """Put values into the archive of the live world and roll them up."""
    tail = Tail(root, Strand(Life("live"), "completed"), values, Place())
    fields = {b"v": b"1", b"at": b"1", b"now": b"0", b"positions": b"{}", b"watermarks": b"{}",
              b"b": pack_values(published)}  # fmt: skip
    tail.receive([[b"1717171200000-0", [cell for pair in fields.items() for cell in pair]]])
    tail.write()
    with duckdb.connect() as connection:
        RollUp(root, Life("live"), connection).update()


@pytest.fixture
def reader(site: Site, caller: Make, redis_client: redis.Redis) -> Caller:
    """A program that may read; two regions have three windows each, one of them without a value."""
    archive(
        site.desk.settings.archive_path,
        [
            said(END - 10 * MINUTE, 40.0), said(END - 5 * MINUTE, 44.0, origin="simulated", level="yellow"),
            said(END, None), said(END - 10 * MINUTE, 30.0, "440303001"), said(END - 5 * MINUTE, 31.5, "440303001"),
            said(END, 32.0, "440303001"), said(END, 9.0, indicator="T2", dims=(("state", "=open"),)),
        ],
    )  # fmt: skip
    newest = said(END + 5 * MINUTE, 28.25, quality="provisional", revision=2)
    redis_client.hset(keys.engine("live", "latest"), newest.series, pack_values([newest]))
    return caller(reads=["traffic"])


def test_the_history_of_a_region_says_value_quality_samples_window_and_origin(reader: Caller):
    answer = reader.get(f"/api/v1/values?indicator=T1&region=440303&step=1m&{SPAN}")
    assert answer.status_code == 200
    told = answer.json
    assert (told["indicator"], told["unit"], told["step"], told["next"]) == ("T1", "km/h", "1m", None)
    assert (told["from"], told["to"]) == ("2024-05-31T12:00:00Z", "2024-06-01T00:00:00Z")
    assert told["rows"][1] == {
        "region": "440303", "end": "2024-05-31T15:55:00Z", "window_end": "2024-05-31T15:55:00Z", "value": 44.0,
        "mean": 44.0, "least": 44.0, "greatest": 44.0, "count": 1, "samples": 3, "quality": "complete",
        "level": "yellow", "version": 1, "origin": "simulated",
    }  # fmt: skip
    assert [(row["end"][11:], row["value"], row["quality"]) for row in told["rows"]] == [
        ("15:50:00Z", 40.0, "complete"), ("15:55:00Z", 44.0, "complete"), ("16:00:00Z", None, "no_data"),
    ]  # fmt: skip
    assert told["rows"][2]["window_end"] is None


def test_the_newest_word_is_told_beside_the_history(reader: Caller):
    [latest] = reader.get(f"/api/v1/values?indicator=T1&{SPAN}").json["latest"]
    assert latest == {
        "region": "440303", "window_start": "2024-05-31T16:00:00Z", "window_end": "2024-05-31T16:05:00Z",
        "value": 28.25, "samples": 3, "quality": "provisional", "revision": 2, "level": None, "version": 1,
        "origin": "real",
    }  # fmt: skip


def test_a_longer_step_tells_mean_least_and_greatest(reader: Caller):
    [row] = reader.get(f"/api/v1/values?indicator=T1&region=440303001&step=1h&{SPAN}").json["rows"]
    assert (row["value"], row["least"], row["greatest"], row["count"]) == (32.0, 30.0, 32.0, 3)
    assert row["mean"] == pytest.approx(31.1666666667)


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
def test_pages_follow_each_other_without_a_gap_and_without_a_repetition(reader: Caller, limit: int):
    whole = reader.get(f"/api/v1/values?indicator=T1&step=1m&{SPAN}").json["rows"]
    path, found = f"/api/v1/values?indicator=T1&step=1m&limit={limit}&{SPAN}", []
    while path:
        answer = reader.get(path)
        assert len(answer.json["rows"]) <= limit
        found += answer.json["rows"]
        path = answer.json["next"]
        assert ("next" in answer.headers.get("Link", "")) == (path is not None)
    assert found == whole
    assert len(whole) == 6


def test_a_table_is_written_for_who_accepts_csv_and_no_cell_is_a_formula(reader: Caller):
    path = f"/api/v1/values?indicator=T2&dim[state]=%3Dopen&step=1m&{SPAN}"
    answer = reader.get(path, Accept="text/csv")
    assert answer.mimetype == "text/csv"
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["indicator"], row["value"], row["quality"], row["end"]) == (
        "T2",
        "9.0",
        "complete",
        "2024-05-31T16:00:00Z",
    )
    assert row["dims"] == "state==open"
    assert reader.get(path).json["rows"][0]["value"] == 9.0


@pytest.mark.parametrize(
    ("query", "status", "field", "rule"),
    [
        ("", 400, "indicator", "missing"), ("indicator=X", 404, "indicator", "unknown-name"),
        ("indicator=T1&region=0", 404, "region", "unknown-name"), ("indicator=T1&world=x", 403, "world", "scope"),
        ("indicator=T1&from=2&to=1", 400, "from", "order"), ("indicator=T1&step=2m", 400, "step", "choice"),
        ("indicator=T1&from=0&step=1m", 400, "step", "span"), ("indicator=T1&limit=0", 400, "limit", "range"),
        ("indicator=T1&dim[state]=open", 400, "dim", "dimensions"), ("indicator=T2&dim[x]=1", 400, "dim", "dimensions"),
        ("indicator=T1&after=x", 400, "after", "form"), ("indicator=T1&until=3", 400, "until", "unknown-name"),
    ],
)  # fmt: skip
def test_a_question_that_is_wrong_is_answered_with_field_and_rule(
    reader: Caller, query: str, status: int, field: str, rule: str
):
    answer = reader.get(f"/api/v1/values?{query}")
    error = answer.json["error"]
    assert (answer.status_code, error["field"], error["rule"]) == (status, field, rule)


def test_a_text_that_a_spreadsheet_would_take_for_a_formula_is_quoted():
    page = Values("=1+1", "", "", None, "live", {}, "1m", "", "", [
        Point("@r", "", None, -4.5, None, None, None, 1, 1, "complete", None, 1, "real")], [], None)  # fmt: skip
    [row] = csv.DictReader(io.StringIO(table_of(page)))
    assert (row["indicator"], row["region"], row["value"]) == ("'=1+1", "'@r", "-4.5")


def test_a_token_reads_its_scenes_and_a_person_by_role(site: Site, reader: Caller, caller: Make):
    path = f"/api/v1/values?indicator=T1&{SPAN}"
    assert caller(reads=["safety"]).get(path).status_code == 403
    assert caller(feeds=["traffic"], origin="real").get(path).status_code == 403
    assert site.anonymous().get(path).status_code == 401
    roles = ("wall", "leader", "duty", "analyst", "sysadmin", "secadmin", "auditor")
    assert [site.signed_in(role).get(path).status_code for role in roles] == [200, 200, 200, 200, 403, 403, 403]
    assert site.signed_in("duty").get(f"{path}&world=x").status_code == 404


def test_questions_of_a_page_are_no_activity_of_a_person(site: Site, reader: Caller):
    browser = site.signed_in("duty")
    for _ in range(8):
        site.clock.advance(minutes=2)
        answer = browser.get(f"/api/v1/values?indicator=T1&{SPAN}")
    assert answer.status_code == 401


# ---- regions ----


def test_a_point_and_a_code_tell_their_chain(site: Site, caller: Make):
    program = caller()
    answer = program.get("/api/v1/regions/resolve?lon=114.1&lat=22.55")
    assert answer.json == {
        "lon": 114.1, "lat": 22.55, "datum": "wgs84",
        "regions": [
            {"code": "440303", "level": "district", "zh": "罗湖区", "en": "Luohu",
             "attributes": {"population": 1143801}},
        ],
        "candidates": [], "near": None,
    }  # fmt: skip
    line = program.get("/api/v1/regions/resolve?code=440303001").json["regions"]
    assert [one["code"] for one in line] == ["440303001", "440303"]
    assert site.signed_in("leader").get("/api/v1/regions/resolve?code=440303").status_code == 200
    assert site.signed_in("auditor").get("/api/v1/regions/resolve?code=440303").status_code == 403


def test_the_datum_of_a_point_counts(caller: Make):
    program = caller()
    # 114.2 E is the border; GCJ-02 lies some 500 m east of WGS-84 here
    assert program.get("/api/v1/regions/resolve?lon=114.203&lat=22.55").status_code == 404
    assert program.get("/api/v1/regions/resolve?lon=114.203&lat=22.55&datum=gcj02").status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "rule"),
    [
        ("", 400, "either"), ("lon=114", 400, "either"), ("lon=114&lat=22&code=440303", 400, "either"),
        ("code=440303&address=1", 400, "either"), ("address=xyz", 404, "not-found"),
        ("code=1", 404, "unknown-name"), ("lon=10&lat=10", 404, "outside"), ("lon=200&lat=10", 400, "range"),
        ("lon=114&lat=22&datum=x", 400, "choice"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_is_told(caller: Make, query: str, status: int, rule: str):
    answer = caller().get(f"/api/v1/regions/resolve?{query}")
    assert (answer.status_code, answer.json["error"]["rule"]) == (status, rule)


def test_a_building_is_found_by_code_by_address_and_near_a_point(site: Site, caller: Make):
    block = Address("B1", "block", "翠竹苑", "", "440303001", 114.1, 22.55)
    towers = [Address(f"B1-{n}", "building", f"{n}栋", "B1", "440303001", 114.1 + n / 10_000, 22.55) for n in (3, 13)]
    take_over(site.desk.store, [block, *towers], by="li", now_ms=site.clock(), note="")
    program = caller()

    def ask(query: str) -> dict[str, Any]:
        return program.get(f"/api/v1/regions/resolve?{query}").json

    chain = [("B1-3", "building"), ("B1", "block"), ("440303001", "subdistrict"), ("440303", "district")]
    for query in ("code=B1-3", "address=罗湖区翠竹苑三幢"):
        assert [(one["code"], one["level"]) for one in ask(query)["regions"]] == chain
    several = ask("address=翠竹园")
    assert (several["regions"], several["candidates"][0]["code"]) == ([], "B1")
    near = ask("lon=114.10031&lat=22.55")["near"]
    assert (near["code"], near["metres"], near["score"]) == ("B1-3", 1.0, None)
    assert ask("lon=114.105&lat=22.55")["near"] is None
