"""What is wrong with a pack is told with file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ioc.packs.bundle import build
from ioc.packs.files import PACKS, PackErrors


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    """A copy of the shipped packs that a test may break."""
    return Path(shutil.copytree(PACKS, tmp_path / "packs", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def faults(root: Path) -> tuple[str, ...]:
    with pytest.raises(PackErrors) as caught:
        build(root)
    return caught.value.lines


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_an_unknown_key_of_a_source_is_named_with_file_and_key(packs: Path) -> None:
    edit(packs / "traffic/sources.toml", 'period = "30s"', 'perido = "30s"')
    assert faults(packs) == (
        "traffic/sources.toml:traffic.perido:0: unknown-key: 'perido' is not known; 'period'?",
    )  # fmt: skip


def test_an_unknown_key_of_a_measure_is_named_by_the_indicator_it_belongs_to(packs: Path) -> None:
    edit(packs / "traffic/indicators.toml", 'per = ["entity"]', 'pre = ["entity"]')
    assert faults(packs) == (
        "traffic/indicators.toml:T1.measures.km.pre:0: unknown-key: 'pre' is not known; 'per'?",
    )  # fmt: skip


def test_faults_of_several_files_are_told_at_once(packs: Path) -> None:
    edit(packs / "traffic/wall.toml", "[[tile]]", "[[tiel]]")
    edit(packs / "operations/sources.toml", 'kind = "readings"', 'kind = "reedings"')
    lines = faults(packs)
    assert [line.split(":")[0] for line in lines] == ["operations/sources.toml", "traffic/wall.toml"]


def test_a_missing_key_is_told(packs: Path) -> None:
    edit(packs / "traffic/pack.toml", 'zh = "交通运行"\n', "")
    assert faults(packs) == ("traffic/pack.toml:scene.zh:0: missing-key: this key is required",)


def test_text_that_is_no_toml_is_told_with_its_line(packs: Path) -> None:
    (packs / "traffic/recordings.toml").write_text("[recording\n", encoding="utf-8")
    assert faults(packs)[0].startswith("traffic/recordings.toml:1:11: syntax: 不是 TOML not TOML: ")


def test_a_file_that_no_pack_has_is_not_passed_over(packs: Path) -> None:
    (packs / "traffic/indicator.toml").write_text("", encoding="utf-8")
    assert faults(packs) == ("traffic/indicator.toml::0: unknown-key: a pack has no file of this name",)


def test_a_number_where_text_belongs_is_a_type_fault(packs: Path) -> None:
    edit(packs / "traffic/sources.toml", 'idle = "2m"', "idle = 2")
    assert faults(packs) == ("traffic/sources.toml:traffic.idle:0: type: Input should be a valid string",)


def test_a_decimal_without_scale_is_refused(packs: Path) -> None:
    edit(packs / "traffic/sources.toml", "scale = 2, ", "")
    assert faults(packs) == (
        "traffic/sources.toml:traffic.fields.speed:0: type: scale belongs to decimal fields, and only to them",
    )


def test_a_time_format_without_the_day_is_refused(packs: Path) -> None:
    edit(packs / "traffic/recordings.toml", "%m/%d/%Y %H:%M", "%m/%Y %H:%M")
    assert faults(packs) == (
        "traffic/recordings.toml:taxi_speeds.time:0: type: the format must hold year, month, day, hour and minute",
    )
