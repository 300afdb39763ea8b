"""The layers this product ships: whole, true to their sources, and honest about being drafts."""

import csv
import json
import tomllib
from pathlib import Path

import pytest
import shapely
from shapely.geometry import shape

from ioc.geo import derive, layer, region
from ioc.geo.plane import area_km2, length_m

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT / "../shared/data"
DRAFTED = ("subdistricts", "water", "roads")


def shapes(name):
    return {each["properties"].get("code", each["properties"].get("id")): shape(each["geometry"])
            for each in layer.read(name)["features"]}  # fmt: skip


def registry():
    return tomllib.loads((ROOT / "ioc/packs/traffic/registry.toml").read_text())["registry"]


def test_the_outline_is_that_of_the_data_package_in_wgs84():
    (outline,) = shapes("outline").values()

    assert outline.symmetric_difference(derive.outline()).area / outline.area < 1e-6
    assert area_km2(outline) == pytest.approx(78.98, abs=0.01)


def test_the_outline_agrees_with_an_independent_one():
    path = SHARED / "geo/luohu_district_wgs84.geojson"
    if not path.exists():
        pytest.skip("the independent outline is not on this machine")
    other = shape(json.loads(path.read_text())["features"][0]["geometry"])
    (outline,) = shapes("outline").values()

    assert outline.intersection(other).area / outline.union(other).area > 0.9995


def test_ten_subdistricts_cover_the_outline_without_gap_or_overlap():
    (outline,) = shapes("outline").values()
    areas = shapes("subdistricts")

    assert list(areas) == [f"440303{number:03d}" for number in range(1, 11)]
    assert shapely.coverage_is_valid(list(areas.values()))
    assert shapely.symmetric_difference(shapely.coverage_union_all(list(areas.values())), outline).area < 1e-12
    assert sum(area_km2(area) for area in areas.values()) == pytest.approx(area_km2(outline), rel=1e-9)


def test_well_known_places_lie_in_their_subdistricts():
    from ioc.geo.resolve import resolver

    where = resolver(layer.read("subdistricts"))

    assert where.code(114.1138, 22.5343) == "440303005"  # Luohu station: 南湖
    assert where.code(114.1140, 22.5490) == "440303003"  # the Dongmen old street
    assert where.code(114.0850, 22.5760) == "440303010"  # Yinhu: 清水河
    assert where.code(114.1250, 22.5698) == "440303004"  # Tianbei station: 翠竹
    assert where.code(114.1695, 22.5669) == "440303008"  # Liantang station
    assert where.code(114.2080, 22.5840) == "440303007"  # Mount Wutong: 东湖
    assert where.code(114.1439, 22.5504) == "440303002"  # Xinxiu station: 黄贝
    assert where.code(114.0550, 22.5400) is None  # Futian


@pytest.mark.parametrize("name", DRAFTED)
def test_what_we_drafted_says_so(name):
    assert all(each["properties"]["draft"] is True for each in layer.read(name)["features"])


def test_water_and_roads_lie_inside_the_outline():
    (outline,) = shapes("outline").values()

    assert all(outline.covers(water) for water in shapes("water").values())
    assert all(outline.covers(road) for road in shapes("roads").values())


def test_every_registered_road_has_its_line_its_length_and_its_subdistrict():
    rows, lines, areas = registry()["roads"], shapes("roads"), shapes("subdistricts")

    assert {row["id"] for row in rows} == set(lines)
    assert len({row["zh"] for row in rows}) == len(rows) >= 40
    assert {row["class"] for row in rows} == {"expressway", "arterial", "secondary"}
    assert {row["corridor"] for row in rows} == {row["id"] for row in registry()["corridors"]}
    assert all(row["length_km"] == pytest.approx(length_m(lines[row["id"]]) / 1000, abs=0.001) for row in rows)
    assert all(lines[row["id"]].intersects(areas[row["code"]]) for row in rows)


def test_the_roads_hang_together_as_one_network():
    lines = [line.buffer(1e-6) for line in shapes("roads").values()]

    assert shapely.union_all(lines).geom_type == "Polygon"


def test_the_region_table_holds_the_codes_and_names_of_the_bureau():
    path = SHARED / "luohu_committees_2023.csv"
    if not path.exists():
        pytest.skip("the bureau's list is not on this machine")
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
    regions = region.shipped()

    assert {(each.code, each.zh, each.parent) for each in regions.at("committee")} == {
        (row["code"], row["name"], row["street_code"]) for row in rows
    }


def test_deriving_again_changes_nothing(tmp_path, monkeypatch):
    kept = {
        path.name: path.read_text() for path in (derive._REGIONS, derive._TRAFFIC) for path in path.glob("*.geojson")
    }
    monkeypatch.setattr(derive, "_REGIONS", tmp_path)
    monkeypatch.setattr(derive, "_TRAFFIC", tmp_path)
    monkeypatch.setattr(derive, "divisions", lambda archive: [
        {"code": each.code, "parent": each.parent, "level": each.level, "zh": each.zh}
        for each in region.shipped() if each.parent
    ])  # fmt: skip

    assert derive.main([]) == 0
    assert {path.name: path.read_text() for path in tmp_path.glob("*.geojson")} == kept
    assert (tmp_path / "regions.toml").read_text() == region.SHIPPED.read_text()
    assert tomllib.loads((tmp_path / "registry.toml").read_text())["registry"] == registry()
