"""Plans over HTTP: started for an incident, a step with its evidence, drafts published by who may."""

from __future__ import annotations

from typing import Any

import pytest

from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received

from .conftest import T0, Site, post

pytestmark = pytest.mark.service


def flooded(site: Site, region: str = "440303003") -> str:
    what = Received("incident", "东门老街内涝", T0, class_="natural", level=2, region=region)
    return dossiers.receive(site.desk.store, handling().cycles["incident"], what, by="li", now_ms=T0).id


def step(run: Any, name: str) -> Any:
    return next(each for each in run["steps"] if each["id"] == name)


def test_a_plan_is_started_a_step_done_with_its_evidence_and_taken_back(site: Site):
    officer, incident = site.signed_in("duty"), flooded(site)
    offered = officer.get(f"/api/v1/plans?dossier={incident}").json["plans"]
    assert [each["id"] for each in offered if each["fits"]] == ["building", "flood", "typhoon"]
    run = post(officer, "/api/v1/plans/flood/start", {"dossier": incident}).json["run"]
    assert (run["phase"], run["title"], step(run, "verify")["phase"]) == ("running", "东门老街内涝", "open")
    path = f"/api/v1/plans/runs/{run['id']}/steps/verify"
    wrong = post(officer, path, {"do": "complete", "said": {"depth_cm": "deep", "trapped": 0}})
    assert (wrong.status_code, wrong.json["error"]["field"]) == (400, "depth_cm")
    done = post(officer, path, {"do": "complete", "said": {"depth_cm": 30, "trapped": 0, "road": "翠竹路"}}).json["run"]
    assert step(done, "verify")["said"][0] == {
        "name": "depth_cm", "zh": "最深积水", "en": "deepest water", "unit": "cm", "value_zh": 30, "value_en": 30,
    }  # fmt: skip
    assert step(done, "close_road")["receipts"] == {"answered": 0, "asked": 1}
    assert [step(done, name)["phase"] for name in ("close_road", "evacuate")] == ["open", "omitted"]
    again = post(officer, path, {"do": "complete", "said": {"depth_cm": 30, "trapped": 0}})
    assert (again.status_code, again.json["error"]["field"]) == (409, "state")
    back = post(officer, path, {"do": "take_back"}).json["run"]
    assert [each["event"] for each in back["events"]] == ["start", "complete", "take_back"]
    listed = officer.get(f"/api/v1/plans/runs?dossier={incident}").json["runs"]
    assert [(each["plan"], each["done"]) for each in listed] == [("flood", 1)]
    ended = post(officer, f"/api/v1/plans/runs/{run['id']}/cancel", {"why": "误启动"}).json["run"]
    assert (ended["phase"], ended["why"]) == ("cancelled", "误启动")


def test_a_draft_is_looked_over_kept_and_published_by_who_may_and_a_former_version_comes_back(site: Site):
    officer, leader = site.signed_in("duty"), site.signed_in("leader")
    text = officer.get("/api/v1/plans/flood").json["text"]
    wrong = post(
        officer, "/api/v1/plans/flood/check", {"text": text.replace('owner = "leaders"', 'owner = "x"', 1)}
    ).json
    assert (text.split("\n")[wrong["faults"][0]["line"] - 1], wrong["differs"]) == ('owner = "leaders"', [])
    other = text.replace('within = { 0 = "15m", 3 = "8m" }', 'within = "12m"')
    told = post(officer, "/api/v1/plans/flood/check", {"text": other}).json
    assert told == {
        "faults": [],
        "differs": [{"step": "respond", "zh": "启动防汛响应：改变时限", "en": "start the flood response: other clock"}],
    }
    kept = post(officer, "/api/v1/plans/flood/draft", {"text": other, "revision": 0}).json
    assert (kept["draft"]["revision"], kept["version"]) == (1, 0)
    assert post(officer, "/api/v1/plans/flood/draft", {"text": "", "revision": 0}).status_code == 409
    publish = {"revision": 1, "note": "缩短时限"}
    assert post(officer, "/api/v1/plans/flood/publish", publish).status_code == 403
    published = post(leader, "/api/v1/plans/flood/publish", publish).json
    assert (published["version"], [each["version"] for each in published["versions"]]) == (1, [1, 0])
    run = post(officer, "/api/v1/plans/flood/start", {"dossier": flooded(site)}).json["run"]
    back = post(leader, "/api/v1/plans/flood/restore", {"version": 0, "newest": 1}).json
    assert (back["version"], back["text"], back["versions"][0]["restores"]) == (2, text, 0)
    assert officer.get(f"/api/v1/plans/runs/{run['id']}").json["run"]["version"] == 1
    broken = {"text": "[plan]\nid = 'flood'", "revision": 0}
    post(officer, "/api/v1/plans/flood/draft", broken)
    refused = post(leader, "/api/v1/plans/flood/publish", {"revision": 1, "note": "x"})
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "text")


def test_the_list_tells_the_rules_of_each_plan_in_both_languages(site: Site):
    listed = site.signed_in("duty").get("/api/v1/plans").json["plans"]
    flood = next(each for each in listed if each["id"] == "flood")
    assert [start["zh"] for start in flood["starts"]] == [
        "人工启动", "自然灾害事件，Ⅲ 级及以上，含 暴雨、内涝、积水、水浸、山洪", "指标 E3 达橙色", "防汛响应达 Ⅳ 级",
    ]  # fmt: skip
    assert flood["starts"][2]["en"] == "E3 reaches orange"


def test_who_may_not_see_the_incident_sees_none_of_its_runs(site: Site):
    officer, incident = site.signed_in("duty"), flooded(site)
    run = post(officer, "/api/v1/plans/flood/start", {"dossier": incident}).json["run"]
    assert site.signed_in("auditor").get(f"/api/v1/plans/runs/{run['id']}").status_code == 403
    assert officer.get("/api/v1/plans/runs/none").status_code == 404
    assert post(officer, "/api/v1/plans/moon/start", {"dossier": incident}).status_code == 404
