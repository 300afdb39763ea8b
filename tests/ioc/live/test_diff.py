from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.live.diff import Board, Delta, Keep, Snapshot, apply, trim
from metrics.value import Value

MINUTES_5 = 300_000
FOUR_POINTS = Keep(span_ms=100 * MINUTES_5, points=4)


def value(end: int, number: float | None, indicator: str = "T1", **more) -> Value:
    quality = more.pop("quality", "provisional" if number is not None else "no_data")
    dims = more.pop("dims", ())
    return Value(indicator, 1, "440303", dims, (end - 1) * MINUTES_5, end * MINUTES_5, number, quality, 1, **more)


def test_nothing_new_makes_no_delta():
    board = Board(lambda value: None)
    assert board.flush() is None
    assert board.seq == 0


def test_the_newest_value_of_a_window_is_sent_once():
    board = Board(lambda value: None)
    board.publish([value(1, 4.0), value(1, 4.5)])
    change = board.flush()
    assert change.seq == 1
    assert [cell["x"] for cell in change.cells.values()] == [4.5]
    assert board.coalesced == 1
    assert board.flush() is None


def test_a_correction_of_an_earlier_window_does_not_replace_the_newest_cell():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(1, 4.0), value(2, 5.0)])
    board.flush()
    late = value(1, 4.2, quality="complete", revision=1)
    board.publish([late])
    board.complete([late])
    change = board.flush()
    [cell] = change.cells.values()
    assert (cell["x"], cell["done"]) == (5.0, [4.2, MINUTES_5, None])
    assert change.series == {"T1|440303|": [[MINUTES_5, 4.2]]}


def test_a_cell_without_a_value_says_the_newest_one_there_was():
    board = Board(lambda value: None)
    board.publish([value(1, 4.0), value(2, None)])
    assert board.flush().cells["T1|440303|"]["last"] == [4.0, MINUTES_5]


def test_a_late_value_changes_what_an_empty_cell_says_it_was():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(1, 4.0), value(3, None)])
    board.flush()
    board.complete([value(2, 4.4, quality="complete")])
    assert board.flush().cells["T1|440303|"]["last"] == [4.4, 2 * MINUTES_5]
    board.complete([value(2, None, revision=1)])
    assert board.flush().cells["T1|440303|"]["last"] is None
    board.complete([value(1, 4.1, quality="complete")])
    assert board.flush().cells["T1|440303|"]["last"] == [4.1, MINUTES_5]


def test_a_window_corrected_to_nothing_falls_back_to_the_kept_point_before_it():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(3, None)])
    board.complete([value(1, 4.0, quality="complete"), value(2, 5.0, quality="complete")])
    board.flush()
    board.complete([value(2, None, revision=1)])
    assert board.flush().cells["T1|440303|"]["last"] == [4.0, MINUTES_5]


def test_a_window_that_has_only_just_opened_is_judged_by_the_complete_one_before_it():
    board = Board(lambda value: None)
    board.publish([value(1, 4.5, level="yellow"), value(2, 7.5, level="orange")])
    assert board.flush().cells["T1|440303|"]["done"] is None
    board.complete([value(1, 4.5, quality="complete", level="yellow")])
    assert board.flush().cells["T1|440303|"]["done"] == [4.5, MINUTES_5, "yellow"]
    board.complete([value(1, 4.5, quality="complete", level="yellow")])
    assert board.flush() is None  # nothing new is said of it
    board.complete([value(1, 3.9, quality="complete", revision=1)])
    assert board.flush().cells["T1|440303|"]["done"] == [3.9, MINUTES_5, None]


def test_a_complete_window_without_data_or_with_a_stale_value_judges_nothing():
    board = Board(lambda value: None)
    board.publish([value(3, 7.5, level="orange")])
    board.complete([value(1, 4.5, quality="complete", level="yellow"), value(2, None)])
    assert board.flush().cells["T1|440303|"]["done"] == [None, 2 * MINUTES_5, None]
    board.complete([value(2, 4.5, quality="stale", level="yellow")])
    board.publish([value(3, 7.0, level="orange")])
    assert board.flush().cells["T1|440303|"]["done"] == [None, 2 * MINUTES_5, None]


def test_a_series_keeps_its_newest_points_in_the_order_of_time():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(6, 6.0)])
    board.complete([value(end, float(end), quality="complete") for end in (3, 1, 2, 5, 4, 6)])
    board.flush()
    assert board.snapshot().series["T1|440303|"] == [[end * MINUTES_5, float(end)] for end in (3, 4, 5, 6)]


def test_a_series_that_was_given_up_leaves_with_the_next_delta():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(1, 1.0), value(1, 2.0, "T2")])
    board.complete([value(1, 1.0, quality="complete")])
    board.flush()
    assert board.drop(["T1|440303|", "T9|440303|"]) == 1
    change = board.flush()
    assert (change.gone, change.cells, change.series) == (("T1|440303|",), {}, {})
    assert list(board.snapshot().cells) == ["T2|440303|"]
    assert board.snapshot().series == {}
    assert board.flush() is None


