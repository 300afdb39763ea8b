"""Progress, idleness, lateness."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.watermark import BEGINNING, Watermark


def test_the_watermark_lags_the_newest_event_by_the_disorder():
    mark = Watermark(disorder_ms=30, lateness_ms=100, idle_ms=None)
    mark.heard(1_000, now_ms=1_000)
    assert mark.mark_ms == 970
    assert mark.closed_ms == 870


def test_an_older_event_does_not_move_it_back():
    mark = Watermark(30, 100, None)
    mark.heard(1_000, 1_000)
    mark.heard(500, 1_001)
    assert (mark.mark_ms, mark.newest_ms) == (970, 1_000)


def test_after_silence_it_follows_the_clock():
    mark = Watermark(30, 100, idle_ms=200)
    mark.heard(1_000, 1_000)
    mark.tick(1_199)
    assert mark.mark_ms == 970
    mark.tick(1_200)
    assert mark.mark_ms == 1_170


def test_a_source_never_heard_idles_from_the_first_look():
    mark = Watermark(30, 100, idle_ms=200)
    mark.tick(5_000)
    assert mark.mark_ms == BEGINNING
    mark.tick(5_200)
    assert mark.mark_ms == 5_170


def test_silence_does_not_count_while_entries_are_unread():
    mark = Watermark(30, 100, idle_ms=200)
    mark.heard(1_000, 1_000)
    mark.tick(9_000, behind=True)
    mark.tick(9_100)
    assert mark.mark_ms == 970


def test_a_row_is_late_by_what_came_before_it():
    mark = Watermark(0, 10, None)
    assert mark.late(np.array([100, 90, 89, 101, 91, 90])).tolist() == [False, False, True, False, False, True]
    assert mark.late(np.array([100, 90])) is None


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 3_000), st.booleans()), max_size=40),
    st.integers(0, 50),
    st.one_of(st.none(), st.integers(1, 300)),
)
def test_it_never_goes_back(events, disorder, idle):
    mark = Watermark(disorder, 100, idle)
    seen = mark.mark_ms
    for event, now, ticks in events:
        if ticks:
            mark.tick(now)
        else:
            mark.heard(event, now)
        assert mark.mark_ms >= seen
        seen = mark.mark_ms


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40), st.integers(0, 40))
def test_the_cut_into_batches_does_not_decide_what_is_late(times, cut):
    def judged(batches):
        mark, found = Watermark(5, 50, None), []
        for rows in batches:
            time = np.array(rows, np.int64)
            late = mark.late(time)
            late = np.zeros(len(time), np.bool_) if late is None else late
            found += late.tolist()
            if (~late).any():
                mark.heard(int(time[~late].max()), 0)
        return found

    cut = min(cut, len(times))
    assert judged([times]) == judged([part for part in (times[:cut], times[cut:]) if part])
