from __future__ import annotations

import pytest

from ioc.domain.plan import Plan
from ioc.domain.plan_run import ENDED, Complete, Known, advance, begun
from ioc.packs.content import load
from ioc.packs.files import PACKS, PackErrors
from ioc.packs.plans import plans, read_text

CONTENT = load()
SHIPPED = plans(CONTENT)
TEN = ["building", "crowd", "fire", "flood", "gas", "health", "network", "power", "traffic", "typhoon"]
FLOOD = (PACKS / "plans" / "flood.toml").read_text(encoding="utf-8")


def test_ten_plans_are_shipped_each_with_parallel_branches_and_a_fallback():
    assert list(SHIPPED) == TEN
    for of in SHIPPED.values():
        assert 6 <= len(of.steps) <= 14, of.id
        branches = [name for name in of.steps if sum(name in each.after for each in of.steps.values()) > 1]
        assert branches, of.id
        assert of.reserve or any(each.late.tells or each.late.escalate for each in of.steps.values()), of.id
        assert any(start.by != "hand" for start in of.starts), of.id


@pytest.mark.parametrize("of", SHIPPED.values(), ids=lambda of: of.id)
def test_a_shipped_plan_is_brought_to_its_end_by_doing_what_is_open(of: Plan):
    state, effects = advance(of, begun(of), Known(level=4), 0)
    told = [each.key for each in effects]
    for _ in range(60):
        if state.phase != "running":
            break
        name = next(name for name, each in state.steps.items() if each.phase == "open")
        step = of.steps[name]
        receipts = frozenset({name}) if step.wants_receipts else frozenset()
        state, found = advance(of, state, Known(4, {}, 4, receipts), 1)
        told += [each.key for each in found]
        if state.steps[name].phase == "open":
            said = {
                each.name: each.most if each.kind == "number" else each.choices[-1][0] if each.choices else "有"
                for each in step.typed
            }
            state, found = advance(of, state, Complete(name, "li", said), 2)
            told += [each.key for each in found]
    assert (state.phase, all(each.phase in ENDED for each in state.steps.values())) == ("done", True)
    assert sorted(told) == sorted(set(told))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('owner = "leaders"', 'owner = "nobody"', "respond.owner: unknown-name".replace(": ", ":0: ")),
        ('after = ["respond"]', 'after = ["respnd"]', "notice.after:0: conflict"),
        ('scene = "emergency"', 'scene = "moon"', "wall.action.scene:0: unknown-name"),
        ("{depth_cm} cm，受困", "{depth} cm，受困", "respond.action.zh:0: conflict"),
        ('late = { step = "drain_call"', 'late = { stp = "drain_call"', "drain.late.stp:0: unknown-key"),
        ('indicator = "E3"', 'indicator = "E99"', "start.3.indicator:0: unknown-name"),
        ('response = "flood"', 'response = "water"', "plan.response:0: unknown-name"),
        ("within = \"4h\"", "within = { 3 = \"4h\" }", "drained.within:0: missing-key"),
        ("[plan]", "[plan", "syntax"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_plan_names_file_step_key_and_rule(old: str, new: str, where: str):
    assert old in FLOOD
    with pytest.raises(PackErrors) as wrong:
        read_text(FLOOD.replace(old, new), CONTENT, "flood.toml")
    assert any(where in each and each.startswith("flood.toml:") for each in wrong.value.lines), wrong.value.lines


def test_a_plan_that_somebody_edits_is_read_as_the_shipped_one():
    assert read_text(FLOOD, CONTENT, "flood.toml") == SHIPPED["flood"]
