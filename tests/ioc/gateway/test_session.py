import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.gateway.session import End, Grant, GrantError, Join, Leave, Refresh, Reply, Session
from ioc.live.topic import Topic

GRANT = Grant("p1", "wall", "s1", ("*/traffic",), frozenset({"440303"}))
TRAFFIC = Topic("live", "traffic")


def asks(operation: str, *topics: str) -> str:
    return json.dumps({"v": 1, "op": operation, "topics": list(topics)})


def test_a_permitted_topic_is_joined_once_and_left():
    session = Session(GRANT)
    assert session.receive(asks("subscribe", "live/traffic"), 0.0) == [Join(TRAFFIC)]
    assert session.receive(asks("subscribe", "live/traffic"), 5.0) == [Refresh(TRAFFIC)]
    assert session.receive(asks("unsubscribe", "live/traffic"), 6.0) == [Leave(TRAFFIC)]
    assert session.receive(asks("subscribe", "live/traffic"), 7.0) == [Join(TRAFFIC)]


def test_a_topic_outside_the_grant_is_denied_and_the_others_are_not():
    effects = Session(GRANT).receive(asks("subscribe", "live/safety", "live/traffic", "nonsense"), 0.0)
    assert effects[0] == Reply({"v": 1, "op": "denied", "topic": "live/safety", "why": "permission"})
    assert effects[1] == Join(TRAFFIC)
    assert effects[2] == Reply({"v": 1, "op": "denied", "topic": "nonsense", "why": "form"})


def test_a_resync_needs_a_subscription_and_comes_at_most_once_a_second():
    session = Session(GRANT)
    resync = '{"v":1,"op":"resync","topic":"live/traffic"}'
    assert session.receive(resync, 0.0)[0].frame["why"] == "not-subscribed"
    session.receive(asks("subscribe", "live/traffic"), 1.0)
    assert session.receive(resync, 1.5) == [Reply({"v": 1, "op": "error", "why": "resync-too-soon"})]
    assert session.receive(resync, 2.0) == [Refresh(TRAFFIC)]
    assert session.receive(resync, 2.1) == [Reply({"v": 1, "op": "error", "why": "resync-too-soon"})]


def test_no_client_holds_more_topics_than_the_limit():
    session = Session(GRANT)
    session.receive(asks("subscribe", *[f"w{number}/traffic" for number in range(32)]), 0.0)
    assert session.receive(asks("subscribe", "live/traffic"), 1.0)[0].frame["why"] == "limit"


def test_twenty_frames_in_a_second_are_enough():
    session = Session(GRANT)
    for number in range(20):
        assert session.receive("{}", number / 1000) == [Reply({"v": 1, "op": "error", "why": "version"})]
    assert session.receive("{}", 0.02) == [End(4413, "too many frames")]


def test_twenty_frames_a_second_may_go_on():
    session = Session(GRANT)
    for number in range(200):
        assert not isinstance(session.receive("{}", number / 20)[0], End)


def test_a_frame_above_64_kib_ends_the_session_in_bytes_not_characters():
    assert Session(GRANT).receive("罗" * 30_000, 0.0) == [End(4413, "frame too long")]
    assert Session(GRANT).receive(b"[" * 65_537, 0.0) == [End(4413, "frame too long")]
    assert Session(GRANT).receive("[" * 65_536, 0.0) == [Reply({"v": 1, "op": "error", "why": "form"})]


@given(st.lists(st.tuples(st.text() | st.binary(), st.floats(0, 100))))
def test_no_message_raises(messages):
    session = Session(GRANT)
    for message, now in messages:
        assert all(isinstance(effect, Reply | End) for effect in session.receive(message, now))


def test_a_grant_is_read_from_a_ticket():
    text = '{"person":"p1","role":"wall","session":"s1","topics":["*/traffic"],"regions":["440303"]}'
    assert Grant.from_json(text) == GRANT


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null",
        '{"person":"p","role":"wall","session":"","topics":[],"regions":[]}',
        '{"person":"p","role":"wall","session":5,"topics":[],"regions":[]}',
        '{"person":"p","role":"wall","session":"s","topics":"*/traffic","regions":[]}',
        '{"person":"p","role":"wall","session":"s","topics":[],"regions":[1]}',
    ],
)  # fmt: skip
def test_what_is_no_grant_is_refused(text):
    with pytest.raises(GrantError):
        Grant.from_json(text)
