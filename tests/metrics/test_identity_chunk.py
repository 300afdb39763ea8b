"""Identities as a checkpoint holds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.identity_chunk import decode, encode


def keys(times, entities):
    return (np.array(times, np.int64) << 24) | np.array(entities, np.int64)


@given(st.lists(st.tuples(st.integers(0, 2**38), st.integers(0, 2**24 - 1))))
def test_a_chunk_gives_its_identities_back_in_order(pairs):
    given_keys = keys([time for time, _ in pairs], [entity for _, entity in pairs])
    assert decode(encode(given_keys)).tolist() == given_keys.tolist()


def test_devices_that_report_in_turn_take_hardly_any_bytes():
    index = np.arange(16_384)
    assert len(encode(keys(index // 10, index % 200))) < 1_024


def test_devices_that_report_at_random_take_two_bytes_a_reading():
    draw = np.random.default_rng(7)
    times, entities = np.cumsum(draw.integers(0, 100, 16_384)), draw.integers(0, 200, 16_384)
    assert len(encode(keys(times, entities))) < 2 * 16_384 + 256


def test_the_form_of_before_is_read():
    before = keys([0, 5, 5], [1, 1, 2])
    assert decode(before.tobytes()).tolist() == before.tolist()


def test_a_chunk_that_is_cut_is_refused():
    whole = encode(keys(range(1_000), [7] * 1_000))
    with pytest.raises(ValueError, match="cut or damaged"):
        decode(whole[:-2])


def test_an_unknown_form_is_refused_by_its_number():
    with pytest.raises(ValueError, match="form 9, not 1"):
        decode(b"\x09" + encode(keys([1], [1]))[1:])
