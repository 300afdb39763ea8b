"""Comparisons that come later read the earlier values that were published, as if they had been there from the start."""

from __future__ import annotations

from typing import Any

import pytest

from metrics.engine import State, initial, restore
from metrics.recollection import Recollection, forgotten, recollect
from metrics.value import Value
from tests.metrics.engine_worlds import at, bundle, indicator, plan_of, run

MINUTE = 60_000
DAY = 1_440  # minutes
N = indicator("N", "n", {"n": {"agg": "count"}}, dimensions=["basin"])
CHANGE: dict[str, Any] = indicator(
    "CHANGE", "n - same_time(indicator('N'), '1d')", {"n": {"agg": "count"}}, dimensions=["basin"]
)
BEFORE = bundle(N)
AFTER = bundle(N, CHANGE)


def lived(state: State, first: int, behind: int) -> list[Value]:
    """Minutes of a world: ever more rows in the east, and some in the west."""
    found = []
    for minute in range(first, behind):
        now = at("08:00") + minute * MINUTE
        rows = [(now + row, f"s{row}", "east", 1) for row in range(minute % DAY // 5 + minute // DAY)]
        rows += [(now, "w", "west", 1)] if minute % 7 == 0 else []
        found += run(state, rows, now).complete_values()
    return found


def as_rows(values: list[Value]) -> list[dict[str, Any]]:
    return [
        {"region": one.region, "dims": ",".join(f"{name}={text}" for name, text in one.dims),
         "window_end": one.window_end, "value": one.value}
        for one in values if one.indicator == "N"
    ]  # fmt: skip


def of(values: list[Value], name: str) -> dict[tuple[str, int], float | None]:
    return {(one.series, one.window_end): one.value for one in values if one.indicator == name}


def later(values: list[Value]) -> dict[tuple[str, int], float | None]:
    """Of the windows that began after the comparison came."""
    return {place: value for place, value in of(values, "CHANGE").items() if place[1] > at("08:10", "2024-06-04")}


def test_what_was_published_is_remembered_and_compared_with() -> None:
    whole = initial(plan_of(AFTER))
    wanted = of(lived(whole, 0, 40) + lived(whole, DAY, DAY + 40), "CHANGE")
    before = initial(plan_of(BEFORE))
    said = lived(before, 0, 40) + lived(before, DAY, DAY + 5)
    after = restore(plan_of(AFTER), before.snapshot())
    (one,) = forgotten(after.publications, after.intakes)
    assert (one.indicator, one.version) == ("N", 1)
    assert one.after_ms < at("08:00") < one.until_ms
    assert recollect(one, as_rows(said), after.publications) > 5
    found = later(lived(after, DAY + 5, DAY + 40))
    assert {place: wanted[place] for place in found} == found
    assert sum(value is not None for value in found.values()) > 8


def test_without_it_comparisons_are_null_until_a_day_has_passed() -> None:
    before = initial(plan_of(BEFORE))
    lived(before, 0, 40)
    lived(before, DAY, DAY + 5)
    after = restore(plan_of(AFTER), before.snapshot())
    assert set(later(lived(after, DAY + 5, DAY + 30)).values()) == {None}


def test_who_remembers_something_has_forgotten_nothing() -> None:
    state = initial(plan_of(AFTER))
    assert forgotten(state.publications, state.intakes) == []  # the world has not begun
    lived(state, 0, 20)
    assert forgotten(state.publications, state.intakes) == []
    again = restore(plan_of(AFTER), state.snapshot())
    assert forgotten(again.publications, again.intakes) == []


def test_what_is_known_by_now_stays() -> None:
    state = initial(plan_of(AFTER))
    lived(state, 0, 30)
    (mine,) = [one for one in state.publications if one.plan.indicator.id == "N"]
    end = at("08:20")
    before = mine.remembered[""].get(end, 3)
    assert before is not None
    recollect(Recollection("N", 1, 0, end), [{"region": "", "dims": "", "window_end": end, "value": 99.0}], [mine])
    after = mine.remembered[""].get(end, 3)
    assert after is not None
    assert after[0].tolist() == pytest.approx(before[0].tolist())
