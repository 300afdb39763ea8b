"""Session, ticket, health and metrics over HTTP."""

from __future__ import annotations

import hashlib
import json

import pytest
import redis
from pydantic import SecretStr

from ioc import web
from ioc.security.role import Role
from ioc.services.people import grant_role
from metrics import keys

from .conftest import T0, Site, post

pytestmark = pytest.mark.service


def test_a_ticket_is_stored_by_its_digest_for_thirty_seconds_with_all_topics_of_the_role(
    site: Site, redis_client: redis.Redis
):
    answer = post(site.signed_in("leader"), "/api/v1/ticket", {"topics": ["live/traffic"]})
    assert answer.json["expires_ms"] == T0 + 30_000
    assert answer.json["gateway"] == "ws://127.0.0.1:8051/live"
    key = keys.ticket(hashlib.sha256(answer.json["ticket"].encode()).hexdigest())
    fact = json.loads(redis_client.get(key))
    assert 29_000 < redis_client.pttl(key) <= 30_000
    assert (fact["role"], fact["regions"]) == ("leader", ["440303"])
    assert "*/traffic" in fact["topics"]
    assert redis_client.exists(keys.session(fact["session"]))


def test_each_ticket_is_another(site: Site):
    browser = site.signed_in("leader")
    first, second = (post(browser, "/api/v1/ticket", {}).json["ticket"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("role", "topics", "status"),
    [
        ("wall", ["live/traffic"], 200),
        ("sysadmin", ["live/operations"], 200),
        ("sysadmin", ["live/traffic"], 403),
        ("sysadmin", [], 200),
        ("secadmin", ["live/traffic"], 403),
        ("auditor", [], 403),
        ("leader", ["live/nonsense"], 403),
    ],
)
def test_a_role_gets_tickets_for_its_topics_only(site: Site, role: str, topics: list[str], status: int):
    assert post(site.signed_in(role), "/api/v1/ticket", {"topics": topics}).status_code == status


@pytest.mark.parametrize("body", [[], {"topics": "live/traffic"}, {"topics": [1]}, {"topics": ["a"] * 33}, "x"])
def test_a_ticket_request_of_another_form_is_refused(site: Site, body: object):
    assert post(site.signed_in("leader"), "/api/v1/ticket", body).status_code == 400


def test_a_session_says_who_one_is_and_how_long_it_lasts(site: Site):
    browser = site.signed_in("duty")
    site.clock.advance(minutes=5)
    answer = browser.get("/api/v1/session").json
    assert answer["person"] == {"name": "duty", "title": "值班员"}
    assert answer["roles"] == ["duty"]
    assert answer["lasts_ms"] == 10 * 60_000
    assert "duty.view" in answer["permissions"]


def test_a_granted_role_takes_effect_within_the_life_of_the_cache(site: Site):
    browser = site.signed_in("analyst")
    assert browser.get("/duty").status_code == 403
    grant_role(site.desk.store, "analyst", Role.DUTY, site.clock())
    site.clock.advance(seconds=2)
    assert browser.get("/duty").status_code == 200


def test_health_answers_anyone_and_readiness_names_what_is_missing(site: Site):
    assert site.anonymous().get("/healthz").json == {"process": "web", "ok": True}
    answer = site.anonymous().get("/readyz")
    assert (answer.status_code, answer.json["checks"]) == (200, {"database": True, "redis": True})


def test_metrics_are_for_this_machine_or_the_token(site: Site):
    browser, far = site.anonymous(), {"REMOTE_ADDR": "10.0.0.9"}
    assert "ioc_web_requests_total" in browser.get("/metrics").text
    assert browser.get("/metrics", environ_base=far).status_code == 401
    assert browser.get("/metrics", environ_base=far, headers={"Authorization": "Bearer "}).status_code == 401


def test_metrics_open_to_the_right_token_from_elsewhere(small_app, settings):
    app = small_app()
    desk = web.guard(app.server, settings.model_copy(update={"metrics_token": SecretStr("letmein")}), lambda: T0)
    browser, far = app.server.test_client(), {"REMOTE_ADDR": "10.0.0.9"}
    wrong = browser.get("/metrics", environ_base=far, headers={"Authorization": "Bearer letmeout"})
    right = browser.get("/metrics", environ_base=far, headers={"Authorization": "Bearer letmein"})
    assert (wrong.status_code, right.status_code) == (401, 200)
    desk.close()


def test_an_unknown_interface_is_404_in_the_one_error_shape(site: Site):
    answer = site.signed_in("duty").get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json["error"]["code"] == "not_found"
