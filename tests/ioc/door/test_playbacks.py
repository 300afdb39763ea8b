"""Playbacks over HTTP: who may begin, join, change and end one, and what is answered when it cannot be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from ioc.domain.screen_right import Right
from ioc.domain.screen_view import View
from ioc.playback.player import Player
from ioc.services.screens import publish, take
from metrics import keys
from metrics.clock import monotonic_s, real_ms
from metrics.world import LIVE_WORLD, World
from tests.conftest import wait_until
from tests.ioc.door.conftest import ORIGIN, Site, post
from tests.ioc.gateway.scenery import BUNDLE
from tests.metrics.past_archive import HOUR, MINUTE, NOON, Archive, value

pytestmark = pytest.mark.service


@pytest.fixture
def past(site: Site, valkey_url: str) -> Iterator[Site]:
    """Two hours of the past and a player."""
    archive = Archive(site.desk.settings.archive_path)
    for minute in range(0, 121, 30):
        archive.say(NOON + minute * MINUTE, value(NOON + minute * MINUTE, float(minute)), part=minute == 120)
    archive.alarm(NOON + MINUTE, NOON, "深南东路", 0, "red")
    site.desk.client.set(keys.BUNDLE, json.dumps(BUNDLE))
    site.desk.client.hset(keys.WORLDS, "live", LIVE_WORLD.to_json())
    client, stop = redis.Redis.from_url(valkey_url), threading.Event()
    player = Player(client, site.desk.settings.archive_path, real_ms, monotonic_s)
    thread = threading.Thread(target=player.run, args=(stop,), daemon=True)
    thread.start()
    yield site
    stop.set()
    thread.join(10)
    client.close()


def patch(client: FlaskClient, path: str, body: Any) -> Any:
    return client.patch(path, json=body, headers={"Origin": ORIGIN})


WISH = {"world": "live", "at": NOON + HOUR, "speed": 0, "known": "then"}


def test_a_leader_begins_one_a_wall_joins_it_and_both_see_the_moment(past: Site) -> None:
    wall = past.signed_in("wall")
    refused = post(wall, "/api/v1/playback", WISH)
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, "forbidden")
    begun = post(past.signed_in("leader"), "/api/v1/playback", WISH)
    assert begun.status_code == 201
    said = begun.get_json()
    assert (said["moment"], said["speed"], said["known"], said["label"]["of"]) == (NOON + HOUR, 0, "then", "live")
    joined = post(wall, "/api/v1/playback", WISH)
    assert (joined.status_code, joined.get_json()["playback"]) == (200, said["playback"])
    assert past.desk.client.hexists(keys.engine(said["playback"], "latest"), "T1|440303|")
    assert patch(wall, f"/api/v1/playback/{said['playback']}", {"speed": 60}).status_code == 403
    assert wall.get(f"/api/v1/playback/{said['playback']}").get_json()["moment"] == NOON + HOUR


def test_a_wall_begins_what_somebody_who_has_it_told_it_to_show(past: Site) -> None:
    view = View(scene="traffic", at_ms=NOON + HOUR, speed=0.0, known="then")
    past.signed_in("leader")
    take(past.desk.store, "main", Right.LEADER, view, by="leader", title="领导", now_ms=past.clock())
    publish(past.desk.store, past.desk.client, past.clock(), past.desk.settings.worlds)
    wall = past.signed_in("wall")
    assert post(wall, "/api/v1/playback", {**WISH, "at": NOON}).status_code == 403
    assert post(wall, "/api/v1/playback", WISH).status_code == 201
    past.clock.advance(minutes=11)  # a leader's claim lasts 10
    past.desk.client.delete(keys.PLAYBACKS)
    assert post(wall, "/api/v1/playback", WISH).status_code == 403


def test_a_change_goes_to_another_moment_and_an_end_leaves_nothing(past: Site) -> None:
    leader, client = past.signed_in("leader"), past.desk.client
    name = post(leader, "/api/v1/playback", WISH).get_json()["playback"]
    changed = patch(leader, f"/api/v1/playback/{name}", {"at": NOON + 30 * MINUTE, "known": "now"})
    assert changed.get_json()["number"] == 1
    wait_until(lambda: client.hget(keys.PLAYBACKS_SHOWN, name) == str(NOON + 30 * MINUTE).encode(), "the moment")
    told: Any = client.hget(keys.WORLDS, name)
    assert World.from_json(told).label["known"] == "now"
    ended = leader.delete(f"/api/v1/playback/{name}", headers={"Origin": ORIGIN}, json={})
    assert ended.status_code == 200
    wait_until(lambda: not client.keys(keys.everything(name)) and not client.hexists(keys.WORLDS, name), "it is gone")
    for answer in (leader.get(f"/api/v1/playback/{name}"), patch(leader, f"/api/v1/playback/{name}", {"speed": 1})):
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "no_playback")


@pytest.mark.parametrize(
    ("wish", "status", "field"),
    [({"at": "noon"}, 400, "at"), ({"speed": 1000}, 400, "speed"), ({"known": "ever"}, 400, "known"),
     ({"other": 1}, 400, "other"), ({"world": "nowhere"}, 404, "world"), ({"world": 3}, 400, "world")],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(past: Site, wish: dict[str, object], status: int, field: str) -> None:
    answer = post(past.signed_in("leader"), "/api/v1/playback", {**WISH, **wish})
    assert (answer.status_code, answer.get_json()["error"]["field"]) == (status, field)


def test_of_more_than_may_run_the_last_is_refused(past: Site) -> None:
    leader = past.signed_in("leader")
    for at in range(past.desk.settings.playbacks):
        assert post(leader, "/api/v1/playback", {**WISH, "at": NOON + at}).status_code == 201
    assert post(leader, "/api/v1/playback", {**WISH, "at": NOON + 99}).status_code == 409


def test_a_playback_has_no_playback_and_strangers_have_none(past: Site) -> None:
    leader = past.signed_in("leader")
    name = post(leader, "/api/v1/playback", WISH).get_json()["playback"]
    assert post(leader, "/api/v1/playback", {**WISH, "world": name}).status_code == 404
    assert post(past.anonymous(), "/api/v1/playback", WISH).status_code == 401
    assert post(past.signed_in("sysadmin"), "/api/v1/playback", WISH).status_code == 403


def test_marks_tell_the_levels_of_a_day_with_names_and_how_far_the_archive_reaches(past: Site) -> None:
    address = f"/api/v1/playback/marks?world=live&from={NOON - HOUR}&until={NOON + HOUR}"
    said = past.signed_in("wall").get(address).get_json()
    assert (said["may"], said["last"]) == (False, NOON + 2 * HOUR)
    assert [(one["at"], one["level"], one["dims"]) for one in said["marks"]] == [(NOON, "red", {"road": "深南东路"})]
    leader = past.signed_in("leader")
    assert leader.get("/api/v1/playback/marks?from=1&until=x").status_code == 400
    assert leader.get(f"/api/v1/playback/marks?from=1&until={NOON}").status_code == 400
