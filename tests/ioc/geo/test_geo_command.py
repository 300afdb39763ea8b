"""`ioc geo` as a person types it."""

import copy
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ioc.entrypoints.geo import app
from ioc.geo import layer
from ioc.packs.bundle import publish
from metrics import datum, keys
from metrics.definition import load


@pytest.fixture
def geo(tmp_path, monkeypatch):
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def official(tmp_path):
    table = copy.deepcopy(layer.read("subdistricts"))
    for each in table["features"]:
        rings = each["geometry"]["coordinates"]
        each["geometry"]["coordinates"] = [
            [[float(v) for v in datum.wgs84_to_gcj02(*point)] for point in ring] for ring in rings
        ]
        each["properties"] = {"code": each["properties"]["code"], "name": each["properties"]["zh"]}
    file = tmp_path / "official.geojson"
    file.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    return file


def test_an_official_layer_is_imported_listed_and_taken_back(geo, official, tmp_path):
    told = geo("import", official, "--layer", "subdistricts", "--datum", "gcj02", "--source", "规划局")
    assert told.exit_code == 0, told.output
    assert "subdistricts version 1, 10 features, from 规划局" in told.output
    assert not layer.is_draft(layer.read("subdistricts", tmp_path / "data"))
    assert "正式 official  规划局" in geo("list").output

    assert "as shipped" in geo("restore", "--layer", "subdistricts").output
    assert layer.is_draft(layer.read("subdistricts", tmp_path / "data"))
    assert geo("restore", "--layer", "subdistricts").exit_code == 3


@pytest.mark.service
def test_the_engine_hears_of_new_outlines_and_of_the_old_ones_again(
    geo, official, valkey_url, redis_client, monkeypatch
):
    monkeypatch.setenv("IOC_REDIS_URL", valkey_url)
    shipped = publish(redis_client)

    told = geo("import", official, "--layer", "subdistricts", "--datum", "wgs84", "--accept-doubts")
    assert "the engine was told" in told.output
    bundle = json.loads(redis_client.get(keys.BUNDLE))
    assert bundle["hash"] != shipped
    assert load(bundle).outlines.codes[-1] == "440303"

    geo("restore", "--layer", "subdistricts")
    assert json.loads(redis_client.get(keys.BUNDLE))["hash"] == shipped


def test_without_an_engine_the_operator_hears_when_the_outlines_count(geo, official):
    told = geo("import", official, "--layer", "subdistricts", "--datum", "gcj02")

    assert "at its next start" in told.output


def test_a_dry_run_changes_nothing(geo, official, tmp_path):
    told = geo("import", official, "--layer", "subdistricts", "--datum", "gcj02", "--dry-run")

    assert told.exit_code == 0
    assert "may be imported: 10 features" in told.output
    assert not (tmp_path / "data").exists()


def test_a_wrong_datum_is_refused_unless_the_person_insists(geo, official, tmp_path):
    told = geo("import", official, "--layer", "subdistricts", "--datum", "wgs84")
    assert told.exit_code == 3
    assert "nothing was changed" in told.output
    assert not (tmp_path / "data").exists()

    told = geo("import", official, "--layer", "subdistricts", "--datum", "wgs84", "--accept-doubts")
    assert told.exit_code == 0
    assert "subdistricts and outline differ by" in told.output


def test_a_day_that_does_not_exist_is_refused(geo, official):
    told = geo("import", official, "--layer", "subdistricts", "--datum", "gcj02", "--valid-from", "2026-02-30")

    assert told.exit_code == 2
    assert "is no day" in told.output


def test_a_point_is_resolved_with_all_above_it_and_the_draft_is_told(geo):
    lines = geo("resolve", "114.1138", "22.5343").output.splitlines()

    assert lines[0].startswith("440303005  subdistrict")
    assert "示意" in lines[0]
    assert lines[1].startswith("440303  district")


def test_the_datum_of_a_point_matters(geo):
    assert "440303010" in geo("resolve", "114.0660", "22.5850", "--datum", "wgs84").output
    assert geo("resolve", "114.0660", "22.5850", "--datum", "gcj02").exit_code == 4


def test_a_code_is_resolved_and_an_unknown_place_is_nowhere(geo):
    assert "梧桐山社区" in geo("resolve", "440303007003").output
    assert geo("resolve", "440304").exit_code == 4
    assert geo("resolve", "-114", "22.5").exit_code == 4
    assert geo("resolve", "east", "22.5").exit_code == 2


def test_the_exit_codes_are_told_by_the_command_and_are_those_of_every_other(geo):
    told = " ".join(geo("resolve", "--help").output.split())
    assert "Exit: 0 sure; 1 several may be meant; 2 usage; 4 nowhere, or nothing is called so." in told
    page = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert "1 not equal, not sure or not reachable, 2 usage or setting" in page
    assert "4 a file, value or place that is not there" in page
