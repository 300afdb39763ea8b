"""Other definitions over the state that is there: what did not change goes on, what is new is right or says nothing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.column import Column
from metrics.engine import Outputs, State, initial, restore, step
from metrics.observation import Batch
from tests.metrics.engine_worlds import at, batch, bundle, final, indicator, plan_of, said

COUNT = {"n": {"agg": "count"}}
HIGH = {"yellow": 3}
START = at("08:00:00")
MINUTE = 60_000


def reload(state: State, raw: Mapping[str, Any]) -> State:
    return restore(plan_of(raw), state.snapshot())


def rows(*stamps: str, station: str = "a", mm: int = 10) -> Batch:
    return batch([(at(stamp), station, "north", mm) for stamp in stamps])


def test_an_unchanged_indicator_goes_on_and_a_new_measure_has_no_data_until_its_window_is_full() -> None:
    old, new = indicator("N", "n", COUNT), indicator("S", "s", {"s": {"agg": "sum", "field": "mm"}})
    state = initial(plan_of(bundle(old)))
    step(state, [rows("08:01:00")], at("08:01:00"))
    state = reload(state, bundle(old, new))
    step(state, [rows("08:02:00")], at("08:02:00"))
    first = said(step(state, [rows("08:05:40")], at("08:05:40")))
    assert first["N", "", (), at("08:05:00")] == (2.0, "complete", 0)
    assert first["S", "", (), at("08:05:00")] == (None, "no_data", 0)
    second = said(step(state, [rows("08:11:00")], at("08:11:00")))
    assert second["S", "", (), at("08:10:00")] == (1.0, "complete", 0)


def test_a_longer_window_over_panes_that_were_dropped_has_no_data_until_they_are_there_again() -> None:
    def sliding(name: str, size: str) -> dict[str, Any]:
        return indicator(name, "n", COUNT) | {"window": {"kind": "sliding", "size": size, "every": "5m"}}

    state = initial(plan_of(bundle(sliding("N", "5m"), source={"lateness": "0s"})))
    for clock in ("08:01:00", "08:06:00", "08:11:00", "08:16:00"):
        step(state, [rows(clock)], at(clock))
    state = reload(state, bundle(sliding("N", "5m"), sliding("L", "15m"), source={"lateness": "0s"}))
    found: dict[Any, Any] = {}
    for clock in ("08:21:00", "08:26:00", "08:31:00", "08:36:00"):
        found |= said(step(state, [rows(clock)], at(clock)))
    assert found["L", "", (), at("08:20:00")][:2] == (None, "no_data")
    assert found["L", "", (), at("08:35:00")][:2] == (3.0, "complete")
    assert found["N", "", (), at("08:20:00")][:2] == (1.0, "complete")


# ---- records ----

CASE = {
    "kind": "records", "key": "case_id", "changed": "changed_at", "lateness": "1h",
    "fields": {
        "case_id": {"type": "text"}, "changed_at": {"type": "time"}, "filed_at": {"type": "time"},
        "org": {"type": "category"}, "cost": {"type": "decimal", "scale": 1}, "place": {"type": "point"},
        "holds": {"type": "intervals"},
    },
}  # fmt: skip
OPEN = {
    "id": "O", "source": "case", "window": {"kind": "now", "every": "5m"}, "formula": "n", "measures": {"n": COUNT["n"]}
}  # fmt: skip
COST = {
    "id": "C", "source": "case", "window": {"kind": "sliding", "size": "1d", "every": "5m"}, "dimensions": ["org"],
    "formula": "c", "measures": {"c": {"agg": "sum", "field": "cost", "at": "filed_at", "where": "cost > 1"}},
}  # fmt: skip


def case_bundle(*indicators: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"v": 1, "hash": "h", "sources": {"case": CASE}, "indicators": list(indicators), **more}


def cases(*versions: tuple[str, str, int]) -> Batch:
    """(change time, org, cost * 10); the key is the org's first letter."""
    times = np.array([at(clock) for clock, _, _ in versions], np.int64)
    orgs = [org for _, org, _ in versions]
    return Batch(
        "case", times, np.arange(len(versions), dtype=np.int32), [org[0] for org in orgs],
        {
            "org": Column(np.arange(len(versions), dtype=np.int32), None, None, orgs),
            "filed_at": Column(times, None),
            "cost": Column(np.array([cost for _, _, cost in versions], np.int64), None, 1),
            "place": Column(np.array([[1_141_000_000 + cost, 225_000_000] for _, _, cost in versions]), None, 7),
            "holds": Column(np.zeros(len(versions), np.int32), None, None, (((1, 5), (9, None)),)),
        },
    )  # fmt: skip


def test_a_new_indicator_over_records_counts_all_current_versions_at_once() -> None:
    state = initial(plan_of(case_bundle(OPEN)))
    step(state, [cases(("08:00:00", "parks", 25), ("08:01:00", "roads", 5), ("08:01:30", "water", 40))], at("08:02:00"))
    state = reload(state, case_bundle(OPEN, COST))
    step(state, [cases(("08:03:00", "roads", 30))], at("08:03:00"))
    found = said(step(state, [], at("08:05:01")))
    assert found["O", "", (), at("08:05:00")][0] == 3.0
    assert found["C", "", (), at("08:05:00")][0] == 9.5
    assert found["C", "", ("parks",), at("08:05:00")][0] == 2.5


