"""What a screen shows comes to its followers at once, the same after every restart; emergencies by published values."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ioc.domain.screen_board import Board
from ioc.domain.screen_right import LASTS_MS, Claim, Right, Screen, Turn
from ioc.domain.screen_view import Place, View
from metrics import keys
from metrics.clock import WorldClock, real_ms
from metrics.world import World
from tests.ioc.gateway.scenery import BUNDLE, MINUTES_5, Browser, Engine, browser, issue, played, running, value

pytestmark = pytest.mark.service

WITH_RULE = copy.deepcopy(BUNDLE) | {
    "preemption": [
        {"id": "jam", "zh": "大拥堵", "en": "great jam", "indicator": "T1", "at_least": 8, "scene": "traffic"}
    ]
}
MAIN = Screen("main", "主屏", "main wall")


def claim(who: str, right: Right, view: View, screen: str = "main") -> Claim:
    now = real_ms()
    return Claim(screen, right, who, who.title(), view, now, now + LASTS_MS[right])


def write(client: Any, *claims: Claim, screens: tuple[Screen, ...] = (MAIN,)) -> None:
    """As the web server does."""
    client.set(keys.SCREENS, Board({each.name: each for each in screens}, claims).to_json())
    client.publish(keys.SCREENS_SAID, json.dumps({"v": 1, "changed": True}))


def follow(port: int, client: Any, screen: str = "main", *, may: str = "screens/*") -> Any:
    return browser(port, issue(client, topics=("*/traffic", may)), topics=(f"screens/{screen}",))


async def mode(page: Browser, wanted: str) -> dict[str, Any]:
    return await page.until(lambda got: got["op"] == "screen" and got["shown"] and got["shown"]["mode"] == wanted)


@pytest.fixture
def engine(redis_client: Any) -> Engine:
    made = Engine(redis_client)
    made.declare(bundle=WITH_RULE)
    write(redis_client)
    return made


@played
async def test_a_screen_is_told_what_it_shows_and_every_change_of_it(valkey_url, redis_client, engine):
    async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
        first = await mode(wall, "pinned")
        assert (first["topic"], first["shown"]["to"]) == ("screens/main", "/wall?screen=main")
        write(redis_client, claim("li", Right.LEADER, View(scene="traffic", place=Place(114.1, 22.5, "国贸"))))
        taken = await mode(wall, "leader")
        assert (taken["shown"]["title"], taken["shown"]["place"]["label"]) == ("Li", "国贸")
        assert taken["seq"] == first["seq"] + 1
        assert "li" not in json.dumps(taken["shown"]["title"])  # the name shown, not the account
        write(redis_client)
        await mode(wall, "pinned")


@played
async def test_a_claim_ends_by_the_clock_without_a_word_from_anybody(valkey_url, redis_client, engine):
    short = Claim("main", Right.LEADER, "li", "Li", View(scene="traffic"), real_ms(), real_ms() + 1500)
    write(redis_client, short)
    async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
        await mode(wall, "leader")
        await mode(wall, "pinned")


@played
async def test_two_walls_rotate_together_and_a_zone_follows_its_wall(valkey_url, redis_client, engine):
    turning = Screen("main", rotation=(Turn("traffic", 3600), Turn("", 3600)))
    write(redis_client, screens=(turning, Screen("main.left"), Screen("hall", pinned="traffic")))
    async with (
        running(valkey_url) as gateway,
        follow(gateway.port, redis_client) as wall,
        follow(gateway.port, redis_client, "main.left") as zone,
        follow(gateway.port, redis_client, "hall") as hall,
    ):
        one, other = await mode(wall, "rotation"), await mode(zone, "rotation")
        assert one["shown"]["until"] == other["shown"]["until"]
        assert other["shown"]["to"].endswith("screen=main.left")
        assert (await mode(hall, "pinned"))["shown"]["to"] == "/wall/traffic?screen=hall"


@played
async def test_two_tablets_and_an_incident_in_one_second_end_the_same_in_either_order_and_after_a_restart(
    valkey_url, redis_client, engine
):
    leader, duty = claim("li", Right.LEADER, View(scene="traffic")), claim("wang", Right.DUTY, View())
    now = real_ms() // MINUTES_5
    jam = [value(now - 1, 9.0, quality="complete")]
    seen = []
    for order in ((leader, duty), (duty, leader)):
        write(redis_client, order[0])
        async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
            await mode(wall, order[0].right.name.lower())
            write(redis_client, *order)
            engine.commit(*jam)
            taken = await mode(wall, "emergency")
            assert taken["shown"]["to"] == "/wall/traffic?screen=main"
            assert taken["shown"]["emergency"] == {"zh": "大拥堵", "en": "great jam"}
        async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
            again = await wall.until(lambda got: got["op"] == "screen")  # the very first word after a restart
            seen.append((taken["shown"], again["shown"]))
        redis_client.delete(*redis_client.keys("ioc:live:*"))
    assert seen[0] == seen[1]
    assert seen[0][0] == seen[0][1]


@played
async def test_an_emergency_lets_go_five_minutes_after_its_condition_in_the_time_of_its_world(
    valkey_url, redis_client, engine
):
    end = 1000
    drill = World("drill", "exercise", WorldClock((end + 1) * MINUTES_5 + 100, real_ms(), 200.0), started_ms=real_ms())
    engine.declare(drill, WITH_RULE)
    made = Engine(redis_client, "drill")
    made.commit(value(end, 9.0, quality="complete"))
    made.commit(value(end + 1, 1.0, quality="complete"))
    write(redis_client, claim("li", Right.LEADER, View(world="drill")))
    async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
        taken = await mode(wall, "emergency")
        assert "world=drill" in taken["shown"]["to"]
        assert taken["shown"]["until"] is not None
        await mode(wall, "leader")  # 5 min of the drill are 1.5 s


@played
async def test_the_emergency_of_a_drill_leaves_walls_alone_that_show_the_city(valkey_url, redis_client, engine):
    engine.declare(World("drill", "exercise", WorldClock(real_ms(), real_ms(), 1.0)), WITH_RULE)
    Engine(redis_client, "drill").commit(value(real_ms() // MINUTES_5 - 1, 9.0, quality="complete"))
    write(redis_client, claim("li", Right.LEADER, View(scene="traffic")))
    async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
        await mode(wall, "leader")
        assert gateway.facts()["emergencies"] == []


@played
async def test_only_who_may_follow_a_screen_does_and_a_device_only_its_own(valkey_url, redis_client, engine):
    async with (
        running(valkey_url) as gateway,
        follow(gateway.port, redis_client, may="*/operations") as stranger,
        follow(gateway.port, redis_client, "hall", may="screens/main") as other,
        follow(gateway.port, redis_client, may="screens/main") as device,
    ):
        assert (await stranger.op("denied"))["why"] == "permission"
        assert (await other.op("denied"))["why"] == "permission"
        await mode(device, "pinned")


@played
async def test_a_pointer_passes_from_who_has_the_screen_and_from_nobody_else(valkey_url, redis_client, engine):
    write(redis_client, claim("li", Right.LEADER, View()))

    def point(who: str, at: int, **more: Any) -> None:
        stroke = {"screen": "main", "by": who, "at": at, "stroke": "s", "points": [[0.5, 0.5]], **more}
        redis_client.publish(keys.SCREENS_SAID, json.dumps({"v": 1, "pointer": stroke}))

    async with running(valkey_url) as gateway, follow(gateway.port, redis_client) as wall:
        await mode(wall, "leader")
        redis_client.publish(keys.SCREENS_SAID, "no json")
        point("wang", real_ms())
        point("li", real_ms() - 6000)
        point("li", real_ms(), points=[[0.1, 0.2]])
        got = await wall.op("pointer")
        assert (got["points"], got["topic"]) == ([[0.1, 0.2]], "screens/main")


@played
async def test_a_screen_that_there_is_not_says_so_and_one_that_is_made_later_comes(valkey_url, redis_client, engine):
    async with running(valkey_url) as gateway, follow(gateway.port, redis_client, "hall") as wall:
        assert (await wall.op("screen"))["shown"] is None
        write(redis_client, screens=(MAIN, Screen("hall", "大厅", "hall")))
        assert (await mode(wall, "pinned"))["screen"]["zh"] == "大厅"
        assert gateway.facts()["topics"]["screens/hall"] == 1
