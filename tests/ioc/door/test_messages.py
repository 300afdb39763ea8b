"""A message is answered by whom it is for, on screen or by its link, and by nobody else."""

from __future__ import annotations

import pytest

from ioc.queries import messages as told
from ioc.queries.audit import newest
from ioc.services import messages
from ioc.services.messages import Draft

from .conftest import ORIGIN, T0, Site, post

pytestmark = pytest.mark.service
MARKUP = "<img src=x onerror=alert(1)>"


def write(site: Site, recipient: str) -> tuple[str, str]:
    with site.desk.store.write() as unit:
        draft = Draft(recipient, "escalation", "duty", f"标题{MARKUP}", f"正文{MARKUP}\nText", asks=True)
        message_id = messages.write(unit, draft, [recipient], lambda *_: (), T0)[0]
        return message_id, messages.link(unit, message_id, T0)


def test_a_duty_officer_answers_what_is_for_the_desk_and_a_leader_does_not_see_it(site: Site):
    message, _ = write(site, "role:duty")
    path = f"/messages/{message}/answer"
    assert post(site.signed_in("leader"), path).status_code == 404
    assert post(site.signed_in("analyst"), path).status_code == 403
    answer = post(site.signed_in("duty"), path)
    assert (answer.status_code, answer.json["answered_by"]) == (200, "duty")
    assert post(site.signed_in("duty"), "/messages/none/answer").status_code == 404


def test_a_link_shows_its_message_as_text_and_counts_once_its_button_is_pressed(site: Site):
    message, token = write(site, "post:subdistrict:440303003")
    browser = site.anonymous()
    shown = browser.get(f"/receipt/{token}")
    assert (shown.status_code, MARKUP in shown.text, "已收到" in shown.text) == (200, False, True)
    assert told.newest(site.desk.store)[0].answered_ms is None
    pressed = browser.post(f"/receipt/{token}", data={}, headers={"Origin": ORIGIN})
    assert (pressed.status_code, "已回执" in pressed.text) == (200, True)
    found = told.newest(site.desk.store)[0]
    assert (found.id, found.answered_by, found.answered_how) == (message, "post:subdistrict:440303003", "link")
    assert newest(site.desk.store)[0].actor == "post:subdistrict:440303003"
    assert browser.get("/receipt/nope").status_code == 410


def test_a_foreign_page_cannot_press_the_button(site: Site):
    _, token = write(site, "role:duty")
    answer = site.anonymous().post(f"/receipt/{token}", data={}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_response_level_takes_its_authority_at_the_door(site: Site):
    duty, leader = site.signed_in("duty"), site.signed_in("leader")
    body = {"act": "start", "level": 3, "why": "红色暴雨", "version": 0}
    assert (post(duty, "/responses/flood", body).status_code, post(leader, "/responses/flood", body).status_code) == (
        403,
        200,
    )
    late = post(leader, "/responses/flood", {**body, "act": "raise", "level": 4})
    assert (late.status_code, late.json["error"]["field"]) == (409, "version")
    assert post(leader, "/responses/nope", body).status_code == 404
    assert post(leader, "/responses/flood", {"level": "3"}).status_code == 400
    assert post(site.signed_in("analyst"), "/responses/flood", body).status_code == 403


def test_a_duty_officer_sends_an_order_by_hand_and_what_is_wrong_is_named(site: Site):
    duty = site.signed_in("duty")
    body = {"title": MARKUP, "body": "正文", "to": ["unit:u1"], "key": "abcdefgh"}
    assert len(post(duty, "/messages", body).json["messages"]) == 1
    assert post(duty, "/messages", body).json["messages"] == []
    refused = post(duty, "/messages", {**body, "to": "u1"})
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "to")
    assert post(duty, "/messages", {**body, "dossier": "none"}).status_code == 404
    assert post(site.signed_in("leader"), "/messages", body).status_code == 403
