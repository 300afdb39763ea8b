from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ioc.domain.plan import Action, Condition, Evidence, Fallback, Plan, Step
from ioc.domain.plan_run import (
    ENDED,
    Cancel,
    Complete,
    Event,
    Fail,
    Known,
    Over,
    Skip,
    State,
    StepRefused,
    TakeBack,
    Tick,
    advance,
    begun,
    next_ms,
)
from ioc.domain.plan_values import EvidenceRefused, checked, told
from metrics.calendar import ALWAYS, Calendar

MINUTE = 60_000
RECEIPT = Evidence("answered", "回执", "receipt", "receipt")
ORDER = Action("order", ("org:水务局",), zh="请到场", en="come")
DEPTH = Evidence("depth", "水深", "depth", "number", "cm", least=0, most=500)


def plan(*steps: Step) -> Plan:
    return Plan(
        "p", "预案", "plan", (), (), "flood", (), {each.id: each for each in steps}, {ALWAYS: Calendar.always()}
    )


def step(name: str, *after: str, **more: Any) -> Step:
    return replace(Step(name, name, name, "duty", after), **more)


def after(of: Plan, *events: tuple[Event, int]) -> tuple[State, list[str]]:
    state, effects = begun(of), []
    for event, minute in ((Known(), 0), *events):
        state, found = advance(of, state, event, minute * MINUTE)
        effects += [each.key for each in found]
    return state, effects


def phases(state: State) -> dict[str, str]:
    return {name: each.phase for name, each in state.steps.items()}


def test_branches_run_beside_each_other_and_join():
    of = plan(step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))
    state, _ = after(of, (Complete("a", "li"), 1))
    assert phases(state) == {"a": "done", "b": "open", "c": "open", "d": "waiting"}
    state, _ = after(of, (Complete("a", "li"), 1), (Complete("b", "li"), 2))
    assert state.steps["d"].phase == "waiting"
    state, _ = after(of, (Complete("a", "li"), 1), (Complete("b", "li"), 2), (Skip("c", "li", "无需"), 3))
    assert state.steps["d"].phase == "open"


def test_what_is_entered_decides_which_branch_is_left_out():
    of = plan(
        step("look", evidence=(DEPTH,)), step("close", "look", when=(Condition("input", "depth", "at_least", 27),)),
        step("end", "close"),
    )  # fmt: skip
    deep, _ = after(of, (Complete("look", "li", {"depth": 30}), 1))
    shallow, _ = after(of, (Complete("look", "li", {"depth": 5}), 1))
    assert (deep.steps["close"].phase, shallow.steps["close"].phase) == ("open", "omitted")
    assert shallow.steps["end"].phase == "open"
    assert deep.values == {"depth": 30}


def test_an_order_with_a_receipt_ends_by_itself_when_everybody_has_answered():
    of = plan(step("send", evidence=(RECEIPT,), action=ORDER), step("then", "send"))
    state, effects = after(of, (Tick(), 1))
    assert (state.steps["send"].phase, effects) == ("open", ["send:act"])
    state, effects = after(of, (Known(receipts=frozenset({"send"})), 1), (Tick(), 2))
    assert (phases(state), effects) == ({"send": "done", "then": "open"}, ["send:act"])


def test_a_late_step_calls_the_one_in_reserve_which_takes_its_place():
    of = plan(
        step("send", evidence=(RECEIPT,), action=ORDER, within=((0, 5 * MINUTE),), late=Fallback("phone")),
        step("phone"), step("then", "send"),
    )  # fmt: skip
    state, effects = after(of, (Tick(), 4))
    assert phases(state) == {"send": "open", "phone": "waiting", "then": "waiting"}
    state, effects = after(of, (Tick(), 5), (Tick(), 9))
    assert (phases(state), effects) == (
        {"send": "open", "phone": "open", "then": "waiting"}, ["send:act", "send:late"],
    )  # fmt: skip
    state, _ = after(of, (Tick(), 5), (Complete("phone", "li"), 6))
    assert phases(state) == {"send": "replaced", "phone": "done", "then": "open"}
    state, _ = after(of, (Tick(), 5), (Known(receipts=frozenset({"send"})), 6))
    assert phases(state) == {"send": "done", "phone": "omitted", "then": "open"}


