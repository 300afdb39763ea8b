"""The contract of `ioc evaluate`: what it writes, what it says, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ioc.entrypoints.cli import app

# ruff: noqa: E501
SOURCES = """
source.rain = { kind = "readings", time = "time", entity = "station", stale_after = "2h", region = { field = "town" }, fields = { time = { type = "time" }, station = { type = "text" }, town = { type = "text" }, kind = { type = "category" }, mm = { type = "decimal", scale = 1, range = [0, 50] } } }
source.spot = { kind = "records", key = "spot", region = { point = "place" }, fields = { spot = { type = "text" }, place = { type = "point", datum = "wgs84" } } }
"""
INDICATORS = """
[[indicator]]
id = "wet"
source = "rain"
window = { kind = "tumbling", size = "1h" }
dimensions = ["kind"]
formula = "mm"
measures.mm = { agg = "sum", field = "mm" }

[[indicator]]
id = "ever"
source = "rain"
window = { kind = "all", every = "1h" }
formula = "n"
measures.n = { agg = "count" }

[[indicator]]
id = "spots"
source = "spot"
window = { kind = "now", every = "1h" }
formula = "n"
measures.n = { agg = "count" }
"""
RAIN = """time,station,town,kind,mm,note
2024-06-01T08:10:00+08:00,A,T1,new,1.5,x
2024-06-01T08:50:00+08:00,A,T1,,0.7,x
2024-06-01T08:50:00+08:00,A,T1,new,9,sent twice
2024-06-01T08:59:00+08:00,B,T9,new,0.1,
2024-06-01T09:00:00+08:00,B,T2,new,50.1,too much
2024-06-01T10:00:00+08:00,B,T2,new,3,
"""
REGIONS = """code,parent,name,level,population
D,,区,district,10
T1,D,一街,subdistrict,4
T2,D,二街,subdistrict,6
"""
OUTLINES = """{"type": "FeatureCollection", "features": [
 {"type": "Feature", "properties": {"code": "T2"}, "geometry": {"type": "Polygon", "coordinates": [[[114.1, 22.5], [114.2, 22.5], [114.2, 22.6], [114.1, 22.6], [114.1, 22.5]]]}},
 {"type": "Feature", "properties": {"code": "T1"}, "geometry": {"type": "Polygon", "coordinates": [[[114.0, 22.5], [114.1, 22.5], [114.1, 22.6], [114.0, 22.6], [114.0, 22.5]]]}}
]}"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("sources.toml", SOURCES), ("indicators.toml", INDICATORS), ("rain.csv", RAIN), ("regions.csv", REGIONS),
        ("outlines.json", OUTLINES), ("spot.csv", "spot,place\na,114.1 22.55\nb,114.15 22.55\nc,\n"),
    ):  # fmt: skip
        Path(name).write_text(text, encoding="utf-8")


def run(*arguments: str, sources: str = "sources.toml", indicators: str = "indicators.toml") -> Result:
    return CliRunner().invoke(
        app, ["evaluate", "--sources", sources, "--indicators", indicators, "--out", "out.csv", *arguments]
    )


def rows(*arguments: str) -> list[str]:
    done = run(*arguments)
    assert done.exit_code == 0, done.stderr
    return Path("out.csv").read_text(encoding="utf-8").splitlines()


RAIN_DATA = ("--data", "rain=rain.csv", "--data", "regions=regions.csv")
ENGINES = pytest.mark.parametrize("engine", ["stream", "sql"])


@ENGINES
def test_each_window_is_written_once_with_the_newest_instant_of_its_grid(engine: str) -> None:
    found = rows(*RAIN_DATA, "--every", "30m", "--from", "2024-06-01T09:00", "--to", "2024-06-01T11:00",
                 "--only", "wet,ever", "--engine", engine)  # fmt: skip
    assert found == [
        "indicator,version,window_start,window_end,value,quality,samples",
        "ever,1,,2024-06-01T09:00:00+08:00,3,complete,3",
        "ever,1,,2024-06-01T10:00:00+08:00,3,complete,3",
        "ever,1,,2024-06-01T11:00:00+08:00,4,complete,4",
        "wet,1,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,2.3,complete,3",
        "wet,1,2024-06-01T09:00:00+08:00,2024-06-01T10:00:00+08:00,,no_data,0",
        "wet,1,2024-06-01T10:00:00+08:00,2024-06-01T11:00:00+08:00,3,complete,1",
    ]


