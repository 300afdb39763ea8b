"""What surrounds a dossier, at the door: duplicates in words, merging and parting, who looks, regions apart."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received

from .conftest import T0, Site, post
from .test_alarms import cards, raised
from .test_incidents import officer

pytestmark = pytest.mark.service
CYCLE = handling().cycles["incident"]


def received(site: Site, title: str, minutes: int = 0, region: str = "440303003") -> str:
    what = Received("incident", title, T0 - minutes * 60_000, class_="accident", region=region, lon=114.131, lat=22.562)
    return dossiers.receive(site.desk.store, CYCLE, what, by="wang", now_ms=T0).id


def around(browser: Any, name: str) -> Any:
    return browser.get(f"/api/v1/incidents/{name}/relations").json


def test_what_may_be_the_same_thing_is_told_in_words_merged_by_a_person_and_parted_again(site: Site):
    one, other = received(site, "翠竹路树倒压车"), received(site, "翠竹路大树倒下压车", 5)
    received(site, "水贝小区停电", 400)
    li = officer(site, "li")
    [like] = around(li, one)["alike"]
    assert (like["id"], [why[1] for why in like["why"]][:2]) == (other, ["0 m apart", "5 min apart"])
    merged = {"version": 1, "merged": other, "merged_version": 1}
    assert post(li, f"/api/v1/incidents/{one}/merge", merged).json["row"]["version"] == 2
    late = post(li, f"/api/v1/incidents/{one}/merge", merged)
    assert (late.status_code, late.json["error"]["code"]) == (409, "outdated")
    assert [each["id"] for each in around(li, one)["merged"]] == [other]
    assert around(li, other)["into"]["id"] == one
    assert post(li, f"/api/v1/incidents/{other}/split", {"version": 2}).json["row"]["ended"] is None
    assert around(li, one)["merged"] == []


def test_linked_alarms_and_what_the_ladder_does_next_stand_with_an_incident(site: Site):
    raised(site, "a1")
    li = officer(site, "li")
    made = post(li, f"/api/v1/alarms/cards/{cards(li)[0]['id']}/incident").json["row"]["id"]
    told = around(li, made)
    assert [(each["level"], each["stands"], each["value"]) for each in told["alarms"]] == [(3, True, 41.0)]
    assert [each["due"] is not None for each in told["coming"]][:1] == [True]
    assert told["coming"][0]["tells"][0] == ["值班员", "duty officers"]


def test_two_who_look_at_one_are_told_of_each_other_and_others_see_nothing(site: Site):
    one = received(site, "翠竹路树倒压车")
    li, wang, far = officer(site, "li"), officer(site, "wang"), officer(site, "zhao", "440303001")
    assert li.get(f"/api/v1/incidents/{one}/viewers").json["viewers"] == []
    assert [each["name"] for each in wang.get(f"/api/v1/incidents/{one}/viewers").json["viewers"]] == ["li"]
    assert far.get(f"/api/v1/incidents/{one}/relations").status_code == 404
    assert far.get(f"/api/v1/incidents/{one}/viewers").status_code == 404
    body = {"version": 1, "merged": one, "merged_version": 1}
    assert post(site.signed_in("leader"), f"/api/v1/incidents/{one}/merge", body).status_code == 403


def test_a_message_that_reached_nobody_is_sent_again_and_an_answered_one_is_not(site: Site):
    one, li = received(site, "翠竹路树倒压车"), officer(site, "li")
    order = {"title": "请报现场", "body": "", "to": ["duty"], "asks": True, "dossier": one, "key": "abcdefgh"}
    [name] = post(li, "/messages", order).json["messages"]
    assert post(li, f"/messages/{name}/again").status_code == 200
    assert post(li, "/messages/unknown/again").status_code == 404
    assert post(officer(site, "zhao", "440303001"), f"/messages/{name}/again").status_code == 404
    assert post(li, f"/messages/{name}/answer").status_code == 200
    assert post(li, f"/messages/{name}/again").status_code == 409


def test_a_response_is_ended_by_ending_it_and_never_by_lowering_it_to_nothing(site: Site):
    leader = site.signed_in("leader")
    [flood] = [each for each in leader.get("/responses").json["responses"] if each["plan"] == "flood"]
    assert (flood["level"], ["start", 1] in flood["may"]) == (0, True)
    start = {"act": "start", "level": 1, "why": "暴雨", "version": 0}
    assert post(leader, "/responses/flood", start).json["level"] == 1
    low = post(leader, "/responses/flood", {"act": "lower", "level": 0, "why": "雨停", "version": 1})
    assert (low.status_code, low.json["error"]["field"]) == (400, "act")
    assert post(leader, "/responses/flood", {"level": 0, "why": "雨停", "version": 1}).status_code == 400
    [flood] = [each for each in leader.get("/responses").json["responses"] if each["plan"] == "flood"]
    assert (flood["level"], flood["mark"], ["end", 0] in flood["may"]) == (1, "Ⅳ", True)
    assert post(leader, "/responses/flood", {"act": "end", "level": 0, "why": "雨停", "version": 1}).json["level"] == 0
