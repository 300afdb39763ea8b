"""Each reading counts once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.identity import Identities

MINUTE = 60_000


def admitted(identities, rows):
    entity = np.array([row[0] for row in rows], np.int32)
    time = np.array([row[1] for row in rows], np.int64)
    mask = identities.admit(entity, time)
    return [True] * len(rows) if mask is None else mask.tolist()


def test_the_first_of_two_equal_rows_counts():
    seen = Identities(10 * MINUTE)
    assert admitted(seen, [(0, 1_000), (1, 1_000), (0, 1_000)]) == [True, True, False]
    assert admitted(seen, [(1, 1_000), (1, 2_000)]) == [False, True]


def test_an_older_row_that_was_never_seen_counts():
    seen = Identities(10 * MINUTE)
    assert admitted(seen, [(0, 90_000)]) == [True]
    assert admitted(seen, [(0, 30_000), (0, 30_000)]) == [True, False]


def test_what_is_older_than_lateness_is_forgotten():
    seen = Identities(8 * MINUTE)
    admitted(seen, [(0, 0), (0, 10 * MINUTE)])
    seen.forget(5 * MINUTE)
    assert len(seen) == 1


def restored(identities):
    again = Identities(10 * MINUTE)
    chunks = {}
    for name, payload in identities.snapshot():
        bucket, chunk = name.split("/")
        chunks[int(bucket), int(chunk)] = payload
    again.load(chunks)
    return again


rows_of_four = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 20).map(lambda t: t * 20_000)), max_size=30)


@given(st.lists(rows_of_four, max_size=5), st.booleans())
def test_it_is_a_set_however_rows_come(batches, with_restore):
    seen, known = Identities(10 * MINUTE), set()
    for rows in batches:
        expected = []
        for row in rows:
            expected.append(row not in known)
            known.add(row)
        assert admitted(seen, rows) == expected
        if with_restore:
            seen = restored(seen)
    assert len(seen) == len(known)


def test_changes_add_up_to_the_snapshot():
    seen, fields = Identities(10 * MINUTE), {}
    for first in range(0, 20_000, 3_000):
        seen.admit(np.zeros(3_000, np.int32), np.arange(first, first + 3_000, dtype=np.int64) * 10)
        fields.update(seen.changed())
    assert {name: payload for name, payload in fields.items() if payload is not None} == dict(seen.snapshot())
    assert dict(seen.changed()) == {}


def test_chunks_of_another_size_are_written_anew():
    index = np.arange(10_000, dtype=np.int64)
    before = (index * 10) << 24
    chunks = {(0, 0): before[:4_096].tobytes(), (0, 1): before[4_096:8_192].tobytes(), (0, 2): before[8_192:].tobytes()}
    seen = Identities(10 * MINUTE)
    seen.load(chunks)
    fields = dict.fromkeys(["0/0", "0/1", "0/2"], b"") | dict(seen.changed())
    assert {name: payload for name, payload in fields.items() if payload is not None} == dict(seen.snapshot())
    assert fields["0/1"] is None
    assert admitted(seen, [(0, 40_960), (0, 40_961)]) == [False, True]


def test_a_restored_state_goes_on_with_its_open_chunk():
    seen = Identities(10 * MINUTE)
    seen.admit(np.zeros(20_000, np.int32), np.arange(20_000, dtype=np.int64))
    fields = dict(seen.snapshot())
    seen = restored(seen)
    assert dict(seen.changed()) == {}
    seen.admit(np.zeros(1, np.int32), np.array([30_000], np.int64))
    changes = dict(seen.changed())
    assert list(changes) == ["0/1"]
    assert fields | changes == dict(seen.snapshot())


def test_short_and_long_parts_make_the_same_chunks_as_one():
    draw = np.random.default_rng(3)
    lengths = [5, 20_000, 7, 3, 40_000, 16_384, 1, 30_000]
    times = np.cumsum(draw.integers(1, 4, sum(lengths)))
    entities = np.arange(len(times), dtype=np.int32) % 5_000
    whole, parts, fields = Identities(480 * MINUTE), Identities(480 * MINUTE), {}
    whole.admit(entities, times)
    for end, length in zip(np.cumsum(lengths).tolist(), lengths, strict=True):
        parts.admit(entities[end - length : end], times[end - length : end])
        fields.update(parts.changed())
    assert fields == dict(whole.snapshot()) == dict(parts.snapshot())
