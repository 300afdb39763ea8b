"""What came before a definition fills its windows: as if it had been there from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.column import Column
from metrics.engine import State, absorb, initial, restore, step
from metrics.filling import Filling
from metrics.lacking import lacking
from metrics.observation import Batch
from metrics.value import Value
from metrics.watermark import BEGINNING
from tests.metrics.engine_worlds import GAUGES, REGIONS, Row, at, batch, bundle, indicator, plan_of

START, MINUTE = at("08:00:00"), 60_000
OLD = [
    indicator("N", "n", {"n": {"agg": "count"}}),
    indicator("P", "p", {"p": {"agg": "percentile", "p": 50, "field": "mm"}}),
]
SLIDING = {"kind": "sliding", "size": "15m", "every": "5m"}
NEW = [
    indicator("S", "s", {"s": {"agg": "sum", "field": "mm"}}, dimensions=["basin"]),
    indicator("L", "n", {"n": {"agg": "count"}}) | {"window": SLIDING},
    indicator("X", "x", {"x": {"agg": "max", "field": "mm", "where": "mm > 1"}}) | {
        "window": {"kind": "day_to_date", "every": "5m"}
    },
    indicator("Q", "q", {"q": {"agg": "percentile", "p": 90, "field": "mm"}}, dimensions=["basin"]) | {
        "window": SLIDING
    },
    indicator("D", "d", {"d": {"agg": "dwell", "where": "mm > 2", "hold": "4m"}}),
    indicator("B", "b", {"b": {"agg": "distinct", "field": "basin"}}),
    indicator("R", "r", {"r": {"agg": "delta", "field": "mm", "per": ["entity"], "then": "sum"}}),
    indicator("C", "c", {"c": {"agg": "sum", "field": "mm"}}) | {"window": {"kind": "now", "every": "5m"}},
    indicator("A", "a", {"a": {"agg": "sum", "field": "mm"}}) | {
        "window": {"kind": "now", "every": "5m", "max_age": "10m"}
    },
    indicator("E", "e", {"e": {"agg": "count", "where": "mm is not null"}}) | {
        "window": {"kind": "all", "every": "5m"}
    },
]  # fmt: skip


class Told:
    """An engine fed turn by turn; `accepted`: the rows that counted, as an archive would tell them."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.state: State = initial(plan_of(raw))
        self.accepted: list[Batch] = []
        self.said: dict[tuple[str, str, int], Value] = {}

    def turn(self, rows: Sequence[Row], now_ms: int) -> None:
        if rows:
            given_ = batch(rows)
            (findings,) = absorb(self.state, [given_], now_ms)
            keep = np.ones(len(rows), np.bool_)
            for finding in findings:
                keep[finding.rows] = False
            self.accepted.append(only(given_, keep))
        more = True
        while more:
            outputs = step(self.state, [], now_ms)
            more = outputs.more
            self.said |= {(one.indicator, one.series, one.window_end): one for one in outputs.complete_values()}

    def reload(self, raw: Mapping[str, Any]) -> None:
        self.state = restore(plan_of(raw), self.state.snapshot())


def only(rows: Batch, keep: np.ndarray[Any, np.dtype[np.bool_]]) -> Batch:
    fields = {
        name: Column(one.values[keep], None if one.valid is None else one.valid[keep], one.scale, one.dictionary)
        for name, one in rows.fields.items()
    }
    return replace(rows, time=rows.time[keep], entity=rows.entity[keep], fields=fields)


def fillings(state: State) -> list[Filling]:
    found = lacking([*state.publications, *(feed.publication for feed in state.derived)], state.intakes)
    return [Filling(lack, state.intakes[lack.source]) for lack in found]


def cursors(state: State, otherwise: int) -> dict[str, int]:
    """How far each indicator is published; one without any rows begins at the next look at the clock."""
    return {one.plan.indicator.id: one.agenda.cursor_ms or otherwise for one in state.publications}


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[list[Row], int]]:
    """Rows with disorder, repeats and late ones; turns of a minute or a few."""
    found: list[tuple[list[Row], int]] = []
    now = START
    for _ in range(draw(st.integers(6, 18))):
        now += draw(st.integers(1, 4)) * MINUTE
        rows: list[Row] = []
        for _ in range(draw(st.integers(0, 4))):
            back = draw(st.sampled_from((0, 0, 10_000, 70_000, 5 * MINUTE, 11 * MINUTE)))
            station = draw(st.sampled_from("abcx"))
            basin, mm = draw(st.sampled_from(("north", "south", None))), draw(st.sampled_from((None, 5, 15, 25, 35)))
            rows.append((now - back, station, basin, mm))
        rows += rows[:1] if draw(st.booleans()) else []
        found.append((rows, now))
    return found


