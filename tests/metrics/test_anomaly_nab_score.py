"""The benchmark's scoring rules, by hand-made files."""

import numpy as np
import pytest

from benchmarks.nab_score import LOW_FN, LOW_FP, STANDARD, Labelled, row_worth, sigmoid, sweep


def made(windows, rows=1000):
    return Labelled("made/one", [str(row) for row in range(rows)], np.zeros(rows), windows)


def found(rows, at, value=1.0):
    score = np.zeros(rows)
    score[at] = value
    return [score]


FILE = made([(500, 599)])


def test_no_detection_is_nought():
    assert sweep([FILE], found(1000, []), STANDARD).at(0.5) == 0.0


def test_a_detection_at_the_first_row_of_every_window_is_a_hundred():
    assert sweep([FILE], found(1000, [500]), STANDARD).at(0.5) == pytest.approx(100.0)


def test_a_detection_in_the_middle_is_worth_what_the_sigmoid_says():
    # relative place -(599 - 550 + 1) / 100 = -0.5: 0.8482836 / 0.9866143 = 0.8597925; (0.8597925 + 1) / 2
    assert sweep([FILE], found(1000, [550]), STANDARD).at(0.5) == pytest.approx(92.9896, abs=1e-3)


def test_only_the_first_detection_of_a_window_counts():
    both = sweep([FILE], found(1000, [550, 590]), STANDARD).at(0.5)
    assert both == sweep([FILE], found(1000, [550]), STANDARD).at(0.5)


def test_a_false_detection_before_any_window_costs_its_full_weight():
    assert sweep([FILE], found(1000, [300]), STANDARD).at(0.5) == pytest.approx(-5.5)
    assert sweep([FILE], found(1000, [300]), LOW_FP).at(0.5) == pytest.approx(-11.0)


def test_a_false_detection_just_after_a_window_costs_little():
    # (600 - 599) / 99 = 0.0101: -0.0252 * 0.11 / 2
    assert sweep([FILE], found(1000, [600]), STANDARD).at(0.5) == pytest.approx(-0.1389, abs=1e-3)


def test_a_missed_window_weighs_twice_where_missing_is_worse():
    assert sweep([FILE], found(1000, [500, 300]), LOW_FN).at(0.5) == pytest.approx(100 * (3 - 0.11) / 3)


def test_the_probation_is_not_scored():
    assert FILE.probation == 150
    assert made([], rows=10_000).probation == 750
    assert sweep([FILE], found(1000, [0, 149]), STANDARD).at(0.5) == 0.0


def test_a_window_that_ends_in_the_probation_is_no_window():
    assert made([(20, 100)]).counted() == []


def test_far_after_a_window_a_false_detection_costs_its_full_weight():
    worth, owner = row_worth(FILE)
    assert worth[999] == -1.0
    assert owner[[10, 499, 500, 599, 600]].tolist() == [-2, -1, 0, 0, -1]


def test_the_sigmoid_falls_from_one_to_minus_one():
    assert sigmoid(np.array([-1.0, 0.0, 1.0, 3.1])).tolist() == pytest.approx([0.98661, 0.0, -0.98661, -1.0], abs=1e-5)


def test_one_threshold_is_best_over_all_files():
    files = [FILE, FILE]
    scores = [found(1000, [500], 0.9)[0], found(1000, [300], 0.6)[0]]
    assert sweep(files, scores, STANDARD).best() == (0.9, pytest.approx(50.0))
