"""The gateway over real sockets and a real Valkey."""

import asyncio
import json

import pytest
from websockets.exceptions import InvalidStatus

from metrics import keys
from metrics.world import World
from tests.ioc.gateway.scenery import (
    BUNDLE,
    MINUTES_5,
    ORIGIN,
    Engine,
    browser,
    eventually,
    issue,
    played,
    running,
    value,
)

pytestmark = pytest.mark.service


@pytest.fixture
def engine(redis_client) -> Engine:
    made = Engine(redis_client)
    made.declare()
    made.commit(value(1, 4.0, quality="complete"), value(2, 5.0))
    return made


@played
async def test_a_snapshot_comes_first_and_then_what_changes(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        snapshot = await page.op("snapshot")
        assert [cell["x"] for cell in snapshot["cells"]] == [5.0]
        assert snapshot["series"] == {"T1|440303|": [[MINUTES_5, 4.0]]}
        assert snapshot["world"]["id"] == "live"
        engine.commit(value(2, 5.5, quality="complete"), value(3, 6.0))
        delta = await page.until(lambda got: got["op"] == "delta" and got.get("series"))
        assert delta["series"] == {"T1|440303|": [[2 * MINUTES_5, 5.5]]}
        deltas = [got for got in page.frames if got["op"] == "delta"]
        assert [got["seq"] for got in deltas] == [snapshot["seq"] + 1 + number for number in range(len(deltas))]
        assert [cell["x"] for got in deltas for cell in got["cells"]][-1] == 6.0


@played
async def test_a_series_that_the_engine_gave_up_leaves_the_gateway_and_the_browser(valkey_url, redis_client, engine):
    road = value(1, 31.0, "", "T2r", dims=(("road", "r7"),), quality="complete")
    engine.commit(road, value(3, 6.0))
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        snapshot = await page.op("snapshot")
        assert {cell["s"] for cell in snapshot["cells"]} == {"T1|440303|", road.series}
        assert road.series in snapshot["series"]
        engine.give_up(road.series)
        left = await page.until(lambda got: got["op"] == "delta" and "gone" in got)
        assert (left["gone"], left["cells"], gateway.tally.dropped) == ([road.series], [], 1)
        async with browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as later:
            snapshot = await later.op("snapshot")
            assert [cell["s"] for cell in snapshot["cells"]] == ["T1|440303|"]
            assert list(snapshot["series"]) == ["T1|440303|"]
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        snapshot = await page.op("snapshot")  # `completed` still tells of it: read anew, it is not there either
        assert list(snapshot["series"]) == ["T1|440303|"]


@played
async def test_a_heartbeat_says_each_second_who_lives_and_how_old_the_data_is(valkey_url, redis_client, engine):
    engine.beat()
    engine.beat("feed:live:traffic")
    engine.feed("traffic", newest_ms=1, rows=12)
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        beat = await page.until(lambda got: got["op"] == "heartbeat" and got["processes"]["engine"]["ok"])
        assert beat["valkey"] is True
        assert {feed["source"]: feed["state"] for feed in beat["feeds"]} == {"cloud": "none", "traffic": "late"}
        await page.until(lambda got: got["op"] == "heartbeat" and not got["processes"]["engine"]["ok"], 7)
        own = json.loads(redis_client.hget(keys.HEARTBEATS, "gateway"))
        assert own["clients"] == 1
        assert own["delivered"] >= 2


@played
async def test_a_ticket_opens_one_socket_only(valkey_url, redis_client, engine):
    ticket = issue(redis_client)
    async with running(valkey_url) as gateway:
        async with browser(gateway.port, ticket, topics=("live/traffic",)) as page:
            await page.op("snapshot")
            async with browser(gateway.port, ticket) as again:
                assert await again.closed() == 4401
        assert gateway.tally.refused == {"ticket expired or used": 1}


@played
async def test_a_ticket_expires(valkey_url, redis_client, engine):
    ticket = issue(redis_client, seconds=0.05)
    await eventually(lambda: not list(redis_client.scan_iter("sec:ticket:*")), "the ticket is gone")
    async with running(valkey_url) as gateway, browser(gateway.port, ticket) as page:
        assert await page.closed() == 4401


@pytest.mark.parametrize("ticket", [None, "short", "no-such-ticket-was-ever-issued", "x" * 300])
def test_without_a_good_ticket_the_socket_closes(valkey_url, redis_client, engine, ticket):
    @played
    async def play():
        async with running(valkey_url) as gateway, browser(gateway.port, ticket) as page:
            assert await page.closed() == 4401

    play()


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:8050.evil.example", "null", None])
def test_a_page_of_another_origin_is_turned_away_and_the_ticket_stays_good(valkey_url, redis_client, engine, origin):
    @played
    async def play():
        ticket = issue(redis_client)
        async with running(valkey_url) as gateway:
            async with browser(gateway.port, ticket, origin=origin) as page:
                assert await page.closed() == 4403
            async with browser(gateway.port, ticket, origin=ORIGIN, topics=("live/traffic",)) as page:
                await page.op("snapshot")

    play()


@played
async def test_a_topic_that_the_ticket_does_not_name_is_denied(valkey_url, redis_client, engine):
    ticket = issue(redis_client, topics=("live/operations",))
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, ticket, topics=("live/traffic", "replay/operations")) as page,
    ):
        denied = [await page.op("denied"), await page.op("denied")]
        assert [(got["topic"], got["why"]) for got in denied] == [
            ("live/traffic", "permission"),
            ("replay/operations", "permission"),
        ]
        engine.commit(value(9, 9.0), value(1, 33.0, "", "O1"))
        await page.say(op="subscribe", topics=["live/operations"])
        snapshot = await page.until(lambda got: got["op"] in ("snapshot", "delta") and got["cells"])
        assert [cell["i"] for cell in snapshot["cells"]] == ["O1"]
        assert gateway.tally.denied == 2


