"""Which units are proposed: skill, equipment, availability, way, load and shift, with the reason of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.domain.unit_choice import Judged, Pool, choose
from ioc.domain.unit_words import needs, why
from ioc.packs.dispatch import shipped_unit_rules

RULES = shipped_unit_rules()
HERE = (114.12, 22.55)


def pool(*units: dict[str, Any]) -> Pool:
    """Units `km` east of the incident."""
    degree = 111.195 * float(np.cos(np.radians(HERE[1])))
    kms = np.array([unit.get("km", 1.0) for unit in units], float)
    return Pool(
        [f"u{at}" for at in range(len(units))], [unit.get("kind", "fire") for unit in units], HERE[0] + kms / degree,
        np.where(np.isnan(kms), np.nan, HERE[1]),
        np.array([unit.get("on_post", True) for unit in units], np.bool_),
        np.array([unit.get("ready", True) for unit in units], np.bool_),
        np.array([unit.get("load", 0) for unit in units], np.int64),
        np.array([unit.get("shift", np.inf) for unit in units], float),
        {at: frozenset(unit["extra"]) for at, unit in enumerate(units) if "extra" in unit},
    )  # fmt: skip


def told(of: Pool, text: str = "高层起火", level: int = 1, at: tuple[float, float] | None = HERE) -> dict[str, str]:
    found = choose(RULES, of, class_="accident", level=level, text=text, at=at)
    return {name: f"{Judged(int(found.judged[place])).name} {why(RULES, of, found, place).zh}"
            for place, name in enumerate(of.names)}  # fmt: skip


def test_the_soonest_that_can_are_proposed_and_each_of_the_others_is_told_why_not():
    units = pool(
        {"km": 4.0}, {"km": 1.0}, {"km": 2.0}, {"km": 0.5, "ready": False}, {"km": 0.5, "on_post": False},
        {"km": 0.5, "load": 2}, {"kind": "flood"}, {"km": float("nan")}, {"kind": "medical"},
    )  # fmt: skip
    assert told(units) == {
        "u0": "FARTHER 灭火；有消防车；约 5.6 km、12 分到场；已有更快或更合适者",
        "u1": "CHOSEN 灭火；有消防车；约 1.4 km、4 分到场",
        "u2": "CHOSEN 灭火；有消防车；约 2.8 km、7 分到场",
        "u3": "BUSY 不可用：正在出动",
        "u4": "OFF 不在岗",
        "u5": "LOADED 已承担 2 起未结事件",
        "u6": "UNFIT 没有所需技能",
        "u7": "NOWHERE 位置不明",
        "u8": "CHOSEN 医疗急救；约 1.4 km、5 分到场",
    }


def test_a_unit_with_a_task_or_a_shift_that_ends_soon_is_asked_after_others():
    units = pool({"km": 1.0, "load": 1}, {"km": 2.0, "shift": 20.0}, {"km": 8.0}, {"km": 9.0})
    found = told(units)
    assert [name for name, each in found.items() if each.startswith("CHOSEN")] == ["u0", "u2"]
    assert found["u0"] == "CHOSEN 灭火；有消防车；约 1.4 km、4 分到场；另有 1 起未结"
    assert found["u1"] == "FARTHER 灭火；有消防车；约 2.8 km、7 分到场；20 分后交班；已有更快或更合适者"


def test_equipment_that_a_unit_has_beside_that_of_its_kind_counts():
    units = pool({"kind": "fire"}, {"kind": "fire", "extra": ["boat"]}, {"kind": "flood"}, {"kind": "police"})
    found = choose(RULES, units, class_="natural", level=2, text="内涝", at=HERE)
    assert [units.names[at] for at in found.chosen] == ["u2", "u3", "u1"]
    assert Judged(int(found.judged[0])) is Judged.UNEQUIPPED
    assert why(RULES, units, found, 0).zh == "缺装备：冲锋舟"


def test_a_higher_level_needs_more_and_what_is_missing_is_told():
    units = pool(*({"km": float(at)} for at in range(5)))
    low, high = (choose(RULES, units, class_="accident", level=at, text="起火", at=HERE) for at in (1, 4))
    assert [(each.line.skill, each.number, each.found) for each in low.wanted] == [
        ("fire", 2, 2), ("medical", 1, 0), ("cordon", 2, 0),
    ]  # fmt: skip
    assert [line[-1].zh for line in needs(RULES, high)] == [
        "灭火（带消防车） 10 支，尚缺 5 支", "医疗急救 8 支，尚缺 8 支", "警戒疏导 4 支，尚缺 4 支",
    ]  # fmt: skip


def test_of_an_incident_that_nobody_has_placed_no_way_is_told():
    found = told(pool({"km": 1.0}), at=None)
    assert found == {"u0": "CHOSEN 灭火；有消防车；事发位置不明，未计路程"}


@pytest.mark.parametrize(
    ("class_", "text", "need"),
    [
        ("accident", "高层起火", "fire"), ("", "电梯困人", "lift"), ("natural", "起火", "flood"),
        ("health", "多人不适", "illness"), ("", "不明", "any"), ("security", "", "crowd"),
    ],
)  # fmt: skip
def test_the_type_is_told_by_words_within_the_class_then_by_the_class(class_: str, text: str, need: str):
    assert choose(RULES, pool({}), class_=class_, level=1, text=text, at=HERE).need.id == need


KIND = st.sampled_from([*RULES.forces, "unheard"])
UNIT = st.fixed_dictionaries(
    {"kind": KIND, "km": st.floats(0, 30), "on_post": st.booleans(), "ready": st.booleans(), "load": st.integers(0, 3),
     "shift": st.floats(0, 600)}
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(UNIT, max_size=25), st.integers(0, 4), st.sampled_from([need.words[0] for need in RULES.needs[:-1]]))
def test_only_who_can_and_may_is_proposed_once_and_never_more_than_is_needed(
    units: list[dict[str, Any]], level: int, text: str
):
    of = pool(*units)
    found = choose(RULES, of, class_="", level=level, text=text, at=HERE)
    assert len(found.chosen) == sum(each.found for each in found.wanted) == len(set(found.chosen))
    for at in found.chosen:
        force, line = RULES.forces[of.kinds[at]], found.need.lines[int(found.serves[at])]
        assert line.skill in force.skills
        assert line.equipment <= force.equipment
        assert of.on_post[at]
        assert of.ready[at]
        assert of.load[at] < RULES.most_load
    assert all(each.found <= each.number for each in found.wanted)
    assert sorted(found.order()) == list(range(len(units)))
    assert all(why(RULES, of, found, at).zh and why(RULES, of, found, at).en for at in range(len(units)))
