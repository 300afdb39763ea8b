"""Datum conversion, held against the pair of outlines of the same district."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from ioc.geo.plane import to_metres
from metrics import datum

PAIR = Path(__file__).resolve().parents[2] / "../shared/data/geo"


def pair():
    """The district in GCJ-02 and, made by somebody else, in WGS-84."""
    if not PAIR.exists():
        pytest.skip("the pair of outlines is not on this machine")
    gcj02 = shape(json.loads((PAIR / "luohu_district_gcj02.geojson").read_text()))
    wgs84 = shape(json.loads((PAIR / "luohu_district_wgs84.geojson").read_text())["features"][0]["geometry"])
    return gcj02, wgs84


def metres_off(made, reference):
    """Distance of each corner of an outline from the border of another, metres."""
    corners = shapely.points(shapely.get_coordinates(to_metres(made)))
    return shapely.distance(corners, to_metres(reference).boundary)


def test_the_gcj02_outline_becomes_the_wgs84_outline():
    gcj02, wgs84 = pair()
    made = shapely.transform(gcj02, lambda points: np.column_stack(datum.gcj02_to_wgs84(points[:, 0], points[:, 1])))

    assert made.intersection(wgs84).area / made.union(wgs84).area > 0.9995
    assert np.median(metres_off(made, wgs84)) < 0.6
    assert np.percentile(metres_off(made, wgs84), 99) < 1.8
    assert gcj02.intersection(wgs84).area / gcj02.union(wgs84).area < 0.85  # without conversion they are far apart


def test_the_shift_is_that_of_the_reference_to_the_decimetre():
    """The reference undid the shift in one step, which leaves up to 2 m; done its way the corners are the same."""

    def one_step(points):
        return 2 * points - np.column_stack(datum.wgs84_to_gcj02(points[:, 0], points[:, 1]))

    gcj02, wgs84 = pair()
    off = metres_off(shapely.transform(gcj02, one_step), wgs84)

    assert np.median(off) < 0.04
    assert np.sort(off)[-2] < 0.2  # all but one of 987: the reference lacks one spur of 10 m


def test_the_shift_at_luohu_station_is_half_a_kilometre_to_the_north_west():
    lon, lat = datum.wgs84_to_gcj02(114.1138, 22.5343)

    assert float(lon) == pytest.approx(114.1189, abs=2e-4)
    assert float(lat) == pytest.approx(22.5316, abs=2e-4)


@given(st.floats(113.7, 114.7), st.floats(22.4, 22.9))
def test_there_and_back_is_where_one_started(lon, lat):
    assert np.allclose(datum.gcj02_to_wgs84(*datum.wgs84_to_gcj02(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    assert np.allclose(datum.bd09_to_gcj02(*datum.gcj02_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9)


def test_outside_china_gcj02_is_wgs84():
    assert [float(value) for value in datum.wgs84_to_gcj02(-0.1276, 51.5072)] == [-0.1276, 51.5072]


def test_cgcs2000_is_taken_as_wgs84():
    assert [float(value) for value in datum.to_wgs84(114.1, 22.5, "cgcs2000")] == [114.1, 22.5]


def test_an_array_keeps_its_shape():
    lon, lat = datum.to_wgs84(np.full((2, 3), 114.1), np.full((2, 3), 22.5), "bd09")

    assert lon.shape == lat.shape == (2, 3)
