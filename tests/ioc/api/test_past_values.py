"""Values of a playback: the history of the world whose past it shows, up to the moment, as known then or now."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest
import redis

from metrics import keys
from metrics.archive_rollup import RollUp
from metrics.clock import WorldClock
from metrics.world import LIVE_WORLD, World
from tests.metrics.past_archive import HOUR, LIFE, MINUTE, NOON, Archive, value

from .conftest import Caller, Site

pytestmark = pytest.mark.service
WORLD = "playback-0123456789"


@pytest.fixture
def past(
    site: Site, caller: Callable[..., Caller], redis_client: redis.Redis
) -> Callable[..., list[tuple[int, float]]]:
    """12:05 was 10 when it was said at 12:06; it was corrected to 30 at 12:40; 14:00 is 99."""
    root = site.desk.settings.archive_path
    archive = Archive(root)
    archive.say(NOON + 6 * MINUTE, value(NOON + 5 * MINUTE, 10.0))
    archive.say(NOON + 40 * MINUTE, value(NOON + 5 * MINUTE, 30.0, revision=1))
    archive.say(NOON + 3 * HOUR, value(NOON + 2 * HOUR, 99.0))
    archive.standings()
    with duckdb.connect() as connection:
        RollUp(root, LIFE, connection).update()
    caller()
    reader = site.signed_in("leader")
    redis_client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())

    def rows(moment: int, known: str) -> list[tuple[int, float]]:
        label = {"zh": "", "en": "", "of": "live", "known": known}
        world = World(WORLD, "playback", WorldClock(moment, moment, 0.0), label=label, started_ms=1)
        redis_client.hset(keys.WORLDS, WORLD, world.to_json())
        redis_client.hset(keys.PLAYBACKS_SHOWN, WORLD, str(moment))
        query = f"indicator=T1&world={WORLD}&region=440303&step=1h&from={NOON}&to={NOON + 9 * HOUR}"
        answer = reader.get(f"/api/v1/values?{query}")
        assert answer.status_code == 200, answer.json
        return [(row["count"], row["value"]) for row in answer.json["rows"]]

    return rows


def test_then_only_what_had_been_told_is_there(past: Callable[..., list[tuple[int, float]]]) -> None:
    assert past(NOON + 30 * MINUTE, "then") == [(1, 10.0)]
    assert past(NOON + 50 * MINUTE, "then") == [(1, 30.0)]
    assert past(NOON + 150 * MINUTE, "then") == [(1, 30.0)]
    assert past(NOON + 4 * MINUTE, "then") == []


def test_now_every_window_up_to_the_moment_has_its_last_word(past: Callable[..., list[tuple[int, float]]]) -> None:
    assert past(NOON + 70 * MINUTE, "now") == [(1, 30.0)]
    assert past(NOON + 3 * HOUR, "now") == [(1, 30.0), (1, 99.0)]
