"""The roster, handovers, supplies and shelters at the door: who may look, who may change, what is refused by name."""

from __future__ import annotations

import pytest

from .conftest import T0, Site, post
from .test_incidents import officer

pytestmark = pytest.mark.service
HOUR = 3_600_000


def test_an_officer_plans_shifts_hands_over_and_the_taker_signs(site: Site):
    li, wang = officer(site, "li"), officer(site, "wang")
    shift = {"person": "li", "role": "duty", "start": T0, "end": T0 + 8 * HOUR, "post": "应急席"}
    (made,) = post(li, "/api/v1/roster/shifts", shift).json["shifts"]
    page = li.get("/api/v1/roster").json
    assert (page["now"], [each["id"] for each in page["shifts"]], page["me"]) == ({"duty": ["Li"]}, [made], "li")
    refused = post(li, "/api/v1/roster/shifts", shift | {"start": T0 + HOUR})
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "1.start")
    assert post(li, "/api/v1/roster/shifts", {"person": "li"}).json["error"]["rule"] == "type"
    handed = post(li, "/api/v1/roster/handovers", {"taker": "wang", "note": "无"}).json["id"]
    assert post(li, f"/api/v1/roster/handovers/{handed}/sign").status_code == 404
    assert post(wang, f"/api/v1/roster/handovers/{handed}/sign").json == {"signed": 1}
    assert post(li, f"/api/v1/roster/shifts/{made}/remove").json == {"removed": 1}
    assert post(li, "/api/v1/roster/undo").json == {"undone": 1}
    wrong = post(li, "/api/v1/roster/import", {"csv": "person,role,start,end\nli,duty,x,y\n"})
    assert wrong.json["error"]["message_zh"].count("\n") == 1


def test_supplies_are_issued_and_shelters_take_people_in(site: Site):
    li = officer(site, "li")
    given = {"kind": "supply", "zh": "沙袋", "planned": 100, "least": 40}
    (bags,) = post(li, "/api/v1/means/items", given).json["items"]
    path = f"/api/v1/means/items/{bags}"
    assert post(li, f"{path}/move", {"movement": "receive", "amount": 50, "key": "receive-1"}).json == {"amount": 50}
    assert post(li, f"{path}/move", {"movement": "issue", "amount": 20, "key": "issue-001"}).json == {"amount": 30}
    short = post(li, f"{path}/move", {"movement": "issue", "amount": 31, "key": "issue-002"})
    assert (short.status_code, short.json["error"]["message_zh"]) == (400, "只有 30。")
    (item,) = li.get("/api/v1/means").json["items"]
    assert (item["amount"], item["low"]) == (30, True)
    assert [each["delta"] for each in li.get(f"{path}/movements").json["movements"]] == [-20, 50]
    assert post(li, "/api/v1/means/import", {"csv": "kind,zh,planned\nshelter,体育馆,100\n"}).json == {"items": 1}
    assert post(li, "/api/v1/means/undo").json == {"undone": 1}
    assert post(li, f"{path}/remove").json == {"removed": 1}
    assert li.get("/api/v1/means").json["items"] == []


def test_a_leader_looks_at_supplies_and_plans_shifts_and_others_see_nothing(site: Site):
    leader = site.signed_in("leader")
    assert (leader.get("/api/v1/means").json["may_edit"], leader.get("/api/v1/roster").json["may_edit"]) == (
        False,
        True,
    )
    given = {"kind": "supply", "zh": "沙袋", "planned": 100}
    assert post(leader, "/api/v1/means/items", given).status_code == 403
    assert post(leader, "/api/v1/roster/handovers", {"taker": "li", "note": "x"}).status_code == 403
    for role in ("analyst", "wall", "sysadmin"):
        assert site.signed_in(role).get("/api/v1/roster").status_code == 403
    assert site.anonymous().get("/api/v1/means").status_code == 401
