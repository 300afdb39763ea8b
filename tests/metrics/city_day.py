"""A day of the city in brief, as it comes out where nothing goes wrong; tests of faults compare with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from tests.conftest import wait_until
from tests.metrics.fault_city import (
    Cell,
    Sent,
    Story,
    a_day_in_brief,
    alarms,
    closing,
    differences,
    open_city,
    oracle,
    said,
    said_twice,
    send,
    told_twice,
)
from tests.metrics.worker_world import WORLD, working


@dataclass(frozen=True)
class Day:
    """Rows, what they come to, and what is told of them where nothing goes wrong."""

    rows: Sequence[Sent]
    wanted: dict[Cell, tuple[Any, str, int]]
    story: Story


@pytest.fixture(scope="session")
def day(valkey_url: str) -> Iterator[Day]:
    """Half an hour of the city, also lived by a world that nobody disturbs."""
    rows = a_day_in_brief(seed=31)
    everything = [*rows, *closing()]
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    wanted = oracle(everything)
    open_city(client, "calm")
    with working(valkey_url, worlds=("calm",)):
        send(client, "calm", everything)
        wait_until(lambda: not differences(said(client, "calm"), wanted), "the calm world is right")
    yield Day(rows, wanted, alarms(client, "calm"))
    client.close()


def right(client: redis.Redis, wanted: dict[Cell, tuple[Any, str, int]]) -> bool:
    return not differences(said(client, WORLD), wanted)


def holds(client: redis.Redis, day: Day) -> None:
    """Wait for what must hold in the end; then nothing has been said or told twice."""
    try:
        wait_until(lambda: right(client, day.wanted), "every window is complete and right", 20)
    except pytest.fail.Exception:
        assert differences(said(client, WORLD), day.wanted)[:10] == []
        raise
    assert said_twice(client, WORLD) == []
    assert told_twice(client, WORLD) == []
    assert alarms(client, WORLD) == day.story
