"""Points -> regions, by grid and exactly."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.geometry import shape

from ioc.geo import layer
from ioc.geo.resolve import resolver
from metrics.resolver import NOWHERE, Resolver


def naive(polygons, lon, lat):
    answer = np.full(lon.shape, NOWHERE, np.int32)
    for index in reversed(range(len(polygons))):
        answer[shapely.intersects_xy(polygons[index], lon, lat)] = index
    return answer


def test_the_grid_says_what_the_polygons_say():
    where = resolver(layer.read("subdistricts"))
    polygons = [shape(each["geometry"]) for each in layer.read("subdistricts")["features"]]
    random = np.random.default_rng(7)
    lon, lat = random.uniform(114.05, 114.23, 60_000), random.uniform(22.52, 22.63, 60_000)

    assert np.array_equal(where.resolve(lon, lat), naive(polygons, lon, lat))


def test_points_on_and_beside_the_borders_are_exact():
    where = resolver(layer.read("subdistricts"))
    polygons = [shape(each["geometry"]) for each in layer.read("subdistricts")["features"]]
    corners = np.vstack([shapely.get_coordinates(polygon) for polygon in polygons])
    near = np.vstack(
        [corners, corners + 2e-7, corners - 2e-7, corners + np.array([3e-5, 0]), corners - np.array([0, 3e-5])]
    )

    assert np.array_equal(where.resolve(near[:, 0], near[:, 1]), naive(polygons, near[:, 0], near[:, 1]))


def test_a_point_on_a_border_belongs_to_the_first_polygon():
    where = Resolver([("a", box(114.10, 22.50, 114.11, 22.51)), ("b", box(114.11, 22.50, 114.12, 22.51))])

    assert where.code(114.11, 22.505) == "a"
    assert where.code(114.12, 22.505) == "b"
    assert where.code(114.1200001, 22.505) is None


def test_the_more_specific_collection_wins_and_the_wider_one_fills_its_gaps():
    small = {"features": [{"properties": {"code": "440303001"}, "geometry": box(114.10, 22.50, 114.11, 22.51).__geo_interface__}]}  # fmt: skip # noqa: E501
    wide = {"features": [{"properties": {"code": "440303"}, "geometry": box(114.10, 22.50, 114.20, 22.60).__geo_interface__}]}  # fmt: skip # noqa: E501
    where = resolver(small, wide)

    assert where.code(114.105, 22.505) == "440303001"
    assert where.code(114.150, 22.550) == "440303"


def test_holes_and_islands_count():
    ring = Polygon(box(114.10, 22.50, 114.14, 22.54).exterior, [box(114.11, 22.51, 114.13, 22.53).exterior.coords])
    where = Resolver([("a", MultiPolygon([ring, box(114.115, 22.515, 114.118, 22.518)]))])

    assert where.code(114.105, 22.52) == "a"
    assert where.code(114.125, 22.52) is None
    assert where.code(114.116, 22.516) == "a"


def test_what_is_not_a_place_is_nowhere():
    where = Resolver([("a", box(114.10, 22.50, 114.11, 22.51))])

    assert where.resolve([np.nan, np.inf, -np.inf, 0.0], [22.505, 22.505, 22.505, 1e308]).tolist() == [NOWHERE] * 4


def test_a_layer_of_a_whole_country_does_not_take_all_memory():
    where = Resolver([("cn", box(73.0, 18.0, 135.0, 53.0))])

    assert where._grid.size < 5_000_000
    assert where.code(114.1, 22.5) == "cn"


def test_a_resolver_needs_polygons():
    with pytest.raises(ValueError, match="needs polygons"):
        Resolver([])