@settings(max_examples=30, deadline=None, report_multiple_bugs=False)
@given(turns(), st.data())
def test_a_reload_with_what_came_before_equals_the_definitions_from_the_start(
    played: list[tuple[list[Row], int]], data: st.DataObject
) -> None:
    registered = {"registry": "gauges", "region": {"registry": "code"}} if data.draw(st.booleans()) else {}
    more: dict[str, Any] = {"regions": REGIONS, "registries": {"gauges": GAUGES}} if registered else {}
    chosen = data.draw(st.lists(st.sampled_from(NEW), min_size=1, max_size=4, unique_by=lambda one: one["id"]))
    kept = data.draw(st.sampled_from(([], OLD[:1], OLD)))
    old, new = (bundle(*ones, source=registered, **more) for ones in (kept, [*kept, *chosen]))
    reload_at = data.draw(st.integers(0, len(played) - 1))
    fill_at = data.draw(st.integers(reload_at, len(played) - 1))
    restart_at = data.draw(st.integers(0, len(played)))
    ours, theirs = Told(old), Told(new)
    waiting: list[Filling] = []
    since: dict[str, int] = {}
    supply: list[Batch] = []
    closed = BEGINNING
    for number, (rows, now) in enumerate(played):
        ours.turn(rows, now)
        theirs.turn(rows, now)
        restarts = number == restart_at and reload_at < number <= fill_at
        if number == reload_at or restarts:  # a restart begins the filling anew, from where it goes on
            ours.reload(new)
            since = since or cursors(ours.state, played[min(number + 1, len(played) - 1)][1])
            waiting, supply = fillings(ours.state), list(ours.accepted)
        if number == fill_at:
            for one in waiting:
                for part in supply:
                    if len(part.time):
                        one.put(part)
                one.finish(BEGINNING, ours.state.publications)
            closed = ours.state.intakes["rain"].watermark.closed_ms  # what is older can change no more
            ours.turn([], now)
    end = played[-1][1] + 30 * MINUTE
    for told in (ours, theirs):
        told.turn([(end, "a", "north", 10)], end)
    for key, value in theirs.said.items():
        if key[2] > max(since[key[0]], closed):
            mine = ours.said.get(key)
            if mine is None and not value.samples and (value.dims or not value.region):
                continue  # a group that has fallen silent: said once by those who heard it before
            assert mine is not None, f"{key} was never said, {value} is true"
            assert (mine.value, mine.quality, mine.samples) == (value.value, value.quality, value.samples), key


def test_where_what_came_before_does_not_reach_far_enough_there_is_no_data_until_it_does() -> None:
    soon = {"lateness": "0s"}
    told = Told(bundle(OLD[0], source=soon))
    for minute in (1, 6, 11, 16):
        told.turn([(START + minute * MINUTE, "a", None, 10)], START + minute * MINUTE)
    told.reload(bundle(OLD[0], NEW[1], source=soon))
    (filling,) = fillings(told.state)
    assert filling.lack.from_ms == START + 5 * MINUTE
    for part in told.accepted:
        filling.put(part)
    filling.finish(START + 6 * MINUTE, told.state.publications)
    for minute in (21, 26, 31):
        told.turn([(START + minute * MINUTE, "a", None, 10)], START + minute * MINUTE)
    said = {
        (end - START) // MINUTE: (one.value, one.quality) for (name, _, end), one in told.said.items() if name == "L"
    }
    assert said[20] == (None, "no_data")
    assert said[25] == (3.0, "complete")


def test_an_indicator_whose_state_is_whole_lacks_nothing() -> None:
    told = Told(bundle(*OLD, *NEW))
    for minute in range(30):
        told.turn([(START + minute * MINUTE, "a", "north", 10)], START + minute * MINUTE)
    told.reload(bundle(*OLD, *NEW))
    assert fillings(told.state) == []


@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_rows_may_come_in_pieces(pieces: int) -> None:
    told = Told(bundle(OLD[0]))
    told.turn([(START + second * 1_000, "a", None, 10) for second in range(0, 240, 10)], START + 4 * MINUTE)
    told.reload(bundle(OLD[0], NEW[0], NEW[3]))
    for filling in fillings(told.state):
        for piece in range(pieces):
            rows = told.accepted[0]
            filling.put(only(rows, np.arange(len(rows.time)) % pieces == piece))
        filling.finish(BEGINNING, told.state.publications)
    told.turn([(START + 6 * MINUTE, "a", None, 10)], START + 6 * MINUTE)
    said = {
        name: one.value
        for (name, series, end), one in told.said.items()
        if end == START + 5 * MINUTE and "/" not in series
    }
    assert {value for name, value in said.items() if name == "S"} == {24.0}
