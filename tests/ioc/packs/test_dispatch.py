"""The rules of smart dispatch are checked: what is not there and what can never count is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from ioc.packs.checks import check
from ioc.packs.content import Content, load
from ioc.packs.dispatch import DispatchFile
from ioc.packs.files import Loaded

CONTENT = load()


def faults(**change: object) -> list[str]:
    assert CONTENT.dispatch is not None
    raw = CONTENT.dispatch.model.model_dump(by_alias=True) | change
    made = Loaded(CONTENT.dispatch.name, DispatchFile.model_validate(raw), raw)
    content: Content = replace(CONTENT, dispatch=made)
    return check(content)


def table(name: str) -> list[dict[str, object]]:
    assert CONTENT.dispatch is not None
    found: list[dict[str, object]] = CONTENT.dispatch.model.model_dump(by_alias=True)[name]
    return found


def test_the_shipped_rules_are_sound():
    assert faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"office": "moon"}, "dispatch.toml:route.water.office:0: unknown-name: there is no office 'moon'"),
        ({"regions": ["99"]}, "dispatch.toml:route.water.regions:0: unknown-name: there is no region '99'"),
        ({"kinds": ["case"], "classes": ["natural"]},
         "dispatch.toml:route.water.classes:0: conflict: none of its classes is of case"),
    ],
)  # fmt: skip
def test_a_route_to_what_is_not_there_is_refused_by_name(change: dict[str, object], fault: str):
    first, *rest = table("route")
    assert faults(route=[first | change, *rest]) == [fault]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ({"skill": "fly", "number": {"0": 1}}, "need.fire.fly:0: unknown-name: no unit has the skill 'fly'"),
        ({"skill": "fire", "number": {"0": 1}, "equipment": ["wings"]},
         "need.fire.fire:0: unknown-name: there is no equipment 'wings'"),
        ({"skill": "fire", "number": {"0": 2, "3": 1}},
         "need.fire.fire.number:0: conflict: a higher level never needs fewer"),
        ({"skill": "fire", "number": {"2": 1}},
         "need.fire.fire.number:0: missing-key: how many at level 0 is not said"),
    ],
)  # fmt: skip
def test_a_need_that_nobody_can_meet_is_refused_by_name(line: dict[str, object], fault: str):
    first, *rest = table("need")
    assert faults(need=[first | {"line": [line]}, *rest]) == [f"dispatch.toml:{fault}"]


def test_only_the_last_need_asks_for_nothing():
    rest = table("need")
    assert faults(need=rest[:-1]) == [
        f"dispatch.toml:need.{rest[-2]['id']}:0: conflict: the last is of whatever no other knows"
    ]


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        faults(travel={"road_factor": 1.4, "most_load": 2, "load_minutes": 1.0, "shift_minutes": 1.0, "luck": 1})