@played
async def test_a_subdistrict_sees_its_own_cells_only(valkey_url, redis_client, engine):
    engine.commit(value(2, 1.0, "440303001"), value(2, 2.0, "440303002"))
    ticket = issue(redis_client, regions=("440303001",))
    async with running(valkey_url) as gateway, browser(gateway.port, ticket, topics=("live/traffic",)) as page:
        snapshot = await page.op("snapshot")
        assert [cell["r"] for cell in snapshot["cells"]] == ["440303001"]
        assert snapshot["series"] == {}


@played
async def test_an_ended_session_closes_its_sockets_within_five_seconds(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client, session="mine"), topics=("live/traffic",)) as page,
        browser(gateway.port, issue(redis_client, session="other"), topics=("live/traffic",)) as other,
    ):
        await page.op("snapshot")
        redis_client.delete(keys.session("mine"))
        assert await page.closed(5) == 4001
        engine.commit(value(3, 7.0))
        await other.op("delta")
        assert gateway.tally.revoked == 1


@played
async def test_a_ticket_of_an_ended_session_opens_nothing(valkey_url, redis_client, engine):
    ticket = issue(redis_client, session="ended")
    redis_client.delete(keys.session("ended"))
    async with running(valkey_url) as gateway, browser(gateway.port, ticket) as page:
        assert await page.closed() == 4001


@played
async def test_malformed_and_deep_frames_are_answered_and_the_socket_lives(valkey_url, redis_client, engine):
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client)) as page:
        for nonsense in (
            "",
            "{",
            "[" * 60_000,
            '{"v":9}',
            b"\x00\xff",
            '{"v":1,"op":"eval"}',
            "[1" + ",1" * 30_000 + "]",
        ):
            await page.ws.send(nonsense)
        why = [(await page.op("error"))["why"] for _ in range(7)]
        assert why == ["form", "form", "form", "version", "form", "op", "form"]
        await page.say(op="subscribe", topics=["live/traffic"])
        await page.op("snapshot")
        assert gateway.tally.malformed == 7


@pytest.mark.parametrize(("messages", "code"), [(["x" * 70_000], 4413), (["x" * 140_000], 1009), (["{}"] * 100, 4413)])
def test_too_much_from_a_client_closes_its_socket(valkey_url, redis_client, engine, messages, code):
    @played
    async def play():
        async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client)) as page:
            await page.op("heartbeat")
            sending = asyncio.gather(*[page.ws.send(message) for message in messages], return_exceptions=True)
            assert await page.closed() == code
            await sending

    play()


@played
async def test_a_flood_of_pings_closes_the_socket(valkey_url, redis_client, engine):
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client)) as page:
        await page.op("heartbeat")
        await asyncio.gather(*[page.ws.ping(str(number)) for number in range(200)], return_exceptions=True)
        assert await page.closed() == 4413
        assert gateway.tally.cut_off == {"flood": 1}


@played
async def test_a_flood_before_admission_is_aborted(valkey_url, redis_client, engine):
    async with running(valkey_url) as gateway, browser(gateway.port, issue(redis_client)) as page:
        await asyncio.gather(*[page.ws.ping(str(number)) for number in range(200)], return_exceptions=True)
        await page.closed()
        await eventually(lambda: gateway.tally.clients == 0, "the socket is gone")