def test_a_step_that_was_refused_waits_for_its_fallback():
    of = plan(step("a", refused=Fallback("b")), step("b"), step("c", "a"))
    state, _ = after(of, (Fail("a", "li", "无车"), 1))
    assert phases(state) == {"a": "failed", "b": "open", "c": "waiting"}
    state, _ = after(of, (Fail("a", "li", "无车"), 1), (Complete("b", "li"), 2))
    assert state.steps["c"].phase == "open"


def test_a_raised_level_shortens_the_clock_of_a_step_that_is_open():
    of = plan(step("a", within=((0, 10 * MINUTE), (3, 5 * MINUTE))))
    state, _ = after(of, (Known(level=3), 2))
    assert state.steps["a"].due_ms == 5 * MINUTE == next_ms(state)


def test_what_waits_for_a_level_keeps_the_run_until_the_incident_ends():
    of = plan(step("a"), step("b", when=(Condition("level", "level", "at_least", 3),), waits=True))
    state, _ = after(of, (Complete("a", "li"), 1))
    assert (state.phase, state.steps["b"].phase) == ("running", "waiting")
    assert after(of, (Known(level=3), 2))[0].steps["b"].phase == "open"
    over, _ = after(of, (Complete("a", "li"), 1), (Over(), 5))
    assert (over.phase, over.steps["b"].phase) == ("done", "omitted")


def test_an_incident_that_ends_while_steps_are_open_cancels_the_run():
    state, _ = after(plan(step("a"), step("b", "a")), (Over(), 5))
    assert (state.phase, phases(state)) == ("cancelled", {"a": "cancelled", "b": "omitted"})


def test_a_step_is_taken_back_while_nothing_was_built_on_it():
    of = plan(step("a", evidence=(DEPTH,)), step("b", "a", action=ORDER, evidence=(RECEIPT,)), step("c", "b"))
    done = (Complete("a", "li", {"depth": 3}), 1)
    state, effects = after(of, done, (TakeBack("a", "li"), 3), (Complete("a", "li", {"depth": 4}), 4))
    assert (phases(state), effects) == ({"a": "done", "b": "open", "c": "waiting"}, ["b:act"])
    assert state.values == {"depth": 4}
    for event, minute, why in [((Known(receipts=frozenset({"b"})), 2), 3, "gone_on"), ((Tick(), 2), 7, "undo")]:
        with pytest.raises(StepRefused) as refused:
            after(of, done, event, (TakeBack("a", "li"), minute))
        assert refused.value.why == why


def test_a_run_that_has_ended_takes_nothing_more():
    of = plan(step("a"))
    for end in (Complete("a", "li"), Cancel("li", "误启动")):
        with pytest.raises(StepRefused, match="over"):
            after(of, (end, 1), (Complete("a", "li"), 2))


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({}, "depth", "missing"), ({"depth": "3"}, "depth", "type"), ({"depth": 501}, "depth", "range"),
        ({"depth": 1, "other": 2}, "other", "unknown"), ({"depth": float("nan")}, "depth", "type"),
    ],
)  # fmt: skip
def test_evidence_that_is_not_what_was_asked_for_is_named(said: dict[str, Any], field: str, why: str):
    with pytest.raises(EvidenceRefused) as refused:
        checked(step("a", evidence=(DEPTH,)), said)
    assert (refused.value.field, refused.value.why) == (field, why)


def test_a_text_says_what_is_not_known():
    assert told("{title}：水深 {depth} cm，{moved}", {"title": "积水", "depth": 30}) == "积水：水深 30 cm，—"


