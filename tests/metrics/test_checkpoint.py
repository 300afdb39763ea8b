"""Checkpoints on a real server: fenced, applied once, intact or not used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgpack
import pytest
import redis

from metrics import keys
from metrics.checkpoint import Checkpoint, Content, NotOwner, Outputs, StoredStateChanged
from metrics.generation import UnknownCheckpointVersion, checksum
from metrics.stream import Place

pytestmark = pytest.mark.service
STREAM = "ioc:live:{traffic:0}:in"
A, B = keys.engine("live", "checkpoint:a"), keys.engine("live", "checkpoint:b")


class Engine:
    """A small owner: its state is a table of fields."""

    def __init__(self, client: redis.Redis, started_ms: int = 1) -> None:
        self.checkpoint = Checkpoint(client, "live")
        self.started_ms = started_ms
        self.checkpoint.take_over()
        self.loaded = self.checkpoint.load(started_ms)
        self.state = dict(self.loaded.fields) if self.loaded else {}

    def prepare(self, at: str = "1-0", outputs: Outputs | None = None, **changes: bytes | None) -> Any:
        for name, value in changes.items():
            if value is None:
                self.state.pop(name, None)
            else:
                self.state[name] = value
        snapshot = dict(self.state) if self.checkpoint.whole else None
        content = Content(changes, snapshot, {STREAM: Place(at, 1, 1)}, {"rows": at}, self.started_ms)
        return self.checkpoint.prepare(content, outputs or Outputs())

    def commit(self, at: str = "1-0", outputs: Outputs | None = None, **changes: bytes | None) -> None:
        self.checkpoint.commit(self.prepare(at, outputs, **changes))


def stored(client: redis.Redis) -> tuple[Mapping[str, bytes], str]:
    loaded = Engine(client).loaded
    assert loaded is not None
    return loaded.fields, loaded.places[STREAM].id


def test_what_was_committed_last_is_loaded(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"one", other=b"same")
    engine.commit("2-0", pane=b"two")
    engine.commit("3-0", pane=None, third=b"3")
    assert stored(redis_client) == ({"other": b"same", "third": b"3"}, "3-0")


def test_a_fresh_world_has_no_checkpoint(redis_client: redis.Redis) -> None:
    assert Engine(redis_client).loaded is None


def test_going_on_from_a_loaded_checkpoint_is_the_same_as_never_having_stopped(redis_client: redis.Redis) -> None:
    Engine(redis_client).commit("1-0", a=b"1", b=b"1")
    Engine(redis_client).commit("2-0", a=b"2")
    Engine(redis_client).commit("3-0", b=None)
    last = Engine(redis_client)
    last.commit("4-0", c=b"4")
    last.commit("5-0", a=b"5")
    assert stored(redis_client) == ({"a": b"5", "c": b"4"}, "5-0")


def test_the_commit_of_a_former_owner_is_refused_as_a_whole(redis_client: redis.Redis) -> None:
    old = Engine(redis_client)
    old.commit("1-0", pane=b"old")
    new = Engine(redis_client)
    with pytest.raises(NotOwner) as refusal:
        old.commit("2-0", Outputs(values={"v": "1"}, latest={"s": b"x"}), pane=b"stolen")
    assert (refusal.value.epoch, refusal.value.owner) == (1, 2)
    assert redis_client.xlen(keys.engine("live", "values")) == 0
    assert old.checkpoint.standing() == "taken"
    new.commit("2-0", pane=b"new")
    assert stored(redis_client) == ({"pane": b"new"}, "2-0")


def test_the_commit_of_a_removed_world_is_refused(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"x")
    redis_client.flushall()
    with pytest.raises(NotOwner):
        engine.commit("2-0", pane=b"y")
    assert redis_client.keys() == []


def test_a_commit_sent_again_after_a_lost_answer_is_applied_once(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    prepared = engine.prepare("1-0", Outputs(values={"v": "1"}, completed={"v": "1"}), pane=b"1")
    Checkpoint.commit(engine.checkpoint, prepared)
    twin = engine.checkpoint
    twin.commit(prepared)
    assert redis_client.xlen(keys.engine("live", "values")) == 1
    assert redis_client.xlen(keys.engine("live", "completed")) == 1


def test_outputs_lie_beside_the_state(redis_client: redis.Redis) -> None:
    letters = [("traffic", "0", "7-0", "3", "speed", "range", "999")]
    outputs = Outputs({"v": "1", "b": b"\x00"}, {"v": "1"}, {"T1||": b"latest"}, {"traffic": "{}"}, letters)
    Engine(redis_client).commit("1-0", outputs, pane=b"1")
    assert redis_client.xrange(keys.engine("live", "values"))[0][1] == {b"v": b"1", b"b": b"\x00"}
    assert redis_client.hgetall(keys.engine("live", "latest")) == {b"T1||": b"latest"}
    assert redis_client.hgetall(keys.engine("live", "feeds")) == {b"traffic": b"{}"}
    assert redis_client.xrange(keys.engine("live", "dead"))[0][1] == {
        b"source": b"traffic", b"shard": b"0", b"entry": b"7-0", b"row": b"3", b"field": b"speed", b"rule": b"range",
        b"value": b"999"}  # fmt: skip


def test_series_that_are_gone_leave_latest_in_the_same_commit(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", Outputs(latest={"a": b"1", "b": b"2"}))
    engine.commit("2-0", Outputs(latest={"c": b"3"}, gone=["a", "never"]), pane=b"1")
    assert redis_client.hgetall(keys.engine("live", "latest")) == {b"b": b"2", b"c": b"3"}


def test_ten_thousand_fields_and_a_large_value_fit_one_commit(redis_client: redis.Redis) -> None:
    fields = {f"pane{number}": b"x" for number in range(10_000)} | {"large": b"y" * 5_000_000}
    Engine(redis_client).commit("1-0", Outputs(latest={f"s{number}": b"z" for number in range(9_999)}), **fields)
    found, _ = stored(redis_client)
    assert found == fields
    assert redis_client.hlen(keys.engine("live", "latest")) == 9_999


def test_a_state_put_together_anew_replaces_both_generations(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", old=b"1")
    engine.commit("2-0", old=b"2")
    engine.state = {"new": b"3"}
    engine.checkpoint.rewrite()
    engine.commit("3-0")
    engine.commit("4-0")
    assert set(redis_client.hgetall(A)) == set(redis_client.hgetall(B)) == {b"new", b"#", b"#seq"}
    assert stored(redis_client) == ({"new": b"3"}, "4-0")


@pytest.mark.parametrize("damage", ["flip", "lose", "stale", "meta"])
def test_a_damaged_generation_falls_back_to_the_one_before(redis_client: redis.Redis, damage: str) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"one", other=b"x")
    engine.commit("2-0", pane=b"two")
    before = redis_client.hget(A, "pane")
    engine.commit("3-0", pane=b"three")
    if damage == "flip":
        redis_client.hset(A, "pane", redis_client.hget(A, "pane")[:-1] + b"!")
    elif damage == "lose":
        redis_client.hdel(A, "other")
    elif damage == "stale":
        redis_client.hset(A, "pane", before)
    else:
        redis_client.hset(A, "#", b"\x01garbage")
    survivor = Engine(redis_client)
    assert survivor.loaded is not None
    assert survivor.loaded.places[STREAM].id == "2-0"
    assert survivor.loaded.fields == {"pane": b"two", "other": b"x"}
    assert len(survivor.checkpoint.damaged) == 1
    survivor.commit("3-0", pane=b"again")
    survivor.commit("4-0", pane=b"and on")
    assert stored(redis_client) == ({"pane": b"and on", "other": b"x"}, "4-0")


@pytest.mark.parametrize("clock", ["goes on", "stands still"])
def test_what_a_lost_commit_has_said_is_taken_back_by_the_next_one(redis_client: redis.Redis, clock: str) -> None:
    def told(what: str) -> Outputs:
        fields = {"v": what}
        return Outputs(fields, fields, dead=[("traffic", "0", what, "0", "f", "form", "")], alarms=[(what, what, what)],
                       intake=fields)  # fmt: skip

    def heard() -> list[list[bytes]]:
        fields = (("values", b"v"), ("completed", b"v"), ("intake", b"v"), ("alarms", b"id"), ("dead", b"entry"))
        return [[entry[name] for _, entry in redis_client.xrange(keys.engine("live", one))] for one, name in fields]

    if clock == "stands still":  # behind an id of the future all ids share its millisecond
        for name in ("values", "completed", "intake", "alarms", "dead"):
            redis_client.xadd(keys.engine("live", name), {"x": "x"}, f"{2**42}-{len(name)}")
            redis_client.xdel(keys.engine("live", name), f"{2**42}-{len(name)}")
    engine = Engine(redis_client)
    for what in ("one", "two", "three"):
        engine.commit(what, told(what), pane=what.encode())
    redis_client.hset(A, "#", b"torn")
    survivor = Engine(redis_client)
    assert heard() == [[b"one", b"two", b"three"]] * 5
    survivor.commit("three", told("three, again"), pane=b"three")
    assert heard() == [[b"one", b"two", b"three, again"]] * 5
    survivor.commit("four", told("four"), pane=b"four")
    assert heard() == [[b"one", b"two", b"three, again", b"four"]] * 5


def test_when_both_generations_are_damaged_the_world_starts_afresh_and_says_so(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"one")
    engine.commit("2-0", pane=b"two")
    redis_client.hdel(A, "pane")
    redis_client.hdel(B, "pane")
    survivor = Engine(redis_client)
    assert survivor.loaded is None
    assert len(survivor.checkpoint.damaged) == 2
    survivor.commit("1-0", pane=b"anew")
    assert stored(redis_client) == ({"pane": b"anew"}, "1-0")


def test_a_checkpoint_of_another_version_is_refused_by_name_and_left_alone(redis_client: redis.Redis) -> None:
    payload = msgpack.packb({"seq": 1})
    sealed = bytes([9]) + checksum("#", payload, 9).to_bytes(4, "little") + payload
    redis_client.hset(A, mapping={"#": sealed, "#seq": 1})
    with pytest.raises(UnknownCheckpointVersion, match="version 9"):
        Engine(redis_client)
    assert redis_client.hget(A, "#") == sealed


def test_a_world_of_the_same_name_that_began_later_starts_afresh(redis_client: redis.Redis) -> None:
    Engine(redis_client, started_ms=1).commit("1-0", pane=b"of the first")
    second = Engine(redis_client, started_ms=2)
    assert second.loaded is None
    second.commit("1-0", pane=b"of the second")
    assert Engine(redis_client, started_ms=2).state == {"pane": b"of the second"}


def test_a_server_that_lost_its_last_writes_is_noticed(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"1")
    engine.commit("2-0", pane=b"2")
    backup = redis_client.dump(A)
    engine.commit("3-0", pane=b"3")
    assert engine.checkpoint.standing() == "intact"
    redis_client.restore(A, 0, backup, replace=True)
    assert engine.checkpoint.standing() == "lost"
    with pytest.raises(StoredStateChanged):
        engine.commit("4-0", pane=b"4")
    assert stored(redis_client) == ({"pane": b"2"}, "2-0")


def test_streams_may_be_trimmed_below_the_older_generation_only(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("9-0", pane=b"1")
    assert engine.checkpoint.floors() == {}
    engine.commit("10-0", pane=b"2")
    assert engine.checkpoint.floors() == {STREAM: "9-0"}
    engine.commit("20-0", pane=b"3")
    assert engine.checkpoint.floors() == {STREAM: "10-0"}


def test_a_full_server_lets_the_engine_commit(redis_client: redis.Redis) -> None:
    engine = Engine(redis_client)
    engine.commit("1-0", pane=b"1")
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            redis_client.xadd(STREAM, {"t": 1})
        engine.commit("2-0", pane=b"2")
    finally:
        redis_client.config_set("maxmemory", 0)
    assert stored(redis_client) == ({"pane": b"2"}, "2-0")
