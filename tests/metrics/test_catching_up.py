"""A backlog is caught up with, and what is said of it is what would have been said without having been behind."""

from __future__ import annotations

import pytest
import redis

from tests.conftest import wait_until
from tests.metrics.worker_world import (
    closing_row,
    completed,
    feed,
    numbers,
    open_world,
    oracle,
    rows_of_half_an_hour,
    send_packed,
    send_plain,
    working,
)

pytestmark = pytest.mark.service


@pytest.mark.parametrize("send", [send_packed, send_plain])
def test_a_backlog_gives_the_values_of_an_engine_that_was_never_behind(
    send: object, valkey_url: str, redis_client: redis.Redis
) -> None:
    rows = rows_of_half_an_hour(11, 4_000)
    parts = [rows[first : first + 500] for first in range(0, len(rows), 500)] + [[closing_row()]]
    count = sum(map(len, parts))

    open_world(redis_client)
    with working(valkey_url):  # each part is counted before the next one comes
        sent = 0
        for part in parts:
            send(redis_client, part)  # type: ignore[operator]
            sent += len(part)
            wait_until(lambda sent=sent: feed(redis_client).get("rows") == sent, "the part is counted")
        wait_until(lambda: numbers(redis_client) == oracle(rows), "every window is complete")
        abreast = {place: (one.value, one.samples, one.quality) for place, one in completed(redis_client).items()}

    redis_client.flushdb()
    for part in parts:  # nobody is there
        send(redis_client, part)  # type: ignore[operator]
    open_world(redis_client)
    with working(valkey_url):
        wait_until(lambda: feed(redis_client).get("rows") == count, "the backlog is counted")
        wait_until(lambda: feed(redis_client)["lag"] == 0, "nothing is left unread")
        wait_until(lambda: numbers(redis_client) == oracle(rows), "every window is complete")
        behind = {place: (one.value, one.samples, one.quality) for place, one in completed(redis_client).items()}
    assert behind == abreast
    assert (feed(redis_client)["late"], feed(redis_client)["duplicate"]) == (0, 0)
