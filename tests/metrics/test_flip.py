"""Flips: between two of them the answer of a row does not change."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.calendar import NEVER, Calendar
from metrics.column import Column
from metrics.evaluation import evaluate_where
from metrics.flip import flips
from metrics.formula import parse
from metrics.intervals import joined

DAYTIME = {"daytime": Calendar.read({"daily": ["08:00-08:01", "08:02-08:03"]})}
BASE = 57_600_000 + 8 * 3_600_000  # 08:00 Shanghai time


def times(*values):
    return Column(
        np.array([0 if one is None else one for one in values], np.int64),
        np.array([one is not None for one in values], np.bool_),
    )


def test_a_deadline_is_missed_one_ms_after_it():
    columns = {"deadline": times(1_000, None)}
    assert flips(parse("deadline < now()"), columns, 2).tolist() == [[1_001], [NEVER]]
    assert flips(parse("deadline <= now()"), columns, 2).tolist() == [[1_000], [NEVER]]
    assert flips(parse("now() - deadline > 5s"), columns, 2).tolist() == [[6_001], [NEVER]]
    assert flips(parse("deadline - now() <= 1s"), columns, 2).tolist() == [[0], [NEVER]]


def test_due_soon_begins_and_ends():
    columns = {"deadline": times(100_000)}
    assert flips(parse("deadline between now() and now() + 30s"), columns, 1).tolist() == [[70_000, 100_001]]


def test_a_fraction_of_a_ms_flips_at_the_next_whole_one():
    columns = {"t": times(1_000)}
    assert flips(parse("now() >= t + 3ms / 2ms * 1ms"), columns, 1).tolist() == [[1_002]]
    assert flips(parse("now() = t + 1ms"), columns, 1).tolist() == [[1_001, 1_002]]


def test_the_time_worked_reaches_its_limit_when_the_calendar_is_open():
    columns = {"t": times(BASE)}
    found = flips(parse("worked(t, now(), 'daytime') >= 90s"), columns, 1, DAYTIME)
    assert found.tolist() == [[BASE + 150_000]]
    assert flips(parse("worked(t, now(), 'daytime') >= 0s"), columns, 1, DAYTIME).tolist() == [[NEVER]]


SPANS = st.lists(st.tuples(st.integers(0, 300), st.one_of(st.integers(0, 300), st.none())), max_size=3)
WHERES = [
    "t < now()",
    "now() - t between 20ms and 40ms",
    "t + 30ms > now() or now() > t + 90ms",
    "not (now() - 10ms = t)",
    "-(now() - t) < -15ms and n > 3",
    "if(now() > t, n, 0) > 2",
    "worked(t, now(), 'always') > 25ms",
    "worked(t, now(), 'always', holds) <= n * 10ms",
    "t + 50ms >= now() + 7ms * n",
    "10ms * n + t != now()",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHERES), st.integers(0, 200), st.integers(-2, 9), SPANS)
def test_every_change_of_an_answer_is_among_the_flips(where, start, number, spans):
    node = parse(where)
    instants = range(-50, 400)
    holds = joined((left, right) for left, right in spans)
    columns = {
        "t": times(start),
        "n": Column(np.array([number], np.int64), None, 0),
        "holds": Column(np.array([0], np.int32), None, None, [holds]),
    }
    told = set(flips(node, columns, 1)[0].tolist())
    answers = [bool(evaluate_where(node, columns, 1, instant)[0]) for instant in instants]
    changed = {instant for instant in instants[1:] if answers[instant + 50] != answers[instant + 49]}
    assert changed <= told
