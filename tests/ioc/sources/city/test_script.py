"""Scripts: closed, checked, and forced upon the city."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ioc.packs.bundle import build
from ioc.sources.city.city import City
from ioc.sources.city.script import ScriptError, parse, read
from tests.ioc.sources.city.whole import HOUR, MONDAY, script

HEAD = {"id": "x", "zh": "甲", "en": "x", "begin": datetime(2026, 6, 1, 4, tzinfo=UTC), "hours": 2}
RAIN = {"kind": "rain", "from": "0:10", "until": "1:00", "value": 30}


def faults(force: dict[str, object], **head: object) -> str:
    with pytest.raises(ScriptError) as error:
        parse({"script": HEAD | head, "force": [force]}, "night.toml")
    return str(error.value)


def test_an_unknown_key_is_named_with_file_and_place() -> None:
    assert faults(RAIN | {"mm": 3}).startswith("night.toml: force.0.mm: ")


def test_a_force_says_where_in_the_list_of_its_kind() -> None:
    assert "rain has places, not roads" in faults(RAIN | {"roads": ["LH001"]})
    assert "silent needs sources" in faults(RAIN | {"kind": "silent"})


def test_a_force_ends_after_it_begins_and_times_have_an_offset() -> None:
    assert "until lies not after from" in faults(RAIN | {"until": "0:10"})
    assert "begin needs an offset" in faults(RAIN, begin=datetime(2026, 6, 1, 12))  # noqa: DTZ001


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "night.toml"
    file.write_text(
        '[script]\nid = "night"\nzh = "夜"\nen = "night"\nbegin = 2023-09-07T17:00:00+08:00\nhours = 12\n'
        '[[force]]\nkind = "rain"\nfrom = "1:00"\nuntil = "2:30"\nvalue = 60\nassumed = true\n',
        encoding="utf-8",
    )
    found = read(file)
    assert found.begin_ms == 1_694_077_200_000
    assert found.end_ms == 1_694_077_200_000 + 12 * HOUR
    assert found.force[0].since == "1:00"
    with pytest.raises(ScriptError, match=r"absent\.toml"):
        read(tmp_path / "absent.toml")


def test_a_silent_source_sends_nothing_while_it_is_silent() -> None:
    noon = MONDAY + 12 * HOUR
    silence = script({"kind": "silent", "from": "1:00", "until": "2:00", "value": 1, "sources": ["traffic"]})
    roads = City(build(), seed=7, script=silence).models["traffic"]
    assert roads.rows(noon, noon + HOUR - 1) is not None
    assert roads.rows(noon + HOUR, noon + 2 * HOUR - 1) is None
    assert roads.rows(noon + 2 * HOUR, noon + 3 * HOUR) is not None


def test_a_closed_road_stands() -> None:
    noon = MONDAY + 12 * HOUR
    shut = script({"kind": "road_closed", "from": "1:00", "until": "2:00", "value": 1, "roads": ["LH001"]})
    rows = City(build(), seed=7, script=shut).models["traffic"].rows(noon + HOUR, noon + 2 * HOUR - 1)
    assert rows is not None
    here = rows.entity.values == list(rows.entity.dictionary).index("LH001")
    assert set(rows.fields["speed"].values[here].tolist()) == {300}
    assert rows.fields["speed"].values[~here].min() > 300


def test_sources_that_nobody_declares_are_left_out_and_said() -> None:
    bundle = build()
    bundle["sources"] = {"traffic": bundle["sources"]["traffic"]}
    city = City(bundle)
    assert list(city.models) == ["traffic"]
    assert "case" in city.left_out


NOTE = {"at": "0:30", "zh": "开始", "en": "it begins"}
EXPECT = {"indicator": "E2", "level": "red", "from": "0:10", "by": "1:00"}


def scripted(**parts: object) -> str:
    with pytest.raises(ScriptError) as error:
        parse({"script": HEAD, **parts}, "night.toml")
    return str(error.value)


def test_a_timeline_speaks_both_languages_and_ends_with_the_script() -> None:
    assert "note.0.en" in scripted(note=[{"at": "0:30", "zh": "开始"}])
    assert "2:01 lies after the end" in scripted(note=[NOTE | {"at": "2:01"}])


def test_an_expected_alarm_has_a_level_or_is_a_silence_and_some_time_to_come() -> None:
    assert "a level belongs to the condition level" in scripted(expect=[EXPECT | {"condition": "no_data"}])
    assert "by lies not after from" in scripted(expect=[EXPECT | {"by": "0:10"}])


def test_a_name_may_become_that_of_a_world() -> None:
    assert "script.id" in faults(RAIN, id="Night of rain")
    assert parse({"script": HEAD | {"id": "rain-2023-09-07"}, "note": [NOTE]}, "x").head.id == "rain-2023-09-07"
