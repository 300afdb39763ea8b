"""Indicators of one shape are said together, and each says what it would say alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from metrics.alarm_event import AlarmEvent
from metrics.engine import State, initial, restore, step
from metrics.family import Family
from metrics.formula import parse
from metrics.formulas import Formulas
from metrics.value import Value
from tests.metrics.engine_worlds import Row, at, batch, bundle, indicator, plan_of

MINUTE = 60_000
MEASURES = {"n": {"agg": "count"}, "m": {"agg": "mean", "field": "mm"}, "top": {"agg": "max", "field": "mm"}}
STRICT = {"red": 24, "strict": True}
LIMITS = {"yellow": 29, "red": 33, "hysteresis": 2}
TABLES = [
    indicator("A", "n + m * 2 + top", MEASURES, thresholds=LIMITS, direction="down"),
    indicator("B", "n + m * 3 + top", MEASURES, thresholds={"yellow": 34}, direction="up"),
    indicator("C", "if(n > 2, m / 4, null) + n + top", MEASURES),
    indicator("D", "if(n > 3, m / 5, null) + n + top", MEASURES, direction="down", thresholds=STRICT),
    indicator("E", "n + m * share + top - top", MEASURES, constants={"share": 1.5}),
    indicator("F", "n + m * share + top - top", MEASURES, constants={"share": -0.1}),
    indicator("G", "previous(n) + m + top", MEASURES),
    indicator("H", "n + m / (top - 3)", MEASURES, min_samples=3),
]  # fmt: skip


def deliveries() -> list[tuple[list[Row], int]]:
    """Rows of an hour in disorder, some of them late, with a quarter of an hour of silence."""
    rng = np.random.default_rng(440303)
    found = []
    for minute in range(60):
        count = 0 if 25 <= minute < 40 else int(rng.integers(0, 6))
        late = rng.integers(0, 12 * MINUTE, count) * (rng.random(count) < 0.3)
        times = (at("08:00:00") + minute * MINUTE + rng.integers(0, MINUTE, count) - late).tolist()
        rows: list[Row] = [
            (time, f"s{int(rng.integers(0, 4))}", str(rng.choice(["east", "west"])), int(rng.integers(0, 80)))
            for time in times
        ]
        found.append((rows, at("08:01:00") + minute * MINUTE))
    return found


def played(tables: Sequence[dict[str, Any]], restart_each: int = 0) -> tuple[dict[str, list[Value]], list[AlarmEvent]]:
    """What each indicator says, in order, and all alarms; `restart_each` so many minutes the engine starts anew."""
    plan = plan_of(bundle(*tables, source={"lateness": "20m", "stale_after": "10m"}))
    state: State = initial(plan)
    fields: dict[str, bytes] = {}
    values: dict[str, list[Value]] = {}
    alarms: list[AlarmEvent] = []
    for number, (rows, now) in enumerate(deliveries(), start=1):
        outputs = step(state, [batch(rows)] if rows else [], now)
        alarms += outputs.alarms
        for value in outputs.values:
            values.setdefault(value.indicator, []).append(value)
        for name, payload in state.changed().items():
            fields = fields | {name: payload} if payload is not None else {k: v for k, v in fields.items() if k != name}
        if restart_each and number % restart_each == 0:
            state = restore(plan, fields)
    return values, alarms


@pytest.mark.parametrize("dimensions", [[], ["basin"]])
def test_each_says_together_what_it_says_alone(dimensions: list[str]) -> None:
    tables = [table | {"dimensions": dimensions} for table in TABLES]
    together, alarms = played(tables)
    alone = [played([table]) for table in tables]
    assert together == {name: said for values, _ in alone for name, said in values.items()}
    assert sorted(one.id for one in alarms) == sorted(one.id for _, told in alone for one in told)
    assert len(alarms) > 5
    assert any(value.revision for value in together["C"])


@pytest.mark.parametrize("size", ["1m", "5m"])
def test_windows_said_at_once_are_said_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    tables = [table | {"dimensions": ["basin"], "window": {"kind": "tumbling", "size": size}} for table in TABLES]

    def told() -> list[tuple[list[Value], list[bool], list[str]]]:
        state = initial(plan_of(bundle(*tables, source={"lateness": "20m", "stale_after": "10m"})))
        found = []
        for first in range(0, 60, 12):  # many windows become due at once
            parts = deliveries()[first : first + 12]
            outputs = step(state, [batch(rows) for rows, _ in parts if rows], parts[-1][1])
            found.append((outputs.values, outputs.completed, [one.id for one in outputs.alarms]))
        return found

    asked, own = list[bool](), Family._some_fall_silent

    def noted(*args: Any) -> bool:
        asked.append(own(*args))
        return asked[-1]

    monkeypatch.setattr(Family, "_some_fall_silent", noted)
    at_once = told()
    assert set(asked) == {True, False}
    monkeypatch.setattr(Family, "_some_fall_silent", lambda *_: True)
    one_by_one = told()
    assert at_once == one_by_one
    assert any(value.value == 0 or value.value is None for values, _, _ in at_once for value in values if value.dims)


def test_a_restart_says_nothing_twice_and_nothing_else() -> None:
    assert played(TABLES, restart_each=7) == played(TABLES)


def test_a_new_indicator_of_the_same_shape_stands_beside_those_that_are_further() -> None:
    first = plan_of(bundle(*TABLES[:2]))
    state = initial(first)
    for rows, now in deliveries()[:10]:
        step(state, [batch(rows)] if rows else [], now)
    both = restore(plan_of(bundle(*TABLES[:4])), state.snapshot())
    assert [[one.plan.indicator.id for one in family.members] for family in both.families] == [["A", "B"], ["C", "D"]]
    assert len(initial(plan_of(bundle(*TABLES[:4]))).families) == 1


def test_formulas_that_differ_in_numbers_are_evaluated_as_each_alone() -> None:
    texts = ["a / 3 + b", "a / 0 + b", "a / -7.25 + b", "bands(a, 0, 1, 5) + b", "bands(a, 0, 2, 5) + b",
             "min(a, c) - c", "min(a, c) - c", "if(a > 1, 2, b)",
             "if(a > 2, -3, b)", "pct(a, 3) + clamp(b, 2, 5)", "pct(a, 0) + clamp(b, 1, 3)"]  # fmt: skip
    trees = [(parse(text), {"c": float(at)} if "c" in text else {}) for at, text in enumerate(texts)]
    given = {
        "a": (np.array([[1.0, 2.0, 3.0], [0.1, -4.0, 1e300]]), np.array([[True, True, False], [True] * 3])),
        "b": (np.array([[7.0, 0.0, 3.0], [1.0, 2.0, 1e308]]), np.ones((2, 3), np.bool_)),
    }
    value, known = Formulas(trees).evaluate(given, [0, 60_000], 3)
    for place, tree in enumerate(trees):
        one, one_known = Formulas([tree]).evaluate(given, [0, 60_000], 3)
        assert value[place].tobytes() == one[0].tobytes()
        assert known[place].tolist() == one_known[0].tolist()
