"""What an official file must be before it replaces a layer."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, shape

from ioc.geo import layer, region
from ioc.geo.survey import Reference, examine
from metrics import datum

ROADS = [
    {"id": "LH001", "zh": "深南东路", "en": "Shennan East Road", "class": "arterial", "length_km": 3.9},
    {"id": "LH002", "zh": "解放路", "en": "Jiefang Road", "class": "secondary", "length_km": 1.8},
]


@pytest.fixture(scope="module")
def against():
    return Reference(region.shipped(), shape(layer.read("outline")["features"][0]["geometry"]), ROADS)


@pytest.fixture
def subdistricts():
    table = copy.deepcopy(layer.read("subdistricts"))
    for each in table["features"]:
        each["geometry"]["coordinates"] = [[list(point) for point in ring] for ring in each["geometry"]["coordinates"]]
    return table


def look(table, name, against, declared="wgs84"):
    return examine(json.dumps(table).encode(), name, declared, against)


def said(survey, weight):
    return [(finding.where, finding.en) for finding in survey.findings if finding.weight == weight]


def shifted(table, convert):
    for each in table["features"]:
        for ring in each["geometry"]["coordinates"]:
            ring[:] = [[float(v) for v in convert(*point)] for point in ring]
    return table


def area(shape, told):
    """A collection of one feature."""
    feature = {"type": "Feature", "properties": told, "geometry": shape.__geo_interface__}
    return {"type": "FeatureCollection", "features": [feature]}


def road(name, *points, **told):
    return {"type": "Feature", "properties": {"name": name, **told},
            "geometry": {"type": "LineString", "coordinates": list(points)}}  # fmt: skip


def test_a_sound_layer_is_taken_over_as_official(subdistricts, against):
    survey = look(subdistricts, "subdistricts", against)

    assert survey.findings == []
    assert len(survey.features) == 10
    assert survey.features[0]["properties"] == {"code": "440303001", "zh": "桂园街道", "draft": False}


def test_a_layer_in_gcj02_comes_out_in_wgs84(subdistricts, against):
    survey = look(shifted(copy.deepcopy(subdistricts), datum.wgs84_to_gcj02), "subdistricts", against, "gcj02")

    assert not survey.refused()
    for before, after in zip(subdistricts["features"], survey.features, strict=True):
        assert shape(before["geometry"]).hausdorff_distance(shape(after["geometry"])) < 1e-5


def test_a_wrongly_declared_datum_is_doubted(subdistricts, against):
    survey = look(shifted(subdistricts, datum.wgs84_to_gcj02), "subdistricts", against, "wgs84")

    assert survey.refused()
    assert any("as gcj02 it overlaps the present outline by 100.0%" in en for _, en in said(survey, "doubt"))
    assert not survey.refused(accept_doubts=True)


def test_codes_may_have_the_bureaus_twelve_digits_or_be_missing_beside_a_name(subdistricts, against):
    subdistricts["features"][0]["properties"] = {"code": "440303001000"}
    subdistricts["features"][1]["properties"] = {"name": "黄贝"}

    assert not look(subdistricts, "subdistricts", against).refused()


def test_wrong_missing_and_double_subdistricts_are_each_named(subdistricts, against):
    subdistricts["features"][0]["properties"]["zh"] = "福田街道"
    subdistricts["features"][1]["properties"]["code"] = "440304002"
    subdistricts["features"][2]["properties"] = dict(subdistricts["features"][3]["properties"])

    errors = said(look(subdistricts, "subdistricts", against), "error")

    assert ("#1 福田街道", "440303001 is 桂园街道, here it is called 福田街道") in errors
    assert ("#2 黄贝街道", "there is no such subdistrict: 440304002") in errors
    assert ("#4 翠竹街道", "翠竹街道 comes twice: give one MultiPolygon") in errors
    assert ("黄贝街道", "this subdistrict is missing") in errors
    assert ("东门街道", "this subdistrict is missing") in errors


def test_overlap_and_gap_are_measured(subdistricts, against):
    subdistricts["features"][6]["geometry"] = box(114.19, 22.58, 114.21, 22.60).__geo_interface__

    doubts = said(look(subdistricts, "subdistricts", against), "doubt")
    assert any("of the outline is not covered" in en for _, en in doubts)

    subdistricts["features"][6]["geometry"] = box(114.10, 22.54, 114.12, 22.56).__geo_interface__
    doubts = said(look(subdistricts, "subdistricts", against), "doubt")
    assert any(where == "桂园街道/东湖街道" and "they overlap by" in en for where, en in doubts)


def test_a_polygon_that_crosses_itself_is_refused_with_the_place(subdistricts, against):
    subdistricts["features"][0]["geometry"]["coordinates"] = [
        [[114.10, 22.54], [114.11, 22.55], [114.11, 22.54], [114.10, 22.55], [114.10, 22.54]]
    ]

    ((where, why),) = said(look(subdistricts, "subdistricts", against), "error")
    assert where == "#1 桂园街道"
    assert why.startswith("the geometry is not valid: Self-intersection[114.105 22.545")


def test_projected_metres_are_recognised(against):
    table = area(box(500000, 2490000, 510000, 2500000), {})

    ((_, why),) = said(look(table, "outline", against), "error")
    assert "projected metres" in why


def test_an_outline_must_be_this_district(against):
    table = copy.deepcopy(layer.read("outline"))
    table["features"][0]["properties"] = {"adcode": 440304, "name": "福田区"}

    assert said(look(table, "outline", against), "error") == [
        ("#1 福田区", "the code 440304 is not 440303"),
        ("#1 福田区", "the name 福田区 is not 罗湖区"),
    ]


def test_another_place_is_doubted_though_it_is_well_formed(against):
    table = area(box(113.0, 23.0, 113.1, 23.1), {"code": "440303"})

    doubts = [en for _, en in said(look(table, "outline", against), "doubt")]
    assert any("its area is" in en for en in doubts)
    assert any("overlaps the present outline by 0.0% only" in en for en in doubts)


def test_roads_are_matched_by_id_or_name_and_the_rest_is_told(against):
    table = {"type": "FeatureCollection", "features": [
        road("深南东路", (114.100, 22.543), (114.120, 22.547)), road("深南东路", (114.120, 22.547), (114.137, 22.551)),
        road("宝岗路", (114.104, 22.561), (114.104, 22.568))]}  # fmt: skip

    survey = look(table, "roads", against)

    assert not survey.refused()
    assert [each["properties"]["id"] for each in survey.features] == ["LH001"]
    assert survey.features[0]["geometry"]["type"] == "LineString"
    assert ("", "1 are not in the road registry and are left out") in said(survey, "note")
    assert ("解放路", "it gets no line and leaves the map") in said(survey, "note")


def test_a_road_whose_id_and_name_disagree_is_refused(against):
    table = {"type": "FeatureCollection", "features": [road("解放路", (114.10, 22.543), (114.12, 22.547), id="LH001")]}

    assert said(look(table, "roads", against), "error") == [
        ("#1 解放路", "LH001 is 深南东路, here it is called 解放路")
    ]


def test_a_reservoir_needs_a_name(against):
    table = area(box(114.145, 22.57, 114.15, 22.58), {})

    assert said(look(table, "water", against), "error") == [("#1", "it has no name")]


def test_a_named_crs_must_fit_the_declaration(subdistricts, against):
    subdistricts["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    assert not look(subdistricts, "subdistricts", against, "cgcs2000").refused()
    assert any(
        "declared is gcj02" in en for _, en in said(look(subdistricts, "subdistricts", against, "gcj02"), "doubt")
    )

    subdistricts["crs"]["properties"]["name"] = "urn:ogc:def:crs:EPSG::4547"
    ((_, why),) = said(look(subdistricts, "subdistricts", against), "error")
    assert "longitude and latitude are needed" in why


@pytest.mark.parametrize("raw", [
    b"", b"[]", b"{}", b"\xff\xfe", b'{"type":"FeatureCollection","features":[]}', "街道".encode("gb18030"),
    b'{"type":"FeatureCollection","features":[1]}', b'{"type":"FeatureCollection","features":[{}]}', b"[" * 100_000,
    b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[["a"]]]}}]}',
    b'{"type":"FeatureCollection","features":[{"properties":3,"geometry":{"type":"Polygon","coordinates":[]}}]}',
    b'{"type":"FeatureCollection","crs":3,"features":[{"geometry":{"type":"Polygon","coordinates":[[[NaN,1],[1,1],[1,2],[NaN,1]]]}}]}',
])  # fmt: skip
def test_a_file_of_another_kind_is_refused_not_raised(raw, against):
    assert examine(raw, "subdistricts", "wgs84", against).refused(accept_doubts=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates", "x"]), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["Polygon", "MultiPolygon", "LineString"]), JSON, JSON, st.sampled_from(layer.LAYERS))
def test_nothing_that_json_can_say_breaks_the_survey(kind, coordinates, told, name):
    reference = Reference(region.shipped(), box(114.0, 22.5, 114.2, 22.6), ROADS)
    table = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": told, "geometry": {"type": kind, "coordinates": coordinates}}]}  # fmt: skip

    survey = examine(json.dumps(table).encode(), name, "gcj02", reference)
    assert survey.findings or survey.features
