"""`ioc duty` killed while ladders are climbed and messages go out: each rung once, every message arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from ioc.notify.receiver import Receiver
from ioc.packs.handling import handling
from ioc.queries.audit import newest, verify
from ioc.services import dossiers
from ioc.services.dossiers import Received
from ioc.store import schema
from ioc.store.message_tables import DeliveryAttemptRow, DeliveryRow, EscalationStepRow, MessageRow
from ioc.store.unit import Store
from metrics.clock import real_ms
from tests.conftest import ValkeyServer, wait_until
from tests.entrypoints.test_duty import Process

pytestmark = pytest.mark.service
INCIDENTS = 10
MESSAGES = (
    INCIDENTS * 5
)  # of three rungs, where the community is not known: desk; leaders, subdistrict; leaders, district


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(f"sqlite:///{tmp_path}/ioc.sqlite3")
    schema.upgrade(found)
    yield found
    found.close()


def count(store: Store, what: Any, *where: Any) -> int:
    with store.read() as unit:
        return int(unit.scalar(select(func.count()).select_from(what).where(*where)) or 0)


def test_killed_while_messages_go_out_it_tells_each_rung_once_and_every_message_arrives(
    valkey_server: ValkeyServer, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    told: list[dict[str, Any]] = []
    receiver = Receiver(0, told.append)
    threading.Thread(target=receiver.serve, daemon=True).start()
    monkeypatch.setenv("IOC_NOTIFY_ALLOW", f"http://127.0.0.1:{receiver.port}")
    (tmp_path / "channels.toml").write_text(
        f'[channel.trial]\nkind = "im"\nurl = "json://127.0.0.1:{receiver.port}/"\nper_minute = 10000\n'
        + "".join(
            f'[[reach]]\nwho = "{who}*"\nchannels = ["trial"]\n'
            for who in ("person:", "role:", "unit:", "org:", "post:")
        ),
        encoding="utf-8",
    )
    cycle = handling().cycles["incident"]
    for number in range(INCIDENTS):
        at_ms = real_ms() - 10 * 60_000
        what = Received("incident", f"积水{number}", at_ms, region="440303003")
        dossiers.receive(store, cycle, what, by="li", now_ms=at_ms)
    first = Process(valkey_server.url, tmp_path)
    wait_until(lambda: len(told) >= MESSAGES // 4, "messages go out", 120)
    first.end()
    with store.write() as unit:  # the time passes after which an attempt that did not end is asked again
        unit.execute(update(DeliveryRow).where(DeliveryRow.state == "trying").values(lease_ms=0))
    process = Process(valkey_server.url, tmp_path)
    try:
        wait_until(lambda: count(store, DeliveryRow, DeliveryRow.state == "sent") == MESSAGES, "all arrived", 120)
    finally:
        process.end()
        receiver.close()
    assert count(store, EscalationStepRow) == INCIDENTS * 3
    assert count(store, EscalationStepRow, EscalationStepRow.late.is_(False)) == 0
    with store.read() as unit:
        ids = set(unit.scalars(select(MessageRow.id)))
    assert sorted(each["id"] for each in told) == sorted(ids)
    unknown = count(store, DeliveryAttemptRow, DeliveryAttemptRow.outcome == "unknown")
    assert receiver.again <= unknown <= 4  # at most what was under way when it was killed
    assert verify(store)[1] == []
    assert {entry.actor for entry in newest(store, most=INCIDENTS * 3)} == {"system"}