@played
async def test_a_resync_gives_a_snapshot_at_the_number_where_the_deltas_are(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        first = await page.op("snapshot")
        engine.commit(value(3, 7.0))
        delta = await page.op("delta")
        await page.say(op="resync", topic="live/traffic")
        answer = await page.until(lambda got: got["op"] in ("snapshot", "error"))
        while answer["op"] == "error":  # once a second is the rule; ask again as a page would
            await page.op("heartbeat")
            await page.say(op="resync", topic="live/traffic")
            answer = await page.until(lambda got: got["op"] in ("snapshot", "error"))
        assert delta["seq"] == first["seq"] + 1
        assert (answer["seq"], answer["cells"][0]["x"]) == (delta["seq"], 7.0)
        assert gateway.tally.resyncs == 1


@played
async def test_another_protocol_version_is_refused_in_the_handshake(valkey_url, redis_client, engine):
    from websockets.asyncio.client import connect

    async with running(valkey_url) as gateway:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{gateway.port}/live", subprotocols=["ioc.live.v2"], proxy=None)
        assert refused.value.response.status_code == 400
        assert b"ioc.live.v1" in refused.value.response.body


async def get(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    """One HTTP request by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n{lines}\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@played
async def test_health_and_metrics_are_on_the_same_port(valkey_url, redis_client, engine):
    async with running(valkey_url, metrics_token="secret-of-the-test") as gateway:
        async with browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page:
            await page.op("snapshot")
            assert await get(gateway.port, "/healthz") == (200, b'{"process": "gateway", "ok": true}')
            status, body = await get(gateway.port, "/readyz")
            assert (status, json.loads(body)["checks"]) == (200, {"valkey": True, "bundle": True})
            status, body = await get(gateway.port, "/metrics")
            assert status == 200
            assert b"ioc_gateway_clients 1.0" in body
            assert b"ioc_gateway_snapshots_total 1.0" in body
        assert (await get(gateway.port, "/metrics", X_Forwarded_For="10.0.0.9"))[0] == 401
        authorised = {"X_Forwarded_For": "10.0.0.9", "Authorization": "Bearer secret-of-the-test"}
        assert (await get(gateway.port, "/metrics", **authorised))[0] == 200
        assert (await get(gateway.port, "/../etc/passwd"))[0] == 404


@played
async def test_a_world_that_begins_later_reaches_those_who_wait_for_it(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("replay/traffic",)) as page,
    ):
        await page.op("heartbeat")
        replay = Engine(redis_client, "replay")
        replay.commit(value(1, 2.5))
        replay.declare(World("replay", "replay", label={"zh": "回放", "en": "replay"}))
        snapshot = await page.op("snapshot")
        assert (snapshot["topic"], snapshot["cells"][0]["x"]) == ("replay/traffic", 2.5)
        assert snapshot["world"]["label"]["zh"] == "回放"


@played
async def test_a_stream_that_was_deleted_leads_to_a_new_snapshot(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        await page.op("snapshot")
        await eventually(lambda: gateway.watch.reader.positions["live"].added == 1, "the stream was looked at")
        redis_client.delete(*(keys.engine("live", part) for part in ("values", "completed", "latest")))
        assert (await page.op("snapshot"))["cells"] == []
        engine.commit(value(9, 1.5))
        assert (await page.op("delta"))["cells"][0]["x"] == 1.5
        assert gateway.tally.reloads == 1


@played
async def test_new_definitions_are_taken_over_without_a_restart(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        await page.op("snapshot")
        engine.commit(value(1, 77.0, indicator="T9"))
        await eventually(lambda: gateway.tally.unplaced > 0, "the value has no scene yet")
        new = {"id": "T9", "scene": "traffic", "source": "traffic"}
        engine.declare(bundle={**BUNDLE, "indicators": [*BUNDLE["indicators"], new]})
        snapshot = await page.until(lambda got: got["op"] == "snapshot")
        assert {cell["i"] for cell in snapshot["cells"]} == {"T1", "T9"}


@played
async def test_what_cannot_be_read_is_counted_and_the_rest_goes_on(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client), topics=("live/traffic",)) as page,
    ):
        await page.op("snapshot")
        redis_client.xadd(keys.engine("live", "values"), {"v": "2", "b": b""})
        redis_client.xadd(keys.engine("live", "values"), {"v": "1", "b": b"\xc1 nonsense"})
        redis_client.hset(keys.HEARTBEATS, "engine", '{"at": NaN}')
        redis_client.hset(keys.WORLDS, "later", '{"v": 99}')
        engine.commit(value(3, 8.0))
        assert (await page.op("delta"))["cells"][0]["x"] == 8.0
        await eventually(lambda: gateway.tally.undecodable >= 4, "all four are counted")
        await page.op("heartbeat")
