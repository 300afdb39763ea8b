"""Outlines: which region a point lies in."""

from __future__ import annotations

import numpy as np
from shapely.geometry import box

from metrics.column import Column
from metrics.outline import Outlines
from metrics.region import Region, Regions

REGIONS = Regions(
    [
        Region("D", "", "district"),
        Region("S2", "D", "subdistrict"),
        Region("S1", "D", "subdistrict"),
    ]
)
OUTLINES = Outlines(
    [
        ("S2", box(114.1, 22.5, 114.2, 22.6)),
        ("D", box(114.0, 22.5, 114.3, 22.6)),
        ("S1", box(114.0, 22.5, 114.1, 22.6)),
        ("X", box(110.0, 20.0, 120.0, 30.0)),
    ],
    REGIONS,
)


def places(*points: tuple[float, float]) -> Column:
    return Column(np.array([(round(lon * 10**7), round(lat * 10**7)) for lon, lat in points], np.int64), None, 7)


def regions_of(column: Column) -> list[str | None]:
    found = OUTLINES.region_of(column)
    assert found.dictionary is not None
    return [found.dictionary[code] if code >= 0 else None for code in found.values.tolist()]


def test_a_point_belongs_to_the_most_specific_region() -> None:
    assert regions_of(places((114.15, 22.55), (114.25, 22.55))) == ["S2", "D"]


def test_a_point_on_a_border_belongs_to_the_first_polygon_in_code_order() -> None:
    assert regions_of(places((114.1, 22.55))) == ["S1"]


def test_the_outer_border_is_inside() -> None:
    assert regions_of(places((114.0, 22.5), (114.3, 22.6))) == ["S1", "D"]


def test_a_polygon_of_a_code_that_the_region_table_lacks_is_nowhere() -> None:
    assert regions_of(places((113.0, 22.0))) == [None]


def test_no_point_has_no_region() -> None:
    column = places((114.15, 22.55), (114.15, 22.55))
    assert regions_of(Column(column.values, np.array([True, False]), 7)) == ["S2", None]


def test_without_outlines_every_point_is_nowhere() -> None:
    assert Outlines([], REGIONS).region_of(places((114.15, 22.55))).values.tolist() == [-1]