@ENGINES
def test_every_region_of_the_table_has_a_row_and_rows_without_one_have_theirs(engine: str) -> None:
    found = rows(*RAIN_DATA, "--at", "2024-06-01T09:10", "--by", "region", "--only", "wet", "--engine", engine)
    assert found == [
        "indicator,version,region,window_start,window_end,value,quality,samples",
        "wet,1,,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,0.1,complete,1",
        "wet,1,D,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,2.2,complete,2",
        "wet,1,T1,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,2.2,complete,2",
        "wet,1,T2,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,,no_data,0",
    ]


@ENGINES
def test_dimensions_have_the_combinations_that_hold_a_row(engine: str) -> None:
    found = rows(*RAIN_DATA, "--at", "2024-06-01T09:00", "--by", "region:subdistrict,kind", "--only", "wet",
                 "--engine", engine)  # fmt: skip
    assert found == [
        "indicator,version,region,kind,window_start,window_end,value,quality,samples",
        "wet,1,,new,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,0.1,complete,1",
        "wet,1,T1,,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,0.7,complete,1",
        "wet,1,T1,new,2024-06-01T08:00:00+08:00,2024-06-01T09:00:00+08:00,1.5,complete,1",
    ]


@ENGINES
def test_a_point_finds_its_region_by_the_outlines(engine: str) -> None:
    found = rows("--data", "spot=spot.csv", "regions=regions.csv", "outlines=outlines.json", "--by", "region",
                 "--at", "2024-06-01", "--only", "spots", "--engine", engine)  # fmt: skip
    assert [line.split(",")[2:6:3] for line in found[1:]] == [["", "1"], ["D", "2"], ["T1", "1"], ["T2", "1"]]


@ENGINES
def test_a_silent_source_makes_values_stale_and_an_empty_one_too(engine: str) -> None:
    late = rows(*RAIN_DATA, "--at", "2024-06-01T13:00", "--only", "ever", "--engine", engine)
    assert late[1] == "ever,1,,2024-06-01T13:00:00+08:00,4,stale,4"
    empty = rows("--at", "2024-06-01T13:00", "--only", "ever", "--engine", engine)
    assert empty[1] == "ever,1,,2024-06-01T13:00:00+08:00,0,stale,0"


@ENGINES
def test_what_became_of_the_rows_is_counted_whichever_program_computes(engine: str) -> None:
    Path("rain.csv").write_text(RAIN + "2024-06-01T08:50:00+08:00,A,T9,new,1,again\n", encoding="utf-8")
    done = run(*RAIN_DATA, "--data", "spot=spot.csv", "--at", "2024-06-01T09:00", "--engine", engine)
    assert [line for line in done.stderr.splitlines() if "ignored" not in line] == [
        "读入 read: rain: 7",
        "拒收 rejected: rain: range 1",
        "重复 duplicate: rain: 2",
        "区域未知 region unknown: rain: 1",
        "读入 read: spot: 3",
        "区域未知 region unknown: spot: 3",
    ]


def test_rows_whose_entity_is_not_registered_at_their_time_are_counted() -> None:
    Path("fleet.toml").write_text("""
source.van = { kind = "records", key = "plate", changed = "since", fields = { plate = { type = "text" }, since = { type = "time" }, town = { type = "text" } } }
source.trip = { kind = "readings", time = "time", entity = "plate", registry = "van", take = ["town"], region = { registry = "town" }, fields = { time = { type = "time" }, plate = { type = "text" } } }
""", encoding="utf-8")  # fmt: skip
    Path("trips.toml").write_text("""
[[indicator]]
id = "trips"
source = "trip"
window = { kind = "tumbling", size = "1h" }
formula = "n"
measures.n = { agg = "count" }
""", encoding="utf-8")  # fmt: skip
    Path("van.csv").write_text("plate,since,town\nA,2024-06-01T08:00,T1\nB,,T9\n", encoding="utf-8")
    Path("trip.csv").write_text(
        "time,plate\n2024-06-01T07:59,A\n2024-06-01T08:01,A\n2024-06-01T08:01,B\n2024-06-01T08:01,C\n", encoding="utf-8"
    )
    done = run("--data", "trip=trip.csv", "van=van.csv", "regions=regions.csv", "--at", "2024-06-01T09:00",
               sources="fleet.toml", indicators="trips.toml")  # fmt: skip
    assert done.stderr.splitlines() == [
        "读入 read: trip: 4",
        "未注册 unregistered: trip: 2",
        "区域未知 region unknown: trip: 3",
        "读入 read: van: 2",
    ]


