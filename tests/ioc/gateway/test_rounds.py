import asyncio

import pytest

from ioc.gateway.hub import Hub
from ioc.gateway.reader import Reader
from ioc.gateway.rounds import Rounds
from ioc.gateway.server import cancelled
from ioc.gateway.tally import Tally
from ioc.gateway.watch import Watch
from ioc.live.frame import encode
from tests.ioc.gateway.scenery import played


class Screen:
    """A client that can be looked at."""

    regions = frozenset({"440303"})

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    def pulse(self, wire: bytes) -> None:
        self.seen.append("told")

    def tick(self, now: int, ping: bytes) -> None:
        self.seen.append("looked at")


@pytest.fixture
def seen() -> list[str]:
    return []


@pytest.fixture
def rounds(seen) -> Rounds:
    hub = Hub(encode, Tally())
    clients = {Screen(seen) for _ in range(200)}
    for client in clients:
        hub.enter(client)
    reader = Reader(None, hub, hub.tally)
    watch = Watch(None, hub, reader, hub.tally, dict, 0)
    return Rounds(hub, reader, watch, None, hub.tally, clients)


@played
async def test_each_client_is_told_and_then_looked_at(rounds, seen):
    await rounds.tell(1)
    assert seen == ["told", "looked at"] * 200


@played
async def test_between_fifty_clients_and_the_next_fifty_a_delta_gets_its_turn(rounds, seen):
    telling = asyncio.create_task(rounds.tell(1))
    told = []
    while not telling.done():
        await asyncio.sleep(0)
        told.append(seen.count("told"))
    assert told == [50, 100, 150, 200, 200]


@played
async def test_between_the_seconds_clients_are_told_and_not_looked_at(rounds, seen):
    await rounds.tell()
    assert seen == ["told"] * 200


@played
async def test_a_loop_that_swallows_its_cancellation_ends_all_the_same():
    swallowed = []

    async def deaf_once():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append(True)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await cancelled([task])
    assert task.cancelled()
    assert swallowed == [True]
