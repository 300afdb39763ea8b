"""The workbench at the door: who may look, who may rehearse, and what a wrong question is told."""

from __future__ import annotations

import pytest

from metrics import keys

from .conftest import Site, post

pytestmark = pytest.mark.service

PATH = "/api/v1/workbench/indicators/E3/rehearsals"
ASK = "/api/v1/workbench/indicators/E3/rehearse"
ASKED = {"thresholds": "yellow=12,orange=15,red=25", "days": 7}


@pytest.mark.parametrize("role", ["wall", "leader", "duty", "sysadmin", "secadmin", "auditor"])
def test_only_analysts_see_and_ask(site: Site, role: str) -> None:
    client = site.signed_in(role)
    assert (client.get(PATH).status_code, post(client, ASK, ASKED).status_code) == (403, 403)


def test_a_rehearsal_is_asked_for_followed_and_cancelled(site: Site) -> None:
    client = site.signed_in("analyst")
    made = post(client, ASK, ASKED).json
    assert (made["state"], made["by"], made["world"]) == ("waiting", "analyst", "live")
    assert made["thresholds"] == ASKED["thresholds"]
    assert site.desk.client.get(keys.REHEARSALS) == b"1"  # somebody is called to carry it out
    assert [one["id"] for one in client.get(PATH).json["rehearsals"]] == [made["id"]]
    site.desk.client.delete(keys.REHEARSALS)
    assert client.get(f"/api/v1/workbench/rehearsals/{made['id']}").json["state"] == "waiting"
    assert site.desk.client.get(keys.REHEARSALS) == b"1"  # and again while it waits
    assert post(client, f"/api/v1/workbench/rehearsals/{made['id']}/cancel").json["state"] == "cancelled"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"thresholds": "yellow=25,red=12"}, "thresholds"), ({"thresholds": "pink=3"}, "thresholds"),
     ({"thresholds": 3}, "thresholds"), ({"thresholds": ""}, "thresholds"), ({"days": 91}, "days"),
     ({"days": "7"}, "days"), ({"days": True}, "days"), ({"more": 1}, "")],
)  # fmt: skip
def test_a_wrong_question_is_told_with_its_field(site: Site, changes: dict[str, object], field: str) -> None:
    answer = post(site.signed_in("analyst"), ASK, ASKED | changes)
    assert (answer.status_code, answer.json["error"].get("field")) == (400, field)


def test_what_is_not_there_is_said_so(site: Site) -> None:
    client = site.signed_in("analyst")
    assert client.get(PATH.replace("E3", "E99")).status_code == 404
    assert client.get("/api/v1/workbench/rehearsals/abc").status_code == 404
