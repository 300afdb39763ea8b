"""Rehearsals that people ask for: asked once, taken in turn, cancelled while they run, begun anew."""

from __future__ import annotations

import pytest

from ioc.services import rehearsals
from ioc.services.refusals import RehearsalRefused, UnknownRehearsal
from ioc.services.rehearsals import DAY_MS, MOST_WAITING, SILENT_MS, Cancelled, Rehearsal
from ioc.store.unit import Store

T0 = 1_790_000_000_000


def asked(store: Store, indicator: str = "E3", days: int = 7, at: int = T0) -> Rehearsal:
    return rehearsals.ask(store, "live", indicator, "yellow=12", days, by="chen", now_ms=at, until_ms=at)


def test_one_is_carried_out_and_its_sheet_is_read_by_everyone(store: Store) -> None:
    made = asked(store)
    assert (made.state, made.until_ms - made.from_ms, made.by) == ("waiting", 7 * DAY_MS, "chen")
    taken = rehearsals.claim(store, T0 + 1)
    assert taken is not None
    assert taken.id == made.id
    rehearsals.progress(store, made.id, 400, T0 + 2)
    assert rehearsals.one(store, made.id).permille == 400
    rehearsals.finish(store, made.id, "abc", {"alarms": 3})
    done = rehearsals.one(store, made.id)
    assert (done.state, done.permille, done.definition, done.sheet) == ("done", 1000, "abc", {"alarms": 3})
    assert [one.id for one in rehearsals.newest(store, "live", "E3")] == [made.id]
    assert rehearsals.claim(store, T0 + 3) is None


def test_the_same_question_that_still_waits_is_not_asked_twice(store: Store) -> None:
    made = asked(store)
    assert asked(store, at=T0 + 1).id == made.id
    assert asked(store, days=30).id != made.id


def test_the_one_that_waits_longest_is_taken_first_and_each_once(store: Store) -> None:
    first, second = asked(store, at=T0), asked(store, "E2", at=T0 + 1)
    taken = [rehearsals.claim(store, T0 + 5) for _ in range(3)]
    assert [one and one.id for one in taken] == [first.id, second.id, None]


def test_one_that_is_cancelled_ends_at_its_next_word_and_stays_cancelled(store: Store) -> None:
    made = asked(store)
    rehearsals.claim(store, T0)
    assert rehearsals.cancel(store, made.id, now_ms=T0 + 1).state == "cancelled"
    with pytest.raises(Cancelled):
        rehearsals.progress(store, made.id, 500, T0 + 2)
    with pytest.raises(Cancelled):
        rehearsals.finish(store, made.id, "abc", {})
    rehearsals.fail(store, made.id, "x")
    assert rehearsals.one(store, made.id).state == "cancelled"
    assert rehearsals.cancel(store, made.id, now_ms=T0 + 3).state == "cancelled"


def test_one_whose_process_is_gone_is_begun_anew(store: Store) -> None:
    made = asked(store)
    rehearsals.claim(store, T0)
    assert rehearsals.claim(store, T0 + SILENT_MS) is None
    again = rehearsals.claim(store, T0 + SILENT_MS + 1)
    assert again is not None
    assert (again.id, again.permille) == (made.id, 0)


def test_one_that_cannot_be_carried_out_says_why(store: Store) -> None:
    made = asked(store)
    rehearsals.claim(store, T0)
    rehearsals.fail(store, made.id, "这段时间没有值 no values of that time")
    found = rehearsals.one(store, made.id)
    assert (found.state, found.why) == ("failed", "这段时间没有值 no values of that time")


@pytest.mark.parametrize("days", [0, 91])
def test_days_out_of_bounds_are_refused_by_name(store: Store, days: int) -> None:
    with pytest.raises(RehearsalRefused) as refused:
        asked(store, days=days)
    assert refused.value.field == "days"


def test_a_queue_that_is_full_takes_no_more(store: Store) -> None:
    for place in range(MOST_WAITING):
        asked(store, f"X{place}")
    with pytest.raises(RehearsalRefused):
        asked(store, "one more")


def test_one_that_is_not_there_is_said_so(store: Store) -> None:
    with pytest.raises(UnknownRehearsal):
        rehearsals.one(store, "nothing")
