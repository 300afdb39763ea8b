"""What only loaded definitions show is told by `ioc packs check`, with the pack's own file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ioc.packs import soundness
from ioc.packs.bundle import build
from ioc.packs.content import load as read
from metrics.definition import load

DISTRICT = Path(__file__).parent / "invented_district"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DISTRICT, tmp_path / "packs"))


def faults_after(root: Path, file: str, old: str, new: str) -> list[str]:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return soundness.faults(read(root), load(build(root)))


def test_a_formula_in_another_unit_than_the_declared_one(packs: Path) -> None:
    assert faults_after(packs, "river/indicators.toml", 'unit = "m"', 'unit = "cm"') == [
        "river/indicators.toml:W1.unit:0: unit: the formula gives m, declared is cm"
    ]


def test_a_limit_above_all_values_is_never_reached(packs: Path) -> None:
    assert faults_after(packs, "river/indicators.toml", "red = 4", "red = 40") == [
        "river/indicators.toml:W1.thresholds.red:0: literal: it is never reached: values are from 0 up to 20"
    ]


def test_a_limit_of_a_rate_that_must_not_fall_below_nothing_is_never_reached(packs: Path) -> None:
    assert faults_after(packs, "market/indicators.toml", "red = 50", "red = 0") == [
        "market/indicators.toml:M1.thresholds.red:0: literal: it is never reached: values are from 0"
    ]


def test_a_level_that_a_worse_one_hides(packs: Path) -> None:
    assert faults_after(packs, "river/indicators.toml", "orange = 3", "orange = 4") == [
        "river/indicators.toml:W1.thresholds.orange:0: literal: it is never shown: red has the same limit"
    ]


def test_limits_of_an_indicator_that_is_context_only_on_its_value(packs: Path) -> None:
    faults = faults_after(packs, "river/indicators.toml", 'direction = "down"', 'direction = "context"')
    assert [fault.partition(": ")[0] for fault in faults] == ["river/indicators.toml:W1.thresholds:0"]
    assert "never reached" in faults[0]


def test_a_region_level_of_a_source_whose_rows_have_no_region(packs: Path) -> None:
    edit = 'registry = "staff"\ntake = ["bank"]\nregion = { registry = "code" }\n'
    assert faults_after(packs, "river/sources.toml", edit, 'registry = "staff"\ntake = ["bank"]\n') == [
        "river/indicators.toml:W1.levels:0: literal: no row of its sources belongs to a subdistrict"
    ]


def test_a_region_level_below_all_rows_of_a_fixed_registry(packs: Path) -> None:
    (packs / "river/registry.toml").write_text(
        '[[registry.staffs]]\nid = "A"\nbank = 2\ncode = "990001"\n', encoding="utf-8"
    )
    faults = faults_after(packs, "river/sources.toml", 'registry = "staff"', 'registry = "staffs"')
    assert faults == ["river/indicators.toml:W1.levels:0: literal: no row of its sources belongs to a subdistrict"]


def test_a_condition_of_an_event_over_a_field_that_is_not_there(packs: Path) -> None:
    assert faults_after(packs, "river/pack.toml", "height > bank", "hight > bank") == [
        "river/pack.toml:high_water.where:1: unknown-name: 'hight' is not a field of stage; did you mean height?"
    ]


def test_a_condition_of_an_event_that_is_no_condition(packs: Path) -> None:
    faults = faults_after(packs, "river/pack.toml", "height > bank", "height +")
    assert faults[0].startswith("river/pack.toml:high_water.where:9: syntax: ")


def test_the_shipped_packs_and_the_invented_ones_have_no_fault(packs: Path) -> None:
    assert soundness.faults(read(), load(build())) == []
    assert soundness.faults(read(packs), load(build(packs))) == []