def test_rejected_rows_are_counted_and_written_and_the_command_is_done() -> None:
    done = run(*RAIN_DATA, "--at", "2024-06-01T09:00", "--rejects", "rejects.csv")
    assert done.exit_code == 0
    assert "拒收 rejected: rain: range 1" in done.stderr
    assert "note" in done.stderr  # a column that the source does not declare
    assert Path("rejects.csv").read_text().splitlines() == ["source,row,field,rule,value", "rain,5,mm,range,50.1"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--at", "June"),
        ("--at", "2024-06-01", "--every", "1h"),
        ("--at", "2024-06-01", "--by", "region:town"),
        ("--at", "2024-06-01", "--only", "damp"),
        ("--at", "2024-06-01", "--data", "snow=rain.csv"),
        ("--at", "2024-06-01", "--data", "rain"),
        ("--at", "2024-06-01", "--engine", "spark"),
        ("--at", "2024-06-01", "--rejects", "nowhere/rejects.csv"),
    ],
)
def test_a_question_that_cannot_be_understood_is_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert not Path("out.csv").exists()


def test_wrong_definitions_are_told_line_by_line_and_nothing_is_written() -> None:
    Path("wrong.toml").write_text(INDICATORS.replace('formula = "mm"', 'formula = "mmm"'), encoding="utf-8")
    done = run("--at", "2024-06-01", indicators="wrong.toml")
    assert done.exit_code == 3
    assert any(line.startswith("wrong.toml:wet.formula:1: unknown-name: ") for line in done.stderr.splitlines())
    assert not Path("out.csv").exists()


def test_of_several_files_the_one_that_is_wrong_is_named() -> None:
    Path("more.toml").write_text(
        '[[indicator]]\nid = "more"\nsource = "rain"\nwindow = { kind = "all", every = "1h" }\nformula = "n"\n'
        'measures.n = { agg = "count", where = "mmm > 1" }\n'
    )
    done = run("--at", "2024-06-01", "--indicators", "more.toml")
    assert done.exit_code == 3
    assert done.stderr.startswith("more.toml:more.measures.n.where:1: unknown-name: ")


def test_a_file_that_is_no_toml_is_a_wrong_definition() -> None:
    Path("broken.toml").write_text("[[indicator]\n")
    done = run("--at", "2024-06-01", indicators="broken.toml")
    assert done.exit_code == 3
    assert done.stderr.startswith("broken.toml:1:12: syntax: ")


def test_a_dimension_that_a_selected_indicator_lacks_is_a_wrong_name() -> None:
    done = run(*RAIN_DATA, "--at", "2024-06-01", "--by", "kind")
    assert done.exit_code == 3
    assert "indicators.toml:ever.dimensions:0: unknown-name: " in done.stderr
    assert run(*RAIN_DATA, "--at", "2024-06-01", "--by", "kind", "--only", "wet").exit_code == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rain", "station,mm\nA,1\n"),
        ("rain", None),
        ("rain", ""),
        ("spot", "place\n114.1 22.5\n"),
        ("regions", "code,parent,level\nD,,town\n"),
        ("regions", "code,parent,level\nT1,D,subdistrict\n"),
        ("outlines", "{}"),
        ("entered", "region,value\nD,1\n"),
    ],
)
def test_a_data_file_that_is_missing_or_lacks_what_it_must_have_is_unreadable(name: str, text: str | None) -> None:
    if text is not None:
        Path("data").write_text(text)
    done = run("--at", "2024-06-01", "--data", f"{name}=data")
    assert done.exit_code == 4
    assert "data" in done.stderr
    assert not Path("out.csv").exists()
