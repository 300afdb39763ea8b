"""The wall of emergency command reads steps, orders and moments, and no more of them than a wall may show."""

from __future__ import annotations

import pytest

from ioc.domain.response import ResponsePlan
from ioc.packs.content import load
from ioc.packs.handling import handling
from ioc.packs.responses import response_plans
from ioc.services import dossiers, plan_runs
from ioc.services.responses import order
from tests.ioc.door.conftest import Site

pytestmark = pytest.mark.service


def plan() -> ResponsePlan:
    return response_plans(load())["flood"]


def test_a_world_without_plans_and_orders_says_that_there_are_none(site: Site) -> None:
    said = site.signed_in("wall").get("/api/v1/command").get_json()
    assert (said["runs"], said["orders"], said["moments"]) == ([], [], [])


def test_an_order_is_told_with_its_level_and_time_and_without_the_account(site: Site) -> None:
    now = site.desk.clock()
    rights = {"response.order", "response.command"}
    order(site.desk.store, plan(), 3, why="暴雨", version=0, permissions=rights, by="somebody", now_ms=now)
    answer = site.signed_in("wall").get("/api/v1/command")
    assert answer.get_json()["orders"] == [{"plan": "flood", "level": 3, "since": now, "by": ""}]
    moments = answer.get_json()["moments"]
    assert [(each["kind"], each["lv"], each["at"]) for each in moments] == [("response", "orange", now)]
    assert "somebody" not in answer.text


def test_steps_are_told_with_owner_and_clock_and_nothing_that_anybody_entered(site: Site) -> None:
    now, tables = site.desk.clock(), handling()
    what = dossiers.Received("incident", "张三 13800008000", now, class_="natural", level=2, region="440303003")
    found = dossiers.receive(site.desk.store, tables.cycles["incident"], what, by="li", now_ms=now)
    plan_runs.start(site.desk.store, tables, "flood", found.id, by="li", now_ms=now, real_ms=now)
    answer = site.signed_in("wall").get("/api/v1/command")
    (run,) = answer.get_json()["runs"]
    assert (run["plan"], run["done"], run["late"]) == ("flood", 0, 0)
    first = run["steps"][0]
    assert (first["phase"], first["opened"]) == ("open", now)
    assert first["owner"]["zh"]
    assert first["due"] > now
    assert "13800008000" not in answer.text
    assert "by" not in first


def test_nobody_else_reads_it(site: Site) -> None:
    assert site.anonymous().get("/api/v1/command").status_code == 401
    assert site.signed_in("sysadmin").get("/api/v1/command").status_code == 403
    assert site.signed_in("leader").get("/api/v1/command?world=a%20b").status_code == 400
    assert site.signed_in("leader").get("/api/v1/command?world=nowhere").status_code == 404
