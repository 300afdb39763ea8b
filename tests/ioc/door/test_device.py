"""A device on a wall never sees the sign-in page: a code, a wall, or a code again."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient

from ioc.services.screen_devices import CODE_MS, RENEWED_MS, devices
from metrics import keys

from .conftest import ORIGIN, Site, post

pytestmark = pytest.mark.service


def code(browser: FlaskClient) -> str:
    """The code on the page of a device."""
    answer = browser.get("/enrol")
    assert answer.status_code == 200
    found = re.search(r'id="code">([0-9A-Z]{4}-[0-9A-Z]{4})<', answer.text)
    assert found, answer.text
    return found[1]


def look(browser: FlaskClient) -> Any:
    answer = browser.post("/enrol", json={}, headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    return answer.json


def enrolled(site: Site) -> FlaskClient:
    """A device that shows `main`."""
    device = site.anonymous()
    body = {"code": code(device), "screen": "main"}
    assert post(site.signed_in("sysadmin"), "/screens/devices/approve", body).status_code == 200
    assert look(device) == {"state": "approved", "to": "/wall?screen=main"}
    return device


def test_a_code_waits_on_a_page_of_its_own_until_it_is_approved(site: Site):
    device = site.anonymous()
    first = code(device)
    assert code(device) == first  # reloading is no new code
    assert look(device)["code"] == first
    body = {"code": first.lower(), "screen": "main"}
    assert post(site.signed_in("sysadmin"), "/screens/devices/approve", body).status_code == 200
    assert look(device)["state"] == "approved"
    assert device.get("/wall?screen=main").status_code == 200
    session = device.get("/api/v1/session").json
    assert (session["device"], session["roles"]) == (True, ["wall"])


def test_a_code_that_is_over_is_replaced_without_a_new_page(site: Site):
    device = site.anonymous()
    first = code(device)
    site.clock.now_ms += CODE_MS
    second = look(device)
    assert (second["state"], second["code"] != first) == ("waiting", True)


def test_the_cookies_are_out_of_reach_of_scripts_and_the_page_runs_only_ours(site: Site):
    answer = site.anonymous().get("/enrol")
    cookie = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith("ioc_device="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"


def test_new_codes_are_limited_for_each_address_and_the_page_waits_for_its_turn(site: Site):
    codes = [re.search(r'id="code">([^<]+)<', site.anonymous().get("/enrol").text)[1] for _ in range(7)]
    assert (len(set(codes)), codes[-1]) == (7, "····-····")
    assert site.anonymous().post("/enrol", json={}, headers={"Origin": ORIGIN}).status_code == 429
    site.clock.advance(minutes=1)
    assert code(site.anonymous())


def test_a_device_without_a_session_comes_back_to_its_wall_by_itself(site: Site):
    device = enrolled(site)
    device.delete_cookie("ioc_session", domain="127.0.0.1")
    answer = device.get("/wall/traffic?screen=main")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/wall/traffic?screen=main")
    assert device.get("/wall?screen=main").status_code == 200
    device.delete_cookie("ioc_session", domain="127.0.0.1")
    assert device.get("/sign-in?next=/wall?screen=main").headers["Location"] == "/wall?screen=main"


def test_wherever_a_device_begins_it_ends_at_its_wall(site: Site):
    device = enrolled(site)
    assert [device.get(path).headers.get("Location") for path in ("/", "/wall", "/sign-in", "/enrol")] == [
        "/wall?screen=main", "/wall?screen=main", "/wall", "/wall?screen=main",
    ]  # fmt: skip


def test_a_session_of_a_device_is_renewed_daily_without_anybody(site: Site):
    device = enrolled(site)
    before = device.get_cookie("ioc_session", domain="127.0.0.1").value
    site.clock.now_ms += RENEWED_MS
    answer = device.get("/wall?screen=main")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/wall?screen=main")
    assert device.get_cookie("ioc_session", domain="127.0.0.1").value != before
    assert device.get("/wall?screen=main").status_code == 200
    site.clock.now_ms += 400 * RENEWED_MS
    assert device.get("/wall?screen=main").status_code == 303
    assert device.get("/wall?screen=main").status_code == 200


def test_a_revoked_device_shows_a_new_code_within_seconds_and_its_sockets_close(site: Site, redis_client: redis.Redis):
    device = enrolled(site)
    assert (
        device.post("/api/v1/ticket", json={"topics": ["screens/main"]}, headers={"Origin": ORIGIN}).status_code == 200
    )
    session = redis_client.keys(keys.session("*"))
    row = next(each for each in devices(site.desk.store, site.clock()) if each.state == "approved")
    admin = site.signed_in("sysadmin")
    before = set(redis_client.keys(keys.session("*")))
    assert post(admin, "/screens/devices/revoke", {"id": row.id}).status_code == 200
    gone = before - set(redis_client.keys(keys.session("*")))
    assert len(gone) == 1  # the gateway closes its sockets at its next look
    assert gone <= set(session)
    site.clock.advance(seconds=2)
    for path in ("/wall?screen=main", "/sign-in", "/"):
        assert device.get(path).headers["Location"] == "/enrol"
    assert code(device)
    assert device.get("/_dash-layout").status_code == 401


def test_at_another_address_a_device_is_nobody(site: Site):
    device = enrolled(site)
    elsewhere = {"REMOTE_ADDR": "10.9.9.9"}
    answer = device.get("/wall?screen=main", environ_overrides=elsewhere)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/enrol")
    ticket = device.post("/api/v1/ticket", json={}, headers={"Origin": ORIGIN}, environ_overrides=elsewhere)
    assert ticket.status_code == 401
    assert device.get("/wall?screen=main").status_code == 200  # at home it goes on


def test_a_device_reads_its_screen_and_changes_nothing(site: Site):
    device = enrolled(site)
    allowed = device.post("/api/v1/ticket", json={"topics": ["screens/main"]}, headers={"Origin": ORIGIN})
    other = device.post("/api/v1/ticket", json={"topics": ["screens/hall"]}, headers={"Origin": ORIGIN})
    assert (allowed.status_code, other.status_code) == (200, 403)
    assert device.get("/duty").status_code == 403
    assert device.get("/api/v1/screens").status_code == 403
    assert post(device, "/screens/main/claim", {"right": "leader"}).status_code == 403


def test_a_person_who_is_not_signed_in_still_comes_to_the_sign_in_page(site: Site):
    stranger = site.anonymous()
    code(stranger)  # looking at a code makes no device of a browser
    assert stranger.get("/wall").headers["Location"].startswith("/sign-in")
    assert stranger.get("/sign-in").status_code == 200


def test_the_worker_and_the_script_are_public_and_say_nothing(site: Site):
    worker = site.anonymous().get("/wall-worker.js")
    assert (worker.status_code, worker.headers["Service-Worker-Allowed"]) == (200, "/")
    assert worker.mimetype == "text/javascript"
    assert site.anonymous().get("/enrol.js").status_code == 200
