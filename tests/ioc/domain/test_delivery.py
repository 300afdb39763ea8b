"""No message that is one too many is lost: it goes into a digest or waits, and the most urgent go first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ioc.domain.delivery import BACKOFF_MS, FALLBACK_MS, MOST_DIGEST, Waiting, again_ms, batches

WAITING = st.builds(Waiting, st.uuids().map(str), st.integers(0, 9), st.integers(0, 1000))


def waiting(count: int, urgency: int = 0) -> list[Waiting]:
    return [Waiting(f"{urgency}-{number:03}", urgency, number) for number in range(count)]


def test_twenty_go_one_by_one_and_of_twenty_one_the_last_two_as_a_digest():
    assert [len(batch) for batch in batches(waiting(20), 0, 20)] == [1] * 20
    assert [len(batch) for batch in batches(waiting(21), 0, 20)] == [1] * 19 + [2]


def test_the_twenty_first_waits_once_twenty_went_out_in_the_minute():
    assert batches(waiting(1), 20, 20) == ()
    assert [len(batch) for batch in batches(waiting(5), 19, 20)] == [5]


def test_the_most_urgent_go_by_themselves():
    found = batches([*waiting(30), *waiting(3, 7)], 16, 20)
    assert [[each.urgency for each in batch] for batch in found] == [[7], [7], [7], [0] * MOST_DIGEST]


@given(st.lists(WAITING, unique_by=lambda each: each.id, max_size=60), st.integers(0, 40), st.integers(1, 40))
def test_nothing_goes_twice_and_never_more_than_the_channel_takes(found: list[Waiting], used: int, per_minute: int):
    chosen = batches(found, used, per_minute)
    sent = [each for batch in chosen for each in batch]
    assert len(sent) == len(set(sent))
    assert set(sent) <= set(found)
    assert len(chosen) <= max(0, per_minute - used)
    assert all(1 <= len(batch) <= MOST_DIGEST for batch in chosen)
    if used < per_minute and found:
        assert chosen[0][0] == min(found, key=lambda each: (-each.urgency, each.due_ms, each.id))


def test_a_failure_is_tried_again_ever_more_rarely_and_not_for_ever():
    assert [again_ms(number) for number in (1, 2, 5, 29, 30)] == [5_000, 15_000, 900_000, 900_000, None]
    assert BACKOFF_MS[0] < FALLBACK_MS < 30_000
