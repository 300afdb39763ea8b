"""Layers in the data directory: installed whole, kept, and taken back."""

import json
from datetime import date

import pytest

from ioc.geo import layer

FEATURE = {
    "type": "Feature",
    "properties": {"code": "440303", "zh": "罗湖区", "draft": False},
    "geometry": {"type": "Polygon", "coordinates": [[[114.1, 22.5], [114.2, 22.5], [114.2, 22.6], [114.1, 22.5]]]},
}


def install(folder, source, valid_from=""):
    return layer.install("outline", [FEATURE], folder, source=source, datum="gcj02", valid_from=valid_from,
                         imported_ms=1_700_000_000_000, raw=source.encode())  # fmt: skip


def sources(folder, today=None):
    return layer.provenance(layer.read("outline", folder, today)).source


def test_without_an_import_the_shipped_layer_is_read(tmp_path):
    assert layer.read("roads", tmp_path) == layer.read("roads")
    assert layer.is_draft(layer.read("roads", tmp_path))


def test_an_import_replaces_the_layer_and_is_no_draft(tmp_path):
    told = install(tmp_path, "规划局")

    assert (told.number, told.before, told.datum) == (1, 0, "gcj02")
    assert layer.read("outline", tmp_path)["features"] == [FEATURE]
    assert not layer.is_draft(layer.read("outline", tmp_path))
    assert layer.read("roads", tmp_path) == layer.read("roads")


def test_restore_goes_back_step_by_step_to_what_was_shipped(tmp_path):
    install(tmp_path, "first")
    install(tmp_path, "second")

    assert layer.restore("outline", tmp_path) == 1
    assert sources(tmp_path) == "first"
    assert layer.restore("outline", tmp_path) == 0
    assert sources(tmp_path) == "shipped"
    with pytest.raises(layer.UnknownLayerVersion, match="nothing before it"):
        layer.restore("outline", tmp_path)


def test_an_import_after_a_restore_goes_back_to_what_it_replaced(tmp_path):
    install(tmp_path, "first")
    install(tmp_path, "mistake")
    layer.restore("outline", tmp_path)
    install(tmp_path, "third")

    assert layer.restore("outline", tmp_path) == 1
    assert [told.source for told in layer.versions("outline", tmp_path)] == ["first", "mistake", "third"]


def test_a_version_can_be_named(tmp_path):
    install(tmp_path, "first")
    install(tmp_path, "second")

    assert layer.restore("outline", tmp_path, to=0) == 0
    assert layer.restore("outline", tmp_path, to=2) == 2
    with pytest.raises(layer.UnknownLayerVersion, match="no version 7, only 0, 1, 2"):
        layer.restore("outline", tmp_path, to=7)


def test_a_border_that_is_true_from_a_later_day_waits_for_it(tmp_path):
    install(tmp_path, "old")
    install(tmp_path, "new", valid_from="2027-01-01")

    assert sources(tmp_path, date(2026, 12, 31)) == "old"
    assert sources(tmp_path, date(2027, 1, 1)) == "new"
    assert sources(tmp_path) == "new"


def test_a_file_of_a_later_program_is_refused_by_its_version(tmp_path):
    install(tmp_path, "first")
    path = tmp_path / "geo/outline/1.geojson"
    table = json.loads(path.read_text())
    table["ioc"]["version"] = 9
    path.write_text(json.dumps(table))

    with pytest.raises(layer.UnknownLayerVersion, match="has version 9"):
        layer.read("outline", tmp_path)


def test_a_write_that_fails_leaves_the_layer_and_no_litter(tmp_path, monkeypatch):
    install(tmp_path, "first")
    monkeypatch.setattr(layer.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))

    with pytest.raises(OSError, match="disk"):
        install(tmp_path, "second")
    assert sources(tmp_path) == "first"
    assert sorted(path.name for path in (tmp_path / "geo/outline").iterdir()) == ["1.geojson", "current"]
