"""What the page of the screens offers: every scene that has a wall, and a map that one can point at."""

from __future__ import annotations

from pathlib import Path

import pytest

from ioc.queries.screens_page import pointing_map, screens_view
from ioc.queries.walls import walls


def test_every_wall_and_every_subdistrict_can_be_chosen(tmp_path: Path):
    view = screens_view(tmp_path)
    assert [each.id for each in view.scenes] == [each["id"] for each in walls()]
    assert len(view.regions) == 10
    assert (view.regions[0].zh, view.regions[0].en) == ("桂园街道", "Guiyuan")
    assert "incidents" in [each.id for each in view.overview]
    assert [each.code for each in view.map.outlines] == [each.id for each in view.regions]


def test_the_map_is_a_thousand_units_wide_and_keeps_the_shape_of_the_ground():
    ring = [[114.0, 22.0], [114.2, 22.0], [114.2, 22.1], [114.0, 22.1], [114.0, 22.0]]
    square = {"properties": {"code": "1", "zh": "一"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    found = pointing_map([square])
    assert found.box == (114.0, 22.0, 114.2, 22.1)
    assert found.height == pytest.approx(500 / 0.9269, rel=1e-3)  # cos 22.05 degrees
    assert found.outlines[0].path.startswith(f"M0.0 {found.height:.1f}L1000.0 {found.height:.1f}L1000.0 0.0")


def test_without_outlines_there_is_an_empty_map():
    assert pointing_map([]).outlines == ()