def test_records_that_no_indicator_reads_are_kept_for_those_that_come() -> None:
    state = initial(plan_of(case_bundle()))
    step(state, [cases(("08:00:00", "parks", 25), ("08:01:00", "roads", 5))], at("08:02:00"))
    state = reload(state, case_bundle(COST))
    assert said(step(state, [], at("08:05:01")))["C", "", (), at("08:05:00")][0] == 2.5


def test_records_keep_points_and_intervals_through_a_checkpoint() -> None:
    state = initial(plan_of(case_bundle(OPEN)))
    step(state, [cases(("08:00:00", "parks", 25), ("08:01:00", "roads", 5))], at("08:02:00"))
    register = reload(state, case_bundle(OPEN)).intakes["case"].register
    both = np.arange(2)
    places = register.keeping.raw(register.ledger, "place", both)
    assert places.values.tolist() == [[1_141_000_025, 225_000_000], [1_141_000_005, 225_000_000]]
    holds = register.keeping.raw(register.ledger, "holds", both)
    assert [holds.dictionary[code] for code in holds.values] == [((1, 5), (9, None))] * 2  # type: ignore[index]


def test_a_field_that_is_declared_with_more_decimals_is_not_misread() -> None:
    state = initial(plan_of(case_bundle(COST)))
    step(state, [cases(("08:00:00", "parks", 25))], at("08:02:00"))
    finer = {**CASE, "fields": {**CASE["fields"], "cost": {"type": "decimal", "scale": 3}}}  # type: ignore[dict-item]
    state = reload(state, {**case_bundle(COST), "sources": {"case": finer}})
    assert said(step(state, [], at("08:05:01")))["C", "", (), at("08:05:00")][0] == 2.5


def test_a_union_that_is_asked_for_later_holds_the_versions_of_its_parts() -> None:
    both = {"kind": "union", "of": ["case"]}
    state = initial(plan_of({**case_bundle(OPEN), "sources": {"case": CASE, "both": both}}))
    step(state, [cases(("08:00:00", "parks", 25), ("08:01:00", "roads", 5))], at("08:02:00"))
    joint = {**COST, "source": "both", "id": "U"}
    state = reload(state, {**case_bundle(OPEN, joint), "sources": {"case": CASE, "both": both}})
    assert said(step(state, [], at("08:05:01")))["U", "", (), at("08:05:00")][0] == 2.5


# ---- alarms ----


def alarmed(version: int = 1, limit: int = 3) -> dict[str, Any]:
    return indicator("A", "n", COUNT, direction="down", thresholds={"yellow": limit}, version=version)


def raised() -> State:
    state = initial(plan_of(bundle(alarmed())))
    step(state, [rows("08:00:01", "08:00:02", "08:00:03")], at("08:01:00"))
    outputs = step(state, [rows("08:05:40")], at("08:05:40"))
    assert [(one.kind, one.level_after) for one in outputs.alarms if one.condition == "level"] == [("raised", "yellow")]
    return state


def test_the_alarms_of_an_indicator_that_is_gone_are_withdrawn_once() -> None:
    other = indicator("N", "n", COUNT)
    state = reload(raised(), bundle(other))
    told = step(state, [], at("08:05:50")).alarms
    assert [(one.indicator, one.condition, one.kind, one.level_after) for one in told] == [
        ("A", "level", "withdrawn", None)
    ]
    state = reload(state, bundle(other))
    assert step(state, [], at("08:05:51")).alarms == []
    assert not [name for name in state.snapshot() if "A@1" in name]


def test_alarms_whose_thresholds_are_gone_are_withdrawn() -> None:
    state = reload(raised(), bundle(indicator("A", "n", COUNT)))
    told = step(state, [], at("08:05:50")).alarms
    assert [(one.kind, one.level_after) for one in told] == [("withdrawn", None)]
    assert step(state, [], at("08:05:51")).alarms == []


def test_a_new_version_goes_on_with_the_alarms_and_the_windows_of_the_one_that_is_gone() -> None:
    state = reload(raised(), bundle(alarmed(2)))
    state = reload(state, bundle(alarmed(2)))  # a restart before the new version has judged anything
    events = step(state, [], at("08:05:50")).alarms
    events += step(state, [rows("08:10:40")], at("08:10:40")).alarms
    levels = [(one.version, one.kind, one.level_after) for one in events if one.condition == "level"]
    assert levels == [(2, "cleared", None)]
    assert not [name for name in reload(state, bundle(alarmed(2))).snapshot() if "A@1" in name]


