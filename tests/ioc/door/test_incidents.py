"""Incidents at the door: who may look, who may act, what the faster of two does to the other; other regions are 404."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from ioc.packs.handling import handling
from ioc.security.role import Role
from ioc.services import dossiers, people
from ioc.services.api_tokens import add_token
from ioc.services.dossiers import Received

from .conftest import T0, Site, post

pytestmark = pytest.mark.service

FLOW = handling()
PASSWORD = "Correct-horse-7-battery"


def opened(site: Site, title: str = "东门积水", **more: Any) -> str:
    cycle = FLOW.cycles["incident"]
    return dossiers.receive(site.desk.store, cycle, Received("incident", title, T0, **more), by="x", now_ms=T0).id


def officer(site: Site, name: str, *regions: str) -> FlaskClient:
    people.add_person(site.desk.store, name, [Role.DUTY], PASSWORD, T0, title=name.title())
    if regions:
        people.set_regions(site.desk.store, name, regions, T0)
    browser = site.anonymous()
    form = {"name": name, "password": PASSWORD}
    assert browser.post("/sign-in", data=form, headers={"Origin": "http://127.0.0.1:8050"}).status_code == 303
    return browser


def act(browser: FlaskClient, name: str, move: str, version: int, **said: Any) -> Any:
    return post(browser, f"/api/v1/incidents/{name}/moves", {"move": move, "version": version, "said": said})


def test_an_officer_takes_verifies_and_dispatches(site: Site):
    name, li = opened(site), officer(site, "li")
    listed = li.get("/api/v1/incidents").json
    assert [(row["id"], row["stage"], row["due"]) for row in listed["rows"]] == [(name, "reported", T0 + 300_000)]
    assert post(li, f"/api/v1/incidents/{name}/claim").json["owner_title"] == "Li"
    after = act(li, name, "verify", 2, level=3, **{"class": "natural"}).json
    assert (after["row"]["stage"], after["row"]["level"], after["row"]["class"]) == ("verified", 3, "natural")
    done = act(li, name, "dispatch", 3, units=["消防 02"]).json
    assert [step["move"] for step in done["steps"]] == ["receive", "claim", "verify", "dispatch"]
    assert done["clock_zh"][0] == "可用 10 分，昼夜计时"


def test_the_slower_of_two_is_told_who_was_faster_and_nothing_is_done_twice(site: Site):
    name, li, wang = opened(site), officer(site, "li"), officer(site, "wang")
    assert act(li, name, "void", 1, reason="误报").status_code == 200
    slower = act(wang, name, "verify", 1, level=3, **{"class": "natural"})
    assert (slower.status_code, slower.json["error"]["code"]) == (409, "outdated")
    assert "li" in slower.json["error"]["message_zh"]
    other = opened(site, "second")
    assert post(li, f"/api/v1/incidents/{other}/claim").status_code == 200
    taken = post(wang, f"/api/v1/incidents/{other}/claim")
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "dossier_taken")


def test_a_move_that_lacks_something_names_it_and_one_that_cannot_be_made_says_why(site: Site):
    name, li = opened(site), officer(site, "li")
    missing = act(li, name, "verify", 1, level=2)
    assert (missing.status_code, missing.json["error"]["field"]) == (400, "class")
    assert act(li, name, "close", 1, report="x").json["error"]["code"] == "move_stage"
    assert act(li, name, "nonsense", 1).json["error"]["code"] == "move_unknown"
    assert act(li, name, "raise", 1, level=9, reason="x").json["error"]["field"] == "level"
    wrong = post(li, f"/api/v1/incidents/{name}/moves", {"move": "void", "version": True, "said": {}})
    assert wrong.json["error"]["field"] == "version"
    assert dossiers.find(site.desk.store, name).version == 1


def test_a_leader_reads_and_does_nothing_and_others_do_not_even_read(site: Site):
    name, leader = opened(site), site.signed_in("leader")
    assert leader.get(f"/api/v1/incidents/{name}").json["moves"] == []
    assert post(leader, f"/api/v1/incidents/{name}/claim").status_code == 403
    assert act(leader, name, "void", 1, reason="x").status_code == 403
    for role in ("analyst", "sysadmin", "auditor", "wall"):
        assert site.signed_in(role).get("/api/v1/incidents").status_code == 403
    assert site.anonymous().get("/api/v1/incidents").status_code == 401


def test_the_incidents_of_other_regions_are_not_there(site: Site):
    here, there = opened(site, region="440303003001"), opened(site, region="440303001")
    li = officer(site, "li", "440303003")
    assert [row["id"] for row in li.get("/api/v1/incidents").json["rows"]] == [here]
    assert li.get(f"/api/v1/incidents/{here}").status_code == 200
    assert li.get(f"/api/v1/incidents/{there}").status_code == 404
    assert post(li, f"/api/v1/incidents/{there}/claim").status_code == 404
    assert act(li, there, "void", 1, reason="x").status_code == 404
    assert li.get("/api/v1/incidents/none").status_code == 404


def test_personal_data_are_masked(site: Site):
    name = opened(site, facts={"caller": "张三", "text": "回电 13812348000"})
    assert officer(site, "li").get(f"/api/v1/incidents/{name}").json["facts"] == {
        "caller": "张**", "text": "回电 138****8000",
    }  # fmt: skip


def test_a_program_reads_with_a_token_of_the_scene_and_no_other(site: Site):
    opened(site)
    reads = token(site, "reader", "emergency")
    assert site.anonymous().get("/api/v1/incidents", headers=reads).json["total"] == 1
    other = token(site, "other", "traffic")
    assert site.anonymous().get("/api/v1/incidents", headers=other).status_code == 403
    drill = site.anonymous().get("/api/v1/incidents?world=drill", headers=reads)
    assert (drill.status_code, drill.json["error"]["field"]) == (403, "world")


def token(site: Site, name: str, scene: str) -> dict[str, str]:
    _, text = add_token(site.desk.store, name, T0, reads=[scene])
    return {"Authorization": f"Bearer {text}"}


def test_what_is_asked_wrongly_is_refused_by_name(site: Site):
    li = officer(site, "li")
    assert li.get("/api/v1/incidents?levle=3").json["error"]["field"] == "levle"
    assert li.get("/api/v1/incidents?level=7").status_code == 400
    assert li.get("/api/v1/incidents?world=nowhere").status_code == 404


def test_an_incident_by_hand_is_its_makers_and_comes_with_region_and_place(site: Site):
    li = officer(site, "li")
    body = {"world": "live", "kind": "incident", "title": "翠竹路树倒压车", "class": "accident", "level": 1,
            "region": "440303003", "lon": 114.131, "lat": 22.562, "facts": {"phone": "13812348000"}}  # fmt: skip
    made = post(li, "/api/v1/incidents/by-hand", body)
    assert made.status_code == 201
    row = made.json["row"]
    assert (row["owner"], row["stage"], row["region"], row["lon"]) == ("li", "reported", "440303003", 114.131)
    assert [step["move"] for step in made.json["steps"]] == ["receive", "claim"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"title": ""}, "title"), ({"level": 9}, "level"), ({"level": True}, "level"), ({"region": "x"}, "region"),
     ({"kind": "war"}, "kind"), ({"lon": 999.0}, "lon"), ({"facts": []}, "facts"), ({"colour": "red"}, "")],
)  # fmt: skip
def test_what_is_entered_wrongly_is_refused_by_its_field_and_nothing_is_made(site: Site, change: Any, field: str):
    li = officer(site, "li")
    body = {"world": "live", "kind": "incident", "title": "x", **change}
    answer = post(li, "/api/v1/incidents/by-hand", body)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert li.get("/api/v1/incidents").json["total"] == 0


def test_who_is_there_for_a_region_enters_nothing_for_another(site: Site):
    li = officer(site, "li", "440303003")
    body = {"world": "live", "kind": "incident", "title": "x", "region": "440303001"}
    assert post(li, "/api/v1/incidents/by-hand", body).status_code == 403


def test_the_situation_report_comes_as_a_file_and_only_to_who_may_see_the_incident(site: Site):
    name, li = opened(site, region="440303001"), officer(site, "li")
    made = li.get(f"/api/v1/incidents/{name}/report?format=pdf")
    assert (made.status_code, made.data[:5]) == (200, b"%PDF-")
    assert made.headers["Content-Disposition"] == f'attachment; filename="incident-{name[:8]}.pdf"'
    wang = officer(site, "wang", "440303003")
    assert wang.get(f"/api/v1/incidents/{name}/report").status_code == 404
