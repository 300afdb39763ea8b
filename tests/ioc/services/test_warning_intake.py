"""Warnings of other bodies open incidents, once; updates and cancellations are steps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis
from sqlalchemy import select

from ioc.packs.content import load
from ioc.packs.grading import shipped_grading
from ioc.packs.life_cycles import life_cycles
from ioc.services import dossiers
from ioc.services.dossiers import Dossier
from ioc.services.warning_intake import WarningIntake
from ioc.store.dossier_tables import DossierRow
from ioc.store.unit import Store
from metrics import keys

T0 = 1_790_000_000_000
HOUR = 3_600_000
INCIDENT = life_cycles(load())["incident"]
pytestmark = pytest.mark.service


def say(client: redis.Redis, name: str, at: int = T0, **more: Any) -> None:
    row = {
        "t": at, "k": name, "sender": "sz@met", "status": "Actual", "message": "Alert", "state": "standing",
        "event": "暴雨", "category": "Met", "colour": "red", "level": 4, "sent_at": at, "expires_at": at + 6 * HOUR,
        "headline": "深圳市发布暴雨红色预警", "community": "440303",
    } | more  # fmt: skip
    client.xadd(keys.observations("live", "warning"), {key: str(value) for key, value in row.items()})


def intake(store: Store, client: redis.Redis) -> WarningIntake:
    return WarningIntake(store, client, INCIDENT, shipped_grading())


def found(store: Store) -> Sequence[Dossier]:
    with store.read() as unit:
        names = unit.scalars(select(DossierRow.id).order_by(DossierRow.received_ms)).all()
    return [dossiers.find(store, name) for name in names]


def test_a_red_warning_opens_an_incident_with_its_class_level_and_words(sqlite_store: Store, redis_client: redis.Redis):
    say(redis_client, "w1")
    keeper = intake(sqlite_store, redis_client)
    assert [keeper.turn(T0 + 1), keeper.turn(T0 + 2)] == [1, 0]
    (made,) = found(sqlite_store)
    assert (made.title, made.class_, made.level, made.region) == ("深圳市发布暴雨红色预警", "natural", 4, "440303")
    assert made.facts["graded"]["grounds"][0]["zh"] == "预警颜色 red：Ⅰ级"


def test_told_again_after_a_restart_it_opens_no_second_one(sqlite_store: Store, redis_client: redis.Redis):
    say(redis_client, "w1")
    intake(sqlite_store, redis_client).turn(T0)
    redis_client.delete(keys.observations("live", "warning"))
    say(redis_client, "w1")
    intake(sqlite_store, redis_client).turn(T0)
    assert len(found(sqlite_store)) == 1


def test_an_update_and_a_cancellation_are_steps_of_the_incident(sqlite_store: Store, redis_client: redis.Redis):
    keeper = intake(sqlite_store, redis_client)
    say(redis_client, "w1", colour="orange", level=3)
    keeper.turn(T0)
    say(redis_client, "w1", T0 + HOUR, state="updated", colour="orange", level=3)
    say(redis_client, "w2", T0 + HOUR, message="Update")
    keeper.turn(T0 + HOUR)
    say(redis_client, "w2", T0 + 2 * HOUR, message="Update", state="cancelled")
    keeper.turn(T0 + 2 * HOUR)
    (made,) = found(sqlite_store)
    assert [step[0] for step in dossiers.steps(sqlite_store, made.id)] == ["receive", "updated", "cancelled"]
    assert made.ended_ms is None  # a person says what becomes of it


@pytest.mark.parametrize(
    "more",
    [{"level": 2, "colour": "yellow"}, {"status": "Test"}, {"status": "Exercise"}, {"state": "cancelled"},
     {"expires_at": T0 - 1}, {"expires_at": "", "sent_at": T0 - 24 * HOUR}],
)  # fmt: skip
def test_what_is_less_or_no_warning_or_over_opens_none(
    sqlite_store: Store, redis_client: redis.Redis, more: dict[str, Any]
):
    say(redis_client, "w1", **more)
    assert intake(sqlite_store, redis_client).turn(T0) == 1
    assert found(sqlite_store) == []
