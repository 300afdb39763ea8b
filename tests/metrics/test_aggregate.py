"""Mergeable folds, exact to the last digit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.aggregate import Folded, add, group_extreme, group_sum

ALL = frozenset({"count", "sum", "min", "max"})


def folded(values, codes, size=4):
    return Folded.of(np.array(values, np.int64), np.array(codes, np.int64), size, ALL)


def plain(state):
    found = {}
    for key in range(len(state)):
        if state.count[key]:
            found[key] = (int(state.count[key]), int(state.sum[key]), int(state.min[key]), int(state.max[key]))
    return found


def test_sums_beyond_int64_are_carried_in_wider_integers():
    big = 2**62
    total = group_sum(np.array([big, big, big, 1], np.int64), np.array([0, 0, 0, 1]), 2)
    assert total.tolist() == [3 * 2**62, 1]
    assert add(np.array([2**62]), np.array([2**62])).tolist() == [2**63]
    assert add(np.array([2**63], object), np.array([-1], np.int64)).dtype == np.int64


def test_sums_above_the_exact_floats_lose_nothing():
    values = np.array([2**53, 1, 1], np.int64)
    assert group_sum(values, np.zeros(3, np.int64), 1).tolist() == [2**53 + 2]


def test_a_mean_is_rounded_once():
    state = folded([1, 1, 2], [0, 0, 0], 1)
    value, known = state.result("mean", 1, empty_sum_is_null=True)
    assert (value.tolist(), known.tolist()) == ([4 / 30], [True])


def test_of_nothing_a_count_is_zero_and_the_rest_null():
    state = Folded.empty(1, ALL)
    known = {agg: bool(state.result(agg, 0, empty_sum_is_null=True)[1][0]) for agg in ("count", "sum", "mean", "max")}
    assert known == {"count": True, "sum": False, "mean": False, "max": False}


def test_many_rows_and_few_rows_find_the_same_extremes():
    rng = np.random.default_rng(7)
    values, codes = rng.integers(-999, 999, 10_000), rng.integers(0, 50, 10_000)
    whole = group_extreme(values, codes, 50, "min")
    parts = [
        group_extreme(values[at : at + 1_000], codes[at : at + 1_000], 50, "min") for at in range(0, 10_000, 1_000)
    ]
    assert whole.tolist() == np.minimum.reduce(parts).tolist()


numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-100, 100))
rows = st.lists(st.tuples(numbers, st.integers(0, 3)), max_size=12)


@given(rows, rows, rows)
def test_merging_in_any_grouping_is_equal_and_exact(one, two, three):
    a, b, c = (folded([row[0] for row in part], [row[1] for row in part]) for part in (one, two, three))
    expected = {}
    for key in range(4):
        mine = [value for value, code in [*one, *two, *three] if code == key]
        if mine:
            expected[key] = (len(mine), sum(mine), min(mine), max(mine))
    assert plain(a.merge(b).merge(c)) == expected
    assert plain(a.merge(b.merge(c))) == expected
    assert plain(c.merge(a).merge(b)) == expected


@given(rows)
def test_regrouping_is_folding_by_the_coarser_key(part):
    state = folded([row[0] for row in part], [row[1] for row in part])
    coarse = state.regroup(np.array([0, 1, 2, 3]), np.array([0, 0, 1, 1]), 2)
    assert plain(coarse) == plain(folded([row[0] for row in part], [row[1] // 2 for row in part], 2))