def test_faults_of_a_plan_are_named():
    of = plan(
        step("a", "c"), step("b", "a"), step("c", "b"), step("d", "x"), step("e", takes=("nothing",)),
        step("f", late=Fallback("g")), step("g"), step("h", "g"),
    )  # fmt: skip
    told_ = {(name, key) for name, key, _ in of.faults()}
    assert {("a", "after"), ("d", "after"), ("e", "takes"), ("f", "late"), ("h", "after")} <= told_
    assert list(plan(step("a"), step("b", "a")).faults()) == []


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Random plans that can be walked: steps come after earlier ones; some are in reserve."""
    count = draw(st.integers(1, 7))
    steps: dict[str, Step] = {}
    plain: list[str] = []
    for number in range(count):
        name = f"s{number}"
        kind = draw(st.sampled_from(["hand", "order", "told", "waits", "when"]))
        made = step(name, *draw(st.lists(st.sampled_from(plain), unique=True, max_size=3) if plain else st.just([])))
        if kind in {"order", "told"}:
            evidence = (replace(RECEIPT, name=f"r{number}"),) if kind == "order" else ()
            made = replace(made, action=ORDER, evidence=evidence)
        elif kind in {"waits", "when"}:
            made = replace(made, when=(Condition("level", "level", "at_least", 2),), waits=kind == "waits")
        if draw(st.booleans()):
            made = replace(made, within=((0, 10 * MINUTE), (2, 5 * MINUTE)))
        if draw(st.integers(0, 3)) == 0:
            helper = f"h{number}"
            steps[helper] = step(helper)
            late = Fallback(helper) if made.within and draw(st.booleans()) else Fallback()
            refused = Fallback(helper) if not late.step or draw(st.booleans()) else Fallback(tells=("leaders",))
            made = replace(made, late=late, refused=refused)
        steps[name] = made
        plain.append(name)
    found = plan(*steps.values())
    assert list(found.faults()) == []
    return found


class Runs(RuleBasedStateMachine):
    """Whatever happens in whatever order: no step before what it is after, every effect once, an end stays an end."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: Plan | None = None
        self.effects: Counter[str] = Counter()
        self.now = 0

    @rule(of=plans())
    def begin(self, of: Plan) -> None:
        if self.plan is None:
            self.plan, self.state, self.known = of, begun(of), Known()
            self.happen(self.known)

    def happen(self, event: Event) -> None:
        if self.plan is None:
            return
        before = self.state
        try:
            after_, effects = advance(self.plan, before, event, self.now)
        except (StepRefused, EvidenceRefused):
            return
        again = advance(self.plan, before, event, self.now)
        assert again == (after_, effects)
        for name, each in after_.steps.items():
            if each.phase == "open" and before.steps[name].phase != "open" and not isinstance(event, TakeBack):
                waited = self.plan.steps[name].after
                assert all(after_.steps[one].phase in ENDED for one in waited), name
        if before.phase != "running":
            assert (after_, effects) == (before, ())
        self.effects.update(each.key for each in effects)
        self.state = after_
        assert advance(self.plan, after_, Tick(), self.now) == (after_, ())

    @rule(number=st.integers(0, 13), what=st.sampled_from(["complete", "skip", "fail", "back"]))
    def person(self, number: int, what: str) -> None:
        names = list(self.plan.steps) if self.plan else ["s0"]
        name = names[number % len(names)]
        made: dict[str, Event] = {
            "complete": Complete(name, "li"), "skip": Skip(name, "li", "无需"), "fail": Fail(name, "li", "无车"),
            "back": TakeBack(name, "li"),
        }  # fmt: skip
        self.happen(made[what])

    @rule(minutes=st.integers(0, 12))
    def time(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.happen(Tick())

    @rule(level=st.integers(0, 4))
    def level(self, level: int) -> None:
        if self.plan:
            self.known = replace(self.known, level=level)
            self.happen(self.known)

    @rule()
    def answered(self) -> None:
        if self.plan:
            waiting = {name for name, each in self.state.steps.items() if each.phase == "open"}
            self.known = replace(self.known, receipts=self.known.receipts | waiting)
            self.happen(self.known)

    @rule(cancels=st.booleans())
    def end(self, cancels: bool) -> None:
        if self.now > 60 * MINUTE:
            self.happen(Cancel("li", "误启动") if cancels else Over())

    @invariant()
    def every_effect_once(self) -> None:
        assert all(count == 1 for count in self.effects.values())
        if self.plan:
            assert set(self.effects) == self.state.fired

    @invariant()
    def it_never_stands_still(self) -> None:
        if self.plan and self.state.phase == "running":
            pending = [name for name, each in self.state.steps.items() if each.phase == "waiting"]
            open_ = [name for name, each in self.state.steps.items() if each.phase == "open"]
            assert open_ or any(self.plan.steps[name].waits for name in pending)


@pytest.mark.long
def test_runs_of_random_plans():
    run_state_machine_as_test(Runs, settings=settings(max_examples=60, stateful_step_count=25, deadline=None))


@settings(max_examples=25, deadline=None)
@given(plans())
def test_every_plan_can_be_brought_to_its_end_by_doing_what_is_open(of: Plan):
    state, _ = advance(of, begun(of), Known(level=2), 0)
    for _ in range(40):
        if state.phase != "running":
            break
        name = next(name for name, each in state.steps.items() if each.phase == "open")
        event = Known(2, receipts=frozenset({name})) if of.steps[name].by_itself else Complete(name, "li")
        state, _ = advance(of, state, event, MINUTE)
    assert state.phase == "done"
