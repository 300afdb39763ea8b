"""The coverage of the tasks is what the packs say, and their state is that of their feeds."""

from __future__ import annotations

import pytest

from ioc.queries.tasks import indicators, sources, state, tasks


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ([], "none"),
        (["none", "none"], "none"),
        (["ok", "ok"], "ok"),
        (["ok", "none"], "part"),
        (["ok", "late", "none"], "late"),
        (["late", "lost", "ok"], "lost"),
    ],
)
def test_the_state_of_a_task_is_the_worst_of_its_feeds_and_whether_all_came_in(feeds: list[str], said: str) -> None:
    assert state(feeds) == said


def test_all_tasks_are_there_and_none_lacks_a_feed_an_indicator_or_a_page() -> None:
    assert [task.id for task in tasks()] == list(range(1, 29))
    assert [task.id for task in tasks() if not (task.feeds and task.indicators and task.pages and task.scenes)] == []


def test_the_feeds_of_a_task_are_those_behind_all_its_indicators_also_through_other_indicators() -> None:
    traffic = next(task for task in tasks() if task.id == 15)
    assert {feed.id for feed in traffic.feeds} >= {"traffic", "road_event", "trip", "parking"}
    assert indicators()["G15"].sources == indicators()["G4"].sources == ("case",)


def test_a_union_is_told_by_its_parts() -> None:
    assert "complaint" not in sources()
    assert set(indicators()["G12"].sources) == {"case", "request"}


def test_a_page_that_several_packs_name_stands_once() -> None:
    assert all(len({page.to for page in task.pages}) == len(task.pages) for task in tasks())
