from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.gateway.outbox import QUEUE_BYTES, QUEUE_FRAMES, Outbox


def nothing(topic: str) -> bytes | None:
    return None


def test_frames_leave_in_the_order_they_came():
    box = Outbox()
    box.add("a", b"1")
    box.add("b", b"2")
    box.note(b"3")
    assert [box.take(nothing), box.take(nothing), box.take(nothing), box.take(nothing)] == [b"1", b"2", b"3", None]
    assert box.empty
    assert box.bytes == 0


def test_a_ninth_delta_makes_the_topic_owed_a_snapshot_and_leaves_others_alone():
    box = Outbox()
    box.add("b", b"other")
    assert sum(box.add("a", b"delta") for _ in range(9)) == 9
    assert box.add("a", b"delta") == 1
    assert box.take(nothing) == b"other"
    assert box.take(lambda topic: b"snapshot of " + topic.encode()) == b"snapshot of a"
    assert box.empty


def test_too_many_bytes_make_every_topic_owed():
    box = Outbox()
    box.add("a", b"x" * 300_000)
    assert box.add("b", b"x" * 300_000) == 2
    assert box.bytes == 0
    assert box.take(lambda topic: topic.encode()) in (b"a", b"b")


def test_only_the_newest_heartbeat_waits_and_it_goes_first():
    box = Outbox()
    box.add("a", b"delta")
    box.pulse(b"old")
    box.pulse(b"new")
    assert [box.take(nothing), box.take(nothing), box.take(nothing)] == [b"new", b"delta", None]


def test_a_topic_that_was_left_sends_nothing_more():
    box = Outbox()
    box.add("a", b"delta")
    box.owe("b")
    box.forget("a")
    box.forget("b")
    assert box.empty
    assert box.take(lambda topic: b"snapshot") is None


def test_a_snapshot_that_cannot_be_made_yet_is_not_asked_for_again():
    box = Outbox()
    box.owe("a")
    assert box.take(nothing) is None
    assert box.empty


actions = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("ab"), st.integers(1, 200_000)),
        st.tuples(st.just("owe"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("take"), st.just(""), st.just(0)),
    )
)


@settings(deadline=None)
@given(actions)
def test_it_never_holds_more_than_its_bounds_and_knows_what_it_holds(timeline):
    box = Outbox()
    for action, topic, size in timeline:
        if action == "add":
            box.add(topic, b"x" * size)
        elif action == "owe":
            box.owe(topic)
        else:
            box.take(nothing)
        held = [(queued, len(wire)) for queued, wire in box._frames]
        assert box.bytes == sum(size for _, size in held) <= QUEUE_BYTES
        assert max([sum(queued == name for queued, _ in held) for name in "ab"]) <= QUEUE_FRAMES
        assert box.empty == (not held and not box._owed)
        assert not {queued for queued, _ in held} & set(box._owed)