def test_a_window_that_was_open_under_the_old_version_is_completed_by_the_new_one() -> None:
    state = initial(plan_of(bundle(indicator("N", "n", COUNT))))
    step(state, [rows("08:00:01")], at("08:01:00"))
    early = said(step(state, [rows("08:04:50")], at("08:05:05")))
    assert early["N", "", (), at("08:05:00")] == (2.0, "provisional", 0)
    state = reload(state, bundle(indicator("N", "n * 10", COUNT, version=2)))
    late = said(step(state, [rows("08:05:40")], at("08:05:40")))
    assert late["N", "", (), at("08:05:00")] == (20.0, "complete", 0)


def test_a_version_takes_over_at_the_instant_from_which_it_is_valid() -> None:
    later = indicator("N", "n * 10", COUNT, version=2, valid_from="2024-06-03T08:05:00+08:00")
    state = initial(plan_of(bundle(indicator("N", "n", COUNT))))
    step(state, [rows("08:00:01")], at("08:01:00"))
    state = reload(state, bundle(indicator("N", "n", COUNT), later))
    found = said(step(state, [rows("08:04:00", "08:06:00", "08:12:00")], at("08:12:00")))
    assert found["N", "", (), at("08:05:00")][0] == 2.0
    assert found["N", "", (), at("08:10:00")][0] == 10.0


def test_other_dimensions_under_the_same_version_begin_anew() -> None:
    state = initial(plan_of(bundle(indicator("N", "n", COUNT, dimensions=["station"]))))
    step(state, [rows("08:00:01")], at("08:01:00"))
    state = reload(state, bundle(indicator("N", "n", COUNT, dimensions=["station", "basin"])))
    found = said(step(state, [rows("08:04:00", "08:06:00")], at("08:06:00")))
    assert ("N", "", ("a", "north"), at("08:05:00")) in found


# ---- never silently wrong ----

POOL = [
    indicator("T", "n", COUNT, dimensions=["basin"]),
    indicator("M", "m", {"m": {"agg": "mean", "field": "mm"}}, size="1m"),
    indicator("L", "n", COUNT) | {"window": {"kind": "sliding", "size": "15m", "every": "1m"}},
    indicator("X", "x", {"x": {"agg": "max", "field": "mm"}}) | {
        "window": {"kind": "day_to_date", "every": "5m"}, "dimensions": ["station"],
    },
    indicator("P", "p", {"p": {"agg": "percentile", "p": 90, "field": "mm"}}, size="1m", dimensions=["basin"]),
    indicator("D", "d", {"d": {"agg": "distinct", "field": "basin", "where": "mm > 3"}}),
    indicator("W", "w", {"w": {"agg": "dwell", "where": "mm > 5", "hold": "2m"}}),
    indicator("F", "f", {"f": {"agg": "sum", "field": "mm"}}) | {"window": {"kind": "now", "every": "1m"}},
    indicator("G", "g", {"g": {"agg": "sum", "field": "mm"}}) | {
        "window": {"kind": "now", "every": "1m", "max_age": "3m"},
    },
]  # fmt: skip


def timeline(seed: int) -> list[tuple[int, list[Batch]]]:
    """Half an hour of readings of four stations, up to 20 s out of order, and the clock at each batch."""
    draw = random.Random(seed)
    made = []
    for count in range(60):
        now = START + count * 30_000
        chosen = [
            (
                now - draw.randrange(20_000),
                draw.choice("abcd"),
                draw.choice(["north", "south", None]),
                draw.randrange(99),
            )
            for _ in range(draw.randrange(4))
        ]
        made.append((now, [batch(chosen)] if chosen else []))
    return made


def play(definitions: Sequence[Sequence[Mapping[str, Any]]], changes: Sequence[int], seed: int) -> list[Outputs]:
    """Outputs of a run that goes over to the next definitions before the batches of these numbers."""
    state = initial(plan_of(bundle(*definitions[0], source={"lateness": "1m"})))
    outputs, following = [], list(definitions[1:])
    for number, (now, batches) in enumerate(timeline(seed)):
        if number in changes and following:
            state = reload(state, bundle(*following.pop(0), source={"lateness": "1m"}))
        outputs.append(step(state, batches, now))
    return outputs


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.sets(st.sampled_from(range(len(POOL))), min_size=1), min_size=2, max_size=4),
    st.lists(st.integers(1, 58), min_size=3, max_size=3, unique=True),
)
def test_what_is_said_after_changes_of_definitions_is_what_would_have_been_said_without(
    seed: int, chosen: list[set[int]], changes: list[int]
) -> None:
    definitions = [[POOL[at] for at in sorted(one)] for one in chosen]
    changed = final(play(definitions, sorted(changes), seed))
    whole = final(play([POOL], (), seed))
    for (series, end), value in changed.items():
        if value.value is not None:
            expected = whole[series, end]
            assert (value.value, value.samples, value.quality) == (expected.value, expected.samples, expected.quality)
    throughout = set.intersection(*chosen)
    names = {POOL[at]["id"] for at in throughout}
    kept = {place: value.value for place, value in changed.items() if value.indicator in names}
    assert kept == {place: value.value for place, value in whole.items() if value.indicator in names}
