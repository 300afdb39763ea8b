"""The region tree."""

import pytest

from ioc.geo import region
from ioc.geo.region import Region, Regions, RegionTableError


def test_the_district_has_ten_subdistricts_and_109_committees():
    regions = region.shipped()

    assert regions.root.code == "440303"
    assert [each.short_zh for each in regions.at("subdistrict")] == [
        "桂园", "黄贝", "东门", "翠竹", "南湖", "笋岗", "东湖", "莲塘", "东晓", "清水河",
    ]  # fmt: skip
    assert len(regions.at("committee")) == 109


def test_population_and_area_are_known_for_the_district_only():
    regions = region.shipped()

    assert (regions.root.population, regions.root.population_year) == (1_143_801, 2020)
    assert regions.root.area_km2 == 78.75
    assert all(each.population is None and each.area_km2 is None for each in regions if each.parent)


def test_a_committee_leads_up_to_the_district():
    line = region.shipped().line("440303007003")

    assert [each.zh for each in line] == ["梧桐山社区居民委员会", "东湖街道", "罗湖区"]


def test_a_subdistrict_is_found_by_either_of_its_names():
    regions = region.shipped()

    assert regions.named("莲塘", "subdistrict") == regions.named("莲塘街道", "subdistrict") == regions["440303008"]
    assert regions.named("福田", "subdistrict") is None


def test_an_unknown_key_is_named_with_file_and_code(tmp_path):
    file = tmp_path / "regions.toml"
    file.write_text('[[region]]\ncode = "1"\nlevel = "district"\nzh = "甲"\nen = "A"\npopulaton = 3\n')

    with pytest.raises(RegionTableError) as error:
        region.load(file)
    assert error.value.lines == ["regions.toml:1.populaton: unknown-key"]


def test_an_unknown_population_may_not_be_written_as_zero(tmp_path):
    file = tmp_path / "regions.toml"
    file.write_text('[[region]]\ncode = "1"\nlevel = "district"\nzh = "甲"\nen = "A"\npopulation = 0\n')

    with pytest.raises(RegionTableError, match="population: range"):
        region.load(file)


def test_a_tree_without_order_is_refused():
    root = Region("1", "", "district", "甲", "A")

    with pytest.raises(RegionTableError, match="duplicate"):
        Regions([root, root])
    with pytest.raises(RegionTableError, match="there is no region '9'"):
        Regions([root, Region("12", "9", "subdistrict", "乙", "B")])
    with pytest.raises(RegionTableError, match="exactly one region has no parent"):
        Regions([root, Region("2", "", "district", "丙", "C")])
    with pytest.raises(RegionTableError, match="a subdistrict cannot hold a subdistrict"):
        Regions([root, Region("12", "1", "subdistrict", "乙", "B"), Region("13", "12", "subdistrict", "丁", "D")])
