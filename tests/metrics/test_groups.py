"""Groups: regions by field, registries and region trees, and measures that cannot tell all groups apart."""

import numpy as np
import pytest
from shapely import box
from shapely.geometry import mapping

from metrics.column import Column
from metrics.definition import DefinitionErrors
from metrics.engine import initial, step
from metrics.observation import Batch
from metrics.region import Region, RegionError, Regions
from metrics.registry import Registry, RegistryError
from tests.metrics.engine_worlds import RAIN, REGIONS, at, batch, bundle, indicator, plan_of, run, said

HALLS = {
    "kind": "readings",
    "time": "time",
    "entity": "clerk",
    "fields": {"time": {"type": "time"}, "clerk": {"type": "text"}},
}


def test_a_region_may_be_a_field_of_the_row():
    raw = bundle(
        indicator("N", "n", {"n": {"agg": "count"}}, dimensions=["station"], levels=["district", "subdistrict"]),
        source={"region": {"field": "basin"}},
        regions=REGIONS,
    )
    rows = [
        (at("08:00:10"), "a", "440303001", 1),
        (at("08:00:20"), "a", "440303002", 1),
        (at("08:00:30"), "a", "nowhere", 1),
        (at("08:00:40"), "b", None, 1),
    ]
    found = said(run(initial(plan_of(raw)), rows, at("08:00:41")))
    assert {(key[1], key[2]): value[0] for key, value in found.items()} == {
        ("440303", ()): 2.0,
        ("440303001", ()): 1.0,
        ("440303002", ()): 1.0,
        ("", ()): 2.0,
        ("440303", ("a",)): 2.0,
        ("440303001", ("a",)): 1.0,
        ("440303002", ("a",)): 1.0,
        ("", ("a",)): 1.0,
        ("", ("b",)): 1.0,
    }


def test_a_region_may_be_the_outline_that_holds_the_point_of_the_row():
    west, east = box(114.0, 22.5, 114.1, 22.6), box(114.1, 22.5, 114.2, 22.6)
    raw = bundle(
        indicator("N", "n", {"n": {"agg": "count"}}, levels=["district", "subdistrict"]),
        source={
            "region": {"point": "place"},
            "fields": RAIN["fields"] | {"place": {"type": "point", "datum": "wgs84"}},
        },
        regions=REGIONS,
        outlines=[
            {"code": "440303001", "geometry": mapping(west)},
            {"code": "440303002", "geometry": mapping(east)},
        ],
    )
    rows = batch([(at("08:00:10"), "a", None, 1), (at("08:00:20"), "b", None, 1), (at("08:00:30"), "c", None, 1)])
    places = np.array([(1140500000, 225500000), (1141500000, 225500000), (1130000000, 225500000)], np.int64)
    rows.fields["place"] = Column(places, None, 7)

    found = said(step(initial(plan_of(raw)), [rows], at("08:00:41")))
    assert {key[1]: value[0] for key, value in found.items()} == {
        "440303": 2.0, "440303001": 1.0, "440303002": 1.0, "": 1.0,
    }  # fmt: skip


def test_an_outline_that_is_no_polygon_is_a_fault_that_names_its_region():
    raw = bundle(indicator("N", "n", {"n": {"agg": "count"}}), regions=REGIONS)
    line = {"type": "LineString", "coordinates": [[114.0, 22.5], [114.1, 22.6]]}

    with pytest.raises(DefinitionErrors, match=r"outlines:440303001\.geometry.*valid polygon"):
        plan_of(raw | {"outlines": [{"code": "440303001", "geometry": line}]})


def test_a_measure_without_the_dimension_gives_every_group_its_total_and_makes_none_appear():
    raw = bundle(
        indicator(
            "R", "mm / clerks", {"mm": {"agg": "sum", "field": "mm"}, "clerks": {"agg": "count", "source": "hall"}},
            dimensions=["station"],
        )
    )  # fmt: skip
    raw["sources"]["hall"] = HALLS
    state = initial(plan_of(raw))

    rain = batch([(at("08:00:10"), "a", None, 60), (at("08:00:10"), "b", None, 20)])
    hall = batch([(at("08:00:10"), "x", None, None), (at("08:00:10"), "y", None, None)])
    hall = Batch("hall", hall.time, hall.entity, hall.entities, {})
    found = said(step(state, [hall, rain], at("08:00:11")))
    assert {key[2]: value[0] for key, value in found.items()} == {(): 4.0, ("a",): 3.0, ("b",): 1.0}


def test_a_dimension_of_the_registry_groups_entities():
    gauges = [{"id": "a", "basin2": "north"}, {"id": "b", "basin2": "north"}, {"id": "c"}]
    raw = bundle(
        indicator("S", "s", {"s": {"agg": "sum", "field": "mm"}}, dimensions=["basin2"]),
        source={"registry": "gauges", "take": ["basin2"]},
        registries={"gauges": gauges},
    )
    rows = [(at("08:00:10"), name, None, 10) for name in ("a", "b", "c", "stranger")]
    found = said(run(initial(plan_of(raw)), rows, at("08:00:11")))
    assert {key[2]: value[0] for key, value in found.items()} == {(): 4.0, ("north",): 2.0, ("",): 2.0}


def test_registry_numbers_keep_their_decimals():
    registry = Registry.of("g", [{"id": "a", "km": 1.25, "n": 3}, {"id": "b", "km": 2}, {"id": "c", "open": True}])
    assert (registry.types["km"].scale, registry.types["n"].scale) == (2, 0)
    km = registry.column("km", ["b", "a", "c", "stranger"])
    assert (km.values.tolist(), km.known().tolist()) == ([200, 125, 0, 0], [True, True, False, False])


def test_a_registry_that_mixes_types_is_refused():
    with pytest.raises(RegistryError, match="mix"):
        Registry.of("g", [{"id": "a", "km": 1.25}, {"id": "b", "km": "far"}])


def test_a_region_knows_its_way_to_the_root():
    regions = Regions([Region("1", "", "district"), Region("11", "1", "subdistrict"), Region("111", "11", "committee")])
    assert regions.path("111") == ("111", "11", "1")
    assert regions.path("9") == ()
    assert (regions.root, regions.of_levels(["committee"])) == ("1", ("111",))


def test_regions_that_form_a_circle_are_refused():
    with pytest.raises(RegionError, match="circle"):
        Regions([Region("1", "2", "district"), Region("2", "1", "district")])


def test_an_additive_attribute_is_the_sum_of_the_children_if_all_have_it():
    regions = Regions(
        [
            Region("1", "", "district"),
            Region("11", "1", "subdistrict", attributes={"population": 3.0, "height": 9.0}),
            Region("12", "1", "subdistrict", attributes={"population": 4.0}),
        ],
        additive=["population"],
    )
    assert regions.attribute("1", "population") == 7.0
    assert regions.attribute("1", "height") is None
