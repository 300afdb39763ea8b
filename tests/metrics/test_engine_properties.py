"""Whatever the order, the batches and the restarts: the same final values as a plain computation over all rows."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.engine import DamagedState, UnknownStateVersion, initial, restore
from metrics.window import HOUR_MS, MINUTE_MS
from tests.metrics.engine_worlds import GAUGES, REGIONS, at, bundle, final, indicator, plan_of, run

START = at("08:00:00")
SPAN_S = 2_400
PLAN = plan_of(
    bundle(
        indicator("N", "n", {"n": {"agg": "count", "where": "mm > 0"}}),
        indicator("M", "m", {"m": {"agg": "mean", "field": "mm"}}, dimensions=["basin"]),
        indicator(
            "X",
            "high - low",
            {"high": {"agg": "max", "field": "mm"}, "low": {"agg": "min", "field": "mm"}},
            window={"kind": "sliding", "size": "15m", "every": "5m"},
        ),
        indicator("S", "s", {"s": {"agg": "sum", "field": "mm * 3", "per": ["station"], "then": "max"}}, size="10m"),
        indicator(
            "G",
            "g / w",
            {
                "g": {"agg": "mean", "field": "mm", "per": ["entity"], "each": "value * weight", "then": "sum"},
                "w": {"agg": "count", "per": ["entity"], "each": "weight", "then": "sum"},
            },
        ),
        indicator("D", "n", {"n": {"agg": "sum", "field": "mm"}}, window={"kind": "day_to_date", "every": "10m"}),
        source={
            "lateness": "1h",
            "disorder": "1m",
            "registry": "gauges",
            "take": ["weight"],
            "region": {"registry": "code"},
        },
        registries={"gauges": GAUGES},
        regions=REGIONS,
    )
)
WEIGHT = {row["id"]: row["weight"] for row in GAUGES}
PATH = {row["id"]: ("440303", row["code"]) for row in GAUGES}

row = st.tuples(
    st.integers(0, SPAN_S).map(lambda s: START + s * 1000),
    st.sampled_from(["a", "b", "c", "stranger"]),
    st.sampled_from(["north", "south", None]),
    st.one_of(st.none(), st.integers(-50, 200)),
)
# One reading per entity and instant: two different rows of one identity would make the result depend on their order.
readings = st.lists(row, max_size=30, unique_by=lambda r: (r[0], r[1]))


def batches_of(rows, data):
    """The rows shuffled, some sent again, cut into batches."""
    sent = data.draw(st.permutations(rows)) if rows else []
    again = data.draw(st.lists(st.sampled_from(rows), max_size=5)) if rows else []
    for one in again:
        sent.insert(data.draw(st.integers(0, len(sent))), one)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    return [sent[low:high] for low, high in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


def play(batches, restart_after=frozenset()):
    """All outputs, the clock running with the newest row, until everything is complete."""
    state, outputs, now = initial(PLAN), [], START
    for count, rows in enumerate(batches):
        now = max([now, *(one[0] for one in rows)])
        outputs.append(run(state, rows, now))
        if count in restart_after:
            state = restore(PLAN, state.snapshot())
    end = START + 3 * HOUR_MS
    for later in (end, end + 10 * MINUTE_MS):
        more = True
        while more:
            outputs.append(run(state, [], later))
            more = outputs[-1].more
    return outputs


def groups(rows, dimension=False):
    """Rows by (region, dimensions) as published."""
    found = {}
    for one in rows:
        for region in PATH.get(one[1], ("",)):
            for split in ((), (one[2] or "",)) if dimension else ((),):
                found.setdefault((region, split), []).append(one)
    return found


def by_station(rows):
    found = {}
    for one in rows:
        found.setdefault(one[1], []).append(one[3])
    return found


def known(rows):
    return [one[3] / 10 for one in rows if one[3] is not None]


def expected(rows):
    """(indicator, region, dimension values, end) -> value, for every group with a row that a measure folds."""
    found = {}

    def put(name, size, every, fold, *, dimension=False, keep=lambda one: one[3] is not None):
        for end in range(START + every, START + SPAN_S * 1000 + size + every, every):
            inside = [one for one in rows if end - size <= one[0] < end and keep(one)]
            for (region, split), mine in groups(inside, dimension).items():
                found[name, region, split, end] = fold(mine)

    def weighted(mine):
        weights = {name: WEIGHT[name] for name in {one[1] for one in mine} if name in WEIGHT}
        means = {
            name: sum(v for v in values if v is not None) / 10 / len([v for v in values if v is not None])
            for name, values in by_station(mine).items()
            if any(v is not None for v in values)
        }
        shares = [means[name] * WEIGHT[name] for name in means if name in WEIGHT]
        return sum(shares) / sum(weights.values()) if shares else None

    five = 5 * MINUTE_MS
    put("N", five, five, len, keep=lambda one: one[3] is not None and one[3] > 0)
    put("M", five, five, lambda mine: math.fsum(known(mine)) / len(known(mine)), dimension=True)
    put("X", 3 * five, five, lambda mine: max(known(mine)) - min(known(mine)))
    put("S", 2 * five, 2 * five, lambda mine: max(sum(v * 3 for v in vs) / 10 for vs in by_station(mine).values()))
    put("G", five, five, weighted, keep=lambda one: True)
    put("D", 8 * HOUR_MS + SPAN_S * 1000, 2 * five, lambda mine: math.fsum(known(mine)))
    return {key: value for key, value in found.items() if key[3] <= START + 3 * HOUR_MS}


def held(outputs):
    return {
        (value.indicator, value.region, tuple(text for _, text in value.dims), value.window_end): value
        for value in final(outputs).values()
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings, st.data())
def test_any_order_and_any_batches_give_the_values_of_all_rows(rows, data):
    found = held(play(batches_of(rows, data)))
    wanted = expected(rows)
    for key, value in wanted.items():
        if value is None:
            assert found[key].value is None
        else:
            assert found[key].value == pytest.approx(value, rel=1e-9, abs=1e-9), key
    for key, value in found.items():
        if key not in wanted and value.value is not None:
            # What no row was folded into: counts of nothing, and the day so far long after its last row.
            assert key[0] == "D" or value.value == 0.0, key


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings, st.data())
def test_a_restart_anywhere_changes_nothing_that_is_said(rows, data):
    batches = batches_of(rows, data)
    stops = data.draw(st.frozensets(st.integers(0, len(batches))))
    assert play(batches) == play(batches, stops)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings, st.data())
def test_the_changes_of_all_commits_add_up_to_the_snapshot(rows, data):
    state, fields, now = initial(PLAN), {}, START
    for part in [*batches_of(rows, data), [], []]:
        now = max([now, *(one[0] for one in part)]) + (0 if part else 2 * HOUR_MS)
        run(state, part, now)
        for name, payload in state.changed().items():
            if payload is None:
                fields.pop(name, None)
            else:
                fields[name] = payload
        assert fields == state.snapshot()
    assert restore(PLAN, fields).snapshot() == fields


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings, st.data())
def test_no_watermark_ever_goes_back(rows, data):
    state, seen, now = initial(PLAN), {}, START
    for part in batches_of(rows, data):
        now = max([now, *(one[0] for one in part)])
        run(state, part, now)
        assert all(state.watermarks()[name] >= mark for name, mark in seen.items())
        seen = state.watermarks()


def test_a_checkpoint_of_another_version_is_refused_by_name():
    fields = initial(PLAN).snapshot() | {"meta": b"\x07"}
    with pytest.raises(UnknownStateVersion, match="checkpoint version 7 is not 1"):
        restore(PLAN, fields)


def test_a_damaged_field_is_named():
    state = initial(PLAN)
    run(state, [(START, "a", None, 1)], START)
    fields = state.snapshot()
    pane = next(name for name in fields if name.startswith("pane/"))
    with pytest.raises(DamagedState, match=pane):
        restore(PLAN, fields | {pane: fields[pane][:5]})


def test_state_that_the_definitions_no_longer_need_is_deleted():
    state = initial(PLAN)
    run(state, [(START, "a", None, 1)], START)
    smaller = plan_of(bundle(indicator("N", "n", {"n": {"agg": "count", "where": "mm > 0"}})))
    again = restore(smaller, state.snapshot())
    changed = again.changed()
    assert changed["indicator/M@1"] is None
    assert not any(name.startswith("record/M@1/") for name in again.snapshot())
