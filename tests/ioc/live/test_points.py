"""Points of a layer: snapshots and deltas agree, an audience sees its regions alone."""

from __future__ import annotations

import pytest

from ioc.live.points import Moves, Points, applied, columns
from metrics.whereabouts_row import Row

HOME, AWAY = Row(1, (1_141_000_001, 225_500_000), "r1"), Row(2, (1_142_000_000, 225_600_000), "r2", level="red")


def test_deltas_on_a_snapshot_give_the_next_snapshot() -> None:
    points = Points()
    points.move({"a": HOME, "b": AWAY})
    points.flush()
    held = points.snapshot()
    held = type(held)(held.seq, dict(held.rows))
    points.move({"a": AWAY, "c": HOME})
    points.move({"b": None})
    change = points.flush()
    assert change == Moves(2, {"a": AWAY, "c": HOME}, ("b",))
    assert applied(held, change) == points.snapshot()
    with pytest.raises(ValueError, match="delta 2 does not follow 2"):
        applied(points.snapshot(), change)


def test_nothing_is_said_when_nothing_changed_or_what_came_left_before_anybody_saw_it() -> None:
    points = Points()
    assert points.flush() is None
    points.move({"a": HOME})
    points.move({"a": None})
    assert points.flush() is None


def test_an_audience_sees_what_stands_in_its_regions_and_loses_what_leaves_them() -> None:
    points = Points()
    points.move({"a": HOME, "b": AWAY})
    points.flush()
    mine = points.restricted(lambda region: region == "r1")
    assert set(mine.snapshot().rows) == {"a"}
    mine.move({"a": AWAY, "b": HOME})
    change = mine.flush()
    assert change is not None
    assert (set(change.rows), change.left) == ({"b"}, ("a",))


def test_a_frame_says_rows_as_columns_in_millionths_of_a_degree() -> None:
    row = Row(1, None, "r1", kind="fire", label="消防一队", shape="1,2 3,4 5,6")
    assert columns({"a": HOME, "b": row}) == {
        "id": ["a", "b"], "lon": [114_100_000, None], "lat": [22_550_000, None], "kind": [0, 1], "kinds": ["", "fire"],
        "region": [0, 0], "regions": ["r1"], "level": [None, None], "hollow": [0, 0], "label": {"b": "消防一队"},
        "shape": {"b": "1,2 3,4 5,6"},
    }  # fmt: skip
