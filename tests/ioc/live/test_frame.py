import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.live import frame
from ioc.live.frame import FrameError, Request
from metrics.clock import WorldClock
from metrics.value import Value
from metrics.world import World

NUMBER = Value(
    "T1", 3, "440303", (("corridor", "深南路"),), 0, 300_000, 4.5, "complete", 7, 1, "yellow", 4.1, "recorded"
)


def test_a_cell_has_the_keys_of_the_contract():
    assert frame.cell(NUMBER, None) == {
        "i": "T1", "iv": 3, "r": "440303", "d": {"corridor": "深南路"}, "s": "T1|440303|corridor=深南路", "ws": 0,
        "we": 300_000, "x": 4.5, "q": "complete", "n": 7, "rev": 1, "lv": "yellow", "y": 4.1, "o": "recorded",
        "last": None, "done": None,
    }  # fmt: skip


def test_only_a_provisional_cell_says_the_complete_window_it_is_judged_by():
    opened = Value("T1", 1, "440303", (), 300_000, 600_000, 7.5, "provisional", 1, level="orange")
    assert frame.cell(opened, None, (4.5, 300_000, "yellow"))["done"] == [4.5, 300_000, "yellow"]
    assert frame.cell(NUMBER, None, (4.0, 1, None))["done"] is None


def test_only_a_cell_without_a_value_says_what_it_was():
    nothing = Value("T1", 1, "440303", (), 300_000, 600_000, None, "no_data", 0)
    assert frame.cell(nothing, (4.5, 300_000))["last"] == [4.5, 300_000]
    assert frame.cell(NUMBER, (4.0, 1))["last"] is None


def test_a_value_that_is_no_finite_number_is_null_on_the_wire():
    broken = Value("T1", 1, "", (), 0, 1, float("nan"), "complete", 1, same_time_1d=float("inf"))
    sent = json.loads(frame.encode(frame.cell(broken, None)))
    assert (sent["x"], sent["y"]) == (None, None)


def test_a_frame_with_an_infinite_number_is_not_encoded():
    with pytest.raises(ValueError, match="not JSON compliant"):
        frame.encode({"x": float("inf")})


def test_a_world_says_its_clock_and_origins():
    replay = World("replay", "replay", WorldClock(5, 6, 60.0), label={"zh": "回放", "en": "replay"})
    assert frame.world(replay, {"traffic": "recorded"}) == {
        "id": "replay", "kind": "replay", "label": {"zh": "回放", "en": "replay"},
        "clock": {"event_ms": 5, "real_ms": 6, "speed": 60.0}, "origins": {"traffic": "recorded"},
    }  # fmt: skip


def test_requests_are_read():
    assert frame.request('{"v":1,"op":"subscribe","topics":["live/traffic"]}') == Request(
        "subscribe", ("live/traffic",)
    )
    assert frame.request('{"v":1,"op":"unsubscribe","topics":["a/b","c/d"]}') == Request("unsubscribe", ("a/b", "c/d"))
    assert frame.request('{"v":1,"op":"resync","topic":"live/traffic"}') == Request("resync", ("live/traffic",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "form"),
        ("[]", "form"),
        ("null", "form"),
        ("[" * 60_000, "form"),
        ('{"a":' * 10_000, "form"),
        (b"\xff\xfe{", "form"),
        ('{"op":"subscribe","topics":["a/b"]}', "version"),
        ('{"v":2,"op":"subscribe","topics":["a/b"]}', "version"),
        ('{"v":true,"op":"subscribe","topics":["a/b"]}', "version"),
        ('{"v":1,"op":"drop","topics":["a/b"]}', "op"),
        ('{"v":1,"op":["subscribe"],"topics":["a/b"]}', "op"),
        ('{"v":1,"op":"subscribe"}', "form"),
        ('{"v":1,"op":"subscribe","topics":[]}', "form"),
        ('{"v":1,"op":"subscribe","topics":[1]}', "form"),
        ('{"v":1,"op":"subscribe","topics":["a/b"],"since":1}', "form"),
        ('{"v":1,"op":"resync","topics":["a/b"]}', "form"),
        (json.dumps({"v": 1, "op": "subscribe", "topics": ["a/b"] * 65}), "form"),
    ],
)
def test_what_is_no_request_is_refused_by_name(text, code):
    with pytest.raises(FrameError) as refused:
        frame.request(text)
    assert refused.value.code == code


keys_of_requests = st.sampled_from(["v", "op", "topics", "topic"])
documents = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(keys_of_requests, inner)
)


@given(st.one_of(st.text(), st.binary(), documents.map(json.dumps)))
def test_no_message_raises_anything_but_a_frame_error(message):
    try:
        operation = frame.request(message).operation
    except FrameError as refused:
        operation = refused.code
    assert operation in ("subscribe", "unsubscribe", "resync", "form", "version", "op")
