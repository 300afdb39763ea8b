"""Areas drafted from places: no gap, no overlap, one piece each."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from ioc.geo import partition
from ioc.geo.plane import area_km2

SQUARE = Polygon([(114.10, 22.55), (114.15, 22.55), (114.15, 22.60), (114.10, 22.60)])


def test_two_places_share_the_square_along_one_border():
    areas = partition.draft(SQUARE, {"west": [(114.11, 22.575)], "east": [(114.14, 22.575)]})

    assert area_km2(areas["west"]) == pytest.approx(area_km2(areas["east"]), rel=1e-3)
    assert areas["west"].intersection(areas["east"]).area == 0
    assert partition.outline_of(areas).symmetric_difference(SQUARE).area < 1e-10


def test_an_area_whose_places_are_cut_apart_is_refused_by_name():
    with pytest.raises(partition.PartitionFailure, match="split: 2 pieces"):
        partition.draft(SQUARE, {"split": [(114.105, 22.575), (114.145, 22.575)], "wall": [(114.125, 22.56), (114.125, 22.575), (114.125, 22.59)]})  # fmt: skip # noqa: E501


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6, unique=True))
def test_whatever_the_places_nothing_is_lost_and_nothing_counted_twice(cells):
    places = {f"a{i}": [(114.1025 + x * 0.005, 22.5525 + y * 0.005)] for i, (x, y) in enumerate(cells)}
    areas = partition.draft(SQUARE, places)

    assert shapely.coverage_is_valid(list(areas.values()))
    assert sum(area.area for area in areas.values()) == pytest.approx(SQUARE.area, rel=1e-6)
