"""Alarms at the door of the duty desk: who may see them, one who acknowledges, the other told, regions apart."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ioc.packs.alarm_desk import shipped_rules
from ioc.services.alarm_intake import take
from metrics.alarm_event import AlarmEvent

from .conftest import T0, Site, post
from .test_incidents import officer

pytestmark = pytest.mark.service


def raised(site: Site, name: str, region: str = "440303003", level: str = "orange") -> None:
    event = AlarmEvent.from_json(
        f'{{"at":{T0},"begun":{T0},"condition":"level","dims":[],"fingerprint":"{name}","id":"{name}:0","indicator":"E3",'
        f'"kind":"raised","level_after":"{level}","level_before":null,"limit":25.0,"number":0,"origin":"real",'
        f'"quality":"complete","region":"{region}","revision":0,"samples":3,"v":1,"value":41.0,"version":1,'
        f'"window_end":{T0},"window_start":{T0 - 60_000},"world":"live","z":null}}'
    )
    with site.desk.store.write() as unit:
        take(unit, shipped_rules(), "live", 0, [event], T0)


def cards(browser: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.get("/api/v1/alarms").json["cards"]
    return found


def test_one_acknowledges_a_card_and_the_other_finds_it_done(site: Site):
    raised(site, "a1")
    li, wang = officer(site, "li"), officer(site, "wang")
    [card] = cards(li)
    assert (card["waiting"], card["level"], "acknowledge" in card["can"]) == (1, 3, True)
    done = post(li, "/api/v1/alarms/acknowledge", {"card": card["id"]}).json
    assert len(done["done"]) == 1
    late = post(wang, "/api/v1/alarms/acknowledge", {"card": card["id"]}).json
    assert (late["done"], [each["by"] for each in late["refused"].values()]) == ([], ["li"])
    assert cards(wang)[0]["waiting"] == 0
    back = post(li, "/api/v1/alarms/take-back", {"card": card["id"]}).json
    assert len(back["done"]) == 1


def test_a_card_is_covered_with_a_reason_and_a_time_and_uncovered(site: Site):
    raised(site, "a1")
    li = officer(site, "li")
    cover = {"card": cards(li)[0]["id"], "kind": "DSUPR", "reason": "检修", "minutes": None}
    for field, wrong in (("reason", " "), ("kind", "NORM"), ("minutes", "30")):
        answer = post(li, "/api/v1/alarms/cover", {**cover, field: wrong})
        assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert len(post(li, "/api/v1/alarms/cover", cover).json["done"]) == 1
    [line] = cards(li)[0]["alarms"]
    assert line["cover"] == {"kind": "DSUPR", "why": "检修", "by": "li", "until": None}
    assert len(post(li, "/api/v1/alarms/uncover", {"card": cover["card"]}).json["done"]) == 1
    assert post(li, "/api/v1/alarms/uncover", {"card": cover["card"]}).status_code == 404


def test_the_load_and_the_worst_points_are_told_and_those_of_other_regions_are_not(site: Site):
    raised(site, "a1")
    told = officer(site, "li").get("/api/v1/alarms").json
    assert (told["now"], told["load"]["spans"], [each[1] for each in told["load"]["slots"]]) == (1.0, 1, [1.0])
    assert [(each["count"], each["share"]) for each in told["bad_actors"]] == [(1, 1.0)]
    assert officer(site, "wang", "440303001").get("/api/v1/alarms").json["bad_actors"] == []


def test_a_leader_looks_and_does_nothing_and_another_region_is_not_there(site: Site):
    raised(site, "a1")
    leader, wang = site.signed_in("leader"), officer(site, "wang", "440303001")
    [card] = cards(leader)
    assert post(leader, "/api/v1/alarms/acknowledge", {"card": card["id"]}).status_code == 403
    assert cards(wang) == []
    assert post(wang, "/api/v1/alarms/acknowledge", {"card": card["id"]}).status_code == 404
    assert site.signed_in("analyst").get("/api/v1/alarms").status_code == 403
