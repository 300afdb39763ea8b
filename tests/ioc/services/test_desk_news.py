"""What a transaction changed is told once it holds, and not before; a bus that is away holds nobody up."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

import pytest
import redis

from ioc.packs.handling import handling
from ioc.services import dossiers
from ioc.services.desk_news import MOST, Change, DeskNews, message, note
from ioc.services.dossiers import Received
from ioc.store import schema
from ioc.store.unit import Store
from metrics import keys

pytestmark = pytest.mark.service

T0 = 1_790_000_000_000
INCIDENT = handling().cycles["incident"]


class Bus:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()

    def publish(self, channel: str, text: str) -> None:
        self.said.put((channel, json.loads(text)))


class Away:
    """A bus that does not answer."""

    def publish(self, channel: str, text: str) -> None:
        raise redis.ConnectionError("away")


@pytest.fixture
def desk(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/ioc.db")
    schema.upgrade(store)
    return store


def test_every_change_of_a_dossier_is_told_with_its_version(desk: Store):
    bus: Any = Bus()
    news = DeskNews(desk, bus)
    found = dossiers.receive(desk, INCIDENT, Received("incident", "x", T0, region="440303003"), by="li", now_ms=T0)
    assert bus.said.get(timeout=5) == (
        keys.DESK_SAID, {"v": 1, "changed": {"live": [["incident", found.id, 1, "440303003"]]}},
    )  # fmt: skip
    dossiers.claim(desk, found.id, by="li", now_ms=T0)
    assert bus.said.get(timeout=5)[1]["changed"] == {"live": [["incident", found.id, 2, "440303003"]]}
    news.close()


def fails(desk: Store) -> None:
    with desk.write() as unit:
        note(unit, Change("live", "incident", "a", 1))
        raise ZeroDivisionError


def test_nothing_is_told_of_what_left_no_trace(desk: Store):
    bus: Any = Bus()
    news = DeskNews(desk, bus)
    with pytest.raises(ZeroDivisionError):
        fails(desk)
    news.close()
    assert bus.said.empty()


def test_a_bus_that_is_away_fails_no_transaction(desk: Store):
    away: Any = Away()
    news = DeskNews(desk, away)
    found = dossiers.receive(desk, INCIDENT, Received("incident", "x", T0), by="li", now_ms=T0)
    news.close()
    assert dossiers.find(desk, found.id).version == 1


def test_of_very_many_changes_at_once_everything_is_looked_at():
    changes = [Change("live", "incident", str(at), 1) for at in range(MOST + 1)]
    told = json.loads(message([*changes, Change("drill", "alarm", "a", 3)]))
    assert told["changed"] == {"live": None, "drill": [["alarm", "a", 3, ""]]}
