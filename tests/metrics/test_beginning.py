"""What counts readings beside a register has no windows before the readings: nobody heard of is not nobody there."""

from __future__ import annotations

from typing import Any

import numpy as np

from metrics.engine import initial, restore, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import at, batch, bundle, plan_of, run, said

PUMP = {
    "kind": "records", "key": "pump", "changed": "since", "disorder": "0s", "lateness": "2h", "idle": "1m",
    "fields": {"pump": {"type": "text"}, "since": {"type": "time"}},
}  # fmt: skip
READY: dict[str, Any] = {
    "id": "READY", "source": "rain", "window": {"kind": "now", "every": "5m", "max_age": "15m"},
    "formula": "pct(ready, pumps)", "direction": "up", "thresholds": {"red": 80},
    "measures": {
        "ready": {"agg": "count", "where": "mm > 0"},
        "pumps": {"agg": "count", "source": "pump", "window": {"kind": "now"}},
    },
}  # fmt: skip


def plan(*more: dict[str, Any]) -> Any:
    raw = bundle(READY, *more)
    return plan_of(raw | {"sources": raw["sources"] | {"pump": PUMP}})


def pumps(clock: str, *keys: str) -> Batch:
    return Batch("pump", np.full(len(keys), at(clock)), np.arange(len(keys), dtype=np.int32), list(keys), {})


def ready(outputs: Any) -> list[tuple[int, float | None]]:
    return [(end, one[0]) for (name, _, _, end), one in said(outputs).items() if name == "READY"]


def test_registered_pumps_of_which_no_reading_ever_came_are_not_0_percent() -> None:
    state = initial(plan())
    found = step(state, [pumps("10:00", "a", "b")], at("12:00"), heard={"rain", "pump"})
    later = step(state, (), at("12:30"), heard={"rain", "pump"})
    assert ready(found) + ready(later) == []
    assert not later.alarms


def test_windows_begin_one_period_behind_the_first_reading_and_none_before_it_is_ever_said() -> None:
    state = initial(plan())
    step(state, [pumps("10:00", "a", "b")], at("12:00"))
    first = run(state, [(at("12:04"), "a", None, 1), (at("12:04"), "b", None, 1)], at("12:06"))
    assert ready(first) == [(at("12:05"), 100.0)]  # the period is a minute
    assert run(state, [(at("12:05") + 1, "a", None, 1)], at("12:06")).values == []
    # the register learns late of a pump that was there: only windows that were said are corrected
    corrected = step(state, [pumps("11:00", "c")], at("12:07"))
    assert min(end for end, _ in ready(corrected)) >= at("12:05")


def test_a_window_that_ends_before_every_pump_had_its_turn_is_not_said() -> None:
    state = initial(plan())
    step(state, [pumps("10:00", "a", "b")], at("12:00"))
    assert ready(run(state, [(at("12:04") + 30_000, "a", None, 1)], at("12:05") + 10_000)) == []
    both = run(state, [(at("12:05") + 20_000, "b", None, 1), (at("12:10"), "a", None, 1)], at("12:10"))
    assert ready(both) == [(at("12:10"), 100.0)]


def test_the_beginning_is_remembered_over_a_restart() -> None:
    state = initial(plan())
    step(state, [pumps("10:00", "a", "b")], at("12:00"))
    run(state, [(at("12:04"), "a", None, 1), (at("12:04"), "b", None, 1)], at("12:06"))
    again = restore(plan(), state.snapshot())
    corrected = step(again, [pumps("11:00", "c")], at("12:07"))
    assert min(end for end, _ in ready(corrected)) >= at("12:05")


def test_a_feed_that_falls_silent_later_is_told_as_ever() -> None:
    state = initial(plan())
    step(state, [pumps("10:00", "a", "b")], at("12:00"))
    run(state, [(at("12:04"), "a", None, 1), (at("12:04"), "b", None, 1)], at("12:06"))
    assert (at("12:30"), 0.0) in ready(step(state, (), at("12:30")))


def test_what_reads_readings_alone_begins_with_its_first_row() -> None:
    alone = {"id": "ALONE", "source": "rain", "window": {"kind": "now", "every": "5m"}, "formula": "n",
             "measures": {"n": {"agg": "count"}}}  # fmt: skip
    found = step(initial(plan(alone)), [batch([(at("12:04") + 30_000, "a", None, 1)])], at("12:05"))
    assert said(found)["ALONE", "", (), at("12:05")][0] == 1.0
