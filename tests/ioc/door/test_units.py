"""Units of an incident at the door: proposed with their reasons, sent once, and other regions are 404."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.dossiers import Received
from metrics import keys
from metrics.whereabouts_row import Row

from .conftest import T0, Site, post
from .test_incidents import officer

pytestmark = pytest.mark.service


def world_of_units(site: Site) -> None:
    stand = {"U1": ("fire", 114.121, True), "U2": ("fire", 114.14, True), "U3": ("fire", 114.1205, False),
             "U4": ("medical", 114.13, True), "U5": ("police", 114.12, True)}  # fmt: skip
    for name, (kind, lon, ready) in stand.items():
        row = Row(T0, (round(lon * 1e7), 225_500_000), "440303003", kind, hollow=ready,
                  shows={"kind": kind, "on_post": True, "ready": ready})  # fmt: skip
        site.desk.client.hset(keys.engine("live", "where:emergency/units"), name, msgpack.packb(row.plain()))


def opened(site: Site, **more: Any) -> str:
    what = Received("incident", "高层起火", T0, class_="accident", level=1, **({"lon": 114.12, "lat": 22.55} | more))
    return dossiers.receive(site.desk.store, handling().cycles["incident"], what, by="x", now_ms=T0).id


def test_units_are_proposed_with_reasons_and_sent_with_the_move(site: Site):
    world_of_units(site)
    name, li = opened(site), officer(site, "li")
    told = li.get(f"/api/v1/incidents/{name}/units?limit=10").json
    assert (told["type"]["id"], told["place"], told["version"], told["total"]) == ("fire", "point", 1, 5)
    assert [(line["zh"], line["number"], line["found"]) for line in told["requires"]] == [
        ("灭火（带消防车） 2 支", 2, 2), ("医疗急救 1 支", 1, 1), ("警戒疏导 2 支，尚缺 1 支", 2, 1),
    ]  # fmt: skip
    assert [(unit["unit"], unit["state"], unit["chosen"], unit["why"]["zh"]) for unit in told["units"]] == [
        ("U1", "ready", True, "灭火；有消防车；约 0.1 km、1 分到场"),
        ("U2", "ready", True, "灭火；有消防车；约 2.9 km、7 分到场"),
        ("U4", "ready", True, "医疗急救；约 1.4 km、5 分到场"),
        ("U5", "ready", True, "警戒疏导；约 0.0 km、1 分到场"),
        ("U3", "busy", False, "不可用：正在出动"),
    ]
    assert told["units"][0]["name"] == {"zh": "消防 U1", "en": "fire brigade U1"}
    sent = post(li, f"/api/v1/incidents/{name}/units", {"units": ["U1", "U5"], "version": 1, "key": "abcdefgh"})
    assert sent.status_code == 200, sent.json
    assert (sent.json["row"]["stage"], sorted(each["recipient"] for each in sent.json["messages"])) == (
        "dispatched", ["unit:U1", "unit:U5"],
    )  # fmt: skip
    again = post(li, f"/api/v1/incidents/{name}/units", {"units": ["U1", "U5"], "version": 1, "key": "abcdefgh"})
    assert (again.status_code, again.json["row"]["version"]) == (200, 2)
    late = post(li, f"/api/v1/incidents/{name}/units", {"units": ["U1"], "version": 1})
    assert (late.status_code, late.json["error"]["code"]) == (409, "outdated")


def test_who_may_not_handle_it_sends_nobody_and_of_other_regions_there_is_none(site: Site):
    name, leader = opened(site, region="440303001"), site.signed_in("leader")
    assert leader.get(f"/api/v1/incidents/{name}/units").json["total"] == 0
    assert post(leader, f"/api/v1/incidents/{name}/units", {"units": ["U1"], "version": 1}).status_code == 403
    li = officer(site, "li", "440303003")
    assert li.get(f"/api/v1/incidents/{name}/units").status_code == 404
    assert post(li, f"/api/v1/incidents/{name}/units", {"units": ["U1"], "version": 1}).status_code == 404


def test_without_a_place_the_middle_of_the_subdistrict_is_taken_and_what_is_wrong_is_named(site: Site):
    world_of_units(site)
    li = officer(site, "li")
    places = [li.get(f"/api/v1/incidents/{opened(site, lon=None, lat=None, region=code)}/units").json["place"]
              for code in ("440303003001", "440303", "")]  # fmt: skip
    assert places == ["region", "none", "none"]
    name = opened(site)
    for body, field in (({"units": "U1", "version": 1}, "units"), ({"units": ["U1"], "version": "1"}, "version"),
                        ({"units": [], "version": 1}, "units")):  # fmt: skip
        refused = post(li, f"/api/v1/incidents/{name}/units", body)
        assert (refused.status_code, refused.json["error"]["field"]) == (400, field)


def test_the_office_that_is_proposed_comes_with_the_incident_and_can_be_refused(site: Site):
    li = officer(site, "li")
    body = {"world": "live", "kind": "case", "title": "下水道堵塞，路面积水", "region": "440303003"}
    made = post(li, "/api/v1/incidents/by-hand", body).json
    assert made["proposed"] == {
        "office": {"id": "water", "zh": "区水务局", "en": "Water Bureau"}, "confidence": None, "by": "rules",
        "state": "open",
        "why": [{"zh": "积水、排水与供水归水务", "en": "water on roads, drains and supply belong to the water bureau"},
                {"zh": "提及积水、下水道", "en": "积水、下水道 is mentioned"}],
    }  # fmt: skip
    path = f"/api/v1/incidents/{made['row']['id']}/office/refuse"
    assert post(li, path, {"why": "权属在街道"}).json["proposed"]["state"] == "refused"
    assert post(li, path, {"why": "权属在街道"}).json["error"]["field"] == "proposal"
