"""Feeding over HTTP, as another system does it: real Flask, real Valkey, real SQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import redis
import structlog

from ioc.api.definitions import Definitions
from ioc.api.inlet import Inlet, Order
from ioc.api.problem import Problem
from ioc.services.api_tokens import ApiToken, revoke_token
from metrics import keys
from metrics.codec import decode
from metrics.contract import Contract
from metrics.definition import load
from metrics.world import World
from tests.conftest import ValkeyServer

from .conftest import BUNDLE, T0, Caller, Site

pytestmark = pytest.mark.service

PATH = "/api/v1/observations/traffic"
ROWS = [{"time": T0, "road": "LH001", "speed": 42.5}, {"time": T0, "road": "LH002", "speed": 18}]
Make = Callable[..., Caller]


def written(client: redis.Redis, world: str = "live", source: str = "traffic", shard: int = 0) -> list[tuple[str, int]]:
    """(entity, time) of everything in a stream, as the engine admits it."""
    contract = Contract.from_source(load(BUNDLE).sources[source])
    found = []
    for entry_id, fields in client.xrange(keys.observations(world, source, shard)):
        cells = [part for pair in fields.items() for part in pair]
        for run in decode([[entry_id, cells]], contract.wanted).runs:
            said = contract.admit(run, T0)
            assert not said.letters
            if said.batch is not None:
                found += [
                    (said.batch.entities[code], int(at))
                    for code, at in zip(said.batch.entity, said.batch.time, strict=True)
                ]
    return found


def test_a_batch_is_one_packed_entry_and_is_answered_with_its_counts(caller: Make, redis_client: redis.Redis):
    answer = caller().post(PATH, ROWS)
    assert answer.status_code == 202
    assert answer.json == {
        "world": "live", "source": "traffic", "origin": "real", "accepted": 2, "rejected": 0, "rules": {}, "rows": [],
        "ignored_fields": [], "late": 0, "late_rows": [],
    }  # fmt: skip
    assert redis_client.xlen(keys.observations("live", "traffic")) == 1
    assert written(redis_client) == [("LH001", T0), ("LH002", T0)]
    assert redis_client.hget(keys.origins("live"), "traffic") == b"real"


def test_rows_may_lie_in_an_object_or_on_lines(caller: Make, redis_client: redis.Redis):
    program = caller()
    assert program.post(PATH, {"rows": ROWS}).json["accepted"] == 2
    lines = "\n".join(map(json.dumps, ROWS))
    assert program.post(PATH, lines, "application/x-ndjson").json["accepted"] == 2
    assert len(written(redis_client)) == 4


def test_right_rows_are_accepted_beside_wrong_ones_which_are_told(caller: Make, redis_client: redis.Redis):
    answer = caller().post(PATH, [*ROWS, {"time": T0, "road": "LH003", "speed": 151}, {"road": "LH004", "spede": 1}])
    assert answer.status_code == 202
    assert (answer.json["accepted"], answer.json["rejected"]) == (2, 2)
    assert answer.json["rules"] == {"missing": 1, "range": 1}
    assert answer.json["ignored_fields"] == ["spede"]
    assert answer.json["rows"] == [
        {"row": 2, "field": "speed", "rule": "range", "zh": "超出范围", "en": "outside of the declared range"},
        {"row": 3, "field": "time", "rule": "missing", "zh": "缺少必填值", "en": "a required value is missing"},
    ]
    assert [road for road, _ in written(redis_client)] == ["LH001", "LH002"]


@pytest.mark.parametrize(
    ("path", "rows"), [(f"{PATH}?mode=whole", [*ROWS, {"road": "LH003"}]), (PATH, [{"road": "LH003"}] * 3)]
)
def test_nothing_is_written_when_all_were_to_be_right_or_none_is(
    caller: Make, redis_client: redis.Redis, path: str, rows: list[Any]
):
    answer = caller().post(path, rows)
    assert answer.status_code == 422
    error = answer.json["error"]
    assert (error["code"], error["field"], error["rule"]) == ("rows_refused", "rows", "contract")
    assert error["rows"][0]["rule"] == "missing"
    assert not redis_client.exists(keys.observations("live", "traffic"))
    assert not redis_client.exists(keys.origins("live"))


def test_at_most_a_hundred_faults_are_told_and_all_are_counted(caller: Make):
    answer = caller().post(PATH, [{"road": "x"}] * 250 + ROWS)
    assert (answer.json["rejected"], len(answer.json["rows"]), answer.json["rules"]) == (250, 100, {"missing": 250})


# ---- idempotency ----


def test_a_batch_sent_again_under_its_key_is_answered_as_before_and_written_once(
    caller: Make, redis_client: redis.Redis
):
    program = caller()
    first = program.post(PATH, ROWS, Idempotency_Key="a-1")
    again = program.post(PATH, ROWS, Idempotency_Key="a-1")
    assert (first.status_code, first.data) == (again.status_code, again.data) == (202, first.data)
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(written(redis_client)) == 2
    [key] = redis_client.keys("api:once:*")
    assert 86_300 < redis_client.ttl(key) <= 86_400
    assert b"a-1" not in key


@pytest.mark.parametrize(
    ("path", "rows"), [(PATH, ROWS[:1]), (f"{PATH}?mode=whole", ROWS)], ids=["another body", "another mode"]
)
def test_a_key_used_for_another_request_is_refused(caller: Make, redis_client: redis.Redis, path: str, rows: list[Any]):
    program = caller()
    program.post(PATH, ROWS, Idempotency_Key="a-1")
    answer = program.post(path, rows, Idempotency_Key="a-1")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "key_reused")
    assert len(written(redis_client)) == 2


def test_a_refused_batch_is_refused_again_under_its_key(caller: Make):
    program = caller()
    answers = [program.post(PATH, [{"road": "x"}], Idempotency_Key="a-1") for _ in range(2)]
    assert [one.status_code for one in answers] == [422, 422]
    assert answers[0].data == answers[1].data


def test_the_keys_of_two_programs_have_nothing_to_do_with_each_other(caller: Make, redis_client: redis.Redis):
    assert [caller().post(PATH, ROWS, Idempotency_Key="a-1").status_code for _ in range(2)] == [202, 202]
    assert len(written(redis_client)) == 4


def test_a_batch_sent_many_times_at_once_under_one_key_is_written_once(caller: Make, redis_client: redis.Redis):
    program, answers = caller(), []
    callers = [Caller(program.client.application.test_client(), program.text) for _ in range(8)]
    threads = [
        threading.Thread(target=lambda one=one: answers.append(one.post(PATH, ROWS, Idempotency_Key="k").status_code))
        for one in callers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {202, 503}  # who lost the race too often is told to come again
    assert len(written(redis_client)) == 2
    assert program.post(PATH, ROWS, Idempotency_Key="k").headers["Idempotency-Replayed"] == "true"


# ---- who may ----


def test_without_an_open_token_nothing_is_answered(site: Site, caller: Make):
    program = caller()
    anonymous = [
        site.anonymous().post(PATH, json=ROWS),
        site.anonymous().post(PATH, json=ROWS, headers={"Authorization": "Basic eDp5"}),
        site.anonymous().post(PATH, json=ROWS, headers={"Authorization": f"Bearer {program.text[:-2]}xx"}),
        site.signed_in("duty").post(PATH, json=ROWS, headers={"Origin": "http://127.0.0.1:8050"}),
    ]
    assert [one.status_code for one in anonymous] == [401] * 4
    assert {one.json["error"]["code"] for one in anonymous} == {"token_required"}
    assert anonymous[0].headers["WWW-Authenticate"] == "Bearer"
    [token] = [one for one in [program.text.split("_")[1]] if one]
    assert program.post(PATH, ROWS).status_code == 202
    revoke_token(site.desk.store, token, site.clock())
    site.clock.advance(seconds=2)
    assert program.post(PATH, ROWS).status_code == 401


def test_a_token_feeds_its_sources_in_its_worlds_and_no_others(caller: Make, redis_client: redis.Redis):
    redis_client.hset(keys.WORLDS, "drill", World("drill", "exercise").to_json())
    redis_client.hset(keys.WORLDS, "replay", World("replay", "replay").to_json())
    works = {"feeds": ["works"], "origin": "real"}
    drills = {"feeds": ["traffic"], "origin": "simulated", "worlds": ["drill", "replay", "nowhere"]}
    expected = [
        (works, PATH, 403), ({"reads": ["*"]}, PATH, 403), ({"feeds": ["*"], "origin": "real"}, PATH, 202),
        ({"feeds": ["*"], "origin": "real"}, "/api/v1/observations/nothing", 404),
        ({"feeds": ["traffic"], "origin": "real"}, f"{PATH}?world=drill", 403),
        (drills, PATH, 403), (drills, f"{PATH}?world=drill", 202), (drills, f"{PATH}?world=replay", 403),
        (drills, f"{PATH}?world=nowhere", 404), (drills, f"{PATH}?world=a/b", 400),
    ]  # fmt: skip
    answers = [caller(**scopes).post(path, ROWS).status_code for scopes, path, _ in expected]
    assert answers == [status for _, _, status in expected]
    assert len(written(redis_client, "drill")) == 2
    assert redis_client.hget(keys.origins("drill"), "traffic") == b"simulated"


def test_more_requests_than_a_token_has_are_told_when_to_come_again(site: Site, caller: Make):
    program = caller(feeds=["traffic"], origin="real", per_minute=2)
    assert [program.post(PATH, ROWS).status_code for _ in range(3)] == [202, 202, 429]
    answer = program.post(PATH, ROWS)
    assert (answer.json["error"]["code"], answer.headers["Retry-After"]) == ("rate_limited", "30")
    site.clock.advance(seconds=30)
    assert program.post(PATH, ROWS).status_code == 202


# ---- origin ----


@pytest.mark.parametrize(
    ("before", "token", "status"),
    [(None, "simulated", 202), ("simulated", "simulated", 202), ("simulated", "real", 409), ("real", "simulated", 409)],
)
def test_an_origin_that_contradicts_what_is_declared_is_refused(
    caller: Make, redis_client: redis.Redis, before: str | None, token: str, status: int
):
    if before:
        redis_client.hset(keys.origins("live"), "traffic", before)
    answer = caller(feeds=["traffic"], origin=token).post(PATH, ROWS)
    assert answer.status_code == status
    assert redis_client.hget(keys.origins("live"), "traffic") == (before or token).encode()
    assert len(written(redis_client)) == (2 if status == 202 else 0)


def test_rows_that_came_undeclared_are_real_ones(caller: Make, redis_client: redis.Redis):
    redis_client.xadd(keys.observations("live", "traffic"), {"t": str(T0), "k": "LH001"})
    assert caller(feeds=["traffic"], origin="simulated").post(PATH, ROWS).status_code == 409
    assert caller(feeds=["traffic"], origin="real").post(PATH, ROWS).status_code == 202


def test_a_feed_of_this_machine_that_says_otherwise_is_not_contradicted(caller: Make, redis_client: redis.Redis):
    beat = {"at": T0 - 1000, "origin": "simulated"}
    redis_client.hset(keys.HEARTBEATS, "feed:live:traffic", json.dumps(beat))
    answer = caller().post(PATH, ROWS)
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "origin_conflict")


# ---- bodies ----


@pytest.mark.parametrize(
    ("body", "sent", "status"),
    [
        (b"[", {}, 400), (b"[]", {}, 400), (b"[1]", {"Idempotency-Key": "a b"}, 400),
        (b"a,b", {"Content-Type": "text/csv"}, 415), (b"[1]", {"Content-Type": ""}, 415),
        (b"[1]", {"Content-Encoding": "gzip"}, 415),
        (b"[" + b"1," * 1_100_000 + b"1]", {}, 413), (b"[" + b",".join([b"1"] * 10_001) + b"]", {}, 413),
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_taken_is_refused(
    caller: Make, redis_client: redis.Redis, body: bytes, sent: dict[str, str], status: int
):
    kind = sent.get("Content-Type", "application/json")
    headers = {name: text for name, text in sent.items() if name != "Content-Type"}
    answer = caller().post(PATH, body, kind, **headers)
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "message_zh", "message_en", "id", "field", "rule"}
    assert not redis_client.exists(keys.observations("live", "traffic"))


def test_an_unknown_parameter_is_refused_before_anything_is_written(caller: Make, redis_client: redis.Redis):
    answer = caller().post(f"{PATH}?wrold=drill", ROWS)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "wrold")
    assert "did you mean world" in answer.json["error"]["message_en"]
    assert not redis_client.exists(keys.observations("live", "traffic"))


# ---- the bus ----


def test_without_definitions_or_the_bus_a_batch_is_to_come_again(site: Site, caller: Make, redis_client: redis.Redis):
    program = caller()
    redis_client.delete(keys.BUNDLE)
    answer = program.post(PATH, ROWS)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "no_definitions")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_full_bus_takes_no_batch_and_loses_none(caller: Make, redis_client: redis.Redis):
    program = caller()
    used = redis_client.info("memory")["used_memory"]
    redis_client.config_set("maxmemory", int(used * 1.02))
    try:
        answer = program.post(PATH, ROWS)
    finally:
        redis_client.config_set("maxmemory", 0)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "bus_full")
    assert answer.headers["Retry-After"] == "30"
    assert not redis_client.exists(keys.observations("live", "traffic"))


def test_each_use_is_logged_without_the_secret_and_counted(caller: Make):
    program = caller()
    with structlog.testing.capture_logs() as lines:
        program.post(PATH, [*ROWS, {"road": "x"}])
    [line] = [line for line in lines if line["event"] == "api_used"]
    assert (line["token"], line["status"], line["accepted"], line["rejected"]) == (
        program.text.split("_")[1],
        202,
        2,
        1,
    )
    assert program.text.split("_", 2)[2] not in repr(lines)
    told = program.client.get("/metrics").text
    assert (
        f'ioc_web_api_requests_total{{route="/api/v1/observations/<source>",status="202",token="{line["token"]}"}} 1.0'
        in told
    )
    assert 'ioc_web_api_rows_total{outcome="missing",source="traffic"}' in told


def test_a_bus_that_is_killed_answers_503_and_takes_the_batch_once_it_is_back(
    valkey_server: ValkeyServer,
):
    client = redis.Redis.from_url(valkey_server.url)
    client.set(keys.BUNDLE, json.dumps(BUNDLE))
    now = [T0]
    token = ApiToken(
        "a" * 16, "x", "real", frozenset({"traffic"}), frozenset(), frozenset(), 600, 0, T0 * 2, None, None
    )
    definitions = Definitions(client, lambda: now[0])
    inlet = Inlet(valkey_server.url, definitions, lambda: now[0])
    order = Order(token, "traffic", "live", json.dumps(ROWS).encode(), "application/json", False, "key")
    assert definitions.bundle().hash == "small"
    valkey_server.kill()
    now[0] += 60_000
    with pytest.raises(Problem) as refused:
        inlet.take(order)
    assert (refused.value.status, refused.value.code, refused.value.headers["Retry-After"]) == (
        503,
        "bus_unavailable",
        "5",
    )
    valkey_server.start()
    assert inlet.take(order).status == 202
    assert inlet.take(order).repeated
    assert len(written(client)) == 2
    inlet.close()
    client.close()


def test_rows_that_come_too_late_to_count_are_told_by_the_watermark_that_the_engine_published(
    caller: Make, redis_client: redis.Redis
):
    hour = 3_600_000
    redis_client.hset(keys.engine("live", "feeds"), "traffic", json.dumps({"watermark_ms": T0 - 5_000}))
    rows = [{"time": T0 - hour - 5_001 + late, "road": f"LH00{late}", "speed": 42.5} for late in (0, 1)]
    told = caller().post(PATH, rows).json
    assert (told["accepted"], told["rejected"], told["late"], told["late_rows"]) == (2, 0, 1, [0])
    assert len(written(redis_client)) == 2  # archived and counted, as contracts say
    # a row may be late for one before it in the same batch; what is wrong is not late, it is refused
    redis_client.hset(keys.engine("live", "feeds"), "traffic", json.dumps({"watermark_ms": None}))
    batch = [{"time": T0, "road": "a", "speed": 1}, {"road": "b"}, {"time": T0 - 2 * hour, "road": "c", "speed": 1}]
    told = caller().post(PATH, batch).json
    assert (told["accepted"], told["rejected"], told["late"], told["late_rows"]) == (2, 1, 1, [2])


def test_before_an_engine_has_read_anything_no_row_is_late(caller: Make):
    told = caller().post(PATH, [{"time": T0 - 30 * 86_400_000, "road": "a", "speed": 1}]).json
    assert (told["accepted"], told["late"]) == (1, 0)
