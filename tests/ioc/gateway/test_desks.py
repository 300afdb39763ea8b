"""Who follows a desk is told at once what changed, of the regions that he may see, and to look anew after a gap."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ioc.gateway.desks import Desks, heard
from metrics import keys
from tests.ioc.gateway.scenery import BUNDLE, Engine, browser, issue, played, running


class Catalog:
    """A district with two subdistricts."""

    def sees_all(self, regions: frozenset[str]) -> bool:
        return "440303" in regions

    def holds(self, regions: frozenset[str], region: str) -> bool:
        return any(region.startswith(code) for code in regions) if region else "440303" in regions


class Listener:
    """Keeps what it is told."""

    def __init__(self, *regions: str) -> None:
        self.regions = frozenset(regions)
        self.told: list[Any] = []

    def deliver(self, topic: str, wire: bytes) -> None:
        self.told.append(json.loads(wire))

    def owe(self, topic: str) -> None: ...
    def pulse(self, wire: bytes) -> None: ...


CATALOG: Any = Catalog()
NEWS = {"live": [("incident", "a", 2, "440303003001"), ("incident", "b", 1, "440303001"), ("case", "c", 1, "")]}


def desks(*listeners: Listener) -> Desks:
    made = Desks(lambda frame: json.dumps(frame).encode())
    for each in listeners:
        made.follow(each, "live", each.regions)
    return made


def ids(listener: Listener) -> list[Any]:
    return [each["changed"] and [one["id"] for one in each["changed"]] for each in listener.told]


def test_each_is_told_of_what_is_of_his_regions():
    whole, part, other = Listener("440303"), Listener("440303003"), Listener("440303007")
    desks(whole, part, other).tell(NEWS, CATALOG, 5)
    assert (ids(whole), ids(part), ids(other)) == ([["a", "b", "c"]], [["a"]], [])
    assert whole.told[0] == {
        "v": 1, "op": "desk", "topic": "live/desk", "seq": 1, "at": 5,
        "changed": [{"kind": "incident", "id": "a", "version": 2}, {"kind": "incident", "id": "b", "version": 1},
                    {"kind": "case", "id": "c", "version": 1}],
    }  # fmt: skip


def test_where_nobody_knows_the_regions_or_news_was_lost_everybody_looks_for_himself():
    part = Listener("440303003")
    made = desks(part)
    made.tell(NEWS, None, 5)
    made.doubt(6)
    made.tell({"live": None}, CATALOG, 7)
    made.tell({"drill": None}, CATALOG, 8)
    assert ids(part) == [None, None, None]
    assert [each["seq"] for each in part.told] == [1, 2, 3]


def test_who_left_is_told_nothing_and_who_comes_looks_at_everything():
    one = Listener("440303")
    made = desks(one)
    assert json.loads(made.snapshot("live", one.regions, 9) or b"")["changed"] is None
    made.leave(one)
    made.tell(NEWS, CATALOG, 5)
    assert (one.told, made.following(), made.snapshot("live", one.regions, 9)) == ([], {}, None)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"v": 2}', b'{"v": 1}', b'{"v": 1, "changed": {"live": [[1]]}}', b"\xff"]
)
def test_what_nobody_understands_is_no_news(text: bytes):
    assert heard(text) is None


@pytest.mark.service
@played
async def test_a_change_comes_through_the_socket_and_only_with_the_permission(valkey_url, redis_client):
    Engine(redis_client).declare(bundle=copy.deepcopy(BUNDLE))
    async with (
        running(valkey_url) as gateway,
        browser(gateway.port, issue(redis_client, topics=("*/desk",)), topics=("live/desk",)) as officer,
        browser(gateway.port, issue(redis_client, topics=("*/traffic",)), topics=("live/desk",)) as stranger,
    ):
        first = await officer.until(lambda got: got["op"] == "desk")
        assert first["changed"] is None
        denied = await stranger.until(lambda got: got["op"] == "denied")
        assert denied["why"] == "permission"
        redis_client.publish(keys.DESK_SAID, json.dumps({"v": 1, "changed": {"live": [["incident", "a", 3, ""]]}}))
        told = await officer.until(lambda got: got["op"] == "desk" and got["changed"])
        assert told["changed"] == [{"kind": "incident", "id": "a", "version": 3}]
