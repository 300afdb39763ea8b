"""Screens at the door: who may take one, what is refused, what is told; nothing of it is a page for strangers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from ioc import web
from ioc.domain.screen_board import board
from ioc.queries.audit import newest
from ioc.security.actor import SYSTEM, current_actor
from ioc.services.screen_devices import ask
from metrics import keys

from .conftest import T0, Site, post

pytestmark = pytest.mark.service


def state(browser: FlaskClient) -> Any:
    answer = browser.get("/api/v1/screens")
    assert answer.status_code == 200
    return answer.json


def take(browser: FlaskClient, right: str = "leader", screen: str = "main", **view: Any) -> Any:
    return post(browser, f"/screens/{screen}/claim", {"right": right, "view": view})


def test_a_leader_takes_a_wall_and_gives_it_back(site: Site, redis_client: redis.Redis):
    leader = site.signed_in("leader")
    assert state(leader)["screens"][0]["shown"]["mode"] == "pinned"
    answer = take(leader, scene="traffic", region="440303003")
    assert answer.status_code == 200
    shown = answer.json["screens"][0]["shown"]
    assert (shown["mode"], shown["by"], shown["title"]) == ("leader", "leader", "领导")
    assert (shown["to"], shown["until"]) == ("/wall/traffic?screen=main&region=440303003", T0 + 600_000)
    assert [each.by for each in board(redis_client.get(keys.SCREENS)).claims] == ["leader"]
    back = post(leader, "/screens/main/release")
    assert back.json["screens"][0]["shown"]["mode"] == "pinned"


def test_a_duty_officers_hold_goes_before_and_a_leader_cannot_hold(site: Site):
    leader, duty = site.signed_in("leader"), site.signed_in("duty")
    assert take(duty, "duty", scene="safety").status_code == 200
    shown = take(leader, scene="traffic").json["screens"][0]
    assert (shown["shown"]["by"], [each["by"] for each in shown["claims"]]) == ("duty", ["leader", "duty"])
    assert take(leader, "duty").status_code == 403
    assert take(leader, "emergency").status_code == 403
    post(leader, "/screens/main/release")
    assert state(duty)["screens"][0]["shown"]["by"] == "duty"  # only one's own claims are given back


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("wall", (403, 403, 403, 403)),
        ("leader", (200, 200, 200, 403)),
        ("duty", (200, 200, 200, 403)),
        ("analyst", (403, 403, 403, 403)),
        ("sysadmin", (200, 403, 403, 200)),
        ("secadmin", (403, 403, 403, 403)),
        ("auditor", (403, 403, 403, 403)),
    ],
)
def test_each_role_sees_takes_points_and_manages_as_the_matrix_says(site: Site, role: str, statuses: tuple[int, ...]):
    browser = site.signed_in(role)
    answers = [
        browser.get("/api/v1/screens"),
        take(browser),
        post(browser, "/screens/main/pointer", {"points": [[0.5, 0.5]]}),
        post(browser, "/screens/main/change", {"width_mm": "5000"}),
    ]
    assert tuple(each.status_code for each in answers) == statuses


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/screens/main/claim", {"right": "king"}, 400, "right"),
        ("/screens/main/claim", {"right": "leader", "view": {"scene": "../x"}}, 400, "scene"),
        ("/screens/main/claim", {"right": "leader", "view": {"zoom": 1}}, 400, "zoom"),
        ("/screens/main/claim", {"right": "leader", "view": {"scene": "nowhere"}}, 409, "scene"),
        ("/screens/nope/claim", {"right": "leader", "view": {}}, 404, ""),
        ("/screens/main/claim", [], 400, ""),
        ("/screens/main/pointer", {"points": [[0.5]]}, 400, "points"),
        ("/screens/main/pointer", {"points": []}, 400, "points"),
        ("/screens/main/pointer", {"points": [[0, 0]] * 65}, 400, "points"),
    ],
)
def test_what_is_refused_says_where(site: Site, path: str, body: Any, status: int, field: str):
    answer = post(site.signed_in("leader"), path, body)
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)


def test_a_pointer_goes_through_the_bus_and_not_through_the_database_at_most_twenty_a_second(
    site: Site, redis_client: redis.Redis
):
    leader = site.signed_in("leader")
    heard = redis_client.pubsub(ignore_subscribe_messages=True)
    heard.subscribe(keys.SCREENS_SAID)
    heard.get_message(timeout=5)
    statuses = [post(leader, "/screens/main/pointer", {"points": [[2, 0.25]]}).status_code for _ in range(22)]
    assert statuses == [200] * 20 + [429] * 2
    said = []
    while (message := heard.get_message(timeout=1)) is not None:
        said.append(json.loads(message["data"]))
    strokes = [each["pointer"] for each in said if "pointer" in each]
    assert (len(strokes), strokes[0]["points"], strokes[0]["by"]) == (20, [[1.0, 0.25]], "leader")
    site.clock.advance(seconds=1)
    assert post(leader, "/screens/main/pointer", {"points": [[0, 0]]}).status_code == 200
    heard.close()


def test_an_administrator_adds_changes_and_removes_screens(site: Site):
    admin = site.signed_in("sysadmin")
    made = post(admin, "/screens/add", {"name": "hall", "zh": "大厅", "en": "hall", "rotation": "overview:60"})
    assert [each["name"] for each in made.json["screens"]] == ["hall", "main"]
    changed = post(admin, "/screens/hall/change", {"pinned": "traffic", "distance_mm": "8000"}).json["screens"][0]
    assert (changed["pinned"], changed["distance_mm"], changed["rotation"]) == ("traffic", 8000, [["", 60]])
    refused = post(admin, "/screens/hall/change", {"rotation": "traffic:5"})
    assert (refused.status_code, refused.json["error"]["field"]) == (409, "rotation")
    assert [each["name"] for each in post(admin, "/screens/hall/remove").json["screens"]] == ["main"]


def test_devices_are_shown_approved_and_revoked_by_an_administrator_alone(site: Site):
    admin = site.signed_in("sysadmin")
    device, _ = ask(site.desk.store, "10.1.2.3", T0)
    assert "devices" not in state(site.signed_in("leader"))
    assert [(each["code"], each["address"]) for each in state(admin)["devices"]] == [(device.code, "10.1.2.3")]
    wrong = post(admin, "/screens/devices/approve", {"code": "AAAA-AAAA", "screen": "main"})
    assert (wrong.status_code, wrong.json["error"]["code"]) == (409, "code_refused")
    done = post(admin, "/screens/devices/approve", {"code": device.code, "screen": "main"}).json["devices"]
    assert [(each["state"], each["screen"], each["approved_by"]) for each in done] == [("approved", "main", "sysadmin")]
    assert post(admin, "/screens/devices/revoke", {"id": device.id}).json["devices"] == []


def test_looking_at_screens_is_no_activity_and_taking_one_is(site: Site):
    leader = site.signed_in("leader")
    for _ in range(3):
        site.clock.advance(minutes=4)
        state(leader)
    take(leader)
    site.clock.advance(minutes=14)
    assert leader.get("/api/v1/screens").status_code == 200
    site.clock.advance(minutes=2)
    assert leader.get("/api/v1/screens").status_code == 401


def test_a_document_that_follows_a_screen_has_the_measures_of_its_readers(site: Site):
    with site.app.server.app_context():
        assert web.screen_style("main").startswith("html{--least:0.004462;--most:1.12}")
        assert "@view-transition{navigation:auto}" in web.screen_style("main")
        assert [web.screen_style(name) for name in ("", "nope", "</style><script>")] == ["", "", ""]


def test_what_is_done_stands_in_the_audit_under_name_roles_and_address_and_nothing_later_does(site: Site) -> None:
    assert post(site.signed_in("sysadmin"), "/screens/add", {"name": "hall"}).status_code == 200
    entry = newest(site.desk.store)[0]
    assert (entry.actor, entry.roles, entry.address) == ("sysadmin", "sysadmin", "127.0.0.1")
    assert (entry.action, entry.subject) == ("screen.add", "hall")
    assert current_actor() == SYSTEM
