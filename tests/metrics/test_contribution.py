"""Contribution: which parts moved a number, exactly for what adds up and for shares, else not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.packs import bundle as packs
from metrics.contribution import Contribution, Moved, Part, contribution, method_of
from metrics.definition import load

COUNTS = st.tuples(*(st.integers(0, 500) for _ in range(4)))  # handled then, all then more, handled now, all now more


def test_a_count_moved_by_the_changes_of_its_parts_and_the_rest_is_what_no_part_had() -> None:
    found = contribution("sum", Part("all", 100, 130), [Part("a", 40, 65), Part("b", 50, 48), Part("c", None, 7)])
    assert found == Contribution("sum", 30, (Moved("a", 25), Moved("b", -2), Moved("c", None)), 7)


def test_a_share_fell_though_none_of_its_parts_did_because_the_weak_one_grew() -> None:
    parts = [Part("weak", 50, 50, 100, 300), Part("strong", 90, 90, 100, 100)]
    found = contribution("share", Part("all", 70, 60, 200, 400), parts)
    assert found is not None
    assert found.change == -10
    assert [each.inside for each in found.moved] == [0, 0]
    assert [each.mix for each in found.moved] == pytest.approx([-3.75, -6.25])
    assert found.rest == pytest.approx(0)


@given(st.lists(COUNTS, min_size=1, max_size=12))
def test_the_parts_of_a_share_account_for_all_of_its_change(rows: list[tuple[int, ...]]) -> None:
    parts = [
        Part(str(at), 100 * a / (a + b) if a + b else None, 100 * c / (c + d) if c + d else None, a + b, c + d)
        for at, (a, b, c, d) in enumerate(rows)
    ]
    ends = [(sum(row[at] for row in rows), sum(row[at] + row[at + 1] for row in rows)) for at in (0, 2)]
    then, now = [100 * top / all_ if all_ else None for top, all_ in ends]
    found = contribution("share", Part("all", then, now), parts)
    if then is None or now is None:
        assert found is None
    else:
        assert found is not None
        assert found.rest == pytest.approx(0, abs=1e-9)


def test_what_does_not_come_apart_tells_the_own_change_of_each_part_and_no_rest() -> None:
    found = contribution("none", Part("all", 9, 12), [Part("a", 9, 7), Part("b", 3, 12)])
    assert found == Contribution("none", 3, (Moved("a", -2), Moved("b", 9)), None)


@pytest.mark.parametrize(
    ("name", "method"), [("G1", "sum"), ("G6", "share"), ("T5", "none"), ("G15", "none"), ("G12", "none")]
)
def test_the_method_follows_from_the_formula(name: str, method: str) -> None:
    [found] = [one for one in load(packs.build()).indicators if one.id == name]
    assert method_of(found) == method