def test_of_a_series_that_was_given_up_nothing_is_held_any_more():
    board, never = Board(lambda value: FOUR_POINTS), Board(lambda value: FOUR_POINTS)
    for end in range(1, 2_000):
        one = value(1, 1.0, dims=(("station", str(end)),))
        board.publish([one])
        board.complete([replace(one, quality="complete"), value(1, None, dims=one.dims)])
        board.drop([one.series])
    board.flush()
    for held in ("_values", "_last", "_done", "_cells", "_points", "_keeps", "_changed", "_completed", "_gone"):
        assert getattr(board, held) == getattr(never, held), held


def test_what_is_complete_of_a_series_that_was_given_up_comes_too_late():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(1, 1.0)])
    board.drop(["T1|440303|"])
    board.complete([value(1, 1.0, quality="complete")])
    assert board.flush() is None
    assert board.snapshot() == Snapshot(0, {}, {})


def test_a_series_that_comes_back_begins_anew():
    board = Board(lambda value: FOUR_POINTS)
    board.publish([value(1, 1.0)])
    board.complete([value(1, 1.0, quality="complete")])
    board.flush()
    held = board.snapshot()
    board.drop(["T1|440303|"])
    board.publish([value(9, None)])
    board.complete([value(9, None)])
    change = board.flush()
    assert change.gone == ("T1|440303|",)
    assert change.cells["T1|440303|"]["last"] is None
    assert apply(held, change).series == {"T1|440303|": [[9 * MINUTES_5, None]]}


def test_points_older_than_the_span_are_dropped():
    points = {1: 1.0, 50: 2.0, 100: 3.0}
    trim(points, Keep(span_ms=50, points=10))
    assert points == {100: 3.0}


def test_a_series_that_is_not_kept_has_no_points():
    board = Board(lambda value: FOUR_POINTS if value.indicator == "T1" else None)
    board.publish([value(1, 1.0), value(1, 2.0, "T2")])
    board.complete([value(1, 1.0, quality="complete"), value(1, 2.0, "T2", quality="complete")])
    assert board.flush().series == {"T1|440303|": [[MINUTES_5, 1.0]]}


def test_a_gap_in_the_numbers_is_refused():
    with pytest.raises(ValueError, match="delta 3 does not follow 1"):
        apply(Snapshot(1, {}, {}), Delta(3, {}, {}))


def test_a_restricted_board_holds_only_what_is_allowed_and_goes_on_by_itself():
    board = Board(lambda value: FOUR_POINTS)
    mine, other = value(1, 1.0), replace(value(1, 2.0), region="440303001")
    board.publish([mine, other])
    board.flush()
    board.publish([value(2, 3.0)])
    part = board.restricted(lambda value: value.region == "440303")
    assert list(part.snapshot().cells) == ["T1|440303|"]
    part.publish([value(2, 3.5)])
    assert part.flush().cells["T1|440303|"]["x"] == 3.5
    assert board.flush().cells["T1|440303|"]["x"] == 3.0


numbers = st.none() | st.floats(-1e6, 1e6)
values = st.builds(
    lambda indicator, end, number, quality, revision: value(
        end, number, indicator, quality="no_data" if number is None else quality, revision=revision
    ),
    st.sampled_from(["T1", "T2", "T3"]),
    st.integers(1, 12),
    numbers,
    st.sampled_from(["provisional", "complete", "stale"]),
    st.integers(0, 2),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.lists(values, max_size=6)),
        st.tuples(st.just("complete"), st.lists(values, max_size=6)),
        st.tuples(st.just("drop"), st.lists(st.sampled_from(["T1|440303|", "T2|440303|", "T3|440303|"]), max_size=2)),
        st.tuples(st.just("flush"), st.none()),
        st.tuples(st.just("join"), st.none()),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(steps)
def test_deltas_applied_to_a_snapshot_give_the_next_snapshot(timeline):
    keep = Keep(span_ms=6 * MINUTES_5, points=4)
    board = Board(lambda value: keep if value.indicator != "T3" else None)
    clients = [board.snapshot()]
    for step, batch in [*timeline, ("flush", None)]:
        if step == "publish":
            board.publish(batch)
        elif step == "complete":
            board.complete(batch)
        elif step == "drop":
            board.drop(batch)
        elif step == "join":
            clients.append(board.snapshot())
        else:
            change = board.flush()
            if change is not None:
                clients = [apply(client, change) for client in clients]
    truth = board.snapshot()
    for client in clients:
        assert client.seq == truth.seq
        assert client.cells == truth.cells
        assert set(client.series) == set(truth.series)
        for series, points in truth.series.items():
            held = client.series[series]
            newest = max(end for end, _ in held)
            kept = [point for point in held if point[0] > newest - keep.span_ms][-keep.points :]
            assert kept == points
