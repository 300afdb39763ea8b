"""Another district is another folder of packs: nothing of it is in the program."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ioc.entrypoints.packs import app
from ioc.packs.bundle import build, walls
from metrics.column import Column
from metrics.compiler import compile
from metrics.definition import Bundle, load
from metrics.engine import initial, step
from metrics.observation import Batch

DISTRICT = Path(__file__).parent / "invented_district"
HOUR = 3_600_000
EIGHT = 1_795_219_200_000  # 2026-11-21 08:00 in Shanghai


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load(build(DISTRICT))


def test_the_packs_of_another_district_are_sound() -> None:
    result = CliRunner().invoke(app, ["check", "--root", str(DISTRICT)])
    assert result.exit_code == 0, result.output
    assert "2 scenes, 3 sources, 2 indicators" in result.output


def test_its_list_names_its_own_tasks_and_what_serves_them() -> None:
    result = CliRunner().invoke(app, ["list", "--json", "--root", str(DISTRICT)])
    content = json.loads(result.output)
    assert [scene["zh"] for scene in content["scenes"]] == ["河道", "集市"]
    assert content["tasks"][0] == {
        "id": 1, "zh": "河道看护", "en": "care of the river", "scenes": ["river"], "indicators": ["W1"],
        "sources": ["stage"], "layers": ["staffs"], "events": ["high_water"], "pages": ["/wall?scene=river"],
        "systems": ["river_office"],
    }  # fmt: skip


def test_a_wall_may_have_a_map_of_areas_alone_or_none() -> None:
    composed = walls(DISTRICT)
    assert composed["river"] == {"tile": [{"indicator": "W1"}], "map": {"areas": "W1"}}
    assert composed["market"] == {"tile": [{"indicator": "M1"}]}


def test_its_indicators_have_values_at_its_own_regions(bundle: Bundle) -> None:
    state = initial(compile(bundle))
    staffs = Batch(
        "staff", np.array([EIGHT - 1, EIGHT - 1]), np.array([0, 1], np.int32), ["A", "B"],
        {"code": Column(np.array([0, 1], np.int32), np.array([True, True]), None, ("990001001", "990001002"))},
    )  # fmt: skip
    stages = Batch(
        "stage", np.array([EIGHT, EIGHT + 1]), np.array([0, 1], np.int32), ["A", "B"],
        {"height": Column(np.array([150, 310]), None, 2)},
    )  # fmt: skip
    step(state, [staffs, stages], EIGHT + 2)
    told = step(state, [], EIGHT + 2 * HOUR)
    values = {
        value.region: (value.value, value.level)
        for value in told.complete_values()
        if value.window_end == EIGHT + HOUR and value.indicator == "W1"
    }
    assert values["990001"] == (3.1, "orange")
    assert values["990001001"][0] == 1.5
