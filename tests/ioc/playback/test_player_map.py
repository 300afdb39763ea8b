"""The map of a playback: its layers hold what the archived rows say of the moment, and go on with it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis

from ioc.playback.order import Order
from metrics import keys
from metrics.archive_tenures import update
from metrics.whereabouts_row import Row, unpack_row
from tests.ioc.playback.test_player import Stage
from tests.metrics.past_archive import HOUR, LIFE, MIDNIGHT, MINUTE, Archive, value
from tests.metrics.past_map import BUNDLE as MAP
from tests.metrics.past_map import UNITS, MapArchive, Stood, bundle, stood

pytestmark = pytest.mark.service


@pytest.fixture
def stage(redis_client: redis.Redis, tmp_path: Path) -> Stage:
    """Units and their tracks over 40 h, of which the first day was made into tenures; a value at each end."""
    MapArchive(tmp_path).fill(11, 300, 40)
    update(tmp_path, LIFE, bundle())
    archive = Archive(tmp_path)
    for hour in (0, 40):
        archive.say(MIDNIGHT + hour * HOUR, value(MIDNIGHT + hour * HOUR, 1.0))
    made = Stage(redis_client, tmp_path)
    redis_client.set(keys.BUNDLE, json.dumps({**MAP, "regions": [], "scenes": []}))
    return made


def whereabouts(stage: Stage, order: Order) -> Stood:
    found: Any = stage.client.hgetall(keys.engine(order.id, f"where:{UNITS}"))
    return said({name.decode(): unpack_row(row) for name, row in found.items()})


def said(rows: dict[str, Row]) -> Stood:
    return {name: (row.kind, row.changed_ms, row.place) for name, row in rows.items() if row.place is not None}


@pytest.mark.parametrize("known", ["then", "now"])
def test_at_ten_random_moments_units_and_records_are_those_of_the_archived_rows(stage: Stage, known: str) -> None:
    draw, order = random.Random(5), None
    for _ in range(10):
        at = MIDNIGHT + draw.randrange(40 * HOUR)
        order = stage.ask(at, known=known) if order is None else stage.change(order, at=at)
        assert whereabouts(stage, order) == stood(stage.root, at, known)
    assert order is not None
    assert len(whereabouts(stage, order)) > 5


def test_while_it_plays_every_move_is_told_in_order_and_the_layer_stands_where_it_should(stage: Stage) -> None:
    at = MIDNIGHT + 22 * HOUR  # over midnight
    order = stage.ask(at, 600)
    held = whereabouts(stage, order)
    stage.pass_s(20)
    at += 200 * MINUTE
    assert stage.shown(order) == at
    assert whereabouts(stage, order) == stood(stage.root, at, "then")
    entries: Any = stage.client.xrange(keys.engine(order.id, "moves"))
    for _, entry in entries:
        for name, row in msgpack.unpackb(entry[b"b"])[UNITS].items():
            held.pop(name, None)
            held |= {} if row is None else said({name: Row.of(row)})
    assert len(entries) > 5
    assert held == whereabouts(stage, order)


def test_the_map_of_now_is_not_touched_and_nothing_is_left_of_that_of_the_past(stage: Stage) -> None:
    stage.client.hset(keys.engine("live", f"where:{UNITS}"), "U1", b"untouched")
    at = MIDNIGHT + 30 * HOUR
    order = stage.ask(at)
    assert stage.client.hgetall(keys.engine("live", f"where:{UNITS}")) == {b"U1": b"untouched"}
    stage.client.hdel(keys.PLAYBACKS, order.id)
    stage.player.turn(True)
    assert stage.client.keys(keys.everything(order.id)) == []
