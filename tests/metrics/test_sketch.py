"""Sketches: within their stated errors whatever the values, the cuts and the order of merging, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.column import Column
from metrics.engine import initial, restore
from metrics.expiry import Renumbering
from metrics.observation import Dictionary
from metrics.sketch import NO_RANKS, NO_REGISTERS, Ranks, Registers, hashed, mixed, read
from tests.metrics.engine_worlds import at, bundle, indicator, plan_of, run, said

ROWS = 300_000
RANDOM = np.random.default_rng(20)
SHAPES = {
    "uniform": RANDOM.random(ROWS),
    "heavy tail": RANDOM.lognormal(0, 3, ROWS),
    "few values": RANDOM.integers(0, 20, ROWS).astype(np.float64),
    "ascending": np.arange(ROWS, dtype=np.float64),
    "descending": np.arange(ROWS, 0, -1, dtype=np.float64),
    "zigzag": np.where(np.arange(ROWS) % 2, np.arange(ROWS), -np.arange(ROWS)).astype(np.float64),
    "two heaps": np.concatenate([RANDOM.normal(0, 1, ROWS // 2), RANDOM.normal(1e6, 1, ROWS // 2)]),
}


def zeros(count: int) -> np.ndarray:
    return np.zeros(count, np.int64)


def one_by_one(values: np.ndarray, size: int = 1_000) -> Ranks:
    found = NO_RANKS
    for first in range(0, len(values), size):
        part = values[first : first + size]
        found = found.merge(Ranks.of(part, zeros(len(part))))
    return found


def as_a_tree(values: np.ndarray) -> Ranks:
    left = [Ranks.of(part, zeros(len(part))).reduced() for part in np.array_split(values, 64)]
    while len(left) > 1:
        left = [one.merge(other).reduced() for one, other in zip(left[::2], left[1::2], strict=True)]
    return left[0]


def worst_rank_error(sketch: Ranks, values: np.ndarray) -> float:
    """In percent of the ranks, over all whole percentiles."""
    ordered, worst = np.sort(values), 0.0
    for p in range(1, 100):
        (found,) = sketch.percentile(p, 1)
        low, high = (100 * np.searchsorted(ordered, found, side) / len(ordered) for side in ("left", "right"))
        worst = max(worst, low - p, p - high)
    return worst


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("merged", [one_by_one, as_a_tree])
def test_a_percentile_is_within_one_percent_of_its_rank_whatever_the_values_and_the_merging(shape, merged):
    sketch = merged(SHAPES[shape])
    assert worst_rank_error(sketch, SHAPES[shape]) <= 1.0
    assert int((1 << sketch.level.astype(np.int64)).sum()) == ROWS


def test_a_percentile_of_few_values_is_exact():
    values = RANDOM.normal(0, 1, 400)
    for p in (0, 12.5, 50, 90, 99, 100):
        assert one_by_one(values, 7).percentile(p, 1)[0] == pytest.approx(np.percentile(values, p), rel=1e-12)


def test_a_sketch_of_percentiles_stays_small():
    assert len(one_by_one(SHAPES["uniform"]).reduced().key) < 1_300
    assert max(len(one_by_one(SHAPES["uniform"][:count]).key) for count in (50_000, 77_000, 123_000)) < 7_000


def test_the_same_values_give_the_same_sketch_and_no_chance_takes_part():
    first, second = (one_by_one(SHAPES["heavy tail"]) for _ in range(2))
    assert first.stored() == second.stored()


@pytest.mark.parametrize("count", [0, 1, 10, 300, 5_000, 12_000, 60_000, 200_000])
def test_different_values_are_counted_with_a_standard_error_of_two_percent(count):
    errors = []
    for trial in range(40):
        hashes = mixed(np.arange(count, dtype=np.uint64) + np.uint64(trial << 40))
        (found,) = Registers.of(np.concatenate([hashes, hashes[::2]]), zeros(count + len(hashes[::2]))).counts(1)
        errors.append((found - count) / max(count, 1))
    assert np.sqrt(np.mean(np.square(errors))) <= 0.02


def test_registers_are_the_same_in_whatever_order_they_are_merged():
    hashes = mixed(np.arange(50_000, dtype=np.uint64))
    whole = Registers.of(hashes, zeros(50_000))
    found = NO_REGISTERS
    for part in np.array_split(hashes[::-1], 37):
        found = found.merge(Registers.of(part, zeros(len(part))))
    assert found.reduced().stored() == whole.stored()
    assert len(whole.key) <= 4_096


def test_keys_are_kept_apart_cut_out_renumbered_and_regrouped():
    values, keys = np.arange(3_000, dtype=np.float64), np.arange(3_000) % 3
    sketch = Ranks.of(values, keys).reduced()
    np.testing.assert_allclose(sketch.percentile(50, 4), [1498.5, 1499.5, 1500.5, 0], atol=30)
    assert sketch.part(1, 2).percentile(50, 2).tolist() == sketch.percentile(50, 3)[1:].tolist()
    codes = Renumbering.of(np.array([False, True, True])).codes.astype(np.int64)
    assert sketch.recoded(codes).percentile(50, 2).tolist() == sketch.percentile(50, 3)[1:].tolist()
    both = sketch.regroup(np.array([0, 2, 2]), np.array([0, 0, 1])).percentile(100, 2)
    of_each = sketch.percentile(100, 3)
    assert both.tolist() == [max(of_each[0], of_each[2]), of_each[2]]


def test_a_text_has_the_same_hash_in_every_dictionary():
    first = Column(np.array([0, 1], np.int32), None, None, Dictionary(["罗湖", "b"]))
    second = Column(np.array([1, 0], np.int32), None, None, ["b", "罗湖"])
    assert hashed(first).tolist() == hashed(second).tolist()
    assert len(set(hashed(first).tolist())) == 2


def test_what_is_stored_is_read_again():
    sketch = one_by_one(SHAPES["uniform"][:30_000])
    assert read(sketch.stored()).stored() == sketch.stored()


# ---- in the engine ----

PLAN = plan_of(
    bundle(
        indicator("P", "p", {"p": {"agg": "percentile_approx", "p": 90, "field": "mm"}}, dimensions=["basin"]),
        indicator("E", "p", {"p": {"agg": "percentile", "p": 90, "field": "mm"}}, dimensions=["basin"]),
        indicator(
            "S", "s", {"s": {"agg": "percentile_approx", "p": 50, "field": "mm"}},
            window={"kind": "sliding", "size": "15m", "every": "5m"},
        ),
        indicator(
            "D", "d", {"d": {"agg": "distinct_approx", "field": ["station", "basin"]}},
            window={"kind": "day_to_date", "every": "5m"},
        ),
        indicator(
            "T", "t", {"t": {"agg": "percentile_approx", "p": 50, "field": "mm", "per": ["basin"], "then": "max"}}
        ),
        source={"lateness": "1h"},
    )
)  # fmt: skip


def rows(minute: int) -> list[tuple[int, str, str | None, int | None]]:
    start = at("08:00:00") + minute * 60_000
    return [
        (start + second * 1_000, f"s{minute}-{second}", "ab"[second % 2], minute * 60 + second) for second in range(60)
    ]


def test_the_engine_gives_small_groups_exactly_and_a_restart_changes_nothing():
    told = []
    for restarts in (False, True):
        state, found = initial(PLAN), {}
        for minute in range(20):
            found |= said(run(state, rows(minute), at("08:00:00") + minute * 60_000 + 59_000))
            state = restore(PLAN, state.snapshot()) if restarts else state
        told.append(found | said(run(state, [], at("08:30:00"))))
    assert told[0] == told[1]
    end = at("08:15:00")
    assert told[0]["P", "", ("a",), end][0] == told[0]["E", "", ("a",), end][0] == 86.82
    assert told[0]["S", "", (), end][0] == pytest.approx(44.95)
    assert told[0]["T", "", (), end][0] == pytest.approx(75.0, abs=0.2)
    assert told[0]["D", "", (), end][0] == pytest.approx(900, rel=0.06)


def test_no_row_is_kept_for_what_is_approximate():
    only = plan_of(
        bundle(
            indicator("P", "p", {"p": {"agg": "percentile_approx", "p": 90, "field": "mm"}}),
            indicator("D", "d", {"d": {"agg": "distinct_approx", "field": "station"}}),
        )
    )
    state = initial(only)
    for minute in range(3):
        run(state, rows(minute), at("08:00:00") + minute * 60_000 + 59_000)
    assert state.intakes["rain"].rows_kept == 0
    assert only.sources["rain"].kept is None


EVER = {"kind": "all", "every": "5m"}
SINCE_EVER = plan_of(
    bundle(
        indicator("K", "k", {"k": {"agg": "distinct_approx", "field": "station"}}, window=EVER),
        indicator("P", "p", {"p": {"agg": "percentile_approx", "p": 50, "field": "mm"}}, window=EVER),
    )
)


def test_windows_without_a_beginning_take_the_memory_of_a_sketch_however_long_they_are() -> None:
    state, start, held = initial(SINCE_EVER), at("00:00"), []
    last: dict[str, float | None] = {}
    for minute in range(600):
        now = start + minute * 60_000
        rows = [(now - row, f"s{(minute * 20 + row) % 300}", None, (minute * 20 + row) % 1_000) for row in range(20)]
        outputs = run(state, rows, now)
        last |= {one.indicator: one.value for one in outputs.complete_values()}
        held.append(max(len(panes.panes) for panes in state.intakes["rain"].panes.values()))
        if minute % 97 == 0:
            state = restore(SINCE_EVER, state.snapshot())
    assert state.intakes["rain"].rows_kept == 0
    assert max(held) < 10  # what can still be corrected, and one for all before
    assert last["K"] == pytest.approx(300, rel=0.09)
    assert last["P"] == pytest.approx(50.0, abs=1.5)


def test_a_late_row_corrects_windows_without_a_beginning() -> None:
    state = initial(SINCE_EVER)
    for minute in range(0, 60, 5):
        run(state, [(at("12:01") + minute * 60_000, "a", None, 10)], at("12:01") + minute * 60_000)
    corrected = run(state, [(at("12:50"), "b", None, 10)], at("12:57"))
    assert said(corrected)["K", "", (), at("12:55")] == (2.0, "complete", 1)
    assert said(run(state, [], at("13:10")))["K", "", (), at("13:00")][0] == 2.0
