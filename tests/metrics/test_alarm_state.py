"""The memory of an alarm rule."""

import msgpack
import numpy as np
import pytest

from metrics.alarm import fold
from metrics.alarm_state import AlarmState, UnknownAlarmVersion
from tests.metrics.alarm_looks import look, rule, same


def raised_state():
    state, _ = fold(AlarmState.initial(5), rule(), [look(1, [1, 9]), look(2, [1, 9])])
    return state


def test_quiet_groups_take_no_room_in_a_checkpoint():
    quiet, _ = fold(AlarmState.initial(5), rule(), [look(1, [1] * 1000)])
    assert len(quiet.pack_chunk(0)) < 200


def test_groups_that_appear_are_at_rest():
    grown = raised_state().grown(4)
    assert grown.at_rest().tolist() == [True, False, True, True]
    assert grown.seen.tolist() == [True, True, False, False]


def test_a_memory_written_in_chunks_is_read_again():
    wide, _ = fold(AlarmState.initial(5), rule(), [look(1, [1.0] * 1500 + [9.0] * 1000)])
    chunks = {chunk: wide.pack_chunk(chunk) for chunk in (0, 1, 2)}
    assert same(AlarmState.unpack(wide.pack_progress(), chunks), wide)


def test_a_memory_of_another_version_is_refused():
    progress = msgpack.packb([99, 0, 5, 0, 0, 0])
    with pytest.raises(UnknownAlarmVersion, match="99"):
        AlarmState.unpack(progress, {})


def test_a_damaged_chunk_is_refused():
    state = raised_state()
    with pytest.raises(ValueError, match="decode"):
        AlarmState.unpack(state.pack_progress(), {0: state.pack_chunk(0)[:-3]})


def test_a_chunk_in_the_place_of_another_is_refused():
    state = raised_state().grown(2000)
    with pytest.raises(ValueError, match="other groups"):
        AlarmState.unpack(state.pack_progress(), {1: state.pack_chunk(0)})


def test_groups_that_are_gone_are_forgotten():
    moved = raised_state().moved(np.array([0, -1]), 1, 5)
    assert moved.at_rest().tolist() == [True]


def test_a_rule_that_remembers_fewer_changes_keeps_the_newest():
    state, _ = fold(AlarmState.initial(5), rule(), [look(1, [9]), look(2, [1]), look(3, [5])])
    moved = state.moved(np.array([0]), 1, 2)
    assert moved.change_to[:, 0].tolist() == [2, 0]
