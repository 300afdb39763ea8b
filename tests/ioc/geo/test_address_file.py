"""A file of blocks, buildings and addresses is taken as it is meant, or every row that is wrong is told."""

from __future__ import annotations

import json

import pytest

from ioc.geo import address_file, layer
from ioc.geo.address import Address
from ioc.geo.address_file import Ground
from ioc.geo.finding import Survey
from ioc.geo.region import shipped
from ioc.geo.resolve import resolver
from metrics.datum import Datum, wgs84_to_gcj02

NANHU, CUIDA = "440303005", "440303004001"
THERE = {"OLD": Address("OLD", "block", "老苑", "", NANHU)}
OUTLINES = resolver(layer.read("subdistricts"), layer.read("outline"))


def read(
    text: str | bytes, name: str = "a.csv", datum: Datum = "wgs84", *, drafted: bool = True
) -> tuple[list[Address], Survey]:
    survey, raw = Survey(), text if isinstance(text, bytes) else text.encode()
    ground = Ground(shipped(), OUTLINES, drafted, THERE)
    return address_file.read(raw, name, (datum, "building"), ground, survey), survey


def test_regions_come_from_the_row_the_parent_or_the_point_and_the_report_counts_them() -> None:
    found, survey = read(
        "code,kind,name,parent,region,lon,lat\n"
        "T,,三栋,B,,,\n"  # before its parent: the order of a file does not matter
        f"B,block,翠竹苑,,{CUIDA},,\n"
        "G,building,国贸,,,114.1138,22.5343\n"
        "N,,新楼,OLD,,,\n"
    )
    assert {one.code: one.region for one in found} == {"T": CUIDA, "B": CUIDA, "G": NANHU, "N": NANHU}
    assert [(each.weight, each.en) for each in survey.findings] == [
        ("note", "2 got their region from the parent"), ("note", "1 got their region from the point"),
    ]  # fmt: skip
    assert not survey.refused()


def test_points_of_another_datum_come_out_in_wgs84() -> None:
    lon, lat = (float(each) for each in wgs84_to_gcj02(114.1138, 22.5343))
    (one,), _ = read(f"code,name,lon,lat\nG,国贸,{lon},{lat}\n", datum="gcj02")
    assert (one.lon, one.lat) == (pytest.approx(114.1138, abs=1e-6), pytest.approx(22.5343, abs=1e-6))


def test_points_of_geojson_are_read_too() -> None:
    feature = {
        "type": "Feature", "properties": {"code": "G", "name": "国贸", "floors": 53, "valid_from": None},
        "geometry": {"type": "Point", "coordinates": [114.1138, 22.5343]},
    }  # fmt: skip
    (one,), survey = read(json.dumps({"type": "FeatureCollection", "features": [feature]}), "a.geojson")
    assert one == Address("G", "building", "国贸", "", NANHU, 114.1138, 22.5343)
    assert not survey.refused()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a b,x,,,,,,", "the code must be"),
        ("440303,x,,,,,,", "is the code of a region"),
        ("A,,,,,,,", "a name of at most"),
        ("A,x,tower,,,,,", "the kind is one of block, building, address"),
        ("A,x,,,440304,,,", "there is no region 440304"),
        ("A,x,,B,,,,", "there is no block or building B"),
        ("A,x,block,OLD,,,,", "a block cannot hold a block"),
        (f"A,x,,OLD,{CUIDA},,,", "is not on the line of 440303005"),
        ("A,x,,,,,,", "no region, no parent with one"),
        ("A,x,,,,10,10,", "no region, no parent with one"),
        ("A,x,,,,east,22.5,", "lon and lat must be degrees"),
        ("A,x,,,,114.1,,", "lon and lat must be degrees"),
        ("A,x,,,,2510000,38500000,", "lon and lat must be degrees"),
        ("A,x,,OLD,,,,2026-2-1", "valid_to is no day"),
        ("A,x,,OLD,,", "the wrong number of cells"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_line_and_refuses_the_file(row: str, said: str) -> None:
    found, survey = read(f"code,name,kind,parent,region,lon,lat,valid_to\nGOOD,x,,OLD,,,,\n{row}\n")
    assert [one.code for one in found] == ["GOOD"]
    (error,) = [each for each in survey.findings if each.weight == "error"]
    assert said in error.en
    assert "line 3" in error.where
    assert survey.refused(accept_doubts=True)


def test_a_code_that_stands_twice_and_days_that_are_none_are_refused() -> None:
    _, survey = read("code,name,parent,valid_from,valid_to\nA,x,OLD,,\nA,y,OLD,,\nB,x,OLD,2020-01-02,2020-01-02\n")
    assert [each.en for each in survey.findings if each.weight == "error"] == [
        "the code A stands twice", "valid_to is not after valid_from",
    ]  # fmt: skip


def test_a_point_in_another_subdistrict_is_a_doubt_or_under_draft_borders_a_note() -> None:
    text = f"code,name,region,lon,lat\nA,x,{CUIDA},114.1138,22.5343\n"
    assert [each.weight for each in read(text)[1].findings] == ["note"]
    assert [each.weight for each in read(text, drafted=False)[1].findings] == ["doubt"]
    outside = f"code,name,region,lon,lat\nA,x,{CUIDA},113.9,22.5\n"
    assert [each.weight for each in read(outside)[1].findings] == ["doubt"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("code,name\nA,翠竹".encode("gb18030"), "not UTF-8"),
        (b"name\nx", "the column code is missing"),
        (b"code,name,colour\nA,x,red", "the column colour is not known"),
        (b'code,name\nA,"x', "not CSV"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(raw: bytes, said: str) -> None:
    found, survey = read(raw)
    assert found == []
    assert said in survey.findings[0].en


def test_what_is_written_is_read_again_as_it_was() -> None:
    kept = [THERE["OLD"], Address("A", "building", "一栋", "OLD", NANHU, 114.11, 22.54, "2020-01-01", "2030-01-01")]
    found, survey = read(address_file.write(kept))
    assert found == kept
    assert survey.findings == []
